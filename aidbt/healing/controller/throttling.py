"""How long somebody has limited our requests: waiting is over when that is more than an hour."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from aidbt.core.attempts import Attempt
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis

MOST_S = 3600.0
_GAP = timedelta(hours=1)  # so long without one of them, and it was another time
_ASKED = re.compile(
    r"\b(?:retry|try again)[-_ ]?(?:after|in)\W{0,4}(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)",
    re.IGNORECASE,
)
_UNITS = (("ms", 0.001), ("milli", 0.001), ("m", 60.0), ("h", 3600.0), ("d", 86400.0))


def throttled_s(diagnosis: Diagnosis, attempts: Iterable[Attempt], target: str, now: datetime) -> float:
    """For how many seconds requests are limited: since the first of the attempts on this cause that came
    within an hour of each other, or for as long as the server asks to wait; 0 for what is no such limit."""
    if diagnosis.error_class is not ErrorClass.RATE_LIMIT_EXCEEDED:
        return 0.0
    since = now
    mine = [one for one in attempts if (one.key, one.target) == (diagnosis.key, target)]
    for attempt in sorted(mine, key=lambda one: one.opened_at, reverse=True):
        if since - max(attempt.since, attempt.opened_at) > _GAP:
            break
        since = min(since, attempt.opened_at)
    asked = (asked_s(failure.message) for failure in diagnosis.failures)
    return max((now - since).total_seconds(), *asked, 0.0)


def asked_s(message: str) -> float:
    """How many seconds a server asks to wait; 0 where it does not say.

    Example:
        >>> asked_s("429: Retry-After: 7200"), asked_s("try again in 2 hours"), asked_s("later")
        (7200.0, 7200.0, 0.0)
    """
    found = _ASKED.search(message)
    if found is None:
        return 0.0
    unit = found["unit"].casefold()
    return float(found["number"]) * next((factor for word, factor in _UNITS if unit.startswith(word)), 1.0)
