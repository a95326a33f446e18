"""Which errors may go away when the same thing is tried again, and how long a server asks to wait."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aidbt.core.errors import AidbtError

_RETRYABLE_STATUS = frozenset({408, 429, 500, 502, 503, 504})
# Serialization failure, deadlock, lock not available (PostgreSQL manual, appendix A).
_RETRYABLE_SQLSTATE = frozenset({"40001", "40P01", "55P03"})
_SQLITE_LOCKS = ("database is locked", "database table is locked")
_SPENT_QUOTA = "insufficient_quota"
# Libraries wrap a lost connection three or four deep (openai > httpx > httpcore > socket).
_DEEPEST_CAUSE = 10


def is_retryable(error: BaseException) -> bool:
    """Whether the same thing may succeed when it is tried again.

    True for: an `AidbtError` that says so; HTTP status 408, 429, 500, 502, 503, 504; timeouts; connections
    refused, reset, aborted or broken; lock and serialization conflicts of a database. False for all else,
    a spent quota too: it answers 429 like a rate limit, but only a person can end it.

    The first error in the chain of causes with something to say decides. The chain is followed only through
    errors that merely wrap a driver's (SQLAlchemy, httpx, openai, urllib's URLError): whoever raises an
    AidbtError or one of Python's own errors from another has already judged it.

    Example:
        >>> is_retryable(ConnectionResetError()), is_retryable(ValueError())
        (True, False)
    """
    for link in _causes(error):
        if isinstance(link, AidbtError):
            return link.retryable
        if not isinstance(link, Exception):
            return False
        status = _http_status(link)
        if status is not None:
            return status in _RETRYABLE_STATUS and not _is_spent_quota(link)
        sqlstate = getattr(link, "sqlstate", None) or getattr(link, "pgcode", None)
        if isinstance(sqlstate, str):
            return sqlstate in _RETRYABLE_SQLSTATE
        if isinstance(link, (TimeoutError, ConnectionError)) or _is_sqlite_lock(link):
            return True
        if not _is_wrapper(link):
            return False
    return False


def retry_after_s(error: BaseException, *, now: datetime | None = None) -> float | None:
    """How long the server asks to wait, in seconds; None when it does not say, or not in a readable way.

    Read from `.retry_after`, or from the header Retry-After of the error or its response: seconds, or an
    HTTP date (a date in the past is 0 seconds). The error's causes are looked at too, so that a translated
    error still knows what the server asked for.

    Args:
        now: what a date is compared with; the response's own Date by default, because the two clocks may
            differ, else this computer's time.
    """
    for link in _causes(error):
        for holder in (link, getattr(link, "response", None)):
            headers = getattr(holder, "headers", None)
            asked = getattr(holder, "retry_after", None)
            asked = _header(headers, "Retry-After") if asked is None else asked
            seconds = _seconds(asked)
            if seconds is None and isinstance(asked, str):
                moment = _http_date(asked)
                sent_at = now or _http_date(_header(headers, "Date")) or datetime.now(UTC)
                seconds = max(0.0, (moment - sent_at).total_seconds()) if moment else None
            if seconds is not None:
                return seconds
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from; urllib keeps that in `reason` instead."""
    link: BaseException | None = error
    for _ in range(_DEEPEST_CAUSE):
        if link is None:
            return
        yield link
        reason = getattr(link, "reason", None)
        link = link.__cause__ or (reason if isinstance(reason, BaseException) else None)


def _is_wrapper(error: Exception) -> bool:
    is_pythons_own = type(error).__module__ == "builtins"
    return not is_pythons_own and not isinstance(error, (ValueError, TypeError, LookupError))


def _http_status(error: Exception) -> int | None:
    of_response = getattr(getattr(error, "response", None), "status_code", None)
    for status in (*(getattr(error, name, None) for name in ("status_code", "status", "code")), of_response):
        # `code` is many things: text for openai and SQLAlchemy, a method for grpc, other numbers elsewhere.
        if isinstance(status, int) and 100 <= status <= 599:
            return status
    return None


def _is_spent_quota(error: Exception) -> bool:
    """Whether `code` or `type`, of the error or in the body of an answer like OpenAI's, says so."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    said = inner if isinstance(inner, dict) else {}
    return _SPENT_QUOTA in (
        getattr(error, "code", None),
        getattr(error, "type", None),
        said.get("code"),
        said.get("type"),
    )


def _is_sqlite_lock(error: Exception) -> bool:
    # By name, because importing sqlite3 for the class would cost every command 10 ms.
    return type(error).__name__ == "OperationalError" and str(error).startswith(_SQLITE_LOCKS)


def _header(headers: Any, name: str) -> str | None:
    """A header by name; libraries' mappings ignore its case, a plain dict usually has it in lower case."""
    get = getattr(headers, "get", None)
    value = (get(name) or get(name.lower())) if callable(get) else None
    return value if isinstance(value, str) else None


def _seconds(asked: object) -> float | None:
    if not isinstance(asked, (str, int, float)):
        return None
    try:
        seconds = float(asked)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # 10 ms, for a form that few servers use

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # An HTTP date is in GMT even when the old asctime form does not say so.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
