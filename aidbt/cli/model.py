"""`aidbt model`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import approver, open_from, output_option, project_options, yes_option
from aidbt.cli.render import bold, count, diff_lines, dim, emit, finding_lines
from aidbt.core.errors import AidbtError, ArtifactError, MissingExtra, UsageError

if TYPE_CHECKING:
    from sqlglot.exp import Query

    from aidbt.generate.english_models.decisions import Rows
    from aidbt.generate.english_models.ground import Ground, Request, Sentence
    from aidbt.generate.english_models.plan import ModelPlan
    from aidbt.generate.grounded import Grounded
    from aidbt.session import Session
    from aidbt.sql.validate import Engine
    from aidbt.warehouse.budget import Purpose

# `english_models.kept.Materialized`, written out so that `--help` need not import it.
_MATERIALIZED = ("view", "table", "incremental")


@click.command()
@click.argument("sentence", required=False)
@click.option("--name", help="The model's name.")
@click.option(
    "--refine", multiple=True, metavar="PHRASE", help='Add to the sentence of a model, e.g. "only 2013".'
)
@click.option("--path", "folder", metavar="FOLDER", help="Where a new model stands, e.g. models/gold.")
@click.option(
    "--materialized", type=click.Choice(_MATERIALIZED), help="How it is kept. Default: chosen, and said why."
)
@click.option("--contract/--no-contract", default=None, help="Whether dbt enforces its columns and types.")
@click.option("--refresh", is_flag=True, help="Decide again on tests, types and how it is kept.")
@click.option("--replace", is_flag=True, help="Let SENTENCE take the place of another that the model has.")
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", is_flag=True, help="Compare kept readings with files only; exit 1 when they differ.")
@click.option(
    "--upgrade", is_flag=True, help="Change files that only this version of aidbt writes otherwise."
)
@click.option("--all", "show_all", is_flag=True, help="Show the SQL, and the faults that no row tells apart.")
@yes_option
@project_options
@output_option
def model(
    sentence: str | None,
    name: str | None,
    refine: tuple[str, ...],
    folder: str | None,
    materialized: Any,
    contract: bool | None,
    refresh: bool,
    replace: bool,
    dry_run: bool,
    check: bool,
    upgrade: bool,
    show_all: bool,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Write a dbt model from a sentence: its SQL, its YAML with tests, and a unit test of it.

    SENTENCE says what the rows are: "revenue per customer and month, only paid orders". It and how it was
    read are kept in aidbt/models/NAME.yml; without a sentence the model is written from there. What is not
    understood is refused, with what it may have meant; nothing is written then.
    """
    from aidbt.cli.query_output import refusal_json, refusal_lines
    from aidbt.generate.bases import Bases
    from aidbt.generate.english_models.ground import Request
    from aidbt.generate.english_models.plan import run_model
    from aidbt.semantic.english.grounding.refusal import Refused

    if check:
        _check(name, sentence=sentence, refine=refine, output=output, where=where)
        return
    if not name:
        raise UsageError("the model needs a name", hint='aidbt model "orders per month" --name fct_orders')
    request = Request(name, sentence or "", refine, folder or "", materialized, contract, refresh, replace)
    session = open_from(**where)
    bases = Bases(lambda: session.store, session.project.root)
    try:
        with _ground(session, request, yes=yes) as (ground, problem, found):
            plan = run_model(
                session.project,
                session.settings,
                request,
                ground,
                bases,
                write=not dry_run,
                upgrade=upgrade,
            )
    except Refused as refused:
        why = found.notes_of_refusal
        lines = [*refusal_lines(refused), *_note_lines(why)]
        emit({**refusal_json(refused), "notes": why}, output=output, text=lambda: lines)
        raise SystemExit(1) from None
    notes = [*([f"the warehouse was not asked: {problem}"] if problem else []), *found.notes, *plan.notes]
    emit(
        _summary(plan, notes),
        output=output,
        text=lambda: _text(plan, notes, dry_run=dry_run, may_replace=replace, show_all=show_all),
    )
    raise SystemExit(1 if plan.proposals else 0)


