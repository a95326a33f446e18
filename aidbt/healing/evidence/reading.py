"""Reading a case: what the failed run left, the last good state, the warehouse now, the code's changes."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from aidbt.core.config import environment
from aidbt.core.errors import AidbtError, ArtifactError, ProjectError
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.beside import looked_beside, sources_beside
from aidbt.healing.evidence.case import Case, Reached, Violation
from aidbt.healing.evidence.code_changes import CodeChanges, changes_of_last_commit, changes_since_good
from aidbt.healing.evidence.failed_run import FailedRun, read_failed_run
from aidbt.healing.evidence.good_code import refused_today
from aidbt.healing.evidence.keeping import git_state
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.tables_now import declared_keys, relation_of, tables_now
from aidbt.healing.evidence.test_meaning import TestMeaning, meaning_of
from aidbt.healing.evidence.violations import Violations
from aidbt.healing.held_build import held_at, kept_build
from aidbt.healing.kept_rows import grows
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import Lineage
from aidbt.project import Project
from aidbt.project.manifest import Manifest, Node, manifest_of
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.store import Store
from aidbt.store.good_states import GoodStates
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import estimated_size

_ENV_VAR = re.compile(r"env_var\(\s*['\"](?P<name>\w+)['\"]\s*(?P<default>,)?")
_NO_FILE = re.compile(r"(?:No files found that match the pattern|[Cc]annot open file) \"([^\"]+)\"")
_SKEW = timedelta(minutes=10)  # of clocks that are taken for the same
_MOST_NODES = 150  # whose columns are read, the nearest to what failed: half a second
_NEEDS_ROWS = re.compile(r"convert|cast|invalid input syntax|numeric|overflow|out of range|parse", re.I)


@dataclass(frozen=True, slots=True)
class Readers:
    """What a case is read with.

    Attributes:
        warehouse: opened when it is asked for; None where nothing is to be asked.
        scrub: takes secrets out of what dbt said.
    """

    warehouse: Callable[[], Warehouse] | None = None
    store: Callable[[], Store] | None = None
    scrub: Callable[[str], str] = str
    scan_bytes: int = 100_000_000_000


def read_case(project: Project, artifacts: Path, readers: Readers) -> Case:
    """Everything that can be known of the run that left its artifacts in a folder.

    What cannot be read is a line in `unknown`, never an error.
    """
    unknown: list[str] = []
    states, good = _last_good(project, readers, unknown)
    known_good = (good.invocation_id,) if good is not None else ()
    good_manifest = _good_manifest(good, unknown)
    run = read_failed_run(
        artifacts, project=project.name, known_good=known_good, known=good_manifest, scrub=readers.scrub
    )
    held = _held_at(project)
    if held is not None and run.ended_at is not None and run.ended_at <= held:
        run = replace(run, succeeded=_still_there(run, run.manifest or good_manifest), is_held=True)
    is_older = (
        good is not None
        and run.ended_at is not None
        and run.ended_at < good.taken_at - _SKEW
        and not run.is_green
    )
    if is_older:
        unknown.append("the run is older than the good run it is compared with: what failed may be over")
    code = changes_since_good(project, good.texts, good.commit) if good is not None else CodeChanges()
    if good is None:
        code = changes_of_last_commit(project)
        unknown.append(_no_good_state(project, states))
    case = Case(
        project=project.name,
        root=project.root,
        run=run,
        manifest=run.manifest,
        good=good,
        good_manifest=good_manifest,
        passed_then=_went_well(good, "pass"),
        is_over=is_older and {f.unique_id for f in run.failures} <= _went_well(good, "pass", "success"),
        code=code,
        git=git_state(project.root, good.commit if good is not None else ""),
        files=_missing_files(run),
        packages=_packages(project),
    )
    manifest = case.best_manifest
    case = replace(case, **_settings(project, manifest, unknown))
    tests = _tests(case)
    lineage = _lineage(case, tests)
    case = replace(case, tests=tests, lineage=lineage)
    if readers.warehouse is not None:
        case = _asked(case, readers, states.mask() if states is not None else 0, unknown)
    return replace(case, unknown=tuple(dict.fromkeys([*run.unknown, *unknown])))


def read_behind(case: Case, run: FailedRun, readers: Readers, mask: int) -> Case:
    """What can be known of another run of the same project, made of a mended commit.

    Args:
        case: of the first one.
        mask: what the store combines hashes with.
    """
    unknown: list[str] = []
    case = replace(case, run=run, manifest=run.manifest, files=_missing_files(run))
    case = replace(case, violations=(), tables={}, relations=(), refused={})
    tests = _tests(case)
    case = replace(case, tests=tests)
    case = replace(case, lineage=_lineage(case, tests))
    if readers.warehouse is not None:
        case = _asked(case, readers, mask, unknown)
    return replace(case, unknown=tuple(dict.fromkeys([*case.unknown, *unknown])))


def _last_good(
    project: Project, readers: Readers, unknown: list[str]
) -> tuple[GoodStates | None, GoodState | None]:
    if readers.store is None:
        return None, None
    try:
        target = project.profile().target
    except ProjectError:
        target = ""
    try:
        states = GoodStates(readers.store())
        names = [name for name, _, _ in states.all()]
        # With a profile that cannot be read, the target is the one whose states are newest.
        return states, states.last(target if target in names or not names or target else names[0])
    except AidbtError as error:
        unknown.append(f"what was kept of good runs cannot be read: {error.message}")
        return None, None


def _held_at(project: Project) -> datetime | None:
    try:
        return held_at(kept_build(project.root, project.profile()))
    except AidbtError:
        return None


def _still_there(run: FailedRun, manifest: Manifest | None) -> tuple[str, ...]:
    """What of a run stands, of which all was put back that does not grow."""
    nodes = ((name, manifest.find(name)) for name in run.succeeded) if manifest is not None else ()
    return tuple(name for name, node in nodes if node is not None and grows(node))


def _no_good_state(project: Project, states: GoodStates | None) -> str:
    """That there is nothing to compare with; with the target where others have it."""
    try:
        others = sorted({name for name, _, _ in states.all()}) if states is not None else []
        target = project.profile().target
    except AidbtError:
        others = []
    if not others:
        return "there is no state of a good run to compare with"
    return f"no good run of the target {target} was kept, only of {', '.join(others)}"


def _good_manifest(good: GoodState | None, unknown: list[str]) -> Manifest | None:
    text = good.artifacts.get("manifest.json") if good is not None else None
    if text is None:
        return None
    try:
        return manifest_of(json.loads(text), "the kept manifest")
    except (ValueError, ArtifactError) as error:
        unknown.append(f"the manifest of the last good run cannot be read: {error}")
        return None


def _went_well(good: GoodState | None, *statuses: str) -> frozenset[str]:
    """unique_ids of what ended so at the last good run, as the tests that passed; a warning is no pass."""
    text = good.artifacts.get("run_results.json") if good is not None else None
    try:
        results = json.loads(text).get("results") if text else ()
    except (ValueError, AttributeError):
        return frozenset()
    return frozenset(str(r.get("unique_id")) for r in results or () if r.get("status") in statuses)


def _settings(project: Project, manifest: Manifest | None, unknown: list[str]) -> dict[str, Any]:
    adapter = manifest.metadata.adapter_type if manifest is not None else ""
    try:
        adapter = project.profile().type or adapter
    except ProjectError as error:
        unknown.append(f"the profile cannot be read: {error.message}")
    return {"adapter": adapter, "dialect": sqlglot_dialect(adapter) if adapter else "", "env": _env(project)}


def _env(project: Project) -> dict[str, bool]:
    """Names of the variables without a default that the project's YAML, macros or profile ask for → whether
    they are set; no value is read."""
    env = environment()
    places = [project.root / "dbt_project.yml", project.root / "profiles.yml"]
    places += [folder / "profiles.yml" for folder in (project.profiles_dir, project.root.parent) if folder]
    found: dict[str, bool] = {}
    for path in places:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for match in _ENV_VAR.finditer(text):
            if not match["default"]:
                found[match["name"]] = match["name"] in env
    return found


def _missing_files(run: FailedRun) -> dict[str, bool]:
    """The local files that messages miss → whether they are there now."""
    named = [name for failure in run.failures for name in _NO_FILE.findall(failure.message)]
    return {name: bool(glob.glob(name)) for name in named if "://" not in name}


def _packages(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    """(packages that are asked for, packages that are installed), by the last part of their names."""
    asked: set[str] = set()
    for name in ("packages.yml", "dependencies.yml"):
        try:
            text = (project.root / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        pattern = r"^\s*-?\s*(?:package|git|local|tarball|private):\s*['\"]?([^'\"\s#]+)"
        asked |= {m.rstrip("/").split("/")[-1].removesuffix(".git") for m in re.findall(pattern, text, re.M)}
    folder = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    installed = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return frozenset(asked), frozenset(installed)


# --- tests and lineage --------------------------------------------------------------------------------


def _tests(case: Case) -> dict[str, TestMeaning]:
    found = {}
    for failure in case.run.failures:
        if not failure.unique_id.startswith(("test.", "unit_test.")):
            continue
        for manifest in (case.manifest, case.good_manifest):
            meaning = meaning_of(failure.unique_id, manifest) if manifest is not None else None
            if meaning is not None:
                found[failure.unique_id] = meaning
                break
    return found


def _lineage(case: Case, tests: Mapping[str, TestMeaning]) -> Lineage | None:
    """The columns of what failed and of all above it, as the last good run built them, else as they are."""
    manifest = case.good_manifest or case.manifest
    if manifest is None:
        return None
    roots = dict.fromkeys(f.unique_id for f in case.run.failures if f.unique_id)
    roots |= dict.fromkeys(name for meaning in tests.values() for name in (*meaning.reads, meaning.node))
    above = [[root, *case.ancestors(root)] for root in roots if root]
    wanted = set(islice(_in_turn(above), _MOST_NODES))
    if not wanted:
        return None
    nodes = (manifest.find(name) for name in wanted)
    read = wanted.union(*(node.depends_on for node in nodes if node is not None))
    tables = case.good.tables if case.good is not None else {}
    seen = {name: tables[name].relation for name in read if name in tables}
    return project_lineage(_part(manifest, wanted), seen=seen, project_root=case.root)


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first of each list, then the second of each, and so on, each name once."""
    return iter(dict.fromkeys(name for row in zip_longest(*lists) for name in row if name is not None))


