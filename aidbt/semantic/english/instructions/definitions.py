"""What a statement defines: the forms that definitions are written in, and what of them is name and body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase

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
        is_time: whether it says at which time of theirs rows were what the name says: "launched".
    """

    names: tuple[Phrase, ...]
    bodies: tuple[str, ...]
    noun: str = ""
    is_code: bool = False
    is_procedure: bool = False
    is_time: bool = False


# --- forms --------------------------------------------------------------------------------------------

_NAME = r"(?P<name>[^=(),.;:]{1,80}?)(?: \((?P<long>[^()=]*)\))?"
_EQUALS = re.compile(rf"^{_NAME}\s*:?=\s+(?P<body>.+)$", re.S)
_TO_CALCULATE = re.compile(
    r"^To (?:calculate|determine|compute|get|find|obtain|derive|measure|work out|assess|evaluate)(?: the)? "
    r"(?P<long>[^(),]+) \((?P<name>[A-Za-z]+)\), (?P<body>.+)$",
    re.S,
)
_TO_NAMED = re.compile(
    r"^To [a-z]+ (?:the |a |an |any )?(?P<name>[A-Za-z][^(),:;]{3,60}), (?P<body>.+)$", re.S
)
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
# "An order whose hours are over 1.2 times those that were estimated" is an order, and no number.
_NO_ROWS = (
    r"(?!(?:(?!is|are)[\w-]+ )+(?:is an?|is any|are)(?: [\w-]+)+? (?:whose|who|with|that|which|where) )"
)
_IS_NUMBER = re.compile(
    rf"^{_NO_ROWS}(?:The |An? )?{_NAME} is "
    rf"(?P<body>{_CALCULATES}.+|.+ (?:minus|divided by|multiplied by|times|plus) .+)$",
    re.S,
)
_IS_ONE = re.compile(
    r"^(?:(?:an?|the|all|every)\s+)?(?P<name>[\w -]+?) (?P<noun>\w+) (?:is|are) "
    r"(?:(?:any |an? )?(?:one|those|that|someone|somebody|anyone|anybody|(?P=noun))) "
    r"(?P<body>(?:with|who|that|which"
    r"|whose|in) .+|"
    r"(?:without) .+)$",
    re.I | re.S,
)
# What holds of rows, before what they are called for it: "a person without a deathdate is still living".
_CALLED = re.compile(
    r"^(?:(?:an?|any|all|every|each) )?(?P<noun>\w+(?: (?!is|are|means)\w+){0,2}?) (?!is|are|means)"
    r"(?P<body>(?:with|without|who|whose|that|which"
    r"|in which|for which|where)"
    r" .+?) (?:(?:is|are) (?:considered|called|regarded as)|is|are|counts? as|qualif(?:y|ies) as) (?:an? )?"
    r"(?P<name>(?:(?:still|already|no longer|not|never) )?[\w-]+(?: [\w-]+)?)$",
    re.I | re.S,
)
# "Products in short supply are those with a stock below 10", and "wholesalers are customers whose ...".
_STATE = re.compile(
    r"^(?:(?:an?|the|all|any) )?(?P<noun>\w+) (?P<name>(?:in|on|under|at|out of|without|with) [\w -]+?)"
    r" (?:is|are) "
    r"(?:an? |the |any )?(?:one|ones|those|(?P=noun)) (?P<body>(?:with|without|who|that|which|whose|in) .+)$",
    re.I | re.S,
)
_KIND = re.compile(
    r"^(?:(?:an?|the|all|any|every) )?(?P<name>[A-Za-z][\w-]*(?: [\w-]+)?) (?:is|are) "
    r"(?P<body>(?:an? |any )?[A-Za-z]\w*(?: [a-z]\w*)? (?:with|without|who|whose) .+)$",
    re.I | re.S,
)
_USE = re.compile(r"^(?:Please |Always )?[Uu]se (?P<body>\w*_\w+) (?:as|for) (?:the )?(?P<name>[\w ]+)$")
# Which column something is in: "spectators are counted in attendance", "delay_min holds the delay".
_HELD = re.compile(
    r"^(?:The )?(?P<name>[\w ]+?) (?:is|are) (?:counted|stored|held|kept|recorded|given|found|saved"
    r"|tracked) (?:in|by|as) "
    r"(?:the )?(?:column |field )?(?P<body>[A-Za-z]\w*)(?: column| field)?$",
    re.I,
)
_HOLDS = re.compile(
    r"^(?:The )?(?:column |field )?(?P<name>[A-Za-z]\w*) (?:holds|contains|stores|gives|records|shows"
    r"|says|tells) "
    r"(?:the )?(?P<body>[^=]+)$",
    re.S,
)
_WHEN = re.compile(
    r"^(?:(?:an?|the|all|every)\s+)?(?P<noun>[\w ]+?) "
    r"(?:is|are|counts? as|(?:is|are) considered|qualif(?:y|ies) as) "
    r"(?P<name>[\w -]+?) (?:when|if|where|once|as long as|provided) (?:(?:it|they|he|she) )?(?P<body>.+)$",
    re.I | re.S,
)
_HAS = re.compile(
    r"^(?:(?:an?|the|all|every)\s+)?(?P<name>[\w -]+?)(?: (?P<noun>[A-Za-z]\w*))? (?:has|have) (?:an? )?"
    r"(?P<body>[A-Za-z]\w*_\w+ .+|\w+ (?:=|is|are) .+)$",
    re.I | re.S,
)
_GETS = re.compile(
    r"^(?:an?|the|all|every) \w+ (?P<name>(?:got|gets|had|has) [\w -]+?) (?:when|if|where) (?P<body>.+)$",
    re.I | re.S,
)
_HAVE = re.compile(
    r"^(?:(?:an?|the|all|every)\s+)?(?!(?:each|every|some|most|many|few|any|no|only|these|those|this|that"
    r"|when|if|for"
    r"|in|to|by|with|one|two|all|both)\b)(?P<name>[\w-]+(?: [\w-]+)?) (?P<noun>[A-Za-z]\w*)"
    r" (?P<body>(?:has|have|had) .+)$",
    re.I | re.S,
)
_IS = re.compile(
    r"^(?:[Aa]n? |[Tt]he )?(?P<name>\w+) is (?:the )?"
    r"(?P<body>(?!(?:linked|connected|joined|related|tied|matched|attached) )[^=]+)$",
    re.S,
)
_COLON = re.compile(rf"^(?=[A-Za-z]){_NAME}: (?P<body>[^:]+)$", re.S)
# What the codes of a column stand for: "stat: A = active, H = on hold", "sex is coded F for female".
_CODED = re.compile(
    r"^(?:In |The |column )*(?P<name>[A-Za-z][\w ]{0,60}?)"
    r"(?: column| codes?| values?)*(?: (?:is|are|can be|has)(?: (?:coded|stored|recorded|one of"
    r"|either))?(?: as)?"
    r"| coded(?: as)?|:|,| \(| =)\s*(?P<body>(?P<first>['\"]?[\w-]{1,20}['\"]?) (?:=|for|means"
    r"|stands for|\(|->|:).+)$",
    re.S,
)
_CODES = re.compile(
    r"['\"]?(?P<code>[\w-]{1,20})['\"]?\s*(?:=|for|means|stands for|->|:|\()\s*(?:the |an? )?"
    r"['\"]?(?P<word>[A-Za-z][\w -]*?)['\"]?\)?(?=,| and |$|;|\)| or )"
)


