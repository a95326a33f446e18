"""Proposals about dates and times: put together from parts, taken apart, written in another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.schema import Column
from aidbt.core.types import type_family
from aidbt.mapping.transforms.ground import Ground, related, stems
from aidbt.mapping.transforms.judge import Proposal
from aidbt.mapping.transforms.numbers import integer, read_number
from aidbt.mapping.transforms.times import (
    as_time,
    date_as_digits,
    date_of_digits,
    date_of_parts,
    date_part,
    epoch_of,
    has_time_of_day,
    timestamp_of,
    timestamp_of_epoch,
    timestamp_of_parts,
)
from aidbt.mapping.transforms.value import Value, column_value
from aidbt.warehouse.words import words_of

_ROLES = {
    "year": frozenset({"year", "yr", "yyyy"}),
    "month": frozenset({"month", "mon", "mth", "mm"}),
    "day": frozenset({"day", "dd", "dom", "mday"}),
    "hour": frozenset({"hour", "hr", "hh"}),
    "minute": frozenset({"minute", "min", "mi"}),
    "second": frozenset({"second", "sec", "ss"}),
}
_TIME_WORDS = frozenset({"time", "date", "datetime", "timestamp", "ts", "dt", "tm", "utc", "epoch", "unix"})
_OF_CLOCK = frozenset({"time", "hhmm", "tm", "clock"})
_DIGITS = frozenset({"key", "ymd", "yyyymmdd", "sk"})
_ORDERS = ("YYYYMMDD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY", "YYYY/MM/DD")
_EPOCHS = {"seconds": (100_000_000, 4_000_000_000), "milliseconds": (100_000_000_000, 4_000_000_000_000)}
_LIKELY, _POSSIBLE = 0.45, 0.3
_MOST = 0.95
_CLOCKS = 3


def date_proposals(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    """Every proposal of this module for one target column."""
    wanted = _wanted(target)
    if wanted in ("date", "timestamp"):
        yield from _from_parts(ground, target, sources, wanted)
        for source in sources:
            yield from _from_digits(ground, target, source)
    if wanted == "timestamp":
        yield from _from_date_and_time(ground, target, sources)
        for source in sources:
            yield from _from_epoch(ground, target, source)
    for source in sources:
        if type_family(source.data_type) in ("date", "timestamp"):
            yield from _taken_apart(ground, target, source, sources, wanted)


def _wanted(target: Column) -> str:
    """ "date", "timestamp" or another family: what the target declares, else what its name says."""
    declared = type_family(target.data_type)
    if declared != "other" or target.data_type:
        return declared
    words = target.name.lower()
    if words.endswith(("_at", "timestamp", "_ts", "datetime")):
        return "timestamp"
    return "date" if words.endswith(("date", "_on", "_dt")) else "other"


def _about(name: str) -> tuple[str, ...]:
    """What a column with a date or a part of one is about: its words without those of dates."""
    parts = frozenset().union(*_ROLES.values())
    return tuple(word for word in stems(name) if word not in _TIME_WORDS and word not in parts)


def _is_about(source: str, target: str) -> float:
    """1 where both are about the same, 0.5 where one does not say, else 0."""
    left, right = _about(source), _about(target)
    if not left or not right:
        return 1.0 if left == right else 0.5
    return 1.0 if related(left, right) >= 0.5 else 0.0


def _prior(likeness: float) -> float:
    return {1.0: _LIKELY, 0.5: 0.4}.get(likeness, 0.0)


# --- many to one ----------------------------------------------------------------------------------------


def _from_parts(ground: Ground, target: Column, sources: Sequence[Column], wanted: str) -> Iterator[Proposal]:
    for about, roles in _part_groups(sources).items():
        if not {"year", "month", "day"} <= roles.keys():
            continue
        likeness = _is_about("_".join(about), target.name)
        calendar = [column_value(roles[role], ground.dialect) for role in ("year", "month", "day")]
        names = ", ".join(roles[role].name for role in ("year", "month", "day"))
        if wanted == "date":
            reason = f"{names} are the parts of a date"
            yield Proposal("date parts", date_of_parts(*calendar), target, _prior(likeness), reason)
            continue
        for clock in _clocks(ground, roles, sources, target):
            values = [column_value(column, ground.dialect) for column in clock]
            reason = f"{names} and {', '.join(c.name for c in clock)} are the parts of a time"
            prior = max(_prior(likeness), _prior(_is_about(clock[0].name, target.name)) if clock else 0.0)
            yield Proposal("date parts", timestamp_of_parts(*calendar, clock=values), target, prior, reason)


def _part_groups(sources: Sequence[Column]) -> dict[tuple[str, ...], dict[str, Column]]:
    """Columns that are parts of the same date, by what it is about and by role."""
    groups: dict[tuple[str, ...], dict[str, Column]] = {}
    for column in sources:
        if type_family(column.data_type) not in ("integer", "number", "text", "other"):
            continue
        roles = [role for role, words in _ROLES.items() if words & set(stems(column.name))]
        if len(roles) == 1:
            groups.setdefault(_about(column.name), {}).setdefault(roles[0], column)
    return groups


def _clocks(
    ground: Ground, roles: dict[str, Column], sources: Sequence[Column], target: Column
) -> Iterator[list[Column]]:
    """The times of day that go with a date's parts: numbers that read as hhmm first, since an hour and a
    minute beside them are most often made of those.
    """
    compact = [c for c in sources if c not in roles.values() and _is_hhmm(ground, c)]
    for column in sorted(compact, key=lambda c: -related(stems(c.name), stems(target.name)))[:_CLOCKS]:
        yield [column]
    if {"hour", "minute"} <= roles.keys():
        yield [roles[role] for role in ("hour", "minute", "second") if role in roles]


def _is_hhmm(ground: Ground, column: Column) -> bool:
    """Whether a number's name and values let it be a time of day such as 515 for 05:15."""
    words = set(stems(column.name))
    if type_family(column.data_type) not in ("integer", "number") or not words & _OF_CLOCK:
        return False
    numbers = [
        found for value in ground.source.values(column.name) if (found := read_number(value)) is not None
    ]
    fitting = sum(0 <= found <= 2400 and found % 100 < 60 for found in numbers)
    return fitting >= _MOST * len(numbers)


