"""What a report says, as plain values: gathered from the store by one module, drawn by the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aidbt.core.attempts import Attempt
from aidbt.core.incidents import Incident
from aidbt.core.measured import Grain
from aidbt.monitors.history import Family
from aidbt.store.audit import Entry

# How something went, from good to bad; what is not known is "none".
State = Literal["good", "warn", "bad", "none"]


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One bucket of a monitor.

    Attributes:
        value: in the metric's unit; None where nothing was measured.
        low, high: what was expected; None where nothing was.
        said: what was found odd in it; "" for nothing.
        is_refreshed: whether a full refresh or a backfill wrote it.
        is_past: whether it was odd when it was judged, and has another value since.
    """

    start: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    said: str = ""
    is_refreshed: bool = False
    is_past: bool = False

    @property
    def is_odd(self) -> bool:
        """Whether what was found odd is still so."""
        return bool(self.said) and not self.is_past


@dataclass(frozen=True, slots=True)
class MetricChart:
    """A monitor over time with its band and what was odd.

    Attributes:
        title: what is shown, e.g. "orders rows".
        points: oldest first, without holes in time.
        runs: when dbt ran, UTC.
    """

    title: str
    family: Family
    grain: Grain
    points: tuple[ChartPoint, ...]
    runs: tuple[datetime, ...] = ()


Role = Literal["root", "affected", "exposed"]


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A node in the picture of an incident.

    Attributes:
        column: 0 for what is most upstream.
        row: from above, 0 first.
    """

    unique_id: str
    role: Role
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class LineagePart:
    """The part of the lineage that an incident reaches.

    Attributes:
        edges: parent and child; the parents of what is not shown are joined over it.
        left_out: how many nodes are not shown.
    """

    nodes: tuple[LineageNode, ...]
    edges: tuple[tuple[str, str], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class AttemptPart:
    """An attempt to mend a cause, with the steps that the audit has of it, oldest first."""

    attempt: Attempt
    audit: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentPart:
    """An incident with what is drawn of it, what happened at the same time outside its lineage, and the
    attempts to mend its cause, the newest first."""

    incident: Incident
    charts: tuple[MetricChart, ...] = ()
    lineage: LineagePart | None = None
    coincides: tuple[str, ...] = ()
    attempts: tuple[AttemptPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at.

    Attributes:
        models: nodes with at least one bucket; `unmeasured` models of the project have none.
        cold: of them with fewer than 14 buckets.
        since, until: the first and the last bucket of all; None where there is none.
    """

    models: int = 0
    buckets: int = 0
    unmeasured: int = 0
    cold: int = 0
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of dbt.

    Attributes:
        status: success, failed, nothing_selected, error.
        done, failed, skipped: how many nodes (tests among them) ended so; `warned` are among `done`.
        target: of the profile that dbt used; "" where nobody knows it.
        problems: (node, what dbt said) of those that failed; of a run that failed before any, ("", that).
    """

    id: str
    command: str
    status: str
    started_at: datetime
    seconds: float
    done: int = 0
    warned: int = 0
    failed: int = 0
    skipped: int = 0
    target: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> State:
        """How it went."""
        if self.status != "success":
            return "none" if self.status == "nothing_selected" else "bad"
        return "warn" if self.warned else "good"


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a test ended when it was run last.

    Attributes:
        status: dbt's word: pass, warn, fail, error, skipped.
        failures: rows it found; None where dbt did not count them.
        since: the first run of the present row of runs in which it did not pass.
    """

    # pytest takes a class of that name for a test otherwise.
    __test__ = False

    unique_id: str
    node: str
    status: str
    at: datetime
    failures: int | None = None
    since: datetime | None = None
    message: str = ""

    @property
    def state(self) -> State:
        """How it went; what was skipped is not known."""
        return _TEST_STATES.get(self.status, "bad")