# "Customer Rank (CR) ranks customers by revenue" says in its verb what it is.
_RANKS = re.compile(rf"^(?:The )?{_NAME} (?P<body>ranks .+)$", re.S)
# "A campaign is launched on its start date": the time at which something was done.
_DONE_AT = re.compile(
    r"^(?:an?|the|all|every) (?P<noun>\w+(?: \w+)?) (?:is|are|counts? as|(?:is|are) considered) "
    r"(?P<name>[a-z]+(?:ed|n|t|d)(?: (?:up|in|out|off))?) (?:on|at|by|as of) (?:its|their|his or her|the) "
    r"(?P<body>[\w ]+)$",
    re.I,
)
_FORMS = (
    _TO_CALCULATE, _USE, _HELD, _HOLDS, _GETS, _HAS, _EQUALS, _WHEN, _STATE, _IS_ONE, _RANKS, _MEANS, _CALLED,
    _COLON, _IS_NUMBER, _HAVE, _KIND, _IS,
)  # fmt: skip


_HOW_MATCHED = re.compile(
    r",(?: and)? (?:(?:it |this )?(?:is|are|should be|must be) )?(?:always )?"
    r"(?:matched|compared|filtered|searched)\b[^'\"]*$"
    r"|, (?:whatever|regardless of|ignoring) (?:their |its |the )?case$",
    re.I,
)


