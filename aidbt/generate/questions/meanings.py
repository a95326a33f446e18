"""What the values of a column seem to mean, and how staging could read them: deciding with no I/O.

A pattern is looked for where a column's name and profile let it be there, and rests on counts over every
row. What is certain from them is said to be; everything else is a person's to choose.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, ColumnProfile
from aidbt.core.types import is_plain_text, type_family, type_name
from aidbt.generate.questions.value_sql import (
    EPOCH_UNITS,
    choice,
    in_cents,
    only_like,
    read_date,
    read_epoch,
    read_money,
    without_words,
)
from aidbt.project.conventions import column_kind, snake_case, wanted_casts
from aidbt.warehouse.value_forms import FORMS_OF_DATES, FORMS_OF_MONEY, NAMED_DATES, SYMBOLS, pattern_of

KEEP = "keep"
COLUMN = "<column>"

TEXTS = {
    "cents": "whole numbers that look like cents",
    "day_first": "dates that could begin with the day or with the month",
    "named_dates": "dates with the names of months",
    "currency": "text that holds amounts of money",
    "yes_no": "two values that look like yes and no",
    "mostly": "text that is mostly numbers, dates or times",
    "null_words": "words that mean nothing is there",
    "epoch": "whole numbers that look like seconds since 1970",
    "padded": "text with blanks around it",
}

_YES_NO = (
    ("y", "n"), ("yes", "no"), ("t", "f"), ("true", "false"), ("on", "off"), ("ja", "nein"), ("j", "n"),
    ("oui", "non"), ("si", "no"), ("sí", "no"), ("1", "0"), ("x", ""),
)  # fmt: skip
# Some people mean these words.
_WEAK_NULL_WORDS = frozenset({"-", "--", "na", "none", "nil"})
_FLAG = re.compile(
    r"(^|_)(active|archived|blocked|closed|confirmed|deleted|disabled|enabled|hidden|locked|optin|opt_in|paid"
    r"|primary|private|public|published|subscribed|valid|verified|visible)$"
)
_CENTS = re.compile(r"_?(in_)?(cents?|minor_units?|minor)$")
_TIME = re.compile(
    r"(^|_)(at|on|ts|time|timestamp|date|datetime|epoch|created|updated|modified|expires?|expiry|start|started"
    r"|end|ended|since|until)(_(ms|millis|us|micros|utc|unix|sec|seconds))?$"
)
_NO_TIME = re.compile(r"(^|_)(duration|elapsed|timeout|interval|zone|offset|count|run)(_|$)")
_EPOCH_ENDING = re.compile(r"_(ms|millis|us|micros|utc|unix|sec|seconds|epoch)$")
_IDENTIFIER = re.compile(
    r"(^|_)(id|ids|key|code|cd|zip|postal|phone|fax|no|nbr|num|number|sku|iban|ref|version|hash|uuid)(_|$)"
)
# 1973 to 2096 in seconds.
_EPOCH_RANGE = (100_000_000, 4_000_000_000)
_LONGEST_TEXT = 200
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a column.

    Attributes:
        expression: SQL with <column> for the column; None to keep it.
        cast: the type that is cast to; None for none.
        data_type: what it is then, for its name; "" when the same as before.
        stem: the column's name without what the reading makes untrue ("amount_cents" → "amount").
    """

    expression: str | None = None
    cast: str | None = None
    data_type: str = ""
    stem: str = ""

    @property
    def says(self) -> str:
        """What it writes."""
        if self.expression is None:
            return "as they are"
        return f"cast({self.expression} as {self.cast})" if self.cast else self.expression


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column seems to hold.

    Attributes:
        evidence: what was seen, in counts; no value of a row but words for yes, no and nothing.
        readings: the ways to read it; "keep" is among them.
        certain: the reading that every row proves, for which nobody is asked; "" for none.
    """

    pattern: str
    evidence: str
    readings: dict[str, Reading]
    recommended: str = KEEP
    certain: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """A column with what its rows said.

    Attributes:
        forms: rows by form (`warehouse.value_forms`).
        words: rows by word for "nothing".
        values: its distinct values, where there are few; None when that was not asked.
    """

    column: Column
    profile: ColumnProfile
    dialect: str
    forms: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
    values: tuple[str, ...] | None = None

    @property
    def filled(self) -> int:
        return self.forms.get("filled", 0)

    @property
    def said(self) -> int:
        """Rows that hold something else than a word for "nothing"."""
        return self.filled - self.forms.get("null word", 0)

    def cleaned(self, words: Collection[str] | None = None) -> str:
        """The column's text without blanks around it, and null where it says "nothing"."""
        value = f"trim({COLUMN})" if self.forms.get("padded") else COLUMN
        return without_words(value, self.words if words is None else words, self.dialect)


