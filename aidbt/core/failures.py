"""Why something failed, as one of a fixed list of classes, and what each class allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

# From here on a mend that is proved may be tried; from `DRAFT_FROM` one is drafted for a person.
ACT_FROM = 0.75
DRAFT_FROM = 0.50

By = Literal["rules", "learned", "cases", "llm"]
Gate = Literal["act", "draft", "hand_over"]


class Category(StrEnum):
    """The eleven categories that failures are often counted in; several classes share one."""

    PERMISSION_DENIED = "permission_denied"
    NETWORK_TIMEOUT = "network_timeout"
    SCHEMA_MISMATCH = "schema_mismatch"
    RESOURCE_EXHAUSTION = "resource_exhaustion"
    DATA_DUPLICATION = "data_duplication"
    MISSING_DEPENDENCY = "missing_dependency"
    CONFIGURATION_ERROR = "configuration_error"
    QUOTA_EXCEEDED = "quota_exceeded"
    AUTHENTICATION_FAILURE = "authentication_failure"
    DATA_CORRUPTION = "data_corruption"
    UNKNOWN_ERROR = "unknown_error"


class Strategy(StrEnum):
    """What kind of mend a class may have. What only a person can do (rights, secrets, money) has no other."""

    RETRY = "retry_with_exponential_backoff"
    THROTTLE = "adaptive_throttling"
    SCALE = "scale_compute_resources"  # by asking for less at a time, never by buying more
    SCHEMA = "update_schema_and_retry"
    DEDUPLICATE = "run_deduplication_script"
    CLEAN = "run_data_validation_and_cleanup"
    CONFIGURE = "update_configuration_and_retry"
    PERSON = "escalate_to_human"


class ErrorClass(StrEnum):
    """One class of failures, "FAMILY/LEAF".

    Example:
        >>> ErrorClass("TRANSIENT/RATE_LIMIT_EXCEEDED").family, ErrorClass.QUOTA_EXCEEDED.needs_person
        ('TRANSIENT', True)
    """

    NETWORK_TIMEOUT = "TRANSIENT/NETWORK_TIMEOUT"
    CONNECTION_RESET = "TRANSIENT/CONNECTION_RESET"
    RATE_LIMIT_EXCEEDED = "TRANSIENT/RATE_LIMIT_EXCEEDED"
    TEMPORARY_UNAVAILABLE = "TRANSIENT/TEMPORARY_UNAVAILABLE"
    RESOURCE_EXHAUSTION = "TRANSIENT/RESOURCE_EXHAUSTION"
    CONCURRENCY_CONFLICT = "TRANSIENT/CONCURRENCY_CONFLICT"

    COLUMN_ADDED = "SCHEMA_DRIFT/COLUMN_ADDED"
    COLUMN_REMOVED = "SCHEMA_DRIFT/COLUMN_REMOVED"
    COLUMN_RENAMED = "SCHEMA_DRIFT/COLUMN_RENAMED"
    TYPE_CHANGED = "SCHEMA_DRIFT/TYPE_CHANGED"
    TABLE_RENAMED = "SCHEMA_DRIFT/TABLE_RENAMED"

    NULL_VIOLATION = "DATA_QUALITY/NULL_VIOLATION"
    TYPE_COERCION_FAILURE = "DATA_QUALITY/TYPE_COERCION_FAILURE"
    CONSTRAINT_VIOLATION = "DATA_QUALITY/CONSTRAINT_VIOLATION"
    DUPLICATE_KEY = "DATA_QUALITY/DUPLICATE_KEY"
    REFERENTIAL_INTEGRITY = "DATA_QUALITY/REFERENTIAL_INTEGRITY"
    STALE = "DATA_QUALITY/STALE"
    VOLUME = "DATA_QUALITY/VOLUME"

    CORRUPT_DATA = "DATA_CORRUPTION/CORRUPT_DATA"

    CREDENTIAL_EXPIRED = "CONFIGURATION/CREDENTIAL_EXPIRED"
    PERMISSION_DENIED = "CONFIGURATION/PERMISSION_DENIED"
    ENDPOINT_CHANGED = "CONFIGURATION/ENDPOINT_CHANGED"
    QUOTA_EXCEEDED = "CONFIGURATION/QUOTA_EXCEEDED"
    MISSING_SETTING = "CONFIGURATION/MISSING_SETTING"

    SQL_SYNTAX = "CODE/SQL_SYNTAX"
    SQL_SEMANTIC = "CODE/SQL_SEMANTIC"
    COMPILATION = "CODE/COMPILATION"
    TEST_LOGIC = "CODE/TEST_LOGIC"
    PYTHON_EXCEPTION = "CODE/PYTHON_EXCEPTION"
    MISSING_DEPENDENCY = "CODE/MISSING_DEPENDENCY"

    UNCLASSIFIED_ERROR = "UNKNOWN/UNCLASSIFIED_ERROR"

    @property
    def family(self) -> str:
        """E.g. "TRANSIENT"."""
        return self.value.partition("/")[0]

    @property
    def leaf(self) -> str:
        """E.g. "NETWORK_TIMEOUT"."""
        return self.value.partition("/")[2]

    @property
    def meaning(self) -> str:
        """One line for people."""
        return _FACTS[self].meaning

    @property
    def category(self) -> Category:
        """Which of the eleven categories it counts in."""
        return _FACTS[self].category

    @property
    def strategy(self) -> Strategy:
        """What may be tried once it is proved; a person's where nothing may."""
        return _FACTS[self].strategy

    @property
    def needs_person(self) -> bool:
        """Whether nobody but a person may mend it, however sure the class is."""
        return self.strategy is Strategy.PERSON


