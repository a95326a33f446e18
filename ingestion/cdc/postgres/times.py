"""Dates and times of all years that PostgreSQL knows, from its text of them in DateStyle ISO."""

from __future__ import annotations

import re
from datetime import date

from ingestion.connectors.postgres.values import NotExact

DAY_US = 86_400_000_000
# What DuckDB stores for infinity; its negative is -infinity.
_HIGHEST_DAY, _HIGHEST_TIME = 2**31 - 1, 2**63 - 1
_FOUR_CENTURIES_DAYS = 146_097
_INSTANT = re.compile(
    r"(?P<year>\d{4,7})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?: (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?(?:\+00)?)?(?P<bc> BC)?"
)


def days(text: str) -> int:
    """A date in days since 1970; infinity is the largest number, as it is in DuckDB.

    Raises:
        NotExact: it is no date, or too far away for 32 bits of days.
    """
    if text in ("infinity", "-infinity"):
        return _HIGHEST_DAY if text == "infinity" else -_HIGHEST_DAY
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise NotExact(f"'{text}' is no date")
    day = _days_of(found)
    if not -_HIGHEST_DAY < day < _HIGHEST_DAY:
        raise NotExact("a date lies beyond what DuckDB can hold")
    return day


def microseconds(text: str) -> int:
    """An instant in microseconds since 1970; infinity is the largest number, as it is in DuckDB.

    Raises:
        NotExact: it is no instant, or too far away for 64 bits of microseconds.
    """
    if text in ("infinity", "-infinity"):
        return _HIGHEST_TIME if text == "infinity" else -_HIGHEST_TIME
    found = _INSTANT.fullmatch(text)
    if found is None or found["hour"] is None:
        raise NotExact(f"'{text}' is no time")
    seconds = (int(found["hour"]) * 60 + int(found["minute"])) * 60 + int(found["second"])
    fraction = int((found["fraction"] or "").ljust(6, "0"))
    instant = _days_of(found) * DAY_US + seconds * 1_000_000 + fraction
    if not -_HIGHEST_TIME < instant < _HIGHEST_TIME:
        raise NotExact("a timestamp lies beyond what DuckDB can hold (the year 294247)")
    return instant


def _days_of(found: re.Match[str]) -> int:
    """The days since 1970 of any year of the Gregorian calendar, which repeats every 400 years."""
    year = 1 - int(found["year"]) if found["bc"] else int(found["year"])
    cycles, year_of_cycle = divmod(year, 400)
    try:
        near = date(2000 + year_of_cycle, int(found["month"]), int(found["day"]))
    except ValueError as error:
        raise NotExact(f"'{found[0]}': {error}") from error
    return near.toordinal() - date(1970, 1, 1).toordinal() + (cycles - 5) * _FOUR_CENTURIES_DAYS
