"""What the planner says of questions that it has no SQL for."""

from __future__ import annotations

from aidbt.core.errors import AidbtError


class CannotPlan(AidbtError):
    """A question that is well formed and that this planner has no SQL for."""
