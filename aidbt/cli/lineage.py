"""`aidbt lineage`: what columns are made of and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.lineage_text import (
    Steps,
    coverage_lines,
    lineage_lines,
    reached_nodes,
    tagged_columns,
    tags_of,
)
from aidbt.cli.options import manifest_option, open_from, output_option, project_options
from aidbt.cli.render import emit
from aidbt.core.errors import ProfileError, UnknownName, UsageError, WriteError

if TYPE_CHECKING:
    from aidbt.lineage.graph import ColumnRef, Edge, Lineage, NodeLineage
    from aidbt.lineage.project import ReadProject
    from aidbt.session import Session
    from aidbt.sql.resolved import OutputColumn
    from aidbt.warehouse import Warehouse


@click.command()
@click.argument("names", nargs=-1, metavar="[COLUMN|NODE]...")
@click.option("--upstream", is_flag=True, help="Only what it is made of.")
@click.option("--downstream", is_flag=True, help="Only what is made of it.")
@click.option("--depth", type=click.IntRange(1), metavar="STEPS", help="At most so many steps.")
@click.option("--rows/--no-rows", default=False, help="With the columns that decide which rows there are.")
@click.option("--tag", metavar="TAG", help="Where the values of tagged columns flow, e.g. --tag pii.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write it all as one page.")
@click.option("--mermaid", "form", flag_value="mermaid", help="Print a Mermaid flowchart.")
@click.option("--dot", "form", flag_value="dot", help="Print a graph for Graphviz.")
@manifest_option
@click.option("--no-compile", is_flag=True, help="Take the newest manifest there is, and never run dbt.")
@click.option("--no-warehouse", is_flag=True, help="Take types from dbt's catalog.json, ask no warehouse.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every column is resolved.")
@click.option("--all", "show_all", is_flag=True, help="List everything.")
@project_options
@output_option
def lineage(
    names: tuple[str, ...],
    upstream: bool,
    downstream: bool,
    depth: int | None,
    rows: bool,
    tag: str | None,
    html: Path | None,
    form: str | None,
    manifest: Path | None,
    no_compile: bool,
    no_warehouse: bool,
    strict: bool,
    show_all: bool,
    output: str,
    **where: Any,
) -> None:
    """Say what columns are made of, and what is made of them.

    COLUMN is node.column, NODE a model, snapshot, seed or source.table. Without either: how much of the
    project is known, and what is not, and why. Models are read as dbt compiles them; nothing is built.
    """
    from aidbt.lineage.exposures import with_exposures

    _refuse_contradictions(names, tag=tag, html=html, form=form, output=output)
    session = open_from(**where)
    read = _read(session, manifest, no_compile=no_compile, no_warehouse=no_warehouse)
    found = read.lineage
    refs = [found.find(name) for name in names]
    steps = Steps(upstream or not downstream, downstream or not upstream, depth, rows)
    if tag is not None:
        _require_tag(found, tag)
    if html is not None:
        _write_page(with_exposures(found, read.manifest), html, project=session.project.name)
    if form is not None:
        _draw(with_exposures(found, read.manifest), refs[0] if refs else None, form, steps)
    else:
        emit(
            _summary(read, refs, tag, steps) if output == "json" else None,
            output=output,
            text=lambda: lineage_lines(read, refs, tag, steps, html=html, show_all=show_all),
        )
    raise SystemExit(1 if strict and not found.coverage.is_complete else 0)


def _refuse_contradictions(
    names: Sequence[str], *, tag: str | None, html: Path | None, form: str | None, output: str
) -> None:
    wanted = {"--html": html is not None, f"--{form}": form is not None, "--output json": output == "json"}
    given = [option for option, is_given in wanted.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", hint="run one after the other")
    if tag is not None and (names or form):
        raise UsageError("--tag is about the whole project", hint="leave out the names, --mermaid and --dot")
    if form is not None and len(names) > 1:
        raise UsageError(f"--{form} draws one picture", hint="name one column, one node, or none for all")


def _read(session: Session, manifest: Path | None, *, no_compile: bool, no_warehouse: bool) -> ReadProject:
    from rich.console import Console

    from aidbt.lineage.project import read_project

    warehouse = None if no_warehouse else _warehouse(session, is_needed=not (manifest or no_compile))
    with Console(stderr=True).status("reading the project"):
        return read_project(
            session.project,
            session.settings.values.dbt,
            warehouse=warehouse,
            cache=session.cache,
            manifest_path=manifest,
            compile="never" if no_compile else "auto",
            as_written=True,
        )


def _warehouse(session: Session, *, is_needed: bool) -> Warehouse | None:
    """The project's warehouse; reading a manifest that is there goes without a profile too."""
    try:
        return session.warehouse
    except ProfileError as error:
        if is_needed:
            raise
        click.echo(f"note: without the warehouse: {error.message}", err=True)
        return None


