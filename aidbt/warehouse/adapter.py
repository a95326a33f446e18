"""Any warehouse that dbt has an adapter for, through that adapter: its credentials, its driver, its errors.

Only dbt's adapter is loaded, not dbt: no project is parsed and no macro is read, because what is there is
asked for with statements of our own (`aidbt.warehouse.catalogs`).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, TypeVar

import sqlglot
from sqlglot import exp

from aidbt.core.errors import AidbtError, MissingExtra, ProfileError, WarehouseError
from aidbt.core.schema import Relation, TableProfile
from aidbt.warehouse import spark
from aidbt.warehouse.adapter_errors import missing_adapter, translate
from aidbt.warehouse.base import OnRefused
from aidbt.warehouse.catalogs import list_relations
from aidbt.warehouse.signing_in import require_no_person

T = TypeVar("T")

_AUTOCOMMIT = ("postgres", "redshift")
# The setting of a target that tags statements where the warehouse keeps a tag beside the text.
_TAG_SETTING = {"snowflake": "query_tag", "postgres": "application_name"}
# A text without an offset means UTC, and times are told in UTC, as on DuckDB.
_SESSION = {
    # Where nobody says how long to wait for a table that another session holds, it would be for ever.
    "postgres": """
        select
            set_config('timezone', 'UTC', false),
            set_config('lock_timeout', case own when '0' then '30s' else own end, false)
        from current_setting('lock_timeout') as own
    """,
    "redshift": "set timezone = 'UTC'",
    "snowflake": "alter session set timezone = 'UTC'",
    "databricks": "set time zone 'UTC'",
    "trino": "set time zone 'UTC'",
}
_CANCEL_WAIT_S = 5.0


class AdapterWarehouse:
    """A warehouse that dbt builds into, of any kind that dbt has an adapter for.

    Blocks of `connect()` that lie in each other share one connection.

    Args:
        kind: the adapter type of the profile, e.g. "postgres".
        settings: the rendered keys of the profile's target, as dbt reads them.
        schema: the schema dbt builds into.
        tag: the command on whose behalf statements run; it stands in a comment of each of them.
    """

    def __init__(self, kind: str, settings: Mapping[str, Any], *, schema: str, tag: str = "") -> None:
        self.kind = kind
        self.dialect = kind  # sqlglot's names are the adapters' where there are statements for them
        self.schema = schema
        self._settings = dict(settings)
        self._tag = tag
        self._lock = threading.Lock()
        self._users = 0
        self._connection: AdapterConnection | None = None

    @contextlib.contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[AdapterConnection]:
        """An open connection; it is closed when the outermost block ends.

        Raises:
            MissingExtra: the adapter or its driver is not installed.
            WarehouseError: it cannot be reached, does not let this user in, or is to be written to.
        """
        if not read_only:
            raise WarehouseError(
                f"data is landed in DuckDB only; the profile's warehouse is '{self.kind}'",
                hint="choose a DuckDB target with --target, or land the data with your own loader",
            )
        with self._lock:
            if self._connection is None:
                self._connection = AdapterConnection(self.kind, self._settings, tag=self._tag)
            self._users += 1
            connection = self._connection
        try:
            yield connection
        finally:
            with self._lock:
                self._users -= 1
                is_last = self._users == 0
                if is_last:
                    self._connection = None
            if is_last:
                connection.close()

    def relations(self) -> list[Relation]:
        """Every table and view that this user may read, with its columns, ordered by schema and name; from
        metadata alone, system schemas left out.
        """
        with self.connect() as connection:
            return list_relations(connection, self.kind, self._settings)

    def profile(
        self, relations: Sequence[Relation], *, sample_rows: int, on_refused: OnRefused | None = None
    ) -> Iterator[TableProfile]:
        """What each table holds, one after the other, on one connection that ends with the iterator."""
        from aidbt.warehouse.profiling import profile_if_readable

        with self.connect() as connection:
            for relation in relations:
                found = profile_if_readable(connection, relation, sample_rows, on_refused)
                if found is not None:
                    yield found


def with_literals(sql: str, parameters: Sequence[Any], dialect: str) -> str:
    """The statement with each `?` replaced by its value, as a literal that the dialect reads back as it is.

    Raises:
        ValueError: there are more or fewer `?` than values.

    Example:
        >>> with_literals("select * from t where a = ? and b = '?'", ["it's"], "postgres")
        "SELECT * FROM t WHERE a = 'it''s' AND b = '?'"
    """
    tree = sqlglot.parse_one(sql, dialect=dialect)
    places = sorted(tree.find_all(exp.Placeholder), key=lambda node: node.meta.get("start", 0))
    for place, value in zip(places, parameters, strict=True):
        place.replace(exp.convert(value))
    return tree.sql(dialect)


@dataclass
class _Config:
    """What dbt's adapters want to know of a profile (their `AdapterRequiredConfig`)."""

    credentials: Any
    query_comment: Any
    profile_name: str = "aidbt"
    target_name: str = "aidbt"
    threads: int = 1
    project_name: str = "aidbt"
    cli_vars: dict[str, Any] = field(default_factory=dict)
    target_path: str = "target"
    log_cache_events: bool = False

    def to_target_dict(self) -> dict[str, Any]:
        return dict(self.credentials.connection_info(with_aliases=True))


