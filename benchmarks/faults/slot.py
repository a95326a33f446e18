"""Where one fault at a time is made and healed: a folder with project, profiles, warehouse and state, always
at the same path, restored from a healthy copy before each fault.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT

DBT = Path(sys.executable).parent / "dbt"
_ARTIFACTS = ("run_results.json", "manifest.json")
_COUNTER = """#!/bin/sh
printf '%s\\n' "$*" >> {count}
exec {dbt} "$@"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of dbt: its exit code and what it printed."""

    returncode: int
    stdout: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The folders of one slot, below `root`; each healer has its own state.

    Attributes:
        executable: the dbt of production, of the judge and, counted, of the healers.
    """

    root: Path
    healer: str = "healer"
    executable: Path = DBT

    @property
    def work(self) -> Path:
        """What faults break: everything that is restored."""
        return self.root / "work"

    @property
    def project(self) -> Path:
        return self.work / "project"

    @property
    def profiles(self) -> Path:
        return self.work / "profiles"

    @property
    def files(self) -> Path:
        return self.work / "files"

    @property
    def database(self) -> Path:
        return self.work / "warehouse" / "shop.duckdb"

    @property
    def state(self) -> Path:
        return self.work / "state" / self.healer

    @property
    def last_good(self) -> Path:
        return self.work / "last_good"

    @property
    def artifacts(self) -> Path:
        return self.work / "artifacts"

    @property
    def report(self) -> Path:
        return self.work / "report.json"

    @property
    def counted(self) -> Path:
        return self.root / "dbt_runs.txt"

    @property
    def crime(self) -> Path:
        """Where a trouble writes what a healer did to it."""
        return self.root / "crime.txt"

    @property
    def counter(self) -> Path:
        """The dbt that healers are given: it counts its runs."""
        return self.root / "bin" / "dbt"

    def make_counter(self) -> None:
        self.counter.parent.mkdir(parents=True, exist_ok=True)
        text = _COUNTER.format(count=shlex.quote(str(self.counted)), dbt=shlex.quote(str(self.executable)))
        self.counter.write_text(text)
        self.counter.chmod(0o755)

    def save(self, name: str) -> None:
        """Keep what `work` is now, as `name`."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        shutil.copytree(self.work, self.root / name, symlinks=True)

    def restore(self, name: str) -> None:
        """Make `work` what it was when it was kept as `name`."""
        # A process of a killed healer may still be writing a last file.
        for _ in range(50):
            shutil.rmtree(self.work, ignore_errors=True)
            if not self.work.exists():
                break
            time.sleep(0.1)
        shutil.copytree(self.root / name, self.work, symlinks=True)

    # --- git ---

    def git(self, *words: str) -> str:
        """What git prints.

        Raises:
            subprocess.CalledProcessError: git refused.
        """
        return git(self.project, *words)

    def commit(self, message: str) -> None:
        """Commit everything, as whoever deploys does."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)

    # --- dbt ---

    def env(self, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """The environment of dbt and of healers; a value of None takes a variable away."""
        found: dict[str, str | None] = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "BENCH_"))},
            **git_identity(),
            "DBT_PROFILES_DIR": str(self.profiles),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "SHOP_DATABASE": str(self.database),
            "SHOP_FILES": str(self.files),
            **(more or {}),
        }
        return {name: value for name, value in found.items() if value is not None}

    def dbt(
        self,
        command: str | Sequence[str],
        env: Mapping[str, str],
        *,
        under: Sequence[str] = (),
        timeout_s: float = 600,
    ) -> Run:
        """Run dbt in the project as production does, with its log as JSON; `under`: words for a Python that
        runs it.
        """
        words = shlex.split(command) if isinstance(command, str) else list(command)
        before = [sys.executable, *under, str(DBT)] if under else [str(self.executable)]
        done = subprocess.run(
            [*before, *words[1:]],
            cwd=self.project,
            env={**env, "DBT_LOG_FORMAT_FILE": "json", "DBT_USE_COLORS": "false", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
        return Run(done.returncode, done.stdout)

    def collect(self, into: Path, run: Run | None = None) -> None:
        """Copy the artifacts as they lie there, whichever run wrote them."""
        into.mkdir(parents=True, exist_ok=True)
        for name in _ARTIFACTS:
            if (path := self.project / "target" / name).exists():
                shutil.copy2(path, into / name)
        if run is not None:
            (into / "stdout.txt").write_text(run.stdout)
            if (log := self.project / "logs" / "dbt.log").exists():
                shutil.copy2(log, into / "dbt.log")

    def clear_log(self) -> None:
        """The next run's log holds that run only."""
        shutil.rmtree(self.project / "logs", ignore_errors=True)


def git(folder: Path, *words: str) -> str:
    """What git prints in a folder, without the last line end.

    Raises:
        subprocess.CalledProcessError: git refused.
    """
    env = {**os.environ, **git_identity()}
    done = subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")


def git_identity() -> dict[str, str]:
    """Who commits, on any machine."""
    name, mail = "Shop deploy", "deploy@shop.example"
    return {
        "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail,
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
    }  # fmt: skip
