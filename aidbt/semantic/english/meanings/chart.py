"""A chart parser over typed phrases: every way to build a phrase from its parts, the likeliest few kept.

The algorithm is CKY (Younger, "Recognition and parsing of context-free languages in time n^3", 1967) with a
beam for each category and span, and semantics computed beside the syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """A phrase: what it is, what it means, where it stands, and how likely that is.

    Attributes:
        score: higher is likelier; of two ways to read the same words.
        made_of: the phrases it was joined from, in order, or the one it is another view of; () for words.
    """

    category: str
    meaning: Hashable
    start: int
    end: int
    score: float
    made_of: tuple[Item, ...] = field(default=(), compare=False, repr=False)

    def nodes(self) -> Iterator[Item]:
        """The phrase and all that it is made of, outside first."""
        yield self
        for part in self.made_of:
            yield from part.nodes()

    def words(self) -> Iterator[Item]:
        """The phrases of the words themselves, from first to last."""
        return (node for node in self.nodes() if not node.made_of)


Combine = Callable[[Any, Any], Iterable[tuple[str, Hashable, float]]]
"""From the meanings of two phrases side by side: category, meaning and cost of what they are together."""
Lift = Callable[[Any], Iterable[tuple[str, Hashable, float]]]
"""From a phrase's meaning: what else it may be seen as."""
Rule = Callable[[str, str, Combine], None]
"""Adds a rule for each pair of the categories named, with blanks between, on the left and on the right."""
LiftRule = Callable[[str, Lift], None]
"""Adds a rule for a category."""


@dataclass(frozen=True)
class Grammar:
    """Rules by the categories they join, and by the category they lift."""

    binary: dict[tuple[str, str], tuple[Combine, ...]]
    unary: dict[str, tuple[Lift, ...]]


MOST_TOKENS = 100
"""Longer sentences are not read: the time that it takes grows with the third power of their length."""
MOST_JOINS = 30_000
"""How many pairs of phrases are tried: below a second of work, and many times what questions take."""


def parse(size: int, words: Iterable[Item], grammar: Grammar, *, beam: int = 5) -> Chart:
    """All phrases of a sentence of `size` tokens; those of its shorter parts alone where it `is_tangled`."""
    chart = Chart(size, grammar, beam)
    for item in words:
        chart.add(item)
    for length in range(1, size + 1):
        if chart.is_tangled:
            break
        for start in range(size - length + 1):
            chart.fill(start, start + length)
    return chart


class Chart:
    """Phrases by where they begin and end."""

    def __init__(self, size: int, grammar: Grammar, beam: int) -> None:
        self.size = size
        self._grammar = grammar
        self._beam = beam
        self._cells: dict[tuple[int, int], dict[str, list[Item]]] = {}
        self._joins = 0

    @property
    def is_tangled(self) -> bool:
        """Whether there are more ways to put the sentence together than are looked at."""
        return self._joins > MOST_JOINS

    def add(self, item: Item) -> None:
        """Take a phrase in, and what it may be seen as besides, unless likelier ones crowd it out."""
        waiting = [item]
        while waiting:
            item = waiting.pop()
            if self._insert(item):
                for rule in self._grammar.unary.get(item.category, ()):
                    for category, meaning, cost in rule(item.meaning):
                        score = item.score - cost
                        waiting.append(Item(category, meaning, item.start, item.end, score, (item,)))

    def fill(self, start: int, end: int) -> None:
        """Build all phrases of a span from shorter ones."""
        for middle in range(start + 1, end):
            left, right = self._cells.get((start, middle)), self._cells.get((middle, end))
            if not left or not right:
                continue
            for a in list(left):
                for b in list(right):
                    for rule in self._grammar.binary.get((a, b), ()):
                        self._join(rule, left[a], right[b])

    def _join(self, rule: Combine, left: list[Item], right: list[Item]) -> None:
        self._joins += len(left) * len(right)
        for first in left:
            for second in right:
                for category, meaning, cost in rule(first.meaning, second.meaning):
                    score = first.score + second.score - cost
                    made_of = (first, second)
                    self.add(Item(category, meaning, first.start, second.end, score, made_of))

    def items(self, start: int, end: int) -> Iterator[Item]:
        """The phrases of exactly that span."""
        for found in self._cells.get((start, end), {}).values():
            yield from found

    def _insert(self, item: Item) -> bool:
        cell = self._cells.setdefault((item.start, item.end), {}).setdefault(item.category, [])
        for number, other in enumerate(cell):
            if other.meaning == item.meaning:
                if other.score >= item.score:
                    return False
                del cell[number]
                break
        cell.append(item)
        cell.sort(key=lambda found: -found.score)
        if len(cell) > self._beam:
            dropped = cell.pop()
            return dropped is not item
        return True