# --- what is asked of the rows ------------------------------------------------------------------------


def wanted_forms(column: Column, profile: ColumnProfile) -> list[str]:
    """The forms to count of a column before its meaning is known; none where nothing can be found."""
    name = snake_case(column.name)
    if type_family(column.data_type) == "integer":
        return ["filled", "price ending"] if _may_be_cents(name, column, profile) else []
    if not is_plain_text(column.data_type) or profile.null_rate == 1:
        return []
    if profile.formats.get("json", 0) > _MOST:
        return []
    longest, shortest = profile.max_length, profile.min_length
    if longest is None or shortest is None or longest > _LONGEST_TEXT:
        return []
    forms = ["filled", "padded", "null word"]
    if longest >= 6 and longest <= 40 and (profile.formats.get("date") or _is_time(name)):
        forms += FORMS_OF_DATES
    forms += [
        form for form, kind in (("iso date", "date"), ("iso time", "timestamp")) if profile.formats.get(kind)
    ]
    numbers = profile.formats.get("integer", 0) + profile.formats.get("decimal", 0)
    if numbers < 1 and longest <= 40:
        if numbers:
            forms += ["whole number", "number"]
        if not _IDENTIFIER.search(name) and (numbers or column_kind(name, "DOUBLE") == "amount"):
            forms += ["amount", *FORMS_OF_MONEY]
    return forms


def wants_values(column: Column, profile: ColumnProfile) -> bool:
    """Whether the distinct values are to be looked at: few and short, and no personal data."""
    if profile.pii or profile.null_rate == 1:
        return False
    if type_family(column.data_type) == "integer":
        return (profile.minimum, profile.maximum) == ("0", "1") and _is_flag(snake_case(column.name))
    if not is_plain_text(column.data_type):
        return False
    return profile.distinct_count <= 5 and (profile.max_length or 99) <= 12


def _is_flag(name: str) -> bool:
    return column_kind(name) == "boolean" or _FLAG.search(name) is not None


def _is_time(name: str) -> bool:
    return _TIME.search(name) is not None and not _NO_TIME.search(name)


def _may_be_cents(name: str, column: Column, profile: ColumnProfile) -> bool:
    if not _has_room_for_cents(profile):
        return False
    if _CENTS.search(name):
        return True
    if column_kind(name, column.data_type) != "amount" or not profile.quantiles:
        return False
    # Whole amounts of money are mostly small; cents hardly ever are, where they are not nothing at all.
    return profile.quantiles[-1] >= 100 and (profile.distinct_count > 20 or profile.quantiles[0] >= 50)


def _has_room_for_cents(profile: ColumnProfile) -> bool:
    """Whether every value, divided, is exact on the way through a double and fits an exact type."""
    try:
        sizes = [abs(int(text)) for text in (profile.minimum, profile.maximum) if text is not None]
    except ValueError:
        return False
    return all(size < 10**15 for size in sizes) and (bool(sizes) or bool(profile.pii))


# --- what the rows say --------------------------------------------------------------------------------


def meaning_of(looked: Looked, rules: ConventionSettings) -> Meaning | None:
    """What the column seems to hold, or None when it is what it says."""
    family = type_family(looked.column.data_type)
    if family == "integer":
        found = _yes_no(looked) or _epoch(looked) or _cents(looked)
    elif is_plain_text(looked.column.data_type):
        found = (
            _yes_no(looked)
            or _named_date(looked)
            or _numbered_date(looked)
            or _money(looked)
            or _mostly(looked, rules)
            or _null_words(looked, rules)
            or _padded(looked)
        )
    else:
        found = None
    return _as_the_team_does(found, looked, rules) if found is not None else None


