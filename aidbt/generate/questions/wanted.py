"""Columns of declared targets that a plain cast would not carry over, read as what their rows prove.

The rows are counted by how their values are written, and no value leaves the warehouse: it works for personal
data too, of which the profile keeps none.
"""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, MappedColumn, Mapping, Target
from aidbt.core.types import is_plain_text, is_same_type, type_family
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions.meanings import COLUMN, KEEP, TEXTS, Looked, Meaning, Reading, meaning_of
from aidbt.generate.questions.settle import look
from aidbt.mapping.mapper import target_column
from aidbt.sql.identifiers import quote_identifier


def with_wanted_readings(
    mapping: Mapping, before: Mapping | None, table: RawTable, target: Target, ways: Ways, ask: Questions
) -> Mapping:
    """The mapping with an expression proposed for the columns whose cast would lose values that can be read
    in another way, such as `31.12.1999`.

    It waits for a person like the match did. Where the rows can be read in two ways, the note says which.

    Args:
        before: as it was read; what waited there already is not looked at again.
    """
    known = {column.target for column in before.columns} if before else set()
    waiting = {
        column.sources[0]: column
        for column in mapping.waiting()
        if column.target not in known and _is_text_to_be_cast(column, table)
    }
    if not waiting:
        return mapping
    read = [
        found
        for looked in look(table, list(waiting), ask, ways.dialect)
        if (found := _read(waiting[looked.column.name], target, looked, ways.conventions)) is not None
    ]
    readable = {column.target: column for column in _without_loss(read, target, table, ask)}
    return replace(mapping, columns=tuple(readable.get(column.target, column) for column in mapping.columns))


def _is_text_to_be_cast(column: MappedColumn, table: RawTable) -> bool:
    source = table.relation.column(column.sources[0]) if column.is_passthrough else None
    return column.needs_expression and source is not None and is_plain_text(source.data_type)


def _read(
    column: MappedColumn, target: Target, looked: Looked, rules: ConventionSettings
) -> MappedColumn | None:
    """The column read as what it seems to mean, or with a note of the ways; None for no way at all."""
    meaning = meaning_of(looked, rules)
    if meaning is None:
        return None
    wanted = target_column(target, column.target)
    ways = _ways_to(wanted, meaning)
    name = meaning.certain or meaning.recommended
    if name in ways:
        return replace(
            column,
            expression=_written(ways[name], looked),
            cast=None
            if is_same_type(ways[name].data_type, wanted.data_type, looked.dialect)
            else column.cast,
            note=meaning.evidence,
        )
    if not ways:
        return None
    said = " or ".join(f"{name}: {_written(reading, looked)}" for name, reading in ways.items())
    return replace(column, note=f"{column.note}; {TEXTS[meaning.pattern]}; {said}")


def _ways_to(wanted: Column, meaning: Meaning) -> dict[str, Reading]:
    """The readings that give what the target declares and lose no value."""
    family = type_family(wanted.data_type)
    return {
        name: reading
        for name, reading in meaning.readings.items()
        if name != KEEP and not name.endswith("_or_null") and type_family(reading.data_type) == family
    }


def _written(reading: Reading, looked: Looked) -> str:
    return (reading.expression or "").replace(COLUMN, quote_identifier(looked.column.name, looked.dialect))


def _without_loss(
    columns: list[MappedColumn], target: Target, table: RawTable, ask: Questions
) -> list[MappedColumn]:
    """Those of which every row keeps its value by the expression and the cast to what the target declares."""
    pairs = {
        column.target: (column.expression, target_column(target, column.target).data_type.lower())
        for column in columns
        if column.expression is not None
    }
    lost = ask.readings(table.relation, list(pairs.values())) if pairs else {}
    return [c for c in columns if c.target not in pairs or lost.get(pairs[c.target]) == 0]
