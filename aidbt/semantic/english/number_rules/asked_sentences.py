"""What all sentences of a question ask for, the first of which it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Change,
    Frequent,
    Having,
    Nested,
    Number,
    Numbers,
    Scoped,
    Sorted,
    Top,
    TopColumns,
    Whole,
)
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.settled import settle
from aidbt.semantic.english.number_rules.taken import collected
from aidbt.semantic.query import Measure, parts


def asked_of(sentences: Sequence[Iterable[Item]]) -> Asked:
    """What all sentences of a question ask for; the first one is what it is about.

    Raises:
        Refused: a phrase means something only beside another one.
    """
    questions = [part for sentence in sentences for part in _questions(list(sentence))]
    first, *others = [collected(question) for question in questions]
    _check_said_after(questions)
    if first.says_when:
        raise Refused("a time is spoken of that was not named before")
    if first.spans:
        raise Refused("a length of time is asked for, and it is not said between what")
    for other in others:
        _add_sentence(first, other)
    first.tops = list(dict.fromkeys(first.tops))
    settle(first)
    orders = first.orders
    if orders and orders[0].after not in (None, orders[0].by):
        raise Refused("it is said how to sort what is alike, and not by what to sort first")
    first.orders = [order for place, order in enumerate(orders) if not _is_told_again(place, orders)]
    return first


def _questions(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The questions of a sentence: "how many orders came in 2024, and what was the total freight" are two, of
    which the second is of what the first one counts.
    """
    for place, (one, other) in enumerate(pairwise(items)):
        before, rest = items[:place], [item for item in items[place + 2 :] if item.category != "Fill"]
        numbers = [item.meaning for item in before if isinstance(item.meaning, Number)]
        is_asked = (one.category, other.category, other.meaning) == ("And", "Show", "ask")
        if not is_asked or [item.category for item in rest] != ["Number"]:
            continue
        is_bare = not any(word.category in ("Rows", "Poss") for word in rest[0].words())
        if is_bare and len(numbers) == 1:
            return [before, items[place + 1 :]]
    return [items]


# What later sentences add to, and what it is enough that one of them says.
_LISTS = """claims havings orders best tops by theirs those wholes nested changes rankings filtered tails
    firsts units scopes""".split()
_FLAGS = "counts is_each is_average compares shows has_ties has_all is_in_year".split()


def _add_sentence(first: Asked, other: Asked) -> None:
    """Add what a later sentence asks for.

    Raises:
        Refused: its condition may be of one number or of all.
    """
    if other.counts and other.claims:
        raise Refused("it is not certain whether a condition is of one number or of all")
    first.returned += other.shown
    first.general += other.claims
    first.group |= other.group
    first.times |= other.times
    first.says_again |= other.says_again
    first.spans |= other.spans
    first.shares += other.shares
    first.said_groups += other.said_groups
    first.shares_as = first.shares_as or other.shares_as
    for name in _LISTS:
        getattr(first, name).extend(getattr(other, name))
    for name in _FLAGS:
        setattr(first, name, getattr(first, name) or getattr(other, name))


def _check_said_after(sentences: Sequence[Sequence[Item]]) -> None:
    """That "the total" is of a number that was spoken of before it; of how many there are only where it is
    told what to show: "return the month and the total", but not "how many are there, and what is the total".

    Raises:
        Refused: it is of something else.
    """
    measured: list[object] = []
    for items in sentences:
        is_shown = False
        for item in items:
            if item.category == "Said" and item.meaning in _FIGURES:
                counts = all(m.function.startswith("count") for m in _measures_of(measured))
                is_other = counts and item.meaning in ("total", "sum") and not is_shown
                if not measured or is_other:
                    raise Refused(f"the {item.meaning} is asked for, and it is not said of what")
            if isinstance(item.meaning, _MEASURED) or item.category == "CountAll":
                measured.append(item.meaning)
            is_shown |= item.category == "Show" and item.meaning in (None, "list")


def _measures_of(said: Sequence[object]) -> Iterator[Measure]:
    return (part for part in parts(tuple(said)) if isinstance(part, Measure))


_FIGURES = {"total", "sum", "average", "mean", "median", "maximum", "minimum", "result"}


_MEASURED = (Number, Numbers, Best, Top, TopColumns, Scoped, Nested, Whole, Having, Change, Frequent)


def _is_told_again(place: int, orders: Sequence[Sorted]) -> bool:
    """Whether a later order says of the same column in which direction: "by price, from high to low"."""
    one = orders[place]
    if one.is_descending is not None or not isinstance(one.by, Columns):
        return False
    later = [other.by for other in orders[place + 1 :] if other.is_descending is not None]
    return any(isinstance(by, Columns) and by.terms == one.by.terms for by in later)
