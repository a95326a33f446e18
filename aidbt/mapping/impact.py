"""How much hangs on what waits for a person: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidbt.mapping.waiting import Impact, ReviewItem


@dataclass(frozen=True, slots=True)
class Downstream:
    """What is built on one staging model.

    Attributes:
        models: the SQL of every model that reads it, also through others, by name.
        rows: of its table; None where that is not known.
    """

    models: Dict[str, str]
    rows: int | None = None


NOTHING = Downstream({})


def by_impact(items: Sequence[ReviewItem], downstream: Dict[str, Downstream]) -> list[ReviewItem]:
    """The items with their impact, those on which most hangs first: by the models that name the column, then
    by those that read its model at all, then by the rows of its table. Of equals the order stays, columns
    before tests.

    A model names a column where its SQL has the column's name as a word; one that takes every column by `*`
    passes it on unnamed.

    Args:
        downstream: by "source.table"; a table that is not in it has nothing built on it.
    """
    told = [replace(item, impact=_impact(item, downstream.get(item.key, NOTHING))) for item in items]
    return sorted(told, key=lambda item: (bool(item.test), *_rank(item.impact)))


def _impact(item: ReviewItem, below: Downstream) -> Impact:
    name = re.compile(rf"(?<!\w){re.escape(item.column)}(?!\w)", re.IGNORECASE)
    named_in = sorted(model for model, sql in below.models.items() if name.search(sql))
    return Impact(tuple(named_in), len(below.models), below.rows)


def _rank(impact: Impact | None) -> tuple[int, int, int]:
    """What to sort by: the most first."""
    if impact is None:
        return 0, 0, 0
    return -len(impact.named_in), -impact.models, -(impact.rows or 0)
