"""What a person decided about the demo's review queue, as `aidbt review` commands.

The source keeps clock times as integers (hhmm) with the date in parts. Which timestamps they make is a
person's decision: no statistics can show that an arrival earlier than its departure means the next day.
"""

from __future__ import annotations

_FLIGHTS = "nycflights.flights"


def _clock(hhmm: str) -> str:
    """The timestamp of a date in parts and a clock time as an integer (hhmm)."""
    return f"make_timestamp(\n    year, month, day, cast(floor({hhmm} / 100) as integer), {hhmm} % 100, 0\n)"


EXPRESSIONS: dict[str, tuple[list[str], str]] = {
    "flight_date": (["year", "month", "day"], "make_date(year, month, day)"),
    "scheduled_departure_at": (["year", "month", "day", "sched_dep_time"], _clock("sched_dep_time")),
    "actual_departure_at": (
        ["year", "month", "day", "sched_dep_time", "dep_delay"],
        f"{_clock('sched_dep_time')}\n+ dep_delay * interval '1' minute",
    ),
    "scheduled_arrival_at": (
        ["year", "month", "day", "sched_dep_time", "sched_arr_time"],
        f"{_clock('sched_arr_time')}\n"
        "+ case when sched_arr_time < sched_dep_time then 1 else 0 end * interval '1' day",
    ),
}


# What the mapper proposed and a person found right.
ACCEPTED = [
    "nycflights.airports.utc_offset_hours",
    "nycflights.flights.destination_airport_code",
    "nycflights.flights.flight_number",
    "nycflights.flights.origin_airport_code",
    "nycflights.weather.origin:accepted_values",
]
# American airports lie in more time zones than this year's list shows.
REJECTED = ["nycflights.airports.timezone_name:accepted_values"]


def commands() -> list[list[str]]:
    """The commands that settle the queue."""
    chosen = [
        ["review", "choose", f"{_FLIGHTS}.{column}", *sources, "--expression", expression]
        for column, (sources, expression) in EXPRESSIONS.items()
    ]
    return [*chosen, ["review", "accept", *ACCEPTED], ["review", "reject", *REJECTED]]