# --- what it is made of ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _ground(session: Session, request: Request, *, yes: bool) -> Iterator[tuple[Ground, str, Grounded]]:
    """(what the model can be made of, why the engine is not asked, what it was found by)."""
    from aidbt.generate.discover import scan_gate
    from aidbt.generate.english_models.ground import Ground
    from aidbt.generate.english_models.parents import parents_of
    from aidbt.generate.grounded import ground
    from aidbt.review.validation import inline_compiler

    project, settings, approve = session.project, session.settings, approver(yes)
    found = ground(
        project, settings, session.warehouse, session.profiles, approve=approve, without=request.name
    )
    found = _about(found, session, request)
    if found.manifest is None:
        raise ArtifactError("; ".join(found.notes), hint="run dbt parse, and correct what it says")
    gate = scan_gate(project, settings, approve)
    purposes: tuple[Purpose, ...] = ("keys",)
    with _engine(session) as (engine, problem):
        graph = found.grounding.graph
        made_of = Ground(
            graph,
            found.relations,
            parents_of(graph, found.manifest),
            found.manifest,
            found.grounding.semantic,
            _reader(session, found),
            inline_compiler(project, settings.values.dbt),
            engine,
            _asker(session),
            lambda relations: gate([(relation, purposes) for relation in relations]),
        )
        yield made_of, problem, found


def _reader(session: Session, found: Grounded) -> Callable[[str], Sentence]:
    """What a sentence means: to our own English, and else to a language model where there is one."""
    from aidbt.generate.english_models.ground import Sentence
    from aidbt.semantic.answering import understand
    from aidbt.semantic.llm_query import QueryModel
    from aidbt.semantic.query import Clock
    from aidbt.semantic.ranking import ranked_by

    values, llm = session.settings.values, session.llm
    asked = (
        QueryModel(llm, values.llm.send_values, values.llm.timeout_s, session.cache, found.profiles)
        if llm is not None
        else None
    )

    def read(sentence: str) -> Sentence:
        understood = understand(
            sentence,
            found.grounding,
            Clock(None, values.semantic.week_start),
            dialect=session.warehouse.dialect,
            instructions=values.semantic.instructions,
            model=asked,
            rank=ranked_by(lambda: session.embed),
        )
        return Sentence(understood.query, understood.by, understood.level, understood.notes)

    return read


def _asker(session: Session) -> Rows:
    """The rows of a query on the warehouse."""
    from aidbt.semantic.planning.rendering import render_query

    def rows(query: Query) -> list[tuple[Any, ...]]:
        with session.warehouse.connect() as connection:
            return connection.rows(render_query(query, connection.dialect))

    return rows


def _about(found: Grounded, session: Session, request: Request) -> Grounded:
    """What the sentence is about, or the reading that is kept of it and its sentence."""
    from aidbt.core.errors import SettingsError
    from aidbt.generate.english_models.kept import read_kept
    from aidbt.semantic.query import Clock

    sentence = request.sentence
    if not sentence:
        kept = read_kept(session.project.root, request.name)
        if kept is None:
            return found
        try:
            kept.query(found.grounding.graph, found.grounding.semantic)
        except SettingsError:  # it may name other models from English; if not, it is said when it is written
            return found.widened()
        sentence = kept.sentence
    chosen = session.settings.values.semantic
    return found.about(sentence, Clock(None, chosen.week_start), instructions=chosen.instructions)


@contextlib.contextmanager
def _engine(session: Session) -> Iterator[tuple[Engine | None, str]]:
    """(a guarded connection, why there is none)."""
    from aidbt.warehouse.validating import guarded
    from aidbt.warehouse.validating_queries import Limits

    chosen = session.settings.values.validation
    with contextlib.ExitStack() as stack:
        engine: Engine | None = None
        problem = ""
        try:
            engine = stack.enter_context(
                guarded(
                    session.warehouse,
                    session.project.profile().settings,
                    limits=Limits(chosen.timeout_s, chosen.memory_limit),
                )
            )
        except MissingExtra:
            raise
        except AidbtError as error:
            problem = error.message
        yield engine, problem


# --- what is said ------------------------------------------------------------------------------------------