def definitions_of(statement: str) -> Iterator[Definition]:
    """What a statement defines; how texts are matched in it is said for all of them."""
    statement = _HOW_MATCHED.sub("", statement)
    codes = list(_coded(statement))
    if codes:
        yield from codes
        return
    done = _DONE_AT.match(statement)
    if done:
        yield Definition((_phrase(done["name"]),), (done["body"],), done["noun"], is_time=True)
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
    r"\s=\s(?=\()|(?<=[A-Za-z])(?<!_)\s=\s(?=[A-Z]?[a-z]+ [a-z]+)"
    r"|\s=\s(?=[A-Z]{3,}\s?\()|,? (?:i\.e\.,?|that is,?|which is"
    r"|namely|in other words,) "
    r"|(?<=[A-Za-z]), (?=the (?:total |average )?(?:number|sum|count|average|mean|median|share|percentage"
    r"|ratio|proportion|difference|time) |the (?:total|average|mean|median) [\w ]{3,30}? of )"
)


def _definition(match: re.Match[str]) -> Iterator[Definition]:
    groups = match.groupdict()
    names = [_phrase(text) for text in (groups["name"], groups.get("long") or "") if text]
    bodies = [part.strip() for part in _SAME.split(_apart(groups["name"], groups["body"])) if part.strip()]
    # "DR = delivery rate = delivered orders / orders": what stands between is a name too.
    names += [_phrase(body) for body in bodies[:-1] if re.fullmatch(r"[A-Za-z][A-Za-z' -]*", body)]
    names += [name[1:] for name in names if len(name) > 1 and name[0] in ("still", "already", "currently")]
    names += [head for name in names if (head := _of_each(name))]
    # Steps group by what the name says behind "per": "MRR per account: join ..., then group by account".
    names += [name[: name.index("per")] for name in names if "per" in name[1:] and _STEPS.match(bodies[0])]
    names = [name for name in names if 0 < len(name) <= _MOST_NAME_WORDS]
    bodies = [re.sub(r"^(\w+_\w+) (?:that|which) ", r"\1 ", body) for body in bodies]
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


_STEPS = re.compile(r"(?:(?:inner |left )?join|link|merge|combine|start with|group|filter)\b", re.I)


def _of_each(name: Phrase) -> Phrase:
    """What something of each thing is called: the revenue, of "revenue of a hotel"; () for another name."""
    head, of, whose = name[: name.index("of")] if "of" in name else (), "of" in name, name[1:-1]
    is_each = of and any(article in whose for article in ("a", "an", "each", "every"))
    return head if is_each and not set(head) & _GENERAL else ()


_GENERAL = frozenset("number count total sum amount average mean date time day year list kind type".split())


def _apart(short: str, body: str) -> str:
    """A body in which the words that a short name is short for are told apart from what they mean."""
    head, comma, rest = body.partition(", ")
    is_meant = comma and _TELLS.match(rest) and is_short_for(short, head)
    return f"{head}, i.e. {rest}" if is_meant else body


_TELLS = re.compile(r"(?:the|an?|those|all) ", re.I)


def is_short_for(short: str, words: str) -> bool:
    """Whether a name is made of the first letters of words, small ones among them or not.

    Example:
        >>> is_short_for("LSH", "Latest Stock on Hand"), is_short_for("FBS", "First Box")
        (True, False)
    """
    written = re.findall(r"[A-Za-z]+", words)
    first = [word[0].lower() for word in written]
    bare = [word[0].lower() for word in written if word not in _SMALL]
    return short.isupper() and short.lower() in ("".join(first), "".join(bare))


_SMALL = frozenset("of the on in per to and for a an by with from at".split())


def _phrase(text: str) -> Phrase:
    """The lemmas of a name, without articles before it."""
    words = tuple(plain(token.lemma) for token in tokens(text) if token.kind != "mark")
    while words and words[0] in ("a", "an", "the"):
        words = words[1:]
    return words
