"""Instructions that come with a question: definitions of its words, how texts are matched, and advice.

What is for writers of SQL ("join the tables a and b, group by c") is let be. A definition whose meaning is
not understood takes its name away, so that a question which uses it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aidbt.semantic.english.tokens import tokens
from aidbt.semantic.english.value_names import plain
from aidbt.semantic.english.word_lists import Phrase

Matching = Literal["", "folded", "contains"]

MOST_CHARACTERS = 4_000
_MOST_NAME_WORDS = 6


@dataclass(frozen=True, slots=True)
class Definition:
    """A name, and in words what it stands for.

    Attributes:
        names: what it may be called, each as lemmas: the short form and, from its brackets, the long one.
        bodies: what it stands for, each saying the same, the most exact last.
    """

    names: tuple[Phrase, ...]
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Instructions:
    """What instructions say.

    Attributes:
        matching: how texts of a question are compared with the data: as values are found ("", the usual way),
            whatever their case ("folded"), or also where they are a part of the value ("contains").
    """

    definitions: tuple[Definition, ...] = ()
    matching: Matching = ""


def read_instructions(text: str) -> Instructions:
    """The definitions and advice in a text.

    Example:
        >>> read_instructions("AOV (average order value) = revenue / number of orders").definitions[0].names
        (('aov',), ('average', 'order', 'value'))
    """
    statements = list(_statements(text[:MOST_CHARACTERS]))
    definitions = [found for statement in statements for found in _definitions(statement)]
    return Instructions(tuple(definitions), _matching(statements))


def without_advice(question: str) -> tuple[str, str]:
    """A question without its sentences that are instructions, and those sentences.

    They say how texts are matched, or what a short name stands for.

    Example:
        >>> without_advice("How many orders are open? Match names case-insensitively.")
        ('How many orders are open?', 'Match names case-insensitively.')
    """
    question, folded = _ANY_CASE.subn("", question)
    parts = _SENTENCES.split(question)
    said = [part for part in parts[1:] if _ADVICE.match(part)]
    asked = " ".join(part for part in parts if part not in said) if said else question
    return asked, " ".join([*said, *([_FOLDED] if folded else [])])


_SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
_ANY_CASE = re.compile(
    r",? \((?:all )?case[- ]insensitive(?:ly)?\)"
    r"|,? (?:ignoring|regardless of|irrespective of) (?:the )?case\b",
    re.I,
)
_FOLDED = "Match all texts case-insensitively."
# A sentence that names rows, or a value, asks for something besides.
_ADVICE = re.compile(
    r"(?!.*(?:['\"\d]|\b(?:of|in|where|named|called|whose|who|that|from)\b))"
    r"(?:Please )?(?:Match|Compare|Use|Always (?:match|compare|filter|use))\b.*"
    r"(?:[Cc]ase.?insensitiv|[Ww]ildcard|percent sign|I?LIKE\b)"
    r"|[A-Z]{2,7}(?: \([^()=]*\))? (?:= |means |stands for )",
    re.S,
)


# --- statements ---------------------------------------------------------------------------------------

_ENDS = re.compile(r"\n+|;\s+|\.\s+(?=[A-Z])|\.$")
# A definition or a piece of advice may begin where nothing ended the one before.
_BEGINS = re.compile(
    r"\s+(?=[A-Z][A-Za-z]{1,7}(?: \([^()=]*\))? = )"
    r"|\s+(?=To (?:get|find|calculate|determine|analy[sz]e|identify) |Always )"
)


def _statements(text: str) -> Iterator[str]:
    for sentence in _ENDS.split(text):
        for part in _BEGINS.split(sentence):
            if part and part.strip(" .;"):
                yield part.strip(" .;")


# --- definitions --------------------------------------------------------------------------------------

_NAME = r"(?P<name>[^=(),.;:]{1,80}?)(?: \((?P<long>[^()=]*)\))?"
_EQUALS = re.compile(rf"^{_NAME}\s*=\s+(?P<body>.+)$", re.S)
_TO_CALCULATE = re.compile(
    r"^To (?:calculate|determine|compute)(?: the)? (?P<long>[^(),]+) \((?P<name>[A-Za-z]+)\), (?P<body>.+)$",
    re.S,
)
_MEANS = re.compile(
    rf"^{_NAME} (?:means|refers? to|denotes?|stands? for|(?:is|are) defined as|counts? as)(?: that)? "
    r"(?P<body>.+)$",
    re.S,
)
_WHEN = re.compile(
    r"^(?:an?|the|all|every)?\s*(?P<noun>[\w ]+?) "
    r"(?:is|are|counts? as|(?:is|are) considered|qualif(?:y|ies) as) "
    r"(?P<name>[\w -]+?) (?:when|if|where|once) (?:(?:it|they|he|she) )?(?P<body>.+)$",
    re.I | re.S,
)
_HAS = re.compile(
    r"^(?:an?|the|all|every)?\s*(?P<name>[\w -]+?) (?:has|have) (?:an? )?"
    r"(?P<body>[A-Za-z]\w*_\w+ .+|\w+ (?:=|is|are) .+)$",
    re.I | re.S,
)
_GETS = re.compile(
    r"^(?:an?|the|all|every) \w+ (?P<name>(?:got|gets|had|has) [\w -]+?) (?:when|if|where) (?P<body>.+)$",
    re.I | re.S,
)
_IS = re.compile(r"^(?:[Aa]n? |[Tt]he )?(?P<name>\w+) is (?:the )?(?P<body>[^=]+)$", re.S)
_COLON = re.compile(r"^(?P<name>[A-Za-z][\w -]{1,60}): (?P<body>[^:]+)$", re.S)
_CODED = re.compile(r"^(?P<name>\w+) (?:is|are) (?:coded|stored|recorded)(?: as)? (?P<body>.+)$", re.S)
_CODES = re.compile(
    r"['\"]?(?P<code>\w+)['\"]? (?:for|=|means) ['\"]?(?P<word>[A-Za-z][\w -]*?)['\"]?(?=,| and |$|;)"
)


def _definitions(statement: str) -> Iterator[Definition]:
    coded = _CODED.match(statement)
    if coded:
        for code in _CODES.finditer(coded["body"]):
            yield Definition((_phrase(code["word"]),), (f"{coded['name']} = '{code['code']}'",))
        return
    for pattern in (_TO_CALCULATE, _GETS, _HAS, _EQUALS, _WHEN, _MEANS, _COLON, _IS):
        match = pattern.match(statement)
        if match:
            yield from _definition(match)
            return


def _definition(match: re.Match[str]) -> Iterator[Definition]:
    groups = match.groupdict()
    names = [_phrase(text) for text in (groups["name"], groups.get("long") or "") if text]
    names = [name for name in names if 0 < len(name) <= _MOST_NAME_WORDS]
    bodies = [part.strip() for part in re.split(r"\s=\s(?=\()", groups["body"]) if part.strip()]
    if names and bodies:
        yield Definition(tuple(names), tuple(bodies))
    # "ref_hi is the upper limit of the test, ref_lo the lower one": the second says what the first does.
    also = re.match(r"^(?P<first>.+?), (?P<name>\w+) the (?P<other>\w+) one$", groups["body"])
    if also:
        words = also["first"].split()
        yield Definition((_phrase(groups["name"]),), (also["first"],))
        if len(words) > 2:
            swapped = (
                [words[0], also["other"], *words[2:]]
                if words[0] in ("the", "a")
                else [also["other"], *words[1:]]
            )
            yield Definition((_phrase(also["name"]),), (" ".join(swapped),))


def _phrase(text: str) -> Phrase:
    """The lemmas of a name, without articles before it."""
    words = tuple(plain(token.lemma) for token in tokens(text) if token.kind != "mark")
    while words and words[0] in ("a", "an", "the"):
        words = words[1:]
    return words


# --- how texts are matched ----------------------------------------------------------------------------

_MATCH = re.compile(r"\b(match|filter|compare|case.?insensitiv|ilike)", re.I)
_EVERYTHING = re.compile(r"\b(all|any|always)\b|\b(names|strings|text|attributes)\b", re.I)


def _matching(statements: list[str]) -> Matching:
    """How all texts are matched; what is said of one column is left to the way values are found."""
    found: Matching = ""
    for statement in statements:
        if not _MATCH.search(statement) or not _EVERYTHING.search(statement):
            continue
        if re.search(r"wildcard|percent sign|contains|partial|ilike", statement, re.I):
            found = "contains"
        elif re.search(r"case.?insensitiv", statement, re.I):
            found = found or "folded"
    return found