def _as_the_team_does(found: Meaning, looked: Looked, rules: ConventionSettings) -> Meaning:
    """With the team's own expression in the recommended reading, where it has one for such columns."""
    kind = {"cents": "amount", "yes_no": "boolean", "epoch": "timestamp"}.get(found.pattern, "")
    own = rules.expressions.get(looked.column.name.lower()) or rules.expressions.get(kind)
    name = next((option for option in found.readings if option != KEEP), "")
    if own is None or not name or not kind:
        return found
    usual = found.readings[name]
    team = Reading(own, None, usual.data_type, usual.stem)
    return Meaning(
        found.pattern, f"{found.evidence}; the team has an expression", {**found.readings, name: team}, name
    )


def _yes_no(looked: Looked) -> Meaning | None:
    if looked.values is None:
        return None
    is_text = type_family(looked.column.data_type) == "text"
    seen = {value.strip().lower() for value in looked.values} - {word.lower() for word in looked.words}
    pair = next((pair for pair in _YES_NO if seen and seen <= set(pair) and pair[0] in seen), None)
    if pair is None:  # only "no" so far
        pair = next((pair for pair in _YES_NO if len(seen) == 1 and seen == {pair[1]}), None)
    if pair is None or (len(seen) < 2 and not _is_flag(snake_case(looked.column.name))):
        return None
    value = COLUMN
    if is_text and looked.forms.get("padded"):
        value = f"trim({value})"
    reading = Reading(choice(value, *pair, looked.dialect, is_text=is_text), None, "boolean")
    shown = " and ".join(repr(value) for value in sorted(looked.values))
    return Meaning("yes_no", f"holds {shown}", {"boolean": reading, KEEP: Reading()}, "boolean")


def _epoch(looked: Looked) -> Meaning | None:
    name, profile = snake_case(looked.column.name), looked.profile
    if not (_is_time(name) or _EPOCH_ENDING.search(name)) or _NO_TIME.search(name):
        return None
    if profile.minimum is None or profile.maximum is None:
        return None
    lowest, highest = int(profile.minimum), int(profile.maximum)
    for power, unit in zip((1, 1_000, 1_000_000), EPOCH_UNITS, strict=True):
        if _EPOCH_RANGE[0] * power <= lowest and highest <= _EPOCH_RANGE[1] * power:
            is_wide = "big" in looked.column.data_type.lower() or "64" in looked.column.data_type
            expression = read_epoch(COLUMN, unit, looked.dialect, is_wide=is_wide)
            if expression is None:
                return None
            reading = Reading(expression, None, "timestamp", _EPOCH_ENDING.sub("", name))
            years = " to ".join(str(1970 + int(value / power / 31_556_952)) for value in (lowest, highest))
            readings = {"timestamp": reading, KEEP: Reading()}
            return Meaning("epoch", f"{unit} since 1970 would be the years {years}", readings, "timestamp")
    return None


def _cents(looked: Looked) -> Meaning | None:
    if "price ending" not in looked.forms:
        return None
    name = snake_case(looked.column.name)
    is_named = _CENTS.search(name) is not None
    share = looked.forms["price ending"] / looked.filled if looked.filled else 0.0
    reading = Reading(
        in_cents(COLUMN),
        type_name("decimal(18, 2)", looked.dialect),
        "decimal(18, 2)",
        _CENTS.sub("", name) or name,
    )
    evidence = f"{share:.0%} of the rows end like prices in cents (00, 50, 90, 95, 99)"
    if is_named:
        evidence += "; the name says so"
    recommended = "divide" if is_named or share >= _MOST else KEEP
    return Meaning("cents", evidence, {"divide": reading, KEEP: Reading()}, recommended)


