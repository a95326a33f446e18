"""From decided mappings to the texts of dbt files: sources, staging models, their tests and docs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aidbt.core.loads import LOADED_AT, LOADS_LOADED_AT, LOADS_TABLE
from aidbt.core.schema import MappedColumn, MappedTest, Mapping, Target
from aidbt.generate.data_tests import by_column, test_lines
from aidbt.generate.naming import Layout
from aidbt.generate.staging import staging_sql
from aidbt.generate.templates import render
from aidbt.project.conventions import snake_case
from aidbt.sql.identifiers import quote_identifier


@dataclass(frozen=True, slots=True)
class StagedTable:
    """One table to write files for: its decisions and how its source is declared.

    Attributes:
        schema, identifier: where the table stands in the warehouse.
        source_table: its name in the source's YAML.
        model: the name of its staging model.
        loads: whether it is append-only bronze with load columns.
        declared_elsewhere: whether a person's YAML declares it already.
    """

    mapping: Mapping
    schema: str
    identifier: str
    source_table: str
    model: str
    loads: bool
    declared_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the texts depend on besides the decisions."""

    layout: Layout
    dialect: str
    nested_arguments: bool
    freshness_warn_hours: int


def render_files(
    tables: Iterable[StagedTable], targets: dict[str, Target], options: Rendering
) -> dict[str, str]:
    """Every generated dbt file by its path; the same decisions give the same bytes."""
    staged = [table for table in sorted(tables, key=lambda t: t.model) if table.mapping.selected()]
    texts: dict[str, str] = {}
    for source in sorted({table.mapping.source for table in staged}):
        members = [table for table in staged if table.mapping.source == source]
        sources = sources_yaml(source, members, options)
        if sources:
            texts[options.layout.sources_file(source)] = sources
        for table in members:
            path = options.layout.model_file(source, table.model)
            texts[path] = staging_sql(
                table.mapping, source_table=table.source_table, loads=table.loads, dialect=options.dialect
            )
        texts[options.layout.models_file(source)] = models_yaml(members, staged, targets, options)
    return texts


def sources_yaml(source: str, tables: list[StagedTable], options: Rendering) -> str | None:
    """The YAML that declares a source's tables, or None when a person's YAML declares them all.

    Freshness is asked only of tables with a load-time column: nothing else says when data arrived.
    """
    own = [table for table in tables if not table.declared_elsewhere]
    if not own:
        return None
    entries = [
        {
            "name": table.source_table,
            "identifier": table.identifier if table.identifier != table.source_table else "",
            "loads": table.loads,
        }
        for table in sorted(own, key=lambda t: t.source_table)
    ]
    loads = {"table": LOADS_TABLE, "loaded_at": LOADED_AT, "table_loaded_at": LOADS_LOADED_AT}
    return render(
        "dbt/sources.yml.jinja",
        name=source,
        description=f"Raw tables of {source}, as they were landed.",
        schema=own[0].schema,
        tables=entries,
        loads=loads if any(table.loads for table in own) else None,
        warn_hours=options.freshness_warn_hours,
    )


def models_yaml(
    tables: list[StagedTable], staged: list[StagedTable], targets: dict[str, Target], options: Rendering
) -> str:
    """The YAML with the descriptions, types and data tests of a source's staging models."""
    by_key = {table.mapping.key: table for table in staged}

    def ref(test: MappedTest) -> tuple[str, str] | None:
        parent = by_key.get(test.to)
        if parent is None:
            return None
        field = next(
            (c.target for c in parent.mapping.selected() if c.is_passthrough and c.sources[0] == test.field),
            None,
        )
        return (parent.model, field) if field else None

    models = []
    for table in tables:
        target = targets.get(table.mapping.target or "")
        tests = by_column(table.mapping.tests)
        columns = []
        for column in table.mapping.selected():
            lines = [
                test_lines(test, ref=ref, nested_arguments=options.nested_arguments)
                for test in tests.get(column.target, ())
            ]
            columns.append(
                {
                    "name": column.target,
                    "description": column_description(column, target),
                    "data_type": column_type(column, target),
                    "quote": quote_identifier(column.target, options.dialect) != column.target,
                    "tests": [item for item in lines if item],
                }
            )
        models.append(
            {"name": table.model, "description": model_description(table, target), "columns": columns}
        )
    return render("dbt/models.yml.jinja", models=models)


def model_description(table: StagedTable, target: Target | None) -> str:
    """The target's own description, else what the model is in one sentence."""
    batch = " (the latest complete load)" if table.loads else ""
    made_from = f"{table.mapping.key}{batch}"
    if target and target.description:
        return f"{' '.join(target.description.split())} From {made_from}."
    return f"Staged {snake_case(table.mapping.table).replace('_', ' ')} from {made_from}."


def column_description(column: MappedColumn, target: Target | None) -> str:
    """The target's description, else where a renamed column comes from; "" when its name says it all."""
    declared = next((c for c in target.columns if c.name == column.target), None) if target else None
    if declared and declared.description:
        return " ".join(declared.description.split())
    if column.sources and column.sources != (column.target,):
        return f"From {', '.join(f'`{name}`' for name in column.sources)}."
    return ""


def column_type(column: MappedColumn, target: Target | None) -> str:
    """The column's type in the staging model, lower case; "" when it is not known."""
    if column.cast:
        return column.cast
    if column.expression is None and column.source_type:
        return column.source_type.lower()
    declared = next((c for c in target.columns if c.name == column.target), None) if target else None
    return declared.data_type.lower() if declared else ""
