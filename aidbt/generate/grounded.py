"""A project made ready for questions: its tables profiled, its documentation and semantic layer read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import AidbtError, ArtifactError, DbtError, WarehouseError
from aidbt.core.loads import BATCH_ID, OPERATION
from aidbt.core.schema import Relation, TableProfile
from aidbt.generate.discover import profiled, scan_gate
from aidbt.generate.english_models.kept import kept_names
from aidbt.generate.english_models.parents import not_built, of_models, readable
from aidbt.project import Project
from aidbt.project.compiled import compiled_project
from aidbt.project.manifest import Manifest
from aidbt.project.profile import Profile
from aidbt.project.unreadable import PREFIX
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.reading import read
from aidbt.semantic.grounding import Grounding, project_grounding
from aidbt.semantic.layer.parsed_layer import layer_beside
from aidbt.semantic.layer.project_layer import parse_error
from aidbt.semantic.query import Clock
from aidbt.semantic.question_text import checked_question
from aidbt.semantic.tables.documentation import documentation_of
from aidbt.store import Cache
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import Approve, runs_as
from aidbt.warehouse.duckdb import DuckDBWarehouse

# Tables of ours that say how others were loaded.
_OUR_OWN = "_aidbt_"
_MOST_NAMED = 5
# Settings of a target on DuckDB that let views read what is not in its file.
_READS_OUTSIDE = frozenset({"attach", "plugins", "external_root", "filesystems", "secrets"})
# Found by the contents of the tables, so that time makes none of it untrue.
_KEPT_AS, _ENTITY = "reading", "grounding"


@dataclass(frozen=True)
class Grounded:
    """What questions about a project are answered with.

    Models that `aidbt model` wrote are made of the other tables: their numbers are added up already, and
    adding them up again would be wrong. They are asked about only where a question is about them.

    Attributes:
        relations: those that can be asked about, by the name that they have in the graph.
        profiles: of the same.
        manifest: None where dbt could not parse the project.
        notes: what was left out, and why.
        not_built: models that the project has and the warehouse does not show.
        derived: the names of the models from English that are left out so far.
        widen: the same with these models.
    """

    grounding: Grounding
    relations: dict[str, Relation]
    profiles: dict[str, TableProfile]
    manifest: Manifest | None
    notes: tuple[str, ...] = ()
    not_built: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    widen: Callable[[], Grounded] | None = None

    @property
    def notes_of_refusal(self) -> tuple[str, ...]:
        """What may be why a question is not understood."""
        if not self.not_built:
            return self.notes
        first, more = ", ".join(self.not_built[:_MOST_NAMED]), len(self.not_built) - _MOST_NAMED
        named = f"{first} and {more:,} more" if more > 0 else first
        return (*self.notes, f"not in the warehouse, or not yours to read: {named}; try 'aidbt build'")

    def about(self, question: str, clock: Clock, *, instructions: str = "") -> Grounded:
        """What one question is answered with: with the models from English where it names one, or has words
        that nothing else gives a meaning.

        Raises:
            UsageError: it is no question.
        """
        asked = checked_question(question)
        if any(_names(asked, name) for name in self.derived):
            return self.widened()
        if self.widen is None:
            return self
        try:
            read(asked, self.grounding.graph, self.grounding.lexicon, clock, instructions=instructions)
        except Refused as refused:
            return self.widened() if refused.spans else self
        except AidbtError:  # whoever asks is told when the question is answered
            return self
        return self

    def widened(self) -> Grounded:
        """The same with the models from English."""
        return self.widen() if self.widen is not None else self


def _names(question: str, model: str) -> bool:
    """Whether a question is about a model: `orders_by_country`, or "from orders by country".

    The words alone are no name: "orders by country" asks for what the model was made of.
    """
    words = r"[\s_]+".join(map(re.escape, model.split("_")))
    name = re.escape(model) if "_" in model else r"(?!)"
    return bool(re.search(rf"\b(?:{name}|(?:from|in|using) (?:the )?{words})\b", question, re.IGNORECASE))


def ground(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    without: str = "",
    cache: Cache | None = None,
    approve: Approve | None = None,
) -> Grounded:
    """The tables of a project that questions can be about, with what names and values mean in them.

    Only tables that changed since they were profiled are scanned.

    Args:
        without: the name of a model: its own table, and what is made of it, cannot be asked about.
        cache: keeps what columns have in common, as long as no table changes.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        WarehouseError: the warehouse cannot be reached, or has no table to ask about.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
    """
    everything = warehouse.relations()
    if not everything:
        raise _nothing_to_ask_about(everything)
    manifest, semantic, notes = _described(project, settings)
    absent = tuple(not_built(everything, manifest)) if manifest is not None else ()
    if without and manifest is not None:
        everything = readable(everything, manifest, without)
    made = of_models(everything, manifest, kept_names(project.root)) if manifest is not None else []
    plain = [relation for relation in everything if relation not in made]

    parts = _Parts(
        project, settings, warehouse, profiles, cache, approve, manifest, semantic, tuple(notes), absent
    )
    if not made or not _asked(plain, manifest)[0]:
        return parts.grounded(everything)
    names = tuple(relation.name for relation in made)
    return replace(parts.grounded(plain), derived=names, widen=lambda: parts.grounded(everything))


@dataclass(frozen=True)
class _Parts:
    """What the relations of a project are made ready with; see `ground`."""

    project: Project
    settings: LoadedSettings
    warehouse: Warehouse
    profiles: ProfileCache
    cache: Cache | None
    approve: Approve | None
    manifest: Manifest | None
    semantic: SemanticManifest | None
    notes: tuple[str, ...]
    not_built: tuple[str, ...]

    def grounded(self, everything: Sequence[Relation]) -> Grounded:
        """What questions about these relations are answered with; raises as `ground`."""
        asked, left_out = _asked(everything, self.manifest)
        asked = [relation for relation in asked if not self._is_only_days(relation)]
        if not asked:
            raise _nothing_to_ask_about(everything)
        profile = self.project.profile()
        versioned = _with_versions(asked, self.warehouse, profile)
        asker = _asker(profile)
        keys = {f"relation:{relation}{asker}": ("", relation) for relation in versioned}
        may_scan = scan_gate(self.project, self.settings, self.approve)
        # Beside the profiles of tables that changed, the values that questions may name are read every time.
        found = profiled(keys, self.warehouse, self.profiles, self.settings, may_scan, to_decide=keys)
        refused = [
            f"{key.removeprefix('relation:')} cannot be read: {e.message}" for key, e in found.refused.items()
        ]
        relations = [table.relation for table in found.tables.values()]
        held = [table.profile for table in found.tables.values()]
        with self.warehouse.connect() as connection:
            asked_of: Connection = connection
            if self.cache is not None:
                asked_of = _Remembering(connection, self.cache, held, asker)
            grounding = project_grounding(self.manifest, relations, held, asked_of, semantic=self.semantic)
        known = {table.name for table in grounding.graph.tables}
        return Grounded(
            grounding,
            {relation.name: relation for relation in relations if relation.name in known},
            {profile.name: profile for profile in held if profile.name in known},
            self.manifest,
            (*self.notes, *refused, *left_out),
            self.not_built,
        )

    def _is_only_days(self, relation: Relation) -> bool:
        """Whether it is a time spine that says nothing of its days, which only metrics need."""
        spines = self.semantic.time_spines if self.semantic is not None else ()
        places = {(spine.relation.schema.lower(), spine.relation.name.lower()) for spine in spines}
        return len(relation.columns) == 1 and (relation.schema.lower(), relation.name.lower()) in places


class _Remembering:
    """A connection whose answers are kept where they are numbers only, such as sketches of columns.

    Texts are the data of others: only profiles keep any, of columns that are short codes.

    Args:
        profiles: of the tables that are asked; an answer is forgotten when one of them changes.
        asker: whose rows it is about; see `_asker`.
    """

    def __init__(
        self, connection: Connection, cache: Cache, profiles: Sequence[TableProfile], asker: str
    ) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._cache = cache
        marks = [profile.fingerprint for profile in profiles]
        self._mark = "\0".join([asker, *marks]) if all(marks) else ""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query, as `Connection.rows`."""
        if not self._mark or parameters:
            return self._connection.rows(sql, parameters)
        key = hashlib.sha256(f"{self.dialect}\0{self._mark}\0{sql}".encode()).hexdigest()
        known = self._cache.get(_KEPT_AS, _ENTITY, key)
        if known is not None:
            return [tuple(row) for row in known]
        found = self._connection.rows(sql)
        if found and all(isinstance(value, int | None) for row in found for value in row):
            self._cache.put(_KEPT_AS, _ENTITY, found, key)
        return found


