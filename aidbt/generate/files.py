"""From decided mappings to dbt files: sources, staging models, their tests and docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aidbt.core.config import PropertyStyle
from aidbt.core.loads import LOADED_AT, LOADS_LOADED_AT, LOADS_TABLE
from aidbt.core.schema import MONITOR_TESTS, MappedColumn, MappedTest, Mapping, RowsRead, Target
from aidbt.generate.adoption.parents import StagedByPeople
from aidbt.generate.data_tests import by_column, test_value
from aidbt.generate.lock import decided_digest
from aidbt.generate.naming import Layout
from aidbt.generate.sql_style import SqlStyle
from aidbt.generate.staging import staging_sql, with_parent_s_rows
from aidbt.patching.yaml_style import Flow, YamlStyle, dump_yaml
from aidbt.project.conventions import LOADER_COLUMNS, snake_case
from aidbt.sql.identifiers import (
    escape_jinja,
    needs_quotes,
    plain_name,
    quote_identifier,
    quote_new_identifier,
    stored_name,
)


@dataclass(frozen=True, slots=True)
class StagedTable:
    """One table to write files for: its decisions and how its source is declared.

    Attributes:
        schema, identifier: where the table stands in the warehouse.
        source_table: its name in the source's YAML.
        model: the name of its staging model.
        loads: whether it is append-only bronze with load columns.
        base: the model with the rows of a change log as they are now; "" for any other table.
        declared_elsewhere: whether a person's YAML declares it already.
    """

    mapping: Mapping
    schema: str
    identifier: str
    source_table: str
    model: str
    loads: bool
    base: str = ""
    declared_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the texts depend on besides the decisions.

    Attributes:
        packages: the dbt packages that the project uses, by name.
        macros: whether the project holds our macros (`macros/aidbt/`).
        monitors: whether those of monitors are among them.
        loaders: what the YAML of a loader's source says besides its tables.
        quotes_schemas, quotes_tables: whether dbt quotes the schemas and the tables of sources.
    """

    layout: Layout
    dialect: str
    nested_arguments: bool
    properties: PropertyStyle = PropertyStyle()
    yaml: YamlStyle = YamlStyle()
    sql: SqlStyle | None = None
    packages: frozenset[str] = frozenset()
    macros: bool = False
    monitors: bool = False
    loaders: dict[str, dict[str, Any]] = field(default_factory=dict)
    quotes_schemas: bool = True
    quotes_tables: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One source table or one model in a property file.

    Attributes:
        path: the file.
        name: "source shop.users" or "model stg_shop__users".
        head: for a table, its source without tables; for a model, nothing.
        value: the table's or the model's properties, in dbt's key order.
        decided: the hash of the decisions behind it.
    """

    path: str
    name: str
    value: dict[str, Any]
    decided: str
    head: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """The SQL file of one staging model."""

    path: str
    text: str
    decided: str
    model: str


def staging_models(tables: Sequence[StagedTable], options: Rendering) -> list[Model]:
    """The SQL of every staging model; the same decisions give the same bytes."""
    by_key = {table.mapping.key: table.mapping for table in tables}
    return [
        Model(
            options.layout.model_file(table.mapping, table.model),
            staging_sql(
                with_parent_s_rows(table.mapping, by_key.get(table.mapping.parent)),
                source_table=table.source_table,
                dialect=options.dialect,
                loads=table.mapping.rows == "latest_batch",
                base=table.base,
                style=options.sql,
            ),
            decided_digest(
                table.mapping.selected(),
                with_parent_s_rows(table.mapping, by_key.get(table.mapping.parent)).row_rules,
                table.source_table,
                options.sql,
                *([table.base] if table.base else ()),
            ),
            table.model,
        )
        for table in tables
    ]


def test_entry(
    test: MappedTest,
    options: Rendering,
    ref: Callable[[MappedTest], tuple[str, str] | None] = lambda test: None,
) -> Any:
    """One data test as an item of a property file; None when the project cannot run it.

    Args:
        ref: as in `test_value`.
    """
    value = test_value(
        test,
        ref=ref,
        nested_arguments=options.nested_arguments,
        packages=options.packages,
        macros=options.macros,
        monitors=options.monitors,
        dialect=options.dialect,
    )
    return _with_short_lists(_with_short_arguments(value) if test.test in MONITOR_TESTS else value)


def _with_short_arguments(value: Any) -> Any:
    """A monitor with its one argument on one line: arguments: {event_time: ordered_at}."""
    if not isinstance(value, dict):
        return value
    return {
        name: {key: Flow(item) if isinstance(item, dict) else item for key, item in inner.items()}
        for name, inner in value.items()
    }


def property_entries(
    tables: Sequence[StagedTable],
    targets: dict[str, Target],
    options: Rendering,
    source_files: dict[str, str],
    others: Callable[[str], StagedByPeople | None] = lambda key: None,
    *,
    without: Collection[str] = (),
) -> list[Entry]:
    """Every entry of a property file that the tables need, in the order they are written.

    Args:
        source_files: the file of a source that the project declares itself, by source.
        others: the hand-written staging model of a table ("source.table"), or None.
        without: the keys of tables whose models are not there: their sources are declared, no more.
    """
    entries = []
    by_key = {table.mapping.key: table for table in tables if table.mapping.key not in without}
    style = (options.properties.model_dump(exclude_defaults=True), options.nested_arguments)
    for source in sorted({table.mapping.source for table in tables}):
        members = [table for table in tables if table.mapping.source == source]
        declared = [t for t in members if not t.declared_elsewhere and not t.mapping.items]
        own = sorted(declared, key=lambda t: t.source_table)
        path = source_files.get(source) or options.layout.sources_file(source)
        head = _source_head(source, own, options)
        for table in own:
            value = _source_table(table, options, has_loads=any(t.loads for t in own))
            described = [(c.sources, c.description) for c in table.mapping.columns if c.description]
            decided = decided_digest(
                [table.schema, table.identifier, table.source_table, table.loads, head.get("config")],
                [table.mapping.description, described],
                *([table.mapping.rows] if table.mapping.rows == "changes" else ()),
            )
            entries.append(Entry(path, f"source {source}.{table.source_table}", value, decided, head))
        rows = {table.mapping.rows for table in own if table.loads}
        if rows:
            has_only_logs = rows == {"changes"}
            decided = decided_digest(LOADS_TABLE, head.get("config"), *(rows if has_only_logs else ()))
            loads = _LOADS_OF_LOGS if has_only_logs else _LOADS_ENTRY
            entries.append(Entry(path, f"source {source}.{LOADS_TABLE}", loads, decided, head))
    for table in by_key.values():
        target = targets.get(table.mapping.target or "")
        value = _model(table, target, by_key, others, options)
        accepted = [test for test in table.mapping.tests if test.status == "accepted"]
        to = {test.to for test in accepted if test.test == "relationships"}
        gone = sorted(to & set(without))
        shortened = sorted(key for key in to if _lacks_rows(key, table.mapping, by_key, others))
        mapping = table.mapping
        facts = (mapping.key, mapping.selected(), accepted, mapping.description, target, style)
        decided = decided_digest(*facts, *([shortened] if shortened else ()), *([gone] if gone else ()))
        path = options.layout.models_file(table.mapping, table.model)
        entries.append(Entry(path, f"model {table.model}", value, decided))
    return entries


def property_file(entries: Sequence[Entry], options: Rendering) -> str:
    """The text of a whole property file that holds these entries and nothing else."""
    content: dict[str, Any] = {"version": 2} if options.properties.version else {}
    for entry in entries:
        if entry.head is None:
            content.setdefault("models", []).append(entry.value)
            continue
        sources = content.setdefault("sources", [])
        source = next((s for s in sources if s["name"] == entry.head["name"]), None)
        if source is None:
            source = {**entry.head, "tables": []}
            sources.append(source)
        source["tables"].append(entry.value)
    return dump_yaml(content, options.yaml)


_LOADS_ENTRY = {
    "name": LOADS_TABLE,
    "description": "One row per complete load, written in the same transaction as its rows.",
    "config": {"loaded_at_field": LOADS_LOADED_AT},
}


# A quiet table has no new rows: what is fresh or stale is the stream, whose position moves on with whatever
# the server writes, and with every load by cursor. A row without a source is a fence.
_STREAMED_AT = "select max(updated_at) from {{ this.schema }}._aidbt_streams where source <> ''"
_LOADS_OF_LOGS = {**_LOADS_ENTRY, "config": {"loaded_at_query": _STREAMED_AT}}


def _source_head(source: str, tables: Sequence[StagedTable], options: Rendering) -> dict[str, Any]:
    """The properties of a source besides its tables.

    Freshness is asked only of tables with a load-time column: nothing else says when data arrived.
    """
    schemas = Counter(table.schema for table in tables)
    head: dict[str, Any] = {
        "name": escape_jinja(source),
        "description": escape_jinja(f"Raw tables of {source}, as they were landed."),
    }
    if schemas:
        schema = schemas.most_common(1)[0][0]
        is_quoted = needs_quotes(schema, options.dialect)
        is_bare = not (options.quotes_schemas or is_quoted)
        head["schema"] = escape_jinja(plain_name(schema, options.dialect) if is_bare else schema)
        if is_quoted and not options.quotes_schemas:
            head["quoting"] = {"schema": True}
    if any(table.loads for table in tables):
        warn = Flow({"count": options.layout.settings.freshness_warn_hours, "period": "hour"})
        head["config"] = {"loaded_at_field": LOADED_AT, "freshness": {"warn_after": warn}}
        return head
    loader = next((name for table in tables if (name := loader_of(table.mapping)) in options.loaders), "")
    return {**head, **_with_short_dicts(options.loaders.get(loader, {}))}


def loader_of(mapping: Mapping) -> str:
    """The loader whose columns a table has, by the name of its prefix ("fivetran", "sdc"); "" for none."""
    names = [*mapping.unmapped, *(name for column in mapping.columns for name in column.sources)]
    return next((match[1].lower() for name in names if (match := LOADER_COLUMNS.match(name))), "")


def _with_short_dicts(value: dict[str, Any]) -> dict[str, Any]:
    """The values with what holds single values only on one line: {count: 1, period: day}."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(item, dict):
            found[key] = item
        elif any(isinstance(inner, dict | list) for inner in item.values()):
            found[key] = _with_short_dicts(item)
        else:
            found[key] = Flow(item)
    return found


