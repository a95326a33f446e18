"""From a model of a manifest to the queries that are tested, its refs and sources as known tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aidbt.generate.unit_tests.clock import clock_overrides, fix_clock
from aidbt.generate.unit_tests.rendered import NotRendered, render_model
from aidbt.generate.unit_tests.subject import Input, InputColumn, Refusal, Subject
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.reading import drop_ephemeral_ctes
from aidbt.lineage.uncompiled import EPHEMERAL
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.parse import parse_sql

if TYPE_CHECKING:
    from sqlglot import exp

# Changes whenever the same model would get other tests.
DRAFTER_VERSION = 2
_READ_TYPES = ("model", "seed", "source", "snapshot")
_INCREMENTAL = "is_incremental"
_ASKING = frozenset({"macro.dbt.run_query", "macro.dbt.statement"})


class _Refused(Exception):
    """Why a model gets no unit tests, with what to do about it."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def subjects_of(node: Node, manifest: Manifest, lineage: Lineage) -> tuple[Subject, ...] | Refusal:
    """The queries of a model: one, or of an incremental model the two that `is_incremental()` chooses from.

    Args:
        lineage: of the same manifest; the columns of what the model reads are taken from it.
    """
    try:
        return tuple(_subjects(node, manifest, lineage))
    except _Refused as refused:
        return Refusal(node.name, refused.why, refused.hint)


def _subjects(node: Node, manifest: Manifest, lineage: Lineage) -> Iterator[Subject]:
    if node.raw.get("language") == "python":
        raise _Refused("it is a Python model, which dbt cannot unit test")
    asks = _asking_macro(node, manifest)
    if asks:
        raise _Refused(f"what it compiles to depends on what the warehouse holds ({asks})")
    written = str(node.raw.get("raw_code") or "")
    if node.config.get("materialized") == "incremental" and _INCREMENTAL in written:
        for is_incremental, variant in ((False, "first_run"), (True, "incremental")):
            try:
                sql = render_model(node, manifest, is_incremental=is_incremental, dialect=lineage.dialect)
            except NotRendered as error:
                why = f"its incremental and its first run cannot be told apart here: {error}"
                raise _Refused(why, "write its unit tests by hand") from error
            overrides = {"macros": {_INCREMENTAL: is_incremental}}
            yield _subject(node, manifest, lineage, sql, overrides=overrides, variant=variant)
        return
    sql = str(node.raw.get("compiled_code") or "")
    if not sql:
        raise _Refused("dbt has not compiled it", "run: dbt compile")
    yield _subject(node, manifest, lineage, sql)


def _subject(
    node: Node,
    manifest: Manifest,
    lineage: Lineage,
    sql: str,
    *,
    overrides: Mapping[str, Any] | None = None,
    variant: str = "",
) -> Subject:
    parsed = parse_sql(sql, lineage.dialect)
    if parsed.tree is None:
        raise _Refused(f"its SQL cannot be read: {parsed.problems[0].message}")
    tree = parsed.tree
    _refuse_recursion(tree)
    drop_ephemeral_ctes(tree)
    parents = [found for name in node.depends_on if (found := manifest.find(name)) is not None]
    read = [parent for parent in parents if parent.resource_type in _READ_TYPES]
    if variant == "incremental":
        read.append(node)
    tables = {parent.unique_id: f"input_{number}" for number, parent in enumerate(read)}
    _stand_in(tree, {parent.unique_id: parent for parent in read}, tables)
    inputs = tuple(_input(parent, tables[parent.unique_id], node, lineage) for parent in read)
    clocks = clock_overrides(tree, node)
    if isinstance(clocks, str):
        raise _Refused(clocks, "read the clock through a macro, e.g. {{ dbt.current_timestamp() }}")
    fix_clock(tree)
    written, tree = tree, _in_duckdb(tree, lineage.dialect)
    macros = {**dict(overrides or {}).get("macros", {}), **clocks}
    return Subject(
        node.name,
        inputs,
        tree,
        node.raw.get("version"),
        {"macros": macros} if macros else {},
        variant,
        _digest(tree, inputs, macros),
        written,
    )


def _refuse_recursion(tree: exp.Query) -> None:
    from sqlglot import exp

    if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
        raise _Refused("dbt cannot unit test a recursive query")


def _asking_macro(node: Node, manifest: Manifest) -> str:
    """The macro of dbt by which the model's text asks the warehouse while it is compiled; "" for none."""
    macros = manifest.raw.get("macros") or {}
    waiting = list((node.raw.get("depends_on") or {}).get("macros") or ())
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        macro = macros.get(name) or {}
        if name in _ASKING or "get_columns_in_relation" in str(macro.get("macro_sql") or ""):
            return str(macro.get("name") or name)
        waiting += (macro.get("depends_on") or {}).get("macros") or ()
    return ""


