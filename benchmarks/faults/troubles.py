"""What goes on around a run: a lock that another process holds, a file that comes late, short memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.faults.fault import Trouble
from benchmarks.faults.slot import Slot

_HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def locked(seconds: float | None = None) -> Trouble:
    """Another process has the database file open for writing; for so many seconds, None: all the time."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        command = [sys.executable, "-c", _HOLDER, str(slot.database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None and holder.stdin is not None
            if holder.stdout.readline().strip() != "open":
                raise RuntimeError("the database could not be locked")

            def release() -> None:
                if holder.poll() is not None:
                    slot.crime.write_text("the process that held the lock was killed")
                holder.kill()

            with later(seconds, release):
                yield

    return trouble


@contextmanager
def later(seconds: float | None, step: Callable[[], object]) -> Iterator[None]:
    """Does `step` after so many seconds, at the latest when the block ends; None: not before that."""
    once = threading.Lock()
    done: list[bool] = []

    def run() -> None:
        with once:
            if not done:
                done.append(True)
                step()

    timer = threading.Timer(seconds, run) if seconds is not None else None
    if timer is not None:
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
        run()


def fresh_container(slot: Slot) -> None:
    """The run begins where nothing of an earlier run lies: no manifest, no results."""
    shutil.rmtree(slot.project / "target")


def away(name: str, seconds: float | None = None) -> Trouble:
    """A landed file is not there yet; it comes after so many seconds, None: never."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        path, aside = slot.files / name, slot.root / f"{name}.aside"
        if path.exists():
            path.rename(aside)
        if seconds is None:
            yield
            return
        with later(seconds, lambda: aside.rename(path)):
            yield

    return trouble


def profile(old: str, new: str, seconds: float | None = None) -> Trouble:
    """The profiles read otherwise; until so many seconds have passed, None: for good."""

    @contextmanager
    def trouble(slot: Slot, site: Any) -> Iterator[None]:
        path = slot.profiles / "profiles.yml"
        text = path.read_text()
        changed = text if new in text else text.replace(old, new)
        if new not in changed:
            raise ValueError(f"the profiles do not hold {old!r}")
        path.write_text(changed)
        if seconds is None:
            yield
            return
        with later(seconds, lambda: path.write_text(changed.replace(new, old))):
            yield

    return trouble
