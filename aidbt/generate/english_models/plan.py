"""`aidbt model`: a sentence, or a kept reading, becomes the files of a model.

The order is: read, lay out, compile with dbt, climb the ladder, decide on tests and materialization, find
witness rows, compare with the files that are there. Whatever fails on the way, nothing was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import PurePosixPath

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import AidbtError, UsageError, WriteError
from aidbt.core.findings import Severity
from aidbt.core.patch import FileEdit, Patch, apply_patch, read_or_none
from aidbt.core.resilience import Level
from aidbt.core.schema import Column, Relation
from aidbt.generate.bases import Bases
from aidbt.generate.changes import GeneratedFiles
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.compare import Compared, Desired
from aidbt.generate.english_models.decisions import (
    Chosen,
    Facts,
    Rows,
    choose_materialized,
    facts_of,
    grain_of,
    model_columns,
)
from aidbt.generate.english_models.incremental import (
    Incremental,
    config_of,
    incremental_of,
    last_period_only,
)
from aidbt.generate.english_models.kept import KeptModel, Materialized, kept_edit, read_kept
from aidbt.generate.english_models.left_out import left_out
from aidbt.generate.english_models.likely_values import has_kind
from aidbt.generate.english_models.metrics import WrittenOut, written_out
from aidbt.generate.english_models.model_sql import model_sql, reads_clock
from aidbt.generate.english_models.model_yaml import grain_test, model_yaml
from aidbt.generate.english_models.parents import Parent, calls_of, parents_of, readers_of
from aidbt.generate.english_models.places import (
    check_name,
    check_not_taken,
    folder_materialized,
    sql_place,
    with_column_names,
    with_moves,
)
from aidbt.generate.english_models.refine import refined
from aidbt.generate.english_models.steps import Steps, model_steps, without_order
from aidbt.generate.english_models.witnesses import NoWitness, Witnesses, find_witnesses
from aidbt.generate.files import Rendering
from aidbt.generate.lock import LOCK_FILE, Lock, decided_digest, lock_text, read_lock
from aidbt.generate.plan import write_proposals
from aidbt.generate.rendering import rendering
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.manifest import Manifest
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.evaluate import CannotEvaluate
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Clock, SemanticQuery, attributes
from aidbt.semantic.query_json import query_to_json
from aidbt.semantic.wording import describe, table_nouns
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation
from aidbt.sql.validate import Engine, Rung, Validation, validate_sql


class ModelRefused(AidbtError):
    """A model that is not written, because its SQL did not pass every check."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it was read.

    Attributes:
        by: the language model that read it; "" for our own English.
    """

    query: SemanticQuery
    by: str = ""
    level: Level = Level.FULL
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for; what is left out stays as it was, or is decided.

    Attributes:
        sentence: "" writes an existing model from its kept reading.
        refine: phrases to be added to the kept sentence.
        folder: where a new model stands; "" in the project's usual folder.
        refresh: whether tests, types and the materialization are decided again.
    """

    name: str
    sentence: str = ""
    refine: tuple[str, ...] = ()
    folder: str = ""
    materialized: Materialized | None = None
    contract: bool | None = None
    refresh: bool = False


@dataclass(frozen=True)
class Ground:
    """What a model can be made of, and who is asked on the way.

    Attributes:
        relations, parents: by the name of a table in the graph.
        semantic: the project's semantic layer; None without one.
        read: what a sentence means; raises `Refused`.
        compile: what dbt makes of a template; raises DbtError.
        engine: a guarded connection to the warehouse; None validates without one.
        rows: asks the warehouse; None where it is not to be read.
        may_scan: told which relations are about to be read; raises BudgetExceeded.
    """

    graph: Graph
    relations: Mapping[str, Relation]
    parents: Mapping[str, Parent]
    manifest: Manifest
    semantic: SemanticManifest | None
    read: Callable[[str], Sentence]
    compile: Callable[[str], str]
    engine: Engine | None = None
    rows: Rows | None = None
    may_scan: Callable[[Sequence[Relation]], None] = lambda relations: None


@dataclass(frozen=True)
class ModelPlan:
    """What becomes of a model.

    Attributes:
        reading: in English.
        sql: the text of the model, as the decisions make it.
        files: what becomes of its files, by path.
        proposals: path → text of what is only proposed, since a person wrote there.
        materialized: with the reason, where it was decided now.
        witnesses: None where there is no unit test; `notes` say why.
        rungs: the checks that passed.
        notes: what a person should know.
    """

    name: str
    sentence: str
    reading: str
    sql: str
    patch: Patch
    kept: KeptModel
    files: dict[str, Compared] = field(default_factory=dict)
    proposals: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    materialized: Chosen = Chosen("view", "")
    witnesses: Witnesses | None = None
    rungs: tuple[Rung, ...] = ()
    notes: tuple[str, ...] = ()
    by: str = ""
    level: Level = Level.FULL
    bases: dict[str, str] = field(default_factory=dict, repr=False)

    def in_state(self, *states: str) -> list[str]:
        """The files in one of the states of `compare`."""
        return sorted(path for path, found in self.files.items() if found.state in states)


