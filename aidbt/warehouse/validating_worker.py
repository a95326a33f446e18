"""The process in which queries are tried on DuckDB: it may be killed, and nothing else is in it.

Run as a program, with one JSON object per line on stdin and one answer per line on stdout. The first line
says what to open, each other one what to ask; the end of stdin ends it. It imports nothing of aidbt, so that
it starts in the time that DuckDB takes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any

EXIT_DEADLINE = 1  # faulthandler's
_HARD_STOP_S = 1.0  # how long after its deadline a query that takes no notice is ended with the process
_MEMORY_SLACK = 768 * 2**20  # of the interpreter, of DuckDB itself, and of rows on their way
# What one query may be to DuckDB; a PIVOT without IN is several, of which the first makes a type.
_QUERY_KINDS = frozenset({"SELECT", "MULTI"})
_CONFIGURATION = {
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",  # else a name may mean a variable of this program
    "errors_as_json": "true",
}
_SETTLE = ("set timezone = 'UTC'", "set enable_progress_bar = false")
_LOCK = ("set enable_external_access = false", "set lock_configuration = true")

_EXPLAIN = "explain "
_DESCRIBE = "describe "
_FIRST_ROWS = ("select * from (\n", "\n) as query_to_check limit ")

_NO_TABLE = re.compile(r"(Table|View) with name .*does not exist|schema \S+ does not exist", re.DOTALL)
_NOT_LOADED = re.compile(r"in the \S+ extension")
_BYTES = re.compile(r"(?P<number>[\d.]+)\s*(?P<unit>[kmgt]?i?b?)\Z", re.IGNORECASE)


def main() -> None:
    """Open what the first line says and answer until stdin ends."""
    opening = json.loads(sys.stdin.readline())
    sys.path[:] = opening["python_path"]
    import duckdb

    _limit_memory(opening["memory_limit"])
    worker = _Worker(duckdb, opening)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


class _Worker:
    """DuckDB with nothing in reach but the database that was opened."""

    def __init__(self, duckdb: Any, opening: dict[str, Any]) -> None:
        self._duckdb = duckdb
        self._opening = opening
        self._connection: Any = None

    def _real(self) -> Any:
        """The database file, read only; without one the database is empty.

        A file that another process writes to is tried again with each request.
        """
        if self._connection is None:
            path = self._opening["path"]
            connection = self._connect(path or ":memory:", read_only=path is not None)
            self._run_all(connection, [*self._opening["attach"], *_LOCK])
            self._connection = connection
        return self._connection

    def _stand_ins(self, statements: list[str]) -> Any:
        """An empty database with the tables that the statements make."""
        connection = self._connect(":memory:", read_only=False)
        self._run_all(connection, [*statements, *_LOCK])
        return connection

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request, from stand-ins when it brings any."""
        before = 0
        try:
            connection = self._stand_ins(request["stand_ins"]) if request["stand_ins"] else self._real()
        except self._duckdb.Error as error:
            return {"failure": "unavailable", "message": _told(error)[0]}
        try:
            with _deadline(connection, request["timeout_s"]):
                query, before = self._statement(connection, request)
                return _ANSWERS[request["action"]](connection.execute(query))
        except self._duckdb.Error as error:
            return _failure(self._duckdb, error, before=before)
        except MemoryError:
            return {"failure": "memory", "message": "it took more memory than it may"}
        except _NotAQuery as error:
            return {"failure": "refused", "message": str(error)}

    def _connect(self, path: str, *, read_only: bool) -> Any:
        sizes = {"memory_limit": self._opening["memory_limit"], "threads": str(self._opening["threads"])}
        connection = self._duckdb.connect(path, read_only=read_only, config={**_CONFIGURATION, **sizes})
        for extension in self._opening["extensions"]:
            # One that is not installed: what needs it is then answered as unavailable.
            with contextlib.suppress(self._duckdb.Error):
                connection.load_extension(extension)
        self._run_all(connection, _SETTLE)
        return connection

    @staticmethod
    def _run_all(connection: Any, statements: list[str] | tuple[str, ...]) -> None:
        for statement in statements:
            connection.execute(statement)

    @staticmethod
    def _statement(connection: Any, request: dict[str, Any]) -> tuple[str, int]:
        """What is run for a request, and how many characters stand in it before the query."""
        query = request["query"]
        found = connection.extract_statements(query)
        if len(found) != 1 or found[0].type.name not in _QUERY_KINDS:
            raise _NotAQuery("DuckDB does not read it as one query")
        if request["action"] == "explain":
            return _EXPLAIN + query, len(_EXPLAIN)
        if request["action"] == "describe":
            return _DESCRIBE + query, len(_DESCRIBE)
        start, end = _FIRST_ROWS
        return start + query + end + str(int(request["rows"])), len(start)


class _NotAQuery(Exception):
    """DuckDB's own parser sees something else than one query."""


def _columns(result: Any) -> dict[str, Any]:
    return {"columns": [[name, data_type] for name, data_type, *_ in result.fetchall()]}


def _row_count(result: Any) -> dict[str, Any]:
    return {"row_count": len(result.fetchall())}


_ANSWERS = {"explain": lambda _: {}, "describe": _columns, "sample": _row_count}


@contextlib.contextmanager
def _deadline(connection: Any, timeout_s: float) -> Iterator[None]:
    """Interrupts what runs on the connection after a time, and ends the process when that does not help: one
    call of a function on a long text is not interrupted.
    """
    soft = threading.Timer(timeout_s, connection.interrupt)
    soft.daemon = True
    soft.start()
    # Ends the process even while DuckDB keeps Python from running.
    faulthandler.dump_traceback_later(timeout_s + _HARD_STOP_S, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        soft.cancel()


def _failure(duckdb: Any, error: Exception, *, before: int) -> dict[str, Any]:
    """What DuckDB's error says of the query."""
    message, byte = _told(error)
    if isinstance(error, duckdb.InterruptException):
        return {"failure": "deadline", "message": "it did not end in time"}
    if isinstance(error, duckdb.OutOfMemoryException):
        return {"failure": "memory", "message": "it took more memory than it may"}
    is_missing = isinstance(error, duckdb.CatalogException) and (
        _NO_TABLE.search(message) or _NOT_LOADED.search(message)
    )
    outside = (duckdb.PermissionException, duckdb.IOException, duckdb.HTTPException)
    if is_missing or isinstance(error, outside):
        return {"failure": "unavailable", "message": message}
    return {"failure": "refused", "message": message, "byte": None if byte is None else byte - before}


def _told(error: Exception) -> tuple[str, int | None]:
    """(message, place in bytes) of an error that DuckDB wrote as JSON behind its kind."""
    text = str(error)
    try:
        told = json.loads(text[text.index("{") :])
        message = str(told["exception_message"])
    except (ValueError, KeyError, TypeError):
        return text.split("\n", 1)[0], None
    place = str(told.get("position", ""))
    return message.split("\n", 1)[0], int(place) if place.isdigit() else None


def _limit_memory(memory_limit: str) -> None:
    """Keeps the whole process small where the system can: DuckDB's own limit leaves out some of its texts."""
    try:
        import resource
    except ImportError:  # Windows
        return
    size = _bytes(memory_limit) + _MEMORY_SLACK
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _bytes(text: str) -> int:
    """The bytes of a size as DuckDB writes it."""
    found = _BYTES.match(text.strip())
    if found is None:
        return 2**30
    unit = found["unit"].lower()
    base = 1024 if "i" in unit else 1000
    return int(float(found["number"]) * base ** "bkmgt".index(unit[0] if unit else "b"))


if __name__ == "__main__":
    main()
