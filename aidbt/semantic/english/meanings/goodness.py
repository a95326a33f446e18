"""Which numbers are good when they are high, and which when they are low: what `best` and `worst` mean."""

from __future__ import annotations

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Amount, Columns
from aidbt.semantic.query import Duration, attributes, parts

_GOOD_HIGH = frozenset(
    """rating score grade gpa mark star satisfaction csat nps performance margin profit revenue sale income
    earning turnover yield efficiency accuracy precision uptime availability win point goal productivity
    quality popularity conversion occupancy utilization retention attendance growth salary wage pay""".split()
)
_GOOD_LOW = frozenset(
    """delay late lateness error defect fault complaint churn wait waiting downtime incident accident crash
    failure loss refund cancellation absence debt arrear overdue latency outage violation injury bounce
    mortality attrition penalty damage backlog""".split()
)


def goodness(what: Columns | Amount | Number) -> bool | None:
    """Whether more of it is better; None where that is not certain, as of a price.

    Example:
        >>> from aidbt.semantic.query import Attribute
        >>> delay = Columns((Attribute("flights", "arrival_delay"),))
        >>> rating = Columns((Attribute("films", "avg_rating"),))
        >>> price = Columns((Attribute("products", "price"),))
        >>> goodness(delay), goodness(rating), goodness(price)
        (False, True, None)
    """
    words = {word for column in attributes(what) for word in singular_words(column.column)}
    is_high, is_low = bool(words & _GOOD_HIGH), bool(words & _GOOD_LOW)
    if is_high == is_low or any(isinstance(part, Duration) for part in parts(what)):
        return None
    return is_high
