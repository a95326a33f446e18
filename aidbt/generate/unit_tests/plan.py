"""`aidbt generate --unit-tests`: which models get unit tests, and the property files that these go into.

What was drafted before stays as it is: a unit test is meant to fail when its model changes, so a model that
changed since keeps the tests of what it was, until somebody asks for new ones (`--refresh`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any, Literal

from aidbt.core.config import LoadedSettings, parse_yaml
from aidbt.core.errors import EditConflict, UnknownName, WriteError
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.lock import LOCK_FILE, Lock, Written, decided_digest, lock_text, read_lock
from aidbt.generate.rendering import rendering
from aidbt.generate.unit_tests.digits import Ask, in_its_digits
from aidbt.generate.unit_tests.drafts import Drafted, draft
from aidbt.generate.unit_tests.entries import as_written, subject_title, unit_tests
from aidbt.generate.unit_tests.reading import subjects_of
from aidbt.generate.unit_tests.subject import Refusal, Subject
from aidbt.lineage.project import ReadProject
from aidbt.patching import AddItem, Change, SetKey, YamlStyle, dump_yaml, edit_yaml
from aidbt.project import Project
from aidbt.project.declared import declared
from aidbt.project.manifest import Manifest, Node

State = Literal["drafted", "unchanged", "older", "nothing", "refused"]
_ENTRY = "unit_test "
_CHANGING = ("description", "versions", "overrides", "given", "expect")


@dataclass(frozen=True, slots=True)
class ModelTests:
    """What became of one model.

    Attributes:
        state: "older" has tests of what the model was before it changed; "nothing" shows no fault at all.
        path: the property file, relative to the project; "" where nothing is written.
        names: of the tests that are there now.
        kept: those that a person edited or removed, which stay so.
        left: those that were drafted before and are no longer needed, for a person to remove.
        mutants, killed: how many faults were tried, and how many of them the tests show.
        survivors: the others, in words.
        why, hint: of a refusal.
    """

    model: str
    state: State
    path: str = ""
    names: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    mutants: int = 0
    killed: int = 0
    survivors: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    why: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class UnitTestPlan:
    """What drafting does, or would do; `patch` holds the lock too and is empty when nothing changes."""

    patch: Patch
    models: tuple[ModelTests, ...]

    def in_state(self, *states: State) -> tuple[ModelTests, ...]:
        return tuple(model for model in self.models if model.state in states)


def run_unit_tests(
    project: Project,
    settings: LoadedSettings,
    read: ReadProject,
    *,
    select: Iterable[str] = (),
    refresh: bool = False,
    write: bool = True,
    on_model: Callable[[str], None] = lambda name: None,
    ask: Ask | None = None,
) -> UnitTestPlan:
    """Draft unit tests for models, and write them unless told otherwise.

    Args:
        read: the project, compiled, with the columns that its relations have.
        select: names or paths of models, with `*`; empty is every model that people wrote.
        refresh: whether tests that were drafted before, and nobody edited, are drafted anew.
        on_model: called before each model that takes its time.
        ask: the rows of a query on the warehouse, for the digits of numbers; None leaves them DuckDB's.

    Raises:
        UnknownName: a selector matches nothing.
        EditConflict: a property file cannot be added to.
        WriteError: what would be written is not what dbt takes, or a file cannot be written.
    """
    planner = _Planner(project, settings, read, refresh=refresh, on_model=on_model, ask=ask)
    plan = planner.plan(tuple(select))
    if write:
        apply_patch(plan.patch, project.root)
    return plan


def chosen_models(manifest: Manifest, package: str, select: Sequence[str], lock: Lock) -> list[Node]:
    """The models of the project that are meant: by default those that people wrote.

    Raises:
        UnknownName: a selector matches nothing.
    """
    own = [node for node in manifest.of_type("model") if node.package == package]
    if not select:
        return [node for node in own if node.path not in lock.files]
    found: dict[str, Node] = {}
    for pattern in select:
        matched = [node for node in own if _matches(node, pattern)]
        if not matched:
            raise UnknownName("model", pattern, [node.name for node in own])
        found.update((node.unique_id, node) for node in matched)
    return [node for node in own if node.unique_id in found]


def _matches(node: Node, pattern: str) -> bool:
    bare = pattern.removeprefix("path:").removesuffix("/")
    titled = f"{node.name}.v{node.raw.get('version')}"
    names = (node.name, titled, node.path, PurePosixPath(node.path).stem)
    return any(fnmatchcase(name, bare) for name in names) or node.path.startswith(f"{bare}/")


@dataclass(slots=True)
class _File:
    """A property file with what is to be changed in it."""

    text: str | None
    changes: list[Change] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)

    def tests(self, path: str) -> list[Any] | None:
        """What stands under `unit_tests:`; None where nothing does.

        Raises:
            EditConflict: that is no list.
        """
        value = parse_yaml(self.text, path, repeated_keys=True) if self.text else None
        listed = value.get("unit_tests") if isinstance(value, dict) else None
        if listed is not None and not isinstance(listed, list):
            raise EditConflict(f"{path}: what stands under 'unit_tests:' is no list", hint="make it one")
        return listed


class _Planner:
    def __init__(
        self,
        project: Project,
        settings: LoadedSettings,
        read: ReadProject,
        *,
        refresh: bool,
        on_model: Callable[[str], None],
        ask: Ask | None,
    ) -> None:
        self.project = project
        self.read = read
        self.refresh = refresh
        self.on_model = on_model
        self.ask = ask
        self.lock = read_lock(project.root)
        self.entries = {path: dict(found) for path, found in self.lock.entries.items()}
        self.files: dict[str, _File] = {}
        here = declared(project, generated=(), lenient=True)
        self.options = rendering(project, settings, here)

    def plan(self, select: tuple[str, ...]) -> UnitTestPlan:
        nodes = chosen_models(self.read.manifest, self.project.name, select, self.lock)
        models = tuple(self._model(node) for node in nodes)
        edits = [edit for path in sorted(self.files) if (edit := self._edit(path)) is not None]
        lock = replace(self.lock, entries=self.entries)
        if lock != self.lock:
            text = lock_text(replace(lock, aidbt=version("aidbt")))
            old = read_or_none(self.project.root / LOCK_FILE)
            edits.append(FileEdit(LOCK_FILE, self.lock.digest, text, "what was generated", old))
        return UnitTestPlan(Patch(tuple(edits), "aidbt generate --unit-tests"), models)

    def _model(self, node: Node) -> ModelTests:
        subjects = subjects_of(node, self.read.manifest, self.read.lineage)
        if isinstance(subjects, Refusal):
            return ModelTests(node.name, "refused", why=subjects.why, hint=subjects.hint)
        title = subject_title(replace(subjects[0], variant=""))
        decided = decided_digest([subject.digest for subject in subjects])
        known = self._known(title)
        if known and not self.refresh:
            is_same = all(written.decided == decided for written in known.values())
            return ModelTests(title, "unchanged" if is_same else "older", names=tuple(known))
        self.on_model(title)
        drafted = _drafted(subjects)
        if isinstance(drafted, Refusal):
            return ModelTests(title, "refused", why=drafted.why, hint=drafted.hint)
        dialect = self.read.lineage.dialect
        if self.ask is not None and dialect != "duckdb":
            drafted = [in_its_digits(item, dialect, self.ask) for item in drafted]
        return self._written(node, title, drafted, known, decided)

    def _known(self, title: str) -> dict[str, Written]:
        """The tests that were drafted for a model, by name."""
        prefix = f"{_ENTRY}{title}."
        return {
            name.removeprefix(prefix): written
            for found in self.lock.entries.values()
            for name, written in found.items()
            if name.startswith(prefix)
        }

    def _written(
        self,
        node: Node,
        title: str,
        drafted: Sequence[Drafted],
        known: dict[str, Written],
        decided: str,
    ) -> ModelTests:
        path = self._path(node, title)
        file = self.files.setdefault(path, _File(read_or_none(self.project.root / path)))
        listed = file.tests(path) or ()
        there = {str(item.get("name")): item for item in listed if isinstance(item, dict)}
        taken = self._names_of_others(node, known)
        names: list[str] = []
        kept: list[str] = []
        for entry in unit_tests(drafted, self.read.lineage.dialect, taken=taken):
            name = entry["name"]
            if self._put(file, entry, there.get(name), known.get(name)):
                names.append(name)
                text = digest(json.dumps(as_written(entry)))
                self.entries.setdefault(path, {})[f"{_ENTRY}{title}.{name}"] = Written(text, decided)
            else:
                kept.append(name)
        left = [name for name in known if name in there and name not in (*names, *kept)]
        self._settle(title, known, names, kept, decided)
        survivors = [mutant.words for item in drafted for mutant in item.survivors]
        return ModelTests(
            title,
            "drafted" if names or kept else "nothing",
            path if names else "",
            tuple(names),
            tuple(kept),
            tuple(left),
            sum(len(item.mutants) for item in drafted),
            sum(len(item.killed) for item in drafted),
            tuple(survivors),
            tuple(dict.fromkeys(name for item in drafted for name in item.left_out)),
        )

    def _settle(
        self, title: str, known: dict[str, Written], names: list[str], kept: list[str], decided: str
    ) -> None:
        """Note in the lock that earlier tests were looked at now; those that are left become a person's."""
        for name in known:
            key = f"{_ENTRY}{title}.{name}"
            for found in self.entries.values():
                if key in found and name in kept:
                    found[key] = Written(found[key].text, decided)
                elif key in found and name not in names:
                    del found[key]

    def _put(
        self, file: _File, entry: dict[str, Any], there: dict[str, Any] | None, known: Written | None
    ) -> bool:
        """Note that a test is written; False where a person edited or removed it."""
        if there is None:
            if known is not None:
                return False
            file.added.append(entry)
            return True
        if known is None or digest(json.dumps(there)) != known.text:
            return False
        at = ("unit_tests", {"name": entry["name"], "model": entry["model"]})
        plain = as_written(entry)
        file.changes += [
            SetKey(
                at, key, entry[key], after=("name", "description", "model", "versions", "overrides", "given")
            )
            for key in _CHANGING
            if key in entry and plain[key] != there.get(key)
        ]
        return True

    def _names_of_others(self, node: Node, known: Collection[str]) -> frozenset[str]:
        """The names of the model's unit tests that people wrote."""
        tests = self.read.manifest.of_type("unit_test")
        return frozenset(
            test.name for test in tests if test.raw.get("model") == node.name and test.name not in known
        )

    def _path(self, node: Node, title: str) -> str:
        """Where the model's unit tests stand: beside its properties, in a file that is not all ours."""
        at = next((p for p, found in self.lock.entries.items() if _has(found, title)), "")
        if at:
            return at
        patch = str(node.raw.get("patch_path") or "").partition("://")[2].replace("\\", "/")
        folder = PurePosixPath(node.path).parent
        wanted = patch or (folder / f"{node.name}.yml").as_posix()
        return (folder / f"{node.name}__unit_tests.yml").as_posix() if wanted in self.lock.files else wanted

    def _edit(self, path: str) -> FileEdit | None:
        file = self.files[path]
        if not (file.added or file.changes):
            return None
        style = self.options.yaml
        after = _new_text(file.added, style, self.options.properties.version)
        self._check(after)
        if file.text is not None:
            changes = [*file.changes, *_added(file, path)]
            after = edit_yaml(file.text, changes, path=path, style=style)
        before = None if file.text is None else digest(file.text)
        return FileEdit(path, before, after, "unit tests", file.text)

    def _check(self, text: str) -> None:
        problem = check_dbt_yaml(text)
        if problem:
            raise WriteError(f"the unit tests would not be what dbt takes: {problem}", hint="report this")


def _has(entries: dict[str, Written], title: str) -> bool:
    return any(name.startswith(f"{_ENTRY}{title}.") for name in entries)


def _drafted(subjects: Sequence[Subject]) -> list[Drafted] | Refusal:
    found = []
    for subject in subjects:
        item = draft(subject)
        if isinstance(item, Refusal):
            return item
        found.append(item)
    return found


def _added(file: _File, path: str) -> list[Change]:
    if not file.added:
        return []
    if file.tests(path) is not None:
        return [AddItem(("unit_tests",), entry) for entry in file.added]
    return [SetKey((), "unit_tests", file.added)]


def _new_text(entries: list[dict[str, Any]], style: YamlStyle, has_version: bool) -> str:
    head: dict[str, Any] = {"version": 2} if has_version else {}
    return dump_yaml({**head, "unit_tests": entries}, style)