def _part(manifest: Manifest, wanted: set[str]) -> Manifest:
    return replace(
        manifest,
        nodes={name: node for name, node in manifest.nodes.items() if name in wanted},
        sources={name: node for name, node in manifest.sources.items() if name in wanted},
        others={},
    )


# --- the warehouse ------------------------------------------------------------------------------------


def _asked(case: Case, readers: Readers, mask: int, unknown: list[str]) -> Case:
    """The case with what the warehouse says now."""
    assert readers.warehouse is not None
    manifest = case.best_manifest
    nodes = _sources_to_look_at(case, manifest) if manifest is not None else []
    keys = declared_keys(list(manifest.nodes.values())) if manifest is not None else {}
    try:
        warehouse = readers.warehouse()
        good = case.good
        found = tables_now(
            warehouse,
            nodes,
            good,
            mask=mask,
            scan_bytes=readers.scan_bytes,
            keys=_by_source(keys, case),
            known=[*manifest.sources.values(), *manifest.nodes.values()] if manifest is not None else (),
            root=case.root,
        )
    except AidbtError as error:
        unknown.append(f"the warehouse could not be asked: {error.message}")
        return replace(case, reached=Reached(False, error.message, error.hint or ""))
    unknown += found.unknown
    case = replace(
        case, reached=found.reached, relations=found.relations, tables=found.tables, held=found.held
    )
    if not found.reached.is_open or manifest is None:
        return case
    try:
        with warehouse.connect() as connection:
            beside = _beside(case, manifest, nodes, connection, readers, mask, unknown)
            case = replace(case, beside=beside, refused=refused_today(case, connection))
            if case.lineage is None:
                return case
            asker = Violations(
                connection,
                found.relations,
                manifest,
                case.lineage,
                found.tables,
                case.good_manifest,
                case.root,
            )
            violations = tuple(_violations(case, asker))
    except AidbtError as error:
        unknown.append(f"the rows of the sources could not be asked: {error.message}")
        return case
    unknown += asker.unknown
    return replace(case, violations=violations)


