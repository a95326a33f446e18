"""Failures that are over: what they said, as which class they were treated, and whether that was right.

How far a class may be trusted follows from its outcomes alone. The lower bound of Wilson's interval for the
share of right ones (Wilson, "Probable inference", 1927) reaches 0.95 after 73 outcomes without a wrong one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from aidbt.core.failures import ErrorClass
from aidbt.store.audit import add_entry
from aidbt.store.db import Store

# `right`, `wrong`: what became of a mend. `handed_over`: a person mended it. `told`: a person said of which
# class it was. `trusted`: a person said that the class may be trusted again after a wrong mend.
Outcome = Literal["right", "wrong", "handed_over", "told", "trusted"]

RISES_AT = 0.95
FLAWLESS_NEEDED = 73  # right outcomes until the bound is there
_Z = 1.959963984540054  # the 97.5 % point of the normal distribution: both sides together leave 5 %


@dataclass(frozen=True, slots=True)
class PastCase:
    """A failure that is over.

    Attributes:
        form: normal form of its message: no values, no secrets.
        error_class: what it proved to be, as far as that is known: see `is_known`.
        attempt: id of the attempt; "" for none.
        runbook: what was done, or what a person wrote down.
        said, confidence: what was answered at the time; None where nobody asked.
    """

    form: str
    error_class: ErrorClass
    outcome: Outcome
    remedy: str = ""
    attempt: str = ""
    runbook: str = ""
    said: ErrorClass | None = None
    confidence: float = 0.0
    at: datetime = datetime.fromtimestamp(0, UTC)

    @property
    def is_known(self) -> bool:
        """Whether its class was seen to be right: a mend of it held, or a person said so."""
        return self.outcome in ("right", "told")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the outcomes of a class say of it.

    Attributes:
        right, wrong: mends in all.
        flawless: right ones since the last wrong one.
        is_doubted: whether a mend was wrong and nobody has said since that the class is to be trusted.
    """

    right: int = 0
    wrong: int = 0
    flawless: int = 0
    is_doubted: bool = False

    @property
    def lower_bound(self) -> float:
        """0..1: the share of right mends that the flawless ones prove."""
        return wilson_lower_bound(self.flawless, self.flawless)

    @property
    def has_risen(self) -> bool:
        """Whether the class may be `auto` by itself; one wrong mend begins the count anew."""
        return not self.is_doubted and self.lower_bound >= RISES_AT


def wilson_lower_bound(right: int, total: int) -> float:
    """The lower end of Wilson's 95 % interval for a share, 0..1; 0 without outcomes.

    Example:
        >>> wilson_lower_bound(72, 72) < 0.95 <= wilson_lower_bound(73, 73)
        True
    """
    if total == 0:
        return 0.0
    share, z2 = right / total, _Z * _Z
    middle = share + z2 / (2 * total)
    spread = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return max(0.0, (middle - spread) / (1 + z2 / total))


def standings(outcomes: Iterable[tuple[ErrorClass, Outcome]]) -> dict[ErrorClass, Standing]:
    """How each class stands after outcomes, oldest first."""
    found: dict[ErrorClass, Standing] = {}
    for error_class, outcome in outcomes:
        was = found.get(error_class, Standing())
        if outcome == "right":
            found[error_class] = Standing(was.right + 1, was.wrong, was.flawless + 1, was.is_doubted)
        elif outcome == "wrong":
            found[error_class] = Standing(was.right, was.wrong + 1, 0, True)
        elif outcome == "trusted":
            found[error_class] = Standing(was.right, was.wrong, was.flawless, False)
    return found


class Cases:
    """The cases of a project.

    Args:
        who: whoever acts, for the audit.
        clock: seconds since 1970; the store's by default.
    """

    def __init__(self, store: Store, who: str, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._who = who
        self._clock = clock

    def add(self, case: PastCase) -> None:
        """Keep a case; of one attempt each outcome counts once, however often it is told.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            self._store.lock(connection, "heal cases")
            if case.attempt and connection.execute(_KNOWN, _told(case)).first() is not None:
                return
            number: int = connection.execute(_NEXT).scalar_one()
            now = self._now(connection)
            connection.execute(_INSERT, {**_told(case), "number": number, "at": now})
            add_entry(
                self._store, connection, who=self._who, what=f"outcome {case.outcome}",
                subject=case.attempt or case.error_class, after=case.error_class,
            )  # fmt: skip

    def trust(self, error_class: ErrorClass) -> None:
        """Note that a person trusts a class again.

        Raises:
            StoreError: the store cannot be written.
        """
        self.add(PastCase("", error_class, "trusted"))

    def all(self, *, limit: int = 10_000) -> tuple[PastCase, ...]:
        """The newest cases of which there is a message, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            rows = connection.execute(_ALL, {"limit": limit}).all()
        return tuple(_case(row) for row in reversed(rows))

    def standings(self) -> dict[ErrorClass, Standing]:
        """How each class stands that has outcomes.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.transaction() as connection:
            rows = connection.execute(_OUTCOMES).all()
        return standings((ErrorClass(row.error_class), row.outcome) for row in rows)

    def _now(self, connection: Connection) -> float:
        return self._store.now(connection) if self._clock is None else self._clock()


def _told(case: PastCase) -> dict[str, Any]:
    return {
        "form": case.form,
        "error_class": case.error_class.value,
        "remedy": case.remedy,
        "outcome": case.outcome,
        "attempt": case.attempt,
        "runbook": case.runbook,
        "said": case.said.value if case.said is not None else "",
        "confidence": case.confidence,
    }


def _case(row: Row[Any]) -> PastCase:
    return PastCase(
        row.form, ErrorClass(row.error_class), row.outcome, row.remedy, row.attempt, row.runbook,
        ErrorClass(row.said) if row.said else None, row.confidence, datetime.fromtimestamp(row.at, UTC),
    )  # fmt: skip


_NEXT = text("select coalesce(max(number), 0) + 1 from heal_cases")
_KNOWN = text("select 1 from heal_cases where attempt = :attempt and outcome = :outcome")
_INSERT = text(
    "insert into heal_cases"
    " (number, at, form, error_class, remedy, outcome, attempt, runbook, said, confidence)"
    " values (:number, :at, :form, :error_class, :remedy, :outcome, :attempt, :runbook, :said, :confidence)"
)
_ALL = text(
    "select at, form, error_class, remedy, outcome, attempt, runbook, said, confidence from heal_cases"
    " where form <> '' order by number desc limit :limit"
)
_OUTCOMES = text("select error_class, outcome from heal_cases order by number")
