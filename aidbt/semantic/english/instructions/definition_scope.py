"""What definitions say besides of which rows they are, and in which unit: ", over paid orders only"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SUMMED = re.compile(r",? (?:summed(?: up)?|added up|totall?ed)\b.*$", re.I)
_ONLY = re.compile(
    r", (?:(?:only|just) )?(?:over|of|for|among|from|(?:considering|counting|using|including|looking at)"
    r"(?: only)?|(?:limited|restricted) to) (?!each\b|every\b)(?:only )?(?P<rest>.+?)(?: only)?$",
    re.I,
)
# Rows that do not count: ", excluding void invoices", ", void invoices excluded", ", without refunds".
_LESS = re.compile(
    r",? (?:but )?(?:excluding|without|except(?: for)?|not (?:counting|including)|leaving out|ignoring"
    r"|omitting|disregarding) (?:all |any )?(?P<rest>(?!today|the current)[^,]+)$"
    r"|, (?:with )?(?:all |any )?(?P<before>(?!today|the current)[^,]+?) (?:(?:are |is |being )?"
    r"(?:excluded|left out|not (?:counted|included)|omitted|ignored|disregarded)|do(?:es)? not count)$",
    re.I,
)
# Of a calculation the rows stand at its end: "(amount - fee) of paid orders".
_OF = re.compile(
    r"^(?P<text>.*(?:\)| [-+*/] | (?:minus|plus|times|divided by) ).*) of (?:all |the )*(?P<rest>.+)$", re.I
)
_OVER = re.compile(r" (?:over|across|among) (?:all |the |its |their )*(?P<rest>.+)$", re.I)
# Behind a whole calculation: "the highest price minus the lowest price among open orders".
_AMONG = re.compile(r"(?: (?:minus|plus|times|divided by) | [-+*/] ).* (?:among|across) ", re.I)
# A condition in brackets behind what it is of: "total paid amount (status = 'paid')".
_BRACKETED = re.compile(r" \((?P<said>(?:with |where )?\w+(?: is| =)? '[^']*')\)", re.I)
_WRITTEN = re.compile(r"\b(?P<column>[A-Za-z]\w*) = (?P<value>'[^']*')")
_WHATEVER = re.compile(
    r",? (?:whatever|regardless of|irrespective of|no matter) (?:the|their|its)? ?\w+(?: is| are)?$", re.I
)
_CUT = re.compile(
    r",? by (?:the )?(?P<time>[\w ]+?),? truncated to (?:the )?(?P<unit>day|week|month|quarter|year)\b", re.I
)
_IN_UNIT = re.compile(r", (?=(?:measured |given |expressed )?in [a-z]+$)", re.I)
_TIME_TO = re.compile(
    r"\btime (?:taken |needed )?(?P<what>to \w+(?: [\w ]+?)?),? in "
    r"(?P<unit>(?:second|minute|hour|day|week)s)\b",
    re.I,
)
_PER_ROW = re.compile(
    r"^(?P<of>(?:the )?(?:average|avg\.?|mean|median) .+?) (?:per|of each|for each) (?P<rows>[\w ]+?)"
    r"(?P<when> (?:in|over|during|within) the (?:past|last) .+)?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Qualified:
    """A definition, cut where the rows begin that it is of.

    Attributes:
        rows: those rows, in words; "" for all.
        is_over: whether they stand behind "over", which may make a ratio too.
    """

    text: str
    rows: str = ""
    is_over: bool = False


def qualified(body: str) -> Iterator[Qualified]:
    """A definition and the rows that it is only of: as it stands, and cut where those begin.

    Example:
        >>> [found.rows for found in qualified("average amount, only over paid orders")]
        ['paid orders']
    """
    body = _SUMMED.sub("", body)
    match = _ONLY.search(body)
    if match:
        yield Qualified(body[: match.start()], match["rest"])
        return
    less = _LESS.search(body)
    if less:
        yield Qualified(body[: less.start()], f"those excluding {less['rest'] or less['before']}")
    over = _OVER.search(body)
    if over and _AMONG.search(body):
        yield Qualified(body[: over.start()], over["rest"], is_over=True)
    yield Qualified(body)
    if over:
        yield Qualified(body[: over.start()], over["rest"], is_over=True)
    of = _OF.match(body)
    if of:
        yield Qualified(of["text"], of["rest"])


def in_plain_words(body: str) -> str:
    """A definition without signs that only SQL needs, and without what changes nothing.

    Example:
        >>> in_plain_words("total amount (status = 'paid'), whatever the currency")
        "total amount, counting only those with status 'paid'"
    """
    body = _truncated(_CUT.sub(r" per \g<unit> by \g<time>", _WHATEVER.sub("", body)))
    if _ONE.match(body):
        body = _OVER_ALL.sub(" in total", body)
    body = _BRACKETED.sub(lambda match: _those_with(match, body), body)
    body = _WRITTEN.sub(r"\g<column> \g<value>", body)
    return _TIME_TO.sub(r"\g<unit> \g<what>", _IN_UNIT.sub(" ", body))


def _truncated(body: str) -> str:
    """A body with its groups in words, where it says them by the times that are truncated."""
    body = _BY_TRUNCATION.sub("", body)
    match = _TRUNCATING.search(body)
    if match is None:
        return body
    unit, time = match["unit"].lower(), match["time"]
    before = _AGGREGATION.sub("", body[: match.start()])
    is_said = re.search(rf"\b(?:per|each|every|by|a) {unit}\b|\b{_ADVERBS[unit]}\b", before, re.I)
    dated = "" if time.lower() in _ANY_TIME else f" by {re.sub('dates$', 'date', time)}"
    return f"{before}{'' if is_said else f' per {unit}'}{dated}"


_BY_TRUNCATION = re.compile(r",? (?:using|by|with) (?:date|time) truncation(?: for [\w ]+)?$", re.I)
_TRUNCATING = re.compile(
    r",? (?:after |by |when )?truncating (?:the |their |its )?(?P<time>[\w ]+?) to (?:the )?"
    r"(?P<unit>day|week|month|quarter|year)s?(?: (?:for|when|before) [\w ]+)?$",
    re.I,
)
_AGGREGATION = re.compile(r"^(?:the )?aggregat(?:ion|es?|ing|ed) (?:of )?(?:the )?", re.I)
_ANY_TIME = {"date", "dates", "time", "times", "timestamp", "timestamps"}
_ADVERBS = {"day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly"}
# One of what is defined, and what all of its own come to: "a title that sold 100 over all editions".
_ONE = re.compile(r"^(?:an?|any|one|someone|anyone|those) ", re.I)
_OVER_ALL = re.compile(
    r",? (?:over|across) all (?:of )?(?:(?:its|their|the|his or her) )?[a-z]+(?: [a-z]+)?$", re.I
)


def _those_with(match: re.Match[str], body: str) -> str:
    """What brackets say as a part of the sentence; of "no refunds (status 'refund')" they say it again."""
    before = body[: match.start()]
    if _DENIED.search(before):
        value = re.sub(r"^.*'(.*)'$", r"\1", match["said"]).lower()
        return "" if value and value in before.lower() else match.group()
    return f", counting only those with {_bare(match['said'])}"


_DENIED = re.compile(r"\b(?:not|no|non|without|except|exclud\w+|other than)\b", re.I)


def _bare(said: str) -> str:
    return re.sub(r"^(?:with|where) ", "", re.sub(r" (?:is|=) ", " ", said))


def per_row(body: str) -> tuple[str, str]:
    """`average amount` and `payment` of "average amount per payment"; the body and "" of others."""
    match = _PER_ROW.match(body)
    return (f"{match['of']}{match['when'] or ''}", match["rows"]) if match else (body, "")
