"""Drawing a chart: a picture with matplotlib, or characters for the terminal."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidbt.cli.charts import Chart
from aidbt.core.errors import MissingExtra, UsageError, WriteError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
_TITLE_LINE, _TITLE_LINES, _LABEL = 90, 4, 40
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


def write_picture(chart: Chart, path: Path) -> None:
    """Draw a chart into a file.

    Raises:
        MissingExtra: matplotlib is not installed.
        WriteError: the file cannot be written.
    """
    picture = picture_of(chart, path.suffix.lower().removeprefix("."))
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error


def picture_of(chart: Chart, form: str) -> bytes:
    """The bytes of a chart as "png" or "svg".

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure  # not pyplot: it would look for a window system
    except ImportError as error:
        raise MissingExtra("drawing charts", "charts") from error
    with matplotlib.rc_context(_STYLE):
        return _drawn(Figure(layout="constrained"), chart, form)


def _drawn(figure: Figure, chart: Chart, form: str) -> bytes:
    height = 4.8 if chart.is_line else 1.8 + 0.32 * len(chart.places) * max(len(chart.series), 1) ** 0.5
    figure.set_size_inches(9, max(height, 3.2))
    axes = figure.add_subplot()
    (_draw_lines if chart.is_line else _draw_bars)(chart, axes)
    _label(chart, axes)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return buffer.getvalue()


def _draw_lines(chart: Chart, axes: Axes) -> None:
    import matplotlib.dates

    dates: Any = matplotlib.dates  # its classes are not typed
    marker = "o" if len(chart.places) <= 60 else ""
    for name, values in chart.series.items():
        axes.plot(list(chart.places), list(values), marker=marker, markersize=3.5, label=name)
    locator = dates.AutoDateLocator(maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.yaxis.set_major_formatter(_in_thousands)
    axes.grid(axis="y", alpha=0.3)


def _draw_bars(chart: Chart, axes: Axes) -> None:
    """Horizontal bars from the top, since labels are long."""
    thick = 0.8 / len(chart.series)
    middles = list(range(len(chart.places)))
    for number, (name, values) in enumerate(chart.series.items()):
        shift = (number - (len(chart.series) - 1) / 2) * thick
        axes.barh([middle + shift for middle in middles], list(values), height=thick, label=name)
    axes.set_yticks(middles, labels=[textwrap.shorten(str(p), _LABEL, placeholder="…") for p in chart.places])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(_in_thousands)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def _label(chart: Chart, axes: Axes) -> None:
    """Title, names of the axes, legend."""
    title = textwrap.wrap(chart.title, _TITLE_LINE, max_lines=_TITLE_LINES, placeholder=" …")
    notes = f"\n({'; '.join(chart.notes)})" if chart.notes else ""
    axes.set_title("\n".join(title) + notes, loc="left", fontsize=10)
    unit = f"({chart.unit})" if chart.unit and chart.measure else chart.unit
    measured = f"{chart.measure} {unit}".strip()
    names = (chart.places_name, measured) if chart.is_line else (measured, chart.places_name)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    if len(chart.series) > 1:
        axes.legend(fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _in_thousands(value: float, _: float) -> str:
    """A number of an axis: 12,500 or 0.25."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


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
        if chart.is_line and len(chart.places) > 2:
            yield from _line_lines(chart, values, width)
        else:
            yield from _bar_lines(chart, values, width)
    for note in chart.notes:
        yield f"({note})"


def _bar_lines(chart: Chart, values: tuple[float, ...], width: int) -> Iterator[str]:
    labels = [textwrap.shorten(str(place), 30, placeholder="…") for place in chart.places]
    figures = ["missing" if math.isnan(value) else _in_thousands(value, 0) for value in values]
    longest, widest = max(map(len, labels)), max(map(len, figures))
    room = max(width - longest - widest - 6, 10)
    most = max((abs(value) for value in values if not math.isnan(value)), default=0.0) or 1.0
    for label, value, figure in zip(labels, values, figures, strict=True):
        size = 0.0 if math.isnan(value) else abs(value) / most * room
        sign = "-" if value < 0 else " "
        yield f"  {label.ljust(longest)} {figure.rjust(widest)} {sign}{_bar(size)}".rstrip()


def _bar(size: float) -> str:
    """A bar of that many characters, to the eighth."""
    whole, rest = divmod(round(size * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _line_lines(chart: Chart, values: tuple[float, ...], width: int) -> Iterator[str]:
    try:
        import plotext
    except ImportError as error:
        raise MissingExtra("drawing charts", "charts") from error
    held = [n for n, value in enumerate(values) if not math.isnan(value)]
    figure = plotext.figure
    figure.clear.all()
    figure.plot_size(max(width, 40), 16)
    figure.draw(figure.signal(held, [values[n] for n in held]).lines())
    steps = max((len(chart.places) - 1) // max(width // 22, 1), 1)
    shown = list(range(0, len(chart.places), steps))
    figure.ruler(0).ticks(shown, [str(chart.places[n])[:16].removesuffix(" 00:00") for n in shown])
    figure.ruler(1).ticks(*_height_ticks([values[n] for n in held]))
    drawn = plotext.uncolorize(str(figure.build()))
    yield from (line.rstrip() for line in drawn.splitlines() if line.strip())


def _height_ticks(values: list[float]) -> tuple[list[float], list[str]]:
    """Four heights along a line's own range, with their numbers."""
    low, high = min(values), max(values)
    heights = [low + (high - low) * step / 3 for step in range(4)] if high > low else [low]
    decimals = 0 if high - low >= 10 else 2
    return heights, [f"{height:,.{decimals}f}" for height in heights]
