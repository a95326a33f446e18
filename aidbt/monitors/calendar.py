"""What a date says about a bucket before anything is measured: holidays, days of the week, ends of months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from aidbt.core.errors import MissingExtra, SettingsError, nearest
from aidbt.core.measured import Grain

# Days of which everybody takes some off where the country keeps Christmas.
_AROUND_CHRISTMAS = {(12, 24), (12, 26), (12, 27), (12, 28), (12, 29), (12, 30), (12, 31), (1, 2)}
# Where salaries, invoices and closings fall: the last day of a month, its first two, its middle.
EDGES = 5


def holidays_of(country: str, days: Sequence[date]) -> np.ndarray:
    """How much of a public holiday each day is: 1, 0.5 for a working day beside one, else 0.

    Args:
        country: "DE" counts the holidays of all its states, "DE-BY" those of one, "" none.

    Raises:
        SettingsError: the library does not know that country or that part of it.
        MissingExtra: the package `holidays` is not installed.
    """
    found = np.zeros(len(days))
    if not country or not len(days):
        return found
    public = _public_holidays(country, range(min(days).year - 1, max(days).year + 2))
    keeps_christmas = any((day.month, day.day) == (12, 25) for day in public)
    one = timedelta(days=1)
    for place, day in enumerate(days):
        if day in public or (keeps_christmas and (day.month, day.day) in _AROUND_CHRISTMAS):
            found[place] = 1
        elif day.weekday() < 5 and (day + one in public or day - one in public):
            found[place] = 0.5
    return found


def holiday_names(country: str, days: Sequence[date]) -> dict[date, str]:
    """What the public holidays about some days are called, of a whole country or of one part of it.

    Raises:
        SettingsError: the library does not know that country or that part of it.
        MissingExtra: the package `holidays` is not installed.
    """
    if not days:
        return {}
    years = range(min(days).year - 1, max(days).year + 2)
    _public_holidays(country, years)
    import holidays

    name, _, part = country.partition("-")
    return dict(holidays.country_holidays(name, subdiv=part or None, years=years).items())


def _public_holidays(country: str, years: range) -> set[date]:
    """The dates on which a country, or any part of it, is closed."""
    try:
        import holidays
    except ModuleNotFoundError as error:
        raise MissingExtra("public holidays", "monitors") from error
    name, _, part = country.partition("-")
    supported = holidays.list_supported_countries()
    if name not in supported:
        raise SettingsError(
            f"no holidays are known of the country '{name}'", hint=_hint(name, list(supported))
        )
    if part and part not in supported[name]:
        raise SettingsError(f"no part of {name} is called '{part}'", hint=_hint(part, list(supported[name])))
    parts: list[str | None] = [part] if part else [None, *supported[name]]
    return {day for each in parts for day in holidays.country_holidays(name, subdiv=each, years=years)}


def _hint(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near else "set monitors.country to a code such as DE or DE-BY"


def month_edges(starts: Sequence[datetime]) -> np.ndarray:
    """The edge of its month a bucket is on: 1 the last day, 2 the first, 3 the second, 4 the 15th, else 0."""
    found = np.zeros(len(starts), int)
    for place, start in enumerate(starts):
        if (start + timedelta(days=1)).day == 1:
            found[place] = 1
        elif start.day in (1, 2):
            found[place] = start.day + 1
        elif start.day == 15:
            found[place] = 4
    return found


def weekdays(starts: Sequence[datetime]) -> np.ndarray:
    """0 for Monday to 6 for Sunday."""
    return np.array([start.weekday() for start in starts], int)


def hours(starts: Sequence[datetime]) -> np.ndarray:
    """0 to 23."""
    return np.array([start.hour for start in starts], int)


def next_start(starts: Sequence[datetime], grain: Grain) -> datetime:
    """When the bucket after the last begins; of runs, as long after the last as that was after its own."""
    last = starts[-1]
    if grain == "hour":
        return last + timedelta(hours=1)
    if grain == "run" and len(starts) > 1:
        return last + (last - starts[-2])
    return last + timedelta(days=1)
