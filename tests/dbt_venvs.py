"""Virtual environments with other versions of dbt, made once and kept outside of the repository.

They stand in the folder that `AIDBT_TEST_CACHE` names, `~/.cache/aidbt-tests` by default; deleting it has
them made again, with the newest patch releases. Free of pytest.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# dbt-core, an adapter and a duckdb of its time.
DBT = {
    "1.10": ("dbt-core>=1.10.8,<1.11", "dbt-duckdb==1.10.*", "duckdb>=1.4,<2"),
    "1.11": ("dbt-core==1.11.*", "dbt-duckdb==1.11.*", "duckdb>=2,<3"),
    "1.12": ("dbt-core==1.12.*", "dbt-duckdb==1.11.*", "duckdb>=2,<3"),
    # The last one in which `require_generic_test_arguments_property` is off by default.
    "1.10.7": ("dbt-core==1.10.7", "dbt-duckdb==1.10.*", "duckdb>=1.4,<2"),
}
# dbt 1.12 names it and runs without it; while it is built it downloads a binary, which not everybody may.
_PARSER = "dbt-core-experimental-parser"
# Prints what the packages named need besides each other and that parser, one requirement a line.
_REQUIREMENTS = """
import re, sys
from importlib.metadata import requires
*packages, left_out = sys.argv[1:]
for package in packages:
    for text in requires(package) or ():
        name = re.match(r"[\\w.-]+", text)[0]
        if "extra ==" not in text and name not in (*packages, left_out):
            print(text)
"""


class VenvMissing(RuntimeError):
    """An environment could not be made; the message says why."""


@dataclass(frozen=True)
class Venv:
    """One environment, by its folder."""

    root: Path

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    def run(self, program: str, *arguments: str) -> str:
        """What a program of the environment prints.

        Raises:
            VenvMissing: it failed, or took longer than ten minutes.
        """
        return _run(self.bin / program, *arguments)

    def install(self, *arguments: str) -> None:
        """Has pip install something.

        Raises:
            VenvMissing: it could not.
        """
        self.run("pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", *arguments)


def dbt_venv(version: str) -> Venv:
    """The environment with a version of `DBT` and its adapter for DuckDB; made when it is not there yet.

    Raises:
        VenvMissing: it cannot be made here, for example without a package index.
    """

    def install(venv: Venv) -> None:
        core, adapter, duckdb = DBT[version]
        if version != "1.12":
            venv.install(core, adapter, duckdb)
            return
        venv.install("--no-deps", core, adapter)
        needed = venv.run("python", "-c", _REQUIREMENTS, "dbt-core", "dbt-duckdb", _PARSER)
        venv.install(duckdb, *needed.splitlines())

    return _made(f"dbt-{version}", DBT[version], install)


def light_venv() -> Venv:
    """The environment of somebody with no dbt beside aidbt: this working tree's aidbt with its light core,
    and duckdb.

    Raises:
        VenvMissing: it cannot be made here.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = (*project["dependencies"], "duckdb")

    def install(venv: Venv) -> None:
        venv.install("--constraint", str(ROOT / "requirements.lock"), *wanted)
        venv.install("--no-deps", "--config-settings", "editable_mode=compat", "--editable", str(ROOT))

    return _made("light", (*wanted, str(ROOT)), install)


def _made(name: str, wanted: Sequence[str], install: Callable[[Venv], None]) -> Venv:
    """The environment of that name, made anew when it was made for something else or only in part."""
    cache = Path(os.environ.get("AIDBT_TEST_CACHE") or Path.home() / ".cache" / "aidbt-tests")
    venv = Venv(cache / f"{name}-py{sys.version_info.major}.{sys.version_info.minor}")
    done, text = venv.root / "made-of.txt", "\n".join(wanted)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / f"{venv.root.name}.lock"):
        if not done.is_file() or done.read_text() != text:
            shutil.rmtree(venv.root, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(venv.root))
            install(venv)
            done.write_text(text)
    return venv


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Waits until no other test process is making the same environment."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: str | Path) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    except subprocess.TimeoutExpired as error:
        raise VenvMissing(f"{Path(command[0]).name} took longer than ten minutes") from error
    if done.returncode:
        tail = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise VenvMissing(f"{Path(command[0]).name} {command[1]}: {tail[0]}")
    return done.stdout
