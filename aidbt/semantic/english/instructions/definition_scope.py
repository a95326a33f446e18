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
# Of a calculation the rows stand at its end: "(amount - fee) of paid orders".
_OF = re.compile(
    r"^(?P<text>.*(?:\)| [-+*/] | (?:minus|plus|times|divided by) ).*) of (?:all |the )*(?P<rest>.+)$", re.I
)
_OVER = re.compile(r" (?:over|across|among) (?:all |the )*(?P<rest>.+)$", re.I)
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
    yield Qualified(body)
    over = _OVER.search(body)
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
    body = _CUT.sub(r" per \g<unit> by \g<time>", _WHATEVER.sub("", body))
    body = _BRACKETED.sub(lambda match: _those_with(match, body), body)
    body = _WRITTEN.sub(r"\g<column> \g<value>", body)
    return _TIME_TO.sub(r"\g<unit> \g<what>", _IN_UNIT.sub(" ", body))


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
