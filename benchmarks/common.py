"""What every benchmark needs: measuring a command, a peer's own venv, and one form of output."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command: seconds by the clock, CPU seconds of it and its children, peak memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    returncode: int
    stdout: str


def measure(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout_s: float | None = None,
) -> Measured:
    """Run a command and measure it; its stderr is shown when it fails.

    Raises:
        SystemExit: it failed and `check` is true.
        subprocess.TimeoutExpired: it took longer than `timeout_s`.
    """
    import tempfile
    import threading

    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        full_env = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        started = time.monotonic()
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=full_env, stdout=out, stderr=err)
        killer = threading.Timer(timeout_s, process.kill) if timeout_s else None
        if killer:
            killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if killer:
            killer.cancel()
            if process.returncode == -9 and wall >= (timeout_s or 0):
                raise subprocess.TimeoutExpired([str(c) for c in command], timeout_s or 0)
        out.seek(0)
        err.seek(0)
        if check and process.returncode:
            sys.stderr.write(out.read()[-4000:] + err.read()[-4000:])
            raise SystemExit(f"failed with {process.returncode}: {' '.join(map(str, command))}")
        cpu = usage.ru_utime + usage.ru_stime
        return Measured(wall, cpu, usage.ru_maxrss / 1024, process.returncode, out.read())


def peer_venv(name: str, requirements: Sequence[str]) -> Path:
    """The Python of a venv that holds a peer; made on first use, outside of the project.

    Raises:
        SystemExit: the peer cannot be installed here.
    """
    base = Path(os.environ.get("AIDBT_BENCHMARK_CACHE", Path.home() / ".cache" / "aidbt-benchmarks"))
    folder = base / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"the peer {name} cannot be installed: {done.stderr[-500:]}")
        (folder / "ready").touch()
    return python


def standard_arguments(description: str | None) -> argparse.ArgumentParser:
    """`--quick` and `--output json`, which every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small form, in seconds")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    return parser


def report(
    benchmark: str,
    *,
    ours: dict[str, Any],
    peers: dict[str, dict[str, Any]],
    ratios: dict[str, Any],
    output: str,
) -> None:
    """Print a benchmark's result: JSON on stdout, or a table."""
    result = {"benchmark": benchmark, "ours": ours, "peers": peers, "ratios": ratios}
    if output == "json":
        print(json.dumps(result, indent=2))
        return
    print(benchmark)
    for name, values in (("ours", ours), *peers.items(), ("ratios", ratios)):
        print(f"  {name}")
        width = max((len(key) for key in values), default=0)
        for key, value in values.items():
            print(f"    {key.ljust(width)}  {value}")
