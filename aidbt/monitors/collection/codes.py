"""Which columns hold codes: few short values, each of several rows, none of them about a person. No I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.schema import Column
from aidbt.monitors.collection.reading import Answer
from aidbt.monitors.collection.statement import TOP_VALUES, only_refers
from aidbt.monitors.collection.targets import Target
from aidbt.store.buckets import Series
from aidbt.warehouse.pii import guess_pii
from aidbt.warehouse.sampling import kind_of

# A code is one word or a few short ones; anything longer may be about a person.
_CODE = re.compile(r"\w[\w./+&-]*( [\w./+&-]+){0,2}", re.UNICODE)
_LONGEST_CODE = 30
# A value that stands for a group of rows has several of them.
_ROWS_PER_CODE = 5
_KNOWN_FROM = 30  # buckets


def code_columns(target: Target, answer: Answer) -> tuple[str, ...]:
    """The columns that hold codes, as far as their distinct values tell: few in every bucket, each of several
    rows. Those that are declared to be codes are among them.
    """
    names = [c.name for c in target.columns if _may_be_code(target, c)]
    return tuple(
        name
        for name in names
        if name in target.codes or is_code(_pairs(answer, name), most=TOP_VALUES, each=_ROWS_PER_CODE)
    )


def is_code(found: Sequence[tuple[float, float]], *, most: int, each: int) -> bool:
    """Whether (rows, distinct values) of some buckets are those of a column of codes."""
    filled = [(rows, distinct) for rows, distinct in found if rows > 0]
    if not filled or max(distinct for _, distinct in filled) > most:
        return False
    return sum(rows for rows, _ in filled) >= each * sum(distinct for _, distinct in filled)


def _may_be_code(target: Target, column: Column) -> bool:
    if column.name in target.private or column.name in target.keys:
        return False
    kind = kind_of(column.data_type)
    if column.name in target.codes:
        return kind in ("text", "integer")
    return kind == "text" or (kind == "integer" and not only_refers(column.name))


def _pairs(answer: Answer, name: str) -> list[tuple[float, float]]:
    """(rows that are not null, distinct values) of each bucket that has any."""
    found = []
    for facts in answer.facts.values():
        filled = facts.get(("rows", ""), 0.0) - facts.get(("nulls", name), 0.0)
        if filled:
            found.append((filled, facts.get(("distinct", name), math.inf)))
    return found


def without_private(target: Target, answer: Answer) -> Answer:
    """The answer without values that are no short codes, or personal data after all."""
    kept = {name for name in _names(answer) if _is_telling(target, name, answer)}
    shares = {
        start: {name: values for name, values in found.items() if name in kept}
        for start, found in answer.shares.items()
    }
    return replace(answer, shares=shares)


def _names(answer: Answer) -> set[str]:
    return {name for found in answer.shares.values() for name in found}


def _is_telling(target: Target, name: str, answer: Answer) -> bool:
    values = {value for found in answer.shares.values() for value in found.get(name, ())}
    if not all(len(value) <= _LONGEST_CODE and _CODE.fullmatch(value) for value in values if value):
        return False
    column = target.relation.column(name)
    siblings = target.relation.column_names
    return column is not None and not (
        guess_pii(column, sorted(values), table=target.relation.name, siblings=siblings)
    )


def known_codes(target: Target, series: Series | None) -> tuple[str, ...] | None:
    """The columns that held codes in the last buckets; None where nothing was measured yet."""
    if series is None:
        return None
    rows = series.fact("rows")  # a bucket of a run of dbt has none
    counted = [place for place, number in enumerate(rows) if not math.isnan(number)]
    if not counted:
        return None
    recent = Answer(
        facts={
            series.starts[place]: {
                key: float(value)
                for key, n in series.keys.items()
                if key[0] in ("rows", "nulls", "distinct")
                and not math.isnan(value := series.values[place, n])
            }
            for place in counted[-_KNOWN_FROM:]
        }
    )
    return code_columns(target, recent)
