"""What a person decided about the demo's review queue, as `aidbt review` commands.

The source keeps clock times as integers (hhmm) with the date in parts. Which timestamps they make is a
person's decision: no statistics can show that an arrival earlier than its departure means the next day.
"""

from __future__ import annotations

_FLIGHTS = "nycflights.flights"


def _clock(hhmm: str) -> str:
    return f"make_timestamp(year, month, day, cast(floor({hhmm} / 100) as integer), {hhmm} % 100, 0)"


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


def commands(waiting: list[str]) -> list[list[str]]:
    """The commands that settle the queue, given the selectors that wait."""
    settled: list[list[str]] = []
    for column, (sources, expression) in EXPRESSIONS.items():
        if f"{_FLIGHTS}.{column}" in waiting:
            settled.append(
                ["review", "choose", f"{_FLIGHTS}.{column}", *sources, "--expression", expression]
            )
    chosen = {command[2] for command in settled}
    plain = [selector for selector in waiting if ":" not in selector and selector not in chosen]
    tests = [selector for selector in waiting if selector in ACCEPTED_TESTS]
    if plain or tests:
        settled.append(["review", "accept", *plain, *tests])
    return settled


ACCEPTED_TESTS = frozenset({f"{_FLIGHTS}.origin_airport_code:accepted_values"})
