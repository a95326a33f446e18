"""What the numbers of a column may be used for, as its name says: added up, averaged, or neither."""

from __future__ import annotations

from typing import Literal

from aidbt.core.words import singular_words

Role = Literal["summed", "averaged", "aggregate", "state", "neither", "unknown"]
"""`aggregate`: the mean or the median of rows of its own, whose mean would count groups of any size alike;
`state`: a stock or a balance, which must not be added up over time; `neither`: a label made of digits."""

_SUMMED = frozenset(
    """
    amount revenue sale cost quantity qty spend spent paid payment tax vat discount fee profit loss unit
    subtotal total shipping freight commission refund charge tip fare toll gross net weight volume distance
    mile kilometer duration minute second impression click view visit download mention like
    income expense budget proceeds turnover earning wage donation deposit withdrawal
    """.split()
)
_AVERAGED = frozenset(
    """
    rate ratio percent percentage pct share price score rating age temperature
    margin latency speed humidity salary height gpa grade delay
    """.split()
)
_AGGREGATE = frozenset("average avg mean median".split())
_STATE = frozenset("balance stock inventory onhand backlog headcount capacity outstanding remaining".split())
_NEITHER = frozenset(
    """
    id key code latitude lat longitude lng lon year month week weekday zip zipcode postal postcode phone
    version rank index position sequence seq priority level number no hash flag
    """.split()
)
# What is allowed or wanted, and not what is.
_BOUND = frozenset("min max minimum maximum limit target threshold cap quota goal".split())
_COUNTING = frozenset({"num", "number", "count", "nr", "n", "no"})


def role_of(name: str) -> Role:
    """The role of a column of numbers.

    Example:
        >>> [role_of(name) for name in ("order_total", "discount_percent", "num_items", "zip_code")]
        ['summed', 'averaged', 'summed', 'neither']
    """
    words = singular_words(name)
    if not words:
        return "unknown"
    said = set(words)
    if said & _BOUND:
        return "unknown"
    if said & _STATE or {"on", "hand"} <= said:
        return "state"
    if len(words) > 1 and (words[0] in _COUNTING or words[-1] == "count"):
        return "summed"
    if words[-1] in _NEITHER:
        return "neither"
    if said & _AGGREGATE:
        return "aggregate"
    if said & _AVERAGED and "total" not in said:
        return "averaged"
    if said & _SUMMED or (words[-1] == "hour" and name.lower().endswith("hours")):
        return "summed"
    return "neither" if said & _NEITHER else "unknown"
