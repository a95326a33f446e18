"""What else may have been meant where one edit makes a text readable: a value or an operator that was lost.

Who takes out a mark that nothing stands behind may take out the rest of a wanted change: of `a / 24` that
became `a /`, and of `(a + b) * 2` that became `a + b) * 2`. So what may have stood there is tried out, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aidbt.healing.remedies.code.one_edit import KEYWORDS, OPERATORS, OneEdit, applied, tokens
from aidbt.healing.remedies.code.reading import Reading

_NAME = "aidbt_value"  # stands for a value of which nothing is known
_NEAR = 60  # tokens from a bracket in which the other one may have been lost
_BRACKETS = {")": "(", "(": ")"}
Read = Callable[[str], Reading | None]


def other_meaning(
    edits: Sequence[OneEdit], text: str, read: Read, before: Reading, after: Reading, dialect: str
) -> str:
    """What may have been lost instead, in a few words; "" where the edits alone make sense.

    Args:
        text: as it is now; `after` is its reading with the edits made, `before` that of the last good run.
        dialect: of sqlglot; "" for what is no SQL.
    """
    for edit in edits:
        rest = [one for one in edits if one is not edit]
        for said, others in _others(edit, text):
            found = read(applied([*rest, *others], text))
            if found is None or found.problem or found.loses(before) or _unnamed(found) > _unnamed(after):
                continue
            if _is_same(found, after, dialect):
                continue
            return said
    return ""


def _others(edit: OneEdit, text: str) -> Iterator[tuple[str, tuple[OneEdit, ...]]]:
    """(what was lost, the edits that stand for it) in place of an edit."""
    if edit.is_guess and edit.text == ",":
        yield "an operator", (OneEdit(edit.start, edit.end, " + ", "", "+"),)
    word = edit.now.strip()
    if edit.then or not word:
        return
    at = text.find(word, edit.start)
    end = at + len(word)
    if word in _BRACKETS:
        other = _BRACKETS[word]
        for place in _places(text, at, end, word):
            yield f"a '{other}'", (OneEdit(place, place, other, "", other),)
    elif word in OPERATORS or word.casefold() in KEYWORDS or (word == "," and edit.is_guess):
        if _is_doubled(text, at, end, word):
            return
        for value in ("0",) if word == "," else (_NAME, "0"):
            for place in (end, at):
                yield f"what belongs to '{word}'", (OneEdit(place, place, f" {value} ", "", value),)


def _places(text: str, at: int, end: int, word: str) -> Iterator[int]:
    """Where the other bracket of one may have stood: before or behind a token near it."""
    if word == ")":
        yield from [start for _, start in tokens(text) if start < at][-_NEAR:]
    else:
        yield from [start + len(token) for token, start in tokens(text) if start >= end][:_NEAR]


def _is_doubled(text: str, at: int, end: int, word: str) -> bool:
    """Whether the same word stands beside it; a mark, without a space between."""
    behind, ahead = text[:at], text[end:]
    if word.isalpha():
        words = [token.casefold() for token, _ in (*list(tokens(behind))[-1:], *list(tokens(ahead))[:1])]
        return word.casefold() in words
    return behind.endswith(word) or ahead.startswith(word)


def _unnamed(reading: Reading) -> int:
    """How many columns without a name its queries select: nobody leaves those in a model."""
    return sum(columns.count("") for columns in reading.columns.values())


def _is_same(one: Reading, other: Reading, dialect: str) -> bool:
    """Whether two texts mean the same but for brackets that change nothing; or one makes tuples that the
    other does not have, which nobody means."""
    import sqlglot
    from sqlglot import exp

    if one.query == other.query or not dialect:
        return one.query == other.query
    try:
        both = [sqlglot.parse(reading.query, dialect=dialect) for reading in (one, other)]
    except sqlglot.errors.SqlglotError:
        return one.query == other.query
    trees = [[tree.unnest() for tree in each if tree is not None] for each in both]
    tuples = [sum(len(list(tree.find_all(exp.Tuple))) for tree in each) for each in trees]
    plain = [[tree.transform(_without_brackets) for tree in each] for each in trees]
    return tuples[0] > tuples[1] or plain[0] == plain[1]


def _without_brackets(node: Any) -> Any:
    from sqlglot import exp

    return node.unnest() if isinstance(node, exp.Paren) else node
