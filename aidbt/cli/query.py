"""`aidbt query`."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import approver, open_from, project_options, yes_option
from aidbt.cli.query_output import (
    csv_lines,
    json_rows,
    refusal_json,
    refusal_lines,
    table_lines,
    total_line,
)
from aidbt.cli.render import bold, dim, emit
from aidbt.core.errors import AidbtError, UsageError
from aidbt.core.resilience import Level

if TYPE_CHECKING:
    from aidbt.cli.charts import Chart
    from aidbt.generate.grounded import Grounded
    from aidbt.semantic.answering import Understood
    from aidbt.semantic.query import Clock
    from aidbt.semantic.running import Rows
    from aidbt.semantic.statement import Statement
    from aidbt.session import Session

_FORMS = ("table", "json", "csv", "sql", "chart", "text")
_LARGEST_FILE = 200_000


@dataclass(frozen=True)
class _Request:
    """What was asked for on the command line; exactly one of question, names and file.

    Attributes:
        names: whether metrics are asked for by name.
    """

    question: str
    file: Path | None
    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    where: tuple[str, ...]
    order_by: tuple[str, ...]
    saved_query: str
    limit: int | None
    clock: dt.datetime | None
    instructions: str
    yes: bool

    @property
    def names(self) -> bool:
        return bool(self.metrics or self.group_by or self.saved_query)

    def check(self) -> None:
        """Return when one thing is asked for.

        Raises:
            UsageError: nothing is, or several things at once.
        """
        from aidbt.semantic.question_text import checked_instructions, checked_question

        checked_instructions(self.instructions)
        given = [bool(self.question), self.names, self.file is not None]
        if sum(given) > 1:
            raise UsageError("a question, metrics and a file were given", hint="give one of them")
        if not any(given):
            hint = 'as in: aidbt query "orders by month last year", or --metrics revenue'
            raise UsageError("nothing is asked", hint=hint)
        if (self.where or self.order_by) and not self.names:
            raise UsageError("--where and --order-by belong to --metrics", hint="say it in the question")
        if self.question:
            checked_question(self.question)


@dataclass(frozen=True)
class _Asked:
    """A question understood, by whichever way.

    Attributes:
        limited: the statement that is run: the same with no more rows than are read.
        groups: the columns that tell the rows apart.
        about: what programs are told of the way it was understood.
    """

    statement: Statement
    limited: Statement
    reading: str
    groups: tuple[str, ...]
    about: dict[str, Any]
    notes: tuple[str, ...] = ()
    units: dict[str, str] | None = None
    explained: Any = None
    grounded: Grounded | None = None


@click.command()
@click.argument("question", nargs=-1)
@click.option("--metrics", multiple=True, metavar="NAME,…", help="Metrics of the semantic layer, by name.")
@click.option(
    "--group-by", multiple=True, metavar="NAME,…", help="As in customer__country,metric_time__month."
)
@click.option(
    "--where", "conditions", multiple=True, metavar="FILTER", help="MetricFlow's filters; all hold."
)
@click.option("--order-by", multiple=True, metavar="NAME,…", help="Of --metrics; -NAME sorts descending.")
@click.option("--saved-query", default="", metavar="NAME", help="A saved query of the semantic layer.")
@click.option("--file", "-f", type=click.Path(path_type=Path), help="A query as YAML or JSON.")
@click.option("--limit", type=click.IntRange(min=1), help="The most rows that are wanted.")
@click.option("--output", type=click.Choice(_FORMS), default="table", show_default=True, help="The form.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw the answer into FILE.png or FILE.svg.")
@click.option("--explain", is_flag=True, help="Show the columns, the joins and the SQL too.")
@click.option("--dry-run", is_flag=True, help="Show the SQL, and run nothing.")
@click.option("--clock", metavar="TIME", help="Now, for relative times, as in 2025-06-15. Default: UTC.")
@click.option("--instructions", default="", help="Definitions that hold for this question.")
@yes_option
@project_options
def query(
    question: tuple[str, ...],
    metrics: tuple[str, ...],
    group_by: tuple[str, ...],
    conditions: tuple[str, ...],
    order_by: tuple[str, ...],
    saved_query: str,
    file: Path | None,
    limit: int | None,
    output: str,
    chart: Path | None,
    explain: bool,
    dry_run: bool,
    clock: str | None,
    instructions: str,
    yes: bool,
    **where: Any,
) -> None:
    """Answer a question about the data, in plain English or by metrics, with your own rights.

    QUESTION is read without a language model; one is asked only where llm.providers name it and our own
    English refuses. How it was understood is always shown. Exits 1 when the question is refused.
    """
    request = _Request(
        " ".join(question),
        file,
        _split(metrics),
        _split(group_by),
        conditions,
        _split(order_by),
        saved_query,
        limit,
        _time(clock),
        instructions,
        yes,
    )
    request.check()
    picture = _checked_picture(chart)
    document = _document(file) if file is not None else None
    session = open_from(**where)
    grounded = None if request.names else _grounded(session, request)
    try:
        if grounded is None:
            asked = _asked_by_name(session, request)
        else:
            asked = _with_limit(session, request, _understood(session, request, grounded, document), grounded)
    except AidbtError as error:
        _refuse(request, error, grounded, output)
        raise SystemExit(1) from None
    if dry_run:
        _emit_plan(request, asked, output)
        return
    rows = _run(session, request, asked)
    _emit_answer(request, asked, rows, output, explain=explain, picture=picture)


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    """Names given one by one, or with commas."""
    return tuple(name for value in values for part in value.split(",") if (name := part.strip()))


def _time(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
        return found.astimezone(dt.UTC).replace(tzinfo=None) if found.tzinfo is not None else found
    except (ValueError, OverflowError) as error:
        raise UsageError(f"'{text}' is no time", hint="write it as 2025-06-15 or 2025-06-15T18:30") from error


def _checked_picture(path: Path | None) -> Path | None:
    if path is None:
        return None
    from aidbt.cli.chart_drawing import checked_path

    return checked_path(path)


# --- understanding ------------------------------------------------------------------------------------


def _grounded(session: Session, request: _Request) -> Grounded:
    """The tables that can be asked about, with what their names and values mean."""
    from aidbt.generate.grounded import ground

    found = ground(
        session.project,
        session.settings,
        session.warehouse,
        session.profiles,
        cache=session.cache,
        approve=approver(request.yes),
    )
    if request.file is not None:  # it names its tables
        return found.widened()
    clock = _clock(request.clock, session.settings.values.semantic.week_start)
    return found.about(request.question, clock, instructions=_instructions(session, request))


def _instructions(session: Session, request: _Request) -> str:
    """The definitions of the project, and those of this question."""
    return "\n".join(filter(None, [session.settings.values.semantic.instructions, request.instructions]))


def _asked_by_name(session: Session, request: _Request) -> _Asked:
    """Metrics by name: no table is profiled, since nothing of the sentence has to be found."""
    from aidbt.semantic.layer.parsed_layer import project_metrics
    from aidbt.semantic.metric_question import MetricQuestion, asked_metrics

    manifest = project_metrics(session.project, session.settings.values.dbt)
    question = MetricQuestion(
        request.metrics,
        request.group_by,
        request.where,
        request.order_by,
        request.limit,
        request.saved_query,
    )
    dialect = session.warehouse.dialect
    asked = asked_metrics(question, manifest, dialect=dialect)
    most = session.settings.values.semantic.max_rows + 1
    least = min(most, request.limit) if request.limit is not None else most
    limited = asked_metrics(replace(question, limit=least), manifest, dialect=dialect)
    return _Asked(
        asked.statement,
        limited.statement,
        asked.reading,
        asked.groups,
        {"way": "metrics"},
        notes=asked.statement.notes,
    )


def _understood(session: Session, request: _Request, grounded: Grounded, document: Any) -> Understood:
    from aidbt.semantic.answering import from_document, understand
    from aidbt.semantic.ranking import ranked_by

    settings = session.settings.values.semantic
    dialect = session.warehouse.dialect
    clock = _clock(request.clock, settings.week_start)
    if request.file is not None:
        return from_document(document, grounded.grounding, clock, dialect=dialect)
    return understand(
        request.question,
        grounded.grounding,
        clock,
        dialect=dialect,
        instructions=_instructions(session, request),
        model=_model(session, grounded),
        rank=ranked_by(lambda: session.embed),
    )


def _model(session: Session, grounded: Grounded) -> Any:
    """The language model that may be asked; None where the settings name none."""
    from aidbt.semantic.llm_query import QueryModel

    settings = session.settings.values.llm
    if session.llm is None:
        return None
    return QueryModel(session.llm, settings.send_values, settings.timeout_s, session.cache, grounded.profiles)


def _clock(now: dt.datetime | None, week_start: int) -> Clock:
    from aidbt.semantic.query import Clock

    return Clock(now or dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0), week_start)


def _document(path: Path) -> Any:
    """The values of a query file; JSON is YAML too."""
    from aidbt.core.config import parse_yaml, read_text

    text = read_text(path)
    if len(text) > _LARGEST_FILE:
        raise UsageError(f"{path} is too large for a query ({len(text):,} characters)")
    return parse_yaml(text, str(path))


def _with_limit(session: Session, request: _Request, understood: Understood, grounded: Grounded) -> _Asked:
    """The question with the limit of the command line, and with that of the rows that are read."""
    from aidbt.semantic.explaining import explain_query, group_names, units_of
    from aidbt.semantic.query_json.document import query_to_json
    from aidbt.semantic.statement import limited, statement_of
    from aidbt.semantic.wording.sentences import describe

    grounding, dialect = grounded.grounding, session.warehouse.dialect
    asked = understood.query
    if request.limit is not None:
        asked = limited(asked, request.limit)
    most = session.settings.values.semantic.max_rows + 1
    about = {
        "way": understood.way,
        "by": understood.by,
        "level": understood.level,
        "query": query_to_json(asked),
    }
    return _Asked(
        statement_of(asked, grounding, dialect),
        statement_of(limited(asked, most), grounding, dialect),
        describe(asked, grounding.graph),
        group_names(asked),
        about,
        notes=(*understood.notes, *grounded.notes),
        units=units_of(asked, grounding.graph),
        explained=explain_query(asked, grounding.graph),
        grounded=grounded,
    )


def _run(session: Session, request: _Request, asked: _Asked) -> Rows:
    from aidbt.semantic.running import require_scan_allowed, run_statement, scan_of
    from aidbt.warehouse.budget import runs_as

    settings, profile = session.settings.values, session.project.profile()
    known = asked.grounded.relations.values() if asked.grounded else session.warehouse.relations()
    plan = scan_of(asked.limited, known, runs_as(profile.type, profile.settings))
    require_scan_allowed(plan, settings.budget, approver(request.yes))
    return run_statement(asked.limited, asked.statement, session.warehouse, settings.semantic)


def _refuse(request: _Request, error: AidbtError, grounded: Grounded | None, output: str) -> None:
    """Say why a question is not answered; an error that does not mean that is raised again.

    What of the project could not be read is said too: it may be what the question is about.
    """
    from aidbt.semantic.answering import as_refusal
    from aidbt.semantic.english.grounding.refusal import Refused
    from aidbt.semantic.graph import NoPath
    from aidbt.semantic.planning.errors import CannotPlan
    from aidbt.semantic.wording.names import table_nouns

    if not isinstance(error, Refused | NoPath | CannotPlan):
        raise error
    refused = as_refusal(error)
    notes = grounded.notes_of_refusal if grounded is not None else ()
    tables = sorted(table_nouns(grounded.grounding.graph).values()) if grounded is not None else []
    if output == "json":
        result = {"question": request.question, **refusal_json(refused), "notes": notes, "tables": tables}
        emit(result, output=output, text=list)
        return
    is_data = output in ("csv", "sql")  # whatever reads these forms takes each line of stdout for data
    for line in refusal_lines(refused, tables):
        click.echo(line, err=is_data)
    _say_notes(notes, err=is_data)


# --- saying it ----------------------------------------------------------------------------------------


def _emit_plan(request: _Request, asked: _Asked, output: str) -> None:
    """The SQL that would be run; nothing was."""
    result = {"question": request.question, "is_answered": False, "dry_run": True, **_about(asked)}
    if output != "json":
        _say_reading(asked, err=output == "sql")
    emit(result, output=output, text=lambda: [asked.statement.sql])


def _emit_answer(
    request: _Request, asked: _Asked, rows: Rows, output: str, *, explain: bool, picture: Path | None
) -> None:
    """Print the answer; what keeps it from being drawn is raised afterwards, so that no answer is lost."""
    chart, is_written, error = _drawn(asked, rows, output, picture)
    is_data = output in ("csv", "sql")
    if output == "json":
        emit(_result(request, asked, rows, picture if is_written else None), output="json", text=list)
    else:
        _say_reading(asked, err=is_data)
        if explain:
            _say_explained(asked, err=is_data)
        for line in _answer_lines(asked.statement.columns, asked, rows, chart, output):
            click.echo(line)
        click.echo(dim(total_line(rows.values, rows.total, is_cut=rows.is_cut)), err=is_data)
    if error is not None:
        raise error
    if picture is not None and output != "json":
        said = f"{bold('drawn')} {picture}" if is_written else f"{picture} was not drawn: there are no rows"
        click.echo(said, err=True)


def _drawn(
    asked: _Asked, rows: Rows, output: str, picture: Path | None
) -> tuple[Chart | None, bool, AidbtError | None]:
    """(the chart of an answer, whether its picture was written, why not); None where none is wanted."""
    if not rows.values or (picture is None and output != "chart"):
        return None, False, None
    from aidbt.cli.chart_drawing import write_picture

    chart = None
    try:
        chart = _chart(asked, rows)
        if picture is not None:
            _say_notes(filter(None, [write_picture(chart, picture)]), err=True)
    except AidbtError as error:
        return chart, False, error
    return chart, picture is not None, None


def _answer_lines(
    columns: tuple[str, ...], asked: _Asked, rows: Rows, chart: Chart | None, output: str
) -> Iterator[str]:
    if output == "csv":
        yield from csv_lines(columns, rows.values)
    elif output == "sql":
        yield asked.statement.sql
    elif chart is not None and output == "chart":
        from aidbt.cli.chart_drawing import chart_lines

        yield from chart_lines(chart, width=min(shutil.get_terminal_size().columns, 120))
    elif rows.values:
        yield from table_lines(columns, rows.values)


def _chart(asked: _Asked, rows: Rows) -> Chart:
    from aidbt.cli.charts import chart_of

    return chart_of(
        asked.statement.columns, rows.values, groups=asked.groups, title=asked.reading, units=asked.units
    )


def _about(asked: _Asked) -> dict[str, Any]:
    """How a question was understood, for programs."""
    explained = asked.explained
    rests_on = {"columns_read": explained.columns, "joins": explained.joins} if explained else {}
    defaults = {"by": "", "level": Level.FULL, "query": None}
    return {
        "reading": asked.reading,
        **defaults,
        **asked.about,
        "notes": asked.notes,
        **rests_on,
        "sql": asked.statement.sql,
        "dialect": asked.statement.dialect,
    }


def _result(request: _Request, asked: _Asked, rows: Rows, picture: Path | None) -> dict[str, Any]:
    columns = asked.statement.columns
    return {
        "question": request.question,
        "is_answered": True,
        **_about(asked),
        "columns": columns,
        "rows": json_rows(columns, rows.values),
        "row_count": len(rows.values),
        "total": rows.total,
        "is_cut": rows.is_cut,
        "chart": picture,
    }


def _say_reading(asked: _Asked, *, err: bool) -> None:
    click.echo(f"{bold('reading:')} {asked.reading}", err=err)
    _say_notes(asked.notes, err=err)


def _say_notes(notes: Iterable[str], *, err: bool) -> None:
    for note in notes:
        click.echo(f"{click.style('note:', fg='yellow')} {note}", err=err)


def _say_explained(asked: _Asked, *, err: bool) -> None:
    if asked.explained is not None:
        for name, lines in (("columns", asked.explained.columns), ("joins", asked.explained.joins)):
            for line in lines:
                click.echo(f"  {dim(f'{name:8}')} {line}", err=err)
    for line in asked.statement.sql.splitlines():
        click.echo(dim(f"  {line}"), err=err)
