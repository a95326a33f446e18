"""`aidbt profile` and `aidbt review`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.options import (
    approver,
    open_from,
    output_option,
    project_options,
    scan_plan_lines,
    select_option,
    yes_option,
)
from aidbt.cli.render import bold, count, dim, emit, table


@click.command()
@select_option
@click.option("--refresh", is_flag=True, help="Scan again, even what did not change.")
@click.option("--why", is_flag=True, help="Show quantiles, lengths, formats and top values too.")
@click.option("--dry-run", is_flag=True, help="Show what would be scanned, and scan nothing.")
@yes_option
@project_options
@output_option
def profile(
    select: tuple[str, ...],
    refresh: bool,
    why: bool,
    dry_run: bool,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Show what the raw tables hold: nulls, distinct values, ranges, formats, keys."""
    from aidbt.generate.discover import plan_profiling, profile_tables

    session = open_from(**where)
    about = (session.project, session.settings, session.warehouse, session.profiles)
    if dry_run:
        plan = plan_profiling(*about, select=select, refresh=refresh)
        emit(plan, output=output, text=lambda: scan_plan_lines(plan))
        return
    profiles, refused = profile_tables(*about, select=select, refresh=refresh, approve=approver(yes))
    emit(profiles, output=output, text=lambda: _profile_text(profiles, why))
    for key, error in sorted(refused.items()):
        click.echo(f"{bold('error:')} {key} cannot be read: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
    if refused:
        raise SystemExit(1)


def _profile_text(profiles: dict[str, Any], why: bool) -> Iterator[str]:
    yield f"{bold('profiled')} {count(len(profiles), 'table')}"
    for key, found in profiles.items():
        sampled = f"values and formats from {count(found.sample_rows, 'sampled row')}"
        keys = ", ".join([*found.keys, *(" + ".join(columns) for columns in found.composite_keys)])
        keys = f"key: {keys}" if keys else "no column is a key"
        yield ""
        yield f"{bold(key)}  {count(found.row_count, 'row')}; {keys}; {sampled}"
        rows = [
            [
                c.name,
                c.data_type.lower(),
                f"{c.null_rate:.1%}",
                _distinct(c, found.row_count),
                _range(c),
                _holds(c),
            ]
            for c in found.columns
        ]
        yield from table(rows, ["column", "type", "null", "distinct", "range", "holds"])
        if why:
            for c in found.columns:
                yield from _detail(c)


def _distinct(column: Any, rows: int) -> str:
    """Exact where every row was compared, else marked as approximate; "" where it was not counted."""
    if column.is_unique:
        return f"{rows:,}"
    return f"~{column.distinct_count:,}" if column.distinct_count or column.null_rate == 1 or not rows else ""


def _range(column: Any) -> str:
    if column.minimum is not None:
        return f"{column.minimum} … {column.maximum}"
    if column.max_length is not None:
        return f"{column.min_length}–{column.max_length} characters"
    return ""


def _holds(column: Any) -> str:
    parts = [name for name, share in column.formats.items() if share >= 0.95]
    if column.role:
        parts.append(column.role.replace("_", " "))
    return ", ".join(parts)


def _quantile(column: Any, value: float) -> str:
    from datetime import UTC, datetime

    if column.role is None or abs(value) > 2e11:
        return f"{value:.6g}"
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M")


def _detail(column: Any) -> Iterator[str]:
    parts = []
    if column.mean is not None:
        spread = f" ± {column.stddev:.4g}" if column.stddev is not None else ""
        parts.append(f"mean {column.mean:.4g}{spread}")
    if column.quantiles:
        parts.append("quantiles 5/25/50/75/95 %: " + " ".join(_quantile(column, q) for q in column.quantiles))
    if column.top_values:
        parts.append("top " + ", ".join(f"{value} {share:.0%}" for value, share in column.top_values[:5]))
    if parts:
        yield dim(f"    {column.name}: {'; '.join(parts)}")


@click.group(invoke_without_command=True)
@click.option("--why", is_flag=True, help="Show what each signal says and the next best candidates.")
@click.option("--tests", "show_tests", is_flag=True, help="List the proposed tests too.")
@click.option("--ask", is_flag=True, help="Go through the open questions one by one.")
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
    select: tuple[str, ...],
    output: str,
    **where: Any,
) -> None:
    """List and decide what waits for a person.

    Decisions are lines in aidbt/mappings/*.yml: edit them there, or with accept, reject and choose. What is
    asked once for a whole source is in aidbt/questions.yml: answer it there, or with answer.
    """
    context.obj = where
    if context.invoked_subcommand is not None:
        return
    from aidbt.mapping.queue import review_items, review_questions

    session = open_from(**where)
    root = session.project.root
    questions = review_questions(root, select)
    if ask:
        _ask_all(root, questions)
        return
    items = review_items(root, select)
    evidence = _evidence(session, items) if why else {}
    emit(
        [*questions, *items],
        output=output,
        text=lambda: _review_text(questions, items, evidence, show_tests=show_tests, why=why),
    )


