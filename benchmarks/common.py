"""What every benchmark needs: measuring a command, a peer's own venv, and one form of output."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
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
    with tempfile.TemporaryDirectory(prefix="aidbt-measure-") as folder:
        figures, out, err = (Path(folder) / name for name in ("figures.json", "out", "err"))
        wrapped = [sys.executable, "-c", _WRAPPER, figures, out, err, str(timeout_s or 0), *command]
        full_env = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        subprocess.run([str(word) for word in wrapped], cwd=cwd, env=full_env, check=True)
        found = json.loads(figures.read_text())
        if found["timed_out"]:
            raise subprocess.TimeoutExpired([str(word) for word in command], timeout_s or 0)
        if check and found["returncode"]:
            sys.stderr.write(out.read_text()[-4000:] + err.read_text()[-4000:])
            raise SystemExit(f"failed with {found['returncode']}: {' '.join(map(str, command))}")
        return Measured(
            found["wall_s"], found["cpu_s"], found["peak_mb"], found["returncode"], out.read_text()
        )


# A process's peak memory starts with that of the process it was forked from, so a small one stands between.
_WRAPPER = """
import json, os, subprocess, sys, threading, time
figures, out, err, timeout_s, *command = sys.argv[1:]
with open(out, "w") as o, open(err, "w") as e:
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=o, stderr=e)
    timed_out = threading.Event()
    killer = threading.Timer(float(timeout_s), lambda: (timed_out.set(), process.kill()))
    if float(timeout_s):
        killer.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - started
    killer.cancel()
with open(figures, "w") as f:
    json.dump({"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024,
               "returncode": os.waitstatus_to_exitcode(status), "timed_out": timed_out.is_set()}, f)
"""


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