@dataclass(frozen=True, slots=True)
class Classified:
    """Which class a failure is of.

    Attributes:
        confidence: 0..1, the share of such answers that are right.
        by: what decided.
        why: what the decision rests on, one line.
        alternatives: what the same evidence would show as well, likeliest first.
    """

    error_class: ErrorClass
    confidence: float
    by: By
    why: str
    alternatives: tuple[ErrorClass, ...] = ()

    @property
    def gate(self) -> Gate:
        """What may follow: a proved mend, a draft for a person, or the evidence only."""
        if self.confidence >= ACT_FROM and not self.error_class.needs_person:
            return "act"
        return "draft" if self.confidence >= DRAFT_FROM else "hand_over"


@dataclass(frozen=True, slots=True)
class _Facts:
    meaning: str
    category: Category
    strategy: Strategy


_C, _S, _E = Category, Strategy, ErrorClass
_FACTS = {
    _E.NETWORK_TIMEOUT: _Facts("no answer in time, or no way to the server", _C.NETWORK_TIMEOUT, _S.RETRY),
    _E.CONNECTION_RESET: _Facts("the connection broke while it was used", _C.NETWORK_TIMEOUT, _S.RETRY),
    _E.RATE_LIMIT_EXCEEDED: _Facts(
        "too many requests in a short time; it passes", _C.QUOTA_EXCEEDED, _S.THROTTLE
    ),
    _E.TEMPORARY_UNAVAILABLE: _Facts("the service answers that it cannot now", _C.NETWORK_TIMEOUT, _S.RETRY),
    _E.RESOURCE_EXHAUSTION: _Facts(
        "memory, disk, slots or sessions ran out", _C.RESOURCE_EXHAUSTION, _S.SCALE
    ),
    _E.CONCURRENCY_CONFLICT: _Facts(
        "a lock, a deadlock, or somebody wrote the same meanwhile", _C.RESOURCE_EXHAUSTION, _S.RETRY
    ),
    _E.COLUMN_ADDED: _Facts("more columns came than are declared", _C.SCHEMA_MISMATCH, _S.SCHEMA),
    _E.COLUMN_REMOVED: _Facts("a column that is read is not there", _C.SCHEMA_MISMATCH, _S.SCHEMA),
    _E.COLUMN_RENAMED: _Facts(
        "a column that is read is not there, one much like it is", _C.SCHEMA_MISMATCH, _S.SCHEMA
    ),
    _E.TYPE_CHANGED: _Facts("a column has another type than is declared", _C.SCHEMA_MISMATCH, _S.SCHEMA),
    _E.TABLE_RENAMED: _Facts(
        "a table, view or schema that is read is not there", _C.SCHEMA_MISMATCH, _S.SCHEMA
    ),
    _E.NULL_VIOLATION: _Facts("a value is missing that must not be", _C.DATA_CORRUPTION, _S.CLEAN),
    _E.TYPE_COERCION_FAILURE: _Facts(
        "a value cannot be read as the type it should have", _C.DATA_CORRUPTION, _S.CLEAN
    ),
    _E.CONSTRAINT_VIOLATION: _Facts(
        "a value breaks a rule: a check, a length, a range, a set", _C.DATA_CORRUPTION, _S.CLEAN
    ),
    _E.DUPLICATE_KEY: _Facts("a key stands more than once", _C.DATA_DUPLICATION, _S.DEDUPLICATE),
    _E.REFERENTIAL_INTEGRITY: _Facts(
        "a row refers to another that is not there", _C.DATA_CORRUPTION, _S.CLEAN
    ),
    _E.STALE: _Facts("data is older than it should be", _C.DATA_CORRUPTION, _S.PERSON),
    _E.VOLUME: _Facts("far more or fewer rows than usual, or none", _C.DATA_CORRUPTION, _S.PERSON),
    _E.CORRUPT_DATA: _Facts(
        "a file or page is damaged, or values were rewritten", _C.DATA_CORRUPTION, _S.PERSON
    ),
    _E.CREDENTIAL_EXPIRED: _Facts(
        "a password, key or token is wrong, missing or expired", _C.AUTHENTICATION_FAILURE, _S.PERSON
    ),
    _E.PERMISSION_DENIED: _Facts("the user is known and may not do this", _C.PERMISSION_DENIED, _S.PERSON),
    _E.ENDPOINT_CHANGED: _Facts(
        "an address, bucket, host or API is not where it was", _C.CONFIGURATION_ERROR, _S.PERSON
    ),
    _E.QUOTA_EXCEEDED: _Facts("what was paid for or granted is used up", _C.QUOTA_EXCEEDED, _S.PERSON),
    _E.MISSING_SETTING: _Facts(
        "a setting, profile, variable or file of them is missing or wrong",
        _C.CONFIGURATION_ERROR,
        _S.PERSON,
    ),
    _E.SQL_SYNTAX: _Facts("the SQL cannot be parsed", _C.CONFIGURATION_ERROR, _S.CONFIGURE),
    _E.SQL_SEMANTIC: _Facts(
        "the SQL can be parsed and means nothing here: types, functions, grouping",
        _C.SCHEMA_MISMATCH,
        _S.PERSON,
    ),
    _E.COMPILATION: _Facts(
        "dbt cannot compile it: Jinja, YAML, a ref, a macro", _C.CONFIGURATION_ERROR, _S.CONFIGURE
    ),
    _E.TEST_LOGIC: _Facts("a test itself is wrong, or a unit test fails", _C.CONFIGURATION_ERROR, _S.PERSON),
    _E.PYTHON_EXCEPTION: _Facts("code of the project in Python raised", _C.UNKNOWN_ERROR, _S.PERSON),
    _E.MISSING_DEPENDENCY: _Facts(
        "a package, adapter, driver or version is not installed", _C.MISSING_DEPENDENCY, _S.CONFIGURE
    ),
    _E.UNCLASSIFIED_ERROR: _Facts("the message does not say what it is", _C.UNKNOWN_ERROR, _S.PERSON),
}
