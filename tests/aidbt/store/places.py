"""Places for a store, and processes that use one at the same time."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from aidbt.store import Store, open_shared_store, open_store
from tests.kit import PostgresServer


class Place(Protocol):
    """Where a store is; `words` tell another process (see `start`), `folder` is there for a test's files."""

    words: tuple[str, ...]
    folder: Path

    def open(self, *, lock_wait_s: float = 10) -> Store: ...


class SqlitePlace:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.parent.parent
        self.words: tuple[str, ...] = ("sqlite", str(path), "")

    def open(self, *, lock_wait_s: float = 10) -> Store:
        return open_store(self.path, lock_wait_s=lock_wait_s)


class PostgresPlace:
    _numbers = itertools.count(1)

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.folder = folder
        self.server = server
        self.schema = f"aidbt_test_{next(self._numbers)}"
        self.words: tuple[str, ...] = ("postgresql", server.url(), self.schema)

    def open(self, *, lock_wait_s: float = 10) -> Store:
        return open_shared_store(self.server.url(), self.schema, lock_wait_s=lock_wait_s)


def start(place: Place, code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python process, which has imported the store and waits for a line before it goes on.

    The code finds `here`, which opens the store, and its arguments in `args`.
    """
    prelude = """\
import json, os, sys, threading, time
from pathlib import Path
from aidbt.core.errors import AidbtError, LeaseLost, LeaseTaken, StoreBusy, VersionConflict
from aidbt.store import Cache, open_shared_store, open_store
from aidbt.store.leases import Leases
kind, where, schema, *args = sys.argv[1:]
def here():
    return open_store(Path(where)) if kind == "sqlite" else open_shared_store(where, schema)
print("ready", flush=True)
sys.stdin.readline()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", prelude + code, *place.words, *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let a started process go on."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def together(place: Place, code: str, *arguments: tuple[object, ...]) -> list[str]:
    """What processes print that run the same code at the same time, one per tuple of arguments."""
    processes = [start(place, code, *args) for args in arguments]
    for process in processes:
        go(process)
    printed = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        printed.append(out.strip())
    return printed


class SetClock:
    """Seconds since 1970 that stand still until they are set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
