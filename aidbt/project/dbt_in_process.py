"""Running dbt inside this process: silent, one at a time, and without a trace afterwards."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, MutableMapping, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import FrameType
from typing import Any, cast

from aidbt.core.config import environment
from aidbt.core.errors import DbtError
from aidbt.project.dbt_invocation import (
    FIELDS,
    KEPT_LINES,
    Collector,
    Event,
    Invocation,
    OnEvent,
    is_kept,
    is_progress,
)
from aidbt.project.scrub import Scrub

# Held while dbt runs in this process; the current folder may be another one then.
ONE_AT_A_TIME = threading.Lock()


def run_in_process(
    args: Sequence[str], *, folder: Path, on_event: OnEvent | None, scrub: Scrub
) -> Invocation:
    """Runs dbt inside this process, silently; one at a time, the others wait.

    The current folder of the whole process is `folder` meanwhile. Afterwards the folder, the environment,
    logging, warnings and the streams are as before, and the DuckDB file is free for other processes.

    Raises:
        DbtError: dbt cannot be imported.
        KeyboardInterrupt: it was interrupted (dbt itself would have swallowed it).
    """
    collector = Collector(on_event, scrub)

    def receive(message: Any) -> None:
        info = message.info
        if is_kept(info.name, info.level) or is_progress(info.name, info.level):
            data = {name: str(getattr(message.data, name)) for name in FIELDS if hasattr(message.data, name)}
            with _aloud():
                collector.add(Event(info.name, info.level, info.msg, info.invocation_id, data))

    with ONE_AT_A_TIME, _undisturbed(folder) as printed:
        try:
            from dbt.cli.main import dbtRunner
        except ImportError as import_error:
            raise DbtError(
                f"dbt cannot be imported: {import_error}",
                hint="repair its installation, or use another one with 'dbt: executable:' in aidbt.yml",
            ) from import_error

        # A program that used dbt before us may hold another database by the same relative path.
        _release_duckdb()
        try:
            with _interrupts() as interrupts:
                outcome = dbtRunner(callbacks=[receive]).invoke(list(args))
            error, succeeded = outcome.exception, bool(outcome.success)
            del outcome
        finally:
            _release_duckdb()
            _close_dbt_logs()
        text = "" if error is None else str(error) or type(error).__name__
        interrupted = isinstance(error, KeyboardInterrupt) or bool(interrupts)
        if error is not None:
            _end_threads(error)
            # Its traceback holds dbt's frames, and those may hold connections.
            error = None
            gc.collect()
    if interrupted:
        raise KeyboardInterrupt
    collector.raise_if_broken()
    exit_code = 2 if text else 0 if succeeded else 1
    return Invocation(exit_code, tuple(collector.events), "".join(printed), text)


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Gives a list that gets an entry for each Ctrl-C meanwhile: dbt and its libraries have bare `except:`
    clauses, in which a KeyboardInterrupt is lost or becomes another error.
    """
    counted: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield counted
        return

    def count(number: int, frame: FrameType | None) -> None:
        counted.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, count)
    try:
        yield counted
    finally:
        signal.signal(signal.SIGINT, before)


def _end_threads(error: BaseException) -> None:
    """Ends the threads of a run that broke off: dbt leaves its pool open, and Python complains of that on
    stderr when the process ends.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, ThreadPool):
                value.terminate()


def _release_duckdb() -> None:
    """Closes dbt-duckdb's database; dbt leaves it open, which locks every other process out."""
    module = sys.modules.get("dbt.adapters.duckdb.connections")
    if module is not None:
        module.DuckDBConnectionManager.close_all_connections()


def _close_dbt_logs() -> None:
    """Takes dbt's log handlers and callbacks away; dbt leaves logs/dbt.log open."""
    from dbt_common.events.event_manager_client import cleanup_event_logger

    cleanup_event_logger()
    for name in ("file_log", "stdout_log"):
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            # It writes what is left of logs/dbt.log; a full disk is no reason to lose the build's result.
            with contextlib.suppress(OSError):
                handler.close()


_LOCAL = threading.local()


@contextlib.contextmanager
def _aloud() -> Iterator[None]:
    """Inside, this thread's output is the caller's, not dbt's."""
    _LOCAL.aloud = True
    try:
        yield
    finally:
        _LOCAL.aloud = False


class _Muffler(io.TextIOBase):
    """Stands in for stdout or stderr: keeps what dbt prints, lets other threads' output through.

    Other threads are those that were there before (a progress bar redraws itself in one); what dbt starts
    came later.
    """

    def __init__(self, real: Any, kept: deque[str], others: frozenset[int]) -> None:
        self._real = real
        self._kept = kept
        self._others = others

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"text is written here, not {type(text).__name__}")
        if getattr(_LOCAL, "aloud", False) or threading.get_ident() in self._others:
            return int(self._real.write(text)) if self._real is not None else len(text)
        self._kept.append(text)
        return len(text)

    def flush(self) -> None:
        if self._real is not None:
            self._real.flush()

    def close(self) -> None:
        """Nothing: the real stream is the caller's. Being collected after that is closed would be an error,
        which Python 3.13 prints."""

    def isatty(self) -> bool:
        return self._real is not None and bool(self._real.isatty())

    def fileno(self) -> int:
        return int(self._real.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._real, "encoding", None) or "utf-8"


@contextlib.contextmanager
def _undisturbed(folder: Path) -> Iterator[deque[str]]:
    """Puts back what dbt changes in the process; gives what was printed meanwhile."""
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    here, module_paths = os.getcwd(), list(sys.path)
    variables = cast("MutableMapping[str, str]", environment())
    variables_before = dict(variables)
    me = threading.get_ident()
    others = frozenset(t.ident for t in threading.enumerate() if t.ident is not None and t.ident != me)
    root_logger = logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(_Muffler(sys.stdout, kept, others)),
        contextlib.redirect_stderr(_Muffler(sys.stderr, kept, others)),
    ):
        try:
            os.chdir(folder)
            yield kept
        finally:
            os.chdir(here)
            sys.path[:] = module_paths
            root_logger.handlers[:] = handlers
            root_logger.setLevel(level)
            if dict(variables) != variables_before:
                variables.clear()
                variables.update(variables_before)
