"""Casts to a type that has no room for every value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.types import is_plain_text, type_family
from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import alias_of, shown
from aidbt.sql.conditions import without_brackets
from aidbt.sql.resolve import data_type
from aidbt.sql.widening import widens

# Counts and parts of dates are whole numbers that every integer has room for.
_SMALL = (
    exp.Count, exp.CountIf, exp.RowNumber, exp.Extract, exp.DateDiff, exp.TimestampDiff, exp.Length,
    exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week, exp.Rank, exp.DenseRank, exp.Sign,
)  # fmt: skip
_POWER_OF_TEN = re.compile(r"10+\Z")
_ROUNDED = (exp.Round, exp.Floor, exp.Ceil, exp.Trunc)


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for cast in query.tree.find_all(exp.Cast):
        operand = without_brackets(cast.this)
        source, target = data_type(operand, query.dialect), data_type(cast, query.dialect)
        loss = _loss(cast, operand, source, target, query.dialect) if source and target else ""
        if loss:
            yield hit_at(cast, f"{shown(operand, query.dialect)} is {source}, cast to {target}: {loss}")


def _loss(cast: exp.Cast, operand: exp.Expr, source: str, target: str, dialect: str) -> str:
    """What can be lost; "" where nothing is, or where that is what a cast is for."""
    if isinstance(operand, exp.Literal | exp.Null) or widens(source, target, dialect):
        return ""
    before, after = type_family(source), type_family(target)
    if isinstance(operand, exp.Sum) and target.upper() in ("BIGINT", "INT64"):
        return ""  # sums have a type wider than any sum needs
    if before == "number" and after == "integer":
        return "" if _is_whole(operand, source) else "what stands behind the point is lost"
    if before == after == "integer":
        is_small = isinstance(operand.this if isinstance(operand, exp.Window) else operand, _SMALL)
        narrows = widens(target, source, dialect)
        return "larger numbers fail or wrap around" if narrows and not is_small else ""
    if before == after == "number":
        return _narrower_number(source, target)
    if before == "timestamp" and after == "date":
        # A new column beside the time is what people cast for; the same name loses the time.
        same_name = isinstance(operand, exp.Column) and alias_of(cast).casefold() == operand.name.casefold()
        return "the time of day is lost under the same name" if same_name else ""
    if is_plain_text(source) and is_plain_text(target):
        room, needed = _sizes(target), _sizes(source)
        is_cut = room and needed and room[0] < needed[0]
        return f"texts longer than {room[0]} are cut or fail" if is_cut else ""
    return ""


def _is_whole(operand: exp.Expr, source: str) -> bool:
    """Whether a number has nothing behind its point: none by its type, rounded, or moved in front of it as
    `amount * 100` does with cents.
    """
    scale = _scale(source)
    if scale == 0 or isinstance(operand, _ROUNDED):
        return True
    factors = [operand.this, operand.expression] if isinstance(operand, exp.Mul) else []
    zeros = [len(f.name) - 1 for f in factors if isinstance(f, exp.Literal) and _POWER_OF_TEN.match(f.name)]
    return bool(scale and zeros and zeros[0] >= scale)


def _narrower_number(source: str, target: str) -> str:
    before, after = _sizes(source), _sizes(target)
    if len(before) != 2 or len(after) != 2:
        return ""  # a float rounded to a decimal is what people cast for
    if after[1] < before[1]:
        return f"{before[1] - after[1]} digits behind the point are lost"
    if after[0] - after[1] < before[0] - before[1]:
        return f"numbers of more than {after[0] - after[1]} digits before the point fail"
    return ""


def _scale(data_type: str) -> int | None:
    sizes = _sizes(data_type)
    return sizes[1] if len(sizes) == 2 else None


def _sizes(data_type: str) -> list[int]:
    _, _, inside = data_type.partition("(")
    return [int(part) for part in inside.rstrip(")").split(",") if part.strip().isdigit()]


CHECK = Check(
    "lossy_cast",
    "A cast that can lose data",
    "round on purpose, or cast to a type that has room for every value",
    _find,
)
