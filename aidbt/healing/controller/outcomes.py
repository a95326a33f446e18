"""What is learned of an attempt that is over."""

from __future__ import annotations

from aidbt.core.attempts import Attempt
from aidbt.core.failures import ErrorClass
from aidbt.store.cases import Outcome, PastCase


def past_case(attempt: Attempt, became: Outcome, why: str, *, was: ErrorClass | None = None) -> PastCase:
    """An attempt as a case of the knowledge base.

    Args:
        was: of which class it proved to be, where that is another one than was said.
    """
    said = ErrorClass(attempt.error_class) if attempt.error_class else None
    return PastCase(
        attempt.form, was or said or ErrorClass.UNCLASSIFIED_ERROR, became, attempt.remedy, attempt.id, why,
        said=said, confidence=attempt.confidence,
    )  # fmt: skip
