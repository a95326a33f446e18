"""Connections on which a query that nobody trusts can be tried: it only reads, and is stopped in time.

DuckDB runs in a process of its own (`validating_worker`): the file is opened read only, nothing else on the
machine can be reached, and what does not stop at its deadline or outgrows its memory ends with that process.
Any other warehouse is asked over dbt's adapter, in a transaction that only reads where it has such.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from aidbt.core.config import environment
from aidbt.core.schema import Column, Relation
from aidbt.warehouse import validating_worker
from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.base import Warehouse
from aidbt.warehouse.validating_adapter import GuardedAdapter
from aidbt.warehouse.validating_queries import DEFAULT_LIMITS, Answer, Limits, duplicates_query
from aidbt.warehouse.validating_stand_ins import attach_statement, stand_in_statements

__all__ = ["Answer", "GuardedAdapter", "GuardedDuckDB", "Limits", "guarded"]

_START_S = 30.0  # a cold start of DuckDB on a busy machine
_GRACE_S = 3.0  # how long after its deadline an answer is waited for; the worker ends itself before that
# What a process needs to start at all. Nothing else of the environment is there to be read.
_VARIABLES = ("SYSTEMROOT", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@contextlib.contextmanager
def guarded(
    warehouse: Warehouse, settings: Mapping[str, Any] | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Iterator[GuardedDuckDB | GuardedAdapter]:
    """A connection to a warehouse for queries that nobody trusts.

    Args:
        settings: of the profile's target: which other files and extensions a project on DuckDB uses.

    Raises:
        MissingExtra: the adapter or its driver is not installed.
        WarehouseError: the warehouse cannot be reached. A file of DuckDB that is not there, or that another
            process holds, is none: queries are then asked of empty tables.
    """
    if isinstance(warehouse, AdapterWarehouse):
        with warehouse.connect() as connection:
            yield GuardedAdapter(connection, warehouse.kind, limits=limits)
        return
    path: Path | None = getattr(warehouse, "path", None)
    with GuardedDuckDB(
        path,
        schema=warehouse.schema,
        attach=_attached(settings or {}),
        extensions=_extensions(settings or {}),
        limits=limits,
    ) as engine:
        yield engine


def _attached(settings: Mapping[str, Any]) -> dict[str, Path]:
    """The other database files of a target of dbt-duckdb, by alias."""
    found = {}
    for item in settings.get("attach") or ():
        file = Path(str(item.get("path") or "")) if isinstance(item, Mapping) else None
        if file is not None and file.is_file() and item.get("type") in (None, "duckdb"):
            found[str(item.get("alias") or file.stem)] = file.resolve()
    return found


def _extensions(settings: Mapping[str, Any]) -> list[str]:
    """The extensions of a target of dbt-duckdb, each a name or a mapping with one."""
    named = (
        item.get("name") if isinstance(item, Mapping) else item for item in settings.get("extensions") or ()
    )
    return [str(name) for name in named if name]


class GuardedDuckDB:
    """DuckDB for queries that nobody trusts. Use it in a `with` block; the process starts with the first
    question and is shared by all.

    Args:
        path: the database file; None for an empty database.
        schema: the schema that bare names are looked for in, in stand-ins.
        attach: other database files that queries read, by their alias.
        extensions: that are installed and that queries need.

    Example:
        >>> with GuardedDuckDB(None) as duckdb:
        ...     duckdb.sample("select 1 as a union all select 2", rows=10).row_count
        ...     duckdb.sample("select * from 'people.csv'", rows=10).failure
        2
        'unavailable'
    """

    dialect = "duckdb"
    stands_in = True

    def __init__(
        self,
        path: Path | None,
        *,
        schema: str = "main",
        attach: Mapping[str, Path] | None = None,
        extensions: Sequence[str] = (),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self._schema = schema
        self._opening = {
            "path": None if path is None else str(path),
            "attach": [attach_statement(alias, file) for alias, file in (attach or {}).items()],
            "extensions": list(extensions),
            "memory_limit": limits.memory_limit,
            "threads": limits.threads,
            "python_path": sys.path,
        }
        self._worker: _Worker | None = None

    def __enter__(self) -> GuardedDuckDB:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and release the file."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def explain(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """Whether DuckDB would run the query; nothing is read."""
        return self._ask_or_pretend("explain", query, stand_ins)

    def describe(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """The columns of the query's result; no row is read."""
        return self._ask_or_pretend("describe", query, stand_ins)

    def sample(self, query: str, rows: int) -> Answer:
        """How many rows it gives, up to a number; each value of them is made."""
        return self._ask("sample", query, rows=rows)

    def duplicates(self, query: str, key: Sequence[str]) -> Answer:
        """Whether two rows have the same key, without NULLs in it: `row_count` is 1 then."""
        return self._ask("sample", duplicates_query(query, key, self.dialect), rows=1)

    def _ask_or_pretend(self, action: str, query: str, stand_ins: Sequence[Relation]) -> Answer:
        """The answer of the database, or that of empty tables where it does not have what the query reads, or
        has it as it was before its SQL was changed.
        """
        answer = self._ask(action, query)
        tables = list(stand_in_statements(stand_ins, self._schema))
        if answer.failure not in ("unavailable", "refused") or not tables:
            return answer
        pretended = self._ask(action, query, stand_ins=tables)
        if pretended.failure in ("unavailable", "refused") and answer.failure == "refused":
            return answer
        if pretended.failure == "unavailable":
            return answer
        return replace(pretended, note=f"asked of empty tables: {answer.message}")

    def _ask(self, action: str, query: str, *, rows: int = 0, stand_ins: Sequence[str] = ()) -> Answer:
        """One question to the worker, which is started when there is none (any more)."""
        if self._worker is None:
            self._worker = _Worker(self._opening)
        request = {"action": action, "query": query, "rows": rows, "stand_ins": list(stand_ins)}
        request["timeout_s"] = self._limits.timeout_s
        told = self._worker.ask(request, wait_s=self._limits.timeout_s + _GRACE_S)
        if told is None or told.get("failure") in ("deadline", "memory"):
            # Nor is one kept that was stopped: what it still holds would be missing for the next question.
            code = self._worker.close()
            self._worker = None
            if told is None:
                return _ended(code)
        columns = tuple(Column(name, data_type) for name, data_type in told.pop("columns", ()))
        byte = told.pop("byte", None)
        offset = None if byte is None or byte < 0 else len(query.encode()[:byte].decode(errors="ignore"))
        return Answer(columns=columns, offset=offset, **told)


