"""How the values of columns are written, counted over every row: dates in either order, money, words for
"nothing". The counts decide what a column means, or say what a person has to be asked.

The patterns are in the words that the regular expressions of all engines share.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.core.schema import Relation
from aidbt.core.types import is_plain_text
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import DIALECTS, render
from aidbt.warehouse.dialects.casts import DATE_FORM
from aidbt.warehouse.rows import current_rows, number

NULL_WORDS = ("", "-", "--", "n/a", "#n/a", "na", "n.a.", "nan", "nil", "none", "null", "(null)", "<null>")
# What money is written with; a comma or point besides.
SYMBOLS = ("$", "€", "£", "¥")
_COLUMNS_PER_SCAN = 60
_SPELLINGS = 20

_DAY_31, _DAY_30, _DAY_28 = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|[12][0-9]|30)", "(0?[1-9]|1[0-9]|2[0-8])"
_MONTH_31, _MONTH_30, _MONTH_28 = "(0?[13578]|1[02])", "(0?[469]|11)", "0?2"
_YEAR = "[1-9][0-9]{3}"
_LEAP_YEAR = "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
_SHORT_YEAR, _SHORT_LEAP_YEAR = "[0-9]{2}", "([02468][048]|[13579][26])"
_TIME = "([ T]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?"
_SIGN = "[-(]?"
_CURRENCY = "([$€£¥]|[A-Z]{3})?"


def _dates(parts: str, months: tuple[str, str, str], year: str, leap_year: str) -> str:
    """Dates that exist: `parts` with d, m and y in the places of day, month and year."""
    long, middle, short = months
    kinds = [(_DAY_31, long, year), (_DAY_30, middle, year), (_DAY_28, short, year), ("29", short, leap_year)]
    filled = ["".join(dict(zip("dmy", kind, strict=True)).get(c, c) for c in parts) for kind in kinds]
    return f"({'|'.join(filled)})"


def _money(group: str, point: str) -> str:
    amount = f"([0-9]{{1,3}}({group}[0-9]{{3}})+|[0-9]+)({point}[0-9]+)?|{point}[0-9]+"
    return f"^{_SIGN}{_CURRENCY} ?{_SIGN}({amount}) ?{_CURRENCY}[)]?$"


_MONTHS = (_MONTH_31, _MONTH_30, _MONTH_28)
_SHORT_MONTHS = ("(jan|mar|may|jul|aug|oct|dec)", "(apr|jun|sep|nov)", "feb")
_LONG_MONTHS = (
    "(january|march|may|july|august|october|december)",
    "(april|june|september|november)",
    "february",
)


def _numbered_dates(parts: str) -> str:
    long, short = (
        _dates(parts, _MONTHS, _YEAR, _LEAP_YEAR),
        _dates(parts, _MONTHS, _SHORT_YEAR, _SHORT_LEAP_YEAR),
    )
    return f"^({long}|{short}){_TIME}$"


def _named_dates(form: str) -> str:
    """Dates in the form of NAMED_DATES, in lower case."""
    parts = form.replace("%d", "d").replace("%b", "m").replace("%B", "m").replace("%Y", "y")
    months = _LONG_MONTHS if "%B" in form else _SHORT_MONTHS
    return f"^{_dates(parts, months, _YEAR, _LEAP_YEAR)}$"


# Dates with names of months, as strptime writes them.
NAMED_DATES = ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
# A separator in brackets stands for itself.
_PATTERNS = {
    "day first": _numbered_dates("d[/.-]m[/.-]y"),
    "month first": _numbered_dates("m[/.-]d[/.-]y"),
    "date /": "^[0-9]{1,2}/[0-9]{1,2}/",
    "date .": "^[0-9]{1,2}[.][0-9]{1,2}[.]",
    "date -": "^[0-9]{1,2}-[0-9]{1,2}-",
    "short year": "^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}([ T]|$)",
    "blank and time": "^[^ ]+ [0-9]{1,2}:",
    "minutes": "^[^:]+:[0-9]{2}$",
    "seconds": "^[^:]+:[0-9]{2}:[0-9]{2}$",
    "money .": _money("[, ]", "[.]"),
    "money ,": _money("[. ]", ","),
    "money ()": "^[(]",
    "three digits .": "[.][0-9]{3,}[^0-9]*$",
    "three digits ,": ",[0-9]{3,}[^0-9]*$",
    "five digits .": "[.][0-9]{5,}[^0-9]*$",
    "five digits ,": ",[0-9]{5,}[^0-9]*$",
    "sixteen digits": "([0-9][., ]?){15,}",
    "letters": "[A-Z]{3}",
    "iso date": DATE_FORM,
    "iso time": f"{DATE_FORM[:-1]}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{{1,6}})?)?$",
    "whole number": "^(0|-?[1-9][0-9]{0,17})$",
    "number": "^-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?$",
    "amount": "^-?(0|[1-9][0-9]{0,15})([.][0-9]{1,2})?$",
    **{f"symbol {symbol}": f"[{symbol}]" for symbol in SYMBOLS},
    **{form: _named_dates(form) for form in NAMED_DATES},
}


def pattern_of(form: str) -> str:
    """The regular expression of a form of text, which holds for values without blanks around them."""
    return _PATTERNS[form]


def count_forms(
    connection: Connection, relation: Relation, asked: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """How many rows of a table hold a value of each form, by (column, form): every row is looked at.

    Forms of text: "filled" (any value), "padded", "null word" and those of `_PATTERNS`; of whole numbers:
    "price ending" (the last two digits are those of prices). Nothing is known of a warehouse whose SQL is
    not known.
    """
    columns = {column.name: column.data_type for column in relation.columns}
    found: dict[tuple[str, str], int] = {}
    if connection.dialect not in DIALECTS:
        return found
    for start in range(0, len(asked), _COLUMNS_PER_SCAN):
        part = asked[start : start + _COLUMNS_PER_SCAN]
        counts = [_count(name, columns[name], form) for name, form in part]
        query = exp.select(*counts).from_(current_rows(connection, relation), copy=False)
        row = connection.rows(render(query, connection.dialect))[0]
        found.update({pair: int(count or 0) for pair, count in zip(part, row, strict=True)})
    return found


def null_word_spellings(
    connection: Connection, relation: Relation, columns: Sequence[str]
) -> dict[str, dict[str, int]]:
    """The words for "nothing" that each text column holds, as they are written without blanks around them,
    with the number of their rows; the most frequent first.
    """
    if not columns:
        return {}
    types = {column.name: column.data_type for column in relation.columns}
    rows = current_rows(connection, relation)
    parts: list[exp.Expr] = []
    for place, name in enumerate(columns):
        word = exp.Trim(this=_text(name, types[name]))
        part = exp.select(number(place), word, exp.Count(this=exp.Star())).from_(rows.copy(), copy=False)
        part = part.where(_is_null_word(_text(name, types[name])), copy=False).group_by(
            word.copy(), copy=False
        )
        parts.append(part)
    query = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0]
    found: dict[str, dict[str, int]] = {name: {} for name in columns}
    counted = sorted(
        connection.rows(render(query, connection.dialect)), key=lambda row: (-int(row[2]), row[1])
    )
    for place, word, count in counted:
        if len(found[columns[place]]) < _SPELLINGS:
            found[columns[place]][str(word)] = int(count)
    return found


def _count(name: str, data_type: str, form: str) -> exp.Expr:
    return exp.Anonymous(this="count_if", expressions=[_has_form(name, data_type, form)])


def _has_form(name: str, data_type: str, form: str) -> exp.Expr:
    column = exp.column(name, quoted=True)
    if form == "price ending":
        last = exp.Mod(this=exp.Abs(this=column), expression=number(100))
        return last.isin(*[number(ending) for ending in _PRICE_ENDINGS])
    text = _text(name, data_type)
    if form == "filled":
        return exp.not_(column.is_(exp.null()))
    if form == "padded":
        return exp.NEQ(this=text, expression=exp.Trim(this=text.copy()))
    if form == "null word":
        return _is_null_word(text)
    trimmed: exp.Expr = exp.Trim(this=text)
    if form in NAMED_DATES:
        trimmed = exp.Lower(this=trimmed)
    return exp.Anonymous(this="regexp_matches", expressions=[trimmed, exp.Literal.string(_PATTERNS[form])])


_PRICE_ENDINGS = (0, 50, 90, 95, 99)


def _is_null_word(text: exp.Expr) -> exp.Expr:
    return exp.Lower(this=exp.Trim(this=text)).isin(*map(exp.Literal.string, NULL_WORDS))


def _text(name: str, data_type: str) -> exp.Expr:
    column = exp.column(name, quoted=True)
    return column if is_plain_text(data_type) else exp.cast(column, "text")


_OF_DATES = ("day first", "month first", "date /", "date .", "date -", "short year", "blank and time")
FORMS_OF_DATES = (*_OF_DATES, "minutes", "seconds", *NAMED_DATES)
_OF_MONEY = ("money", "three digits", "five digits", "sixteen digits", "letters", "symbol")
FORMS_OF_MONEY = tuple(name for name in _PATTERNS if name.startswith(_OF_MONEY))
