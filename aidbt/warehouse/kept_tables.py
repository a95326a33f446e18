"""The tables that a run will replace, kept in a file beside the warehouse, so that they can be put back.

DuckDB only: there a table is copied into another file in one statement, and put back in one transaction.
Views are kept as their text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.warehouse.base import Connection, Warehouse

KEEPS = frozenset({"duckdb"})

_NAME = "aidbt_kept"
_MAKE_PLACES = (
    "create table aidbt_kept.main.places"
    " (number integer, schema_name varchar, name varchar, kind varchar, definition varchar,"
    " indexes varchar[])"
)
_ADD_PLACE = "insert into aidbt_kept.main.places values (?, ?, ?, ?, ?, ?)"
_KEPT = (
    "select number, schema_name, name, kind, definition, indexes from aidbt_kept.main.places order by number"
)
_TABLE = (
    "select sql from duckdb_tables()"
    " where database_name = current_database() and lower(schema_name) = lower(?)"
    " and lower(table_name) = lower(?)"
)
_VIEW = (
    "select sql from duckdb_views()"
    " where database_name = current_database() and lower(schema_name) = lower(?)"
    " and lower(view_name) = lower(?)"
)
_INDEXES = (
    "select sql from duckdb_indexes()"
    " where database_name = current_database() and lower(schema_name) = lower(?)"
    " and lower(table_name) = lower(?) and sql is not null"
)
_COLUMNS = (
    "select schema_name, table_name, column_index, column_name, data_type from duckdb_columns()"
    " where database_name = current_database() and not internal order by all"
)

Place = tuple[str, str]


def keep_tables(warehouse: Warehouse, places: Collection[Place], file: Path) -> None:
    """Keep what stands in some places, (schema, name), also that nothing does; a file that is there stays.

    Raises:
        WarehouseError: not on this warehouse, or a table cannot be copied; then there is no file.
    """
    if file.exists():
        return
    if warehouse.dialect not in KEEPS:
        raise WarehouseError(f"tables cannot be kept on {warehouse.dialect}")
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _forget(part)
        with warehouse.connect(read_only=False) as connection, _attached(connection, part):
            connection.rows(_MAKE_PLACES)
            for number, (schema, name) in enumerate(dict.fromkeys(places)):
                _keep(connection, number, schema, name)
            connection.rows("checkpoint aidbt_kept")
        part.replace(file)
    except OSError as error:
        raise WarehouseError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        _forget(part)


def put_back(warehouse: Warehouse, file: Path) -> list[str]:
    """Let the places be what they were when they were kept; the names of views that could not be made again,
    because what they read is gone too.

    Raises:
        WarehouseError: there is no such file, or the tables cannot be put back; then none of them was.
    """
    if not file.exists():
        raise WarehouseError("the tables of before are not kept any more")
    with warehouse.connect(read_only=False) as connection, _attached(connection, file, " (read_only)"):
        places = [(n, Kept(*rest)) for n, *rest in connection.rows(_KEPT)]
        connection.rows("begin")
        try:
            for number, place in places:
                _replace(connection, number, place)
        except WarehouseError:
            connection.rows("rollback")
            raise
        connection.rows("commit")
        views = [place for _, place in places if place.kind == "view"]
        return [view.name for view in _made_again(connection, views) if not view.stands(connection)]


def forget_tables(file: Path) -> None:
    """Remove what was kept."""
    _forget(file)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stood in one place.

    Attributes:
        kind: "table", "view" or "nothing".
        definition, indexes: the statements that make it.
    """

    schema: str
    name: str
    kind: str
    definition: str
    indexes: list[str]

    def stands(self, connection: Connection) -> bool:
        """Whether that is what stands there now, as far as its text says."""
        found = connection.rows(_VIEW if self.kind == "view" else _TABLE, (self.schema, self.name))
        return bool(found) and found[0][0] == self.definition


def _keep(connection: Connection, number: int, schema: str, name: str) -> None:
    table = connection.rows(_TABLE, (schema, name))
    view = [] if table else connection.rows(_VIEW, (schema, name))
    kind = "table" if table else "view" if view else "nothing"
    definition = next((row[0] for row in (table or view)), "")
    indexes = [row[0] for row in connection.rows(_INDEXES, (schema, name))]
    if table:
        source = exp.table_(name, db=schema, quoted=True)
        copied = exp.Create(this=_copy(number), kind="TABLE", expression=exp.select("*").from_(source))
        connection.rows(copied.sql("duckdb"))
    connection.rows(_ADD_PLACE, (number, schema, name, kind, definition, indexes))


def _replace(connection: Connection, number: int, place: Kept) -> None:
    there = exp.table_(place.name, db=place.schema, quoted=True)
    if connection.rows(_VIEW, (place.schema, place.name)):
        if place.kind == "view":
            return  # its text is compared afterwards, and it may need tables that are not back yet
        connection.rows(exp.Drop(tables=[there.copy()], kind="VIEW", exists=True).sql("duckdb"))
    elif connection.rows(_TABLE, (place.schema, place.name)):
        connection.rows(exp.Drop(tables=[there.copy()], kind="TABLE", exists=True).sql("duckdb"))
    if place.kind != "table":
        return
    connection.rows(place.definition)
    connection.rows(exp.Insert(this=there, expression=exp.select("*").from_(_copy(number))).sql("duckdb"))
    for index in place.indexes:
        connection.rows(index)


def _made_again(connection: Connection, views: list[Kept]) -> list[Kept]:
    """Those that could not be made again; one may read another one, so until nothing changes by it.

    Those whose text stands are made, too: DuckDB before 2.0 keeps the columns that a star meant then.
    """
    before: object = None
    while True:
        failed = [view for view in views if not _made(connection, view)]
        now = (len(failed), connection.rows(_COLUMNS))
        if now == before or not views:
            return failed
        before = now


def _made(connection: Connection, view: Kept) -> bool:
    try:
        connection.rows(view.definition.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
    except StatementRefused:
        return False
    return True


def _copy(number: int) -> exp.Table:
    return exp.table_(f"t{number}", db="main", catalog=_NAME)


@contextlib.contextmanager
def _attached(connection: Connection, file: Path, how: str = "") -> Iterator[None]:
    connection.rows("attach " + exp.Literal.string(str(file)).sql("duckdb") + " as aidbt_kept" + how)
    try:
        yield
    finally:
        connection.rows("detach aidbt_kept")


def _forget(file: Path) -> None:
    for path in (file, file.with_name(file.name + ".wal")):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
