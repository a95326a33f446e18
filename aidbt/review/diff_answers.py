"""What the answers of a data diff's statements mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aidbt.review.diff_columns import Pair
from aidbt.review.diff_statements import Statements
from aidbt.review.diff_values import ColumnDiff, Figures, Share

_LONGEST = 60  # characters of a key or value that are shown


def column_diff(pair: Pair, found: dict[str, Any], common: int, statements: Statements) -> ColumnDiff:
    is_hidden = bool({pair.name, pair.base.name} & statements.pii)
    return ColumnDiff(
        name=pair.name,
        changed=Share(int(found["changed"] or 0), common, statements.one_in > 1),
        filled=int(found["filled"] or 0),
        emptied=int(found["emptied"] or 0),
        respaced=int(found.get("respaced") or 0),
        raised=int(found.get("raised") or 0),
        lowered=int(found.get("lowered") or 0),
        mean_move=None if is_hidden else _rounded(found.get("mean_move")),
        largest_move=None if is_hidden else _rounded(found.get("largest_move")),
        shift_s=None if is_hidden else _shift(found),
        examples=shown_keys((found["first"], found["last"]), statements),
    )


def _shift(found: dict[str, Any]) -> float | None:
    """The seconds by which every time has moved; None where they differ or one has no other side."""
    least, most = _float(found.get("least_shift_s")), _float(found.get("most_shift_s"))
    # Seconds since 1970 are doubles, of about 0.2 microseconds.
    if least is None or most is None or found["shifted"] != found["changed"] or most - least > 1e-5:
        return None
    return round(least, 5)


def shown_keys(examples: Sequence[Any], statements: Statements) -> tuple[str, ...]:
    """The keys to show, each once; none where nothing but masked parts is left."""
    if all({pair.name, pair.base.name} & statements.pii for pair in statements.keys):
        return ()
    return tuple(dict.fromkeys(_cut(str(example)) for example in examples if example is not None))


def figures_of(found: dict[str, Any], rows: int) -> Figures:
    distinct, minimum, maximum = (found.get(name) for name in ("distinct", "minimum", "maximum"))
    return Figures(
        rows=rows,
        nulls=rows - int(found["count"]),
        distinct=None if distinct is None else int(distinct),
        minimum=None if minimum is None else _cut(str(minimum)),
        maximum=None if maximum is None else _cut(str(maximum)),
        total=_float(found.get("total")),
    )


def are_alike(base: Figures | None, head: Figures | None) -> bool:
    """Whether figures are the same, but for what the order of adding doubles makes of a total."""
    if base is None or head is None:
        return base is head
    totals = (base.total, head.total)
    if None not in totals and not math.isclose(base.total or 0.0, head.total or 0.0, rel_tol=1e-9):
        return False
    return replace(base, total=None) == replace(head, total=None)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _rounded(value: Any) -> float | None:
    """A distance without the last digits, which are what is left of subtracting one double from another."""
    return None if value is None else float(f"{float(value):.9g}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
