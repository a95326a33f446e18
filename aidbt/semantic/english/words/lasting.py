"""How long rows last, by their two times: the duration of a session, the length of a stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aidbt.core.words import words_of
from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import Attribute, Duration, Grain
from aidbt.semantic.tables.naming import NamedTable

# Words of columns that say when a row began, and those that say when the same ended.
_ENDS = {
    "start": "end stop finish", "started": "ended stopped finished", "starts": "ends", "begin": "end",
    "began": "ended", "begins": "ends", "beginning": "end", "begun": "ended", "opened": "closed",
    "open": "close", "in": "out", "checkin": "checkout", "admitted": "discharged",
    "admission": "discharge", "admit": "discharge",
}  # fmt: skip
# Those that say when what was begun was done with, of which it is not said that it went on until then.
_DONE = {
    "start": "complete finish", "started": "completed finished", "begun": "completed",
    "departure": "arrival", "departed": "arrived", "departs": "arrives", "closed": "reopened",
}  # fmt: skip
_RUN_INTO = re.compile(r"(?P<word>\w{2,}?)(?P<rest>at|on|date|time|dt|ts)")
_UNITS = {
    "second": Grain.SECOND, "minute": Grain.MINUTE, "hour": Grain.HOUR, "day": Grain.DAY, "week": Grain.WEEK,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lasting:
    """A phrase for how long a row lasts, and what it is worked out of."""

    phrase: Phrase
    term: Duration


def lastings(table: GraphTable, named: NamedTable) -> Iterator[Lasting]:
    """What the time between the beginning and the end of a row is called, where a table has one such pair.

    It is in the unit that is said; of two dates also in days.
    """
    pairs = list(beginnings_and_ends(table))
    said = {word for words in named.columns.values() for word in words}
    if len(pairs) != 1 or said & {"duration", "length"}:
        return
    start, end = pairs[0]
    is_dated = {table.column(start).kind, table.column(end).kind} == {"date"}
    for phrase in _phrases(named):
        for word, unit in _UNITS.items():
            if not is_dated or unit in (Grain.DAY, Grain.WEEK):
                yield Lasting((*phrase, "in", word), _between(table, start, end, unit))
        if is_dated:
            yield Lasting(phrase, _between(table, start, end, Grain.DAY))


def _between(table: GraphTable, start: str, end: str, unit: Grain) -> Duration:
    return Duration(Attribute(table.name, start), Attribute(table.name, end), unit)


def beginnings_and_ends(table: GraphTable, *, is_done: bool = False) -> Iterator[tuple[str, str]]:
    """The columns of when something began and ended whose names differ in nothing else.

    Args:
        is_done: whether one of when it was completed, or arrived, is its end too.
    """
    times = [(c.name, tuple(_parted(words_of(c.name)))) for c in table.columns if _is_time(c.kind)]
    for start, words in times:
        for place, word in enumerate(words):
            named = f"{_ENDS.get(word, '')} {_DONE.get(word, '') if is_done else ''}".split()
            ends = {(*words[:place], end, *words[place + 1 :]) for end in named}
            yield from ((start, name) for name, other in times if other in ends)


def _parted(words: Iterable[str]) -> Iterator[str]:
    """Words with `startsat` as two."""
    known = {*_ENDS, *_DONE, *" ".join((*_ENDS.values(), *_DONE.values())).split()}
    for word in words:
        joined = _RUN_INTO.fullmatch(word)
        yield from joined.groups() if joined and joined["word"] in known else (word,)


def _is_time(kind: str) -> bool:
    return kind in ("time", "date")


def _phrases(named: NamedTable) -> Iterator[Phrase]:
    """`duration`, `session duration`, `length of the session`."""
    yield ("duration",)
    for noun in named.nouns:
        for form, _ in spellings(noun, named):
            for words in {form, form[-1:]}:
                for length in ("duration", "length"):
                    yield (*words, length)
                    yield (length, "of", *words)
                    yield (length, "of", "the", *words)
                    yield (length, "of", "a", *words)