def _stand_in(tree: exp.Query, read: Mapping[str, Node], tables: Mapping[str, str]) -> None:
    """Let the query read the tables of the sandbox for the relations that dbt names.

    Raises:
        _Refused: it names a relation that is neither a ref nor a source.
    """
    from sqlglot import exp

    names = {cte.alias_or_name.casefold() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Func) or (not table.db and table.name.casefold() in names):
            continue
        found = next((name for name, node in read.items() if _is_of(table, node)), None)
        if found is None:
            raise _Refused(
                f"it reads {table.sql()}, which is neither a ref nor a source", "name it by ref() or source()"
            )
        for column in list(tree.find_all(exp.Column)):
            if column.db and column.table == table.name:  # db.schema.table.column
                column.set("db", None)
                column.set("catalog", None)
        alias = table.args.get("alias") or exp.TableAlias(this=table.this.copy())
        stand_in = exp.to_table(tables[found])
        for arg in ("joins", "pivots", "sample", "laterals"):
            if table.args.get(arg):
                stand_in.set(arg, table.args[arg])
        stand_in.set("alias", alias)
        table.replace(stand_in)


def _is_of(table: exp.Table, node: Node) -> bool:
    name = node.identifier or node.name
    if node.config.get("materialized") == "ephemeral":
        return not table.db and table.name == EPHEMERAL + name
    return (
        table.name.casefold() == name.casefold()
        and table.db.casefold() == node.schema.casefold()
        and (not table.catalog or not node.database or table.catalog.casefold() == node.database.casefold())
    )


def _input(parent: Node, table: str, node: Node, lineage: Lineage) -> Input:
    """A relation that the model reads, with the columns that it has.

    Raises:
        _Refused: not all of its columns are known, or no type of DuckDB stands for one of theirs.
    """
    known = lineage.nodes.get(parent.unique_id)
    hint = "build it, so that the warehouse can tell, or give its columns a data_type in its YAML"
    if known is None or not known.columns:
        raise _Refused(f"the columns of {parent.name} are not known", hint)
    if not known.is_complete and known.known_from != "yaml":
        raise _Refused(f"the columns of {parent.name} are not all known", hint)
    given = "this" if parent.unique_id == node.unique_id else _given(parent, node)
    needs_sql = given == "this" or parent.config.get("materialized") == "ephemeral"
    return Input(table, given, tuple(_columns(known, lineage.dialect, hint)), needs_sql)


def _columns(known: NodeLineage, dialect: str, hint: str) -> Iterator[InputColumn]:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    seen: set[str] = set()
    for column in known.columns:
        if column.name.lower() in seen:
            raise _Refused(f"{known.name} has several columns that are called {column.name.lower()!r}")
        seen.add(column.name.lower())
        if not column.data_type:
            raise _Refused(f"the type of {known.name}.{column.name} is not known", hint)
        try:
            kind = exp.DataType.build(column.data_type, dialect=dialect or None, udt=True)
        except SqlglotError as error:
            raise _Refused(
                f"the type of {known.name}.{column.name} is not known: {column.data_type}"
            ) from error
        yield InputColumn(column.name, kind.sql("duckdb"))


def _given(parent: Node, node: Node) -> str:
    """How dbt's YAML names an input."""
    if parent.resource_type == "source":
        return f"source({_quoted(parent.source_name)}, {_quoted(parent.name)})"
    package = f"{_quoted(parent.package)}, " if parent.package != node.package else ""
    version = parent.raw.get("version")
    suffix = "" if version is None else f", v={version if isinstance(version, int) else _quoted(version)}"
    return f"ref({package}{_quoted(parent.name)}{suffix})"


def _quoted(name: object) -> str:
    return "'" + str(name).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _in_duckdb(tree: exp.Query, dialect: str) -> exp.Query:
    """The query in DuckDB's words.

    Raises:
        _Refused: something of it cannot be said there.
    """
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        text = tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE, comments=False)
    except SqlglotError as error:
        raise _Refused(f"DuckDB, which works out the expected rows, knows no such SQL: {error}") from error
    parsed = parse_sql(text, "duckdb")
    if parsed.tree is None:
        raise _Refused(f"its SQL does not carry over from {dialect}: {parsed.problems[0].message}")
    return parsed.tree


def _digest(tree: exp.Query, inputs: tuple[Input, ...], macros: Mapping[str, Any]) -> str:
    plain = [replace(item, table="") for item in inputs]
    text = repr((DRAFTER_VERSION, tree.sql("duckdb"), plain, sorted(macros.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
