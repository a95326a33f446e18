"""Names that somebody might have meant by one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.6  # difflib's own default for what is close at all
_CLOSE = 0.75
_AHEAD = 0.08  # a second name that is nearly as close makes the first one a guess


def nearest_names(name: str, known: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Up to three known names like a name, the likeliest first; and the one that was meant, "" when that is
    not clear.

    Example:
        >>> nearest_names("custmer_id", ["customer_id", "order_id", "amount"])
        (('customer_id',), 'customer_id')
        >>> nearest_names("item_3", ["item_1", "item_2"])[1]
        ''
    """
    matcher = difflib.SequenceMatcher()
    matcher.set_seq2(name.lower())
    scored: list[tuple[float, str]] = []
    for candidate in dict.fromkeys(known):
        matcher.set_seq1(candidate.lower())
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            ratio = matcher.ratio()
            if ratio >= _ALIKE:
                scored.append((ratio, candidate))
    scored.sort(key=lambda item: (-item[0], item[1]))
    best = [candidate for _, candidate in scored[:3]]
    is_clear = bool(scored) and scored[0][0] >= _CLOSE
    if len(scored) > 1 and scored[0][0] - scored[1][0] < _AHEAD:
        is_clear = False
    return tuple(best), best[0] if is_clear else ""
