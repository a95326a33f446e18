"""The closed list of English that questions are made of, beside the words of the data."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence

from aidbt.semantic.english.meanings.number_words import add_number_words
from aidbt.semantic.english.words.row_words import add_row_words
from aidbt.semantic.english.words.tokens import Token

Entry = tuple[str, Hashable]
_MARKS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "!=": "<>", "<>": "<>"}
# A shortened "not" is a token of its own already.
_SHORT = {"cannot": "can not", "whats": "what be", "whos": "who be", "&": "and"}
_REST = re.compile(r"(?P<word>\w+)'(?P<rest>ve|re|s|d|ll)$")
_RESTS = {"ve": "have", "re": "be", "s": "be", "d": "would", "ll": "will"}


def _phrases() -> dict[tuple[str, ...], list[Entry]]:
    found: dict[tuple[str, ...], list[Entry]] = {}

    def add(category: str, meaning: Hashable, *texts: str) -> None:
        for text in texts:
            entries = found.setdefault(tuple(text.split()), [])
            if (category, meaning) not in entries:
                entries.append((category, meaning))

    add_row_words(add)
    add_number_words(add)
    return found


PHRASES = _phrases()
LONGEST = max(map(len, PHRASES))
FUNCTION_WORDS = frozenset(
    """a an the any some no not nor none never and or but if as at by for from in into of on onto to with be
    is are was were have has had do does did can could may might must shall should will would get go this that
    these those there here it its he she his her him they them their we us our you your i me my who whom whose
    which what when where why how all each every both than so too such per""".split()
)
"""Words that hold sentences together and name nothing, in any of their forms."""


def entries_at(sentence: Sequence[Token], start: int) -> Iterator[tuple[int, str, Hashable]]:
    """Phrases of the closed list that begin at a token: length in tokens, category, meaning."""
    token = sentence[start]
    if token.kind == "mark":
        yield from ((1, *entry) for entry in _mark(token.text))
    words: list[str] = []
    for length, token in enumerate(sentence[start : start + LONGEST], 1):
        if token.kind not in ("word", "mark", "number"):
            break
        words += spelled(token)
        for category, meaning in PHRASES.get(tuple(words), ()):
            yield length, category, meaning


def _mark(text: str) -> Iterator[Entry]:
    if text in _MARKS:
        yield "Cmp", _MARKS[text]
    elif text in ",;:":
        yield "Comma", ","
    elif text in "()?.!-–—":
        yield "Fill", None


def spelled(token: Token) -> tuple[str, ...]:
    """The words of a token, contractions written out.

    Example:
        >>> from aidbt.semantic.english.words.tokens import tokens
        >>> [spelled(token) for token in tokens("what's cannot")]
        [('what', 'be'), ('can', 'not')]
    """
    text = token.text.lower().replace("’", "'")
    if text in _SHORT:
        return tuple(_SHORT[text].split())
    if (found := _REST.match(text)) and (found["rest"] != "s" or found["word"] in _ASKED):
        return found["word"], _RESTS[found["rest"]]
    return (token.lemma.lower(),)


_ASKED = {"what", "who", "that", "there", "where", "when", "how", "it", "he", "she", "here", "which"}
