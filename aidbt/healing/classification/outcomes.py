"""What the knowledge base teaches: cases to compare a message with, and outcomes to learn from."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.healing.classification.cases import Case
from aidbt.healing.classification.retraining import Outcome
from aidbt.store.cases import PastCase


def known_cases(past: Sequence[PastCase]) -> tuple[Case, ...]:
    """Those whose class was seen to be right or wrong. What a person mended without a word says neither."""
    return tuple(
        Case(case.form, case.error_class, case.is_known, case.runbook)
        for case in past
        if case.form and (case.is_known or case.outcome == "wrong")
    )


def known_outcomes(past: Sequence[PastCase]) -> tuple[Outcome, ...]:
    """Those whose class is known, with what was said at the time, oldest first."""
    return tuple(
        Outcome(case.form, case.error_class, case.said, case.confidence)
        for case in past
        if case.form and case.is_known and case.said is not None
    )