class _Worker:
    """The process, and the line of questions and answers to it."""

    def __init__(self, opening: Mapping[str, Any]) -> None:
        known = environment()
        self._process = subprocess.Popen(
            # -P: the folder of the program holds a module that is called as DuckDB's.
            [sys.executable, "-P", validating_worker.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env={name: known[name] for name in _VARIABLES if name in known},
        )
        self._is_fresh = True
        self._write(opening)

    def ask(self, request: Mapping[str, Any], *, wait_s: float) -> dict[str, Any] | None:
        """The answer; None when the process ended, or had to be ended, without one."""
        self._write(request)
        # The first answer waits for the start of DuckDB too.
        backstop = threading.Timer(wait_s + (_START_S if self._is_fresh else 0), self._process.kill)
        self._is_fresh = False
        backstop.start()
        try:
            line = self._pipe(self._process.stdout).readline()
        finally:
            backstop.cancel()
        return json.loads(line) if line.endswith("\n") else None

    def close(self) -> int:
        """End the process; what it exited with, negative for a signal."""
        with contextlib.suppress(OSError):
            self._pipe(self._process.stdin).close()
        try:
            code = self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._pipe(self._process.stdout).close()
        return code

    def _write(self, message: Mapping[str, Any]) -> None:
        pipe = self._pipe(self._process.stdin)
        with contextlib.suppress(OSError):  # it has ended; reading then says so
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def _ended(code: int) -> Answer:
    """What the end of the process says of the query."""
    if code in (validating_worker.EXIT_DEADLINE, -9):
        return Answer(failure="deadline", message="it did not end in time, and was ended with its process")
    return Answer(failure="memory", message="it ended the process that tried it, out of memory most likely")
