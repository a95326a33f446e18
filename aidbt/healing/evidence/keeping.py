"""Keeping what there was when a run went well. It only reads, and it never fails a run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.errors import AidbtError, ArtifactError, StoreError, WarehouseError
from aidbt.core.healing import Diagnosis
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.evidence.case import GitState
from aidbt.healing.evidence.code_changes import project_texts
from aidbt.healing.evidence.outside import under_its_name
from aidbt.healing.evidence.tables_now import declared_keys, relation_at
from aidbt.project import Project
from aidbt.project.artifacts import RunResults, read_run_results
from aidbt.project.dbt_report import FAILING
from aidbt.project.manifest import Manifest, Node, read_manifest
from aidbt.store import Store
from aidbt.store.good_states import GoodStates
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import estimated_size
from aidbt.warehouse.table_states import engine_of, known_columns, measured_table

_LARGEST_ARTIFACT = 60_000_000
_BUILT = ("model", "seed", "snapshot")
# Commands that build or test something; compile and docs leave results too.
_BUILDING = frozenset(("build", "run", "seed", "snapshot", "retry", "test"))


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of keeping a state.

    Attributes:
        state: None where nothing was kept; `why` says the reason.
        unknown: what could not be read, in sentences.
        doubted: what is wrong with sources although the run is green; of those, and of what is made of
            them, the state before was kept.
        looked: unique_ids of the sources and tables that were looked at.
    """

    state: GoodState | None
    why: str = ""
    unknown: tuple[str, ...] = ()
    doubted: tuple[Diagnosis, ...] = ()
    looked: frozenset[str] = frozenset()


# (the state before, the state now, the manifest) → what is wrong with sources although all is green.
Judge = Callable[[GoodState, GoodState, Manifest], Sequence[Diagnosis]]


def keep_good_state(
    project: Project,
    warehouse: Warehouse,
    store: Store,
    *,
    artifacts: Path | None = None,
    scan_bytes: int,
    only_run: str = "",
    judge: Judge | None = None,
    now: datetime | None = None,
) -> Kept:
    """Keep the state after a run that went well; never raises what a warehouse, store or artifact may raise.

    Args:
        artifacts: the folder of run_results.json and manifest.json; the project's own target by default.
        scan_bytes: what may be read of all tables together; of the rest the columns are kept.
        only_run: the invocation id that the results must have; "" takes them as they are.
        judge: says what is wrong with sources; their tables stay as they were when they were right.
    """
    folder = artifacts or project.target_path
    try:
        results, manifest = _good_run(folder, project.name, only_run)
        args = results.raw.get("args") or {}
        ran = {r.unique_id for r in results.results if r.status != "skipped"}
        target = project.profile().target
        states = GoodStates(store)
        before = states.last(target)
        unknown: list[str] = []
        engine, relations, tables = measure_all(
            warehouse, manifest, _nodes(manifest, ran), mask=states.mask(), scan_bytes=scan_bytes,
            unknown=unknown, root=project.root,
        )  # fmt: skip
        git = git_state(project.root)
        state = GoodState(
            target=target,
            taken_at=now or datetime.now(UTC),
            invocation_id=results.metadata.invocation_id,
            command=str(args.get("invocation_command") or args.get("which") or ""),
            commit=git.commit,
            is_clean=git.is_clean,
            engine=engine,
            relations=relations,
            tables={**_kept_before(before, manifest, engine), **tables},
            texts=project_texts(project),
            artifacts=_artifacts(folder),
        )
        doubted = tuple(judge(before, state, manifest)) if judge is not None and before is not None else ()
        if before is not None:
            wrong = _with_below({cause.root for cause in doubted}, manifest)
            then = {name: table for name, table in before.tables.items() if name in wrong}
            state = replace(state, tables={**state.tables, **then})
        return Kept(states.put(state), unknown=tuple(unknown), doubted=doubted, looked=frozenset(tables))
    except StoreError as error:
        return Kept(None, f"it could not be kept: {error.message}")
    except AidbtError as error:
        return Kept(None, error.message)


def _good_run(folder: Path, project: str, only_run: str) -> tuple[RunResults, Manifest]:
    """The artifacts of a run that went well and built something.

    Raises:
        ArtifactError: they cannot be read, or are of no such run.
    """
    results = read_run_results(folder / "run_results.json")
    manifest = read_manifest(folder / "manifest.json")
    which = str((results.raw.get("args") or {}).get("which") or "build")
    named = str(manifest.metadata.raw.get("project_name") or project)
    if named != project:
        raise ArtifactError(f"the artifacts are of another project ({named})")
    if only_run and results.metadata.invocation_id != only_run:
        raise ArtifactError("the results that lie there are of another run")
    if which not in _BUILDING:
        raise ArtifactError(f"dbt {which} builds nothing")
    if any(result.status in FAILING for result in results.results):
        raise ArtifactError("the run did not go well")
    if all(result.status == "skipped" for result in results.results):
        raise ArtifactError("the run did nothing")
    return results, manifest


