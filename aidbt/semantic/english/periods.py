"""Times in English: one table of phrases, each with the period it means.

A period runs from its start up to, and not including, its end. "Last" and "previous" with a unit mean the
calendar's: last month is the month before this one. "Past", and both with a number, count back from today:
the past 30 days are today and the 30 days before it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aidbt.semantic.english.tokens import Token
from aidbt.semantic.query import Grain, TimePoint
from aidbt.semantic.times import shifted


@dataclass(frozen=True, slots=True)
class Period:
    """What a phrase says of time.

    Attributes:
        start, end: None is without a bound.
        length: how many tokens the phrase has.
        is_year: whether the phrase is a bare number, which may be something else than a year.
    """

    start: TimePoint | None
    end: TimePoint | None
    length: int
    is_year: bool = False


_MONTHS = {
    name[:size]: number
    for number, name in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
    for size in (3, 4, len(name))
}
_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"a": 1, "an": 1, "first": 1, "second": 2, "third": 3, "fourth": 4, "couple of": 2}
_UNITS = {grain.value: grain for grain in Grain}

_UNIT = r"(?P<unit>second|minute|hour|day|week|month|quarter|year)"
_N = r"(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|couple of)"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = (
    r"(?:the (?:day|date) (?:of )?)?(?:"
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
    rf"|(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?(?: ,)? \d{{4}}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})\.?(?: ,)? \d{{4}}"
    rf"|(?:the month of )?(?:{_MONTH})\.?(?: ,| of)? \d{{4}}"
    r"|q[1-4](?: of)?(?: ,)? \d{4}|\d{4} q[1-4]"
    r"|(?:the )?(?:1st|2nd|3rd|4th|first|second|third|fourth|last) quarter (?:of |in |, )?\d{4}"
    r"|h[12] \d{4}|(?:the )?(?:1st|2nd|first|second) half (?:of |in )?\d{4}"
    r"|(?:the )?(?:calendar )?(?:year )?(?:of )?(?:19|20)\d\d"
    r"|today|yesterday|now"
    r")"
)
# What is said beside a period about its ends, with or without brackets.
_ENDS = (
    r"(?: ,)?(?: \()?(?: (?:(?:both )?inclusive(?:ly)?|exclusive|excluding|including|counting)"
    r"(?: of)?(?: (?:the )?(?P<{0}>start and end date|both date|today|current (?:day|week|month|quarter|year)"
    r"|\d+ (?:day|week|month|year) ago|start|end|the date))?)(?: \))?"
)
_IN = r"(?:(?:in|during|for|over|throughout|within|of|from|on|at|with)(?: the)? )?"
_INCLUSIVE = r"(?: ,)?(?: \()?(?: (?P<how>(?:both )?inclusive|including|exclusive|excluding)(?: of)?"
_WHAT = (
    r"(?: (?:the )?(?P<what>start and end date|both date|today|current (?:day|week|month|quarter|year)"
    r"|(?:\d+|one|a) (?:day|week|month|quarter|year) ago))?)(?: \))?"
)
_TAIL = rf"(?:{_INCLUSIVE}{_WHAT})?"


def period_at(sentence: Sequence[Token], start: int) -> Period | None:
    """The longest phrase of time that begins at a token; None when none does.

    Example:
        >>> from aidbt.semantic.english.tokens import tokens
        >>> period_at(tokens("in March 2023"), 0).start.at
        datetime.datetime(2023, 3, 1, 0, 0)
    """
    text, ends = _joined(sentence[start : start + 24])
    best: Period | None = None
    for pattern, meaning in _PHRASES:
        match = pattern.match(text)
        if not match or match.end() not in ends:
            continue
        bounds = meaning(match)
        length = ends[match.end()]
        if bounds is not None and (best is None or length > best.length):
            best = Period(*bounds, length, is_year=bool(re.fullmatch(r"\d{4}", match.group())))
    return best


def _joined(sentence: Sequence[Token]) -> tuple[str, dict[int, int]]:
    """The lemmas in small letters with blanks between, and at which characters how many tokens have ended."""
    text, ends = "", {}
    for number, token in enumerate(sentence, 1):
        if token.kind == "quoted":
            break
        text += (" " if text else "") + token.lemma.lower()
        ends[len(text)] = number
    return text, ends


_Bounds = tuple[TimePoint | None, TimePoint | None]


def _point(time: dt.datetime) -> TimePoint:
    return TimePoint(at=time, cut_to=None)


def _date(text: str) -> tuple[TimePoint, TimePoint] | None:
    """The period that a date says, of its own length: a day, a month, a quarter, a year."""
    text = re.sub(r"^(?:the )?(?:day|date) (?:of )?", "", text).strip()
    if text in ("today", "now"):
        return TimePoint(), TimePoint(shift=1)
    if text == "yesterday":
        return TimePoint(shift=-1), TimePoint()
    try:
        start, grain, count = _absolute(text)
    except ValueError:
        return None
    return _point(start), _point(shifted(start, count, grain))


def _absolute(text: str) -> tuple[dt.datetime, Grain, int]:
    """Start, unit and number of units of an absolute date.

    Raises:
        ValueError: there is no such day.
    """
    if re.match(r"\d{4}-\d\d-\d\d", text):
        time = dt.datetime.fromisoformat(text.upper())
        return time, Grain.DAY if len(text) == 10 else Grain.SECOND, 1
    words = re.findall(r"[a-z]+|\d+", text)
    year = next(int(word) for word in words if re.fullmatch(r"\d{4}", word))
    month = next((_MONTHS[word] for word in words if word in _MONTHS), None)
    day = next((int(word) for word in words if re.fullmatch(r"\d{1,2}", word)), None)
    if month is not None:
        return (
            (dt.datetime(year, month, day), Grain.DAY, 1)
            if day is not None
            else (dt.datetime(year, month, 1), Grain.MONTH, 1)
        )
    part = next((_NUMBERS[word] for word in words if word in ("first", "second", "third", "fourth")), day)
    if "half" in words or (words[0] == "h" and part):
        return dt.datetime(year, 6 * (part or 1) - 5, 1), Grain.MONTH, 6
    if "quarter" in words or "q" in words:
        part = 4 if "last" in words else part
        return dt.datetime(year, 3 * (part or 1) - 2, 1), Grain.QUARTER, 1
    return dt.datetime(year, 1, 1), Grain.YEAR, 1


def _number(text: str) -> int:
    return _NUMBERS[text] if text in _NUMBERS else int(text)


def _back(match: re.Match[str]) -> _Bounds | None:
    """The last so many units, up to now, or whole ones before the current one."""
    count, unit = _number(match["n"] or "1"), _UNITS[match["unit"]]
    how, what = match["how"] or "", match["what"] or ""
    if how.startswith("exclu") and (not what or what.startswith("current")):
        return TimePoint(cut_to=unit, shift=-count, unit=unit), TimePoint(cut_to=unit)
    if how.startswith("exclu"):
        return None
    if what.startswith("current"):
        return TimePoint(cut_to=unit, shift=1 - count, unit=unit), TimePoint(shift=1)
    if unit in (Grain.SECOND, Grain.MINUTE, Grain.HOUR):
        return TimePoint(cut_to=None, shift=-count, unit=unit), None
    if what == "today" and unit is Grain.DAY:
        count -= 1
    return TimePoint(shift=-count, unit=unit), TimePoint(shift=1)


def _last(match: re.Match[str]) -> _Bounds | None:
    """The calendar's unit before this one."""
    unit, what = _UNITS[match["unit"]], match["what"] or ""
    if what and not what.startswith("current"):  # "inclusive of 1 month ago" counts back from today
        return TimePoint(shift=-1, unit=unit), TimePoint(shift=1)
    return TimePoint(cut_to=unit, shift=-1, unit=unit), TimePoint(cut_to=unit)


