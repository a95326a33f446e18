"""Slim CI: both sides of a pull request built into schemas of their own, as far as they differ, and compared.

dbt selects (`state:modified+`), everything else is deferred to what is built already. Nothing is built before
it is known that all of it goes into schemas that this run alone can have made: their names hold a random
part, and dbt says beforehand where each node would go. Only those are dropped afterwards.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aidbt.core.config import DbtSettings, Settings
from aidbt.core.errors import AidbtError, BudgetExceeded, DbtError, UsageError
from aidbt.core.findings import RunFailure
from aidbt.core.schema import Relation
from aidbt.lineage.base import base_project
from aidbt.project import Project
from aidbt.project.compiled import MANIFEST_FILE
from aidbt.project.dbt import RunReport, run_dbt
from aidbt.project.manifest import Manifest, Node, read_manifest
from aidbt.project.other_profile import other_profile
from aidbt.project.private_messages import identifiers_of, without_values
from aidbt.review.changed_nodes import below, changed_nodes, children_of
from aidbt.review.compared import NodeData, Pair, compare_pairs
from aidbt.review.pull_request import BothSides
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve, runs_as

_BUILT = ("model", "seed", "snapshot")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$-]+")
_DROP = (
    "{% if execute %}{% do adapter.drop_schema(api.Relation.create(database=DATABASE, schema=SCHEMA)) %}"
    "{% endif %}select 1 as dropped"
)


@dataclass(frozen=True, slots=True)
class Built:
    """What building and comparing gave.

    Attributes:
        failures: (name, message) of nodes and tests of the head that failed.
        not_done: what was left out, and why.
        kept: schemas that were left where they are.
    """

    data: tuple[NodeData, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    not_done: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Side:
    """One side as it was built.

    Attributes:
        built: unique_ids of what is there.
        skipped: unique_ids of what was not built, since what it reads failed.
        left_out: snapshots that go where they always do, whatever the target, and so were not built.
    """

    manifest: Manifest
    built: frozenset[str]
    skipped: frozenset[str]
    failures: tuple[RunFailure, ...] = ()
    left_out: tuple[Node, ...] = ()


def build_both(
    sides: BothSides,
    project: Project,
    settings: Settings,
    warehouse: Warehouse,
    *,
    approve: Approve | None = None,
    keep: bool = False,
) -> Built:
    """The data of what changed, and of what hangs on it, built on both sides and compared.

    A side that cannot be built is said; the review goes on without its data.

    Args:
        keep: leave the schemas where they are.

    Raises:
        UsageError: the project would build into schemas that are not this run's own.
        BudgetExceeded: comparing costs more than is allowed, and nobody agreed.
    """
    with tempfile.TemporaryDirectory(prefix="aidbt-pr-") as folder:
        builder = _Builder(sides, project, settings.dbt, Path(folder))
        left: list[str] = []
        try:
            built = _build_and_compare(builder, sides, project, settings, warehouse, approve)
        finally:
            if not keep:
                left = builder.drop()
        schemas = tuple(sorted(schema for _, schema in builder.made)) if keep else ()
        return replace(built, not_done=(*built.not_done, *left), kept=schemas)


def _build_and_compare(
    builder: _Builder,
    sides: BothSides,
    project: Project,
    settings: Settings,
    warehouse: Warehouse,
    approve: Approve | None,
) -> Built:
    failures: tuple[tuple[str, str], ...] = ()
    notes: list[str] = []
    try:
        head = builder.head()
        failures = tuple(_named(failure, head.manifest) for failure in head.failures)
        notes += _not_built(head)
        if not head.built:
            why = "all of it failed" if failures else "no model differs, nor what one is made of"
            return Built((), failures, (*notes, f"the data was not compared: {why}"))
        base = builder.base(head.built)
        if base is None:
            return Built((), failures, (*notes, "the data was not compared: all that was built is new"))
        names = [_named(failure, base.manifest)[0] for failure in base.failures]
        if names:
            notes.append(f"of the base could not be built: {', '.join(names[:5])}")
        data = _compare(sides, settings, project, warehouse, base, head, approve)
    except (UsageError, BudgetExceeded):
        raise
    except AidbtError as error:
        return Built((), failures, (*notes, f"the data was not compared: {error.message}"))
    return Built(tuple(data), failures, tuple(notes))


def compare_schemas(
    sides: BothSides,
    project: Project,
    settings: Settings,
    warehouse: Warehouse,
    *,
    base_schema: str,
    head_schema: str,
    approve: Approve | None = None,
) -> Built:
    """The data of what changed, as two schemas have it that somebody built before.

    Raises:
        UsageError: one of the schemas holds nothing of it.
        BudgetExceeded: comparing costs more than is allowed, and nobody agreed.
    """
    relations = {(r.schema.casefold(), r.name.casefold()): r for r in warehouse.relations()}
    nodes = [
        node
        for unique_id in sorted(_touched(sides))
        if (node := sides.head.manifest.find(unique_id)) is not None
        if node.resource_type in _BUILT and node.config.get("materialized") != "ephemeral"
        if sides.base.manifest.find(unique_id) is not None
    ]
    pairs = []
    for node in nodes:
        name = (node.identifier or node.name).casefold()
        one = relations.get((base_schema.casefold(), name))
        other = relations.get((head_schema.casefold(), name))
        pairs.append(Pair(node.unique_id, node.name, one, other))
    for schema, side in ((base_schema, "base"), (head_schema, "head")):
        if pairs and not any(getattr(pair, side) for pair in pairs):
            known = sorted({relation.schema for relation in relations.values()})
            raise UsageError(
                f"schema '{schema}' has none of the {len(pairs)} changed tables",
                hint=f"the warehouse has the schemas {', '.join(known[:12])}",
            )
    return Built(data=tuple(_compare_pairs(sides, settings, project, warehouse, pairs, approve)))


# --- building ---------------------------------------------------------------------------------------------


def _touched(sides: BothSides) -> set[str]:
    """unique_ids of what the change touches, and of all that hangs on it: no less than dbt will select."""
    changed = {node.unique_id for node in changed_nodes(sides.base.manifest, sides.head.manifest)}
    found = set(changed)
    for side in (sides.base.manifest, sides.head.manifest):
        found |= below(changed, children_of(side.nodes.values()))
    return found


class _Builder:
    """Builds the sides of one pull request into schemas of its own.

    Attributes:
        made: (database, schema) of everything that was, or may have been, made.
    """

    def __init__(self, sides: BothSides, project: Project, settings: DbtSettings, folder: Path) -> None:
        self._sides = sides
        self._project = project
        self._settings = settings
        self._folder = folder
        self._token = secrets.token_hex(4)
        self._target = project.profile().schema
        self._touched = _touched(sides)
        self.made: set[tuple[str, str]] = set()

    def head(self) -> _Side:
        """The modified nodes and all that hangs on them, with their tests."""
        schema = self._schema("head")
        with other_profile(self._project, schema=schema) as profiles_dir:
            there = replace(self._project, profiles_dir=profiles_dir)
            return self._build(there, schema, ["state:modified+"])

    def base(self, unique_ids: Collection[str]) -> _Side | None:
        """Those of some nodes that were there before, as they were, without tests; None for none of them.

        Raises:
            AidbtError: none of them can be built.
        """
        nodes = [self._sides.base.manifest.find(unique_id) for unique_id in sorted(unique_ids)]
        selection = [_selector(node) for node in nodes if node is not None]
        if not selection:
            return None
        schema = self._schema("base")
        kinds = [word for kind in _BUILT for word in ("--resource-type", kind)]
        with (
            base_project(self._project, self._settings, self._sides.base.commit) as there,
            other_profile(there, schema=schema) as profiles_dir,
        ):
            side = self._build(replace(there, profiles_dir=profiles_dir), schema, selection, *kinds)
        if not side.built:
            failures = [_named(failure, side.manifest)[1] for failure in side.failures]
            raise DbtError(f"the base cannot be built: {next(iter(failures), 'dbt gave no reason')}")
        return side

    def drop(self) -> list[str]:
        """Drop what was made, by dbt's own means, which know every warehouse; what could not be, in words."""
        left = []
        for database, schema in sorted(self.made):
            is_plain = all(_PLAIN_NAME.fullmatch(name or "x") for name in (database, schema))
            text = _DROP.replace("DATABASE", repr(database)).replace("SCHEMA", repr(schema))
            if not is_plain or not self._run(self._project, "compile", "--inline", text).succeeded:
                left.append(f"the schema {schema} could not be dropped; drop it yourself")
        return left

    def _schema(self, side: str) -> str:
        return f"{self._target}_pr_{self._token}_{side}"

    def _build(self, there: Project, schema: str, selection: Sequence[str], *options: str) -> _Side:
        """One side, after it is known where dbt would put it.

        Raises:
            UsageError: some of it would not go into schemas of this run.
            DbtError: dbt cannot read the project.
        """
        path = self._folder / MANIFEST_FILE
        self._require_ran(self._run(there, "parse"))
        placed = list(_relations(read_manifest(path)))
        own = [node for node in placed if self._token in node.schema.casefold()]
        outside = [node for node in placed if self._token not in node.schema.casefold()]
        touched = [node for node in outside if node.unique_id in self._touched]
        _require_own_schemas(touched, schema)
        self.made |= {(node.database, node.schema) for node in own}
        report = self._run(
            there,
            "build",
            "--state",
            str(self._sides.base.folder),
            "--defer",
            *options,
            select=selection,
            exclude=[_selector(node) for node in outside],
        )
        self._require_ran(report)
        by_status = {
            status: frozenset(
                result.unique_id
                for result in report.results
                if result.status == status and result.resource_type in _BUILT
            )
            for status in ("success", "skipped")
        }
        manifest = read_manifest(path)
        return _Side(manifest, by_status["success"], by_status["skipped"], report.failures, tuple(touched))

    def _require_ran(self, report: RunReport) -> None:
        if report.status == "error":
            said = next((failure.message for failure in report.failures), "it gave no reason")
            raise DbtError(f"dbt cannot build it: {without_values(said, ())}")

    def _run(
        self,
        project: Project,
        command: str,
        *options: str,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> RunReport:
        return run_dbt(
            project,
            command,
            select=select,
            exclude=exclude,
            extra_args=["--target-path", str(self._folder), *options],
            runner=self._settings.runner,
            executable=self._settings.executable,
        )


def _require_own_schemas(outside: Sequence[Node], schema: str) -> None:
    """Refuse to build when anything that the change touches would go where it stands already.

    Args:
        outside: what of it has no schema of this run; snapshots, whose place is often fixed, are left out.
    """
    found = [node for node in outside if node.resource_type != "snapshot"]
    if found:
        more = f", as {len(found) - 1} more" if len(found) > 1 else ""
        raise UsageError(
            f"nothing was built: {found[0].name} would go into '{found[0].schema}', not '{schema}'{more}",
            hint="a schema written outright, or the project's own generate_schema_name, leaves the target's"
            " schema out; let both hold target.schema, or compare schemas that are built already with"
            " --base-schema and --head-schema",
        )


def _relations(manifest: Manifest) -> Iterator[Node]:
    """What dbt could build, with a relation."""
    for node in manifest.nodes.values():
        if node.resource_type in _BUILT and node.config.get("materialized") != "ephemeral":
            yield node


def _selector(node: Node) -> str:
    return "fqn:" + ".".join(str(part) for part in node.raw.get("fqn") or (node.name,))


def _named(failure: RunFailure, manifest: Manifest) -> tuple[str, str]:
    node = manifest.find(failure.unique_id)
    name = node.name if node is not None else failure.unique_id or "dbt"
    return name, without_values(failure.message, identifiers_of(manifest))


def _not_built(side: _Side) -> Iterator[str]:
    for node in side.left_out:
        yield f"{node.name} was not built: it always goes into '{node.schema}'"
    names = sorted(unique_id.rpartition(".")[2] for unique_id in side.skipped)
    if names:
        yield f"skipped, since what they read failed: {', '.join(names)}"


# --- comparing --------------------------------------------------------------------------------------------


def _compare(
    sides: BothSides,
    settings: Settings,
    project: Project,
    warehouse: Warehouse,
    base: _Side,
    head: _Side,
    approve: Approve | None,
) -> list[NodeData]:
    relations = {(r.schema.casefold(), r.name.casefold()): r for r in warehouse.relations()}
    pairs = []
    for unique_id in sorted(head.built):
        before = base.manifest.find(unique_id)
        after = head.manifest.find(unique_id)
        if after is None or before is None or after.config.get("materialized") == "ephemeral":
            continue
        one = _found(before, relations) if unique_id in base.built else None
        pairs.append(Pair(unique_id, after.name, one, _found(after, relations)))
    return _compare_pairs(sides, settings, project, warehouse, pairs, approve)


def _found(node: Node, relations: dict[tuple[str, str], Relation]) -> Relation | None:
    return relations.get((node.schema.casefold(), (node.identifier or node.name).casefold()))


def _compare_pairs(
    sides: BothSides,
    settings: Settings,
    project: Project,
    warehouse: Warehouse,
    pairs: Sequence[Pair],
    approve: Approve | None,
) -> list[NodeData]:
    profile = project.profile()
    return compare_pairs(
        warehouse,
        pairs,
        sides.base.lineage,
        sides.head.lineage,
        budget=settings.budget,
        runs_as=runs_as(profile.type, profile.settings),
        approve=approve,
        sample_above_rows=settings.review.sample_above_rows,
        sample_rows=settings.review.sample_rows,
    )
