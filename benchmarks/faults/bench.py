"""One fault after the other: restore, land, break, run, heal, judge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import Any, Protocol

from benchmarks.faults.fault import Fault, Trouble
from benchmarks.faults.healer import Healer
from benchmarks.faults.judge import (
    Reference,
    Rerun,
    Verdict,
    status_of,
    verdict_on_mend,
    verdict_without_mend,
)  # fmt: skip
from benchmarks.faults.slot import Run, Slot
from benchmarks.faults.state import Moment, Tables, digest, guards, moment
from benchmarks.faults.wanted import WANTED

_HEALTHY, _BROKEN = "healthy", "broken"


class Site(Protocol):
    """A healthy project on one engine: how it is made, landed and looked at."""

    def make(self, slot: Slot) -> None:
        """The project in production, with a last good run."""

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be."""

    def execute(self, slot: Slot, statements: Iterable[str]) -> None:
        """Run SQL as whoever owns the sources does."""

    def raw(self, slot: Slot) -> Tables:
        """What the sources hold."""

    def production(self, slot: Slot) -> Tables:
        """What dbt has built."""

    def quarantined(self, slot: Slot) -> dict[str, list[str]]:
        """Relations called `…quarantine…` that dbt has built → the texts of their rows."""

    def save(self, slot: Slot, name: str) -> None:
        """Keep what the slot is like."""

    def restore(self, slot: Slot, name: str) -> None:
        """Make the slot what it was when it was kept as `name`."""


class HealthyRunFailed(RuntimeError):
    """The bench itself is broken: what should be right does not build."""


