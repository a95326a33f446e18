"""What a healer's command is given: the variables of the protocol, as one value."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["healed", "escalated", "no_action"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a healer."""

    mode: str
    project: Path
    state: Path
    dbt: str
    report: Path
    command: tuple[str, ...]

    def run(self, *words: str) -> bool:
        """Run dbt, or whatever else, in the project; whether it ended well."""
        return subprocess.run(words, cwd=self.project, check=False).returncode == 0

    def build(self) -> bool:
        """Run the failed command again."""
        return self.run(self.dbt, *self.command[1:])

    def tell(self, status: Status, *actions: str) -> None:
        """Write the report."""
        told = {"status": status, "class": None, "confidence": None, "actions": list(actions)}
        self.report.write_text(json.dumps(told))


def asked() -> Asked:
    """What the environment asks for."""
    env = os.environ
    return Asked(
        env["BENCH_MODE"],
        Path(env["BENCH_PROJECT"]),
        Path(env["BENCH_STATE"]),
        env["BENCH_DBT"],
        Path(env.get("BENCH_REPORT", os.devnull)),
        tuple(shlex.split(env.get("BENCH_COMMAND", "dbt build"))),
    )