def _source_table(table: StagedTable, options: Rendering, *, has_loads: bool) -> dict[str, Any]:
    value: dict[str, Any] = {"name": escape_jinja(table.source_table)}
    is_quoted = needs_quotes(table.identifier, options.dialect)
    is_bare = not (options.quotes_tables or is_quoted)
    read_as = plain_name(table.identifier, options.dialect) if is_bare else table.identifier
    if read_as != table.source_table:
        value["identifier"] = escape_jinja(read_as)
    if table.mapping.description:
        value["description"] = one_line(table.mapping.description)
    if is_quoted and not options.quotes_tables:
        value["quoting"] = {"identifier": True}
    if has_loads and not table.loads:
        value["config"] = {"freshness": None}
    elif table.loads and table.mapping.rows == "changes":
        value["config"] = {"loaded_at_query": _STREAMED_AT}
    columns = [
        {
            "name": escape_jinja(plain_name(column.sources[0], options.dialect)),
            "description": one_line(column.description),
        }
        for column in table.mapping.columns
        if column.description and len(column.sources) == 1
    ]
    return {**value, "columns": columns} if columns else value


def _is_moved(column: MappedColumn) -> bool:
    """Whether a column is its first source that is filled, so that it holds what each of them held."""
    written = (column.expression or "").casefold()
    return len(column.sources) > 1 and written.startswith("coalesce(") and written.endswith(")")