def _beside(
    case: Case, manifest: Manifest, looked_at: Sequence[Node], connection: Connection, readers: Readers,
    mask: int, unknown: list[str],
) -> dict[str, TableChange]:  # fmt: skip
    """What became of the other sources of the run, within what the first left of the budget."""
    others = sources_beside(case, manifest, looked_at)
    if case.good is None or not others:
        return {}
    there = [relation_of(node, case.relations) for node in looked_at]
    read = sum(estimated_size(relation) or 0 for relation in there if relation is not None)
    keys = _by_source(declared_keys(list(manifest.nodes.values())), case)
    return looked_beside(
        connection, others, case.relations, case.good,
        mask=mask, scan_bytes=readers.scan_bytes - read, keys=keys, unknown=unknown, root=case.root,
    )  # fmt: skip


def _violations(case: Case, asker: Violations) -> Iterator[Violation]:
    for failure in case.run.failures:
        meaning = case.tests.get(failure.unique_id)
        if meaning is not None and failure.status == "fail":
            yield from asker.of_test(meaning)
        elif failure.unique_id and _NEEDS_ROWS.search(failure.message):
            yield from asker.of_casts(failure)


def _sources_to_look_at(case: Case, manifest: Manifest) -> list[Node]:
    """The sources and seeds above what failed; all of a green run, none of one that got to no node."""
    if case.run.is_green:
        return list(manifest.sources.values())
    roots = [failure.unique_id for failure in case.run.failures if failure.unique_id]
    above = dict.fromkeys(name for root in roots for name in (root, *case.ancestors(root)))
    nodes = (manifest.find(name) for name in above if name.startswith(("source.", "seed.")))
    return [node for node in nodes if node is not None]


def _by_source(keys: Mapping[str, list[str]], case: Case) -> dict[str, list[str]]:
    """unique_id of a source → columns that are declared unique of it, or of the models that read it."""
    manifest = case.best_manifest
    if manifest is None:
        return {}
    found = {name: list(columns) for name, columns in keys.items()}
    for node in manifest.nodes.values():
        for parent in node.depends_on if node.unique_id in keys else ():
            if parent.startswith(("source.", "seed.")):
                found.setdefault(parent, []).extend(keys[node.unique_id])
    return found
