"""What the evaluator says of questions that it has no answer to."""

from __future__ import annotations

from aidbt.core.errors import AidbtError


class CannotEvaluate(AidbtError):
    """A question that is not answered in memory."""
