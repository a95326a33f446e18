"""Running dbt as a program, reading its JSON log while it runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.errors import DbtError
from aidbt.core.held import give_back
from aidbt.project.dbt_invocation import FIELDS, KEPT_LINES, Collector, Event, Invocation, OnEvent
from aidbt.project.scrub import Scrub


def run_executable(
    executable: str,
    args: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    on_event: OnEvent | None,
    scrub: Scrub,
) -> Invocation:
    """Runs a dbt program and reads its JSON log while it runs; interrupting this ends the program.

    Args:
        variables: what the program's environment has besides this process's.

    Raises:
        DbtError: it cannot be started, was killed, or is not dbt.
    """
    give_back()
    collector = Collector(on_event, scrub)
    other_lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        process = subprocess.Popen(
            [executable, *args],
            cwd=folder,
            env={**environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise DbtError(
            f"{executable} cannot be started: {error.strerror}",
            hint="name the program with 'dbt: executable:' in aidbt.yml",
        ) from error
    assert process.stdout is not None
    try:
        for line in process.stdout:
            event = _parse(line)
            if event is None:
                other_lines.append(line)
            else:
                collector.add(event)
        exit_code = process.wait()
    except BaseException:
        _stop(process)
        raise
    finally:
        process.stdout.close()
    collector.raise_if_broken()
    invocation = Invocation(exit_code, tuple(collector.events), "".join(other_lines))
    _require_an_answer(invocation, executable, scrub)
    return invocation


def _parse(line: str) -> Event | None:
    """The event in a line of dbt's JSON log; None when the line is something else."""
    if not line.startswith("{"):
        return None
    try:
        content = json.loads(line)
        info, data = content["info"], content.get("data") or {}
        return Event(
            name=str(info["name"]),
            level=str(info["level"]),
            message=str(info.get("msg") or ""),
            invocation_id=str(info.get("invocation_id") or ""),
            data={name: str(data[name]) for name in FIELDS if name in data},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _stop(process: subprocess.Popen[str]) -> None:
    """Ends dbt: first as Ctrl-C would, so that it can cancel its queries, then harder."""
    interrupt = signal.SIGINT if os.name == "posix" else signal.SIGTERM
    for ask, patience_s in ((interrupt, 10), (signal.SIGTERM, 5)):
        process.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Reads on meanwhile: a dbt that waits for room in the pipe does not end.
            process.communicate(timeout=patience_s)
            return
    process.kill()
    process.communicate()


def _require_an_answer(invocation: Invocation, executable: str, scrub: Scrub) -> None:
    """Tells a dbt that failed from one that was killed, and from a program that is not dbt."""
    code = invocation.exit_code
    tail = scrub("\n".join(invocation.output.strip().splitlines()[-5:]))
    # A shell around dbt reports a signal as 128 + its number.
    if code < 0 or 128 < code < 160:
        number = -code if code < 0 else code - 128
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        raise DbtError(
            f"{executable} was killed by {name} before it ended; what it had built is built",
            hint="out of memory kills with SIGKILL: try fewer --threads" if name == "SIGKILL" else None,
        )
    refused = code != 0 and re.search(r"^Usage:\s+dbt\b", invocation.output, re.MULTILINE)
    if not invocation.events and not refused:
        raise DbtError(
            f"{executable} does not answer as dbt does (exit code {code})" + (f": {tail}" if tail else ""),
            hint="name dbt's own program with 'dbt: executable:' in aidbt.yml",
        )