def _described(
    project: Project, settings: LoadedSettings
) -> tuple[Manifest | None, SemanticManifest | None, list[str]]:
    """What dbt knows of the project, and what is not known and why."""
    try:
        compiled = compiled_project(project, settings.values.dbt, needed=())
    except (DbtError, ArtifactError) as error:
        found = parse_error(error, project) if isinstance(error, DbtError) else error
        why = " ".join(found.message.removeprefix(PREFIX).split())
        return None, None, [f"dbt cannot parse the project, so only the warehouse is known: {why}"]
    try:
        return compiled.manifest, layer_beside(compiled.path), []
    except AidbtError as error:
        return compiled.manifest, None, [f"the semantic layer cannot be used: {error.message}"]


def _asked(relations: Sequence[Relation], manifest: Manifest | None) -> tuple[list[Relation], list[str]]:
    """The relations that questions are about, and which others are left out and why."""
    plain = [relation for relation in relations if not relation.name.lower().startswith(_OUR_OWN)]
    known = documentation_of(manifest).asked(plain) if manifest is not None else plain
    landed = [relation for relation in known if _holds_loads(relation)]
    found: dict[str, Relation] = {}
    for relation in known:
        if relation not in landed:
            found.setdefault(relation.name, relation)
    hidden = [relation for relation in known if relation not in landed and relation not in found.values()]
    notes = [
        f"left out, {why}: {', '.join(map(str, left))}"
        for left, why in (
            (landed, "since they hold every load and not the rows as they are"),
            (hidden, "since another table has the same name"),
        )
        if left
    ]
    return list(found.values()), notes


