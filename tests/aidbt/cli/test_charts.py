"""An answer as a chart: what is drawn, what is left out and said, and the pictures and lines it becomes."""

from __future__ import annotations

import datetime as dt
import math
import struct
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from aidbt.cli.chart_drawing import chart_lines, checked_path, picture_of, write_picture
from aidbt.cli.charts import MOST_BARS, MOST_LINES, Chart, chart_of
from aidbt.core.errors import UsageError, WriteError

JANUARY, FEBRUARY, MARCH = (dt.date(2024, month, 1) for month in (1, 2, 3))
BY_COUNTRY = [("DE", 12, Decimal("10.50")), ("FR", 3, None), (None, 1, Decimal("-2.25"))]


def test_rows_are_bars_in_their_order():
    columns = ("country", "orders", "revenue")
    chart = chart_of(columns, BY_COUNTRY, groups=["country"], title="By country")

    assert not chart.is_line
    assert chart.places == ("DE", "FR", "(missing)")
    assert chart.series["orders"] == (12.0, 3.0, 1.0)
    assert math.isnan(chart.series["revenue"][1])


def test_times_are_a_line_in_order_with_gaps():
    rows = [(MARCH, 3), (JANUARY, 1), (FEBRUARY, None), (None, 7)]
    chart = chart_of(("month", "orders"), rows, groups=["month"], title="By month")

    assert chart.is_line
    assert chart.places == (JANUARY, FEBRUARY, MARCH)
    assert str(chart.series["orders"]) == "(1.0, nan, 3.0)"
    assert chart.notes == ("without 1 rows that have no time",)


def test_a_group_beside_the_time_makes_a_line_each_the_largest_first_chosen():
    rows = [(month, f"c{n}", n, 0) for month in (JANUARY, FEBRUARY) for n in range(9)]
    columns = ("month", "country", "orders", "refunds")
    chart = chart_of(columns, rows, groups=["month", "country"], title="t")

    assert list(chart.series) == [f"c{n}" for n in range(3, 9)]
    assert len(chart.series) == MOST_LINES
    assert chart.measure == "orders"
    assert chart.notes == ("without refunds", "the 6 largest of 9 lines")


def test_more_bars_than_can_be_read_are_left_out_and_said():
    rows = [(f"name {n}", n) for n in range(100)]
    chart = chart_of(("name", "orders"), rows, groups=["name"], title="t")

    assert len(chart.places) == MOST_BARS
    assert chart.notes == ("the first 30 of 100 rows",)


def test_a_number_that_is_grouped_by_is_a_label():
    chart = chart_of(("weekday", "orders"), [(1, 5), (2, 6)], groups=["weekday"], title="t")

    assert chart.places == ("1", "2")
    assert list(chart.series) == ["orders"]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [(("n",), [(5,)]), (("name",), [("a",)]), (("name", "n"), []), (("name", "n"), [("a", None)])],
)
def test_what_cannot_be_drawn_is_refused(columns, rows):
    with pytest.raises(UsageError, match="nothing to draw"):
        chart_of(columns, rows, groups=[], title="t")


@pytest.mark.parametrize("is_line", [True, False])
def test_a_picture_is_drawn_as_png_and_as_svg(tmp_path: Path, is_line: bool):
    places = (JANUARY, FEBRUARY, MARCH) if is_line else ("a", "b", "c")
    series = {"orders": (1.0, math.nan, 3.0), "cost in $ of $x_1$": (2.0, 1.0, 0.0)}
    chart = Chart("The cost, $x$ and $y", "month", places, series, is_line, unit="usd")

    for name in ("a.png", "a.svg"):
        write_picture(chart, checked_path(tmp_path / name))

    png = (tmp_path / "a.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width > 1_000
    assert height > 400
    texts = "".join(ElementTree.fromstring((tmp_path / "a.svg").read_bytes()).itertext())
    for text in ("The cost, $x$ and $y", "cost in $ of $x_1$", "month", "usd", "Jan" if is_line else "a"):
        assert text in texts


def test_thirty_bars_are_higher_than_three():
    def height(bars: int) -> int:
        chart = Chart("t", "name", tuple(map(str, range(bars))), {"n": (1.0,) * bars}, is_line=False)
        return int(struct.unpack(">I", picture_of(chart, "png")[20:24])[0])

    assert height(30) > 2 * height(3)


def test_the_same_chart_is_the_same_svg():
    chart = Chart("t", "name", ("a", "b"), {"n": (1.0, 2.0)}, is_line=False)

    assert picture_of(chart, "svg") == picture_of(chart, "svg")


def test_a_path_that_cannot_be_drawn_to_is_told_before(tmp_path: Path):
    with pytest.raises(UsageError, match=r"no chart is drawn as '.pdf'"):
        checked_path(tmp_path / "a.pdf")
    with pytest.raises(UsageError, match="does not exist"):
        checked_path(tmp_path / "no" / "a.png")
    (tmp_path / "a.png").mkdir()
    with pytest.raises(WriteError, match="cannot be written"):
        write_picture(Chart("t", "x", ("a",), {"n": (1.0,)}, is_line=False), tmp_path / "a.png")


def test_bars_in_the_terminal_are_to_scale():
    chart = Chart("t", "country", ("DE", "FR", "ES"), {"orders": (8.0, 4.0, math.nan)}, is_line=False)

    assert list(chart_lines(chart, width=31)) == [
        "orders by country",
        "  DE       8  " + "█" * 16,
        "  FR       4  " + "█" * 8,
        "  ES missing",
    ]


def test_a_line_in_the_terminal_has_its_times_and_no_colours():
    days = tuple(JANUARY + dt.timedelta(days=n) for n in range(50))
    chart = Chart(
        "t", "day", days, {"orders": tuple(float(n % 7) for n in range(50))}, is_line=True, unit="usd"
    )

    lines = list(chart_lines(chart, width=80))

    assert lines[0] == "orders (usd) by day"
    assert "2024-01-01" in lines[-1]
    assert not any("\x1b" in line for line in lines)
    assert max(map(len, lines)) <= 80
