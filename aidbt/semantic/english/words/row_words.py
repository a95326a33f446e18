"""Words that hold noun phrases together, and those that say nothing: part of the closed list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aidbt.semantic.english.words.word_lists import lines


def add_row_words(add: Callable[..., Any]) -> None:
    """Hand each line of the list to `add(category, meaning, *texts)`."""
    for _, line in lines("row_words.txt"):
        head, _, phrases = line.partition(":")
        category, _, meaning = head.strip().partition(" ")
        texts = [phrase.strip() for phrase in phrases.split(",")]
        add(category, int(meaning) if meaning.isdigit() else meaning or None, *texts)
