"""What is known of a project's quality before it is judged: results, rows, what monitors measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aidbt.core.findings import Finding
from aidbt.core.incidents import Incident
from aidbt.core.measured import Monitor


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest result of a node.

    Attributes:
        status: dbt's word: pass, warn, fail, error; success, error, skipped; of a source pass, warn, error,
            runtime error.
        failures: what a test found; None where dbt does not say.
        age_s: of a source, how old its newest row was.
        at: when the run ended, UTC.
    """

    status: str
    at: datetime
    failures: int | None = None
    message: str = ""
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows a node has.

    Attributes:
        is_least: there may be more.
    """

    count: int
    is_least: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """What monitors have of a node.

    Attributes:
        at: when it was measured last.
        watched: what is watched with a past that is long enough to judge; empty while it is too short.
        columns: as the warehouse spells them.
        filled: those without a null in the newest buckets, folded.
        distinct: those whose values were all different there, folded.
        values: folded column → value → rows that have it, of columns with few values, in the newest buckets.
        nulls: folded column → rows that are null there; `rows`: all rows there.
    """

    at: datetime | None = None
    watched: tuple[Monitor, ...] = ()
    columns: tuple[str, ...] = ()
    filled: frozenset[str] = frozenset()
    distinct: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    nulls: Mapping[str, float] = field(default_factory=dict)
    rows: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """All that scores are made of.

    Attributes:
        results: node → its newest result that is not too old.
        rows: node → its rows, where that is known.
        measured: node → what monitors have of it.
        columns: node → the columns that the warehouse had; absent where nobody looked.
        incidents: those that are not over.
        runs: how many were read; `last_run_at` is the newest.
        findings: what could not be read, what is too old or in the project no more.
    """

    results: Mapping[str, Seen] = field(default_factory=dict)
    rows: Mapping[str, Rows] = field(default_factory=dict)
    measured: Mapping[str, Measured] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    runs: int = 0
    last_run_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