def _summary(plan: ModelPlan, notes: Sequence[str]) -> dict[str, Any]:
    """What programs get."""
    from aidbt.generate.english_models.kept import tests_of

    found = plan.witnesses
    return {
        "name": plan.name,
        "sentence": plan.sentence,
        "reading": plan.reading,
        "replaced": plan.replaced,
        "query": plan.kept.reading,
        "sql": plan.sql,
        "by": plan.by or "aidbt",
        "level": plan.level,
        "materialized": plan.materialized.materialized,
        "reason": plan.materialized.reason,
        "grain": plan.kept.grain,
        "tests": tests_of(plan.kept.columns) + (len(plan.kept.grain) > 1),
        "unit_tests": len(found.sets) if found else 0,
        "faults_found": sum(len(rows.killed) for rows in found.sets) if found else 0,
        "faults_not_found": found.survived if found else (),
        "checks_passed": plan.rungs,
        "written": plan.in_state("written"),
        "updated": plan.in_state("updated"),
        "merged": plan.in_state("merged"),
        "unchanged": plan.in_state("unchanged"),
        "edited": plan.in_state("edited"),
        "older": plan.in_state("older"),
        "proposals": {path: f".aidbt/proposals/{path}" for path in plan.proposals},
        "notes": notes,
    }


def _text(
    plan: ModelPlan, notes: Sequence[str], *, dry_run: bool, may_replace: bool, show_all: bool
) -> Iterator[str]:
    if dry_run:
        yield from diff_lines(plan.patch)
    chosen = plan.materialized
    yield f"{bold(plan.name)}: {chosen.materialized} ({chosen.reason})"
    yield f"  read as: {plan.reading}"
    if plan.replaced:
        yield f"  in the place of: {plan.replaced}" + ("" if may_replace else " (this needs --replace)")
    if plan.by:
        yield f"  read by {plan.by}, not by aidbt's own English: check the reading"
    yield f"  checks passed: {', '.join(plan.rungs)}"
    yield from _tests(plan, show_all=show_all)
    if show_all:
        yield from (f"    {line}" for line in plan.sql.splitlines())
    yield from _files(plan, dry_run=dry_run)
    yield from _note_lines(notes)
    yield from _next(plan, dry_run=dry_run)


def _tests(plan: ModelPlan, *, show_all: bool) -> Iterator[str]:
    grain = plan.kept.grain
    if grain:
        yield f"  one row per {', '.join(grain)}"
    found = plan.witnesses
    if found is None:
        return
    rows = sum(len(held) for one in found.sets for held in one.rows.values())
    killed = sum(len(one.killed) for one in found.sets)
    number = count(len(found.sets), "unit test")
    yield f"  {number} of {count(rows, 'row')} tell it from {killed} of {killed + len(found.survived)} faults"
    if show_all:
        yield from (dim(f"    not told apart: {words}") for words in found.survived)


def _files(plan: ModelPlan, *, dry_run: bool) -> Iterator[str]:
    verb = "would write" if dry_run else "wrote"
    if plan.patch.edits:
        yield f"{verb} {count(len(plan.patch.edits), 'file')}:"
        for edit in plan.patch.edits:
            state = "merged " if edit.path in plan.in_state("merged") else "changed"
            yield f"  {'new    ' if edit.before is None else state} {edit.path}"
    for path in plan.in_state("edited"):
        yield f"kept your edit of {path}"
    for path in plan.in_state("older"):
        yield f"{path} is as another version of aidbt wrote it; --upgrade --dry-run shows what would change"
    for path in plan.proposals:
        why = plan.reasons.get(path, "your edit and what is new touch the same lines, or it is yours")
        yield f"{click.style('not written', fg='yellow')}: {path}: {why}; see .aidbt/proposals/{path}"


def _note_lines(notes: Sequence[str]) -> Iterator[str]:
    return (f"{click.style('note', fg='yellow')}: {note}" for note in notes)


def _next(plan: ModelPlan, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        return
    if plan.proposals:
        yield f"{bold('next')}: take over what you want of .aidbt/proposals by hand"
    elif plan.patch.edits:
        yield f"{bold('next')}: git diff, then aidbt build -s {plan.name}"
    else:
        yield "nothing to do: the model is up to date"


def _check(
    name: str | None, *, sentence: str | None, refine: Sequence[str], output: str, where: dict[str, Any]
) -> None:
    from aidbt.generate.english_models.check import check_models

    if sentence or refine:
        raise UsageError("--check compares what is kept, and reads no sentence", hint="leave one out")
    session = open_from(**where)
    names, findings = check_models(session.project.root, [name] if name else [])
    result = {"models": names, "findings": findings, "drift": bool(findings)}

    def text() -> Iterator[str]:
        state = "differ" if findings else "agree"
        yield f"{bold('kept readings and files ' + state)}: {count(len(names), 'model')} from English"
        yield from finding_lines(findings)

    emit(result, output=output, text=text)
    raise SystemExit(1 if findings else 0)
