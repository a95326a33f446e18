"""Drawing a chart: a picture with matplotlib, or characters for the terminal."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidbt.cli.charts import Chart
from aidbt.cli.query_output import width_of
from aidbt.core.errors import MissingExtra, UsageError, WriteError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
_WIDTH, _TITLE_LINE, _TITLE_LINES, _LABEL = 9, 110, 4, 40
_NO_NUMBER = "missing"
_LONGEST_TICK = 1e10
# Fonts of scripts that the usual one lacks, as systems call them.
_OTHER_SCRIPTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei", "Hiragino Sans",
    "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Noto Sans Devanagari", "Noto Sans Thai",
    "Noto Emoji", "Symbola",
)  # fmt: skip
# The same chart is the same SVG, in which texts can be searched; dollars in a text make no formula of it.
_STYLE: Any = {"svg.hashsalt": "aidbt", "svg.fonttype": "none", "text.parse_math": False}
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def checked_path(path: Path) -> Path:
    """A path that a picture can be written to, before anything is asked for it.

    Raises:
        UsageError: its ending is none that is drawn, or its folder does not exist.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"no chart is drawn as '{path.suffix or path}'", hint=f"name it {' or '.join(SUFFIXES)}"
        )
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", hint="make it first")
    return path


def write_picture(chart: Chart, path: Path) -> str:
    """Draw a chart into a file; what is wrong with the picture, "" for nothing.

    Raises:
        MissingExtra: matplotlib is not installed.
        WriteError: the file cannot be written.
    """
    picture, problem = picture_of(chart, path.suffix.lower().removeprefix("."))
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error
    return problem


def picture_of(chart: Chart, form: str) -> tuple[bytes, str]:
    """(the bytes of a chart as "png" or "svg", what is wrong with them or "").

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure  # not pyplot: it would look for a window system
    except ImportError as error:
        raise MissingExtra("drawing charts", "charts") from error
    style = {**_STYLE, "font.family": _fonts()}
    with matplotlib.rc_context(style), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        picture = _drawn(Figure(layout="constrained"), chart, form)
    is_lost = form == "png" and any("missing from font" in str(warning.message) for warning in said)
    return picture, "letters that no font here has are boxes; an .svg keeps them" if is_lost else ""


def _fonts() -> list[str]:
    """The usual font, and those of other scripts that are installed here."""
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in there)]


def _drawn(figure: Figure, chart: Chart, form: str) -> bytes:
    """One panel for each measure, where they are of several scales; else one for all."""
    panels = [{name: values} for name, values in chart.series.items()] if chart.has_several_scales else []
    panels = panels or [dict(chart.series)]
    figure.set_size_inches(_WIDTH, _height(chart, len(panels)))
    shape = (len(panels), 1) if chart.is_line else (1, len(panels))
    grid: Any = figure.subplots(*shape, squeeze=False, sharex=chart.is_line, sharey=not chart.is_line)
    for axes, series in zip(grid.flat, panels, strict=True):
        (_draw_lines if chart.is_line else _draw_bars)(chart, series, axes)
        axes.spines[["top", "right"]].set_visible(False)
        _name_axes(chart, series, axes)
    for axes in grid.flat:
        axes.label_outer()  # what panels share is said once
    figure.suptitle(_title(chart), x=0.01, ha="left", fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return buffer.getvalue()


def _height(chart: Chart, panels: int) -> float:
    """Inches that leave every bar and every panel readable."""
    if chart.is_line:
        return 4.8 if panels == 1 else 1.2 + 2.4 * panels
    beside = 1 if panels > 1 else len(chart.series)
    return 1.5 + 0.32 * len(chart.places) * math.sqrt(beside)


def _draw_lines(chart: Chart, series: Mapping[str, tuple[float, ...]], axes: Axes) -> None:
    import matplotlib.dates

    dates: Any = matplotlib.dates  # its classes are not typed
    marker = "o" if len(chart.places) <= 60 else ""
    for values in series.values():
        axes.plot(list(chart.places), list(values), marker=marker, markersize=3.5)
    locator = dates.AutoDateLocator(maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.yaxis.set_major_formatter(_tick)
    axes.grid(axis="y", alpha=0.3)


def _draw_bars(chart: Chart, series: Mapping[str, tuple[float, ...]], axes: Axes) -> None:
    """Horizontal bars from the top, since labels are long."""
    from matplotlib.ticker import MaxNLocator

    thick = 0.8 / len(series)
    middles = list(range(len(chart.places)))
    for number, values in enumerate(series.values()):
        shift = (number - (len(series) - 1) / 2) * thick
        axes.barh([middle + shift for middle in middles], list(values), height=thick)
        for middle, value in zip(middles, values, strict=True):
            if math.isnan(value):
                axes.text(0, middle + shift, f" {_NO_NUMBER}", va="center", fontsize=8, color="0.5")
    axes.set_yticks(middles, labels=[_short(str(place), _LABEL) for place in chart.places])
    axes.set_ylim(len(middles) - 0.4, -0.6)
    most = max(3, 8 // len(axes.figure.axes))
    axes.xaxis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_tick)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def _title(chart: Chart) -> str:
    title = textwrap.wrap(chart.title, _TITLE_LINE, max_lines=_TITLE_LINES, placeholder=" …")
    return "\n".join([*title, *([f"({'; '.join(chart.notes)})"] if chart.notes else [])])


def _name_axes(chart: Chart, series: Mapping[str, tuple[float, ...]], axes: Axes) -> None:
    """The names of the axes, and a legend where one panel has several series."""
    measure = chart.measure or (next(iter(series)) if len(series) == 1 else "")
    unit = f"({chart.unit})" if chart.unit and measure else chart.unit
    measured = f"{measure} {unit}".strip()
    names = (chart.places_name, measured) if chart.is_line else (measured, chart.places_name)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    if len(series) > 1:
        drawn: Any = axes.lines if chart.is_line else axes.containers
        axes.legend(list(drawn), [_short(name, _LABEL) for name in series], fontsize=9)


def _short(label: str, most: int) -> str:
    """A label of so many characters at most, with its end: codes and addresses often begin alike.

    Example:
        >>> _short("https://example.org/articles/17", 16)
        'https://ex…es/17'
    """
    tail = most // 3
    return label if len(label) <= most else f"{label[: most - tail - 1]}…{label[-tail:]}"


def _in_thousands(value: float) -> str:
    """A number as people read it: 12,500 or 0.25."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


