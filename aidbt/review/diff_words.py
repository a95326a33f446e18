"""A data diff in sentences, what weighs most first."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.review.diff_values import ColumnDiff, DataDiff, Figures, Keys, RowsDiff, Share

_QUARTER_S = 900
_DAY_S = 86_400


def describe(diff: DataDiff) -> list[str]:
    """What differs, as plain sentences, ranked by how much it weighs: what the comparison cannot vouch for,
    then what breaks readers, then rows, then values by how many of them changed.

    Values of personal data are in none of them. Equal builds give one sentence.
    """
    sentences = sorted(_weighed(diff), key=lambda pair: -pair[0])
    return [text for _, text in sentences] or [_same(diff)]


def _weighed(diff: DataDiff) -> Iterator[tuple[float, str]]:
    """Pairs of (weight, sentence)."""
    found = [*_of_schema(diff), *_of_rows(diff), *_of_columns(diff)]
    if found and diff.one_in > 1:
        yield 100, f"{_sampled(diff)} Row counts are of all rows, all other figures of that sample."
    yield from found
    for name, why in diff.not_compared:
        yield 65, f"Column {name} was not compared: {why}."


def _same(diff: DataDiff) -> str:
    rows = f"{_number(diff.head_rows)} rows"
    if diff.one_in > 1:
        return f"{_sampled(diff)} They are the same on both sides, of {rows}."
    how = f"by {', '.join(diff.keys)}" if diff.keys else "as whole rows"
    return f"Both sides have the same {rows} and columns, compared {how}."


def _sampled(diff: DataDiff) -> str:
    what = "key" if diff.keys else "row"
    return f"One {what} in {_number(diff.one_in)} was compared, the same ones on both sides."


# --- columns as columns ------------------------------------------------------------------------------------


def _of_schema(diff: DataDiff) -> Iterator[tuple[float, str]]:
    schema = diff.schema
    for name, data_type in schema.removed:
        yield 90, f"Column {name} ({data_type}) is gone."
    for column in schema.retyped:
        how = f"compared as {column.compared_as}" if column.compared_as else "its values cannot be compared"
        yield 85, f"Column {column.name} is {column.head}, was {column.base}; {how}."
    held = {column.name: column.head for column in diff.columns}
    for name, data_type in schema.added:
        yield 40, f"Column {name} ({data_type}) is new{_nulls_of_new(held.get(name))}."
    for base, head in schema.respelled:
        yield 20, f"Column {base} is written {head}."
    if schema.is_reordered:
        yield 15, "The columns stand in another order."


def _nulls_of_new(figures: Figures | None) -> str:
    if figures is None or not figures.rows:
        return ""
    if not figures.nulls:
        return ", without nulls"
    return f", {_percent(figures.nulls / figures.rows)} null"


# --- rows --------------------------------------------------------------------------------------------------


def _of_rows(diff: DataDiff) -> Iterator[tuple[float, str]]:
    if diff.base_rows != diff.head_rows:
        more = diff.head_rows - diff.base_rows
        by = f" ({more / diff.base_rows:+.2%})".replace("%", " %") if diff.base_rows else ""
        counts = f"{_number(diff.head_rows)} rows, base {_number(diff.base_rows)}"
        yield 75, f"Head has {counts}: {more:+,}{by}."
    for rows in diff.rows:
        yield from _of_whole_rows(rows, diff)
    if diff.removed is not None and diff.removed.share.count:
        yield 80, f"{_share(diff.removed.share)} keys of base are gone{_examples(diff.removed)}."
    if diff.added is not None and diff.added.share.count:
        yield 70, f"{_share(diff.added.share)} keys of head are new{_examples(diff.added)}."
    if diff.changed is not None and diff.changed.share.count:
        yield (
            60,
            f"{_share(diff.changed.share)} keys of both sides have other values{_examples(diff.changed)}.",
        )


def _of_whole_rows(rows: RowsDiff, diff: DataDiff) -> Iterator[tuple[float, str]]:
    only = f"{_number(rows.only_base)} are on base alone, {_number(rows.only_head)} on head alone"
    if rows.group == "rows of repeated keys":
        keys = f"{_number(rows.keys[0])} on base and {_number(rows.keys[1])} on head"
        counted = f"{_number(rows.base)} rows of base and {_number(rows.head)} of head"
        yield 95, f"The key ({', '.join(diff.keys)}) repeats: {keys}. Of their {counted}, {only}."
    elif rows.group == "rows without a key":
        counted = f"{_number(rows.base)} rows of base and {_number(rows.head)} of head"
        yield 93, f"The key ({', '.join(diff.keys)}) is null in {counted}; of these {only}."
    elif rows.only_base or rows.only_head:
        yield (
            78,
            f"Rows were compared as a whole, since {diff.why_no_keys}: {only}; a changed row is one of each.",
        )


def _examples(keys: Keys) -> str:
    return f", e.g. {' and '.join(keys.examples)}" if keys.examples else ""


# --- values ------------------------------------------------------------------------------------------------


def _of_columns(diff: DataDiff) -> Iterator[tuple[float, str]]:
    for column in diff.columns:
        if column.changed is not None:
            kinds = "; ".join(_kinds(column))
            how = f": {kinds}" if kinds else ""
            yield 50 + 9 * column.changed.rate, f"{column.name}: {_share(column.changed)} values differ{how}."
        elif column.base is not None and column.head is not None:
            yield 50, f"{column.name}: {'; '.join(_moved(column.base, column.head))}."


def _kinds(column: ColumnDiff) -> Iterator[str]:
    if column.shift_s:
        zone = (
            ", as a time zone would" if column.shift_s % _QUARTER_S == 0 and column.shift_s % _DAY_S else ""
        )
        yield f"every time moved by {_duration(column.shift_s)}{zone}"
    if column.filled:
        yield f"{_number(column.filled)} from null to a value"
    if column.emptied:
        yield f"{_number(column.emptied)} from a value to null"
    if column.respaced:
        yield f"{_number(column.respaced)} in case or white space only"
    if column.raised or column.lowered:
        sizes = f"{_number(column.raised)} larger and {_number(column.lowered)} smaller"
        if column.mean_move is not None and column.largest_move is not None:
            sizes += f", by {column.mean_move:+.6g} on average and {column.largest_move:.6g} at most"
        yield sizes
    if column.base is not None and column.head is not None:
        yield from (part for part in _moved(column.base, column.head) if part.startswith(("total", "nulls")))


def _moved(base: Figures, head: Figures) -> Iterator[str]:
    """The figures of a column that differ."""
    if base.nulls != head.nulls:
        yield f"nulls {_number(base.nulls)} → {_number(head.nulls)}"
    if base.distinct is not None and head.distinct is not None and base.distinct != head.distinct:
        yield f"distinct about {_number(base.distinct)} → {_number(head.distinct)}"
    if base.minimum != head.minimum:
        yield f"least {base.minimum} → {head.minimum}"
    if base.maximum != head.maximum:
        yield f"most {base.maximum} → {head.maximum}"
    if base.total is not None and head.total is not None and base.total != head.total:
        yield f"total {base.total:,.10g} → {head.total:,.10g}"


def _share(share: Share) -> str:
    """ "20 of 100 (20 %)"; of a sample with the interval of the rate."""
    low, high = share.interval
    rate = f"{_percent(low)} to {_percent(high)}" if share.is_sample else _percent(share.rate)
    return f"{_number(share.count)} of {_number(share.of)} ({rate})"


def _percent(rate: float) -> str:
    if 0 < rate < 0.0001:
        return "below 0.01 %"
    if 0.9999 < rate < 1:
        return "above 99.99 %"
    return f"{100 * rate:.3g} %"


def _number(value: int) -> str:
    return f"{value:,}"


def _duration(seconds: float) -> str:
    """Seconds with a sign, in the largest unit that they are a whole number of.

    Example:
        >>> _duration(7200), _duration(-86400), _duration(1800), _duration(0.5)
        ('+2 h', '-1 d', '+30 min', '+0.5 s')
    """
    for unit, size in (("d", _DAY_S), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds / size:+g} {unit}"
    return f"{seconds:+g} s"