def _with_versions(relations: Sequence[Relation], warehouse: Warehouse, profile: Profile) -> list[Relation]:
    """The relations, views with a version where the warehouse is one file: as long as that is untouched, so
    is what they show. Elsewhere, and over data outside of the file, they are profiled for each question.
    """
    if not isinstance(warehouse, DuckDBWarehouse) or _READS_OUTSIDE & profile.settings.keys():
        return list(relations)
    files = (warehouse.path, warehouse.path.with_name(f"{warehouse.path.name}.wal"))
    states = [file.stat() for file in files if file.exists()]
    version = " ".join(f"{state.st_mtime_ns}:{state.st_size}" for state in states)
    return [replace(r, version=version) if r.kind == "view" and not r.version else r for r in relations]


def _asker(profile: Profile) -> str:
    """Who sees what was read: row policies show each their own rows, so that profiles are kept for each.

    Whoever may open a DuckDB file sees all of it.
    """
    return "" if profile.type == "duckdb" else f" as {runs_as(profile.type, profile.settings).grantee}"


def _holds_loads(relation: Relation) -> bool:
    """Whether a table has each row once per load, or once per change: adding it up would be wrong."""
    return bool({BATCH_ID, OPERATION} & {name.lower() for name in relation.column_names})


def _nothing_to_ask_about(relations: Sequence[Relation]) -> WarehouseError:
    if relations:
        return WarehouseError(
            f"none of the {len(relations):,} tables of the warehouse is one of the project's models",
            hint="build them with 'aidbt build', then ask again",
        )
    return WarehouseError(
        "the warehouse has no tables to ask about",
        hint="build the project with 'aidbt build', then ask again",
    )
