"""Columns of another type than when they were decided: what they are cast to, and whether that is proven."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aidbt.core.schema import MappedColumn, Mapping, Relation, Target
from aidbt.core.types import has_time_zone, is_same_type, type_family
from aidbt.sql.widening import widens

Retype = Literal["widened", "compatible", "incompatible"]

Lossy = Callable[[Sequence[tuple[str, str]]], dict[tuple[str, str], int]]


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column of another type than when it was decided.

    Attributes:
        column: its name now.
        kind: "widened" when the new type holds every value of the old one; "compatible" when it is cast and
            every row keeps its value; "incompatible" when a person has to look.
        cast: the type it is cast to from now on; None when it is not.
        lost: rows that would lose something by the cast; None when that was not counted.
    """

    column: str
    before: str
    now: str
    kind: Retype
    cast: str | None = None
    lost: int | None = None


def nothing_proven(casts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """No cast is proven: for when the rows cannot be asked."""
    return {}


@dataclass(frozen=True, slots=True)
class _Question:
    """A column whose type or whose target's type changed.

    Attributes:
        before, now: the types that changed: of the source, or as the target declares them.
        cast: what it has to be cast to; None when it is that type already, or wider.
        kind: what can be said without asking the rows; None when they are to be asked.
    """

    column: MappedColumn
    is_of_target: bool
    before: str
    now: str
    cast: str | None
    kind: Retype | None


def retype(
    mapping: Mapping,
    relation: Relation,
    old_types: dict[str, str],
    target: Target | None,
    lossy: Lossy,
    dialect: str,
) -> tuple[Mapping, tuple[Retyped, ...], tuple[Retyped, ...]]:
    """The mapping with the types of now, and what was retyped in the source and in the target.

    Args:
        old_types: by the names of now.
    """
    asked = [
        question
        for column in mapping.columns
        if column.status != "rejected"
        and (question := _type_question(column, relation, old_types, target, dialect)) is not None
    ]
    casts = [(q.column.sources[0], q.cast) for q in asked if q.kind is None and q.cast is not None]
    counted = lossy(list(dict.fromkeys(casts))) if casts else {}
    changed: dict[str, MappedColumn] = {}
    found: dict[bool, list[Retyped]] = {False: [], True: []}
    for question in asked:
        column = question.column
        lost = counted.get((column.sources[0], question.cast or ""))
        kind = question.kind or ("compatible" if lost == 0 else "incompatible")
        name = column.target if question.is_of_target else column.sources[0]
        retyped = Retyped(name, question.before, question.now, kind, question.cast, lost)
        found[question.is_of_target].append(retyped)
        changed[column.target] = _retyped_column(column, retyped, relation)
    columns = tuple(changed.get(column.target, column) for column in mapping.columns)
    return replace(mapping, columns=columns), tuple(found[False]), tuple(found[True])


def _type_question(
    column: MappedColumn,
    relation: Relation,
    old_types: dict[str, str],
    target: Target | None,
    dialect: str,
) -> _Question | None:
    """What changed about the types behind a column; None when nothing did, or it is not known."""
    retyped = [
        (old_types[name], now.data_type)
        for name in column.sources
        if (now := relation.column(name)) is not None
        and old_types.get(name)
        and not is_same_type(old_types[name], now.data_type, dialect)
    ]
    if column.is_passthrough:
        return _plain_question(column, relation, retyped[0] if retyped else None, target, dialect)
    if not retyped:
        return None
    wider = all(widens(old, new, dialect) for old, new in retyped)
    return _Question(column, False, *retyped[0], column.cast, "widened" if wider else "incompatible")


def _plain_question(
    column: MappedColumn,
    relation: Relation,
    retyped: tuple[str, str] | None,
    target: Target | None,
    dialect: str,
) -> _Question | None:
    """The same of a plain column, whose type is that of its target, or else what it was staged as before.

    Args:
        retyped: the source's type before and now; None when it is as it was.
    """
    source = relation.column(column.sources[0])
    if source is None:
        return None
    declared = _declared_type(column, target)
    before, now = retyped or (column.cast or source.data_type, declared)
    if retyped is None and (not declared or is_same_type(before, declared, dialect)):
        return None
    if not declared and not column.cast and widens(before, now, dialect):
        return _Question(column, False, before, now, None, "widened")
    wanted = declared or column.cast or before
    if is_same_type(source.data_type, wanted, dialect):
        return _Question(column, retyped is None, before, now, None, "compatible")
    kind: Retype | None = "incompatible" if _depends_on_session(source.data_type, wanted, dialect) else None
    return _Question(column, retyped is None, before, now, wanted.lower(), kind)


def _depends_on_session(data_type: str, wanted: str, dialect: str) -> bool:
    """Whether a cast gives another value in another time zone of the session, which no row shows."""
    families = type_family(data_type), type_family(wanted)
    is_instant = has_time_zone(data_type, dialect), has_time_zone(wanted, dialect)
    return is_instant[0] != is_instant[1] and "timestamp" in families and families[1] != "text"


def _declared_type(column: MappedColumn, target: Target | None) -> str:
    """The type that the target declares for a column; "" where it declares none."""
    return next((c.data_type for c in target.columns if c.name == column.target), "") if target else ""


def _retyped_column(column: MappedColumn, retyped: Retyped, relation: Relation) -> MappedColumn:
    """The column with the type of now; it waits where some row may not survive it."""
    now = relation.column(column.sources[0]) if len(column.sources) == 1 else None
    typed = replace(column, source_type=now.data_type) if now is not None and column.source_type else column
    if column.is_passthrough:
        typed = replace(typed, cast=retyped.cast)
    if retyped.kind != "incompatible":
        return typed
    if column.is_passthrough and retyped.cast:
        rows = f"{retyped.lost:,} rows" if retyped.lost else "some rows"
        note = f"{rows} would lose their value by a cast to {retyped.cast}"
    else:
        note = f"was {retyped.before} and is {retyped.now} now: is its expression still right?"
    return replace(typed, status="review", note=note)
