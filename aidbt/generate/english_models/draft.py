"""A reading as the text of a model: laid out, checked, decided on, and with its witness rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import AidbtError, UsageError, WarehouseError, WriteError
from aidbt.core.findings import Severity
from aidbt.core.schema import Column, Relation
from aidbt.core.types import has_time_zone
from aidbt.generate.base_models import macro_files
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.data_tests import COMBINATION_OF_OURS, combination_test
from aidbt.generate.english_models.decisions import (
    Chosen,
    Facts,
    choose_materialized,
    facts_of,
    grain_of,
    model_columns,
)
from aidbt.generate.english_models.ground import Ground, Request
from aidbt.generate.english_models.incremental import (
    Incremental,
    config_of,
    incremental_of,
    last_period_only,
)
from aidbt.generate.english_models.kept import KeptModel
from aidbt.generate.english_models.left_out import left_out
from aidbt.generate.english_models.likely_values import has_kind
from aidbt.generate.english_models.metrics import WrittenOut, written_out
from aidbt.generate.english_models.model_sql import model_sql, reads_clock
from aidbt.generate.english_models.model_yaml import model_yaml
from aidbt.generate.english_models.parents import calls_of, parents_of, readers_of
from aidbt.generate.english_models.places import folder_materialized
from aidbt.generate.english_models.steps import Steps, model_steps
from aidbt.generate.english_models.tried_rows import as_answered
from aidbt.generate.english_models.witnesses import NoWitness, Witnesses, find_witnesses
from aidbt.generate.files import Rendering
from aidbt.generate.lock import decided_digest
from aidbt.generate.rendering import rendering
from aidbt.project import Project
from aidbt.project.declared import Declared
from aidbt.semantic.evaluation.errors import CannotEvaluate
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import SemanticQuery, attributes
from aidbt.semantic.query_json.document import query_to_json
from aidbt.semantic.wording.names import table_nouns
from aidbt.semantic.wording.sentences import describe
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation
from aidbt.sql.validate import Rung, Validation, validate_sql


class ModelRefused(AidbtError):
    """A model that is not written, because its SQL did not pass every check."""

    exit_code = 1


@dataclass(frozen=True)
class Draft:
    """A model before it is compared with its files.

    Attributes:
        place: the path of its SQL.
        macros: path → text of what its tests call and the project does not have.
        rungs: the checks that passed.
        notes: what a person should know.
        decided: the hash of everything that its files follow from.
    """

    kept: KeptModel
    place: str
    sql: str
    yaml: str
    chosen: Chosen
    witnesses: Witnesses | None
    rungs: tuple[Rung, ...]
    notes: tuple[str, ...]
    decided: str
    macros: dict[str, str] = field(default_factory=dict)


def draft_model(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    before: KeptModel | None,
    asked: SemanticQuery,
    ground: Ground,
    here: Declared,
    place: str,
) -> Draft:
    """The texts of a model, after every check.

    Args:
        before: what is kept of it so far.
        asked: its reading, in no order that decides nothing, with names that columns can have.
        here: what people wrote in the project.
        place: the path of its SQL.

    Raises:
        ModelRefused: its SQL did not pass every check.
        AidbtError: it cannot be said in SQL, or the warehouse cannot be asked.
    """
    options = rendering(project, settings, here)
    kept = _kept(request, before, asked, ground.graph)
    found = written_out(asked, ground.graph, ground.semantic, options.dialect)
    ground = _over(found.graph, ground)
    layout = _layout(request, before, found.query, ground, options, folder_materialized(project, place))
    validation = _checked(layout, ground, options.dialect)
    kept = replace(kept, materialized=layout.chosen.materialized, grain=layout.grain)
    kept, said = _decided(kept, before, found, layout, validation, ground, refresh=request.refresh)
    witnesses, why = _witnesses(layout, ground, options.dialect)
    macros = _grain_macros(project, kept, options)
    options = replace(options, macros=options.macros or bool(macros))
    yaml = model_yaml(
        kept,
        witnesses,
        layout.calls,
        options,
        reads_clock=reads_clock(layout.steps),
        incremental=layout.grows,
    )
    _check_yaml(yaml, kept.name, options)
    notes = [*said, *_notes(layout, ground, options.dialect), *why]
    if ground.engine is None:
        notes.append("the warehouse was not asked whether it takes the SQL")
    rungs = tuple(rung.rung for rung in validation.rungs if rung.outcome == "passed")
    decided = decided_of(kept)
    return Draft(
        kept, place, layout.sql, yaml, layout.chosen, witnesses, rungs, tuple(notes), decided, macros
    )


def decided_of(kept: KeptModel) -> str:
    """The hash of everything that the files of a model follow from."""
    facts = (kept.sentence, kept.refined, kept.reading, kept.described, kept.grain, kept.columns)
    return decided_digest(facts, kept.materialized, kept.contract)


def _kept(request: Request, before: KeptModel | None, asked: SemanticQuery, graph: Graph) -> KeptModel:
    """What is to be kept of the model, as far as it is asked for and not decided."""
    # A sentence given anew begins without any phrases.
    old = before.refined if before is not None and not request.sentence else ()
    contract = request.contract
    if contract is None:
        contract = before.contract if before is not None else False
    # As people wrote it where nothing else is asked for.
    is_as_kept = before is not None and not request.sentence and not request.refine
    return KeptModel(
        request.name,
        request.sentence or (before.sentence if before is not None else ""),
        before.reading if before is not None and is_as_kept else query_to_json(asked),
        described=describe(asked, graph),
        refined=(*old, *request.refine),
        contract=contract,
        digest=before.digest if before is not None else None,
    )


def _over(graph: Graph, ground: Ground) -> Ground:
    """The ground of a graph whose tables may be called otherwise than the project's."""
    if graph is ground.graph:
        return ground
    by_place = {(relation.schema, relation.name): relation for relation in ground.relations.values()}
    places = {table.name: (table.schema, table.identifier or table.name) for table in graph.tables}
    relations = {name: by_place[place] for name, place in places.items() if place in by_place}
    return replace(ground, graph=graph, relations=relations, parents=parents_of(graph, ground.manifest))