def _this(match: re.Match[str]) -> _Bounds:
    unit = _UNITS[match["unit"]]
    return TimePoint(cut_to=unit), TimePoint(cut_to=unit, shift=1, unit=unit)


def _to_date(match: re.Match[str]) -> _Bounds:
    unit = _UNITS[match["unit"]]
    return TimePoint(cut_to=unit), TimePoint(shift=1)


def _next(match: re.Match[str]) -> _Bounds:
    count, unit = _number(match["n"] or "1"), _UNITS[match["unit"]]
    if match["n"]:
        return TimePoint(), TimePoint(shift=count, unit=unit)
    return (
        TimePoint(cut_to=unit, shift=1, unit=unit),
        TimePoint(cut_to=unit, shift=2, unit=unit),
    )


def _ago(match: re.Match[str]) -> _Bounds:
    count, unit = _number(match["n"]), _UNITS[match["unit"]]
    start = TimePoint(shift=-count, unit=unit)
    return start, TimePoint(shift=-count, unit=unit)


def _within(match: re.Match[str]) -> _Bounds | None:
    return _date(match["date"])


def _range(match: re.Match[str]) -> _Bounds | None:
    first, last = _date(match["first"]), _date(match["last"])
    if first is None or last is None:
        return None
    start = first[1] if (match["start_how"] or "").startswith("exclu") else first[0]
    end_how = match["end_how"] or ""
    end = last[0] if end_how.startswith("exclu") else last[1]
    if end.at is not None and start.at is not None and end.at < start.at:
        return None
    return start, end


