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

from aidbt.semantic.english.words.tokens import Token
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
} | {
    "a": 1, "an": 1, "first": 1, "second": 2, "third": 3, "fourth": 4, "couple of": 2, "a couple of": 2,
    "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90,
}  # fmt: skip
_UNITS = {grain.value: grain for grain in Grain}

_UNIT = r"(?P<unit>second|minute|hour|day|week|month|quarter|year)"
_COUNT = (
    r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety"
    r"|(?:a )?couple of"
)
_N = rf"(?P<n>{_COUNT})"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_RELATIVE = (
    r"today|yesterday|tomorrow|now"
    r"|(?:the )?(?:last|previous|prior|this|current|next|coming) "
    r"(?:(?:full|complete|calendar) )?(?:day|week|month|quarter|year)"
    rf"|(?:{_COUNT}|an?) (?:day|week|month|quarter|year) ago"
)
_ABSOLUTE_DATE = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
    rf"|(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?(?: ,)? \d{{4}}"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})\.?(?: ,)? \d{{4}}"
    rf"|(?:the month of )?(?:{_MONTH})\.?(?: ,| of)? \d{{4}}"
    r"|q[1-4](?: of)?(?: ,)? \d{4}|\d{4} q[1-4]"
    r"|(?:the )?(?:1st|2nd|3rd|4th|first|second|third|fourth|last) quarter (?:of |in |, )?\d{4}"
    r"|h[12] \d{4}|(?:the )?(?:1st|2nd|first|second) half (?:of |in )?\d{4}"
    r"|(?:the )?(?:1[6-9]|20)\d0'?s"
    r"|(?:the )?(?:calendar )?(?:year )?(?:of )?(?:1[6-9]|20)\d\d"
)
_DAY = (
    rf"(?:(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: (?:of )?(?:{_MONTH})\.?)?"
    rf"|(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?)"
)
_DATE = (
    r"(?:the (?:day|date) (?:of )?)?(?:"
    rf"(?:the )?(?:start|beginning|end) of (?:the )?(?:{_ABSOLUTE_DATE}|{_RELATIVE}|year|month|week|quarter)"
    rf"|{_ABSOLUTE_DATE}|{_RELATIVE})"
)
_IN = r"(?:(?:in|during|for|over|throughout|within|of|from|on|at|with)(?: the)? )?"
_INCLUSIVE = (
    r"(?: ,)?(?: \()?(?: (?P<how>(?:both )?inclusive|including|counting|exclusive|excluding"
    r"|not (?:counting|including))(?: of)?"
)
_WHAT = (
    r"(?: (?:the )?(?P<what>start and end date|both date|today|current (?:day|week|month|quarter|year)"
    r"|(?:day )?(?:\d+|one|a) (?:day|week|month|quarter|year) ago))?)(?: \))?"
)
_TAIL = rf"(?:{_INCLUSIVE}{_WHAT})?"


