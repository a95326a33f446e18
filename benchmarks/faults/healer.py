"""Who heals: any command that speaks the protocol, or the fault's own right mend."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from benchmarks.common import ROOT
from benchmarks.faults.fault import Fault
from benchmarks.faults.slot import Slot

TIMEOUT_S = 300.0


class Healer(Protocol):
    """What the bench needs of a healer."""

    def prepare(self, slot: Slot) -> None:
        """The project is healthy: take what you want to know under `slot.state`."""

    def heal(self, slot: Slot, fault: Fault, env: Mapping[str, str]) -> Any:
        """Mend, or hand over; the report, None when there is none."""


class CommandHealer:
    """A command, called with BENCH_MODE `prepare` and `heal` and the protocol's other variables."""

    def __init__(self, command: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._words = shlex.split(command)
        self._timeout_s = timeout_s

    def prepare(self, slot: Slot) -> None:
        """Call it once.

        Raises:
            SystemExit: the command fails on a healthy project.
        """
        env = {**slot.env(), **_protocol(slot), "BENCH_MODE": "prepare"}
        returncode, told = self._call(slot, env)
        if returncode:
            raise SystemExit(f"the healer cannot prepare: {' '.join(self._words)}\n{told[-3000:]}")

    def heal(self, slot: Slot, fault: Fault, env: Mapping[str, str]) -> Any:
        """Call it; what it prints is kept as `healer.txt` beside the slot's work."""
        slot.report.unlink(missing_ok=True)
        more = {"BENCH_MODE": "heal", "BENCH_COMMAND": fault.command}
        returncode, told = self._call(slot, {**env, **_protocol(slot), **more})
        (slot.root / "healer.txt").write_text(told)
        try:
            report = json.loads(slot.report.read_text())
        except (OSError, ValueError):
            return None
        if returncode and isinstance(report, dict):
            report["ended"] = f"with {returncode}: {told[-1500:]}"
        return report

    def _call(self, slot: Slot, env: Mapping[str, str]) -> tuple[int, str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        process = subprocess.Popen(
            self._words,
            cwd=slot.project,
            env={**env, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            told, _ = process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            told, _ = process.communicate()
        return process.returncode, told


class RightHealer:
    """Does what the fault declares as a right mend, and hands over what it must: every end is right.

    With it the bench tests itself: a fault whose own mend is not accepted is no fault.
    """

    def prepare(self, slot: Slot) -> None:
        """Nothing to learn."""

    def heal(self, slot: Slot, fault: Fault, env: Mapping[str, str]) -> Any:
        """Edit, commit, run the command."""
        if fault.expects == "none":
            return {"status": "no_action"}
        if fault.expects == "person" or (
            fault.expects == "either" and not (fault.mend or fault.mend_outside)
        ):
            return {"status": "escalated"}
        for edit in fault.mend:
            edit.apply(slot.project)
        if fault.mend:
            slot.commit("Mend")
        if fault.mend_outside:
            self._dbt(slot, fault.mend_outside, env)
        for _ in range(5):
            if self._dbt(slot, shlex.split(fault.command)[1:], env):
                return {"status": "healed"}
        return {"status": "escalated"}

    def _dbt(self, slot: Slot, words: list[str] | tuple[str, ...], env: Mapping[str, str]) -> bool:
        command = [str(slot.counter), *words]
        done = subprocess.run(command, cwd=slot.project, env=env, capture_output=True, text=True, check=False)
        (slot.root / "healer.txt").write_text(done.stdout)
        return done.returncode == 0


def _protocol(slot: Slot) -> dict[str, str]:
    """The variables that stay the same from fault to fault."""
    return {
        "BENCH_PROJECT": str(slot.project),
        "BENCH_STATE": str(slot.state),
        "BENCH_ARTIFACTS": str(slot.artifacts),
        "BENCH_LAST_GOOD": str(slot.last_good),
        "BENCH_DBT": str(slot.counter),
        "BENCH_REPORT": str(slot.report),
    }


def built_in(name: str) -> str | None:
    """The command of a healer that comes with the bench."""
    if (Path(__file__).parent / "healers" / f"{name}.py").exists() and name not in ("protocol", "__init__"):
        import sys

        return f"{shlex.quote(sys.executable)} -m benchmarks.faults.healers.{name}"
    return None
