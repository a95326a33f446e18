"""Numbers as they are written, what they are in, and one unit of time: `50k`, `$50`, `half a year`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aidbt.semantic.english.grounding.noun_groups import LONGER
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Span
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.english.words.units import unit_of, whole
from aidbt.semantic.query import Grain

# Of "within the first year after it opened" the year is a length of time.
_WITHIN_FIRST = tuple((how, "the", "first") for how in ("within", "in", "during"))
_SHORT_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<scale>[kKmM])")
_SCALES = {"k": 1_000, "m": 1_000_000}
_SIGNS = "$€£%"


def numbers_at(token: Token, start: int) -> Iterator[Item]:
    """`50`, `50k`, `$50`, `50%`; the name of a unit, but those of times, which are grains."""
    number = token.number
    if short := _SHORT_NUMBER.fullmatch(token.text):
        number = whole(float(short["number"]) * _SCALES[short["scale"].lower()])
    sign = next((sign for sign in _SIGNS if sign in token.text and token.kind == "number"), "")
    if number is not None and sign:
        yield Item("Sum", (number, unit_of(sign)), start, start + 1, 1.0)
    elif number is not None:
        yield Item("Num", number, start, start + 1, 1.0)
    elif token.lemma not in set(Grain) and (unit := unit_of(token.lemma)):
        yield Item("Unit", unit, start, start + 1, 0.9)


def one_unit(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`an hour`, `half a year`, as a length of time."""
    words = [token.lemma for token in sentence[start : start + 3]]
    count = 0.5 if words[:1] == ["half"] else 1
    rest = words[1:] if count < 1 else words
    if len(rest) > 1 and rest[0] in ("a", "an") and rest[1] in set(Grain):
        length = 3 if count < 1 else 2
        yield Item("Span", Span(count, Grain(rest[1])), start, start + length, 0.9 * length**LONGER)
    before = tuple(token.lemma for token in sentence[max(start - 3, 0) : start])
    if words[:1] and words[0] in set(Grain) and before in _WITHIN_FIRST:
        yield Item("Span", Span(1, Grain(words[0])), start, start + 1, 0.9)
