"""What detectors, validators and checks return, and why a node of a run failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aidbt.core.patch import Patch


class Severity(StrEnum):
    """How much a finding matters; `error` is at the gate by default."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a person's attention.

    Attributes:
        code: stable, dotted, e.g. "key.not_unique"; what settings and docs refer to.
        where: file with line, relation or node it is about.
        evidence: the values behind the message, by name.
        patch: the change that would settle it, when there is one.
    """

    code: str
    severity: Severity
    where: str
    message: str
    evidence: dict[str, str] = field(default_factory=dict)
    patch: Patch | None = None


@dataclass(frozen=True, slots=True)
class RunFailure:
    """One node that failed in a dbt run, as dbt reported it.

    Attributes:
        unique_id: dbt's id; "" when the run failed before any node.
        message: dbt's own words, without colour codes.
        path: the node's file, relative to the project; "" when unknown.
    """

    unique_id: str
    status: str
    message: str
    path: str = ""

    def in_a_line(self) -> str:
        """The message on one line, without where dbt left the compiled SQL.

        Example:
            >>> RunFailure("m", "error", "no table t\\n  compiled code at target/run/m.sql").in_a_line()
            'no table t'
        """
        lines = (line.strip() for line in self.message.splitlines())
        return " ".join(" ".join(line.split()) for line in lines if not line.startswith("compiled code at"))
