"""The files of drafted semantic models: one each, or beside the model's entry where dbt wants it there."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import PurePosixPath

from aidbt.core.config import LoadedSettings, parse_yaml
from aidbt.core.errors import EditConflict, MissingExtra, WriteError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import FileEdit, Patch, digest, read_or_none
from aidbt.core.schema import TableProfile
from aidbt.generate.compare import Compared, Desired, compare
from aidbt.generate.lock import LOCK_FILE, Lock, Written, decided_digest, lock_text
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.rendering import rendering
from aidbt.generate.semantic_yaml import legacy_document, newer_changes, newer_document
from aidbt.generate.templates import render
from aidbt.patching import edit_yaml_where_possible
from aidbt.patching.yaml_style import Flow, YamlStyle, dump_yaml
from aidbt.patching.yaml_write import plain
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.version import dbt_version
from aidbt.semantic.definitions import SemanticRelation
from aidbt.semantic.drafting.models import Drafted
from aidbt.semantic.layer.manifest import ManifestReading
from aidbt.semantic.layer.yaml_files import LEGACY_SPINE, RelationOf, read_yaml
from aidbt.semantic.metricflow.compiler import validate

TIME_SPINE = LEGACY_SPINE
# The first dbt that reads semantic models beside the columns of their models.
_NEWER_FORM = (1, 12, 0)
_FOLDER, _PREFIX = "semantic_models", "sem_"
# A spine that ends this year would cut off what people plan; no clock may stand in a file.
_YEARS, _FIRST_YEAR = 40, 2000


def own_path(model: str, lock: Lock) -> str:
    """The file that holds our draft of a model and nothing else; "" where none does."""
    name = lock_entry(model)
    return next((path for path, entries in lock.entries.items() if name in entries), "")


def lock_entry(model: str) -> str:
    """What the lock calls the file of a model's draft."""
    return f"semantic {model}"


def spliced_entry(model: str) -> str:
    """What the lock calls a model's draft beside the model's entry in somebody's file."""
    return f"semantic model {model}"


