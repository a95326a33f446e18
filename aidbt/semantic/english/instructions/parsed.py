"""Instructions that come with a question: definitions of its words, how texts are matched, and advice.

What is for writers of SQL ("join the tables a and b, group by c") is let be. A definition whose meaning is
not understood takes its name away, so that a question which uses it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from aidbt.semantic.english.instructions.definitions import Definition, definitions_of
from aidbt.semantic.english.words.value_names import phrase_of
from aidbt.semantic.english.words.word_lists import Phrase

Matching = Literal["", "folded", "cased", "contains", "contains_cased"]
"""How a text is held against a value: as values are found, whatever its case or with it, or as a part of the
value, whatever its case or with it.
"""

MOST_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Instructions:
    """What instructions say.

    Attributes:
        general: how texts of a question are compared with the data, each with the columns that the statement
            is of by what they may be called: it is of all texts where no column is called so.
        of_columns: the same of some columns, by what they are called.
    """

    definitions: tuple[Definition, ...] = ()
    general: tuple[tuple[Matching, tuple[Phrase, ...]], ...] = ()
    of_columns: tuple[tuple[Phrase, Matching], ...] = ()


def widest(found: Iterable[Matching]) -> Matching:
    """Of several ways to match, the one that finds most: parts of values before whole ones."""
    ways = list(found)
    return next((how for how in ways if is_of_parts(how)), next((how for how in ways if how), ""))


def heeds_case(how: Matching) -> bool:
    """Whether the case of a text is said to matter."""
    return how in ("cased", "contains_cased")


def is_of_parts(how: Matching) -> bool:
    """Whether a text may be a part of the value."""
    return how in ("contains", "contains_cased")


def read_instructions(text: str) -> Instructions:
    """The definitions and advice in a text.

    Example:
        >>> read_instructions("AOV (average order value) = revenue / number of orders").definitions[0].names
        (('aov',), ('average', 'order', 'value'))
    """
    said = list(statements(text))
    definitions = [found for statement in said for found in definitions_of(statement)]
    return Instructions(tuple(definitions), tuple(_general(said)), tuple(_column_matching(said)))


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
    return asked, " ".join([*said, *([FOLDED] if folded else [])])


_SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
_ANY_CASE = re.compile(
    r",? \((?:all )?case[- ]insensitive(?:ly)?\)"
    r"|,? (?:ignoring|regardless of|irrespective of) (?:the )?case\b",
    re.I,
)
FOLDED = "Match all texts case-insensitively."
"""What a question is told by that has "ignoring case" in it."""
# A sentence that names rows, or a value, asks for something besides.
_ADVICE = re.compile(
    r"(?!.*(?:['\"\d]|\b(?:of|in|where|named|called|whose|who|that|from)\b))"
    r"(?:Please )?(?:Match|Compare|Use|Always (?:match|compare|filter|use))\b.*"
    r"(?:[Cc]ase.?insensitiv|[Ww]ildcard|percent sign|I?LIKE\b)"
    r"|[A-Z]{2,7}(?: \([^()=]*\))? (?:= |means |stands for )"
    r"|Weekends? (?:are|is|means?|refers? to) Saturdays? (?:and|or) Sundays?\b",
    re.S,
)


# --- statements ---------------------------------------------------------------------------------------

_ENDS = re.compile(r"\n+|;\s+|(?<!e\.g)(?<!i\.e)\.\s+(?=[A-Z])|\.$")
# A definition or a piece of advice may begin where nothing ended the one before.
_BEGINS = re.compile(
    r"\s+(?=[A-Z][A-Za-z]*[A-Z][A-Za-z]*(?: \([^()=]*\))?(?: of (?:an?|the|each) \w+)? = )"
    r"|\s+(?=[A-Z]{2,7} (?:ranks|counts) [a-z]+ )"
    r"|\s+(?=To [a-z]+ |Always |(?:If|When|Note|Please|Truncate|Weekends?) [a-z]+ )"
    r"|,\s+(?=[A-Za-z]\w*_\w+ = )"
    r"|\s+(?=[a-z]\w*_\w+ (?:should|must) be )"
    r"|\s+(?=[A-Z][a-z]+ (?:[a-z]+ ){0,3}(?:refers? to|means|should be|must be) )"
)


def statements(text: str) -> Iterator[str]:
    """The sentences of a text, and the entries of a glossary that nothing ends."""
    before = ""
    for sentence in _ENDS.split(text[:MOST_CHARACTERS]):
        for part in _BEGINS.split(sentence):
            said = part.strip(" .;") if part else ""
            if _RANK_ONE.match(said) and _OF_RANKS.search(before):
                before = f"{before}, where rank 1 is: {said}"
            elif said:
                yield from [before] if before else []
                before = said
    yield from [before] if before else []


_OF_RANKS = re.compile(r"\brank|\bposition", re.I)
# What a rank of 1 means belongs to the definition of the rank before it.
_RANK_ONE = re.compile(
    r"^(?i:(?:(?:the |an? )?\w+(?: \w+)? (?:with|at|on|in|of) )?(?:the )?(?:rank|position|place) (?:number )?"
    r"(?:1|one|#1)\b)"
    r"|^(?:The|An?) .+ (?:has|gets|receives) (?:(?:the |a )?rank|[A-Z]{2,7}) (?:of )?(?:1|one)$"
)


# --- how texts are matched ----------------------------------------------------------------------------

_MATCH = re.compile(r"\b(match|filter|compare|search|case.?insensitiv|ilike)", re.I)
_EVERYTHING = re.compile(r"\b(all|any|always)\b|\b(names|strings|text|attributes)\b", re.I)
_OF_COLUMNS = re.compile(
    r"(?:^|, |and |; )(?:(?:please |always )?(?:filter|match|compare|search(?: for)?) )?"
    r"(?P<columns>[A-Za-z_][\w ]*?(?:, [A-Za-z_][\w ]*?)*)"
    r"(?: (?:should|must|are|is)(?: to)?(?: always)?(?: be)? (?:matched|filtered|compared|searched))?,?"
    r" (?P<how>(?:using|with|by|exact|case[- ]?(?:in)?sens|without regard|respecting|regardless|ignoring"
    r"|whatever their case)[^,;]*)",
    re.I,
)
_FOR_COLUMNS = re.compile(
    r"(?:^use |, |and )(?P<how>[\w -]+?) (?:when|for|to) (?:filtering|matching|searching|filter|match)"
    r" (?P<columns>[\w ]+)",
    re.I,
)


def _general(statements: list[str]) -> Iterator[tuple[Matching, tuple[Phrase, ...]]]:
    """How texts are matched by statements that may be of all of them, with the columns each names."""
    for statement in statements:
        if _MATCH.search(statement) and _EVERYTHING.search(statement):
            columns = [name for name, _ in _columns_matched(statement)]
            are_all = any(len(name) == 1 and name[0] in _ANY_TEXT for name in columns)
            yield _how(statement), () if are_all else tuple(columns)


# What is no column of its own: "names and types", "all strings".
_ANY_TEXT = frozenset("name string text attribute label title value column field".split())


def _how(text: str) -> Matching:
    """How texts are matched by a statement; "" for exactly."""
    if re.search(r"without (?:\w+ )?wildcard", text, re.I):
        return "folded"
    if re.search(r"wildcard|percent sign|contains|partial|ilike", text, re.I) or re.search(r"\bLIKE\b", text):
        return "contains_cased" if _WITH_CASE.search(text) else "contains"
    if re.search(r"case.?insensitiv|whatever their case|without regard to case", text, re.I):
        return "folded"
    return "cased" if _WITH_CASE.search(text) else ""


_WITH_CASE = re.compile(
    r"\b(?:with (?:respect|regard|attention) (?:to|for) (?:the |their |its )?(?:letter )?case\b"
    r"|respecting (?:the |their )?case\b|case[- ]sensitiv)",
    re.I,
)
# What "them" are, where it is told of them how they are matched: "promo codes vary in case, match them with".
_IS_TOLD = re.compile(
    r"^(?:The |All )?(?P<columns>[A-Za-z_][\w ]*?) (?:also )?(?:is|are|comes?|contains?|holds?|has|have"
    r"|may|can|should|must|var(?:y|ies)|includes?)\b(?P<told>.*)$",
    re.I | re.S,
)
_THEM = re.compile(
    r"(?:^|, |and |so )(?:always |please )?(?:(?:match|filter|compare|search)(?: for)? (?:them|it)"
    r"|(?:should|must)(?: always)? be (?:matched|filtered|compared|searched))\b(?P<how>.*)$",
    re.I | re.S,
)
_EXAMPLE = re.compile(r",? \(?e\.g\.?,? .*?(?P<how>I?LIKE) '%", re.I)
_SAME_WAY = re.compile(r"\b(?:in )?the same way\b|\blikewise\b|\bsimilarly\b", re.I)


def _column_matching(statements: list[str]) -> Iterator[tuple[Phrase, Matching]]:
    """Columns, as they are called, with how their texts are matched."""
    subject, how = "", ""
    for statement in statements:
        told, them = _IS_TOLD.match(statement), _THEM.search(statement)
        subject = told["columns"] if told else subject
        if told and _SAME_WAY.search(told["told"]) and how:
            yield phrase_of(subject), _how(how)
        elif them and subject and _MATCH.search(statement):
            yield from ((phrase_of(name), _how(them["how"])) for name in re.split(r",? and |, ", subject))
        how = statement if _MATCH.search(statement) else how
    for statement in statements:
        if _MATCH.search(statement) and not re.match(r"^\W*to ", statement, re.I):
            yield from _columns_matched(statement)


def _columns_matched(statement: str) -> Iterator[tuple[Phrase, Matching]]:
    """The columns that a statement is of, as they are called, with how their texts are matched."""
    for match in (*_OF_COLUMNS.finditer(statement), *_FOR_COLUMNS.finditer(statement)):
        rest = statement[match.end() :] if _WITH_CASE.search(statement[match.end() :]) else ""
        example = _EXAMPLE.match(statement, match.end())
        for name in re.split(r",? and |, ", match["columns"]):
            bare = re.sub(r"^(?:all|any|the|every|each) ", "", name, flags=re.I)
            yield phrase_of(bare), _how(match["how"] + (example["how"] if example else "") + rest)
