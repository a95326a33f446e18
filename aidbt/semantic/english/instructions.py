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
        noun: whose rows it holds of, where that is said: "customer"; else "".
        is_code: whether it says what a column's code stands for.
        is_procedure: whether it says in steps how to come to what may be known by its name alone.
    """

    names: tuple[Phrase, ...]
    bodies: tuple[str, ...]
    noun: str = ""
    is_code: bool = False
    is_procedure: bool = False


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
    said = list(statements(text))
    definitions = [found for statement in said for found in _definitions(statement)]
    return Instructions(tuple(definitions), _matching(said))


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
    r"\s+(?=[A-Z][A-Za-z]*[A-Z][A-Za-z]*(?: \([^()=]*\))? = )"
    r"|\s+(?=To [a-z]+ |Always )|,\s+(?=[A-Za-z]\w*_\w+ = )"
    r"|\s+(?=[A-Z][a-z]+ (?:[a-z]+ ){0,3}(?:refers? to|means|should be|must be) )"
)


def statements(text: str) -> Iterator[str]:
    """The sentences of a text, and the entries of a glossary that nothing ends."""
    for sentence in _ENDS.split(text[:MOST_CHARACTERS]):
        for part in _BEGINS.split(sentence):
            if part and part.strip(" .;"):
                yield part.strip(" .;")


# --- definitions --------------------------------------------------------------------------------------

_NAME = r"(?P<name>[^=(),.;:]{1,80}?)(?: \((?P<long>[^()=]*)\))?"
_EQUALS = re.compile(rf"^{_NAME}\s*:?=\s+(?P<body>.+)$", re.S)
_TO_CALCULATE = re.compile(
    r"^To (?:calculate|determine|compute|get|find|obtain|derive|measure|work out|assess|evaluate)(?: the)? "
    r"(?P<long>[^(),]+) \((?P<name>[A-Za-z]+)\), (?P<body>.+)$",
    re.S,
)
_TO_NAMED = re.compile(r"^To [a-z]+ (?:the |a |an |any )?(?P<name>[A-Za-z][^(),:;]{3,60}), (?P<body>.+)$", re.S)
_MEANS = re.compile(
    rf"^(?:The |An? )?{_NAME} (?:means|refers? to|denotes?|stands? for|counts? as"
    r"|(?:is|are|can be|gets?) (?:defined|calculated|computed|determined|measured|obtained|derived|found"
    r"|worked out|given|expressed) (?:as|by|from|through|using))(?: that)? (?P<body>.+)$",
    re.S,
)
# What begins a calculation, and what is none: "the ship date is the date of the shipment".
_CALCULATES = (
    r"(?:the )?(?:total |overall |average )?(?:number|count|sum|total|average|mean|median|percentage|percent"
    r"|share|ratio|proportion|fraction|difference|product|quotient|time between) (?:of )?"
)
_IS_NUMBER = re.compile(
    rf"^(?:The |An? )?{_NAME} is (?P<body>{_CALCULATES}.+|.+ (?:minus|divided by|times|plus) .+)$", re.S
)
_IS_ONE = re.compile(
    r"^(?:an?|the|all|every)?\s*(?P<name>[\w -]+?) (?P<noun>\w+) (?:is|are) "
    r"(?:(?:any |an? )?(?:one|those|that|someone|somebody|(?P=noun))) (?P<body>(?:with|who|that|which|whose|in) .+|"
    r"(?:without) .+)$",
    re.I | re.S,
)
_USE = re.compile(r"^(?:Please |Always )?[Uu]se (?P<body>\w*_\w+) (?:as|for) (?:the )?(?P<name>[\w ]+)$")
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
_HAVE = re.compile(
    r"^(?:an?|the|all|every)?\s*(?!(?:each|every|some|most|many|few|any|no|only|these|those|this|that|when|if|for"
    r"|in|to|by|with|one|two|all|both)\b)(?P<name>[\w -]+?) (?P<noun>\w+) (?P<body>(?:has|have|had) .+)$",
    re.I | re.S,
)
_IS = re.compile(r"^(?:[Aa]n? |[Tt]he )?(?P<name>\w+) is (?:the )?(?P<body>[^=]+)$", re.S)
_COLON = re.compile(rf"^(?=[A-Za-z]){_NAME}: (?P<body>[^:]+)$", re.S)
# What the codes of a column stand for: "stat: A = active, H = on hold", "sex is coded F for female".
_CODED = re.compile(
    r"^(?:In |The |column )*(?P<name>[A-Za-z][\w ]{0,60}?)"
    r"(?: column| codes?| values?)*(?: (?:is|are|can be|has)(?: (?:coded|stored|recorded|one of|either))?(?: as)?"
    r"| coded(?: as)?|:|,| \(| =)\s*(?P<body>(?P<first>['\"]?[\w-]{1,20}['\"]?) (?:=|for|means|stands for|\(|->|:).+)$",
    re.S,
)
_CODES = re.compile(
    r"['\"]?(?P<code>[\w-]{1,20})['\"]?\s*(?:=|for|means|stands for|->|:|\()\s*(?:the |an? )?"
    r"['\"]?(?P<word>[A-Za-z][\w -]*?)['\"]?\)?(?=,| and |$|;|\)| or )"
)


_FORMS = (
    _TO_CALCULATE, _USE, _GETS, _HAS, _EQUALS, _WHEN, _IS_ONE, _MEANS, _COLON, _IS_NUMBER, _HAVE, _IS,
)  # fmt: skip


def _definitions(statement: str) -> Iterator[Definition]:
    codes = list(_coded(statement))
    if codes:
        yield from codes
        return
    for pattern in _FORMS:
        match = pattern.match(statement)
        if match:
            yield from _definition(match)
            return
    procedure = _TO_NAMED.match(statement)
    if procedure:
        names = tuple(_procedure_names(procedure["name"]))
        yield Definition(names, (procedure["body"],), is_procedure=True)


def _procedure_names(text: str) -> Iterator[Phrase]:
    """`success rate of transactions per customer` is the transaction success rate, and the success rate."""
    bare = re.sub(r" (?:per|by|for each|of each|for every|for a|in the|over the|within the) .*$", "", text)
    what, _, of = bare.partition(" of ")
    for name in (bare, *((f"{of} {what}", what) if of and what.count(" ") else ())):
        phrase = _phrase(name)
        if 0 < len(phrase) <= _MOST_NAME_WORDS:
            yield phrase


def _coded(statement: str) -> Iterator[Definition]:
    """What each code of a column stands for, where two at least are told, or one is written as a code."""
    match = _CODED.match(statement)
    found = list(_CODES.finditer(match["body"])) if match else []
    if match is None or len(found) < 2 or any(code["code"].lower() in _NO_CODES for code in found):
        return
    words = match["name"].split()
    # "Order status ORDSTS" names the column by its last word, "receiver type" by both.
    columns = dict.fromkeys(("_".join(words), words[-1]))
    for code in found:
        bodies = tuple(f"{column} = '{code['code']}'" for column in columns)
        yield Definition((_phrase(code["word"]),), bodies, " ".join(words[:-1]), is_code=True)


_NO_CODES = frozenset("number count sum total average ratio share percentage the a an".split())
# What comes after says the same as what came before, and is more exact.
_SAME = re.compile(
    r"\s=\s(?=\()|(?<=[A-Za-z])(?<!_)\s=\s(?=[A-Z]?[a-z]+ [a-z]+)|,? (?:i\.e\.,?|that is,|which is|namely|in other words,) "
)


def _definition(match: re.Match[str]) -> Iterator[Definition]:
    groups = match.groupdict()
    names = [_phrase(text) for text in (groups["name"], groups.get("long") or "") if text]
    bodies = [part.strip() for part in _SAME.split(groups["body"]) if part.strip()]
    # "DR = delivery rate = delivered orders / orders": what stands between is a name too.
    names += [_phrase(body) for body in bodies[:-1] if re.fullmatch(r"[A-Za-z][A-Za-z' -]*", body)]
    names = [name for name in names if 0 < len(name) <= _MOST_NAME_WORDS]
    if names and bodies:
        noun = groups.get("noun") or ""
        names += [(*name, *_phrase(noun)) for name in names if groups.get("noun")]
        yield Definition(tuple(dict.fromkeys(names)), tuple(bodies), noun)
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