class SemanticFiles:
    """The files of drafts, gathered one after the other."""

    def __init__(
        self,
        project: Project,
        settings: LoadedSettings,
        relation_of: RelationOf,
        lock: Lock,
        base: Callable[[str], str | None],
        texts: Mapping[str, str],
        *,
        restore: bool,
    ) -> None:
        self._project, self._known, self._lock, self._base = project, relation_of, lock, base
        self._restore = restore
        self._texts, self._before = dict(texts), dict(texts)
        self._here = declared(project, generated=())
        self._style: YamlStyle = rendering(project, settings, self._here).yaml
        runs = dbt_version(project, settings.values.dbt)
        self._is_newer = runs is not None and runs >= _NEWER_FORM
        self._folder, self._prefix = semantic_home(project, self._here)
        self._entries = {path: dict(found) for path, found in lock.entries.items()}
        self._new_relations: dict[str, SemanticRelation] = {}
        self.compared: dict[str, Compared] = {}
        self.splices: list[FileEdit] = []
        self.proposals: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.bases: dict[str, str] = {}

    def add_time_spine(self, profiles: Sequence[TableProfile]) -> str:
        """The model with one row per day that metrics over time need, and where it stands."""
        path = f"{self._folder}/{TIME_SPINE}.sql"
        first = _first_year(profiles)
        last = max(first, _FIRST_YEAR) + _YEARS
        sql = render("dbt/time_spine.sql.jinja", first=f"{first}-01-01", last=f"{last}-01-01")
        text = dump_yaml({"models": [_SPINE]}, self._style)
        schema = self._project.profile().schema
        self._new_relations[TIME_SPINE] = SemanticRelation(schema, TIME_SPINE)
        self._compare(TIME_SPINE, Desired(path, sql, decided_digest("time spine")))
        self._compare(TIME_SPINE, Desired(f"{self._folder}/{TIME_SPINE}.yml", text, decided_digest(_SPINE)))
        return path

    def add(self, drafted: Drafted) -> None:
        """The draft of one table: a file of its own, or beside the model's entry where dbt wants it there.

        A draft that has a file stays there, and in the form that goes without the model's entry.
        """
        model = drafted.model.model
        usual = f"{self._folder}/{self._prefix}{model}.yml"
        own = own_path(model, self._lock)
        theirs = [path for path in self._here.properties.get(model, ()) if path != usual]
        if self._is_newer and theirs and not own:
            self._splice(theirs[0], drafted)
            return
        is_newer = self._is_newer and not theirs
        document = newer_document(drafted) if is_newer else legacy_document(drafted)
        decided = decided_digest(drafted, is_newer)
        self._compare(model, Desired(own or usual, dump_yaml(document, self._style), decided))

    def _compare(self, model: str, desired: Desired) -> None:
        name = lock_entry(model)
        known = self._entries.get(desired.path, {}).get(name)
        found = compare(desired, self._project.root, known, self._base, restore=self._restore)
        self.compared[found.path] = found
        if found.lock is not None:
            self._entries.setdefault(found.path, {})[name] = found.lock
            self.bases[digest(desired.text)] = desired.text
        if found.state in ("proposal", "conflict") and found.text is not None:
            self.proposals[found.path] = found.text
        if desired.path.endswith(".yml"):
            self._texts[found.path] = found.text or desired.text

    def _splice(self, path: str, drafted: Drafted) -> None:
        """Extend the model's entry in somebody's property file."""
        model = drafted.model.model
        original, before = self._spliced(path)
        content = parse_yaml(before, path, repeated_keys=True)
        listed = content.get("models") if isinstance(content, dict) else None
        entry = next((item for item in listed or () if item.get("name") == model), None)
        if entry is None:
            raise EditConflict(f"{path} changed while {model} was read", hint="run the command again")
        changes = newer_changes(drafted, entry, content)
        edited = edit_yaml_where_possible(before, changes, path=path, style=None)
        if edited.refused:
            self.proposals[path] = dump_yaml(newer_document(drafted), self._style)
            self.reasons[path] = "; ".join(dict.fromkeys(str(reason) for _, reason in edited.refused))
            return
        written = json.dumps(plain(newer_document(drafted)))
        self._entries.setdefault(path, {})[spliced_entry(model)] = Written(
            digest(written), decided_digest(drafted)
        )
        self._texts[path] = edited.text
        self.splices = [edit for edit in self.splices if edit.path != path]
        self.splices.append(FileEdit(path, digest(original), edited.text, "semantic model", original))

    def _spliced(self, path: str) -> tuple[str, str]:
        """A property file as it was read, and with what was spliced in already.

        It is read here and not with the others, whose tables may have taken long to profile; what a person
        writes into it from now on is a conflict.
        """
        for edit in self.splices:
            if edit.path == path and edit.undo is not None and edit.after is not None:
                return edit.undo, edit.after
        text = read_or_none(self._project.root / path)
        if text is None:
            raise EditConflict(f"{path} was removed meanwhile", hint="run the command again")
        return text, text

    def plan(self) -> GeneratePlan:
        """All of it as one patch, checked as a whole.

        Raises:
            WriteError: what would be written is no valid semantic layer: a fault of ours.
        """
        whole = [found.edit for found in self.compared.values() if found.edit is not None]
        edits = sorted([*whole, *self.splices], key=lambda edit: edit.path)
        findings = self._checked() if edits else ()
        lock = replace(self._lock, entries=self._entries)
        if lock != self._lock:
            text = lock_text(replace(lock, aidbt=version("aidbt")))
            old = read_or_none(self._project.root / LOCK_FILE)
            edits.append(FileEdit(LOCK_FILE, self._lock.digest, text, "what was generated", old))
        return GeneratePlan(
            Patch(tuple(edits), "aidbt semantic draft"),
            {},
            files=self.compared,
            spliced=tuple(edit.path for edit in self.splices),
            proposals=self.proposals,
            reasons=self.reasons,
            findings=findings,
            bases=self.bases,
        )

    def _checked(self) -> tuple[Finding, ...]:
        """The project's semantic layer with the drafts in it, as MetricFlow sees it.

        What was wrong with it before is no reason to write nothing: `aidbt semantic check` says it.
        """
        reading = read_yaml(
            self._texts, relation_of=lambda name: self._new_relations.get(name) or self._known(name)
        )
        findings = _problems(reading)
        if findings:
            before = {found.message for found in _problems(read_yaml(self._before, relation_of=self._known))}
            findings = [finding for finding in findings if finding.message not in before]
        if findings:
            first = findings[0]
            raise WriteError(
                f"the draft would not be valid: {first.where}: {first.message}; nothing was written",
                hint="leave the model out with -s, and please report it with the names of its columns",
            )
        return reading.findings


def _problems(reading: ManifestReading) -> list[Finding]:
    """The errors of a semantic layer; without MetricFlow those of its form only."""
    findings = [*reading.findings]
    with contextlib.suppress(MissingExtra):
        findings += validate(reading.manifest) if not findings else ()
    return [finding for finding in findings if finding.severity is Severity.ERROR]


_SPINE = {
    "name": TIME_SPINE,
    "description": "One row per day; metrics over time are joined to it.",
    "time_spine": Flow({"standard_granularity_column": "date_day"}),
    "columns": [{"name": "date_day", "description": "The day.", "granularity": "day"}],
}


def _first_year(profiles: Iterable[TableProfile]) -> int:
    """The year of the earliest event that the tables hold."""
    starts = (
        column.minimum
        for profile in profiles
        for column in profile.columns
        if column.role == "event_time" and column.minimum
    )
    years = [int(start[:4]) for start in starts if start[:4].isdigit() and int(start[:4]) > 1900]
    return min(years, default=_FIRST_YEAR)


def semantic_home(project: Project, here: Declared) -> tuple[str, str]:
    """The folder that semantic models stand in, and what their files' names begin with: as most do now."""
    paths = [
        PurePosixPath(path)
        for path, text in here.files.items()
        if path.endswith((".yml", ".yaml")) and "semantic_models:" in text
    ]
    if not paths:
        models = project.paths("model")[0].relative_to(project.root).as_posix()
        return f"{models}/{_FOLDER}", _PREFIX
    folder = Counter(path.parent.as_posix() for path in paths).most_common(1)[0][0]
    has_prefix = Counter(path.name.startswith(_PREFIX) for path in paths).most_common(1)[0][0]
    return folder, _PREFIX if has_prefix else ""
