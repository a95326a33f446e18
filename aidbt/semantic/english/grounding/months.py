"""Months that are meant of every year, "in the months of June and July", and times that are said again."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence

from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Group
from aidbt.semantic.english.meanings.phrases import Recurring
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.query import Grain

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
# Words before a month that say that no year is meant; "month of" says so where none follows.
_OF_ANY_YEAR = (["in", "any"], ["in", "every"], ["in", "each"], ["in", "the", "month", "of"], ["every"])
# Birthdays come every year.
_BORN = (["in"], ["during"])


def those_times(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """`for each of those years`, which are spoken of again."""
    lemmas = [token.lemma.lower() for token in sentence[start : start + 6]]
    for opening in _EACH_OF_THOSE:
        grain = lemmas[len(opening) : len(opening) + 1]
        if lemmas[: len(opening)] == opening and grain and grain[0] in set(Grain):
            length = len(opening) + 1
            group = Group(grains=(Grain(grain[0]),))
            yield Item("Group", group, start, start + length, 1.2 * length)
            return


_EACH_OF_THOSE = [
    [*how, "each", "of", *which]
    for how in (["for"], ["in"], ["during"], ["by"], [])
    for which in (
        ["those"],
        ["these"],
        ["the"],
        ["the", "two"],
        ["the", "three"],
        ["those", "two"],
        ["these", "two"],
    )
]


def months_of_years(sentence: Sequence[Token], start: int) -> Iterator[Item]:
    """Months without a year, where it is said, or plain, that those of all years are meant."""
    lemmas = [token.lemma.lower() for token in sentence]
    is_born = start > 0 and lemmas[start - 1] in ("born", "bear", "birthday")
    for opening in (*_OF_ANY_YEAR, *(_BORN if is_born else ())):
        first = start + len(opening)
        if lemmas[start:first] != opening:
            continue
        months = [_MONTHS[lemmas[first]]] if first < len(lemmas) and lemmas[first] in _MONTHS else []
        end = first + 1
        while months and lemmas[end : end + 1] in (["and"], ["or"]):
            following = _MONTHS.get(lemmas[end + 1]) if end + 1 < len(lemmas) else None
            if following is None:
                break
            months.append(following)
            end += 2
        is_dated = any(token.kind == "number" for token in sentence[end : end + 2])
        if months and not is_dated:
            yield Item("Claim", Recurring(tuple(months), "month"), start, end, 1.2 * (end - start))