class AdapterConnection:
    """An open connection of a dbt adapter, used from one thread of its own.

    The thread is there for Ctrl-C: a driver that waits inside its C library does not notice it, so the
    caller waits here instead, and cancels the statement the way dbt does, over a second connection.

    Attributes:
        dialect: sqlglot's name of its SQL.
    """

    def __init__(self, kind: str, settings: Mapping[str, Any], *, tag: str = "") -> None:
        self.dialect = kind
        self._kind = kind
        require_no_person(kind, settings)
        self._role = str(settings.get("role") or settings.get("user") or "<your role>")
        self._adapter = _adapter(kind, settings, tag)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="aidbt-warehouse")
        self._open = contextlib.ExitStack()  # entered and left on the thread
        try:
            self._run(self._start, settings)
        except BaseException:
            self.close()
            raise

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query; none for a statement that gives none.

        Args:
            parameters: values for the `?` of the statement, written into it as literals of the dialect:
                adapters share no way to bind values.

        Raises:
            WarehouseError: the warehouse refused it or went away.
            KeyboardInterrupt: it was interrupted, and the statement was cancelled.
        """
        return self._run(self._fetch, with_literals(sql, parameters, self.dialect) if parameters else sql)

    def close(self) -> None:
        """Close the connection and end the thread; what fails meanwhile is of no consequence any more."""
        with contextlib.suppress(AidbtError):
            self._run(self._open.close)
        with contextlib.suppress(*_adapter_errors()):
            self._adapter.cleanup_connections()
        self._worker.shutdown(wait=False)

    def _start(self, settings: Mapping[str, Any]) -> None:
        if self._kind == "spark" and settings.get("method") == "session":
            spark.start(settings)
        self._open.enter_context(self._adapter.connection_named("aidbt"))
        handle = self._adapter.connections.get_thread_connection().handle
        if self._kind in _AUTOCOMMIT:  # else one transaction would stay open from the first statement on
            handle.autocommit = True
        if self._kind == "spark":
            self._open.enter_context(spark.borrowed(self._fetch))
        elif self._kind in _SESSION:
            self._fetch(_SESSION[self._kind])

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        from dbt.adapters.sql.connections import SQLConnectionManager

        manager = self._adapter.connections
        if not isinstance(manager, SQLConnectionManager):  # BigQuery's has no cursor
            _, table = self._adapter.execute(sql, fetch=True)
            return [tuple(row.values()) for row in table.rows]
        # Not execute(): it would make an agate table, which guesses every type anew.
        _, cursor = manager.add_select_query(sql)
        with manager.exception_handler(sql):
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        future = self._worker.submit(work, *arguments)
        try:
            return future.result()
        except KeyboardInterrupt:
            self._cancel(future)
            raise
        except _adapter_errors() as error:
            raise translate(error, self._kind, role=self._role) from error

    def _cancel(self, future: Future[Any]) -> None:
        with contextlib.suppress(*_adapter_errors()):
            if self._kind == "spark":
                spark.cancel_jobs()
            with self._adapter.connection_named("aidbt-cancel"):
                self._adapter.cancel_open_connections()
        wait([future], _CANCEL_WAIT_S)


def _adapter(kind: str, settings: Mapping[str, Any], tag: str) -> Any:
    """dbt's adapter for a target's settings; nothing is connected yet.

    Raises:
        MissingExtra, WarehouseError: it is not installed.
        ProfileError: the settings are not what it takes.
    """
    try:
        if find_spec(f"dbt.adapters.{kind}") is None:  # dbt would print that it is missing
            raise missing_adapter(kind)
        from dbt.adapters.contracts.connection import QueryComment
        from dbt.adapters.factory import get_adapter_class_by_name, load_plugin
        from dbt_common.dataclass_schema import ValidationError
        from dbt_common.exceptions import DbtRuntimeError

        try:
            credentials_class: Any = load_plugin(kind)
        except DbtRuntimeError as error:  # dbt's word for a package that is not there
            raise missing_adapter(kind) from error
    except ModuleNotFoundError as error:
        raise missing_adapter(kind) from error
    own = {key: value for key, value in settings.items() if key not in ("type", "threads")}
    comment = _comment(kind, tag)
    if kind in _TAG_SETTING:
        own[_TAG_SETTING[kind]] = comment
    try:
        own = credentials_class.translate_aliases(own)
        credentials_class.validate(own)
        credentials = credentials_class.from_dict(own)
    except ValidationError as error:
        # Its own message repeats the value, which may be a secret.
        place = ".".join(str(part) for part in error.path)
        wrong = f"'{place}' must be: {error.validator} {error.validator_value}" if place else error.message
        raise _wrong_target(kind, wrong) from None
    except DbtRuntimeError as error:
        ours = translate(error, kind, role="")
        raise (ours if isinstance(ours, MissingExtra) else _wrong_target(kind, str(error.msg))) from error
    config = _Config(credentials, QueryComment(comment=comment, job_label=True))
    adapter_class: Any = get_adapter_class_by_name(kind)
    adapter = adapter_class(config, multiprocessing.get_context("spawn"))
    adapter.connections.set_query_header({})
    return adapter


def _wrong_target(kind: str, what: str) -> ProfileError:
    return ProfileError(
        f"the target is not what dbt-{kind} takes: {what}",
        hint="compare it with the adapter's page in dbt's documentation; 'dbt debug' checks the same",
    )


def _comment(kind: str, tag: str) -> str:
    """What each statement says of where it comes from."""
    facts = {"command": tag, "version": version("aidbt")} if tag else {"version": version("aidbt")}
    if kind == "bigquery":  # whose adapter makes job labels of a comment that is JSON
        return json.dumps({"app": "aidbt", **facts})
    return f"aidbt {json.dumps(facts)}"


def _adapter_errors() -> tuple[type[Exception], ...]:
    """What adapters raise: dbt's errors, and those of a driver that are not wrapped."""
    from dbt_common.exceptions import DbtBaseException

    return (DbtBaseException, *spark.errors())
