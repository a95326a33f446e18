"""What is drawn: axes with round marks, lines that break where nothing is known, and words for all of it."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from aidbt.monitors.history import Family
from aidbt.observability.report.bar_chart import Bar, bar_chart, share_bar, spark
from aidbt.observability.report.lineage_picture import lineage_picture
from aidbt.observability.report.metric_chart import metric_chart, said, x_share
from aidbt.observability.report.scales import time_axis, value_axis
from aidbt.observability.report.svg import area, element, line, shortened
from aidbt.observability.report.timeline import timeline
from aidbt.observability.report.values import ChartPoint, MetricChart
from tests.aidbt.observability.report.made import broken_orders, empty, rate_chart, rows_chart, shop

ANY = st.floats(allow_nan=True, allow_infinity=True)
REAL = st.floats(min_value=-1e200, max_value=1e200)


def read(drawing: Markup) -> ET.Element:
    """The drawing as XML, which it has to be."""
    return ET.fromstring(drawing)


def of_class(drawing: Markup, name: str) -> list[ET.Element]:
    return [node for node in read(drawing).iter() if name in node.get("class", "").split()]


# --- axes ---------------------------------------------------------------------------------------------


@given(st.lists(REAL, min_size=1))
def test_every_value_lies_on_the_axis_and_its_marks_are_few_and_in_order(values: list[float]):
    axis = value_axis(values)

    assert all(-1e-6 <= axis.share(value) <= 1 + 1e-6 for value in values)
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 8
    assert list(axis.ticks) == sorted(set(axis.ticks))


@given(st.lists(ANY), st.lists(ANY))
def test_no_value_breaks_an_axis(values: list[float], bands: list[float]):
    axis = value_axis(values, bands)

    assert math.isfinite(axis.low) and math.isfinite(axis.high) and axis.low < axis.high


@pytest.mark.parametrize(
    ("values", "bands", "low", "high"),
    [
        ([900, 1200], [], 900, 1200),  # small changes of large numbers stay visible
        ([100, 1200], [], 0, 1500),  # else an axis begins at nothing
        ([0, 0], [], 0, 1),
        ([5, 5], [], 0, 10),
        ([-5, -5], [], -10, 0),
        ([100, 110], [90, 115], 90, 120),
        ([100, 110], [-1e9, 1e9], 100, 110),  # a band that says nothing does not press the values flat
        ([], [], 0, 1),
    ],
)
def test_where_an_axis_begins_and_ends(values: list[float], bands: list[float], low: float, high: float):
    axis = value_axis(values, bands)

    assert (axis.low, axis.high) == (low, high)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(days=20_000)),
)
def test_times_are_marked_at_most_six_times_and_in_between(first: datetime, span: timedelta):
    axis = time_axis(first, first + span)

    assert len(axis.ticks) <= 6
    assert all(first <= at <= first + span for at, _ in axis.ticks)
    assert all(0 <= axis.share(at) <= 1 for at, _ in axis.ticks)


# --- paths --------------------------------------------------------------------------------------------


def test_a_line_breaks_where_nothing_is_known_and_a_point_alone_is_a_dot():
    assert line([(0, 1), (1, math.nan), (2, 3)]) == "M0 1h0M2 3h0"
    assert area([(0, 5, 1), (1, math.nan, 2), (2, 5, 1), (3, 6, 2)]) == "M0 1L0 5ZM2 1L3 2L3 6L2 5Z"


@given(st.text(), st.text())
def test_no_text_becomes_markup(text: str, value: str):
    made = element("text", text, aria_label=value)

    assert made.count("<") == 2 and made.count(">") == 2
    assert made.count('"') == 2


@given(st.text(), st.integers(3, 40))
def test_what_is_too_long_is_cut_in_its_middle(text: str, most: int):
    short = shortened(text, most)

    assert len(short) <= max(most, 0) if len(text) > most else short == text
    assert short[:1] == text[:1] and short[-1:] == text[-1:]


# --- charts -------------------------------------------------------------------------------------------


def test_a_chart_has_its_band_its_line_its_odd_points_and_the_runs():
    drawing = metric_chart(rows_chart())

    assert of_class(drawing, "band")[0].get("d", "").count("Z") == 1
    assert of_class(drawing, "value")[0].get("d", "").count("M") == 2  # a day is missing
    assert of_class(drawing, "odd")[0].get("d", "").count("h0") == 2
    assert len(of_class(drawing, "odd-line")) == 2
    assert len(of_class(drawing, "refreshed")) == 1
    assert len(of_class(drawing, "run")) == 18  # the last two are of days that are not over
    texts = [node.text for node in of_class(drawing, "tick")]
    assert texts[:4] == ["0", "500", "1,000", "1,500"]
    assert texts[4:] == ["13 Jan", "27 Jan", "10 Feb", "24 Feb", "10 Mar"]


def test_a_chart_says_what_it_shows():
    text = said(rows_chart())

    assert text == (
        "fct_orders: rows: 349 to 1,231 from 2026-01-13 to 2026-03-13. Odd: 2026-03-12, 367; 2026-03-13, 349."
    )
    assert read(metric_chart(rows_chart())).get("aria-label") == text
    calm = replace(rate_chart(), points=rate_chart().points[:100])
    assert said(calm).endswith("Nothing in it was odd.")


def test_a_chart_of_nothing_is_nothing():
    points = (ChartPoint(datetime(2026, 1, 1), None),)

    assert metric_chart(MetricChart("x", Family.COUNT, "day", points)) == ""
    assert metric_chart(MetricChart("x", Family.COUNT, "day", ())) == ""
    assert timeline(empty()) == ""
    assert bar_chart([], title="x") == ""
    assert spark([]) == spark([1.0]) == ""


def test_one_point_is_drawn_in_the_middle():
    chart = MetricChart("x", Family.RATE, "day", (ChartPoint(datetime(2026, 1, 1), 0.5, said="odd"),))

    assert of_class(metric_chart(chart), "odd")[0].get("d") == "M500 75h0"
    assert x_share(chart, chart.points[0]) == "0.5000"


@given(st.lists(st.one_of(st.none(), REAL), min_size=1, max_size=20), st.sampled_from(list(Family)))
def test_no_values_break_a_chart(values: list[float | None], family: Family):
    points = tuple(
        ChartPoint(datetime(2026, 1, 1) + timedelta(days=n), value, value, value, "odd" * (n % 2))
        for n, value in enumerate(values)
    )
    drawing = metric_chart(MetricChart("x", family, "day", points))

    if drawing:
        assert "nan" not in drawing and "inf" not in drawing
        read(drawing)


def test_bars_are_as_high_as_their_values_and_named_as_often_as_there_is_room():
    bars = [Bar(f"day {n}", float(n), f"{n} s", "bad" if n == 3 else "good") for n in range(20)]
    drawing = bar_chart(bars, title="Runs")

    heights = [float(node.get("height", 0)) for node in of_class(drawing, "bar")]
    assert heights[1:] == sorted(heights[1:]) and heights[19] == pytest.approx(95)
    assert len(of_class(drawing, "bad")) == 1
    assert [node.text for node in of_class(drawing, "tick")][-1] == "day 19"
    assert read(drawing).get("aria-label") == "Runs: 20 bars, the highest 19 s (day 19), the last 19 s."


@given(st.lists(ANY, max_size=30))
def test_no_value_breaks_small_drawings(values: list[float]):
    for drawing in (spark(values), *(share_bar(value) for value in values[:2])):
        assert "nan" not in drawing and "inf" not in drawing


def test_the_timeline_has_a_dot_for_each_run_and_a_bar_that_leads_to_each_incident():
    drawing = timeline(shop())

    assert len(of_class(drawing, "dot")) == 28
    assert [node.get("href") for node in read(drawing).iter("a")] == ["#INC-3", "#INC-9", "#INC-12"]
    for rect in read(drawing).iter("rect"):
        x, width = (float(rect.get(name, "").rstrip("%")) for name in ("x", "width"))
        assert x >= 0 and x + width <= 100.01


def test_an_incident_that_opened_before_the_period_begins_at_its_edge():
    report = replace(shop(), since=datetime(2026, 3, 14, 6, tzinfo=UTC))

    assert read(timeline(report)).find("a/rect").get("x") == "0%"  # type: ignore[union-attr]


def test_the_lineage_of_an_incident_says_in_words_what_it_shows():
    part = broken_orders().lineage
    assert part is not None
    drawing = lineage_picture(part)

    assert len(of_class(drawing, "node")) == 4
    assert len(of_class(drawing, "root")) == 1
    assert read(drawing).get("aria-label") == (
        "Lineage, begins here: stg_crm__orders; affected: fct_orders;"
        " may be wrong too: mart_revenue, revenue_dashboard."
    )
