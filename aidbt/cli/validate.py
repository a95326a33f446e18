"""`aidbt validate`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, finding_lines
from aidbt.core.errors import AidbtError, MissingExtra, UsageError
from aidbt.core.findings import Severity

if TYPE_CHECKING:
    from aidbt.review.validation import Checked, ProjectValidator, Query
    from aidbt.session import Session
    from aidbt.sql.validate import Engine, Rung

# `aidbt.sql.validate.RUNGS`, written out so that `--help` need not import it.
_RUNGS = ("parse", "read_only", "allowed", "names", "grain", "explain", "describe", "sample", "keys")
_ENGINE_RUNGS = frozenset({"explain", "describe", "sample", "keys"})
_STDIN = "-"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--select",
    "-s",
    multiple=True,
    help="Names of models, snapshots, tests, or their paths; * matches anything.",
)
@click.option(
    "--upto",
    type=click.Choice(_RUNGS),
    help="The last rung to ask. Default: sample on DuckDB, elsewhere describe, which reads no rows.",
)
@click.option("--allow", multiple=True, metavar="FUNCTION", help="A function of your own that only computes.")
@click.option("--all", "show_all", is_flag=True, help="Every finding, and every query with its rungs.")
@project_options
@output_option
def validate(
    files: tuple[Path, ...],
    select: tuple[str, ...],
    upto: Rung | None,
    allow: tuple[str, ...],
    show_all: bool,
    output: str,
    **where: Any,
) -> None:
    """Say what is wrong with SQL, without letting it do any harm.

    FILES are models or other files of SQL, - is standard input; without any, everything that the project runs
    is validated. Rungs: parse, read_only, allowed (relations and functions), names, grain, explain, describe,
    sample (a few rows under a deadline), keys (what is declared unique). Exits 1 when a query has an error.
    """
    from aidbt.lineage.project import read_project
    from aidbt.review.validation import QUERY_TYPES, ProjectValidator, inline_compiler

    if select and files:
        raise UsageError("files and --select were given", hint="give one of them")
    session = open_from(**where)
    read = read_project(
        session.project,
        session.settings.values.dbt,
        warehouse=session.warehouse,
        cache=session.cache,
        needed=QUERY_TYPES,
    )
    last: Rung = upto or ("sample" if session.project.profile().type == "duckdb" else "describe")
    with _engine(session, last) as (engine, problem):
        validator = ProjectValidator(
            read,
            session.project.root,
            engine=engine,
            functions=(*session.settings.values.validation.functions, *allow),
            compile=inline_compiler(session.project, session.settings.values.dbt),
        )
        queries = _queries(validator, files, select)
        checked = [validator.check(query, upto=last) for query in queries]
    result = {
        "is_valid": all(item.is_valid for item in checked),
        "upto": last,
        "engine_problem": problem,
        "warehouse_problem": read.warehouse_problem,
        "was_compiled": read.was_compiled,
        "queries": checked,
    }
    emit(result, output=output, text=lambda: _text(checked, last, problem, show_all))
    raise SystemExit(0 if result["is_valid"] else 1)


def _queries(validator: ProjectValidator, files: Sequence[Path], select: Sequence[str]) -> list[Query]:
    if not files:
        return validator.queries(select)
    return [
        validator.query_of_text(sys.stdin.read()) if str(file) == _STDIN else validator.query_of_file(file)
        for file in files
    ]


@contextlib.contextmanager
def _engine(session: Session, last: str) -> Iterator[tuple[Engine | None, str]]:
    """(a guarded connection, why there is none); a rung below the engine's needs none."""
    from aidbt.warehouse.validating import guarded
    from aidbt.warehouse.validating_queries import Limits

    if last not in _ENGINE_RUNGS:
        yield None, ""
        return
    with contextlib.ExitStack() as stack:
        engine: Engine | None = None
        problem = ""
        try:
            settings = session.project.profile().settings
            chosen = session.settings.values.validation
            limits = Limits(chosen.timeout_s, chosen.memory_limit)
            engine = stack.enter_context(guarded(session.warehouse, settings, limits=limits))
        except MissingExtra:
            raise
        except AidbtError as error:
            problem = error.message
        yield engine, problem


def _text(checked: Sequence[Checked], last: str, problem: str, show_all: bool) -> Iterator[str]:
    wrong = [item for item in checked if not item.is_valid]
    found = [finding for item in checked for finding in item.findings]
    findings = [finding for finding in found if show_all or finding.severity is not Severity.INFO]
    valid = len(checked) - len(wrong)
    colour = "red" if wrong else "green"
    if not checked:
        yield "found nothing to validate: the project has no models, snapshots, analyses or tests in SQL"
        return
    yield click.style(f"{valid:,} of {count(len(checked), 'query', 'queries')} valid", fg=colour, bold=True)
    if problem:
        yield f"  the engine was not asked: {problem}"
    yield from finding_lines(findings, at_most=len(findings) if show_all else 10)
    for finding in findings:
        if finding.patch is not None and (show_all or len(findings) <= 10):
            yield dim(f"    {finding.where}: {finding.patch.reason} would settle it")
    if show_all:
        for item in checked:
            rungs = ", ".join(f"{rung} {ms:.1f} ms" for rung, ms in item.ms.items())
            yield f"  {bold(item.path)} {dim(rungs)}"
            yield from (dim(f"    {rung}: {why}") for rung, why in item.skipped.items())
    elif not wrong:
        yield from _not_asked(checked, last)


def _not_asked(checked: Sequence[Checked], last: str) -> Iterator[str]:
    """What was not asked of all queries, and why: the commonest reason of the highest rung."""
    short = [item for item in checked if item.reached != last]
    if short:
        why = next((item.skipped[last] for item in short if last in item.skipped), "")
        yield dim(
            f"  {count(len(short), 'query', 'queries')} not asked for '{last}': {why} (--all shows each)"
        )