def _open(match: re.Match[str]) -> _Bounds | None:
    found = _date(match["date"])
    if found is None:
        return None
    word = re.sub(r"\W+", " ", match["word"]).strip()
    if word in (
        "since",
        "on or after",
        "starting",
        "starting from",
        "starting on",
        "from",
        "beginning",
        "as of",
    ):
        return found[0], None
    if word in ("after", "later than"):
        return found[1], None
    if word in ("before", "prior to", "earlier than"):
        return None, found[0]
    return None, found[1]


def _phrase(
    pattern: str, meaning: Callable[[re.Match[str]], _Bounds | None]
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], _Bounds | None]]:
    return re.compile(pattern), meaning


_RANGE_HOW = r"(?:(?: ,)?(?: \()? (?P<{0}_how>inclusive|exclusive)(?: of (?:the )?(?:start|end)(?: and end)? date)?(?: \))?)?"
_PHRASES = (
    _phrase(rf"{_IN}(?:past|recent|most recent) (?:{_N} )?{_UNIT}{_TAIL}", _back),
    _phrase(rf"{_IN}(?:last|previous|prior|preceding) {_N} {_UNIT}{_TAIL}", _back),
    _phrase(rf"{_IN}(?:last|previous|prior) {_UNIT}{_TAIL}", _last),
    _phrase(rf"{_IN}(?:this|current) {_UNIT}", _this),
    _phrase(rf"{_IN}(?:so far )?(?:this )?{_UNIT} to date", _to_date),
    _phrase(rf"so far this {_UNIT}|this {_UNIT.replace('unit', 'unit_2')} so far", lambda m: _so_far(m)),
    _phrase(rf"{_IN}(?:next|coming|upcoming) (?:{_N} )?{_UNIT}", _next),
    _phrase(rf"{_IN}(?P<date>{_DATE})", _within),
    _phrase(
        rf"(?:{_IN})(?:between|from) (?P<first>{_DATE}){_RANGE_HOW.format('start')} "
        rf"(?:and|to|until|till|through|-) (?P<last>{_DATE}){_RANGE_HOW.format('end')}",
        _range,
    ),
    _phrase(
        rf"(?P<word>since|on or after|starting(?: from| on)?|beginning|as of|after|later than|before|prior to"
        rf"|earlier than|until|till|up to|by|on or before|no later than|through) (?P<date>{_DATE})",
        _open,
    ),
    _phrase(r"(?P<word>ytd|mtd|qtd|wtd)", lambda m: _abbreviated(m)),
)


def _so_far(match: re.Match[str]) -> _Bounds:
    unit = _UNITS[match["unit"] or match["unit_2"]]
    return TimePoint(cut_to=unit), TimePoint(shift=1)


def _abbreviated(match: re.Match[str]) -> _Bounds:
    unit = {"y": Grain.YEAR, "m": Grain.MONTH, "q": Grain.QUARTER, "w": Grain.WEEK}[match["word"][0]]
    return TimePoint(cut_to=unit), TimePoint(shift=1)