def run_model(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    ground: Ground,
    bases: Bases,
    *,
    write: bool = True,
    upgrade: bool = False,
) -> ModelPlan:
    """Plan a model, and write it unless told otherwise.

    Raises:
        Refused: the sentence is not understood.
        ModelRefused: its SQL did not pass every check.
        AidbtError: the project, the warehouse or a file cannot be read, or the name is taken.
    """
    plan = plan_model(project, settings, request, ground, bases.get, upgrade=upgrade)
    if write:
        apply_patch(plan.patch, project.root)
        bases.put(plan.bases)
        write_proposals(project.root, plan.proposals)
    return plan


def plan_model(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    ground: Ground,
    base: Callable[[str], str | None],
    *,
    upgrade: bool = False,
) -> ModelPlan:
    """What becomes of a model; nothing is written.

    Args:
        base: the text of something that was generated before, by its digest.
    """
    check_name(request.name)
    lock = read_lock(project.root)
    here = declared(project, generated=set(lock.files))
    before = read_kept(project.root, request.name)
    if before is None:
        ours = [path for path in lock.files if (project.root / path).exists()]
        check_not_taken(request.name, here, ground.manifest, ours)
    moved = with_moves(lock, request.name, project, here)
    place = sql_place(project, request.name, request.folder, moved, here)
    sentence = _read(request, before, ground)
    draft = _draft(project, settings, request, before, sentence, ground, here, place)
    files = GeneratedFiles(project.root, moved, here, base, upgrade=upgrade, restore=True)
    files.add_file(Desired(draft.place, draft.sql, draft.decided))
    files.add_file(Desired(yaml_place(draft.place), draft.yaml, draft.decided))
    return _planned(project, draft, sentence, lock, files)


# --- reading -----------------------------------------------------------------------------------------------


def _read(request: Request, before: KeptModel | None, ground: Ground) -> Sentence:
    """The reading that the model is to have.

    Raises:
        UsageError: there is nothing to read.
    """
    if request.sentence:
        sentence = ground.read(request.sentence)
    elif before is not None:
        sentence = Sentence(before.query(ground.graph, ground.semantic))
    else:
        raise UsageError(
            f"there is no model {request.name} yet",
            hint=f'give its sentence: aidbt model "orders per month" --name {request.name}',
        )
    first = request.sentence or (before.sentence if before is not None else "")
    query = sentence.query
    for phrase in request.refine:
        query = refined(query, first, phrase, lambda text: ground.read(text).query)
    # The warehouse tells the time whenever it builds the model; one that was read at another time is kept.
    clock = Clock(None, query.clock.week_start)
    return replace(sentence, query=replace(without_order(query), clock=clock))


# --- deciding ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Draft:
    """A model before it is compared with its files."""

    kept: KeptModel
    place: str
    sql: str
    yaml: str
    chosen: Chosen
    witnesses: Witnesses | None
    rungs: tuple[Rung, ...]
    notes: tuple[str, ...]
    decided: str


