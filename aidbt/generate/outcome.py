"""What generating did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import FileEdit, Patch
from aidbt.core.resilience import Level
from aidbt.core.schema import Mapping
from aidbt.generate.compare import Compared
from aidbt.generate.decide import RawTable
from aidbt.generate.discover import Skipped
from aidbt.mapping.question_files import OpenQuestion


@dataclass(frozen=True, slots=True)
class GeneratePlan:
    """What generating does, or would do when nothing is to be written.

    Attributes:
        patch: the files to write, the lock included; empty when nothing changes.
        files: what becomes of every generated dbt file, by path.
        mapping_files: mapping files that are written.
        spliced: property files of people that get entries of ours.
        proposals: files that are a person's, for which something new is proposed: path → proposed text.
        reasons: why something is only proposed, by path, where there is more to say.
        mappings: every decided mapping.
        bases: digest → text of what is written, to be remembered as the base of later merges.
        questions: what is asked once per pattern and source, and waits.
        before: the mappings as they were saved before.
        tables: what the tables hold that were looked at, by "source.table".
    """

    patch: Patch
    mappings: dict[str, Mapping]
    files: dict[str, Compared] = field(default_factory=dict)
    mapping_files: tuple[FileEdit, ...] = ()
    spliced: tuple[str, ...] = ()
    proposals: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    bases: dict[str, str] = field(default_factory=dict, repr=False)
    level: Level = Level.FULL
    wrote_with: str = ""
    questions: tuple[OpenQuestion, ...] = ()
    before: dict[str, Mapping] = field(default_factory=dict, repr=False)
    tables: dict[str, RawTable] = field(default_factory=dict, repr=False)

    def in_state(self, *states: str) -> tuple[str, ...]:
        """The generated files in one of the states of `compare`, in the order of their paths."""
        return tuple(sorted(path for path, found in self.files.items() if found.state in states))

    @property
    def written(self) -> tuple[str, ...]:
        """Files that were not there before."""
        new = [edit.path for edit in self.mapping_files if edit.before is None]
        return (*new, *self.in_state("written"))

    @property
    def updated(self) -> tuple[str, ...]:
        """Files that change: generated ones, mappings, and people's files that get entries."""
        changed = [edit.path for edit in self.mapping_files if edit.before is not None]
        return (*changed, *self.in_state("updated"), *self.spliced)

    @property
    def merged(self) -> tuple[str, ...]:
        """Files that a person edited, into which something new went beside the edit."""
        return self.in_state("merged")

    @property
    def unchanged(self) -> tuple[str, ...]:
        return self.in_state("unchanged")

    @property
    def edited(self) -> tuple[str, ...]:
        """Files that a person edited and for which nothing new is proposed."""
        return self.in_state("edited")

    @property
    def deleted(self) -> tuple[str, ...]:
        """Generated files that somebody removed; they are written again when they are selected."""
        return self.in_state("deleted")

    @property
    def older(self) -> tuple[str, ...]:
        """Files that another version of aidbt wrote from the same decisions, in other words than this one."""
        return self.in_state("older")

    @property
    def is_drift(self) -> bool:
        """Whether decisions and files differ."""
        return bool(self.written or self.updated or self.merged or self.proposals)

    @property
    def has_errors(self) -> bool:
        """Whether a finding is at the gate."""
        return any(finding.severity == Severity.ERROR for finding in self.findings)

    @property
    def waiting(self) -> int:
        return sum(len(mapping.waiting()) for mapping in self.mappings.values())

    @property
    def waiting_tests(self) -> int:
        return sum(len(mapping.waiting_tests()) for mapping in self.mappings.values())

    @property
    def columns_accepted(self) -> int:
        return sum(c.status == "accepted" for mapping in self.mappings.values() for c in mapping.columns)

    @property
    def tests_accepted(self) -> int:
        return sum(t.status == "accepted" for mapping in self.mappings.values() for t in mapping.tests)