class FaultDidNotHappen(RuntimeError):
    """The run that should fail was green, or the other way round."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What the broken run left behind.

    Attributes:
        told: the messages of its failures, or its last lines.
        artifacts: the names of the artifacts that were there.
        stale: whether run_results.json is that of the good run before.
    """

    returncode: int
    told: tuple[str, ...]
    artifacts: tuple[str, ...]
    stale: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How one fault ended, for one healer.

    Attributes:
        seconds: of the healer, by the clock.
    """

    name: str
    label: str
    expects: str
    end: str
    right: bool
    reasons: tuple[str, ...]
    dbt_runs: int
    seconds: float
    report: Any
    failure: Failure

    def as_json(self) -> dict[str, Any]:
        """For a line of JSON."""
        return asdict(self)


class Bench:
    """One slot on one engine, and the healers that are judged in it, each on the same broken project."""

    def __init__(self, slot: Slot, site: Site, healers: Mapping[str, Healer]) -> None:
        self.slot, self.site, self.healers = slot, site, healers
        self._references: dict[tuple[object, ...], Reference] = {}
        self._last_good: Tables = {}

    def prepare(self) -> None:
        """Make the healthy project, and let the healers learn it.

        Raises:
            RuntimeError: it does not build.
        """
        self.slot.make_counter()
        self.site.make(self.slot)
        self._last_good = self.site.production(self.slot)
        for name, healer in self.healers.items():
            slot = replace(self.slot, healer=name)
            slot.state.mkdir(parents=True)
            healer.prepare(slot)
        self.site.save(self.slot, _HEALTHY)

    def run(self, fault: Fault) -> dict[str, Result]:
        """Break, heal and judge; healer → how it ended.

        Raises:
            FaultDidNotHappen: the broken run ended otherwise than declared.
        """
        reference = self.reference(fault)
        env, failure = self.break_project(fault)
        if len(self.healers) > 1:
            self.site.save(self.slot, _BROKEN)
        results: dict[str, Result] = {}
        for name, healer in self.healers.items():
            if results:
                self.site.restore(self.slot, _BROKEN)
            slot = replace(self.slot, healer=name)
            results[name] = self._heal(slot, healer, fault, reference, env, failure)
        return results

    def _heal(
        self,
        slot: Slot,
        healer: Healer,
        fault: Fault,
        reference: Reference,
        env: Mapping[str, str],
        failure: Failure,
    ) -> Result:
        before = self._moment()
        slot.counted.write_text("")
        slot.crime.unlink(missing_ok=True)
        started = time.monotonic()
        with _entered(fault.heal, slot, self.site):
            report = healer.heal(slot, fault, env)
            seconds = time.monotonic() - started
        runs = len(slot.counted.read_text().splitlines())
        verdict = self._judge(fault, status_of(report), before, reference, env)
        if report is None:
            words = (slot.root / "healer.txt").read_text()[-1000:]
            verdict = replace(verdict, reasons=(*verdict.reasons, words))
        if slot.crime.exists():
            verdict = Verdict("wrong mend", False, (slot.crime.read_text(), *verdict.reasons))
        return Result(
            fault.name, fault.label, fault.expects, verdict.end, verdict.right, verdict.reasons, runs,
            round(seconds, 2), report, failure,
        )  # fmt: skip

    def break_project(self, fault: Fault) -> tuple[dict[str, str], Failure]:
        """Land the newest load, break the project, and let production run it.

        Returns:
            The environment of that run, and what it left.

        Raises:
            FaultDidNotHappen: the run ended otherwise than declared.
        """
        slot = self.slot
        self.site.restore(slot, _HEALTHY)
        self.site.land(slot)
        self.site.execute(slot, fault.land)
        for change in fault.files:
            change(slot.files)
        if fault.wanted or fault.edits:
            for edit in (*WANTED.get(fault.wanted or "", ()), *fault.edits):
                edit.apply(slot.project)
            slot.commit("Deploy")
        for step in fault.outside:
            step(slot)
        slot.clear_log()
        env = slot.env(dict(fault.env))
        with _entered(fault.run, slot, self.site):
            run = slot.dbt(fault.command, env, under=fault.under)
        slot.collect(slot.artifacts, run)
        for change in fault.left:
            change(slot.artifacts)
        if (run.returncode == 0) != fault.green:
            raise FaultDidNotHappen(f"{fault.name}: dbt ended with {run.returncode}\n{run.stdout[-1500:]}")
        return env, self._failure(run)

    def reference(self, fault: Fault) -> Reference:
        """What is right after the newest load with the wanted change, from a run without the fault; without
        tables where no mend can be right.

        Raises:
            HealthyRunFailed: that run is not green.
        """
        is_built = fault.expects in ("mend", "either")
        key = (fault.right, fault.wanted, fault.healthy) if is_built else ()
        if key not in self._references:
            slot = self.slot
            self.site.restore(slot, _HEALTHY)
            self.site.land(slot)
            self._references[key] = (
                self._healthy_run(fault) if is_built else Reference({}, {}, self._outside())
            )
        return self._references[key]

    def _healthy_run(self, fault: Fault) -> Reference:
        slot = self.slot
        self.site.execute(slot, fault.right or ())
        for edit in WANTED.get(fault.wanted or "", ()):
            edit.apply(slot.project)
        run = slot.dbt(fault.healthy, slot.env())
        if run.returncode:
            raise HealthyRunFailed(run.stdout[-3000:])
        found = guards(slot.project / "target" / "manifest.json")
        return Reference(self.site.production(slot), found, self._outside())

    def _outside(self) -> str:
        return digest(self.slot.files, self.slot.profiles)

    def _judge(
        self, fault: Fault, status: str | None, before: Moment, reference: Reference, env: Mapping[str, str]
    ) -> Verdict:
        after = self._moment()
        if status != "healed":
            return verdict_without_mend(fault, status, before, after, reference, self._last_good)
        rerun = None if fault.expects in ("person", "none") else self._rerun(fault, env)
        return verdict_on_mend(fault, self.slot, before, after, reference, rerun)

    def _rerun(self, fault: Fault, env: Mapping[str, str]) -> Rerun:
        """Run what is deployed once more."""
        run = self.slot.dbt(fault.command, env)
        tables, quarantined = self.site.production(self.slot), self.site.quarantined(self.slot)
        if fault.command != fault.healthy:
            # So that the manifest holds the SQL of what was not selected, too.
            self.slot.dbt("dbt compile", env)
        found = guards(self.slot.project / "target" / "manifest.json")
        return Rerun(run.returncode, "; ".join(told(run.stdout)), tables, found, quarantined)

    def _moment(self) -> Moment:
        return moment(self.slot, self.site.raw(self.slot), self.site.production(self.slot))

    def _failure(self, run: Run) -> Failure:
        there = tuple(sorted(path.name for path in self.slot.artifacts.iterdir()))
        new, old = (folder / "run_results.json" for folder in (self.slot.artifacts, self.slot.last_good))
        stale = new.exists() and new.read_bytes() == old.read_bytes()
        return Failure(run.returncode, told(run.stdout), there, stale)


@contextlib.contextmanager
def _entered(trouble: Trouble | None, slot: Slot, site: Site) -> Iterator[None]:
    manager: AbstractContextManager[None] = (
        contextlib.nullcontext() if trouble is None else trouble(slot, site)
    )
    with manager:
        yield


_BEGINS = (
    "Failure in ", "Error in ", "Runtime Error in ", "Compilation Error in ", "Database Error in ",
    "Encountered an error",
)  # fmt: skip


def told(stdout: str) -> tuple[str, ...]:
    """The failures in what dbt printed: the first lines of each and its last, without times."""
    lines = [line[10:] if line[2:3] == line[5:6] == ":" else line for line in stdout.splitlines()]
    found: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith(_BEGINS):
            rest = [text.strip() for text in takewhile(str.strip, lines[number + 1 :])]
            found.append(
                " | ".join([line.strip(), *(rest if len(rest) < 6 else (*rest[:4], rest[-1]))])[:600]
            )
    return tuple(found) if found else tuple(line.strip() for line in lines if line.strip())[-3:]
