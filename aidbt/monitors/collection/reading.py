"""From the rows of the answer to buckets. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from aidbt.core.measured import Bucket, FactKey
from aidbt.monitors.collection.statement import QUANTILE_FACTS, QUANTILES, Statement
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import Window
from aidbt.store.buckets import Series

_Shares = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scan found, by the start of the bucket; None is what no bucket holds: later rows.

    Of a table that is measured as a whole the only start is None.
    """

    facts: dict[datetime | None, dict[FactKey, float]] = field(default_factory=dict)
    shares: dict[datetime | None, _Shares] = field(default_factory=dict)

    def with_facts_of(self, other: Answer) -> Answer:
        """The same with the facts of other columns; both are of the same buckets."""
        facts = {start: {**other.facts.get(start, {}), **found} for start, found in self.facts.items()}
        return replace(self, facts={**other.facts, **facts})

    def with_shares_of(self, other: Answer) -> Answer:
        """The same with the shares of a second statement."""
        shares = {start: {**self.shares.get(start, {}), **found} for start, found in other.shares.items()}
        return replace(self, shares={**self.shares, **shares})


def read_answer(
    statement: Statement, rows: Iterable[Sequence[Any]], ends_at: Callable[[datetime | None], float]
) -> Answer:
    """The facts of an answer; what is null, NaN or infinite is left out.

    Args:
        ends_at: the start of a bucket → its end, in seconds since 1970.
    """
    answer = Answer()
    read = _Reader(statement)
    for part, bucket, value, *figures in rows:
        start = None if bucket is None else _time(float(bucket))
        if int(part) == 0:
            answer.facts[start] = read.facts(figures, ends_at(start))
        elif value is not None and figures[0] is not None:
            of_column = answer.shares.setdefault(start, {}).setdefault(statement.codes[int(part) - 1], {})
            of_column[str(value)] = float(figures[0])
    return answer


class _Reader:
    """Turns figures into facts. What each figure becomes is decided once: there may be a million of them."""

    def __init__(self, statement: Statement) -> None:
        self._plain: list[tuple[int, FactKey]] = []
        self._quantiles: list[tuple[int, str]] = []
        self._filled: dict[str, int] = {}
        self._capped: list[tuple[int, FactKey]] = []
        self._times: list[tuple[int, FactKey]] = []
        for place, (fact, column) in enumerate(statement.figures):
            if fact == "quantiles":
                self._quantiles.append((place, column))
            elif fact == "filled":
                self._filled[column] = place
            elif fact in ("distinct", "keys"):
                self._capped.append((place, (fact, column)))
            elif fact in _AGES:
                self._times.append((place, (_AGES[fact], column)))
            else:
                self._plain.append((place, (fact, column)))

    def facts(self, figures: Sequence[Any], ends_at: float) -> dict[FactKey, float]:
        found: dict[FactKey, float] = {}
        for place, key in self._plain:
            value = figures[place]
            if value is not None and isfinite(value := float(value)):
                found[key] = value
        rows = found.get(("rows", ""), 0.0)
        for column, place in self._filled.items():
            found["nulls", column] = max(rows - float(figures[place] or 0), 0.0)
        for place, key in self._capped:  # a sketch may say more than there are
            if figures[place] is not None:
                found[key] = min(float(figures[place]), rows - found.get(("nulls", key[1]), 0.0))
        for place, key in self._times:
            if figures[place] is not None and isfinite(at := float(figures[place])):
                found[key] = ends_at - at
        for place, column in self._quantiles:
            for name, number in zip(QUANTILE_FACTS, _numbers(figures[place]), strict=False):
                found[name, column] = number
        return found


_AGES = {"event_at": "event_age_s", "load_at": "load_age_s"}


def _numbers(value: Any) -> list[float]:
    """Quantiles as a driver gives them: a list, or a text of one; BigQuery gives all twentieths."""
    if value is None:
        return []
    found = value.strip("[] ").split(",") if isinstance(value, str) else value
    if len(found) > len(QUANTILES):
        found = [found[round(point * (len(found) - 1))] for point in QUANTILES]
    numbers = [float(item) for item in found if item is not None]
    return numbers if len(numbers) == len(QUANTILES) and all(map(isfinite, numbers)) else []


# --- buckets ----------------------------------------------------------------------------------------------


def buckets_of(
    target: Target,
    window: Window,
    answer: Answer,
    *,
    since: datetime | None,
    known: Mapping[datetime, Mapping[FactKey, float]] | None = None,
) -> list[Bucket]:
    """A bucket for each span of the window in which the table could have had rows: from `since`, or from its
    first row on; those without rows are among them.

    Args:
        known: bucket → its `scan_facts`, which stay when it is measured again.
    """
    filled = sorted(start for start, facts in answer.facts.items() if start and facts["rows", ""])
    first = since or next(iter(filled), None)
    if first is None:
        return []
    last = window.until - window.span
    of_scan = {key: rows_of(answer, key[0]) for key in SCAN_FACTS}
    found = []
    for start in window.starts():
        if start >= first:
            facts = answer.facts.get(start) or {("rows", ""): 0.0}
            facts = {key: value for key, value in facts.items() if key not in of_scan}
            found.append(
                Bucket(
                    node=target.unique_id,
                    grain=window.grain,
                    start=start,
                    facts={**facts, **(of_scan if start == last else (known or {}).get(start, {}))},
                    shares=answer.shares.get(start, {}),
                    columns=_columns(target) if start == last else {},
                    collected_at=window.now,
                )
            )
    return found


def whole_bucket(target: Target, answer: Answer, now: datetime) -> Bucket:
    """The one bucket of a table that is measured as a whole, of this moment."""
    return Bucket(
        node=target.unique_id,
        grain="run",
        start=now.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        facts=answer.facts.get(None, {}),
        shares=answer.shares.get(None, {}),
        columns=_columns(target),
        collected_at=now,
    )


# Numbers of a whole scan, which stand in its newest bucket.
SCAN_FACTS: tuple[FactKey, ...] = (("future_rows", ""), ("untimed_rows", ""))


def scan_facts(series: Series | None) -> dict[datetime, dict[FactKey, float]]:
    """The numbers of whole scans that buckets have."""
    if series is None:
        return {}
    keys = [key for key in SCAN_FACTS if key in series.keys]
    return {
        start: {key: float(row[series.keys[key]]) for key in keys}
        for start, row in zip(series.starts, series.values, strict=True)
        if keys and all(isfinite(row[series.keys[key]]) for key in keys)
    }


def rows_of(answer: Answer, fact: str) -> float:
    """Such a number: rows of all groups of the scan together."""
    return sum(facts.get((fact, ""), 0.0) for facts in answer.facts.values())


def _columns(target: Target) -> dict[str, str]:
    return {column.name: column.data_type for column in target.relation.columns}


def _time(seconds: float) -> datetime:
    return datetime(1970, 1, 1) + timedelta(seconds=round(seconds))
