"""`aidbt generate --monitors`: monitors for sources and models that people wrote, in their property files.

Plain `generate` touches no entry of a person; this does, because somebody asked for it. What was proposed
once is remembered in the lock: a test that a person removed since is not proposed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Literal

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import EditConflict, SettingsError
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.schema import MappedColumn, MappedTest, Relation, TableProfile
from aidbt.core.schema import Mapping as Mapped
from aidbt.core.types import type_family
from aidbt.generate.base_models import macro_files
from aidbt.generate.data_tests import by_column
from aidbt.generate.discover import profiled, scan_gate
from aidbt.generate.english_models.kept import kept_names
from aidbt.generate.files import Rendering, test_entry
from aidbt.generate.lock import LOCK_FILE, MONITOR_ENTRY, Written, decided_digest, lock_text, read_lock
from aidbt.generate.monitors.choose import can_be_learned, monitor_tests
from aidbt.generate.monitors.edits import Place, PropertyFiles, Tests, tests_there, title
from aidbt.generate.monitors.positions import Position, positions
from aidbt.generate.rendering import rendering
from aidbt.monitors.collection.targets import Target, find_targets
from aidbt.project import Project
from aidbt.project.declared import declared
from aidbt.project.manifest import Manifest, Node
from aidbt.project.packages import MONITOR_MACROS, has_our_macros
from aidbt.project.selection import select_nodes, upstream_of
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve

State = Literal["proposed", "unchanged", "left_out"]
_VIEWS = ("view", "ephemeral")
_GUESSED = "the loader's column"  # which says when a row was written last, not when it came
_BY_HAND = "docs/monitor_tests.md says how to write them by hand"


@dataclass(frozen=True, slots=True)
class NodeMonitors:
    """What became of one node.

    Attributes:
        node: its name, with its source's.
        why: why it is worth watching; of a node that is left out, why.
        tests: what was proposed now, as people say it: "volume", "mean of amount".
        path: the property file, relative to the project.
        removed: tests that were proposed before and that a person removed, which stay away.
    """

    node: str
    state: State
    why: str
    tests: tuple[str, ...] = ()
    path: str = ""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MonitorPlan:
    """What is proposed; `patch` holds the lock and our macros too, and is empty when nothing changes."""

    patch: Patch
    nodes: tuple[NodeMonitors, ...]

    def in_state(self, *states: State) -> tuple[NodeMonitors, ...]:
        return tuple(node for node in self.nodes if node.state in states)


def run_monitors(
    project: Project,
    settings: LoadedSettings,
    manifest: Manifest,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Sequence[str] = (),
    refresh: bool = False,
    write: bool = True,
    approve: Approve | None = None,
) -> MonitorPlan:
    """Propose monitors where much depends on a node, or on the selected ones, and write them.

    Args:
        select: as `select_nodes`; empty is every source that models read, every table that an exposure
            reads, and every table that many models are built on.
        refresh: whether nodes that have some already are looked at again.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        UnknownName: a selector matches nothing.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        WarehouseError: the warehouse cannot be reached.
        WriteError: what would be written is not what dbt takes, or a file cannot be written.
    """
    planner = _Planner(project, settings, manifest, refresh=refresh, is_named=bool(select))
    wanted = planner.wanted(select)
    with warehouse.connect():
        found = find_targets(
            manifest, wanted.values(), warehouse.relations(), settings.values.monitors, is_selected=True
        )
        relations = {target.unique_id: ("", target.relation) for target in found.targets}
        held = profiled(relations, warehouse, profiles, settings, scan_gate(project, settings, approve))
    for target in found.targets:
        table = held.tables.get(target.unique_id)
        if table is None:
            refused = held.refused[target.unique_id]
            planner.leave_out(wanted[target.unique_id], f"it cannot be read: {refused.message}")
        else:
            planner.add(wanted[target.unique_id], target, table.profile)
    for name in wanted.keys() - relations.keys():
        planner.leave_out(wanted[name], "there is no such table, or this user may not see it")
    plan = planner.plan()
    if write:
        apply_patch(plan.patch, project.root)
    return plan


def _no_monitors(target: Target, profile: TableProfile) -> str:
    """Why a table gets none, with the line that would change it where there is one."""
    times = [c for c in target.relation.columns if type_family(c.data_type) in ("date", "timestamp")]
    if not times:
        return "it has no time that its rows could go by"
    able = [c.name for c in times if can_be_learned(MappedColumn(c.name, (c.name,)), profile)]
    if not able or (target.event_time is not None and target.why != _GUESSED):
        return "there are too few rows to learn from, or too few days of them"
    others = f" (or {', '.join(able[1:3])})" if able[1:] else ""
    return f"nothing says when its rows happened; add `config: {{event_time: {able[0]}}}`{others} to its YAML"


class _Planner:
    def __init__(
        self,
        project: Project,
        settings: LoadedSettings,
        manifest: Manifest,
        *,
        refresh: bool,
        is_named: bool,
    ) -> None:
        self.project = project
        self.manifest = manifest
        self.refresh = refresh
        self.is_named = is_named
        self.nodes: list[NodeMonitors] = []
        self.lock = read_lock(project.root)
        self.entries = {path: dict(found) for path, found in self.lock.entries.items()}
        here = declared(project, generated=(), lenient=True)
        self.options: Rendering = replace(rendering(project, settings, here), monitors=True)
        self.files = PropertyFiles(project.root, self.options)
        self.positions: dict[str, Position] = positions(manifest, project.name)

    # --- which nodes ---------------------------------------------------------------------------------

    def wanted(self, select: Sequence[str]) -> dict[str, Node]:
        """The nodes that are looked at; those that are settled without a look at the warehouse are noted."""
        if select:
            chosen = select_nodes(self.manifest, select, types=("model", "source"))
            chosen = [node for node in chosen if node.package == self.project.name]
        else:
            chosen = [self.manifest.get(name) for name in self.positions]
        found: dict[str, Node] = {}
        above = upstream_of(self.manifest)
        for node in chosen:
            if self._is_settled(node):
                continue
            parents = above.get(node.unique_id, ())
            is_copy = node.resource_type == "model" and len(parents) == 1 and parents[0] in found
            if is_copy and not select and self.positions[node.unique_id].place == "hub":
                continue  # what is odd in it is odd in what it reads
            found[node.unique_id] = node
        return found

    def _is_settled(self, node: Node) -> bool:
        """Whether nothing is to be decided of a node; if a person may wonder why, it is noted."""
        if self._is_ours(node):
            return True  # its monitors are decisions of its mapping
        if node.raw.get("version") is not None:
            self.leave_out(node, f"it has versions; {_BY_HAND}")
            return True
        if node.config.get("materialized") in _VIEWS and not self.is_named:
            self.leave_out(
                node, "it is a view, whose query each test would run again; -s names it all the same"
            )
            return True
        place = self.files.place(node)
        there = {name for _, name in tests_there(place.entry) if name.startswith("aidbt_")}
        if (self._known(node) or (there and not self.is_named)) and not self.refresh:
            removed = self._removed(node, place)
            self.nodes.append(NodeMonitors(title(node), "unchanged", self._why(node), removed=removed))
            return True
        return node.resource_type == "source" and not self.is_named and self._is_watched_below(node)

    def _is_ours(self, node: Node) -> bool:
        if node.resource_type == "source":
            return False
        return node.path in self.lock.files and node.name not in kept_names(self.project.root)

    def _is_watched_below(self, source: Node) -> bool:
        """Whether a model that reads the source has monitors: what is odd in the one is odd in the other."""
        readers = (n for n in self.manifest.of_type("model") if source.unique_id in n.depends_on)
        ids = {reader.unique_id for reader in readers}
        tests = self.manifest.of_type("test")
        return any(
            str((test.raw.get("test_metadata") or {}).get("name") or "") == "aidbt_volume"
            and ids.intersection(test.depends_on)
            for test in tests
        )

    # --- what becomes of one -------------------------------------------------------------------------

    def add(self, node: Node, target: Target, profile: TableProfile) -> None:
        """Decide on the monitors of a node, and put them into its property file."""
        wanted = self._tests(node, target, profile)
        if not wanted:
            self.leave_out(node, _no_monitors(target, profile))
            return
        place = self.files.place(node)
        there, known = tests_there(place.entry), self._known(node)
        new = [
            test
            for test in wanted
            if _key(node, test) not in known and (_column(test).casefold(), f"aidbt_{test.test}") not in there
        ]
        removed = self._removed(node, place)
        if not new:
            self.nodes.append(NodeMonitors(title(node), "unchanged", self._why(node), removed=removed))
            return
        try:
            path = self.files.put(node, place, self._rendered(new))
        except (EditConflict, SettingsError) as error:
            self.leave_out(node, f"{error.message}; {_BY_HAND}")
            return
        for test in new:
            self.entries.setdefault(path, {})[_key(node, test)] = Written(digest(test.event_time))
        names = tuple(_said(test) for test in new)
        self.nodes.append(NodeMonitors(title(node), "proposed", self._why(node), names, path, removed))

    def leave_out(self, node: Node, why: str) -> None:
        self.nodes.append(NodeMonitors(title(node), "left_out", why))

    def _tests(self, node: Node, target: Target, profile: TableProfile) -> list[MappedTest]:
        """Few: an entry of data its rows and age, what is built on others no age, for theirs is watched."""
        relation = target.relation
        mapped = Mapped(
            source="",
            table=node.name,
            columns=tuple(MappedColumn(c.name, (c.name,), source_type=c.data_type) for c in relation.columns),
            tests=tuple(_column_tests(self.manifest, node, relation)),
        )
        time = None
        if target.event_time is not None and target.why != _GUESSED:
            time = next(c for c in mapped.columns if c.target == target.event_time.name)
        found = monitor_tests(mapped, profile, time=time)
        position = self.positions.get(node.unique_id)
        if node.resource_type == "source":
            kinds = ("volume",) if _has_freshness(node) else ("volume", "freshness")
            return [test for test in found if test.test in kinds]
        return [test for test in found if position is None or test.test != "freshness"]

    def _rendered(self, tests: Sequence[MappedTest]) -> Tests:
        return {
            column: [test_entry(test, self.options) for test in some]
            for column, some in by_column(tests).items()
        }

    def _why(self, node: Node) -> str:
        position = self.positions.get(node.unique_id)
        if position is None:
            return "selected"
        if position.exposures:
            return f"read by {', '.join(position.exposures[:2])}{' …' if position.exposures[2:] else ''}"
        models = "1 model" if position.below == 1 else f"{position.below} models"
        return f"{models} below it"

    # --- the lock ------------------------------------------------------------------------------------

    def _known(self, node: Node) -> set[str]:
        """The tests of a node that were proposed before, as they stand in the lock."""
        prefix = f"{MONITOR_ENTRY}{node.unique_id}|"
        return {name for found in self.lock.entries.values() for name in found if name.startswith(prefix)}

    def _removed(self, node: Node, place: Place) -> tuple[str, ...]:
        there = tests_there(place.entry)
        found = []
        for key in sorted(self._known(node)):
            _, column, test = key.rsplit("|", 2)
            if (column.casefold(), f"aidbt_{test}") not in there:
                found.append(f"{test} of {column}" if column else test)
        return tuple(found)

    def plan(self) -> MonitorPlan:
        """What is to be written, and what became of each node."""
        edits = self.files.edits()
        files = dict(self.lock.files)
        if edits:
            edits += self._macros(files)
        lock = replace(self.lock, files=files, entries=self.entries)
        if lock != self.lock:
            text = lock_text(replace(lock, aidbt=version("aidbt")))
            old = read_or_none(self.project.root / LOCK_FILE)
            edits.append(FileEdit(LOCK_FILE, self.lock.digest, text, "what was generated", old))
        return MonitorPlan(Patch(tuple(edits), "aidbt generate --monitors"), tuple(self.nodes))

    def _macros(self, files: dict[str, Written]) -> Iterator[FileEdit]:
        """Our macros, which the tests are calls of, where the project has not got them."""
        if has_our_macros(self.project, MONITOR_MACROS):
            return
        folder = self.project.paths("macro")[0].relative_to(self.project.root).as_posix()
        stem = MONITOR_MACROS.removesuffix(".sql")
        for path, text in macro_files(folder).items():
            if PurePosixPath(path).stem == stem:
                old = read_or_none(self.project.root / path)
                files[path] = Written(digest(text), decided_digest(path))
                yield FileEdit(path, None if old is None else digest(old), text, "macros", old)


def _column(test: MappedTest) -> str:
    return "" if test.is_of_table else test.column


def _said(test: MappedTest) -> str:
    name = test.test.replace("_", " ")
    return name if test.is_of_table else f"{name} of {test.column}"


def _key(node: Node, test: MappedTest) -> str:
    return f"{MONITOR_ENTRY}{node.unique_id}|{_column(test)}|{test.test}"


def _has_freshness(source: Node) -> bool:
    """Whether dbt itself looks at the source's age (`dbt source freshness`)."""
    declared_there = source.raw.get("freshness") or source.config.get("freshness") or {}
    return any((declared_there.get(key) or {}).get("count") for key in ("warn_after", "error_after"))


def _column_tests(manifest: Manifest, node: Node, relation: Relation) -> Iterable[MappedTest]:
    """The tests of its columns that say whether nulls are fine, columns as the warehouse spells them."""
    spelled = {column.name.casefold(): column.name for column in relation.columns}
    for test in manifest.of_type("test"):
        name = str((test.raw.get("test_metadata") or {}).get("name") or "")
        column = spelled.get(str(test.raw.get("column_name") or "").strip('"`').casefold())
        tested = test.raw.get("attached_node") or next(iter(test.depends_on), "")
        if column and name in ("not_null", "relationships") and tested == node.unique_id:
            yield MappedTest(column, name)