# --- laying out --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """The SQL of a model and what it is made of.

    Attributes:
        calls: by the name of a table in the graph how the model reads it.
        grows: how an incremental model does; None for any other.
        grain: the columns of which no two rows are alike by the way that they are made.
    """

    query: SemanticQuery
    steps: Steps
    calls: dict[str, str]
    chosen: Chosen
    grows: Incremental | None
    grain: tuple[str, ...]
    sql: str


def _layout(
    request: Request,
    before: KeptModel | None,
    query: SemanticQuery,
    ground: Ground,
    options: Rendering,
    in_folder: str,
) -> _Layout:
    steps = model_steps(query, ground.graph, options.dialect)
    calls = calls_of([item.table for item in steps.imports], ground.parents)
    chosen = _chosen(request, before, steps, ground, in_folder)
    config = [f"materialized='{chosen.materialized}'"] if chosen.materialized != in_folder else []
    grows = None
    if chosen.materialized == "incremental":
        grows = incremental_of(query, ground.graph, options.dialect)
        config += config_of(grows)
    sql = model_sql(
        steps, calls, dialect=options.dialect, style=options.sql, config=config, incremental=grows
    )
    return _Layout(query, steps, calls, chosen, grows, grain_of(query, ground.graph), sql)


def _chosen(
    request: Request, before: KeptModel | None, steps: Steps, ground: Ground, in_folder: str
) -> Chosen:
    if request.materialized is not None:
        return Chosen(request.materialized, "as you asked")
    if before is not None and not request.refresh:
        return Chosen(before.materialized, "as it was decided before")
    readers = readers_of(ground.manifest, request.name)
    return choose_materialized(steps.imports, ground.relations, readers=readers, in_folder=in_folder)


# --- checking ----------------------------------------------------------------------------------------------


def _checked(layout: _Layout, ground: Ground, dialect: str) -> Validation:
    """The model's SQL, as dbt compiles it, after the ladder: from its text to its rows on the warehouse.

    Raises:
        ModelRefused: a rung did not hold.
    """
    compiled = ground.compile(layout.sql)
    tables = [ground.graph.table(item.table) for item in layout.steps.imports]
    ground.may_scan([ground.relations[t.name] for t in tables if t.name in ground.relations])
    name = sqlglot_dialect(dialect)
    entries = []
    stand_ins: dict[str, Relation] = {}
    for table in tables:
        columns = tuple(Column(c.name, c.data_type, c.nullable) for c in table.columns)
        stored = table.identifier or table.name
        known = KnownRelation(table.name, columns, unique=table.keys)
        entries.append((table.database, table.schema, stored, known))
        stand_ins[table.name] = Relation(table.schema, stored, columns, table.database)
    validation = validate_sql(
        compiled,
        dialect=name,
        relations=RelationIndex(entries, name),
        engine=ground.engine,
        # Elsewhere than on DuckDB the rungs above read rows that somebody may have to pay for.
        upto="keys" if name == "duckdb" else "describe",
        stand_ins=stand_ins,
        keys=[layout.grain] if layout.grain else [],
    )
    wrong = [problem for problem in validation.problems if problem.severity is Severity.ERROR]
    if not validation.is_valid or wrong:
        said = "; ".join(problem.message for problem in wrong[:3]) or "it could not be validated"
        raise ModelRefused(f"the model's SQL does not hold: {said}", hint="nothing was written")
    return validation


def _check_yaml(text: str, name: str, options: Rendering) -> None:
    problem = check_dbt_yaml(text, nested_arguments=options.nested_arguments)
    if problem:
        raise WriteError(
            f"the YAML of {name} would not be valid for dbt: {problem}; nothing was written",
            hint="this is a fault in aidbt; please report it with the sentence",
        )


# --- deciding ----------------------------------------------------------------------------------------------


def _decided(
    kept: KeptModel,
    before: KeptModel | None,
    found: WrittenOut,
    layout: _Layout,
    validation: Validation,
    ground: Ground,
    *,
    refresh: bool,
) -> tuple[KeptModel, list[str]]:
    """The model with its columns and the tests that hold on all rows, and what is to be told of these.

    What was decided of the same reading before stays.
    """
    if before is not None and not refresh and _still_holds(before, kept, found, layout):
        return replace(kept, grain=before.grain, columns=before.columns), []
    facts: Facts | None = None
    if ground.rows is not None:
        facts = facts_of(found.query, ground.graph, kept.grain, ground.rows)
    columns = tuple(
        replace(column, description=found.described.get(column.name) or column.description)
        for column in model_columns(found.query, ground.graph, validation.columns, kept.grain, facts)
    )
    if kept.contract and (ground.engine is None or not all(column.data_type for column in columns)):
        raise UsageError(
            "a contract needs the types of all columns as the warehouse tells them, and it did not",
            hint="build the parents first (aidbt build), or leave --contract out",
        )
    is_unique = facts is None or facts.has_grain
    is_empty = facts is not None and facts.row_count == 0
    notes = ["it has no rows now, so that its tests were tried on nothing"] if is_empty else []
    kept = replace(kept, grain=kept.grain if is_unique else (), columns=columns)
    return kept, [*notes, *_left_out(layout.steps, ground)]


def _still_holds(before: KeptModel, kept: KeptModel, found: WrittenOut, layout: _Layout) -> bool:
    """Whether what was decided of columns, grain and types is about this reading, which people may edit."""
    names = [output.name for output in found.query.outputs if output.is_shown]
    return (
        before.reading == kept.reading
        and [column.name for column in before.columns] == names
        and before.grain in ((), layout.grain)
        and (before.contract or not kept.contract)
    )


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


def _grain_macros(project: Project, kept: KeptModel, options: Rendering) -> dict[str, str]:
    """Our macro that tests several columns together, by path, where the project has no such test."""
    if len(kept.grain) < 2 or combination_test(options.packages, macros=options.macros) is not None:
        return {}
    folder = project.paths("macro")[0].relative_to(project.root).as_posix()
    return {path: text for path, text in macro_files(folder).items() if COMBINATION_OF_OURS in text}


def _notes(layout: _Layout, ground: Ground, dialect: str) -> list[str]:
    """What a person should know of how the model's rows come about."""
    notes = []
    if reads_clock(layout.steps):
        notes.append(
            "its times are seen from the day it is read or built on, so that its rows change by themselves"
        )
    if layout.chosen.materialized == "incremental":
        notes.append("rows that arrive late for a period before the last one need dbt's --full-refresh")
    cut = (a for a in attributes(layout.query) if a.grain is not None or a.part is not None)
    instants = {
        f"{a.table}.{a.column}": None
        for a in cut
        if has_time_zone(ground.graph.table(a.table).column(a.column).data_type, dialect)
    }
    notes += [f"{name} is cut as the clock of the database session's time zone shows it" for name in instants]
    return notes


