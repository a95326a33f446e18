"""The closed list of English that questions are made of, beside the words of the data."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from aidbt.semantic.english.number_words import add_number_words
from aidbt.semantic.english.row_words import add_row_words
from aidbt.semantic.english.tokens import Token

Entry = tuple[str, Hashable]
_MARKS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "!=": "<>", "<>": "<>"}


def _phrases() -> dict[tuple[str, ...], list[Entry]]:
    found: dict[tuple[str, ...], list[Entry]] = {}

    def add(category: str, meaning: Hashable, *texts: str) -> None:
        for text in texts:
            found.setdefault(tuple(text.split()), []).append((category, meaning))

    add_row_words(add)
    add_number_words(add)
    return found


PHRASES = _phrases()
LONGEST = max(map(len, PHRASES))


def entries_at(sentence: Sequence[Token], start: int) -> Iterator[tuple[int, str, Hashable]]:
    """Phrases of the closed list that begin at a token: length, category, meaning."""
    token = sentence[start]
    if token.kind == "mark":
        if token.text in _MARKS:
            yield 1, "Cmp", _MARKS[token.text]
        elif token.text in ",;:":
            yield 1, "Comma", None
        elif token.text in "()?.!-":
            yield 1, "Fill", None
        return
    words: list[str] = []
    for token in sentence[start : start + LONGEST]:
        if token.kind not in ("word", "mark"):
            break
        words.append(token.lemma.lower())
        for category, meaning in PHRASES.get(tuple(words), ()):
            yield len(words), category, meaning