def one_line(text: str) -> str:
    """A text from outside as one line that dbt prints as it is: no line ends, no Jinja."""
    return escape_jinja(" ".join(text.split()))


def _model(
    table: StagedTable,
    target: Target | None,
    by_key: dict[str, StagedTable],
    others: Callable[[str], StagedByPeople | None],
    options: Rendering,
) -> dict[str, Any]:
    """The description, types and data tests of a staging model."""

    def ref(test: MappedTest) -> tuple[str, str] | None:
        parent = by_key.get(test.to)
        if parent is None:
            theirs = others(test.to)
            column = theirs.columns.get(test.field) if theirs is not None else None
            if theirs is None or column is None:
                return None
            if _lacks_rows(test.to, table.mapping, by_key, others):
                return _source(*theirs.source), quote_identifier(test.field, options.dialect)
            return _ref(theirs.model), column
        if _lacks_rows(test.to, table.mapping, by_key, others):
            is_log = bool(parent.base)
            source = _ref(parent.base) if is_log else _source(parent.mapping.source, parent.source_table)
            return source, quote_identifier(test.field, options.dialect)
        made = [c for c in parent.mapping.selected() if test.field in c.sources]
        field = next((c.target for c in made if c.is_passthrough or _is_moved(c)), None)
        return (_ref(parent.model), quote_new_identifier(field, options.dialect)) if field else None

    def value_of(test: MappedTest) -> Any:
        return test_entry(test, options, ref)

    names = [column.target for column in table.mapping.selected()]
    tests = by_column(table.mapping.tests, selected=names)
    columns = []
    for column in table.mapping.selected():
        stored = stored_name(column.target, options.dialect)
        is_quoted = needs_quotes(stored, options.dialect)
        entry: dict[str, Any] = {"name": escape_jinja(stored if is_quoted else column.target)}
        is_listed_anyway = options.properties.columns == "all"
        said = column_description(column, target, options.dialect)
        description = said if is_listed_anyway else _own(column, target)
        if description:
            entry["description"] = one_line(description)
        data_type = column_type(column, target)
        if data_type and options.properties.data_types:
            entry["data_type"] = data_type
        if is_quoted:
            entry["quote"] = True
        values = [value for test in tests.get(column.target, ()) if (value := value_of(test)) is not None]
        if values:
            entry[options.properties.tests_key] = values
        if options.properties.columns == "all" or values or description or "quote" in entry:
            columns.append(entry)
    model: dict[str, Any] = {
        "name": table.model,
        "description": one_line(model_description(table, target, options.dialect)),
    }
    of_model = [value for test in tests.get("", ()) if (value := value_of(test)) is not None]
    if of_model:
        model[options.properties.tests_key] = of_model
    return {**model, "columns": columns} if columns else model


