"""Which time rows are dated by, as instructions tell: "Truncate scheduled_for to month for aggregation"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aidbt.semantic.english.instructions.definition_times import time_named
from aidbt.semantic.english.instructions.parsed import statements
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, Grain, InPeriod, SemanticQuery, parts

_UNIT = "day|week|month|quarter|year"
_TRUNCATE = re.compile(
    rf"^(?:always |please )*truncate (?:the )?(?P<time>\w+(?: \w+)?) to (?:the )?(?P<unit>{_UNIT})s?\b", re.I
)
_DATED = re.compile(
    rf"^(?:all )?(?P<rows>[\w ]+?) (?:is|are) (?:always )?(?:dated|counted|reported|assigned to "
    rf"(?:an? |the )?(?:{_UNIT}|period)s?)(?: (?:in|for) (?:an? |the )?(?:{_UNIT}|period))?"
    r" (?:by|on|according to) (?:the |their |its )?(?P<time>\w+(?: \w+)?)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ToldTime:
    """A column that rows of a table are dated by, where they are cut to a length of time, or always."""

    table: str
    column: str
    unit: Grain | None = None


def told_times(text: str, graph: Graph) -> Iterator[ToldTime]:
    """The times that instructions date rows by, each a column of one table alone.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn, GraphTable
        >>> visits = GraphTable("visits", (GraphColumn("booked_at", "time"), GraphColumn("begun_at", "time")))
        >>> [told.column for told in told_times("Truncate booked_at to month.", Graph((visits,)))]
        ['booked_at']
    """
    for statement in statements(text):
        match = _TRUNCATE.match(statement) or _DATED.match(statement)
        if match is None:
            continue
        unit = match.groupdict().get("unit")
        times = [(table.name, time_named(table, match["time"])) for table in graph.tables]
        owners = [(table, column) for table, column in times if column]
        if len(owners) == 1:
            yield ToldTime(*owners[0], Grain(unit.lower()) if unit else None)


def dated_as_told(text: str, query: SemanticQuery, graph: Graph) -> Graph:
    """A graph whose tables have the times that instructions tell; the same one where they change nothing."""
    told = {one.table: one for one in told_times(text, graph) if _goes_by_another(one, query, graph)}
    if not told:
        return graph
    tables = (replace(t, time=told[t.name].column) if t.name in told else t for t in graph.tables)
    return Graph(tuple(tables), graph.relationships)


def _goes_by_another(told: ToldTime, query: SemanticQuery, graph: Graph) -> bool:
    """Whether rows of a query are dated by what their table is by default, where another time is told."""
    default = graph.table(told.table).time
    place = (told.table, default)
    if not default or default == told.column:
        return False
    nodes = [*parts(query), *(parts(query.source) if query.source is not None else ())]
    dated = [node for node in nodes if isinstance(node, Attribute) and (node.table, node.column) == place]
    if told.unit is not None:
        return any(node.grain == told.unit for node in dated)
    periods = [node.term for node in nodes if isinstance(node, InPeriod)]
    return any(node.grain is not None or node in periods for node in dated)
