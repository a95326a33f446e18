"""Whether the keys that orphans name may be those of rows that only come later: read from the keys alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aidbt.healing.evidence.case import Case
from aidbt.healing.quarantine.measures import models_below

_NUMBERED = re.compile(r"(.*?)(\d{1,18})")
_NEAR = 10
_SIGN = re.compile(r"[A-Za-z0-9]")
_TAKES_NEW_ROWS = "is_incremental"


def comes_next(last: object, values: Sequence[object]) -> bool:
    """Whether most values are numbers, or end in one, that follow closely upon the last one of a sequence:
    keys of rows that have not come yet.

    Example:
        >>> comes_next(120, [121, 123]), comes_next("C-099", ["C-100"]), comes_next(120, [900001])
        (True, True, False)
    """
    place = _NUMBERED.fullmatch(str(last))
    found = [_NUMBERED.fullmatch(str(value)) for value in values]
    if place is None or not values:
        return False
    end = int(place[2]) + _NEAR + 2 * len(values)
    near = [one for one in found if one and one[1] == place[1] and int(place[2]) < int(one[2]) <= end]
    return 2 * len(near) >= len(values)


def says_nothing(last: object, values: Sequence[object]) -> bool:
    """Whether values look like keys of a table, and these have no order that says whether they are yet to
    come, as random ones.

    Example:
        >>> says_nothing("5f3a-01c9", ["77b0-9d2e"]), says_nothing(120, [900001]), says_nothing("a1-9", ["?"])
        (True, False, False)
    """
    place = _NUMBERED.fullmatch(str(last))
    found = [_NUMBERED.fullmatch(str(value)) for value in values]
    if place is not None and all(one is not None and one[1] == place[1] for one in found):
        return False
    return any(_SIGN.sub("x", str(value)) == _SIGN.sub("x", str(last)) for value in values)


def takes_only_new_rows(unique_id: str, case: Case) -> str:
    """Name of the first model below a node that keeps its rows and takes but newer ones, so that what comes
    back later may never get into it; "" for none."""
    for node in models_below(unique_id, case):
        is_kept = node.config.get("materialized") == "incremental"
        if is_kept and _TAKES_NEW_ROWS in str(node.raw.get("raw_code") or ""):
            return node.name
    return ""