def _with_below(roots: Collection[str], manifest: Manifest) -> set[str]:
    """Nodes and all that is made of them."""
    children: dict[str, list[str]] = {}
    for node in manifest.nodes.values():
        for parent in node.depends_on:
            children.setdefault(parent, []).append(node.unique_id)
    found, waiting = set(roots), list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _nodes(manifest: Manifest, ran: Collection[str]) -> list[Node]:
    """What a run speaks for: the tables it built, and the sources that those, or the tests that it ran, read.

    Sources come first, so that the budget ends at tables that can be built again.
    """
    read = {parent for name in ran if (node := manifest.find(name)) for parent in node.depends_on}
    sources = [node for name, node in manifest.sources.items() if name in read]
    return [*sources, *(n for n in manifest.nodes.values() if n.unique_id in ran and _is_table(n))]


def _kept_before(before: GoodState | None, manifest: Manifest, engine: str) -> dict[str, TableState]:
    """What an earlier run said of the tables that this one, of a part of the project, did not touch."""
    if before is None or before.engine != engine:
        return {}
    return {name: table for name, table in before.tables.items() if manifest.find(name) is not None}


def measure_all(
    warehouse: Warehouse,
    manifest: Manifest,
    nodes: Sequence[Node],
    *,
    mask: int,
    scan_bytes: int,
    unknown: list[str],
    root: Path | None = None,
) -> tuple[str, tuple[Relation, ...], dict[str, TableState]]:
    """(what made the hashes, every relation there is, unique_id → its table) of some sources and nodes.

    Raises:
        WarehouseError: the warehouse cannot be asked at all.
    """
    relations = tuple(warehouse.relations())
    keys = declared_keys([node for node in manifest.nodes.values() if node.resource_type == "test"])
    found: dict[str, TableState] = {}
    with warehouse.connect() as connection:
        engine = engine_of(connection)
        left = scan_bytes
        for node in nodes:
            relation = relation_at(connection, node, relations, most_bytes=left, unknown=unknown, root=root)
            if relation is None:
                continue
            size = estimated_size(relation) or 0
            if size > left:
                unknown.append(f"{relation} was not measured: over budget.scan_bytes")
                found[node.unique_id] = known_columns(relation)
                continue
            left -= size
            state = _measured(connection, relation, _keys_of(node, manifest, keys), mask, unknown)
            found[node.unique_id] = under_its_name(state, node)
    return engine, relations, found


def _measured(
    connection: Connection, relation: Relation, keys: Sequence[str], mask: int, unknown: list[str]
) -> TableState:
    try:
        return measured_table(connection, relation, keys=keys, mask=mask)
    except WarehouseError as error:
        unknown.append(f"{relation} was not measured: {error.message}")
        return known_columns(relation)


def _is_table(node: Node) -> bool:
    """Whether it is built as a table of its own; what a view says follows from what it reads."""
    if node.resource_type not in _BUILT:
        return False
    return node.resource_type != "model" or node.config.get("materialized") not in ("view", "ephemeral")


def _keys_of(node: Node, manifest: Manifest, keys: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns declared unique of a node, else of the models that read it directly, by the same name."""
    own = list(keys.get(node.unique_id, ()))
    readers = (n for n in manifest.nodes.values() if node.unique_id in n.depends_on)
    return own + [name for reader in readers for name in keys.get(reader.unique_id, ())]


def _artifacts(folder: Path) -> dict[str, str]:
    found = {}
    for name in ("manifest.json", "run_results.json"):
        path = folder / name
        try:
            if path.stat().st_size <= _LARGEST_ARTIFACT:
                found[name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return found


_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def git_state(root: Path, since: str = "") -> GitState:
    """Where git stands around a folder; an empty one without git or without a commit.

    Args:
        since: a commit; the subjects of those after it are told.
    """
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if not commit:
        return GitState()
    status = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    branch = _git(root, "symbolic-ref", "--quiet", "--short", "HEAD") or ""
    told = _git(root, "log", "--format=%h %s", "-n", "20", f"{since}..HEAD") if since else ""
    return GitState(commit, branch, status == "", tuple((told or "").splitlines()))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-c", "protocol.allow=never", *arguments],
            cwd=root,
            capture_output=True,
            env={**environment(), **_QUIET},
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
