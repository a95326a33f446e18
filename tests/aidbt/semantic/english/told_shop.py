"""Questions with instructions over the small shop."""

from __future__ import annotations

from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.reading import read
from aidbt.semantic.planning.planner import plan
from tests.aidbt.semantic.english.small_shop import CLOCK, connection, world


def told_rows(question: str, instructions: str) -> list[tuple[Any, ...]]:
    """The answer to a question with instructions, in its own order; numbers to four places."""
    graph, lexicon = world()
    query = read(question, graph, lexicon, CLOCK, instructions=instructions).query
    found = connection().execute(plan(query, graph).sql("duckdb", identify=True)).fetchall()
    return [tuple(_rounded(value) for value in row) for row in found]


def told_value(question: str, instructions: str) -> Any:
    """The one value of an answer."""
    (row,) = told_rows(question, instructions)
    return row[-1]


def told_refusal(question: str, instructions: str) -> Refused:
    """How a question with instructions is refused."""
    with pytest.raises(Refused) as caught:
        told_rows(question, instructions)
    return caught.value


def _rounded(value: Any) -> Any:
    is_number = not isinstance(value, bool | str) and hasattr(value, "__float__")
    return round(float(value), 4) if is_number else value
