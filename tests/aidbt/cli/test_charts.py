"""An answer as a chart: what is drawn, what is left out and said, and the pictures and lines it becomes."""

from __future__ import annotations

import datetime as dt
import math
import struct
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert chart.notes == ("without 1 row without a time",)


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
        return int(struct.unpack(">I", picture_of(chart, "png")[0][20:24])[0])

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


# --- awkward data -------------------------------------------------------------------------------------


def test_a_value_is_a_label_on_one_line_that_no_terminal_obeys():
    values = [None, "", True, "x\x1b[2J\ny", dt.datetime(2024, 1, 1), "日本"]
    chart = chart_of(("k", "n"), [(value, 1) for value in values], groups=["k"], title="t")

    assert chart.places == ("(missing)", "(empty)", "true", r"x\x1b[2J\ny", "2024-01-01", "日本")


def test_numbers_without_a_place_on_a_scale_are_left_out_and_said():
    rows = [("a", math.inf), ("b", 1.0), ("c", math.nan)]
    chart = chart_of(("k", "n"), rows, groups=["k"], title="t")

    assert str(chart.series["n"]) == "(nan, 1.0, nan)"
    assert chart.notes == ("without 2 that are infinite or no number",)
    assert [line.split()[1] for line in chart_lines(chart, width=40)][1:4] == ["missing", "1", "missing"]
    with pytest.raises(UsageError, match="nothing to draw"):
        chart_of(("k", "n"), [("a", math.inf)], groups=["k"], title="t")


def test_a_group_without_any_number_gets_no_line_and_rows_without_a_time_draw_nothing():
    rows = [(month, k, 1 if k == "a" else None) for month in (JANUARY, FEBRUARY, MARCH) for k in "ab"]

    assert list(chart_of(("m", "k", "n"), rows, groups=["m", "k"], title="t").series) == ["a"]
    with pytest.raises(UsageError, match="nothing to draw"):
        chart_of(("m", "n"), [(None, 5), (JANUARY, None)], groups=["m"], title="t")


def test_two_points_in_time_are_bars():
    chart = chart_of(("m", "n"), [(FEBRUARY, 2), (JANUARY, 1)], groups=["m"], title="t")

    assert (chart.is_line, chart.places, chart.series) == (
        False,
        ("2024-01-01", "2024-02-01"),
        {"n": (1.0, 2.0)},
    )


@pytest.mark.parametrize("is_line", [True, False])
def test_measures_of_several_scales_have_a_panel_each(is_line: bool):
    places = (JANUARY, FEBRUARY, MARCH) if is_line else ("a", "b", "c")
    several = Chart("t", "m", places, {"orders": (1.0, 2.0, 3.0), "revenue": (1e6, 2e6, 3e6)}, is_line)
    of_one_unit = Chart("t", "m", places, several.series, is_line, unit="eur")
    several_svg, one_svg = (picture_of(chart, "svg")[0].decode() for chart in (several, of_one_unit))

    assert (several_svg.count('id="axes_'), one_svg.count('id="axes_')) == (2, 1)
    assert ('id="legend_1"' in several_svg, 'id="legend_1"' in one_svg) == (False, True)


def test_a_legend_names_a_series_whatever_it_begins_with():
    series = {"_hidden": (1.0, 2.0, 3.0), "b": (3.0, 2.0, 1.0)}
    chart = Chart("t", "m", (JANUARY, FEBRUARY, MARCH), series, is_line=True, measure="n")

    assert "_hidden" in picture_of(chart, "svg")[0].decode()


def test_letters_that_no_font_has_are_said_of_a_png_only(recwarn: pytest.WarningsRecorder):
    chart = Chart("t", "k", ("\U000e0041\U0001f9ff",), {"n": (1.0,)}, is_line=False)

    assert "no font here has" in picture_of(chart, "png")[1]
    assert picture_of(chart, "svg")[1] == ""
    assert not recwarn.list


def test_a_line_has_a_gap_where_a_number_is_missing():
    places = tuple(JANUARY + dt.timedelta(days=n) for n in range(9))
    values = (5.0, 5.0, 5.0, math.nan, math.nan, math.nan, 5.0, 5.0, 5.0)
    gapped, whole = (
        "".join(chart_lines(Chart("t", "day", places, {"n": v}, is_line=True), width=60))
        for v in (values, (5.0,) * 9)
    )

    assert 0 < _marks(gapped) < _marks(whole)


def _marks(text: str) -> int:
    return sum(char in "▀▄▌▐▖▗▘▝▞▚▛▜▙▟█" for char in text)


def test_wide_letters_keep_bars_aligned_and_long_labels_keep_their_ends():
    chart = Chart("t", "k", ("日本", "abcd", "https://x.org/" + "a" * 40 + "/17"), {"n": (1.0,) * 3}, False)
    lines = list(chart_lines(chart, width=60))

    assert lines[3].split()[0].endswith("/17")
    assert lines[1].index("█") + 2 == lines[2].index("█")


@pytest.mark.parametrize("width", [1, 12, 20, 33])
def test_a_narrow_terminal_is_no_reason_to_fail(width: int):
    bars = Chart("t", "k", ("a long label", "b"), {"n": (-1_234_567.5, 0.0)}, is_line=False)
    line = Chart("t", "m", (JANUARY, FEBRUARY, MARCH), {"n": (1.0, 2.0, 3.0)}, is_line=True)

    for chart in (bars, line):
        assert len(list(chart_lines(chart, width=width))) > 2


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(max_size=5), st.dates(), st.booleans(), st.integers()),
            st.one_of(st.none(), st.floats(), st.integers(), st.decimals(allow_nan=False)),
        ),
        max_size=8,
    )
)
def test_whatever_rows_hold_is_drawn_in_the_terminal_or_refused(rows):
    try:
        chart = chart_of(("k", "n"), rows, groups=["k"], title="t")
    except UsageError:
        return
    assert all(line.isprintable() for line in chart_lines(chart, width=60))