def period_at(sentence: Sequence[Token], start: int) -> Period | None:
    """The longest phrase of time that begins at a token; None when none does.

    Example:
        >>> from aidbt.semantic.english.words.tokens import tokens
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
        # Of "1990s" the s says that it is ten years.
        word = token.text if token.text[:1].isdigit() else token.lemma
        text += (" " if text else "") + word.lower().replace("’", "'")
        ends[len(text)] = number
    return text, ends


_Bounds = tuple[TimePoint | None, TimePoint | None]


def _point(time: dt.datetime) -> TimePoint:
    return TimePoint(at=time, cut_to=None)


def _date(text: str) -> tuple[TimePoint, TimePoint] | None:
    """The period that a date says, of its own length: a day, a month, a quarter, a year."""
    text = re.sub(r"^(?:the )?(?:day|date) (?:of )?", "", text).strip()
    edge = _EDGE.match(text)
    if edge:
        whole = _date(text[edge.end() :])
        return whole and ((whole[1], whole[1]) if edge["edge"] == "end" else (whole[0], whole[0]))
    relative = _relative(text)
    if relative:
        return relative
    try:
        start, grain, count = _absolute(text)
    except ValueError:
        return None
    return _point(start), _point(shifted(start, count, grain))


_EDGE = re.compile(r"(?:the )?(?P<edge>start|beginning|end) of (?:the )?")
_AGO = re.compile(rf"(?P<n>{_COUNT}|an?) (?P<unit>day|week|month|quarter|year) ago")
_DAYS = {"today": 0, "now": 0, "yesterday": -1, "tomorrow": 1}


def _relative(text: str) -> tuple[TimePoint, TimePoint] | None:
    """The period of a date that is seen from the clock; None for others."""
    if text in _DAYS:
        return TimePoint(shift=_DAYS[text]), TimePoint(shift=_DAYS[text] + 1)
    if ago := _AGO.fullmatch(text):
        count, unit = -_number(ago["n"]), _UNITS[ago["unit"]]
        start = TimePoint(shift=count, unit=unit)
        return start, start if unit is not Grain.DAY else TimePoint(shift=count + 1)
    words = [word for word in text.removeprefix("the ").split() if word not in _WHOLE]
    if words[-1] not in _UNITS or len(words) > 2:
        return None
    unit, shift = _UNITS[words[-1]], _SHIFTS[words[0] if len(words) == 2 else "this"]
    return TimePoint(cut_to=unit, shift=shift, unit=unit), TimePoint(cut_to=unit, shift=shift + 1, unit=unit)


_WHOLE = ("full", "complete", "calendar")
_SHIFTS = {"last": -1, "previous": -1, "prior": -1, "this": 0, "current": 0, "next": 1, "coming": 1}


def _absolute(text: str) -> tuple[dt.datetime, Grain, int]:
    """Start, unit and number of units of an absolute date.

    Raises:
        ValueError: there is no such day.
    """
    if re.match(r"\d{4}-\d\d-\d\d", text):
        time = dt.datetime.fromisoformat(text.upper())
        return time, Grain.DAY if len(text) == 10 else Grain.SECOND, 1
    words = re.findall(r"[a-z]+|\d+", text)
    if decade := re.fullmatch(r"(?:the )?(\d{3}0)'?s", text):
        return dt.datetime(int(decade[1]), 1, 1), Grain.YEAR, 10
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
    how, what = _how(match), (match["what"] or "").removeprefix("day ")
    if not _is_of(what, count, unit):
        return None
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


def _how(match: re.Match[str]) -> str:
    """Whether an edge is in or out: "not counting the current month" leaves it out."""
    how = match["how"] or ""
    return "excluding" if how.startswith("not ") else how


def _is_of(what: str, count: int, unit: Grain) -> bool:
    """Whether the edge that is said to be in or out is the period's own: of the past 30 days 30 days ago."""
    match what.split():
        case [many, other, "ago"]:
            return _length(_number(many), _UNITS[other]) == _length(count, unit)
        case ["current", other]:
            return other == unit.value
        case _:
            return True


def _length(count: int, unit: Grain) -> tuple[int, Grain]:
    """A length of time in the smallest unit that it is always so many of: a week is 7 days."""
    smaller = {Grain.WEEK: (7, Grain.DAY), Grain.QUARTER: (3, Grain.MONTH), Grain.YEAR: (12, Grain.MONTH)}
    times, of = smaller.get(unit, (1, unit))
    return count * times, of


def _last(match: re.Match[str]) -> _Bounds | None:
    """The calendar's unit before this one."""
    unit, what = _UNITS[match["unit"]], (match["what"] or "").removeprefix("day ")
    if not _is_of(what, 1, unit):
        return None
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
        # As the past 30 days are today and those before it, the next are today and those after it.
        return TimePoint(), TimePoint(shift=count + (unit is Grain.DAY), unit=unit)
    return (
        TimePoint(cut_to=unit, shift=1, unit=unit),
        TimePoint(cut_to=unit, shift=2, unit=unit),
    )


def _before_ago(match: re.Match[str]) -> _Bounds:
    """Longer ago than a time, or not so long."""
    then = TimePoint(shift=-_number(match["n"]), unit=_UNITS[match["unit"]])
    is_earlier = re.match(r"(?:more than|over|at least|older|longer|earlier)\b", match["word"])
    return (None, then) if is_earlier else (then, None)


def _within(match: re.Match[str]) -> _Bounds | None:
    found = _date(match["date"])
    return None if found is None or found[0] == found[1] else found


def _months(match: re.Match[str]) -> _Bounds | None:
    """`January to May 2025`."""
    first, last, year = _MONTHS[match["first"]], _MONTHS[match["last"]], int(match["year"])
    is_list = match["how"] in ("and", "or") and not match.group().startswith("between")
    if not year or first > last or (is_list and last != first + 1):
        return None
    return _point(dt.datetime(year, first, 1)), _point(shifted(dt.datetime(year, last, 1), 1, Grain.MONTH))


def _days(match: re.Match[str]) -> _Bounds | None:
    """`between January 1 and March 31, 2025`, `from 1 to 15 May 2025`: the year, and month, said once."""
    last = _date(match["last"])
    if last is None or last[0].at is None:
        return None
    month = "" if re.search(_MONTH, match["first"]) else f" {last[0].at:%b}".lower()
    first = _date(f"{match['first']}{month} {last[0].at.year}")
    if first is None or first[0].at is None or first[0].at > last[0].at:
        return None
    return first[0], last[1]


