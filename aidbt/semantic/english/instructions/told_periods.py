"""Periods that instructions spell out: "Last 30 days = CURRENT_DATE - INTERVAL '30 days' to CURRENT_DATE"."""

from __future__ import annotations

import re

from aidbt.semantic.english.grounding.refusal import Refused

_TOLD = re.compile(
    r"\b(?:last|past) (?P<count>\d+) (?P<unit>day|week|month|quarter|year)s? ?(?:=|is|are|means?) ?"
    r"CURRENT_DATE ?- ?INTERVAL '?(?P<back>\d+)'? (?P=unit)s?'? (?:to|through|until)"
    r" CURRENT_DATE\b(?! ?[-+])",
    re.I,
)
_MEANT = re.compile(
    r"\b(?:last|past) (?P<count>\d+) (?P<unit>day|week|month|quarter|year)s? ?(?:=|is|are|means?) ?"
    r"(?P<body>.+?)(?=[;\n]|\.\s|\.?$)",
    re.I | re.M,
)
_NOW = r"DATE_TRUNC\('?(?P=cut)'?, ?CURRENT_DATE\)"
# From DATE_TRUNC('week', CURRENT_DATE) - INTERVAL '8 weeks' to DATE_TRUNC('week', CURRENT_DATE): whole weeks.
_FROM_TO = re.compile(
    r"^DATE_TRUNC\('?(?P<cut>\w+)'?, ?CURRENT_DATE\) ?- ?INTERVAL '?(?P<back>\d+)'? (?P=cut)s?'?"
    rf"(?: inclusive)? (?:to|until|up to(?:,? but)?(?:,? not including,?)?) {_NOW}(?:$| exclusive|,| -)",
    re.I,
)
_WITHOUT_THIS = re.compile(
    r"^the (?:\d+ )?(?:full|complete|whole)\b|\b(?:exclud\w*|not (?:including|counting)) the current\b", re.I
)
_EXCLUDES = re.compile(r"\b(?:exclu\w+|not (?:including|counting)|without|leaving out|except|before) ", re.I)


def with_told_periods(question: str, instructions: str) -> str:
    """A question whose periods end as they are told to: "the last 8 weeks" without this one, perhaps.

    What the question says of an end a second time is left out.

    Raises:
        Refused: a period of the question is told to be of another length than it says.

    Example:
        >>> told = "Last 7 days = CURRENT_DATE - INTERVAL '7 days' to CURRENT_DATE"
        >>> with_told_periods("orders in the last 7 days, inclusive of today", told)
        'orders in the last 7 days'
    """
    for told in _TOLD.finditer(instructions):
        said = rf"\b(?P<said>(?:last|past) {told['count']} {told['unit']}s?)"
        if told["count"] != told["back"] and re.search(rf"{said}\b", question, re.I):
            raise Refused("what instructions say is not understood", spans=(told[0],))
        today = r",? \(?(?:inclusive of|including|counting) today\)?"
        question = re.sub(said + today, r"\g<said>", question, flags=re.I)
    for told in _MEANT.finditer(instructions):
        question = _without_this(question, told)
    return question


def _without_this(question: str, told: re.Match[str]) -> str:
    """A question that leaves out the current week, where its last weeks are told to be whole ones.

    Raises:
        Refused: the period is told to be of another length than it says.
    """
    cut, unit = _FROM_TO.search(told["body"]), told["unit"].lower()
    said = rf"\b(?:last|past) {told['count']} {unit}s?\b"
    is_whole = cut is not None or _WITHOUT_THIS.search(told["body"])
    if not is_whole or not re.search(said, question, re.I):
        return question
    if cut is not None and (cut["cut"].lower(), cut["back"]) != (unit, told["count"]):
        raise Refused("what instructions say is not understood", spans=(told[0],))
    if _EXCLUDES.search(question):
        return question
    this = "today" if unit == "day" else f"the current {unit}"
    return re.sub(said, rf"\g<0>, excluding {this}", question, count=1, flags=re.I)