def _tick(value: float, _: float) -> str:
    """A number on an axis, where there is no room for all digits of a long one."""
    return f"{value:.3g}" if abs(value) >= _LONGEST_TICK else _in_thousands(value)


# --- the terminal -------------------------------------------------------------------------------------


def chart_lines(chart: Chart, *, width: int) -> Iterator[str]:
    """A chart as lines of characters.

    Args:
        width: of the terminal, in characters.
    """
    for name, values in chart.series.items():
        unit = f" ({chart.unit})" if chart.unit else ""
        of = f"{chart.measure}, {name}" if chart.measure not in ("", name) else name
        yield f"{of}{unit} by {chart.places_name}"
        if chart.is_line:
            yield from _line_lines(chart, values, width)
        else:
            yield from _bar_lines(chart, values, width)
    for note in chart.notes:
        yield f"({note})"


def _bar_lines(chart: Chart, values: tuple[float, ...], width: int) -> Iterator[str]:
    labels = [_short(str(place), max(min(30, width // 3), 8)) for place in chart.places]
    figures = [_NO_NUMBER if math.isnan(value) else _in_thousands(value) for value in values]
    longest, widest = max(map(width_of, labels)), max(map(len, figures))
    room = max(width - longest - widest - 6, 4)
    most = max((abs(value) for value in values if not math.isnan(value)), default=0.0) or 1.0
    for label, value, figure in zip(labels, values, figures, strict=True):
        size = 0.0 if math.isnan(value) else abs(value) / most * room
        sign = "-" if value < 0 else " "
        blank = " " * (longest - width_of(label))
        yield f"  {label}{blank} {figure.rjust(widest)} {sign}{_bar(size)}".rstrip()


def _bar(size: float) -> str:
    """A bar of that many characters, to the eighth."""
    whole, rest = divmod(round(size * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _line_lines(chart: Chart, values: tuple[float, ...], width: int) -> Iterator[str]:
    try:
        import plotext
    except ImportError as error:
        raise MissingExtra("drawing charts", "charts") from error
    figure = plotext.figure
    figure.clear.all()
    figure.plot_size(max(width, 20), 16)
    for run in _runs(values):
        figure.draw(figure.signal(run, [values[n] for n in run]).lines())
    steps = max((len(chart.places) - 1) // max(width // 22, 1), 1)
    shown = list(range(0, len(chart.places), steps))
    figure.ruler(0).ticks(shown, [str(chart.places[n])[:16].removesuffix(" 00:00") for n in shown])
    figure.ruler(1).ticks(*_height_ticks([value for value in values if not math.isnan(value)]))
    drawn = plotext.uncolorize(str(figure.build()))
    yield from (line.rstrip() for line in drawn.splitlines() if line.strip())


def _runs(values: Sequence[float]) -> list[list[int]]:
    """The places of numbers that follow one another; where one is missing, the line has a gap.

    Example:
        >>> _runs([1.0, 2.0, math.nan, 4.0])
        [[0, 1], [3]]
    """
    runs: list[list[int]] = []
    for place, value in enumerate(values):
        if not math.isnan(value):
            if not runs or runs[-1][-1] != place - 1:
                runs.append([])
            runs[-1].append(place)
    return runs


def _height_ticks(values: list[float]) -> tuple[list[float], list[str]]:
    """Four heights along a line's own range, with their numbers."""
    low, high = min(values), max(values)
    heights = [low + (high - low) * step / 3 for step in range(4)] if high > low else [low]
    decimals = 0 if high - low >= 10 else 2
    return heights, [f"{height:,.{decimals}f}" for height in heights]