def _draft(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    before: KeptModel | None,
    sentence: Sentence,
    ground: Ground,
    here: Declared,
    place: str,
) -> _Draft:
    options = rendering(project, settings, here)
    asked = with_column_names(sentence.query, options.dialect)
    described = describe(asked, ground.graph)
    found = written_out(asked, ground.graph, ground.semantic, options.dialect)
    query = found.query
    if found.graph is not ground.graph:
        ground = _over(found.graph, ground)
    steps = model_steps(query, ground.graph, options.dialect)
    calls = calls_of([item.table for item in steps.imports], ground.parents)
    in_folder = folder_materialized(project, place)
    chosen = _chosen(request, before, steps, ground, in_folder)
    config = [f"materialized='{chosen.materialized}'"] if chosen.materialized != in_folder else []
    grows: Incremental | None = None
    if chosen.materialized == "incremental":
        grows = incremental_of(query, ground.graph, options.dialect)
        config += config_of(grows)
    sql = model_sql(
        steps, calls, dialect=options.dialect, style=options.sql, config=config, incremental=grows
    )
    grain = grain_of(query, ground.graph)
    compiled = ground.compile(sql)
    ground.may_scan([ground.relations[i.table] for i in steps.imports if i.table in ground.relations])
    validation = validated(compiled, ground, steps, options.dialect, grain)
    kept = KeptModel(
        request.name,
        request.sentence or (before.sentence if before is not None else ""),
        query_to_json(asked),
        described=described,
        refined=_refined(request, before),
        materialized=chosen.materialized,
        contract=_contract(request, before),
        grain=grain,
        digest=before.digest if before is not None else None,
    )
    found_now: list[str] = []
    if before is not None and before.reading == kept.reading and not request.refresh:
        kept = replace(kept, grain=before.grain, columns=before.columns)
    else:
        kept, found_now = _with_columns(kept, found, validation.columns, ground)
        found_now += _left_out(steps, ground)
    witnesses, why = _witnesses(query, ground.graph, options.dialect, grows)
    is_relative = reads_clock(steps)
    notes = [*sentence.notes, *found_now, *_notes(kept, options, is_relative=is_relative), *why]
    if ground.engine is None:
        notes.append("the warehouse was not asked whether it takes the SQL")
    yaml = model_yaml(kept, witnesses, calls, options, reads_clock=is_relative, incremental=grows)
    _check_yaml(yaml, kept.name, options)
    return _Draft(
        kept,
        place,
        sql,
        yaml,
        chosen,
        witnesses,
        tuple(rung.rung for rung in validation.rungs if rung.outcome == "passed"),
        tuple(dict.fromkeys(notes)),
        decided_of(kept),
    )


def _check_yaml(text: str, name: str, options: Rendering) -> None:
    problem = check_dbt_yaml(text, nested_arguments=options.nested_arguments)
    if problem:
        raise WriteError(
            f"the YAML of {name} would not be valid for dbt: {problem}; nothing was written",
            hint="this is a fault in aidbt; please report it with the sentence",
        )


def _chosen(
    request: Request, before: KeptModel | None, steps: Steps, ground: Ground, in_folder: str
) -> Chosen:
    if request.materialized is not None:
        return Chosen(request.materialized, "as you asked")
    if before is not None and not request.refresh:
        return Chosen(before.materialized, "as it was decided before")
    readers = readers_of(ground.manifest, request.name)
    return choose_materialized(steps.imports, ground.relations, readers=readers, in_folder=in_folder)


def _over(graph: Graph, ground: Ground) -> Ground:
    """The ground of a graph whose tables are called otherwise than the project's."""
    by_place = {(relation.schema, relation.name): relation for relation in ground.relations.values()}
    places = {table.name: (table.schema, table.identifier or table.name) for table in graph.tables}
    relations = {name: by_place[place] for name, place in places.items() if place in by_place}
    return replace(ground, graph=graph, relations=relations, parents=parents_of(graph, ground.manifest))


def _with_columns(
    kept: KeptModel, found: WrittenOut, types: Sequence[Column], ground: Ground
) -> tuple[KeptModel, list[str]]:
    """The model with its columns and the tests that hold on all rows, and what is to be told of these."""
    facts: Facts | None = None
    if ground.rows is not None:
        facts = facts_of(found.query, ground.graph, kept.grain, ground.rows)
    columns = tuple(
        replace(column, description=found.described.get(column.name) or column.description)
        for column in model_columns(found.query, ground.graph, types, kept.grain, facts)
    )
    if kept.contract and (ground.engine is None or not all(column.data_type for column in columns)):
        raise UsageError(
            "a contract needs the types of all columns as the warehouse tells them, and it did not",
            hint="build the parents first (aidbt build), or leave --contract out",
        )
    is_unique = facts is None or facts.has_grain
    is_empty = facts is not None and facts.row_count == 0
    notes = ["it has no rows now, so that its tests were tried on nothing"] if is_empty else []
    return replace(kept, grain=kept.grain if is_unique else (), columns=columns), notes


def _left_out(steps: Steps, ground: Ground) -> list[str]:
    """What the joins of the model drop now; [] where the rows are not read."""
    if ground.rows is None:
        return []
    nouns = table_nouns(ground.graph)
    return [
        f"{found.number:,} of {found.total:,} rows of {nouns[found.table]} have no row in"
        f" {nouns[found.missing]}, and are left out"
        for found in left_out(steps, ground.graph, ground.rows)
    ]


def _refined(request: Request, before: KeptModel | None) -> tuple[str, ...]:
    """The phrases that were added to the sentence; a sentence given anew begins without any."""
    old = before.refined if before is not None and not request.sentence else ()
    return (*old, *request.refine)


def _contract(request: Request, before: KeptModel | None) -> bool:
    if request.contract is not None:
        return request.contract
    return before.contract if before is not None else False


