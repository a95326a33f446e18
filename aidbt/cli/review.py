"""`aidbt review`: what waits for a person, as a list, a page or one by one in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from aidbt.cli.options import open_from, output_option, project_options, select_option
from aidbt.cli.render import bold, count, dim, emit, table
from aidbt.core.errors import (
    BudgetExceeded,
    MissingExtra,
    ProfileError,
    UsageError,
    WarehouseError,
    WriteError,
)

_LATER = "later"
_SHOWN = 5


@click.group(invoke_without_command=True)
@click.option(
    "--why", is_flag=True, help="Show reasons, signals, the nearest rival and what the columns hold."
)
@click.option("--tests", "show_tests", is_flag=True, help="List the proposed tests too.")
@click.option("--ask", is_flag=True, help="Go through the open questions one by one.")
@click.option("--ui", is_flag=True, help="Decide one by one, with the keyboard, in the whole terminal.")
@click.option("--html", metavar="FILE", help="Write a page for reading, with everything in it.")
@click.option("--below", type=click.FloatRange(0, 1), help="Only columns less probable than this, e.g. 0.7.")
@click.option(
    "--by",
    type=click.Choice(["table", "probability", "impact"]),
    default="table",
    show_default=True,
    help="The order: as in the files, the most probable first, or that on which most hangs.",
)
@click.option("--strict", is_flag=True, help="Exit 1 while anything waits.")
@select_option
@project_options
@output_option
@click.pass_context
def review(
    context: click.Context,
    /,
    why: bool,
    show_tests: bool,
    ask: bool,
    ui: bool,
    html: str | None,
    below: float | None,
    by: Literal["table", "probability", "impact"],
    strict: bool,
    select: tuple[str, ...],
    output: str,
    **where: Any,
) -> None:
    """List and decide what waits for a person.

    Decisions are lines in aidbt/mappings/*.yml: edit them there, or with accept, reject, choose and never.
    What is asked once for a whole source is in aidbt/questions.yml: answer it there, or with answer.
    """
    context.obj = where
    if context.invoked_subcommand is not None:
        return
    if sum([ask, ui, html is not None, output == "json"]) > 1:
        raise UsageError(
            "--ask, --ui, --html and --output json exclude each other", hint="run one after the other"
        )
    if ask or ui:
        _require_terminal("--ask" if ask else "--ui")
    from aidbt.mapping.queue import review_queue

    session = open_from(**where)

    def waiting() -> Any:
        order = "table" if by == "impact" else by
        return review_queue(session.project.root, select, below=below, by=order)

    queue = _by_impact(session, waiting()) if by == "impact" else waiting()
    if ask:
        _ask_all(session.project.root, queue.questions)
    else:
        _show(session, queue, why=why, ui=ui, html=html, show_tests=show_tests, below=below, output=output)
    if strict:
        left = waiting() if ask or ui else queue
        raise SystemExit(1 if left.items or left.questions else 0)


def _show(
    session: Any,
    queue: Any,
    *,
    why: bool,
    ui: bool,
    html: str | None,
    show_tests: bool,
    below: float | None,
    output: str,
) -> None:
    """The queue in the form that was asked for."""
    if why or ui or html is not None or output == "json":
        queue = _explained(session, queue, asked=why, is_optional=not why and output != "json")
    if ui:
        _decide_all(session, queue)
    elif html is not None:
        _write_page(session, queue, html)
    else:
        emit(
            [*queue.questions, *queue.items],
            output=output,
            text=lambda: _queue_lines(queue, show_tests=show_tests, why=why, below=below),
        )


def _require_terminal(option: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        ways = {
            "--ask": "aidbt review answer ID OPTION, or edit aidbt/questions.yml",
            "--ui": "without one: aidbt review, aidbt review --html FILE, or --output json",
        }
        raise UsageError(f"{option} needs a terminal", hint=ways[option])


def _explained(session: Any, queue: Any, *, asked: bool, is_optional: bool) -> Any:
    """The queue with what its columns hold and, where that was asked for, why each was proposed.

    Args:
        is_optional: whether a warehouse that cannot be asked leaves the reasons out, and says so.
    """
    from aidbt.generate.discover import match_evidence
    from aidbt.mapping.waiting import with_evidence, with_samples

    items: Sequence[Any] = queue.items
    keys = {item.key for item in items if item.target}
    if keys and (asked or is_optional):
        try:
            about = (session.project, session.settings, session.warehouse, session.profiles)
            items = with_evidence(items, match_evidence(*about, keys, embed=session.embed))
        except (WarehouseError, ProfileError, BudgetExceeded, MissingExtra) as error:
            if not is_optional:
                raise
            click.echo(f"note: without reasons: {error.message}", err=True)
    return replace(queue, items=tuple(with_samples(items, _known_profiles(session, {i.key for i in items}))))


def _by_impact(session: Any, queue: Any) -> Any:
    """The queue with that first on which most hangs, as far as files and the store know."""
    from aidbt.generate.impact import downstream_of_mappings
    from aidbt.mapping.impact import by_impact

    profiles = _known_profiles(session, {item.key for item in queue.items})
    downstream = downstream_of_mappings(session.project, session.settings, profiles)
    return replace(queue, items=tuple(by_impact(queue.items, downstream)))


def _known_profiles(session: Any, keys: set[str]) -> dict[str, Any]:
    """The stored profiles by "source.table"; a column that any of a table's profiles calls personal is.

    Of several of a table the one of the most rows counts, since tables grow, and of the columns that it does
    not have what the others say: a column that is new, or was renamed, is in one of them only.
    """
    by_table: dict[str, list[Any]] = {}
    for key, fingerprint in session.cache.get_all("profile") if keys else ():
        profile = session.profiles.get(key, fingerprint) if key in keys else None
        if profile is not None:
            by_table.setdefault(key, []).append(profile)
    return {key: _merged(profiles) for key, profiles in by_table.items()}


def _merged(profiles: list[Any]) -> Any:
    """One profile of a table with every column that any of its profiles has."""
    ranked = sorted(profiles, key=lambda profile: (-profile.row_count, profile.fingerprint))
    pii = {c.name: c.pii for profile in ranked for c in profile.columns if c.pii}
    columns = {c.name: c for profile in reversed(ranked) for c in profile.columns}
    names = dict.fromkeys(c.name for profile in ranked for c in profile.columns)
    return replace(ranked[0], columns=tuple(replace(columns[name], pii=pii.get(name, "")) for name in names))


def _types(profiles: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The types of the profiled columns by "source.table" and name."""
    return {key: {c.name: c.data_type for c in profile.columns} for key, profile in profiles.items()}


def _decide_all(session: Any, queue: Any) -> None:
    """Open the terminal's own screen for the queue, and say afterwards what was decided."""
    from aidbt.mapping.sitting import Sitting

    if not queue.items:
        click.echo("no column or test waits for review")
        return
    try:
        from aidbt.cli.review_app import ReviewApp
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "textual":
            raise
        raise MissingExtra("aidbt review --ui", "tui") from error
    least = session.settings.values.mapping.review
    profiles = _known_profiles(session, {item.key for item in queue.items})
    dialect = session.project.profile().type
    sitting = Sitting(session.project.root, dialect=dialect, least=least, types=_types(profiles))
    ReviewApp(sitting, queue.items, profiles).run()
    said = ", ".join(f"{verb} {number}" for verb, number in sitting.counts.items())
    click.echo(said or "nothing was decided")
    if queue.questions:
        click.echo(f"{count(len(queue.questions), 'question')} left: aidbt review --ask")
    if said:
        click.echo(f"{bold('next')}: aidbt generate")


def _write_page(session: Any, queue: Any, file: str) -> None:
    from aidbt.observability.review_page import review_page

    try:
        Path(file).write_text(review_page(queue, project=session.project.name), encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"{file} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error
    click.echo(f"wrote {file}: {_waiting(queue) or 'nothing waits'}")


def _ask_all(root: Path, questions: Any) -> None:
    """Ask each open question in the terminal; Enter takes what is recommended."""
    from aidbt.mapping.question_files import answer as answer_question

    if not questions:
        click.echo("no question is open")
        return
    answered = 0
    for number, item in enumerate(questions, 1):
        asked = item.question
        click.echo(f"{dim(f'{number}/{len(questions)}')} {bold(item.sentence)}")
        for where, seen in list(item.about.items())[:_SHOWN]:
            click.echo(dim(f"      {where}: {seen}"))
        if len(item.about) > _SHOWN:
            click.echo(dim(f"      … and {len(item.about) - _SHOWN} more"))
        for line in table([[name, says] for name, says in asked.options.items()]):
            click.echo(f"  {line}")
        choices = click.Choice([*asked.options, _LATER])
        chosen = click.prompt("  answer", type=choices, default=asked.recommended, show_choices=False)
        if chosen != _LATER:
            answer_question(root, asked.id, chosen)
            answered += 1
    click.echo(f"answered {count(answered, 'question')} of {len(questions)}")
    click.echo(f"{bold('next')}: aidbt generate")


def _queue_lines(queue: Any, *, show_tests: bool, why: bool, below: float | None) -> Iterator[str]:
    from aidbt.mapping.waiting import percent

    if queue.tables:
        yield f"{bold('mapped')} {count(queue.tables, 'table')}: {', '.join(_decided(queue))}"
    waiting = _waiting(queue)
    under = f" below {percent(below)}" if below is not None else ""
    if not waiting:
        yield f"nothing waits for review{under}" + ("" if queue.tables else ": no table is mapped yet")
        if not queue.tables:
            yield f"{bold('next')}: aidbt map"
        return
    yield f"{bold('waiting for you')}{under}: {waiting}"
    yield f"{bold('next')}: {_next(queue)}"
    yield from _question_lines(queue.questions, why=why)
    if queue.items:
        yield from _item_lines(queue.items, show_tests=show_tests, why=why)


def _decided(queue: Any) -> list[str]:
    """What is decided already, in a few words each."""
    found = [f"{count(queue.by_aidbt, 'column')} accepted by aidbt"]
    found += [f"{queue.by_people:,} by people"] if queue.by_people else []
    return found + ([f"{queue.rejected:,} rejected"] if queue.rejected else [])


def _waiting(queue: Any) -> str:
    columns = sum(not item.test for item in queue.items)
    kinds = (
        (len(queue.questions), "question"),
        (columns, "column"),
        (len(queue.items) - columns, "proposed test"),
    )
    return ", ".join(count(number, noun) for number, noun in kinds if number)


def _next(queue: Any) -> str:
    """The command to go on with: questions first, they decide many columns at once."""
    if queue.questions:
        return "aidbt review --ask"
    return "aidbt review --ui, or one of the commands below"


def _question_lines(questions: Any, *, why: bool) -> Iterator[str]:
    for item in questions:
        yield f"  {bold(item.question.id)}  {item.sentence}"
        shown = list(item.about.items())[: None if why else 1]
        yield from (dim(f"      {where}: {seen}") for where, seen in shown)
        if len(shown) < len(item.about):
            yield dim(f"      … and {len(item.about) - len(shown)} more (--why)")
        rows = [
            [("→ " if name == item.question.recommended else "  ") + name, says]
            for name, says in item.question.options.items()
        ]
        yield from (f"    {line}" for line in table(rows))
    if questions:
        yield f"{bold('answer')}: {questions[0].commands['answer']}"
        yield dim("        --except SOURCE.TABLE.COLUMN leaves one out; aidbt review --ask asks one by one")


def _item_lines(items: Sequence[Any], *, show_tests: bool, why: bool) -> Iterator[str]:
    from aidbt.mapping.waiting import percent

    columns = [item for item in items if not item.test]
    tests = [item for item in items if item.test]
    rows = [
        [
            i.selector,
            i.proposal or "-",
            "" if i.score is None else f"{percent(i.score):>5}",
            *([i.impact.text] if i.impact else []),
            i.note,
        ]
        for i in columns
    ]
    for item, line in zip(columns, table(rows), strict=True):
        yield line
        if why:
            yield from (dim(f"      {said}") for said in _why(item))
    if tests and not show_tests:
        yield dim(f"  {count(len(tests), 'proposed test')}: aidbt review --tests")
    elif tests:
        yield from table([[item.selector, item.proposal] for item in tests])
    # What is shown to be accepted is the likeliest: it is what people paste.
    listed = columns or tests
    acceptable = (item for item in listed if item.can_accept)
    first = max(acceptable, key=lambda item: item.score or 0.0, default=listed[0])
    yield f"{bold('decide')}: {next(iter(first.commands.values()))}"
    yield dim("        aidbt review reject …, choose … SOURCE_COLUMN, never …, or edit aidbt/mappings/*.yml")


def _why(item: Any) -> Iterator[str]:
    """Why it was proposed, and what stands against it: a line each."""
    from aidbt.mapping.waiting import behind, percent

    if item.wanted_type or item.description:
        yield f"wanted: {' · '.join(part for part in (item.wanted_type, item.description) if part)}"
    if item.expression:
        yield f"made by: {' '.join(item.expression.split())}"
    if item.gone:
        yield f"{item.key} has no column {', '.join(item.gone)} (any more)"
    for sample in item.samples:
        if sample.column in item.sources:
            yield f"{sample.column} holds: {sample.text}"
    if item.reasons:
        yield f"why: {'; '.join(item.reasons)}"
    if item.signals:
        yield f"signals: {', '.join(f'{name} {value:.2f}' for name, value in item.signals.items())}"
    if item.rival:
        yield f"nearest rival: {item.rival}{behind(item.margin)}"
    rivals = [f"{name} {percent(score)}" for name, score in item.alternatives]
    yield f"other candidates: {', '.join(rivals) or 'none'}"


@review.command()
@click.argument("question")
@click.argument("option")
@click.option("--except", "excepted", multiple=True, help="SOURCE.TABLE.COLUMN that stays as it is.")
@click.pass_obj
def answer(where: dict[str, Any], question: str, option: str, excepted: tuple[str, ...]) -> None:
    """Answer a QUESTION for everything it is about with one OPTION of its options."""
    from aidbt.mapping.question_files import already_decided
    from aidbt.mapping.question_files import answer as answer_question

    root = open_from(**where).project.root
    answered, changed = answer_question(root, question, option, excepted=excepted)
    decided = already_decided(root, answered)
    if decided:
        click.echo(
            f"{count(len(decided), 'column')} decided before stay as they are: {', '.join(decided[:_SHOWN])}"
        )
    _told(f"answered {question} with {option}", changed)


@review.command()
@click.argument("selectors", nargs=-1, required=True)
@click.pass_obj
def accept(where: dict[str, Any], selectors: tuple[str, ...]) -> None:
    """Accept proposals: SOURCE.TABLE.COLUMN, or SOURCE.TABLE.COLUMN:TEST."""
    from aidbt.mapping.queue import accept_all

    session = open_from(**where)
    _told("accepted", accept_all(session.project.root, selectors))


@review.command()
@click.argument("selectors", nargs=-1, required=True)
@click.pass_obj
def reject(where: dict[str, Any], selectors: tuple[str, ...]) -> None:
    """Reject proposals: the column or test is left out."""
    from aidbt.mapping.queue import reject_all

    session = open_from(**where)
    _told("rejected", reject_all(session.project.root, selectors))


@review.command()
@click.argument("selector")
@click.argument("sources", nargs=-1)
@click.option("--expression", help="SQL over the source columns.")
@click.pass_obj
def choose(where: dict[str, Any], selector: str, sources: tuple[str, ...], expression: str | None) -> None:
    """Choose other source columns for SOURCE.TABLE.COLUMN; several need --expression."""
    from aidbt.mapping.decisions import parse_selector
    from aidbt.mapping.files import load_mappings
    from aidbt.mapping.queue import choose_one

    session = open_from(**where)
    dialect = session.project.profile().type
    root = session.project.root
    types = _types(_known_profiles(session, {parse_selector(selector, load_mappings(root)).key}))
    _told("chosen", choose_one(root, selector, sources, expression=expression, dialect=dialect, types=types))


@review.command()
@click.argument("selector")
@click.argument("source", default="")
@click.pass_obj
def never(where: dict[str, Any], selector: str, source: str) -> None:
    """Never propose SOURCE, or what is proposed now, for SOURCE.TABLE.COLUMN again.

    The next best candidate waits in its place; choosing it after all takes the word back.
    """
    from aidbt.mapping.queue import never_one, review_items

    session = open_from(**where)
    root = session.project.root
    dialect, least = session.project.profile().type, session.settings.values.mapping.review
    changed = never_one(root, selector, source, dialect=dialect, least=least)
    left = next((item for item in review_items(root) if item.selector == selector), None)
    _told(f"not proposed again for {selector}", changed, then=left.proposal if left else None)


def _told(verb: str, paths: list[str], *, then: str | None = None) -> None:
    click.echo(f"{verb}; changed {', '.join(paths)}" if paths else "it is so already; nothing changed")
    if then is None:
        click.echo(f"{bold('next')}: aidbt generate")
    elif then:
        click.echo(f"proposed now: {then}; {bold('next')}: aidbt review")
    else:
        click.echo(f"nothing else is proposed; {bold('next')}: aidbt review choose")
