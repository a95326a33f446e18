"""What the words of messages mean: `phrases.txt`, read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from aidbt.core.failures import ErrorClass


@dataclass(frozen=True, slots=True)
class Phrase:
    """One rule.

    Attributes:
        alternatives: what the same words may mean as well.
        where: what documents or prints the words.
    """

    stage: str
    error_class: ErrorClass
    words: tuple[str, ...]
    alternatives: tuple[ErrorClass, ...]
    where: str

    def found_in(self, text: str) -> str:
        """The words of the rule that a text has, "" where it has none."""
        match = _pattern(self.words).search(text)
        return match[0] if match else ""


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


@lru_cache(maxsize=1)
def phrases() -> dict[str, tuple[Phrase, ...]]:
    """Stage → its rules, in the order in which they decide."""
    found: dict[str, list[Phrase]] = {}
    for block in _blocks((files(__package__) / "phrases.txt").read_text(encoding="utf-8")):
        found.setdefault(block.stage, []).append(block)
    return {stage: tuple(rules) for stage, rules in found.items()}


def _blocks(text: str) -> Iterator[Phrase]:
    stage = where = names = ""
    words: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("  "):
            words.append(line.strip())
            continue
        if words:
            name, _, others = names.partition(" > ")
            alternatives = tuple(ErrorClass(other) for other in others.split(", ") if other)
            yield Phrase(stage, ErrorClass(name), tuple(words), alternatives, where)
            words = []
        if line.startswith("["):
            stage, _, where = line[1:].partition("] ")
        names = line
