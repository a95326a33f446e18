"""Words that ask for numbers, groups, orders and the best: part of the closed list."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from aidbt.semantic.english.meanings.number_phrases import Change
from aidbt.semantic.english.words.word_lists import lines
from aidbt.semantic.query import Grain

_PREVIOUS = ("previous", "prior", "preceding", "last")
_SINCE = ("from", "vs", "versus", "compared to", "compared with", "against", "over", "to", "since")
_CHANGES: dict[Literal["change", "relative_change"], tuple[str, ...]] = {
    "change": ("change", "the change", "how it changed", "difference", "the difference"),
    "relative_change": ("growth", "percentage change", "percent change", "relative change", "growth rate",
                        "the growth", "the percentage change", "the percent change"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Direction:
    """How an answer is sorted, and by what kind of thing when the words say so: `newest first`."""

    is_descending: bool
    of: Literal["", "time", "name"] = ""


_DIRECTIONS = {
    "descending": Direction(True),
    "ascending": Direction(False),
    "descending-time": Direction(True, "time"),
    "ascending-time": Direction(False, "time"),
    "ascending-name": Direction(False, "name"),
    "descending-name": Direction(True, "name"),
}


class Add(Protocol):
    """What takes phrases of the closed list."""

    def __call__(self, category: str, meaning: Hashable, *texts: str) -> None: ...


def add_number_words(add: Add) -> None:
    """Hand each phrase to `add(category, meaning, *texts)`."""
    for category, meaning, texts in _lines():
        for text in texts:
            add(category, _meaning(category, meaning, text), text)
    for grain in Grain:
        add("Grain", grain, grain.value)
        if grain in (Grain.YEAR, Grain.QUARTER, Grain.WEEK):
            add("Grain", grain, f"calendar {grain.value}")
        for kind, text in _changes(grain):
            add("Change", Change(kind, grain), text)
        for text in _tails(grain):
            add("SinceGrain", grain, text)


def _lines() -> Iterator[tuple[str, str, list[str]]]:
    """The lines of the word list: category, meaning, phrases."""
    for _, line in lines("number_words.txt"):
        head, _, phrases = line.partition(":")
        category, _, meaning = head.partition(" ")
        yield category, meaning, [phrase.strip() for phrase in phrases.split(",")]


def _meaning(category: str, meaning: str, text: str) -> Hashable:
    """What the rules of a category expect."""
    match category:
        case "Sup" | "Long" | "Good" | "Most" | "Leading" | "Often" | "OftenDir" | "Top":
            return meaning == "most"
        case "Each":
            return meaning == "per"
        case "To":
            return meaning == "part"
        case "Excess":
            return 1 if meaning == "more" else -1
        case "Dir" | "DirOf":
            return _DIRECTIONS[meaning]
        case "EachGrain":
            return Grain(meaning)
        case "Said":
            return text.partition(" ")[2] or text
        case _:
            return meaning or None


def _tails(grain: Grain) -> Iterator[str]:
    """What names the period before: "from the previous month", "against the month before"."""
    for since in _SINCE:
        yield from (f"{since} the {grain.value} {word}" for word in ("before", "earlier"))
        yield from (f"{since} {the}{word} {grain.value}" for the in ("the ", "") for word in _PREVIOUS)


def _changes(grain: Grain) -> Iterator[tuple[Literal["change", "relative_change"], str]]:
    """What compares a period with the one before it: "change from the previous month", "MoM growth"."""
    unit = grain.value
    tails = list(_tails(grain))
    overs = [f"{unit} over {unit}", f"{unit}-over-{unit}", f"{unit} on {unit}", f"{unit[0]}o{unit[0]}"]
    for kind, nouns in _CHANGES.items():
        for noun in nouns:
            yield from ((kind, f"{noun} {tail}") for tail in tails)
            yield from ((kind, f"{over} {noun}") for over in overs)
            yield from ((kind, f"{noun} {over}") for over in overs)