def _from_date_and_time(ground: Ground, target: Column, sources: Sequence[Column]) -> Iterator[Proposal]:
    days = [c for c in sources if type_family(c.data_type) == "date"]
    times = [
        c
        for c in sources
        if type_family(c.data_type) == "time"
        or (type_family(c.data_type) == "text" and set(stems(c.name)) & _OF_CLOCK)
    ]
    for day in days:
        for time in times:
            likeness = min(_is_about(day.name, target.name), _is_about(time.name, target.name))
            same = _is_about(day.name, time.name)
            value = timestamp_of(column_value(day, ground.dialect), column_value(time, ground.dialect))
            reason = f"{day.name} is a date and {time.name} a time of day"
            yield Proposal("date and time", value, target, _prior(min(likeness, same)), reason)


# --- one to many ----------------------------------------------------------------------------------------


def _taken_apart(
    ground: Ground, target: Column, source: Column, sources: Sequence[Column], wanted: str
) -> Iterator[Proposal]:
    value = column_value(source, ground.dialect)
    if value.family not in ("date", "timestamp"):
        return  # an instant: its date depends on the session's time zone
    only = sum(type_family(c.data_type) in ("date", "timestamp") for c in sources) == 1
    likeness = max(_is_about(source.name, target.name), 0.5 if only else 0.0)
    for says, kind, part in _parts_wanted(value, target, wanted, ground.dialect):
        yield Proposal(
            kind, part, target, _prior(likeness), f"{target.name} could be {says} of {source.name}"
        )


