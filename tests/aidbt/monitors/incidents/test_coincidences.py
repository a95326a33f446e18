"""What else was unlike the days before: a hint only where something moved that seldom moves so."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from aidbt.core.errors import SettingsError
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentState
from aidbt.core.measured import Monitor
from aidbt.monitors.calendar import holiday_names
from aidbt.monitors.incidents.coincidences import coincidences, near_holidays, outside, strongest
from tests.aidbt.monitors.daily import MEAN, ORDERS, START, history_of

RAIN = "model.shop.rain"
NOW = datetime(2026, 1, 5)


def found(values: np.ndarray, day: int, node: str = ORDERS) -> list[str]:
    history = history_of({MEAN: list(values)})
    return [str(one) for one in coincidences(history, {node}, [START + timedelta(days=day)])]


def noise(days: int = 60) -> np.ndarray:
    return 10 + np.random.default_rng(7).normal(0, 0.5, days)


def test_a_jump_is_told_with_what_is_usual():
    values = noise()
    values[50] = 30

    [said] = found(values, 50)

    assert said.startswith("orders: mean of amount 30, usually 9")


def test_neither_quiet_days_nor_a_slow_rise_nor_a_short_past_tell_anything():
    jump = noise(20)
    jump[15] = 30

    assert not found(noise(), 50)
    assert not found(10 + 0.2 * np.arange(90.0), 80)
    assert not found(jump, 15)


def test_other_nodes_and_other_days_are_passed_over():
    values = noise()
    values[50] = 30

    assert not found(values, 50, node=RAIN)
    assert not found(values, 45)


def test_the_values_of_a_key_do_not_say_once_more_how_many_rows_there_are():
    rows, key, codes = (np.round(100 * noise()) for _ in range(3))
    rows[50] = key[50] = 30
    codes[50] = 4
    history = history_of(
        {
            Monitor(ORDERS, "row_count"): list(rows),
            Monitor(ORDERS, "distinct_count", "id"): list(key),
            Monitor(ORDERS, "distinct_count", "code"): list(codes),
        }
    )

    said = [str(one).split(",")[0] for one in coincidences(history, {ORDERS}, [START + timedelta(days=50)])]

    assert sorted(said) == ["orders: distinct values of code 4", "orders: rows 30"]


def test_a_sunday_is_no_coincidence_where_all_sundays_are_so():
    values = 10 + noise(64) / 100
    values[6::7] = 5
    values[13], values[62] = 4, 4.2  # one weak Sunday was before, and so this one moves far, but as that did

    assert not found(values, 62)
    values[62] = 2
    assert found(values, 62)


def told_of(values: dict[str, float], parents: dict[str, list[str]]) -> list[str]:
    """The nodes that are told, where each jumps to a value on one day."""
    days = {Monitor(node, "mean", "amount"): noise() for node in values}
    for monitor, jumped in days.items():
        jumped[50] = values[monitor.node]
    history = history_of({monitor: list(jumped) for monitor, jumped in days.items()})
    day = START + timedelta(days=50)
    some = [one for node in values for one in coincidences(history, {node}, [day])]
    return [one.monitor.node for one in strongest(some, parents)]


def test_of_tables_that_are_made_of_one_another_the_strongest_speaks_for_all():
    values = {"raw.orders": 30.0, "stg_orders": 30.0, "orders": 40.0, "weather": 20.0}
    parents = {"stg_orders": ["raw.orders"], "orders": ["stg_orders"], "daily": ["orders", "weather"]}

    assert told_of(values, parents) == ["orders", "weather"]


def test_of_all_tables_the_five_strongest_are_told():
    values = {f"table_{number}": 20.0 + number for number in range(9)}

    assert told_of(values, {}) == [f"table_{number}" for number in (8, 7, 6, 5, 4)]


def test_later_days_change_nothing():
    values = noise()
    values[50] = 30
    told = found(values, 50)
    values[51:] = 1_000

    assert found(values, 50) == told


def test_outside_is_what_lies_neither_above_nor_below():
    parents = {"flights": ["base"], "gold": ["flights", "weather"], "weather": [], "base": []}
    incident = Incident(
        "INC-1", IncidentState.OPEN, Severity.WARN, "odd", "flights", ("flights",), NOW, NOW
    )  # fmt: skip

    assert outside(incident, parents, {"base", "flights", "gold", "weather"}) == {"weather"}


def test_the_calendar_names_holidays_and_the_days_beside_them():
    pytest.importorskip("holidays")
    days = [datetime(2013, 11, 27), datetime(2013, 11, 28), datetime(2013, 11, 29), datetime(2013, 11, 20)]
    names = holiday_names("US", [day.date() for day in days])

    assert names[date(2013, 11, 28)] == "Thanksgiving Day"
    assert near_holidays(days, names) == (
        "2013-11-27 is the day before Thanksgiving Day",
        "2013-11-28 is Thanksgiving Day",
        "2013-11-29 is the day after Thanksgiving Day",
    )
    with pytest.raises(SettingsError, match="no part of US"):
        holiday_names("US-XX", [date(2013, 11, 28)])


def test_a_monitor_of_the_whole_table_is_named_without_a_column():
    values = noise(60) * 100
    values[50] = 10_000
    history = history_of({Monitor(ORDERS, "row_count"): list(values)})

    [one] = coincidences(history, {ORDERS}, [START + timedelta(days=50)])

    assert str(one).startswith("orders: ")
    assert " of  " not in str(one)
