"""Months that are meant of every year: "born in March", "in the months of June and July"."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence

from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Recurring
from aidbt.semantic.english.words.tokens import Token

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
# Words before a month that say that no year is meant; "month of" says so where none follows.
_OF_ANY_YEAR = (["in", "any"], ["in", "every"], ["in", "each"], ["in", "the", "month", "of"], ["every"])
# Birthdays come every year.
_BORN = (["in"], ["during"])


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
        while months and lemmas[end : end + 1] in (["and"], ["or"]) and lemmas[end + 1] in _MONTHS:
            months.append(_MONTHS[lemmas[end + 1]])
            end += 2
        is_dated = any(token.kind == "number" for token in sentence[end : end + 2])
        if months and not is_dated:
            yield Item("Claim", Recurring(tuple(months), "month"), start, end, 1.2 * (end - start))