def _lacks_rows(
    key: str,
    child: Mapping,
    by_key: dict[str, StagedTable],
    others: Callable[[str], StagedByPeople | None],
) -> bool:
    """Whether the staged parent lacks rows that the staged child may refer to.

    The test is of the source then: that is what was compared.
    """
    if key not in by_key:
        theirs = others(key)
        return theirs is not None and not theirs.has_every_row
    if child.items and child.parent == key:  # left out with the row they stand in
        return False
    rules = by_key[key].mapping.row_rules
    return any(rule.status == "accepted" and rule.rule != "latest_row" for rule in rules)


def _ref(model: str) -> str:
    return f"ref('{model}')"


def _source(source: str, table: str) -> str:
    return f"source('{source}', '{table}')"


def _with_short_lists(value: Any) -> Any:
    """A test with the lists among its arguments on one line."""
    if isinstance(value, dict):
        return {key: _with_short_lists(item) for key, item in value.items()}
    return Flow(value) if isinstance(value, list) else value


def model_description(table: StagedTable, target: Target | None, dialect: str) -> str:
    """The target's own description, else the source's, else what the model is in one sentence."""
    batch = _ROWS_SAID[table.mapping.rows]
    read = replace(table.mapping, table=plain_name(table.mapping.table, dialect))
    made_from = f"{read.key}{batch}"
    described = (target.description if target else "") or table.mapping.description
    if described:
        text = " ".join(described.split())
        return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} From {made_from}."
    return f"Staged {snake_case(table.mapping.staged_as).replace('_', ' ')} from {made_from}."


_ROWS_SAID: dict[RowsRead, str] = {
    "all": "",
    "latest_batch": " (the latest complete load)",
    "changes": " (its rows as they are now)",
}


def _own(column: MappedColumn, target: Target | None) -> str:
    """What somebody said of the column: the target's description, else the source's comment."""
    declared = next((c for c in target.columns if c.name == column.target), None) if target else None
    return (declared.description if declared else "") or column.description


def column_description(column: MappedColumn, target: Target | None, dialect: str) -> str:
    """The target's description, else the source's comment, else where a renamed column comes from; "" when
    its name says it all.
    """
    said = _own(column, target)
    if said:
        return said
    sources = [plain_name(name, dialect) for name in column.sources]
    if sources and sources != [column.target]:
        return f"From {', '.join(f'`{name}`' for name in sources)}."
    return ""


def column_type(column: MappedColumn, target: Target | None) -> str:
    """The column's type in the staging model, lower case; "" when it is not known."""
    if column.cast:
        return column.cast
    if column.expression is None and column.source_type:
        return column.source_type.lower()
    declared = next((c for c in target.columns if c.name == column.target), None) if target else None
    return declared.data_type.lower() if declared else ""