def _named_date(looked: Looked) -> Meaning | None:
    """Dates with the names of months, which can be read in one way only."""
    rows = {form: looked.forms.get(form, 0) for form in NAMED_DATES}
    form = max(rows, key=lambda name: rows[name])
    if not rows[form] or rows[form] < _MOST * looked.said:
        return None
    every = {form: rows[form]}
    return _dates("named_dates", looked, {"date": form}, every, f"{rows[form]:,} of {looked.said:,} values")


def _numbered_date(looked: Looked) -> Meaning | None:
    day, month = looked.forms.get("day first", 0), looked.forms.get("month first", 0)
    most = max(day, month)
    if not most or most < _MOST * looked.said:
        return None
    separator = next((s for s in "/.-" if looked.forms.get(f"date {s}", 0) >= most), None)
    short, times = looked.forms.get("short year", 0), looked.forms.get("blank and time", 0)
    minutes, seconds = looked.forms.get("minutes", 0), looked.forms.get("seconds", 0)
    if separator is None or short not in (0, most) or times not in (0, most):
        return None
    if times and times not in (minutes, seconds):
        return None
    year = "%y" if short else "%Y"
    clock = "" if not times else " %H:%M" if minutes == times else " %H:%M:%S"
    forms = {
        "day_first": separator.join(("%d", "%m", year)) + clock,
        "month_first": separator.join(("%m", "%d", year)) + clock,
    }
    rows = {forms["day_first"]: day, forms["month_first"]: month}
    evidence = f"{day:,} of {looked.said:,} can begin with the day, {month:,} with the month"
    if short:
        evidence += "; years of two digits"
    return _dates("day_first", looked, forms, rows, evidence)


def _dates(
    pattern: str, looked: Looked, forms: dict[str, str], rows: dict[str, int], evidence: str
) -> Meaning | None:
    """The readings of a column of dates: those that keep every value, and those that lose some."""
    value = looked.cleaned()
    readings: dict[str, Reading] = {}
    whole: list[str] = []
    for name, form in forms.items():
        data_type = "timestamp" if "%H" in form else "date"
        if rows[form] == looked.said:
            expression = read_date(value, form, looked.dialect)
            if expression is not None:
                readings[name] = Reading(expression, None, data_type)
                whole.append(name)
        elif rows[form] >= _MOST * looked.said:
            expression = read_date(value, form, looked.dialect, or_null=True)
            if expression is not None:
                readings[f"{name}_or_null"] = Reading(expression, None, data_type)
                evidence += f"; {looked.said - rows[form]:,} would become null with {name}_or_null"
    if not readings:
        return None
    lost = sum(looked.words.values())
    if lost:
        evidence += f"; {lost:,} say nothing"
    # Nobody is asked where only one reading keeps every value and nothing else changes; the century of a
    # year of two digits is a guess.
    is_proven = len(whole) == 1 and not lost and "%y" not in forms[whole[0]]
    recommended = whole[0] if len(whole) == 1 else KEEP
    if len(whole) > 1 and "." in forms["day_first"]:  # nobody writes months first with points
        recommended = "day_first"
    certain = whole[0] if is_proven else ""
    return Meaning(pattern, evidence, {**readings, KEEP: Reading()}, recommended, certain)


def _money(looked: Looked) -> Meaning | None:
    rows = {point: looked.forms.get(f"money {point}", 0) for point in ".,"}
    if not looked.said or looked.said not in rows.values() or looked.forms.get("amount", 0) == looked.said:
        return None
    if looked.forms.get("sixteen digits"):
        return None
    symbols = [symbol for symbol in SYMBOLS if looked.forms.get(f"symbol {symbol}")]
    # "NULL" has letters too.
    has_codes = looked.forms.get("letters", 0) > looked.forms.get("null word", 0)
    several = len(symbols) + has_codes > 1
    readings: dict[str, Reading] = {}
    for point, name in ((".", "decimal_point"), (",", "decimal_comma")):
        if rows[point] != looked.said or looked.forms.get(f"five digits {point}"):
            continue
        scale = 4 if looked.forms.get(f"three digits {point}") else 2
        number = read_money(
            looked.cleaned(), point, looked.dialect, negative_in_brackets=bool(looked.forms.get("money ()"))
        )
        readings[name] = Reading(
            number, type_name(f"decimal(18, {scale})", looked.dialect), f"decimal(18, {scale})"
        )
    if not readings:
        return None
    evidence = f"{looked.said:,} amounts"
    if symbols or has_codes:
        evidence += f" with {', '.join([*symbols, *(['codes of currencies'] if has_codes else [])])}"
    if several:
        evidence += ": several currencies"
    recommended = next(iter(readings)) if len(readings) == 1 else "decimal_point" if "$" in symbols else KEEP
    return Meaning("currency", evidence, {**readings, KEEP: Reading()}, KEEP if several else recommended)


