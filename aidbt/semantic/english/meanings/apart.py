"""Whether two periods have no time in common."""

from __future__ import annotations

import datetime as dt

from aidbt.semantic.query import Clock, InPeriod
from aidbt.semantic.times import moment

# What two relative times are compared by, which come in the same order whenever they are asked for.
_ANY_CLOCK = Clock(dt.datetime(2024, 7, 17, 12))


def are_apart(one: InPeriod, other: InPeriod) -> bool:
    """Whether no time is in both of two periods of one column."""
    return one.term == other.term and (ends_before(one, other) or ends_before(other, one))


def ends_before(one: InPeriod, other: InPeriod) -> bool:
    """Whether a period is over when another begins: of two calendar times, or two seen from the clock."""
    end, start = one.end, other.start
    if end is None or start is None or (end.at is None) != (start.at is None):
        return False
    last, first = moment(end, _ANY_CLOCK), moment(start, _ANY_CLOCK)
    return last is not None and first is not None and last <= first