def decided_of(kept: KeptModel) -> str:
    """The hash of everything that the files of a model follow from."""
    facts = (kept.sentence, kept.refined, kept.reading, kept.described, kept.grain, kept.columns)
    return decided_digest(facts, kept.materialized, kept.contract)


def _notes(kept: KeptModel, options: Rendering, *, is_relative: bool) -> list[str]:
    """What a person should know of the model."""
    notes = []
    if is_relative:
        notes.append(
            "its times are seen from the day it is read or built on, so that its rows change by themselves"
        )
    if kept.materialized == "incremental":
        notes.append("rows that arrive late for a period before the last one need dbt's --full-refresh")
    if len(kept.grain) > 1 and grain_test(kept, options) is None:
        notes.append(
            f"that {', '.join(kept.grain)} are unique together is not tested: add dbt_utils to packages.yml,"
            " or our macros (aidbt init --macros), then --refresh"
        )
    return notes


def _witnesses(
    query: SemanticQuery, graph: Graph, dialect: str, grows: Incremental | None
) -> tuple[Witnesses | None, list[str]]:
    """Witness rows, or why there are none."""
    odd = [a for a in attributes(query) if not has_kind(a, graph)]
    if odd:
        return None, [
            f"no unit test: {odd[0].column} of {odd[0].table} is of a type that rows are not made of"
        ]
    try:
        others = {"its last period only": last_period_only(query, grows)} if grows is not None else {}
        return find_witnesses(query, graph, dialect, others), []
    except (CannotEvaluate, NoWitness) as error:
        return None, [f"no unit test: {error.message}"]


# --- checking ----------------------------------------------------------------------------------------------


def validated(compiled: str, ground: Ground, steps: Steps, dialect: str, grain: Sequence[str]) -> Validation:
    """The model's SQL, as dbt compiles it, after the ladder: from its text to its rows on the warehouse.

    Raises:
        ModelRefused: a rung did not hold.
    """
    name = sqlglot_dialect(dialect)
    tables = [ground.graph.table(item.table) for item in steps.imports]
    entries = []
    stand_ins: dict[str, Relation] = {}
    for table in tables:
        columns = tuple(Column(c.name, c.data_type, c.nullable) for c in table.columns)
        known = KnownRelation(table.name, columns, unique=table.keys)
        entries.append((table.database, table.schema, table.identifier or table.name, known))
        stand_ins[table.name] = Relation(
            table.schema, table.identifier or table.name, columns, table.database
        )
    validation = validate_sql(
        compiled,
        dialect=name,
        relations=RelationIndex(entries, name),
        engine=ground.engine,
        # Elsewhere than on DuckDB the rungs above read rows that somebody may have to pay for.
        upto="keys" if name == "duckdb" else "describe",
        stand_ins=stand_ins,
        keys=[tuple(grain)] if grain else [],
    )
    wrong = [problem for problem in validation.problems if problem.severity is Severity.ERROR]
    if not validation.is_valid or wrong:
        said = "; ".join(problem.message for problem in wrong[:3]) or "it could not be validated"
        raise ModelRefused(f"the model's SQL does not hold: {said}", hint="nothing was written")
    return validation


# --- files -------------------------------------------------------------------------------------------------


def _planned(
    project: Project, draft: _Draft, sentence: Sentence, lock: Lock, files: GeneratedFiles
) -> ModelPlan:
    edits = [*files.edits()]
    saved = kept_edit(draft.kept, project.root)
    if saved is not None:
        edits.append(saved)
    edits += _lock_edits(project, lock, files)
    kept = draft.kept
    return ModelPlan(
        kept.name,
        ", ".join((kept.sentence, *kept.refined)),
        kept.described,
        draft.sql,
        Patch(tuple(edits), f"aidbt model {kept.name}"),
        kept,
        files=files.compared,
        proposals=files.proposals,
        reasons=files.reasons,
        materialized=draft.chosen,
        witnesses=draft.witnesses,
        rungs=draft.rungs,
        notes=draft.notes,
        by=sentence.by,
        level=sentence.level,
        bases=files.bases,
    )


def yaml_place(sql_path: str) -> str:
    """The property file of a model: beside it, of the same name."""
    return str(PurePosixPath(sql_path).with_suffix(".yml"))


def _lock_edits(project: Project, lock: Lock, files: GeneratedFiles) -> list[FileEdit]:
    new = files.lock(aidbt=lock.aidbt)
    if new == replace(lock, digest=None) and not (new.files and lock.digest is None):
        return []
    text = lock_text(replace(new, aidbt=version("aidbt")))
    old = read_or_none(project.root / LOCK_FILE)
    return [FileEdit(LOCK_FILE, lock.digest, text, "what was generated", old)]
