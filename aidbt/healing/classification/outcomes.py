"""What the knowledge base teaches: cases to compare a message with, and outcomes to learn from."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.healing.classification.cases import Case
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.classification.retraining import Outcome
from aidbt.store.cases import PastCase


def known_cases(past: Sequence[PastCase]) -> tuple[Case, ...]:
    """Those whose class was seen to be right or wrong. What a person mended without a word says neither."""
    return tuple(
        Case(case.form, case.error_class, case.is_known, case.runbook, case.outcome == "told")
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


def said_before(message: str, past: Sequence[PastCase]) -> str:
    """What is known of the last failure that said the same, where a person said what it was or a mend of it
    held; "" for none."""
    form = normal_form(message)
    known = (case for case in reversed(past) if form and case.form == form and case.is_known)
    found = next(known, None)
    if found is None:
        return ""
    told = f": {found.runbook}" if found.runbook else ""
    return f"{found.attempt or 'a failure'} said the same and was {found.error_class}{told}"