def _null_words(looked: Looked, rules: ConventionSettings) -> Meaning | None:
    if not looked.words or not looked.said:
        return None
    value = looked.cleaned()
    cast = _cast_of_rest(looked, rules)
    reading = Reading(value, cast, cast or "")
    shown = ", ".join(f"{count:,} × {word!r}" for word, count in looked.words.items())
    is_weak = {word.lower() for word in looked.words} <= _WEAK_NULL_WORDS
    recommended = "to_null" if cast or not is_weak else KEEP
    evidence = f"{shown} among {looked.filled:,} values" + (f"; the others are all {cast}" if cast else "")
    return Meaning("null_words", evidence, {"to_null": reading, KEEP: Reading()}, recommended)


# Forms that prove that their values can be cast, and the format of a profile that they are.
_PROVING = {"whole number": "integer", "amount": "decimal", "iso date": "date", "iso time": "timestamp"}


def _cast_of_rest(looked: Looked, rules: ConventionSettings) -> str | None:
    """The type of what remains when the words are null, where every row proves it."""
    form = next((form for form in _PROVING if looked.forms.get(form) == looked.said), None)
    return None if form is None else _proven_cast(form, looked, rules)


def _proven_cast(form: str, looked: Looked, rules: ConventionSettings) -> str | None:
    """The type that values of a form are cast to; None where they name something, or it is not certain that
    each can be.
    """
    shares = {_PROVING[form]: 1.0}
    profile = ColumnProfile(looked.profile.name, looked.profile.data_type, 0, 1, formats=shares)
    wanted = wanted_casts(looked.column, profile, rules, dialect=looked.dialect)
    proven = {type_name(cast, looked.dialect) for cast in ("bigint", "decimal(18, 2)", "date", "timestamp")}
    return wanted[0] if wanted and wanted[0] in proven else None


def _mostly(looked: Looked, rules: ConventionSettings) -> Meaning | None:
    """Values that are of one type but for some: it stays text until a person gives those up."""
    # The narrowest of the forms that hold for the most rows.
    form = max((*_PROVING, "number"), key=lambda form: looked.forms.get(form, 0))
    rows = looked.forms.get(form, 0)
    if not _MOST * looked.said < rows < looked.said:
        return None
    cast = _proven_cast("amount" if form == "number" else form, looked, rules)
    value = only_like(looked.cleaned(), pattern_of(form), looked.dialect)
    if cast is None or value is None:
        return None
    if form == "number":  # with more digits behind the point than amounts have
        cast = type_name("double", looked.dialect)
    evidence = (
        f"{rows:,} of {looked.said:,} values are {cast}; {looked.said - rows:,} would become null with "
        "others_null"
    )
    return Meaning("mostly", evidence, {"others_null": Reading(value, cast, cast), KEEP: Reading()})


def _padded(looked: Looked) -> Meaning | None:
    rows = looked.forms.get("padded", 0)
    if not rows:
        return None
    # A key that is cut may no longer be one, or no longer be found by those that refer to it.
    is_key = looked.profile.is_unique or _IDENTIFIER.search(snake_case(looked.column.name))
    recommended = KEEP if is_key else "trim"
    readings = {"trim": Reading(looked.cleaned(()), None), KEEP: Reading()}
    return Meaning("padded", f"{rows:,} of {looked.filled:,} values", readings, recommended)
