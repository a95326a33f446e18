"""What most often comes of two phrases side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aidbt.semantic.english.meanings.chart import Combine
from aidbt.semantic.english.meanings.phrases import Found


def cheaper(found: Found, gain: float) -> Found:
    """What is found, likelier by a gain: "in one match" is said of a peak, and hardly of all matches."""
    for category, meaning, cost in found:
        yield category, meaning, cost - gain


def second(category: str, cost: float = 0.0) -> Combine:
    """The meaning of the second phrase alone, under a category."""

    def rule(_: Any, second: Any) -> Found:
        yield category, second, cost

    return rule


def into(category: str, function: Callable[[Any], Found], cost: float) -> Combine:
    """What a function makes of the second phrase, under a category of its own."""

    def rule(_: Any, second: Any) -> Found:
        for _, meaning, more in function(second):
            yield category, meaning, more + cost

    return rule
