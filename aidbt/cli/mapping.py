"""`aidbt profile`."""

from __future__ import annotations

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
