"""Which process holds something, so that its death is seen at once where it ran.

A number of a process says little by itself: it is used again, and other hosts and containers have the same
ones. So it stands with the host, the boot of the kernel, the namespace of the numbers (pid_namespaces(7)) and
the moment the process began (proc_pid_stat(5), `starttime`). Only who shares the first three may judge.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

_PROC = Path("/proc")
_ENDED = ("Z", "X", "x")  # killed, and its parent has not asked for its end yet; or just ending
_STATE, _STARTED = 0, 19  # behind the name, which may hold anything


def process_mark() -> str | None:
    """What tells this process from all others; None where the system does not say (it has no /proc)."""
    place = _place()
    stat = _stat(os.getpid())
    return json.dumps([*place, os.getpid(), stat[_STARTED]]) if place and stat else None


def is_gone(mark: str | None) -> bool:
    """Whether a process ran here and is surely no more; False wherever that cannot be known.

    Args:
        mark: what `process_mark` gave it; None when that is not known.
    """
    if mark is None:
        return False
    *place, number, started = json.loads(mark)
    if place != _place():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is there, and another user's
    stat = _stat(number)  # of another user's process it may be hidden
    return stat is not None and (stat[_STATE] in _ENDED or stat[_STARTED] != started)


def _place() -> list[str] | None:
    """The host, its boot and the namespace in which the numbers of processes are ours."""
    try:
        if os.readlink(_PROC / "self") != str(os.getpid()):  # of another namespace, as `unshare` leaves it
            return None
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return [socket.gethostname(), boot, os.readlink(_PROC / "self/ns/pid")]
    except OSError:
        return None


def _stat(number: int) -> list[str] | None:
    try:
        text = (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