def _ask_all(root: Any, questions: Any) -> None:
    """Ask each open question in the terminal; Enter takes what is recommended."""
    from aidbt.core.errors import UsageError
    from aidbt.mapping.question_files import answer as answer_question

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "--ask needs a terminal", hint="aidbt review answer ID OPTION, or edit aidbt/questions.yml"
        )
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


_LATER = "later"
_SHOWN = 5


def _evidence(session: Any, items: Any) -> dict[str, dict[str, float]]:
    from aidbt.generate.discover import match_evidence

    found: dict[str, dict[str, float]] = match_evidence(
        session.project, session.settings, session.warehouse, session.profiles, {item.key for item in items}
    )
    return found


def _review_text(
    questions: Any, items: Any, evidence: dict[str, dict[str, float]], *, show_tests: bool, why: bool
) -> Iterator[str]:
    columns = [item for item in items if not item.test]
    tests = [item for item in items if item.test]
    if not items and not questions:
        yield "nothing waits for review"
        return
    waiting = [
        count(len(kind), noun)
        for kind, noun in ((questions, "question"), (columns, "column"), (tests, "proposed test"))
        if kind
    ]
    yield f"{bold('waiting for you')}: {', '.join(waiting)}"
    yield from _question_lines(questions, why=why)
    if items:
        yield from _item_lines(columns, tests, evidence, show_tests=show_tests)


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
        first = questions[0].question
        yield f"{bold('answer')}: aidbt review answer {first.id} {first.recommended}"
        yield dim("        --except SOURCE.TABLE.COLUMN leaves one out; aidbt review --ask asks one by one")


def _item_lines(
    columns: Any, tests: Any, evidence: dict[str, dict[str, float]], *, show_tests: bool
) -> Iterator[str]:
    rows = [[i.selector, i.proposal or "-", f"{i.score:.2f}" if i.score else "", i.note] for i in columns]
    for item, line in zip(columns, table(rows), strict=True):
        yield line
        said = evidence.get(item.selector)
        if said is not None:
            rivals = ", ".join(f"{name} {score:.2f}" for name, score in item.alternatives) or "none"
            parts = ", ".join(f"{name} {score:.2f}" for name, score in said.items())
            yield dim(f"      signals: {parts or 'none'}; next best: {rivals}")
    if tests and not show_tests:
        yield dim(f"  {count(len(tests), 'proposed test')}: aidbt review --tests")
    elif tests:
        yield from table([[item.selector, item.proposal] for item in tests])
    yield f"{bold('decide')}: aidbt review accept {shlex.quote([*columns, *tests][0].selector)}"
    yield dim(
        "        aidbt review reject …, aidbt review choose … SOURCE_COLUMN, or edit aidbt/mappings/*.yml"
    )


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
    from aidbt.mapping.queue import choose_one

    session = open_from(**where)
    dialect = session.project.profile().type
    root = session.project.root
    _told("chosen", choose_one(root, selector, sources, expression=expression, dialect=dialect))


def _told(verb: str, paths: list[str]) -> None:
    click.echo(f"{verb}; changed {', '.join(paths)}" if paths else "it is so already; nothing changed")
    click.echo(f"{bold('next')}: aidbt generate")
