"""Why a run failed, and what would mend it: the nouns that evidence, diagnosis, remedies and proof share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from aidbt.core.findings import RunFailure
from aidbt.core.patch import Patch

if TYPE_CHECKING:
    from aidbt.core.failures import Category, ErrorClass, Strategy


class Stage(StrEnum):
    """How far dbt got. `data`: it got through and all is green, yet what it built is wrong."""

    DEPS = "deps"
    PARSE = "parse"
    CONNECT = "connect"
    COMPILE = "compile"
    NODE = "node"
    TEST = "test"
    HOOK = "hook"
    FRESHNESS = "freshness"
    DATA = "data"


EvidenceKind = Literal[
    "message", "log", "artifact", "source_schema", "source_profile", "git", "lineage", "values",
    "engine_code", "probe",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed fact.

    Attributes:
        where: file with line, relation, column or node it is about.
        text: the fact as one sentence.
        values: the figures and names behind the sentence.
    """

    kind: EvidenceKind
    where: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One cause of a failed run, with all that it did.

    Attributes:
        key: the same for the same cause in every run, whatever the order and the number of nodes it breaks.
        confidence: 0..1; at 0.75 a remedy may act, from 0.50 on it drafts, below a person looks.
        root: unique_id of the most upstream node the cause is at; "project" where it is at none.
        column: of the root, where the cause is one column; else "".
        failures: the failed nodes it explains.
        blast_radius: unique_ids of what was skipped or stands below the failed nodes, without those.
        proof: what speaks for it, the strongest first.
        ruled_out: what else it might have been, and why it is not.
        facts: what remedies need, by the names in `healing/diagnosis/facts.py`.
        unknown: what could not be read, and so speaks neither for nor against.
        next_step: one sentence: what to do.
        before: what is known of the last failure that said the same; "" for nothing.
    """

    key: str
    error_class: ErrorClass
    confidence: float
    stage: Stage
    root: str
    column: str = ""
    failures: tuple[RunFailure, ...] = ()
    blast_radius: tuple[str, ...] = ()
    proof: tuple[Evidence, ...] = ()
    ruled_out: tuple[Evidence, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    next_step: str = ""
    before: str = ""

    @property
    def category(self) -> Category:
        """Which of the eleven categories it counts in."""
        return self.error_class.category

    @property
    def strategy(self) -> Strategy:
        """What may be tried once it is proved; a person's where nothing may."""
        return self.error_class.strategy


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a claim found; `found` gives the figures in one sentence."""

    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done right before a run.

    Attributes:
        holds: whether it was done; if not, everything is as it was.
        found: what came of it, in one sentence.
        end: called once the run is over, with whether it was green: if not, everything is put back.
    """

    holds: bool
    found: str
    end: Callable[[bool], None] = lambda is_green: None


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence that must be true for a mend to be right, and the function that finds out.

    Attributes:
        text: e.g. "every value of 'cust_mail' equals the last known value of 'email' on the same key".
        check: reads the warehouse or files and changes nothing; may raise `AidbtError`, which is as good as
            "does not hold".
    """

    text: str
    check: Callable[[], Checked]


@dataclass(frozen=True, slots=True)
class Wait:
    """Time to let pass before dbt runs again.

    Attributes:
        for_what: what is waited for, e.g. "the lock on shop.duckdb, held by pid 4711".
        tries: how often `is_over` is asked at most, with the pauses of `core.resilience`.
        is_over: whether it is worth trying now; None where only trying tells.
    """

    for_what: str
    tries: int = 5
    is_over: Callable[[], bool] | None = None


class Risk(StrEnum):
    """How much a wrong mend could do: `low` changes no row, `medium` changes rows, `high` may hide some."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Mend:
    """One remedy for one diagnosis; it is applied only when every claim was checked and holds.

    Attributes:
        title: in the imperative, as a commit's subject.
        patch: edits of the project's files; None where no file has to change.
        waits: what has to pass first; None where nothing has.
        dbt_args: options of the run that follows, e.g. ("--threads", "1").
        rows_moved: rows that go elsewhere (a quarantine) by relation.
        restores: whether every edit only puts back what stood in its place at the last good run, or corrects
            a slip of the hand: then nobody has to decide what the code should mean.
        before_run: done right before that run, e.g. installing packages.
        asks: why a person has to agree first, so that it is proposed at most; "" where nobody has to.
        changes: (unique_id of a source, its column) whose values become others because a person declared so:
            these, and what is made of them, need not be as at the last good run.
    """

    remedy: str
    title: str
    patch: Patch | None = None
    waits: Wait | None = None
    dbt_args: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    risk: Risk = Risk.MEDIUM
    rows_moved: Mapping[str, int] = field(default_factory=dict)
    restores: bool = False
    before_run: Callable[[], Prepared] | None = None
    asks: str = ""
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a remedy does not apply to a diagnosis.

    Attributes:
        why: one sentence for a person.
        draft: what a person may start from; None when there is none.
        is_concerned: whether the remedy is for this kind of cause at all; others are not worth telling.
    """

    remedy: str
    why: str
    evidence: tuple[Evidence, ...] = ()
    draft: Patch | None = None
    is_concerned: bool = True
