"""What each phrase of a sentence asks for, taken into what the sentence asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Change,
    Filtered,
    First,
    Frequent,
    Group,
    Having,
    Nested,
    Number,
    Numbers,
    Ranking,
    Scoped,
    Sorted,
    Tail,
    Top,
    TopColumns,
    Whole,
)
from aidbt.semantic.english.meanings.phrases import (
    Amount,
    Claims,
    Columns,
    Condition,
    Link,
    Opposite,
    Recurring,
    Rows,
)
from aidbt.semantic.english.number_rules.asked import GLUE, STANDING, Asked
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import DatePart, Grain

# What a verb that asks stands behind: of "cards that were given for …" it is none.
_BEFORE_SHOW = ("", "Show", "Comma", "And", "Group")


def collected(items: Iterable[Item]) -> Asked:
    asked = Asked()
    last = ""
    for item in items:
        asked.compares |= item.category == "Periods"
        asked.is_distinct |= any((word.category, word.meaning) == _COUNT_DISTINCT for word in item.words())
        asked.spreads |= item.category == "Numbers" and _names_rows_last(item)
        if item.category not in STANDING:
            raise Refused("it is not understood how these words belong to the rest", spans=())
        if last == "Said" and isinstance(item.meaning, Rows | Columns | Amount):
            raise Refused("it is not certain what is said of a number that was asked for before")
        if item.category == "Show" and item.meaning != "besides" and last not in _BEFORE_SHOW:
            raise Refused("it is not certain whether something else is asked for")
        if item.category in ("Number", "Theirs", "NumberOfThose") and last in ("Number", "Numbers"):
            raise Refused("two numbers stand side by side, and it is not said how they belong together")
        is_counted = last in ("Number", "Numbers") or (last == "Rows" and asked.counts)
        is_sum = isinstance(item.meaning, Scoped) and isinstance(item.meaning.of, Number)
        if is_counted and item.category == "Scoped" and is_sum:
            raise Refused("it is not certain whether a verb is said of how many, or of how much")
        if last == "Show" and item.category in ("Link", "Claim"):
            raise Refused("it is said what holds of something, and not of what")
        _take(asked, item)
        last = last if item.category == "Fill" else item.category
    if last in ("And", "Show"):
        raise Refused("something is asked for at the end that is not understood")
    return asked


def _names_rows_last(item: Item) -> bool:
    """Whether no rows are named before the last of several numbers."""
    kinds = [word.category for word in item.words()]
    joins = [place for place, kind in enumerate(kinds) if kind in ("And", "Comma")]
    # A column may be said with its rows, "price of the orders", as one phrase.
    is_long = any(word.category == "Col" and word.end - word.start > 2 for word in item.words())
    return "Rows" in kinds and bool(joins) and joins[-1] < kinds.index("Rows") and not is_long


_COUNT_DISTINCT = ("Count", "count_distinct")


def _take(asked: Asked, item: Item) -> None:
    meaning = item.meaning
    match meaning:
        case Numbers(items):
            asked.shown += items
        case Group():
            asked.group |= meaning
        case Sorted():
            asked.orders += _by_each(meaning, item)
        case Best():
            asked.best.append(meaning)
        case Top():
            asked.tops.append(meaning)
        case TopColumns(columns, top):
            asked.shown.append(columns)
            asked.tops.append(top)
        case Frequent():
            asked.tops.append(Top(1, meaning))
        case First():
            asked.firsts.append(meaning)
        case Having():
            asked.havings.append(meaning)
        case Whole():
            asked.wholes.append(meaning)
        case Filtered():
            asked.filtered.append(meaning)
        case Tail():
            asked.tails.append(meaning)
        case Nested():
            asked.nested.append(meaning)
        case Change():
            asked.changes.append(meaning)
        case Ranking():
            asked.rankings.append(meaning)
        case Scoped():
            _take_scoped(asked, item)
        case Number() if item.category == "Theirs":
            asked.theirs.append(meaning)
        case Number() if item.category == "NumberOfThose":
            asked.those.append(meaning)
        case Number() if item.category == "ByNumber":
            asked.by.append(meaning)
        case Rows() | Columns() if item.category == "SaidGroup":
            asked.said_groups.append(meaning)
        case Condition() | Link() if item.category == "Contrast":
            asked.claims.append(meaning)
            asked.general.append(meaning)
            asked.compares = True
        case Condition() | Link() | Claims() | Opposite() | Period() | Recurring():
            asked.claims.append(meaning)
            if not (asked.numbers() or asked.wholes or asked.nested):
                asked.general.append(meaning)
        case Rows() | Columns() | Amount() | Number():
            asked.shown.append(meaning)
        case _:
            _take_glue(asked, item)


def _by_each(order: Sorted, item: Item) -> list[Sorted]:
    """The order by each column: "by country and then price descending", of which the last alone descends."""
    is_list = any(word.category in ("And", "Comma") for word in item.words())
    if not is_list or not isinstance(order.by, Columns) or len(order.by.terms) < 2:
        return [order]
    each = [replace(order, by=Columns((term,))) for term in order.by.terms]
    return [*(replace(one, is_descending=False) for one in each[:-1]), each[-1]]


def _take_scoped(asked: Asked, item: Item) -> None:
    """What belongs to groups of its own by a definition, or by "each" before it."""
    match item.meaning:
        case Scoped(Number() as number, group) if item.category == "NumberEach":
            asked.shown.append(number)
            asked.group |= group
        case Scoped(Top() as top, group):
            asked.tops.append(top)
            asked.scopes.append(group)
        case Scoped(TopColumns(columns, top), group):
            asked.shown.append(columns)
            asked.tops.append(top)
            asked.scopes.append(group)
        case Scoped(Number() as number, group):
            asked.shown.append(number)
            asked.scopes.append(group)
        case _:
            _take_glue(asked, item)


def _take_glue(asked: Asked, item: Item) -> None:
    if item.category not in GLUE:
        raise Refused("it is not understood how these words belong to the rest")
    asked.counts |= item.category == "CountAll"
    asked.is_each |= item.category == "CountAll" and item.meaning == "each"
    asked.is_average |= item.category == "OnAverage"
    asked.compares |= item.category == "Versus"
    asked.has_all |= item.category == "AllGroups"
    asked.says_when |= item.category == "ThatTime"
    if item.category == "SaidSpan":
        asked.spans.add(Grain(str(item.meaning)))
        return
    if item.category == "Said":
        asked.says_again.add(str(item.meaning))
    if item.category == "ItsShare":
        asked.shares.append(str(item.meaning))
    asked.is_in_year |= item.category == "InYear"
    if item.category == "AsShare":
        asked.shares_as = str(item.meaning)
    asked.has_ties |= item.category == "Ties"
    if item.category == "InUnit":
        asked.units.append(str(item.meaning))
    if item.meaning in (Grain.SECOND, Grain.MINUTE):
        raise Refused("it is not certain whether a length of time is meant")
    if isinstance(item.meaning, Grain):
        asked.times |= Group(grains=(item.meaning,))
    if item.category == "Part":
        asked.times |= Group(parts=(cast("DatePart", item.meaning),))
    asked.lists |= item.category == "Show" and item.meaning == "list"
    asked.asks |= item.category == "Show" and item.meaning == "ask"
    asked.shows |= item.category == "Show" and item.meaning is None
