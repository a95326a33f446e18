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


def with_told_periods(question: str, instructions: str) -> str:
    """A question without what it says of its end a second time: that of "the last 30 days" is told.

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
    return question