def _edge_of(match: re.Match[str]) -> _Bounds | None:
    """`the first three months of 2025`."""
    found, count, unit = _date(match["date"]), _number(match["n"]), _UNITS[match["unit"]]
    if found is None or found[0].at is None or found[1].at is None:
        return None
    if match["edge"] == "first":
        return found[0], _point(shifted(found[0].at, count, unit))
    return _point(shifted(found[1].at, -count, unit)), found[1]


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
    ):
        return found[0], None
    if word in ("after", "later than"):
        return found[1], None
    if word in ("before", "prior to", "earlier than"):
        return None, found[0]
    return None, found[1]


def _onward(match: re.Match[str]) -> _Bounds | None:
    """`from 2015 onwards`: that year too."""
    found = _date(match["date"])
    return found and (found[0], None)


def _abbreviated(match: re.Match[str]) -> _Bounds:
    unit = {"y": Grain.YEAR, "m": Grain.MONTH, "q": Grain.QUARTER, "w": Grain.WEEK}[match["word"][0]]
    return TimePoint(cut_to=unit), TimePoint(shift=1)


_Meaning = Callable[[re.Match[str]], "_Bounds | None"]


def _phrase(pattern: str, meaning: _Meaning) -> tuple[re.Pattern[str], _Meaning]:
    return re.compile(pattern), meaning


_ENDS = r"(?:the )?(?:(?:start|end)(?: and end)? (?:date|day)|both(?: (?:date|day|end|year|month))?)"
_RANGE_HOW = (
    rf"(?:(?: ,)?(?: \()? (?:(?:both )?(?P<{{0}}_how>inclusive|exclusive)(?: of {_ENDS})?"
    rf"|{_ENDS} (?:be )?(?P<{{0}}_included>inclusive|included))(?: \))?)?"
)
_PHRASES = (
    _phrase(rf"{_IN}(?:past|recent|most recent|trailing|rolling) (?:{_N} )?{_UNIT}{_TAIL}", _back),
    _phrase(rf"{_IN}(?:last|previous|prior|preceding) {_N} {_UNIT}{_TAIL}", _back),
    _phrase(rf"(?:over|within|throughout) the (?:last|previous) (?P<n>)?{_UNIT}{_TAIL}", _back),
    _phrase(rf"{_IN}(?:last|previous|prior) (?:(?:full|complete|calendar) )?{_UNIT}{_TAIL}", _last),
    _phrase(rf"{_IN}(?:this|current) (?:calendar )?{_UNIT}", _this),
    _phrase(rf"{_IN}(?:so far )?(?:this )?{_UNIT} to date", _to_date),
    _phrase(rf"so far this {_UNIT}", _to_date),
    _phrase(rf"this {_UNIT} so far", _to_date),
    _phrase(rf"{_IN}(?:next|coming|upcoming) (?:{_N} )?{_UNIT}", _next),
    _phrase(rf"{_IN}(?P<date>{_DATE})", _within),
    _phrase(
        rf"(?:{_IN})(?:between|from) (?P<first>{_DATE}){_RANGE_HOW.format('start')} "
        rf"(?:and|to|until|till|through|-) (?P<last>{_DATE}){_RANGE_HOW.format('end')}",
        _range,
    ),
    _phrase(
        rf"(?P<word>since|on or after|starting(?: from| on)?|beginning|after|later than|before|prior to"
        rf"|earlier than|until|till|up to|by|on or before|no later than|through) (?P<date>{_DATE})",
        _open,
    ),
    _phrase(
        r"(?P<word>more than|over|at least|longer than|earlier than|less than|under|fewer than) "
        rf"{_N} {_UNIT} ago",
        _before_ago,
    ),
    _phrase(
        rf"(?:{_IN}|from |since |starting (?:in |from |with )?)(?P<date>{_DATE}) "
        r"(?:onwards?|forward|and (?:later|after|afterwards|onwards?|beyond|since)|or (?:later|after))",
        _onward,
    ),
    _phrase(rf"(?P<word>older|newer|more recent) than {_N} {_UNIT}", _before_ago),
    _phrase(
        rf"(?:(?:in|from|between|for|during) )?(?P<first>{_MONTH})\.?"
        rf" (?:(?P<how>-|–|to|through|until|and|or) )?(?P<last>{_MONTH})\.?(?: of)? (?P<year>\d{{4}})",
        _months,
    ),
    _phrase(
        rf"(?:{_IN})(?:between|from) (?P<first>{_DAY}) (?:and|to|until|till|through|-) "
        rf"(?P<last>{_DAY} ?,? \d{{4}}){_RANGE_HOW.format('end')}",
        _days,
    ),
    _phrase(rf"{_IN}(?:the )?(?P<edge>first|last) {_N} {_UNIT} of (?P<date>{_DATE})", _edge_of),
    _phrase(r"(?P<word>ytd|mtd|qtd|wtd)", _abbreviated),
)
