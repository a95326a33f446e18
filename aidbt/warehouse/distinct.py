"""Distinct counts on PostgreSQL, which has no sketch, and whose count(distinct) sorts every column.

Counted are the distinct values whose hash falls in one part of m (Gibbons, "Distinct sampling for
highly-accurate answers to distinct values queries", 2001): a value is counted wherever it stands or not at
all, so m times their count estimates all of them, with a relative error of about sqrt(m / distinct). It costs
a fifth of count(distinct), in the same scan (0.8 s against 4.0 s for 1 million rows of 12 columns).

Where too few values are left for that, a second scan of these columns takes a larger part, and the sample
tells the columns of very large tables that have only some hundred values.
"""

from __future__ import annotations

from sqlglot import exp

from aidbt.warehouse.rows import Rows, number
from aidbt.warehouse.sampling import Figures, Sample

_EXACT_ROWS = 16_384
_KEPT = 8_192  # of a column without repeats; then the error is about 1 %
_ENOUGH = 1_024  # 3 %
_SOME = 64  # 12 %
_SECOND_ROWS = 1_000_000  # what is sorted by the second scan, for each column


def partly_distinct(column: exp.Expr, row_count: int) -> exp.Expr:
    """The count of the distinct values in one part of the hashes; of all values in a small table."""
    if row_count <= _EXACT_ROWS:
        return exp.Count(this=exp.Distinct(expressions=[column]))
    return _distinct_hashes(column, _parts(row_count, _KEPT))


def correct_distinct_counts(rows: Rows, row_count: int, raw: Figures, sample: Sample) -> None:
    """Make distinct counts of all values, in place, of those that `partly_distinct` gave."""
    if row_count <= _EXACT_ROWS:
        return
    parts = _parts(row_count, _KEPT)
    finer = _parts(row_count, _SECOND_ROWS)
    few = [
        name
        for name, figures in raw.items()
        if figures["count"] and "distinct" in figures and figures["distinct"] < _ENOUGH
    ]
    asked = [_distinct_hashes(exp.column(name, quoted=True), finer) for name in few]
    found = dict(zip(few, rows.first(*asked), strict=True)) if asked else {}
    for name, figures in raw.items():
        if "distinct" not in figures:
            continue
        kept, of = (int(found[name]), finer) if name in found else (figures["distinct"], parts)
        seen = sample.distinct(name)
        figures["distinct"] = max(kept * of, seen) if of == 1 or kept >= _SOME or not seen else seen


def _parts(row_count: int, kept: int) -> int:
    """A power of two, so that the values of one part are among those of a larger one."""
    return 1 << max((row_count // kept).bit_length() - 1, 0) if row_count > kept else 1


def _distinct_hashes(column: exp.Expr, parts: int) -> exp.Expr:
    hashed = exp.Anonymous(this="hash", expressions=[column])
    counted = exp.Count(this=exp.Distinct(expressions=[hashed]))
    if parts == 1:
        return counted
    chosen = exp.Mod(this=hashed, expression=number(parts)).eq(number(0))
    return exp.Filter(this=counted, expression=exp.Where(this=chosen))
