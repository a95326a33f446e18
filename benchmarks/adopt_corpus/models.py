"""The SQL of staging models, and of the intermediate models and marts above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks.adopt_corpus.styles import FIVETRAN, Style
from benchmarks.adopt_corpus.tables import Column, Table, plural


@dataclass(frozen=True, slots=True)
class Downstream:
    """An intermediate model or a mart: one row per row of `table`."""

    name: str
    folder: str
    yaml: str
    sql: str
    table: Table
    columns: tuple[str, ...]


def staging_sql(style: Style, table: Table) -> str:
    if table.odd == "sql":  # whoever wrote this one came from another team
        style = replace(style, upper=not style.upper, leading_commas=not style.leading_commas)
    below, fields = source_call(table), ""
    if style.name == FIVETRAN.name:
        below = ref_call(tmp_model(table))
        fields = f"{{{{ fill_staging_columns({columns_macro(table)}()) }}}}"
    return style.render(style.staging_sql, below=below, fields=fields, columns=_select_list(style, table))


def _select_list(style: Style, table: Table) -> str:
    """The columns with their aliases, below a comment for each group where the team has groups."""
    if not style.groups:
        return style.listed(_items(style, table.kept), 2)
    pad = " " * (2 * style.indent)
    blocks: list[str] = []
    for title, kinds in style.groups.items():
        block = style.listed(_items(style, [column for column in table.kept if column.kind in kinds]), 2)
        if style.leading_commas and blocks:
            block = f"{pad}, {block.lstrip()}"
        blocks.append(f"{pad}---------- {title}\n{block}")
    return ("\n\n" if style.leading_commas else ",\n\n").join(blocks)


def _items(style: Style, columns: Iterable[Column]) -> list[str]:
    return [style.aliased(column.expression, column.name or "") for column in columns]


def source_call(table: Table) -> str:
    return f"{{{{ source('{table.source}', '{table.name}') }}}}"


def ref_call(model: str) -> str:
    return f"{{{{ ref('{model}') }}}}"


def tmp_model(table: Table) -> str:
    return f"{table.model}_tmp"


def columns_macro(table: Table) -> str:
    return f"get_{table.source}_{table.entity}_columns"


def intermediate_models(style: Style, tables: Sequence[Table], count: int) -> list[Downstream]:
    """Each joins a table with the one it refers to."""
    # Every source has a first one before any has a second.
    by_place = sorted(range(len(tables)), key=lambda place: place % style.tables_per_source)
    by_entity = {(table.source, table.entity): table for table in tables}
    models = []
    for table in (tables[place] for place in by_place[:count]):
        reference = next(column for column in table.columns if column.refers_to)
        parent = by_entity[table.source, str(reference.refers_to)]
        words = {**_words(table), "parent": parent.entity, "parents": parent.name}
        name, folder = style.intermediate.format(**words), style.intermediate_folder.format(**words)
        own, borrowed = [column.name or "" for column in table.kept], f"{parent.entity}_name"
        sql = style.join(
            table.entity,
            parent.entity,
            one_model=ref_call(table.model),
            other_model=ref_call(parent.model),
            columns=style.listed(
                [f"{table.entity}.{one}" for one in own] + [f"{parent.entity}.{borrowed}"], 1
            ),
            reference=str(reference.name),
            key=parent.key,
        )
        models.append(
            Downstream(name, folder, f"_{table.source}__intermediate.yml", sql, table, (*own, borrowed))
        )
    return models


def mart_models(
    style: Style, tables: Sequence[Table], middle: Sequence[Downstream], count: int
) -> list[Downstream]:
    """Facts over intermediate models, and as many dimensions over staging models."""
    facts = middle[: count // 2]
    dimensions = tables[:: max(1, len(tables) // (count - len(facts)))][: count - len(facts)]
    below = [
        ("dim", table, table.model, [column.name or "" for column in table.kept]) for table in dimensions
    ]
    below += [("fct", model.table, model.name, list(model.columns)) for model in facts]
    models = []
    for number, (kind, table, model, names) in enumerate(below):
        # A mart shows most of what is below it, always with the key.
        kept = [name for place, name in enumerate(names) if name == table.key or (place + number) % 5]
        sql = style.final(below=ref_call(model), columns=style.listed(kept, 2))
        name, folder = (text.format(**_words(table)) for text in (style.mart[kind], style.marts_folder))
        models.append(Downstream(name, folder, f"_{table.source}__marts.yml", sql, table, tuple(kept)))
    return models


def _words(table: Table) -> dict[str, str]:
    return {
        "source": table.source,
        "table": table.name,
        "tables": plural(table.entity),
        "entity": table.entity,
    }
