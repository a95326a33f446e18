"""What running the project took over a period: seconds, bytes and money by node, and language models.

Money follows from the prices in the settings alone; where none is set there are seconds and bytes. A second
of several nodes at once is one second of the warehouse: `per_hour` is charged for the time in which any node
was at work, and each node bears its part of it by its own seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aidbt.core.config import CostSettings
from aidbt.observability.recorded import RecordedNode, RecordedRun
from aidbt.store.llm_ledger import RecordedCall

_TB = 1e12
_HOUR_S = 3600.0
# A change is told where both halves of the period have so many runs of the node.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class NodeCost:
    """What one node took over the period.

    Attributes:
        runs: how often it ran, `failed` of them in vain; these count too, for they cost as much.
        seconds: of all its runs; `slowest_s` of the longest.
        bytes_billed: None where the adapter does not say; what it processed where it does not say what it
            charges.
        money: None where no price is set, or what it would be of is not known.
        share: of all seconds of the project's nodes, 0..1; of the money where there is any.
        trend: seconds of a run, by day on which it ran: the mean of the day.
        change: how much longer a run took in the second half of the period than in the first, 1.0 is twice as
            long; None where there were too few.
    """

    unique_id: str
    runs: int
    failed: int
    seconds: float
    slowest_s: float
    bytes_billed: int | None = None
    money: float | None = None
    share: float = 0.0
    trend: tuple[tuple[date, float], ...] = ()
    change: float | None = None

    @property
    def mean_s(self) -> float:
        """Of one run."""
        return self.seconds / self.runs


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """What language models cost for one purpose.

    Attributes:
        cost: in the currency of the prices in the settings; of the calls whose price is known.
        unpriced: calls whose price is not known.
    """

    feature: str
    model: str
    calls: int
    tokens: int
    cost: Decimal
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """What a period took.

    Attributes:
        nodes: models, seeds, snapshots and tests that ran, those that took most first.
        seconds: of all nodes together; `busy_s` in which at least one was at work.
        money: of the warehouse, None where no price is set.
        by_day: day (UTC) → seconds of all nodes.
        money_by_day: the same in money; empty where no price is set.
        llm: by purpose and model, the dearest first; `llm_by_day`: day → their cost.
    """

    since: datetime
    until: datetime
    runs: int = 0
    nodes: tuple[NodeCost, ...] = ()
    seconds: float = 0.0
    busy_s: float = 0.0
    bytes_billed: int | None = None
    money: float | None = None
    currency: str = ""
    by_day: Mapping[date, float] = field(default_factory=dict)
    money_by_day: Mapping[date, float] = field(default_factory=dict)
    llm: tuple[ModelSpend, ...] = ()
    llm_by_day: Mapping[date, Decimal] = field(default_factory=dict)

    @property
    def llm_cost(self) -> Decimal:
        """Of all language models together."""
        return sum((spend.cost for spend in self.llm), Decimal(0))


def costs_of(
    runs: Sequence[RecordedRun],
    calls: Iterable[RecordedCall],
    settings: CostSettings,
    *,
    since: datetime,
    until: datetime,
) -> Costs:
    """What these runs and calls took, as far as they were in the period."""
    inside = [run for run in runs if since <= run.started_at <= until]
    busy = {run.invocation_id: busy_seconds(run) for run in inside}
    done = [item for run in inside for item in _done(run, busy[run.invocation_id], settings)]
    by_node: dict[str, list[_Done]] = defaultdict(list)
    for item in done:
        by_node[item.node.unique_id].append(item)
    money, seconds = _sum(item.money for item in done), sum(item.node.seconds for item in done)
    middle = since + (until - since) / 2
    nodes = [_node_cost(name, items, seconds, money, middle) for name, items in by_node.items()]
    recent = [call for call in calls if since <= call.at <= until]
    return Costs(
        since=since,
        until=until,
        runs=len(inside),
        nodes=tuple(sorted(nodes, key=lambda node: (-(node.money or 0.0), -node.seconds, node.unique_id))),
        seconds=seconds,
        busy_s=sum(busy.values()),
        bytes_billed=_bytes(done),
        money=money,
        currency=settings.currency,
        by_day=_by_day((item.day, item.node.seconds) for item in done),
        money_by_day=_by_day((item.day, item.money) for item in done if item.money is not None),
        llm=_spends(recent),
        llm_by_day=_llm_by_day(recent),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """One node in one run, with what it cost."""

    run: RecordedRun
    node: RecordedNode
    money: float | None

    @property
    def day(self) -> date:
        return self.run.started_at.astimezone(UTC).date()


def _worked(run: RecordedRun) -> list[RecordedNode]:
    return [node for node in run.results if node.is_run and node.resource_type != "source"]


def busy_seconds(run: RecordedRun) -> float:
    """In how much of a run at least one node was at work; where times are not known, the sum of all, but no
    more than the run took.
    """
    nodes = _worked(run)
    spans = sorted(
        (node.started_at, node.finished_at)
        for node in nodes
        if node.started_at is not None and node.finished_at is not None and node.seconds > 0
    )
    if not spans:
        total = sum(node.seconds for node in nodes)
        return min(total, run.seconds) if run.seconds else total
    busy, end = timedelta(0), spans[0][0]
    for begun, ended in spans:
        busy += max(ended - max(begun, end), timedelta(0))
        end = max(end, ended)
    return busy.total_seconds()


def _done(run: RecordedRun, busy_s: float, settings: CostSettings) -> Iterator[_Done]:
    nodes = _worked(run)
    total = sum(node.seconds for node in nodes)
    for node in nodes:
        yield _Done(run, node, _money(node, busy_s * node.seconds / total if total else 0.0, settings))


def _money(node: RecordedNode, seconds: float, settings: CostSettings) -> float | None:
    """What a node cost in a run; None where no price is set for anything that is known of it.

    Args:
        seconds: its part of the time in which the warehouse was at work.
    """
    parts = []
    read = _read(node)
    if settings.per_tb and read is not None:
        parts.append(max(read, settings.min_bytes if read else 0) / _TB * settings.per_tb)
    if settings.per_slot_hour and node.slot_ms is not None:
        parts.append(node.slot_ms / 1000 / _HOUR_S * settings.per_slot_hour)
    if settings.per_hour:
        parts.append(seconds / _HOUR_S * settings.per_hour)
    return sum(parts) if parts else None


def _read(node: RecordedNode) -> int | None:
    return node.bytes_billed if node.bytes_billed is not None else node.bytes_processed


def _bytes(done: Iterable[_Done]) -> int | None:
    known = [read for item in done if (read := _read(item.node)) is not None]
    return sum(known) if known else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _node_cost(
    name: str, items: Sequence[_Done], seconds: float, money: float | None, middle: datetime
) -> NodeCost:
    own, paid = sum(item.node.seconds for item in items), _sum(item.money for item in items)
    share = (paid or 0.0) / money if money else own / seconds if seconds else 0.0
    days: dict[date, list[float]] = defaultdict(list)
    for item in items:
        days[item.day].append(item.node.seconds)
    return NodeCost(
        unique_id=name,
        runs=len(items),
        failed=sum(item.node.failed for item in items),
        seconds=own,
        slowest_s=max(item.node.seconds for item in items),
        bytes_billed=_bytes(items),
        money=paid,
        share=share,
        trend=tuple((day, sum(some) / len(some)) for day, some in sorted(days.items())),
        change=_change(items, middle),
    )


def _change(items: Sequence[_Done], middle: datetime) -> float | None:
    """By the middle one of each half, so that one slow run is no change; full refreshes are left out."""
    usual = [item for item in items if not item.node.failed and not item.run.asked.is_refresh]
    halves: tuple[list[float], list[float]] = ([], [])
    for item in usual:
        halves[item.run.started_at >= middle].append(item.node.seconds)
    if min(map(len, halves)) < _FEWEST:
        return None
    before, after = (sorted(half)[len(half) // 2] for half in halves)
    return after / before - 1 if before > 0 else None


def _by_day(items: Iterable[tuple[date, float | None]]) -> dict[date, float]:
    found: dict[date, float] = defaultdict(float)
    for day, value in items:
        found[day] += value or 0.0
    return dict(sorted(found.items()))


# --- language models ------------------------------------------------------------------------------------


def _spends(calls: Iterable[RecordedCall]) -> tuple[ModelSpend, ...]:
    groups: dict[tuple[str, str], list[RecordedCall]] = defaultdict(list)
    for item in calls:
        groups[item.call.feature, item.call.model].append(item)
    found = [
        ModelSpend(
            feature=feature,
            model=model,
            calls=len(items),
            tokens=sum(item.call.prompt_tokens + item.call.answer_tokens for item in items),
            cost=sum((item.call.cost or Decimal(0) for item in items), Decimal(0)),
            unpriced=sum(item.call.cost is None for item in items),
        )
        for (feature, model), items in groups.items()
    ]
    return tuple(sorted(found, key=lambda spend: (-spend.cost, -spend.tokens, spend.feature, spend.model)))


def _llm_by_day(calls: Iterable[RecordedCall]) -> dict[date, Decimal]:
    found: dict[date, Decimal] = defaultdict(Decimal)
    for item in calls:
        found[item.at.astimezone(UTC).date()] += item.call.cost or Decimal(0)
    return dict(sorted(found.items()))
