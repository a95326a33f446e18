"""`aidbt profile` and `aidbt review`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from aidbt.cli.options import open_from, output_option, project_options, select_option
from aidbt.cli.render import bold, count, dim, emit, table


@click.command()
@select_option
@click.option("--refresh", is_flag=True, help="Scan again, even what did not change.")
@click.option("--why", is_flag=True, help="Show quantiles, lengths, formats and top values too.")
@project_options
@output_option
def profile(select: tuple[str, ...], refresh: bool, why: bool, output: str, **where: Any) -> None:
    """Show what the raw tables hold: nulls, distinct values, ranges, formats, keys."""
    from aidbt.generate.discover import profile_tables

    session = open_from(**where)
    profiles = profile_tables(
        session.project, session.settings, session.warehouse, session.profiles, select=select, refresh=refresh
    )
    emit(profiles, output=output, text=lambda: _profile_text(profiles, why))


def _profile_text(profiles: dict[str, Any], why: bool) -> Iterator[str]:
    yield f"{bold('profiled')} {count(len(profiles), 'table')}"
    for key, found in profiles.items():
        sampled = f"values and formats from {count(found.sample_rows, 'sampled row')}"
        keys = f"key: {', '.join(found.keys)}" if found.keys else "no single column is a key"
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
    """Exact where every row was compared, else marked as approximate."""
    return f"{rows:,}" if column.is_unique else f"~{column.distinct_count:,}"


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
@select_option
@project_options
@output_option
@click.pass_context
def review(
    context: click.Context, /, why: bool, show_tests: bool, select: tuple[str, ...], output: str, **where: Any
) -> None:
    """List and decide what waits for a person.

    Decisions are lines in aidbt/mappings/*.yml: edit them there, or with accept, reject and choose.
    """
    context.obj = where
    if context.invoked_subcommand is not None:
        return
    from aidbt.mapping.queue import review_items

    session = open_from(**where)
    items = review_items(session.project.root, select)
    evidence = _evidence(session, items) if why else {}
    emit(items, output=output, text=lambda: _review_text(items, evidence, show_tests=show_tests))


def _evidence(session: Any, items: Any) -> dict[str, dict[str, float]]:
    from aidbt.generate.discover import match_evidence

    found: dict[str, dict[str, float]] = match_evidence(
        session.project, session.settings, session.warehouse, session.profiles, {item.key for item in items}
    )
    return found


def _review_text(items: Any, evidence: dict[str, dict[str, float]], *, show_tests: bool) -> Iterator[str]:
    columns = [item for item in items if not item.test]
    tests = [item for item in items if item.test]
    if not items:
        yield "nothing waits for review"
        return
    yield f"{bold('waiting for you')}: {count(len(columns), 'column')}, {count(len(tests), 'proposed test')}"
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
    example = items[0].selector
    yield f"{bold('decide')}: aidbt review accept {example}"
    yield dim(
        "        aidbt review reject …, aidbt review choose … SOURCE_COLUMN, or edit aidbt/mappings/*.yml"
    )


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
