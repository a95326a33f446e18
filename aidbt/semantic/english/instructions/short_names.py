"""Short names that a question spells out beside them: "the CTR (click-through rate) of each banner"."""

from __future__ import annotations

import re
from collections.abc import Collection

from aidbt.semantic.english.instructions.definitions import is_short_for
from aidbt.semantic.english.instructions.parsed import read_instructions
from aidbt.semantic.english.instructions.written_conditions import lemmas_of
from aidbt.semantic.english.words.word_lists import Phrase

_BRACKETS = re.compile(r"\s*\((?P<said>[^()]{2,60})\)")
_LONGEST = 7


def said_once(question: str, instructions: str) -> str:
    """A question that calls a number by one name, where it says a short and a long one of it.

    The one that instructions define stays; where none is defined, the one in words.

    Example:
        >>> said_once("What is the CTR (click-through rate) per device? Return the CTR.", "")
        'What is the click-through rate per device? Return the click-through rate.'
        >>> said_once("What is the click-through rate (CTR) per device?", "CTR = clicks / views")
        'What is the CTR per device?'
    """
    known = [set(one.names) for one in read_instructions(instructions).definitions]
    for match in list(_BRACKETS.finditer(question)):
        for start in _starts(question[: match.start()]):
            before, said = question[start : match.start()], match["said"].strip()
            kept = _kept(before, said, known)
            if kept:
                other = said if kept == before else before
                question = question[:start] + kept + question[match.end() :]
                return said_once(re.sub(rf"\b{re.escape(other)}\b(?![^(]*\))", kept, question), instructions)
    return question


def _starts(text: str) -> list[int]:
    """Where the last words of a text begin, the shortest run of them first."""
    return [match.start() for match in re.finditer(r"(?<!\S)[\w-]", text)][: -_LONGEST - 1 : -1]


def _kept(before: str, said: str, known: Collection[set[Phrase]]) -> str:
    """The one of two names of the same that is kept; "" where they are not two names of the same."""
    one, other = lemmas_of(before), lemmas_of(said)
    is_short = is_short_for(before, said) or is_short_for(said, before)
    if any({one, other} <= names for names in known):
        return before
    if not is_short:
        return ""
    defined = [text for text, name in ((before, one), (said, other)) if any(name in names for names in known)]
    # "The European Research Council (ERC)" is a name of somebody, and no number.
    long = max(before, said, key=len)
    return defined[0] if defined else long if long == long.lower() else ""
