"""Runs a command under a trouble that only a process of its own can have: it is killed when it prints
something, or may write no file beyond a size.

    python -m benchmarks.faults.broken_run kill TEXT SIGNAL COMMAND…
    python -m benchmarks.faults.broken_run disk BYTES COMMAND…
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys


def main() -> None:
    kind, *rest = sys.argv[1:]
    raise SystemExit(
        _killed(rest[0], rest[1], rest[2:]) if kind == "kill" else _short_of_disk(int(rest[0]), rest[1:])
    )


def _killed(text: str, name: str, command: list[str]) -> int:
    # Whatever was started in the background ignores Ctrl-C, and would hand that on.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if text in line:
                process.send_signal(signal.Signals[name])
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _short_of_disk(size_bytes: int, command: list[str]) -> int:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return subprocess.run(command, preexec_fn=limit, check=False).returncode


if __name__ == "__main__":
    main()