_TEST_STATES: Mapping[str, State] = {
    "pass": "good", "success": "good", "warn": "warn", "skipped": "none", "no-op": "none",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the data of a node is.

    Attributes:
        newest_at: time of the newest row; None where there is none.
        age_s: seconds from it to the report.
        state: "bad" or "warn" where a monitor or the declared limit says that it is late.
        by: who says so: "monitor", "declared", or "" where it is only measured.
    """

    node: str
    newest_at: datetime | None
    age_s: float | None
    state: State
    by: str = ""


@dataclass(frozen=True, slots=True)
class LostPoints:
    """Why a score is not 100, and what would win the points back."""

    points: float
    reason: str
    way_back: str = ""


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """The scores of one model, 0..100; None for what is not measured.

    Attributes:
        dimensions: name → score.
        coverage: the share (0..1) of what could be measured that is.
        lost: the reasons, most points first.
    """

    node: str
    score: float | None
    dimensions: Mapping[str, float | None] = field(default_factory=dict)
    coverage: float | None = None
    owner: str = ""
    lost: tuple[LostPoints, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """The scores of the project.

    Attributes:
        dimensions: name → score, in the order of the page.
        history: when, and the score then; oldest first.
        models: the worst first.
        minimum: what is asked for; None where nothing is.
        ways: what would win points back or make more known, and the points; the cheapest for them first.
        groups: "layer" or "owner", its name, score and coverage (0..1); the worst of each first.
    """

    score: float | None
    dimensions: Mapping[str, float | None]
    coverage: float | None
    history: tuple[tuple[datetime, float], ...] = ()
    models: tuple[ModelQuality, ...] = ()
    minimum: float | None = None
    ways: tuple[tuple[str, float], ...] = ()
    groups: tuple[tuple[str, str, float | None, float], ...] = ()


@dataclass(frozen=True, slots=True)
class NodeCost:
    """What a node took in the period.

    Attributes:
        share: of all seconds (or of all money, where prices are set), 0..1.
        trend: seconds of its runs, oldest first.
        change: what a run took in the second half of the period over that in the first, 1 for the same; None
            where there were too few.
        money: in `Costs.currency`; None without a price.
    """

    node: str
    seconds: float
    runs: int
    share: float
    trend: tuple[float, ...] = ()
    change: float | None = None
    bytes: float | None = None
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What the nodes took in the period, the most first.

    Attributes:
        left_out: how many took less and are not listed.
    """

    nodes: tuple[NodeCost, ...]
    seconds: float
    money: float | None = None
    currency: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Spend:
    """What language models did cost in the period.

    Attributes:
        days: day → money (or tokens, where no price is known), oldest first, without holes.
        kinds: (feature, model, calls, tokens, money), the most first.
        is_money: whether `days` and the order are of money.
    """

    calls: int
    tokens: int
    money: float | None
    days: tuple[tuple[datetime, float], ...]
    kinds: tuple[tuple[str, str, int, int, float | None], ...]
    is_money: bool
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that stands in a report. Times are UTC.

    Attributes:
        incidents: those that are open, the worst first, then those that ended in the period, newest first.
        tests: how each ended when it was run last.
        runs: newest first.
        quality, costs, spend: None where nothing is known of it.
        notes: what could not be read, and why.
        target: whose runs these are; "" where all count.
    """

    project: str
    made_at: datetime
    since: datetime
    watched: Watched = Watched()
    incidents: tuple[IncidentPart, ...] = ()
    tests: tuple[TestResult, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    runs: tuple[Run, ...] = ()
    quality: Quality | None = None
    costs: Costs | None = None
    spend: Spend | None = None
    notes: tuple[str, ...] = ()
    target: str = ""

    @property
    def open(self) -> tuple[IncidentPart, ...]:
        """The incidents that are not over."""
        return tuple(part for part in self.incidents if not part.incident.state.is_over)

    @property
    def over(self) -> tuple[IncidentPart, ...]:
        """The incidents that are."""
        return tuple(part for part in self.incidents if part.incident.state.is_over)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known yet."""
        return not (self.watched.models or self.incidents or self.runs)
