"""Trying again, giving up in time, and staying within what was allowed: the only resilience of the project.

`retry` repeats what may succeed when it is tried again; `CircuitBreaker` stops asking a service that is
down; `RateLimiter` keeps to a pace; `Deadline` and `Budget` bound time and amounts; `Level` says how well
a feature works while something is missing.

No library is underneath. This layer may import only the standard library, pydantic and PyYAML, and no one
library has what is needed here together: full jitter, a server's Retry-After that wins over it, a breaker,
a limiter and a deadline, all on one injected clock, so that nothing in a test sleeps.
"""

from __future__ import annotations

from aidbt.core.resilience.breaker import CircuitBreaker, CircuitState
from aidbt.core.resilience.clock import Clock, Deadline, ManualClock, SystemClock
from aidbt.core.resilience.level import DEGRADATION, Level, behaviour
from aidbt.core.resilience.limits import Budget, RateLimiter, Slots
from aidbt.core.resilience.retry import POLICIES, Operation, RetryPolicy, retry
from aidbt.core.resilience.retryable import is_retryable, retry_after_s

__all__ = [
    "DEGRADATION",
    "POLICIES",
    "Budget",
    "CircuitBreaker",
    "CircuitState",
    "Clock",
    "Deadline",
    "Level",
    "ManualClock",
    "Operation",
    "RateLimiter",
    "RetryPolicy",
    "Slots",
    "SystemClock",
    "behaviour",
    "is_retryable",
    "retry",
    "retry_after_s",
]