def _parts_wanted(
    value: Value, target: Column, wanted: str, dialect: str
) -> Iterator[tuple[str, str, Value]]:
    """(in words, kind, value) of what the target's name and type let it be."""
    words = set(stems(target.name))
    if wanted in ("integer", "number", "text", "other"):
        for role in ("year", "month", "day", "hour", "minute"):
            is_there = value.family == "timestamp" or role in ("year", "month", "day")
            if words & _ROLES[role] and is_there:
                yield f"the {role}", "date part", date_part(value, role)
        if set(words_of(target.name)) & _DIGITS and wanted in ("integer", "text"):
            digits = date_as_digits(value)
            yield "the digits", "date key", integer(digits) if wanted == "integer" else digits
        if words & {"epoch", "unix"} and wanted == "integer" and value.family == "timestamp":
            yield "the seconds since 1970 (UTC)", "epoch", epoch_of(value)
    if value.family == "timestamp" and wanted == "time" and has_time_of_day(dialect):
        yield "the time of day", "time of timestamp", as_time(value)


# --- one to one -----------------------------------------------------------------------------------------


def _from_digits(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    """Dates in a fixed order of digits; where two orders fit, both are proposed and neither is likely."""
    value = column_value(source, ground.dialect)
    if value.family not in ("text", "integer"):
        return
    if _are_eight_digits(source, ground) and (source.name, target.name) in ground.matched:
        reason = f"the values of {source.name} have eight digits, as dates written YYYYMMDD"
        yield Proposal("date text", date_of_digits(value, "YYYYMMDD"), target, _LIKELY, reason)
        return
    orders = [order for order in _ORDERS if _are_dates(value, order, ground)]
    likeness = _is_about(source.name, target.name) if _about(target.name) or _speaks_of_time(source) else 0.0
    for order in orders:
        reason = f"the values of {source.name} read as dates in the order {order}"
        if len(orders) > 1:
            reason += ", and in another order too"
        prior = min(_prior(likeness), _POSSIBLE if len(orders) > 1 else 1.0)
        yield Proposal("date text", date_of_digits(value, order), target, prior, reason)


def _are_eight_digits(source: Column, ground: Ground) -> bool:
    """Whether the profile says so of a text whose values are not at hand."""
    figures = ground.source.profile.column(source.name) if ground.source.profile else None
    return (
        figures is not None
        and not ground.source.values(source.name)
        and figures.min_length == figures.max_length == 8
        and figures.formats.get("integer", 0.0) >= _MOST
    )


def _are_dates(value: Value, order: str, ground: Ground) -> bool:
    (name,) = value.columns
    values = ground.source.values(name)
    if not values or any(len(read.strip()) != len(order) for read in values[:5]):
        return False
    date_of = date_of_digits(value, order).of
    dates = [date_of({name: read}) for read in values]
    # Eight digits of a number can be anything: a year of our time has to come first.
    read = [found for found in dates if found is not None and "1900" <= found[:4] <= "2100"]
    return len(read) >= _MOST * len(values)


def _speaks_of_time(column: Column) -> bool:
    return bool(set(stems(column.name)) & _TIME_WORDS) or column.name.lower().endswith(("_at", "_on"))


def _from_epoch(ground: Ground, target: Column, source: Column) -> Iterator[Proposal]:
    if type_family(source.data_type) not in ("integer", "number"):
        return
    quantiles = ground.source.quantiles(source.name)
    for unit, (low, high) in _EPOCHS.items():
        if quantiles and low <= quantiles[0] and quantiles[-1] <= high:
            value = timestamp_of_epoch(column_value(source, ground.dialect), unit)
            reason = f"{source.name} holds numbers that read as {unit} since 1970"
            likeness = _is_about(source.name, target.name) if _speaks_of_time(source) else 0.0
            yield Proposal("epoch", value, target, _prior(likeness), reason)
