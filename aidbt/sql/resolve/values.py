"""What an expression gives, and the columns of relations that it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from aidbt.sql.resolved import ROW_USES, ColumnUse, How, Made, farther

if TYPE_CHECKING:
    from sqlglot import exp

Uses = dict[tuple[str, str, str], How]
"""(key of the relation, column, the row use or "") → how. A column is once among what a value is made of, as
its farthest use, and once among each kind of what decides on rows. Never changed once it is in a `Value`."""

_RANK: dict[How, int] = {how: rank for rank, how in enumerate(get_args(How))}
NO_USES: Uses = {}


def add_uses(into: Uses, uses: Uses, how: How) -> None:
    """Add what a part is made of to a whole that uses the part in some way."""
    rank = _RANK[how]
    if how in ROW_USES:
        for (relation, column, _), inner in uses.items():
            outer = farther(how, inner)
            into[relation, column, outer] = outer
        return
    for key, inner in uses.items():
        if key[2]:
            into[key] = inner
            continue
        outer = how if rank > _RANK[inner] else inner
        known = into.get(key)
        if known is None or _RANK[known] < _RANK[outer]:
            into[key] = outer


def lifted(uses: Uses, how: How) -> Uses:
    """The uses of what uses something in some way."""
    if how == "passthrough" or not uses:
        return uses
    into: Uses = {}
    add_uses(into, uses, how)
    return into


def column_uses(uses: Uses) -> tuple[ColumnUse, ...]:
    """The uses as the caller is given them, sorted."""
    return tuple(sorted(ColumnUse(relation, column, how) for (relation, column, _), how in uses.items()))


@dataclass(slots=True)
class Value:
    """What an expression gives.

    Attributes:
        made: as in `OutputColumn`.
        why: of an "unknown" one, what keeps it from being known; of any other, on what trust it is known.
        parts: of a struct or a row, the values of its fields by their names in lower case, where they are
            known apart.
        size: of a list, what decides how many items it has, where that is known apart.
    """

    type: exp.DataType | None = None
    nullable: bool = True
    made: Made = "constant"
    uses: Uses = field(default_factory=dict)
    why: str = ""
    parts: dict[str, Value] | None = None
    size: Value | None = None

    def copy(self) -> Value:
        """The same value, apart from this one: what makes that one nullable leaves this one alone."""
        return Value(
            self.type, self.nullable, self.made, self.uses, self.why, parts=self.parts, size=self.size
        )

    def through(self, how: How) -> Value:
        """The value that is this one, used in some way: renamed, cast, passed on."""
        made = self.made
        if made != "constant" and made != "generated" and made != "unknown":
            made = _as_made(farther(made, how))
        value = self.copy()
        value.made, value.uses = made, lifted(self.uses, how)
        return value


def unknown(why: str, uses: Uses = NO_USES) -> Value:
    """A value of which nothing is certain."""
    return Value(None, True, "unknown", uses, why)


def combined(parts: Iterable[Value], how: How, *, generates: bool = False) -> Value:
    """The value of an expression over parts, without a type.

    Args:
        how: what the expression does to each part.
        generates: whether the expression gives something else each time, whatever its parts are.
    """
    uses: Uses = {}
    made: Made = "generated" if generates else "constant"
    farthest: How = how
    why = note = ""
    nullable = False
    has_columns = False
    for part in parts:
        if part.uses:
            add_uses(uses, part.uses, how)
        nullable = nullable or part.nullable
        if part.made == "unknown":
            why = why or part.why
        elif part.made == "generated":
            made = "generated"
        elif part.made != "constant":
            has_columns = True
            if _RANK[part.made] > _RANK[farthest]:
                farthest = part.made
        if part.why and part.made != "unknown":
            note = note or part.why
    if why:
        return Value(None, True, "unknown", uses, why)
    if has_columns:
        made = _as_made(farthest)
    return Value(None, nullable, made, uses, note)


def _as_made(how: How) -> Made:
    """How a value is made that uses columns so; one that only decides on rows makes an expression."""
    return "expression" if how in ROW_USES else how  # type: ignore[return-value]
