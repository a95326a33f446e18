"""The ways to cut a sentence into phrases that stand by themselves, likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf

from aidbt.semantic.english.meanings.chart import Chart, Item
from aidbt.semantic.english.meanings.likelihood import Cut
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Number
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.number_rules.asked import STANDING
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import Exists

MOST_CUTS = 6
"""How many ways to cut a question into phrases are looked at."""
STANDING_COST = 0.7
"""What each phrase costs that is not joined with the others."""


def together(cut: Sequence[Sequence[Cut]]) -> list[tuple[Cut, ...]]:
    """The likeliest ways to cut all sentences."""
    ways: list[tuple[Cut, ...]] = [()]
    for sentence in cut:
        longer = [(*before, way) for before in ways for way in sentence]
        ways = sorted(longer, key=lambda way: -sum(score for score, _ in way))[: MOST_CUTS**2]
    return ways


def is_whole(way: Cut, sentence: Sequence[Token]) -> bool:
    """Whether a cut leaves together what is one: no definition in brackets, no "how many" before a column."""
    many = (
        one.category == "CountAll" and other.category == "Col" and sentence[one.start].lemma == "how"
        for one, other in pairwise(way[1])
    )
    return not any(many) and not _defines(way, sentence)


def _defines(way: Cut, sentence: Sequence[Token]) -> bool:
    """Whether parentheses hold a number of their own, as a definition does: "users (those with a play)"."""
    opened = [number for number, token in enumerate(sentence) if token.text == "("]
    closed = [number for number, token in enumerate(sentence) if token.text == ")"]
    asides = [(start, end) for start, end in zip(opened, closed, strict=False) if start < end]
    numbers = [item for item in way[1] if item.category in _MEASURED]
    return any(start <= item.start and item.end <= end + 1 for item in numbers for start, end in asides)


def _straddles(item: Item, sentence: Sequence[Token]) -> bool:
    """Whether a phrase goes on behind a bracket that it is not inside of: "(id and name) who have left"."""
    texts = [token.text for token in sentence[item.start : item.end]]
    inner = texts[1:-1]
    return ("(" in inner and ")" not in texts) or (")" in inner and "(" not in texts)


_MEASURED = {"Number", "Numbers", "AndNumber", "Whole", "Nested", "CountAll"}


def cuts(chart: Chart, sentence: Sequence[Token]) -> Iterator[Cut]:
    """The ways to cut a sentence into phrases, likeliest first; none when words are left over."""
    best: list[list[Cut]] = [[] for _ in range(chart.size + 1)]
    best[0] = [(0.0, ())]
    for end in range(1, chart.size + 1):
        ways: list[Cut] = []
        for start in range(end):
            if best[start]:
                standing = (item for item in chart.items(start, end) if item.category in STANDING)
                items = sorted((i for i in standing if not _straddles(i, sentence)), key=_likeliness)
                for item in items[: 2 * MOST_CUTS]:
                    for score, before in best[start]:
                        cost = STANDING_COST + (_beside(before[-1], item) if before else 0.0)
                        if cost < _NOTHING_JOINS:
                            ways.append((score + item.score - cost, (*before, item)))
        best[end] = _distinct(sorted(ways, key=lambda way: -way[0]))
    yield from best[chart.size]


def _beside(one: Item, other: Item) -> float:
    """What it costs that two phrases stand side by side and nothing joins them; some never do."""
    if other.category == "AndGroup" and one.category != "Group":
        return 1.2
    if one.category in ("Number", "Numbers") and other.category in ("Number", "Numbers", "Theirs"):
        return _NOTHING_JOINS
    is_ended = isinstance(one.meaning, Columns) and one.meaning.rows is not None
    if other.category == "Rows" and (is_ended or one.category in ("Rows", *_CLAIMS)):
        return _NOTHING_JOINS
    if other.category in _THINGS and isinstance(one.meaning, Best) and one.meaning.rows is not None:
        if list(one.words())[-1].category == "SupCol":
            return _NOTHING_JOINS  # "products have the largest" stock
        return _NOTHING_JOINS if isinstance(one.meaning.by, Number) else 0.0
    if isinstance(one.meaning, Rows) and _is_best_of_others(one.meaning, other.meaning):
        return _NOTHING_JOINS
    if isinstance(one.meaning, Group) and isinstance(other.meaning, Best):
        if one.category == "AndGroup" and one.meaning.rows and other.meaning.rows is None:
            return _NOTHING_JOINS  # "for every genre, the title" with the most views
        return _NOTHING_JOINS if _holds_what_is_best(one.meaning, other.meaning) else 0.0
    if other.category in _CLAIMS and one.category in ("Rows", "Col") and _is_of_last_noun(one, other):
        return 0.3
    if other.category == "Cond" and one.category == "Show":
        return 0.5  # "list the clubs founded before 1940" asks for clubs
    if other.category == "WithCols" and one.category not in _SHOWN_WITH:
        return _NOTHING_JOINS
    if other.category in _THINGS:
        return 1.2 if one.category in _THINGS else 0.6 if one.category in _CLAIMS else 0.0
    return 0.0


def _is_best_of_others(rows: Rows, best: object) -> bool:
    """Whether what has most of something is no row of what is asked for: "which category has the most
    reviewed products" asks for their number.
    """
    if not isinstance(best, Best) or not isinstance(best.by, Number) or not isinstance(best.rows, Rows):
        return False
    return best.rows.table != rows.table


def _is_of_last_noun(rows: Item, claim: Item) -> bool:
    """Whether a claim is said of the noun before it, and not of what that noun says something of: "categories
    with 2 products that were ordered", "authors of books on history".
    """
    is_far = isinstance(rows.meaning, Rows) and isinstance(rows.meaning.where, Exists)
    return is_far or next(claim.words()).category == "Rel"


def _holds_what_is_best(group: Group, best: Best) -> bool:
    """Whether a group took in what is asked for: "for every genre, the title" with the most views."""
    # What rows are known by is a key and a name at most.
    is_several = len(group.rows) > 1 or (bool(group.rows) and len(group.terms) > 2)
    is_same = isinstance(best.rows, Rows) and best.rows.table in {rows.table for rows in group.rows}
    return is_several and (best.rows is None or is_same)


_NOTHING_JOINS = inf
# What columns may be seen with: "orders with customer name and total".
_SHOWN_WITH = {"Group", "Rows", "Col", "TopOf", "TopCols", "Best", "FrequentOf"}
_THINGS = {"Rows", "Col", "Amount", "Number", "Numbers"}
_CLAIMS = {"Cond", "Link", "Claim"}


def _distinct(ways: Sequence[Cut]) -> list[Cut]:
    """The likeliest ways that differ in more than where words that say nothing stand."""
    found: dict[object, Cut] = {}
    for way in ways:
        said = tuple((item.category, item.meaning) for item in way[1] if item.category != "Fill")
        found.setdefault(said, way)
        if len(found) == MOST_CUTS:
            break
    return list(found.values())


def _likeliness(item: Item) -> float:
    return -item.score


def uncovered(chart: Chart, sentence: Sequence[Token]) -> list[str]:
    """The words that no phrase holds, as they are written."""
    covered: set[int] = set()
    for start in range(chart.size):
        for end in range(start + 1, chart.size + 1):
            if any(True for _ in chart.items(start, end)):
                covered |= set(range(start, end))
    return [token.text for number, token in enumerate(sentence) if number not in covered]
