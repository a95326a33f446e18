"""What definitions say of times: by which one something is dated, what passes between two, what is last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aidbt.core.words import singular_words
from aidbt.semantic.english.words.tokens import tokens, verb_stem
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import Function, Grain

_BY = r",? (?:by|according to|based on|going by|counted by|dated by)"
_BY_TIMES = (
    re.compile(
        rf"{_BY} (?:the )?(?:(?:date|day|month|year|time) )?(?:(?:in|on|at) which |that |when )?"
        r"(?:(?:they|it|the \w+|an? \w+) (?:was|were|is|are|has been|have been)|they|it) (?P<said>\w+)"
        r"(?: (?:for|on|at|in))?$",
        re.I,
    ),
    re.compile(r",? truncat(?:ing|ed by) (?P<said>\w+) to (?:the )?(?:day|week|month|quarter|year)$", re.I),
    re.compile(rf"{_BY} (?:the )?(?P<said>\w*_\w+|\w+ (?:date|time|day))$", re.I),
    re.compile(rf"{_BY} (?:the )?(?:date|day|month|year|time) of (?:the |their |its )?(?P<said>\w+)$", re.I),
)
_COMMON = frozenset(
    "time date day month year week hour minute second moment point the and for until from".split()
)
_LEAST_ALIKE = 4


def dated_by(body: str) -> tuple[str, str]:
    """A body without what it is dated by, and that; "" where it is not said.

    Example:
        >>> dated_by("total paid of claims, by the month in which they were decided")
        ('total paid of claims', 'decided')
    """
    for pattern in _BY_TIMES:
        match = pattern.search(body)
        if match:
            return body[: match.start()], match["said"]
    return body, ""


def time_named(table: GraphTable, text: str) -> str:
    """The one time of a table that words name by what happened then; "" where none is, or several are.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> columns = GraphColumn("submitted_at", "time"), GraphColumn("closed_at", "time")
        >>> time_named(GraphTable("proposals", columns), "the submission of a proposal")
        'submitted_at'
    """
    times = [column.name for column in table.columns if column.kind in ("time", "date")]
    exact = [name for name in times if name.lower() == text.lower()]
    # "The visit was scheduled" says when by its verb; of "the visit" alone the noun says it.
    words = set(_stems(text))
    said = words - set(_stems(table.name)) or words
    found = exact or [name for name in times if any(_alike(a, b) for a in said for b in _stems(name))]
    return found[0] if len(found) == 1 else ""


def _stems(text: str) -> Iterator[str]:
    for token in tokens(" ".join(singular_words(text))):
        is_long = max(len(token.lemma), len(token.text)) >= _LEAST_ALIKE  # "paid", too
        if token.kind == "word" and is_long and token.lemma not in _COMMON:
            yield verb_stem(token.lemma)


def _alike(one: str, other: str) -> bool:
    """Whether stems begin alike, as those of `submission` and `submitted` do."""
    return one[:_LEAST_ALIKE] == other[:_LEAST_ALIKE] and (
        one[: _LEAST_ALIKE + 1] == other[: _LEAST_ALIKE + 1] or min(len(one), len(other)) == _LEAST_ALIKE
    )


_GRAIN = "day|week|month|quarter|year"
_PER = re.compile(rf"^(?:per|each|every|by) (?P<grain>{_GRAIN})\b", re.I)
ADVERBS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
           "annual": "year"}  # fmt: skip
"""What says of numbers that there is one of each length of time, with that length."""
_IN_IT = re.compile(
    rf"\b(?:in|of|during|within|for) (?:(?:that|the|an?|each|every|any|same|given) )+(?P<grain>{_GRAIN})$",
    re.I,
)


def grain_told(called: Iterable[str], body: str) -> Grain | None:
    """The length of time that there is a number of each of, as what it is called says; None for no such name.

    Example:
        >>> grain_told(["per month joiners"], "the number of members who joined")
        <Grain.MONTH: 'month'>
        >>> grain_told(["monthly joiners"], "the number of members who joined in that month")
        <Grain.MONTH: 'month'>
    """
    meant = _IN_IT.search(body)
    for name in called:
        per, adverb = _PER.match(name), ADVERBS.get(name.split(" ")[0].lower())
        if per is not None:
            return Grain(per["grain"].lower())
        if adverb and meant is not None and meant["grain"].lower() == adverb:
            return Grain(adverb)
    return None


# --- what passes between two times ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToldDuration:
    """What is made of the time between two, in words; no function for what it is of each row."""

    function: Function | None
    unit: Grain
    start: str
    end: str


AGGREGATES: dict[str, Function] = {
    "average": "avg", "mean": "avg", "median": "median", "total": "sum", "longest": "max", "maximum": "max",
    "shortest": "min", "minimum": "min",
}  # fmt: skip
"""What names of numbers begin with, and the function that they say."""
_UNIT = re.compile(r"\b(?:number of|in) (second|minute|hour|day|week)s\b", re.I)
_BETWEEN = re.compile(
    rf"^(?:the )?(?P<function>{'|'.join(AGGREGATES)}) .*?\b(?:from|between) (?P<start>.+?)"
    r" (?:and|to|until|till|up to) (?P<end>.+?)(?:,? in \w+)?$",
    re.I | re.S,
)


_OF_EACH_ROW = re.compile(
    r"^(?:the )?(?:number of )?(?P<unit>second|minute|hour|day|week)s (?:from|between) (?P<start>.+?)"
    r" (?:and|to|until|till|up to) (?P<end>(?:the |when |it |they ).+)$",
    re.I,
)


def duration_told(body: str) -> ToldDuration | None:
    """The time between two, where a body says how it is aggregated and in which unit.

    Example:
        >>> told = duration_told("median time in hours, from submission until the client responded")
        >>> told.function, told.start, told.end
        ('median', 'submission', 'the client responded')
    """
    unit, match = _UNIT.search(body), _BETWEEN.match(body)
    if unit is None or match is None:
        each = _OF_EACH_ROW.match(body)
        return ToldDuration(None, Grain(each["unit"].lower()), each["start"], each["end"]) if each else None
    return ToldDuration(
        AGGREGATES[match["function"].lower()], Grain(unit[1].lower()), match["start"], match["end"]
    )


# --- what is last -------------------------------------------------------------------------------------

_RECENT = r"(?:most recent|latest|newest|last)"
_OF_LAST = re.compile(
    rf"^(?:the )?(?P<column>.+?) (?:of|in|from|on) the {_RECENT} (?P<rows>[\w ]+?)"
    r" (?:of|for) (?:each|every|an?|the) "
    r"(?P<of>\w+)(?: in (?P<table>\w+))?$",
    re.I,
)
_LAST_OF = re.compile(
    rf"^(?P<last>(?:the )?{_RECENT} .+?) (?:of|for) (?:an?|the|each|every) (?P<of>\w+)$", re.I
)


def last_told(body: str) -> tuple[str, str]:
    """What is last in a body as "most recent rate for each flat", and what its rows are called, if they are.

    Example:
        >>> last_told("the nightly rate in the most recent price snapshot of each property")
        ('most recent nightly rate for each property', 'price snapshot')
    """
    match = _OF_LAST.match(body)
    if match:
        return f"most recent {match['column']} for each {match['of']}", match["table"] or match["rows"]
    match = _LAST_OF.match(body)
    return (f"{match['last']} for each {match['of']}" if match else body), ""


# --- what is defined within a definition -----------------------------------------------------------

_WHERE = re.compile(
    r"^(?P<body>.+?), where (?:the )?(?P<name>[\w ]+?)(?: of (?:an?|each|the|every) \w+)?"
    r" (?P<verb>is|are|means|equals|(?:only )?(?:counts|includes|considers)(?: only)?) (?P<said>.+)$",
    re.I | re.S,
)


def told_apart(body: str) -> tuple[str, str, str]:
    """A body, and the name and the meaning that its end gives to a word of it; "" and "" for none.

    Example:
        >>> told_apart("a / b, where b is the number of nights")
        ('a / b', 'b', 'the number of nights')
    """
    match = _WHERE.match(body)
    if match is None:
        return body, "", ""
    is_amount = "only" in match["verb"].lower()
    return (
        match["body"],
        match["name"],
        f"{match['name']} from {match['said']}" if is_amount else match["said"],
    )
