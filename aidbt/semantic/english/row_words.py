"""Words that hold noun phrases together, and those that say nothing: part of the closed list."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any


def add_row_words(add: Callable[..., Any]) -> None:
    """Hand each line of the list to `add(category, meaning, *texts)`."""
    for line in files("aidbt.semantic.english").joinpath("row_words.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            head, _, phrases = line.partition(":")
            category, _, meaning = head.strip().partition(" ")
            texts = [phrase.strip() for phrase in phrases.split(",")]
            add(category, int(meaning) if meaning.isdigit() else meaning or None, *texts)