def _require_tag(found: Lineage, tag: str) -> None:
    known = {tag for tags in found.carried_tags.values() for tag in tags}
    if tag not in known:
        if not known:
            raise UsageError(
                f"no column has the tag '{tag}', nor any other",
                hint="tag columns in their YAML: config: {tags: [pii]}",
            )
        raise UnknownName("tag of a column", tag, known)


def _write_page(found: Lineage, file: Path, *, project: str) -> None:
    from aidbt.lineage.page import lineage_page

    try:
        file.write_text(lineage_page(found, project=project), encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"{file} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error


def _draw(found: Lineage, ref: ColumnRef | None, form: str, steps: Steps) -> None:
    """The picture to stdout, for a file or a program; the coverage beside it."""
    from aidbt.lineage import exports

    picture = getattr(exports, form)(
        found,
        ref,
        upstream=steps.upstream,
        downstream=steps.downstream,
        depth=steps.depth,
        rows=steps.rows,
    )
    for line in coverage_lines(found.coverage):
        click.echo(line, err=True)
    click.echo(picture, nl=False)


# --- for programs -------------------------------------------------------------------------------------


def _summary(read: ReadProject, refs: Sequence[ColumnRef], tag: str | None, steps: Steps) -> dict[str, Any]:
    """What programs get: all nodes where nothing is named, else what is named."""
    from aidbt.lineage.graph import ROWS, ColumnRef

    found = read.lineage
    result: dict[str, Any] = {
        "coverage": found.coverage,
        "findings": found.findings,
        "warehouse_problem": read.warehouse_problem,
        "was_compiled": read.was_compiled,
        "compile_problem": read.compile_problem,
    }
    if tag is not None:
        return {**result, "tagged": _tagged(found, tag)}
    nodes = [found.nodes[ref.node] for ref in refs if not ref.column]
    return {
        **result,
        "columns": [
            {**_column_summary(found, ref, steps), "exposures": _exposures(read, ref, steps)}
            for ref in refs
            if ref.column
        ],
        "nodes": [
            {
                **_node_summary(found, node),
                "exposures": _exposures(read, ColumnRef(node.unique_id, ROWS), steps),
            }
            for node in (nodes if refs else found.nodes.values())
        ],
    }


def _exposures(read: ReadProject, ref: ColumnRef, steps: Steps) -> list[dict[str, Any]]:
    """The exposures that may show a column, or read a node; none where only upstream is asked for."""
    found = read.exposures_of(reached_nodes(read.lineage, ref, steps)) if steps.downstream else {}
    return [
        {"unique_id": name, "name": exposure.name, "type": exposure.raw.get("type"), "reads": reads}
        for name, (exposure, reads) in found.items()
    ]


def _tagged(found: Lineage, tag: str) -> list[dict[str, Any]]:
    return [
        {"unique_id": ref.node, "column": found.title(ref), "from": [found.title(at) for at in tags[tag]]}
        for ref, tags in tagged_columns(found)
        if tag in tags
    ]


def _column_summary(found: Lineage, ref: ColumnRef, steps: Steps) -> dict[str, Any]:
    node = found.nodes[ref.node]
    column = node.column(ref.column)
    up = found.upstream(ref, depth=steps.depth, rows=steps.rows) if steps.upstream else []
    down = found.downstream(ref, depth=steps.depth, rows=steps.rows) if steps.downstream else []
    return {
        "unique_id": ref.node,
        "column": found.title(ref),
        **(_made(found, node, column) if column else {}),
        "upstream": [_edge_summary(found, edge) for edge in up],
        "downstream": [_edge_summary(found, edge) for edge in down],
    }


def _edge_summary(found: Lineage, edge: Edge) -> dict[str, Any]:
    return {
        "source": asdict(edge.source),
        "target": asdict(edge.target),
        "how": edge.how,
        "text": found.expression(edge.target),
    }


def _node_summary(found: Lineage, node: NodeLineage) -> dict[str, Any]:
    return {
        "unique_id": node.unique_id,
        "name": node.name,
        "resource_type": node.resource_type,
        "path": node.path,
        "known_from": node.known_from,
        "is_complete": node.is_complete,
        "why": node.why,
        "parents": node.parents,
        "unique": node.unique,
        "row_uses": node.row_uses,
        "columns": [{"name": c.name, **_made(found, node, c)} for c in node.columns],
    }


def _made(found: Lineage, node: NodeLineage, column: OutputColumn) -> dict[str, Any]:
    return {
        "data_type": column.data_type,
        "nullable": column.nullable,
        "made": column.made,
        "text": column.text,
        "defined": column.defined,
        "why": column.why,
        "uses": column.uses,
        "tags": {tag: [found.title(at) for at in refs] for tag, refs in tags_of(found, node, column).items()},
    }
