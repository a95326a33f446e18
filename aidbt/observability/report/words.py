"""How the report says times, sizes and amounts."""

from __future__ import annotations

from datetime import datetime

_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))


def told_length(seconds: float) -> str:
    """A length of time as a person says it.

    Example:
        >>> told_length(0.26), told_length(45), told_length(5_400), told_length(200_000)
        ('0.3 s', '45 s', '90 minutes', '2 days')
    """
    for size_s, plural in _UNITS:
        if seconds >= 2 * size_s:
            return f"{seconds / size_s:,.0f} {plural}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def told_ago(at: datetime, now: datetime) -> str:
    """How long ago that was; of what is yet to come how long until then.

    Example:
        >>> from datetime import timedelta
        >>> told_ago(datetime(2026, 1, 1), datetime(2026, 1, 3))
        '2 days ago'
    """
    seconds = (now - at).total_seconds()
    if abs(seconds) < 60:
        return "just now"
    return f"{told_length(seconds)} ago" if seconds > 0 else f"in {told_length(-seconds)}"


def told_moment(at: datetime) -> str:
    """A moment, UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def told_score(score: float | None) -> str:
    """A score 0..100, rounded down, so that 100 is all of it.

    Example:
        >>> told_score(99.97), told_score(99.999999999999), told_score(None)
        ('99.9', '100', 'not measured')
    """
    if score is None:
        return "not measured"
    tenths = int(score * 10 + 1e-7)  # means of what is whole may lack a bit in the last place
    return "100" if tenths >= 1000 else f"{tenths / 10:.1f}"


def told_share(share: float) -> str:
    """A part of a whole in percent; what is little but there is not 0.

    Example:
        >>> told_share(0.256), told_share(0.0004), told_share(0.0)
        ('26 %', 'under 1 %', '0 %')
    """
    if 0 < share < 0.005:
        return "under 1 %"
    return f"{100 * share:.0f} %"


def told_money(amount: float | None, currency: str) -> str:
    """An amount; small ones with as many digits as it takes to see them.

    Example:
        >>> told_money(1234.5, "EUR"), told_money(0.0042, ""), told_money(None, "USD")
        ('1,234.50 EUR', '0.0042', '')
    """
    if amount is None:
        return ""
    text = f"{amount:,.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.2g}"
    return f"{text} {currency}".rstrip()


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "test"), counted(2000, "row"), counted(2, "query", "queries")
        ('1 test', '2,000 rows', '2 queries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def told_list(parts: list[str]) -> str:
    """Parts of a sentence in a row.

    Example:
        >>> told_list(["a", "b", "c"])
        'a, b and c'
    """
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
