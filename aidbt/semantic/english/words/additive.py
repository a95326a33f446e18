"""Which numbers may be added up: amounts and quantities, but no prices, rates, codes or years."""

from __future__ import annotations

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.words.names import HOW_OFTEN
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.tables.naming import UNITS, shared_prefix, spelled_out

# Words at which a number's name says that a sum of it means nothing.
_NOT_ADDITIVE = frozenset(
    """age average avg mean median rate ratio percent percentage pct share score rating grade rank level price
    latitude longitude lat lon lng year month day week quarter hour code number no id key zip postcode phone
    version temperature height width depth index probability margin discount limit threshold min max minimum
    maximum floor capacity target salary wage position order sequence factor coefficient balance stock stars
    gpa weight speed size priority status type flag""".split()
)
# Words that say of which numbers one is made, whatever it is of: an average amount is no amount.
_STATISTICS = frozenset("average avg mean median min max minimum maximum".split())
# Words that make a number of money or of things, though one of the words above stands beside them.
_ADDITIVE = frozenset(
    """amount total revenue sale cost expense spend spending quantity qty unit payment fee tax income profit
    freight volume count gross net bonus duration hour minute second""".split()
)
_TIMES = frozenset("second minute hour day week month year".split())
_AMOUNTS = frozenset("amount value sum total".split())


def is_duration(column: str) -> bool:
    """Whether a column holds a number of days, hours or the like.

    Example:
        >>> is_duration("days"), is_duration("duration_hours"), is_duration("birth_day")
        (True, True, False)
    """
    words = words_of(column)
    last = spelled_out(singular_words(column)[-1:])
    return bool(words) and words[-1].endswith("s") and last[-1] in _TIMES


def _is_time_spent(column: str) -> bool:
    """Whether a column holds how much time was spent on something: `days_worked`, and not `days_to_ship`."""
    words = words_of(column)
    return bool(words) and words[0] in _SPENT and (words[-1].endswith("ed") or words[-1] in _DONE)


_SPENT = {"hours", "days", "nights", "weeks"}
_DONE = {"spent", "lost", "taken", "slept", "driven", "flown", "run"}


def is_length(column: str) -> bool:
    """Whether a column says how long something is, in time or in space.

    Example:
        >>> is_length("air_time_minutes"), is_length("flights")
        (True, False)
    """
    return bool(_LENGTHS & set(singular_words(column)))


_LENGTHS = _TIMES | frozenset(
    """length duration time distance delay age tenure runtime period stay wait walk run way trip term lead
    mile km kilometer kilometre meter metre foot inch page character word height width ms sec hr""".split()
)


def is_key(table: GraphTable, column: str) -> bool:
    """Whether a column tells rows apart, and is no quantity whose values happen to differ.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> columns = GraphColumn("park", "number"), GraphColumn("visitors", "number")
        >>> visits = GraphTable("visits", columns, keys=(("visitors",),))
        >>> is_key(visits, "visitors"), is_key(visits, "park")
        (False, False)
    """
    if not any(column in key for key in table.keys[:1]):
        return False
    # Keys come first, or are called so.
    is_first = table.columns[0].name == column
    return is_first or len(table.keys[0]) > 1 or bool(_KEYS & set(singular_words(column)[-1:]))


_KEYS = frozenset(
    "id key no nr num number code uuid guid sk pk ref reference sku isbn identifier serial".split()
)


def is_percentage(column: GraphColumn) -> bool:
    """Whether a number is a part of something else, by its unit or its name.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> is_percentage(GraphColumn("fee_pct", "number")), is_percentage(GraphColumn("fee", "number"))
        (True, False)
    """
    return column.unit == "percent" or bool(_PARTS & set(singular_words(column.name)[-1:]))


_PARTS = frozenset("pct perc percent percentage ratio".split())


def is_extra(column: str) -> bool:
    """Whether a number is of what is added to an amount or taken off it, as a tax or a discount is."""
    return bool(_EXTRAS & set(singular_words(column)))


_EXTRAS = frozenset(
    """tax vat gst duty fee tip gratuity discount rebate surcharge shipping freight postage delivery
    commission interest refund""".split()
)


def amount_of(table: GraphTable) -> str:
    """The column that says how much, where a table's rows are amounts, such as payments; else ""."""
    own = singular_words(table.name)
    # What all columns begin with says nothing: `pl` of `pl_id` and `pl_amount`.
    size = shared_prefix([singular_words(column.name) for column in table.columns])
    for column in table.columns:
        said = spelled_out(singular_words(column.name)[size:])
        words = [word for word in said if word not in own and word not in UNITS]
        if column.kind == "number" and len(words) == 1 and words[0] in _AMOUNTS:
            return column.name
    return ""


def amount_in_name(table: GraphTable) -> str:
    """The column that adds up and that a table is called by: `hours` of `hours_daily`; else ""."""
    own = set(singular_words(table.name))
    noun = own - HOW_OFTEN
    for column in table.columns if noun < own else ():
        if column.kind == "number" and set(singular_words(column.name)) == noun:
            return column.name if is_additive(table, column.name) else ""
    return ""


def money_of(table: GraphTable) -> str:
    """The one column of amounts of money of a table; "" where there is none, or several.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> columns = GraphColumn("nights", "number"), GraphColumn("total_price", "number")
        >>> money_of(GraphTable("bookings", columns))
        'total_price'
    """
    found = [
        column.name
        for column in table.columns
        if column.kind == "number"
        and _MONEY & set(spelled_out(singular_words(column.name)))
        and is_additive(table, column.name)
    ]
    return found[0] if len(found) == 1 else ""


_MONEY = frozenset(
    """amount price paid payment cost revenue spend spending sale usd eur gbp cent dollar euro total fee
    charge value""".split()
)


def is_additive(table: GraphTable, column: str) -> bool:
    """Whether a number of a table may be summed when a question says by what, and not how.

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> columns = GraphColumn("unit_price", "number"), GraphColumn("tax_amount", "number")
        >>> table = GraphTable("t", columns)
        >>> is_additive(table, "unit_price"), is_additive(table, "tax_amount")
        (False, True)
    """
    found = table.column(column)
    if found.kind != "number" or is_key(table, column):
        return False
    # What stands before may be the letters of a table: `spd_impressions` of a `spend_daily`.
    words = singular_words(column)
    words = (*words[:-1], *spelled_out(words[-1:]))
    if not words or _STATISTICS & set(words):
        return False
    is_rate = words[-1] in _NOT_ADDITIVE and "total" not in words
    if found.unit in ("percent", "fraction") or (is_rate and not is_duration(column)):
        return False
    if is_duration(column) or _is_time_spent(column):
        return True
    return bool(_ADDITIVE & set(words)) or not _NOT_ADDITIVE & set(words)
