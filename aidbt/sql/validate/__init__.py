"""Whether a piece of SQL may be run and will do: a ladder of checks, each cheap, the safe ones first."""

from aidbt.sql.validate.allowed import Allowed
from aidbt.sql.validate.engine import Answer, Engine
from aidbt.sql.validate.findings import Written, findings_of
from aidbt.sql.validate.ladder import RUNGS, Rung, RungResult, Validation, validate_sql

__all__ = [
    "RUNGS",
    "Allowed",
    "Answer",
    "Engine",
    "Rung",
    "RungResult",
    "Validation",
    "Written",
    "findings_of",
    "validate_sql",
]
