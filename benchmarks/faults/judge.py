"""The independent judge of an end: it looks at tables, repository and guards, and believes no report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.faults.fault import Fault
from benchmarks.faults.slot import Slot, git
from benchmarks.faults.state import Moment, Tables, changed, differences

End = Literal["right mend", "wrong mend", "hand-over", "no action", "missed", "false alarm", "no report"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What is right after the newest load: the tables of a run without the fault, and its guards.

    Attributes:
        outside: digest of landed files and profiles, as they are when nothing troubles them.
    """

    tables: Tables
    guards: Mapping[str, str]
    outside: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the judge saw when it ran the deployed commit itself.

    Attributes:
        quarantined: relations called `…quarantine…` → the texts of their rows.
    """

    returncode: int
    told: str
    tables: Tables
    guards: Mapping[str, str]
    quarantined: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended.

    Attributes:
        right: this is how it should end.
        reasons: what is wrong with it.
    """

    end: End
    right: bool
    reasons: tuple[str, ...] = ()


def verdict_without_mend(
    fault: Fault, status: str | None, before: Moment, after: Moment, reference: Reference, last_good: Tables
) -> Verdict:
    """The verdict on a healer that says it has not mended.

    Args:
        last_good: what readers may be held at, too.
    """
    touched = _untouched_problems(before, after, reference)
    held = not changed(last_good, after.production)
    if not held:
        touched += changed(before.production, after.production)
    if touched:
        return Verdict("wrong mend", False, ("something changed without a mend", *touched))
    if status == "escalated":
        end: End = "false alarm" if fault.expects == "none" else "hand-over"
        return Verdict(end, fault.expects in ("person", "either"))
    if status == "no_action":
        return Verdict("no action" if fault.expects == "none" else "missed", fault.expects == "none")
    return Verdict("no report", False, (f"the report's status is {status!r}",))


def _untouched_problems(before: Moment, after: Moment, reference: Reference) -> list[str]:
    """What nobody may change when a person is to decide: raw data, files, profiles, the deployed commit."""
    told = [f"raw data: {line}" for line in changed(before.raw, after.raw)]
    told += [f"raw data: {name} is new" for name in sorted(after.raw.keys() - before.raw.keys())]
    if after.outside not in (before.outside, reference.outside):
        told.append("landed files or profiles changed")
    if before.repository != after.repository:
        told.append("the deployed commit or its working tree changed")
    return told


def verdict_on_mend(
    fault: Fault, slot: Slot, before: Moment, after: Moment, reference: Reference, rerun: Rerun | None
) -> Verdict:
    """The verdict on a healer that says it has mended.

    Args:
        rerun: None when it was wrong to mend at all, so that nothing was run.
    """
    if fault.expects in ("person", "none"):
        return Verdict("wrong mend", False, ("it had to be handed over, or nothing was broken",))
    assert rerun is not None
    told = [f"raw data: {line}" for line in changed(before.raw, after.raw)]
    if after.outside not in (before.outside, reference.outside):
        told.append("landed files or profiles changed")
    told += _repository_problems(fault, slot, before, after)
    told += differences(reference.tables, after.production, extra_columns=fault.extra_columns)
    if rerun.returncode:
        told.append(f"the deployed commit does not build: {rerun.told}")
    again = differences(reference.tables, rerun.tables, extra_columns=fault.extra_columns)
    told += [f"after another run: {line}" for line in again]
    told += _guard_problems(reference.guards, rerun.guards)
    told += _quarantine_problems(fault, rerun.quarantined)
    return Verdict("wrong mend", False, tuple(told)) if told else Verdict("right mend", True)


def _repository_problems(fault: Fault, slot: Slot, before: Moment, after: Moment) -> list[str]:
    told = []
    if after.repository.branch != before.repository.branch:
        told.append(f"another branch is checked out: {after.repository.branch!r}")
    if after.repository.status != before.repository.status:
        told.append("files are changed but not committed, so not deployed")
    old, new = before.repository.head, after.repository.head
    if old == new:
        return told
    if git(slot.project, "merge-base", old, new) != old:
        told.append("the deployed commit is not in the new history")
    lines = git(slot.project, "diff", "--name-status", "--no-renames", old, new).splitlines()
    for state, path in (line.split("\t", 1) for line in lines):
        if state != "A" and fault.touches and not path.startswith(fault.touches):
            told.append(f"{path} is not where this fault is mended")
        elif state != "A" and path.startswith("tests/"):
            told.append(f"{path} is a test")
    return told


def _guard_problems(right: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    told = [f"{name} is gone" for name in sorted(right.keys() - there.keys())]
    return told + [
        f"{n} is not what it was" for n in sorted(right.keys() & there.keys()) if right[n] != there[n]
    ]


def _quarantine_problems(fault: Fault, quarantined: Mapping[str, Sequence[str]]) -> list[str]:
    """[] when one relation holds the rows that were set aside, all of them and no other."""
    if fault.quarantine is None:
        return []
    told = ["no relation is called …quarantine…"]
    for name, rows in quarantined.items():
        told = [
            f"the row {k!r} is not in {name}" for k in fault.quarantine.keys if not any(k in r for r in rows)
        ]
        if len(rows) != fault.quarantine.rows:
            told.append(f"{name} has {len(rows)} rows, not {fault.quarantine.rows}")
        if not told:
            return []
    return told


def status_of(report: Any) -> str | None:
    """The status in a healer's report, if it is one that the protocol knows."""
    status = report.get("status") if isinstance(report, dict) else None
    return status if status in ("healed", "escalated", "no_action") else None