def _witnesses(layout: _Layout, ground: Ground, dialect: str) -> tuple[Witnesses | None, list[str]]:
    """Witness rows, or why there are none."""
    query, grows, graph = layout.query, layout.grows, ground.graph
    odd = [a for a in attributes(query) if not has_kind(a, graph)]
    if odd:
        return None, [
            f"no unit test: {odd[0].column} of {odd[0].table} is of a type that rows are not made of"
        ]
    nameless = _nameless_column(layout, graph, dialect)
    if nameless:
        return None, [f"no unit test: dbt gives no rows of a table with a column such as {nameless}"]
    try:
        others = {"its last period only": last_period_only(query, grows)} if grows is not None else {}
        found = find_witnesses(query, graph, dialect, others)
        if ground.rows is not None and sqlglot_dialect(dialect) != "duckdb":
            found = as_answered(found, query, graph, dialect, ground.rows)
        return found, []
    except (CannotEvaluate, NoWitness) as error:
        return None, [f"no unit test: {error.message}"]
    except WarehouseError as error:
        return None, [f"no unit test: the warehouse does not take its rows: {error.message}"]


def _nameless_column(layout: _Layout, graph: Graph, dialect: str) -> str:
    """A column of a parent whose type dbt calls ARRAY or USER-DEFINED, which is no type; "" for none."""
    if sqlglot_dialect(dialect) != "postgres":
        return ""
    columns = (
        (item.table, column) for item in layout.steps.imports for column in graph.table(item.table).columns
    )
    found = (f"{table}.{c.name}" for table, c in columns if "." in c.data_type or c.data_type.endswith("[]"))
    return next(found, "")
