"""Which monitors of an incident are drawn, and which of their buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from aidbt.core.incidents import Incident, IncidentState, key_of
from aidbt.core.measured import Anomaly, Grain, Monitor
from aidbt.monitors.history import Family, History, Scores
from aidbt.observability.report.incident_charts import Wanted, chart_of, title_of, wanted_charts
from aidbt.observability.report.page import data_span
from tests.aidbt.observability.report.made import ORDERS, STG, anomaly, broken_orders

FIRST = datetime(2025, 1, 1)
ROWS = Monitor(ORDERS, "row_count")


def incident(*anomalies: Anomaly, **changed: object) -> Incident:
    return replace(broken_orders().incident, anomalies=anomalies, **changed)  # type: ignore[arg-type]


def names(found: Sequence[Wanted]) -> list[str]:
    return [f"{one.monitor.node.rpartition('.')[2]} {one.monitor.metric}" for one in found]


def test_what_is_at_the_root_comes_first_and_rows_say_more_than_what_they_would_have_held():
    found = wanted_charts(
        [
            incident(
                anomaly(ORDERS),
                anomaly(STG, "mean", "amount"),
                anomaly(STG, "distribution", "status"),
                anomaly(STG),
            )
        ]
    )

    assert names(found) == [
        "stg_crm__orders row_count",
        "stg_crm__orders mean",
        "stg_crm__orders distribution",
    ]


def test_what_has_passed_comes_last():
    well = frozenset({key_of(Monitor(STG, "row_count"))})

    assert names(wanted_charts([incident(anomaly(STG), anomaly(ORDERS), well=well)])) == [
        "fct_orders row_count",
        "stg_crm__orders row_count",
    ]


def test_what_has_no_number_and_what_nobody_knows_has_no_chart():
    gone = replace(anomaly(STG, "schema"), value=None)

    assert wanted_charts([incident(gone, anomaly(STG, "no_such_metric"))]) == []


def test_of_what_is_over_there_is_one_chart_and_of_many_incidents_there_are_not_all():
    both = incident(anomaly(STG), anomaly(ORDERS), state=IncidentState.RESOLVED)

    assert len(wanted_charts([both])) == 1
    assert len(wanted_charts([both] * 500)) == 40


def history(values: Sequence[float], grain: Grain = "day") -> tuple[History, Scores]:
    shape = (1, len(values))
    nan, zero = np.full(shape, np.nan), np.zeros(shape)
    made = History(
        (ROWS,),
        (Family.COUNT,),
        grain,
        tuple(FIRST + timedelta(days=n) for n in range(len(values))),
        np.array([values], float),
        nan,
        nan,
        np.zeros(shape, bool),
        zero,
        np.array([-1]),
        np.array([-1]),
    )
    return made, Scores(zero, zero, zero + 100, zero + 90, zero + 110, zero)


def on_day(day: int, value: float = 10.0, grain: Grain = "day") -> Anomaly:
    start = FIRST + timedelta(days=day)
    return replace(anomaly(), start=start, value=value, low=95.0, high=105.0, message="too few", grain=grain)


@pytest.mark.parametrize(
    ("odd", "is_over", "first", "last"),
    [
        (364, False, 305, 364),  # the newest
        (340, False, 305, 364),
        (200, False, 148, 207),  # what lies far back is shown where it is
        (340, True, 288, 347),  # what is over with a week after it
        (363, True, 305, 364),
    ],
)
def test_the_window_has_what_was_odd_in_it(odd: int, is_over: bool, first: int, last: int):
    values = [100.0] * 365
    values[odd] = 10.0
    state = IncidentState.RESOLVED if is_over else IncidentState.OPEN
    made, scores = history(values)
    chart = chart_of(Wanted(incident(on_day(odd), state=state), ROWS, "day"), made, scores, 0)

    days = [(point.start - FIRST).days for point in chart.points]
    assert (days[0], days[-1]) == (first, last)
    [marked] = [point for point in chart.points if point.said]
    assert ((marked.start - FIRST).days, marked.said) == (odd, "too few")
    # It was judged with the band of that day; the others have the one of now.
    assert (marked.low, marked.high, chart.points[0].low) == (95.0, 105.0, 90.0)


def test_a_bucket_that_was_measured_again_says_so():
    made, scores = history([100.0] * 10)
    chart = chart_of(Wanted(incident(on_day(9)), ROWS, "day"), made, scores, 0)

    assert chart.points[-1].said == "too few (measured again since)"
    assert chart.points[-1].is_past and not chart.points[-1].is_odd  # it has no red dot any more


def test_runs_of_other_nodes_are_left_out():
    made, scores = history([100.0, np.nan, 100.0, np.nan, 10.0], "run")
    chart = chart_of(Wanted(incident(on_day(4, grain="run")), ROWS, "run"), made, scores, 0, [FIRST])

    assert [(point.start - FIRST).days for point in chart.points] == [0, 2, 4]
    assert chart.runs == ()  # the buckets are the runs


def test_days_after_the_last_that_was_measured_are_not_drawn():
    made, scores = history([100.0, 100.0, 10.0, np.nan, np.nan])
    chart = chart_of(Wanted(incident(on_day(2)), ROWS, "day"), made, scores, 0)

    assert [point.value for point in chart.points] == [100.0, 100.0, 10.0]


def test_charts_and_spans_are_named_as_people_do():
    assert title_of(Monitor(STG, "null_rate", "email")) == "stg_crm__orders.email: share of nulls"
    assert title_of(Monitor(STG, "custom:revenue in euros")) == "stg_crm__orders: revenue in euros"
    assert data_span(incident(on_day(3), on_day(1), on_day(2))) == "2025-01-02 to 2025-01-04"
    assert data_span(incident(on_day(3))) == "2025-01-04"
    assert data_span(incident()) == ""
