"""What definitions say of the last or the first row of each: "the rate of its latest snapshot"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LAST = "most recent|latest|newest|last|most recently added"
_FIRST = "first|earliest|oldest|initial"
_WHICH = rf"(?P<which>{_LAST}|{_FIRST})"
_EACH = r"(?:each|every|an?|the|any)"
_DONE_BY = r"(?:(?:placed|made|sent|submitted|written|taken|recorded|filed|paid) )?by"
_OF_EACH = rf" (?:of|for|{_DONE_BY}) {_EACH} (?P<of>\w+)"
_TIME = r"(?P<time>\w+_\w+|[\w ]*(?:date|day|time|timestamp))"
_TAIL = r"(?P<tail> (?:that|which|with|whose) .+?)?(?: in (?P<table>\w+))?$"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"^(?:the )?(?P<column>.+?) (?:of|in|from|on|for) (?:the )?(?P<rows>[\w ]+?) with the {_WHICH} "
        rf"(?P<time>[\w ]+?){_OF_EACH}$",
        rf"^(?:the )?(?P<column>[\w ]+?) (?:on|at|as of) (?:the )?(?P<of>\w+)'s {_WHICH} {_TIME}$",
        rf"^(?:the )?(?P<column>[\w ]+?) (?:of|in|from) (?:the |each |an? )?(?P<of>\w+)'s {_WHICH} "
        r"(?P<rows>[\w ]+)$",
        rf"^(?:the )?(?P<column>[\w ]+?) (?:on|at|as of) the {_WHICH} {_TIME}{_OF_EACH}$",
        rf"^(?:the )?(?P<column>.+?) (?:of|in|from|on|for) the {_WHICH} (?P<rows>[\w ]+?){_OF_EACH}{_TAIL}",
        rf"^(?:the )?{_WHICH} (?P<rows>[\w ]+?){_OF_EACH}{_TAIL}",
    )
)


@dataclass(frozen=True, slots=True)
class ToldLast:
    """The last, or the first, row of each, in words.

    Attributes:
        column: what of the row is meant; "" for the row itself.
        rows: what the rows are called, with what is said of them; "" where only their time is named.
        of: of each what.
        time: by which time they come, where that is said.
    """

    column: str
    rows: str
    of: str
    is_first: bool = False
    time: str = ""


def last_of_each(body: str) -> ToldLast | None:
    """The last or first row of each that a body tells; None for another body.

    Example:
        >>> last_of_each("the rate of the latest snapshot of each flat")
        ToldLast(column='rate', rows='snapshot', of='flat', is_first=False, time='')
        >>> last_of_each("the plan of the membership with the earliest start date for each member").time
        'start date'
    """
    for form in _FORMS:
        match = form.match(body)
        if match:
            groups = match.groupdict()
            rows = groups.get("table") or f"{groups.get('rows') or ''}{groups.get('tail') or ''}"
            is_first = bool(re.fullmatch(_FIRST, groups["which"], re.I))
            return ToldLast(
                groups.get("column") or "", rows, groups["of"], is_first, groups.get("time") or ""
            )
    return None


def without_pronoun(body: str, called: str) -> str:
    """A body in which "the last one" is said by the noun that it is called by: "Most Recent Order".

    Example:
        >>> without_pronoun("the last one placed by each customer", "Most Recent Order")
        'the last order placed by each customer'
    """
    owner = re.search(r"\bof (?:an?|each|every|the) (?P<noun>\w+)$", called, re.I)
    if owner and _ITS.search(body):
        return _ITS.sub(f"the {owner['noun']}'s ", body, count=1)
    match = re.match(rf"^(?:the )?{_WHICH} (?P<noun>[\w ]+)$", called, re.I)
    return re.sub(r"\bone\b", match["noun"].lower(), body, count=1) if match else body


_ITS = re.compile(rf"\b(?:its|their|his|her) (?={_WHICH} )", re.I)
