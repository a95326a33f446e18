"""Everything that was read of one failed run, as values: what diagnosis and remedies decide from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aidbt.core.findings import RunFailure
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.code_changes import CodeChanges
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.test_meaning import TestMeaning
from aidbt.lineage.graph import Lineage
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.holders import Holder


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether the warehouse could be asked just now.

    Attributes:
        problem: why not, in a sentence; "" when it was.
        holder: what holds it, e.g. "process 4711 (python3)"; "" where it is not locked.
        pid: of the holder; 0 where it is not known.
    """

    is_open: bool
    problem: str = ""
    hint: str = ""
    is_locked: bool = False
    holder: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True)
class GitState:
    """Where git stands; `commit` is "" without git, or without a commit.

    Attributes:
        is_clean: whether nothing that git knows was changed since the commit.
        branch: "" for a detached head.
        subjects: of the commits since the last good state, the newest first.
    """

    commit: str = ""
    branch: str = ""
    is_clean: bool = False
    subjects: tuple[str, ...] = ()


ViolationKind = Literal["nulls", "duplicates", "orphans", "bad_casts", "other_values", "outside"]


@dataclass(frozen=True, slots=True)
class Violation:
    """Rows of a source that break what a failed test, or a cast of a failed model, asks.

    Attributes:
        failure: unique_id of the failed node.
        source, column: where the rows stand; of a key of several columns their names with commas between.
        bad, rows: how many of how many.
        bad_then: at the last good run; None where that is not known.
        detail: the type of a cast, the parent "source|column" of orphans, or the rule that is broken.
    """

    failure: str
    kind: ViolationKind
    source: str
    column: str
    bad: int
    rows: int
    bad_then: int | None = None
    detail: str = ""

    @property
    def rate(self) -> float:
        """0..1 of the rows."""
        return self.bad / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one failed run.

    Attributes:
        manifest: the project as the failed run parsed it; the last good one where it could not.
        good_manifest: as the last good run parsed it; None without memory.
        passed_then: unique_ids of the tests that passed at the last good run.
        is_over: whether the run failed before that, and all that failed in it went well then.
        tests: unique_id of a failed test → what it asks.
        lineage: the columns of the failed nodes and of all above them, as the last good run built them.
        tables: unique_id of a source → what became of it; only of those that were looked at.
        beside: the same of the other sources of a failed run, as far as they are there.
        relations: what stands in the warehouse now.
        held: what other sessions hold in the warehouse now.
        refused: unique_id of a failure → what the engine says today of the SQL of the last good run, where it
            refuses that too.
        env: names of the environment variables that the project and its profile ask for → whether set.
        files: path or pattern of a file that a message misses → whether it is there now.
        packages: (asked for, installed) by name, for `dbt deps`.
        unknown: what could not be read, in sentences.
    """

    project: str
    root: Path
    run: FailedRun
    adapter: str = ""
    dialect: str = ""
    manifest: Manifest | None = None
    good: GoodState | None = None
    good_manifest: Manifest | None = None
    passed_then: frozenset[str] = frozenset()
    is_over: bool = False
    tests: Mapping[str, TestMeaning] = field(default_factory=dict)
    lineage: Lineage | None = None
    tables: Mapping[str, TableChange] = field(default_factory=dict)
    beside: Mapping[str, TableChange] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    held: tuple[Holder, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    code: CodeChanges = CodeChanges()
    git: GitState = GitState()
    reached: Reached | None = None
    env: Mapping[str, bool] = field(default_factory=dict)
    files: Mapping[str, bool] = field(default_factory=dict)
    packages: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    unknown: tuple[str, ...] = ()

    def is_read(self, source: str, column: str) -> bool:
        """Whether the SQL of a direct reader of a source names a column, so that people deal with it; a name
        that it gives, or a comment, says nothing."""
        name = re.escape(column)
        said = re.compile(
            rf"--[^\n]*|/\*.*?\*/|\{{#.*?#\}}|\bas\s+[\"`]?{name}(?!\w)|(?P<read>(?<!\w){name}(?!\w))",
            re.IGNORECASE | re.DOTALL,
        )
        nodes = self.best_manifest.nodes.values() if self.best_manifest is not None else ()
        readers = (node for node in nodes if source in node.depends_on and node.resource_type != "test")
        codes = (str(node.raw.get("raw_code") or "") for node in readers)
        return any(found["read"] for code in codes for found in said.finditer(code))

    @property
    def best_manifest(self) -> Manifest | None:
        """The newest manifest there is."""
        return self.manifest or self.good_manifest

    def node(self, unique_id: str) -> Node | None:
        """A node, as the failed run knew it or, where it did not, as the last good one did."""
        for manifest in (self.manifest, self.good_manifest):
            found = manifest.find(unique_id) if manifest is not None else None
            if found is not None:
                return found
        return None

    def holders(self, failures: Sequence[RunFailure]) -> list[Holder]:
        """Who holds what failed nodes write, or holds for himself alone what they read."""
        writes = {self._place(failure.unique_id) for failure in failures}
        reads = {self._place(name) for f in failures for name in self.ancestors(f.unique_id)}
        return [
            held
            for held in self.held
            if (held.schema, held.table) in writes or (held.is_alone and (held.schema, held.table) in reads)
        ]

    def _place(self, unique_id: str) -> tuple[str, str]:
        node = self.node(unique_id)
        return (node.schema, node.identifier or node.name) if node is not None else ("", "")

    def ancestors(self, unique_id: str) -> list[str]:
        """unique_ids of all that a node reads, the nearest first; without tests."""
        return list(_ancestors(self.best_manifest, unique_id)) if self.best_manifest else []


def _ancestors(manifest: Manifest, unique_id: str) -> Iterator[str]:
    waiting, seen = [unique_id], {unique_id}
    while waiting:
        node = manifest.find(waiting.pop(0))
        for parent in node.depends_on if node is not None else ():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
                yield parent
