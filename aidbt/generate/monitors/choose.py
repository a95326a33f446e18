"""Which monitors a table gets, as data tests: few and telling, from what it holds.

A table whose rows have an evident time gets its volume and its freshness, of its amounts one mean, and the
share of nulls of the keys and amounts that may be null. What is usual for them is learned from day to day and
stands in the warehouse; here is decided only what is watched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from aidbt.core.schema import ColumnProfile, MappedColumn, MappedTest, Mapping, TableProfile
from aidbt.core.types import type_family
from aidbt.project.conventions import column_kind, snake_case

# When a row came to be. What is named otherwise may change, or lie in the future, and then says nothing of
# how much came.
_BEGINS = re.compile(
    r"(^|_)(created|occurr?ed|happened|event|events?_time|ordered|placed|order|purchased?|transaction"
    r"|logged|recorded|received|requested|submitted|registered|signed_?up|started|sent|time|day|date"
    r"|timestamp|ts)(_|$)"
)
_CHANGES = re.compile(
    r"(^|_)(updated?|modified|changed|deleted|removed|cancell?ed|closed|ended|end|expir\w*|due|valid\w*|birth\w*"
    r"|dob|scheduled|planned|expected|estimated|next|last|renew\w*|shipped|delivered|paid|refunded|until|to)"
    r"(_|$)"
)
# With fewer rows, or fewer of them a day, or over a shorter time, nothing can be learned.
_FEWEST_ROWS = 200
_FEWEST_A_DAY = 2.0
_FEWEST_DAYS = 21
_MOST_NULL_RATES = 2


def with_monitors(mapping: Mapping, profile: TableProfile) -> Mapping:
    """The mapping with the monitors of its table, where its rows have an evident time."""
    known = {(test.column, test.test) for test in mapping.tests}
    new = [test for test in monitor_tests(mapping, profile) if (test.column, test.test) not in known]
    return replace(mapping, tests=(*mapping.tests, *new)) if new else mapping


def monitor_tests(
    mapping: Mapping, profile: TableProfile, *, time: MappedColumn | None = None
) -> list[MappedTest]:
    """Volume and freshness of the table, then of its columns; none without an evident time.

    Args:
        time: what people named as the time of its rows; None looks for an evident one.
    """
    if time is None:
        time = event_time(mapping, profile)
    elif not can_be_learned(time, profile):
        return []
    if time is None:
        return []
    name = time.target
    tests = [MappedTest(name, "volume", event_time=name), MappedTest(name, "freshness", event_time=name)]
    amount = _amount(mapping, profile)
    if amount is not None:
        tests.append(MappedTest(amount.target, "mean", event_time=name))
    nullable = [column.target for column in _nullable(mapping, profile, amount)]
    tests += [MappedTest(column, "null_rate", event_time=name) for column in nullable[:_MOST_NULL_RATES]]
    return tests


def event_time(mapping: Mapping, profile: TableProfile) -> MappedColumn | None:
    """The column that evidently says when a row came to be; None where none does, or two may.

    It is never null, spans some weeks, and is named for a beginning, or is the only time that there is.
    """
    if mapping.items or profile.row_count < _FEWEST_ROWS:
        return None
    times = [
        column
        for column in mapping.selected()
        if column.status == "accepted"
        and column.is_passthrough
        and (figures := profile.column(column.sources[0])) is not None
        and figures.role == "event_time"
        and type_family(column.cast or column.source_type) in ("date", "timestamp")
    ]
    possible = [c for c in times if _may_be_event_time(c, profile)]
    named = [c for c in possible if _BEGINS.search(snake_case(c.target))]
    if len(named) > 1:  # a moment says more than its day
        exact = [c for c in named if type_family(c.cast or c.source_type) == "timestamp"]
        created = [c for c in exact or named if re.search(r"(^|_)created(_|$)", snake_case(c.target))]
        named = created or exact or named
    if len(named) == 1:
        return named[0]
    return possible[0] if len(times) == 1 and possible else None


def _may_be_event_time(column: MappedColumn, profile: TableProfile) -> bool:
    figures = profile.column(column.sources[0])
    if figures is None or figures.null_rate > 0 or figures.pii or _CHANGES.search(snake_case(column.target)):
        return False
    return can_be_learned(column, profile)


def can_be_learned(time: MappedColumn, profile: TableProfile) -> bool:
    """Whether there are rows enough, for long enough by that time, to learn what is usual."""
    figures = profile.column(time.sources[0])
    days = _days(figures) if figures is not None else None
    if days is None or profile.row_count < _FEWEST_ROWS:
        return False
    return days >= _FEWEST_DAYS and profile.row_count / days >= _FEWEST_A_DAY


def _days(figures: ColumnProfile) -> float | None:
    """How many days a time column spans."""
    try:
        first, last = (
            datetime.fromisoformat(text).replace(tzinfo=None)
            for text in (figures.minimum or "", figures.maximum or "")
        )
    except ValueError:
        return None
    return (last - first).total_seconds() / 86_400


def _amount(mapping: Mapping, profile: TableProfile) -> MappedColumn | None:
    """The amount of money that says most of the table: the first that is named so and varies."""
    for column in mapping.selected():
        figures = profile.column(column.sources[0]) if column.is_passthrough else None
        if figures is None or figures.pii or column.status != "accepted" or figures.distinct_count < 2:
            continue
        if type_family(column.cast or column.source_type) in ("integer", "number") and column_kind(
            snake_case(column.target), column.cast or column.source_type
        ) in ("amount", "cents"):
            return column
    return None


def _nullable(mapping: Mapping, profile: TableProfile, amount: MappedColumn | None) -> Iterator[MappedColumn]:
    """References to other tables, then the amount, of which some are null, but not most."""
    references = {test.column for test in mapping.tests if test.test == "relationships"}
    tested = {test.column for test in mapping.tests if test.test == "not_null"}
    wanted = [c for c in mapping.selected() if c.target in references and c.status == "accepted"]
    for column in [*wanted, *([amount] if amount is not None else [])]:
        figures = profile.column(column.sources[0]) if column.is_passthrough else None
        if figures is not None and 0 < figures.null_rate < 0.5 and column.target not in tested:
            yield column
