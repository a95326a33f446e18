"""Columns as definitions write them: by the whole of their names, such as `inv_amount`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon, Meaning
from aidbt.semantic.english.instructions.written_conditions import WEIGHT
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph

_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b")


def with_written(lexicon: Lexicon, text: str, graph: Graph) -> Lexicon:
    """A lexicon that also knows the columns whose names a text writes, where it knows no such word."""
    added: dict[Phrase, list[Meaning]] = {}
    for name in dict.fromkeys(_IDENTIFIER.findall(text)):
        phrase = tuple(token.lemma for token in tokens(name))
        columns: list[Meaning] = list(_columns(name, graph))
        if columns and len(phrase) == 1 and phrase not in lexicon.meanings:
            added[phrase] = columns
    return lexicon.with_meanings(added) if added else lexicon


_IN_BRACKETS = re.compile(r"(?P<before>(?:[A-Za-z'-]+ ){1,4}) ?\((?P<name>[A-Za-z]\w*)\)")


def without_told_columns(text: str, lexicon: Lexicon) -> str:
    """A text without the columns in brackets that its words before them name anyhow: "discount (disc)"."""
    known = {column.name.lower() for table in lexicon.graph.tables for column in table.columns}

    def told(match: re.Match[str]) -> str:
        name, before = match["name"].lower(), [token.lemma for token in tokens(match["before"])]
        is_told = name in known and any(
            isinstance(meaning, ColumnName) and meaning.column.lower() == name
            for size in range(1, len(before) + 1)
            for meaning in lexicon.meanings.get(tuple(before[-size:]), ())
        )
        return match["before"].rstrip() if is_told else match.group()

    return _IN_BRACKETS.sub(told, text) if "(" in text else text


def _columns(name: str, graph: Graph) -> Iterator[ColumnName]:
    for table in graph.tables:
        yield from (
            ColumnName(table.name, column.name, WEIGHT)
            for column in table.columns
            if column.name.lower() == name.lower()
        )
