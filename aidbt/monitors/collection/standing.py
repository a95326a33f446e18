"""Findings that stay as they are: told once, and again when they got worse or came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from aidbt.core.findings import Finding, Severity
from aidbt.store import Store

# Record of the store, by what a finding is about: code → what was told of it.
_STANDING = "monitor_standing"
_CODES = frozenset(
    f"monitor.{of}"
    for of in (
        *("event_time_is_no_time", "future_rows", "no_event_time", "no_rows", "no_such_event_time"),
        *("not_built", "unknown_model", "untimed_rows", "views"),
    )
)
# Rows of bookings to come may be a few more each day; twice as many are worth another word.
_WORSE = 2


def set_apart(
    store: Store, findings: Sequence[Finding], looked_at: Collection[str]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are news, and those that people were told of before; remembers them.

    Args:
        looked_at: what was looked at, as in `Finding.where`: what is found of it no more is forgotten.

    Raises:
        StoreError: the store cannot be read or written.
    """
    before = {where: record.value for where, record in store.all(_STANDING).items()}
    news: list[Finding] = []
    standing: list[Finding] = []
    now: dict[str, dict[str, Any]] = {where: {} for where in looked_at}
    for finding in findings:
        if finding.code not in _CODES:
            news.append(finding)
            continue
        told = before.get(finding.where, {}).get(finding.code)
        is_news = told is None or _is_worse(finding, told)
        (news if is_news else standing).append(finding)
        rows = _rows(finding) if is_news else told["rows"]
        now.setdefault(finding.where, {})[finding.code] = {
            "severity": finding.severity.value, "message": finding.message, "rows": rows,
        }  # fmt: skip
    store.put_all(_STANDING, {where: found for where, found in now.items() if found != before.get(where, {})})
    return news, standing


def standing_findings(store: Store) -> tuple[Finding, ...]:
    """What was found of each node when it was last looked at, and stays as it is.

    Raises:
        StoreError: the store cannot be read.
    """
    return tuple(_findings(store.all(_STANDING).items()))


def _findings(records: Iterable[tuple[str, Any]]) -> Iterable[Finding]:
    for where, record in records:
        for code, told in record.value.items():
            yield Finding(code, Severity(told["severity"]), where, told["message"])


def _is_worse(finding: Finding, told: Mapping[str, Any]) -> bool:
    rows = _rows(finding)
    if rows is None:
        return bool(finding.message != told["message"])
    return bool(rows > _WORSE * (told["rows"] or 0) > 0)


def _rows(finding: Finding) -> float | None:
    said = finding.evidence.get("rows")
    return None if said is None else float(said)
