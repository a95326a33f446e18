"""`aidbt init` and `aidbt doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aidbt.cli.ingest_sources import checked_sources
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, finding_lines, table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--name", help="The project's name; the folder's by default.")
@click.option("--macros", is_flag=True, help="Copy aidbt's macros into the project as macros/aidbt/.")
@click.option("--dry-run", is_flag=True, help="Show what was learned and would be written; write nothing.")
@click.option("--all", "show_all", is_flag=True, help="List every rule, what is odd, and what was not read.")
@output_option
def init(folder: Path, name: str | None, macros: bool, dry_run: bool, show_all: bool, output: str) -> None:
    """Start a dbt project in FOLDER, or adopt the one that is there.

    Of a project that is there the files are read, never the warehouse: its layout, names, casts, tests and
    style become aidbt.yml. Files that exist stay as they are.
    """
    from aidbt.core.patch import apply_patch
    from aidbt.generate.scaffold import scaffold

    found = scaffold(folder, name=name, macros=macros)
    if not dry_run:
        apply_patch(found.patch, found.root)
    emit(found, output=output, text=lambda: _init_text(found, dry_run, show_all))


def _init_text(found: Any, dry_run: bool, show_all: bool) -> Iterator[str]:
    verb = "would write" if dry_run else "wrote"
    paths = found.patch.paths()
    wrote = f"{verb} {', '.join(paths)}" if paths else "wrote nothing: everything is there"
    if found.is_new:
        yield f"{bold(found.name)}: a new dbt project in {found.root}"
    else:
        yield from _adoption_text(found.name, found.root, found.adoption, show_all)
    yield wrote + (dim(f"; kept as it is: {', '.join(found.kept)}") if found.kept else "")
    if found.dialect != "duckdb" and (found.is_new or found.adoption.is_empty):
        yield f"{bold('next')}: aidbt doctor --access, then aidbt generate --dry-run"
    elif found.is_new or found.adoption.is_empty:
        yield f"{bold('next')}: aidbt ingest run --source NAME --from FILE_OR_URL, then aidbt generate"
        yield dim(
            "      sources to come back to: one file each in aidbt/connectors/NAME.yml, then aidbt ingest run"
        )
        yield dim("      changes as they happen: a section cdc: in such a file, then aidbt ingest cdc")
        if found.is_new:
            yield dim("      on another warehouse: its target in profiles.yml, then aidbt doctor --access")
    else:
        yield f"{bold('next')}: read aidbt.yml, then aidbt generate -s source:NAME --dry-run"
    if dry_run and show_all:
        for edit in found.patch.edits:
            yield dim(f"--- {edit.path}")
            yield (edit.after or "").rstrip("\n")


def _adoption_text(name: str, root: Path, found: Any, show_all: bool) -> Iterator[str]:
    layers = " · ".join(f"{layer} {models}" for layer, models in list(found.layers.items())[:6])
    yield f"{bold(name)}: an existing dbt project in {root} ({found.dbt})"
    yield (
        f"learned from {count(found.staging, 'staging model')} on {count(found.sources, 'source')}"
        f" with {count(found.tables, 'table')}, {found.staged} of them staged; models: {layers or 'none'}"
    )
    lines = {
        "layout": _layout_line(found.layout),
        "names": _names_line(found.names, show_all),
        "casts": _casts_line(found.names.rules),
        "sql": _sql_line(found.sql) if found.sql else "",
        "yaml": _yaml_line(found),
        "tests": _tests_line(found.tests),
        "loaders": _loaders_line(found),
        "packages": ", ".join(found.packages),
        "flags": ", ".join(f"{name}: {str(value).lower()}" for name, value in found.flags.items()),
    }
    for part, text in lines.items():
        if text:
            yield f"  {part:9} {text}"
    if found.not_read:
        shown = list(found.not_read.items())[: None if show_all else 2]
        yield f"  {click.style('not read', fg='yellow')}  " + "; ".join(f"{p}: {why}" for p, why in shown)
        if len(shown) < len(found.not_read):
            yield dim(f"            … and {len(found.not_read) - len(shown)} more (--all)")
    if show_all:
        odd = [f"{c.model}: {c.column} → {c.target}" for c in found.names.odd]
        yield from (f"  {dim('odd')}       {item}" for item in [*odd, *found.layout.odd])
    if found.dbt_error:
        yield f"  {click.style('dbt says', fg='yellow')}  {' '.join(found.dbt_error.split())[:400]}"
    yield from finding_lines(found.findings, at_most=100 if show_all else 2)


def _layout_line(layout: Any) -> str:
    parts = []
    for name in ("model_name", "model_file", "models_file", "sources_file"):
        if name in layout.settings:
            agree, seen = layout.agree[name]
            share = "" if agree == seen else f" ({agree} of {seen})"
            parts.append(f"{layout.settings[name].removeprefix('models/')}{share}")
    return " · ".join(parts)


def _names_line(names: Any, show_all: bool) -> str:
    if not names.columns:
        return ""
    explained = sum(names.explained.values())
    rules = list(names.explained.items())[: None if show_all else 6]
    shown = ", ".join(f"{rule} {times}" for rule, times in rules)
    more = f", … {len(names.explained) - len(rules)} more" if len(rules) < len(names.explained) else ""
    odd = f"; {count(len(names.odd), 'odd one')}" if names.odd else ""
    return f"{explained:,} of {names.columns:,} columns by {len(names.explained)} rules: {shown}{more}{odd}"


def _short(text: str) -> str:
    """A setting's value on one line; --output json has all of it."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}…"


def _pasteable(statement: str) -> str:
    """A GRANT as a client takes it."""
    return f"{statement};" if statement.lower().startswith("grant ") else statement


def _casts_line(rules: Any) -> str:
    casts = [f"{kind} → {cast}" for kind, cast in rules.casts.items()]
    return ", ".join([*casts, *dict.fromkeys(rules.expressions.values())][:6])


def _sql_line(style: Any) -> str:
    structure = next((item for item in style.evidence if item.fact == "structure"), None)
    casts = "cast(x as t)" if style.casts == "cast" else "x::t"
    parts = [f"{style.commas} commas", f"{style.keywords}-case keywords", casts]
    parts += ["comments over groups of columns"] if style.headings else []
    if structure is not None:
        parts.append(f"{structure.value} ({structure.agree} of {structure.total})")
    return ", ".join(parts)


def _yaml_line(found: Any) -> str:
    style, properties = found.yaml, found.properties
    if style is None:
        return ""
    dashes = "dashes under their key" if style.list_indent == 0 else f"dashes indented by {style.list_indent}"
    types = "data_type on columns" if properties.data_types else "no data_type"
    quotes = {"plain": "no quotes", "single": "single quotes", "double": "double quotes"}[style.quote_text]
    return f"{style.indent} spaces, {dashes}, {quotes}, {properties.tests_key}:, {types}"


def _tests_line(tests: Any) -> str:
    if not tests.models:
        return ""
    top = ", ".join(f"{name} {times}" for name, times in list(tests.by_test.items())[:5])
    return f"{tests.keyed} of {tests.models} models have a tested key; {top}; {tests.described:.0%} described"


def _loaders_line(found: Any) -> str:
    loaders = [f"{name} ({', '.join(sources[:4])})" for name, sources in found.loaders.items()]
    rules = [f"rows where {text}" for text in found.names.rules.where.values()]
    return "; ".join([*loaders, *rules])


@click.command()
@click.option("--all", "show_all", is_flag=True, help="List every setting, the defaults too.")
@click.option(
    "--access", "show_access", is_flag=True, help="What each command reads, writes and sends, and its grants."
)
@click.option("--sources/--no-sources", default=True, help="Ask each source whether it can be read.")
@project_options
@output_option
def doctor(show_all: bool, show_access: bool, sources: bool, output: str, **where: Any) -> None:
    """Check the installation and the sources, and show where each setting comes from."""
    session = open_from(**where)
    if show_access:
        from aidbt.observability.access import access

        rights = access(session.project, session.settings, lambda: session.warehouse)
        emit(rights, output=output, text=lambda: _access_text(rights))
        raise SystemExit(1 if rights.missing or rights.problem else 0)
    from aidbt.observability.doctor import examine

    found = examine(
        session.project,
        session.settings,
        lambda: session.warehouse,
        lambda: session.store,
        lambda: session.llm,
        (lambda: checked_sources(session)) if sources else dict,
    )
    emit(found, output=output, text=lambda: _doctor_text(found, show_all))
    raise SystemExit(0 if found.is_healthy else 1)


def _access_text(found: Any) -> Iterator[str]:
    place = found.place
    for item in found.commands:
        yield bold(item.command)
        yield f"  reads   {item.reads}"
        yield f"  writes  {item.writes}"
        yield f"  sends   {item.sends}"
        if item.needs:
            yield f"  needs   {', '.join(item.needs)}"
    who = place.runs_as.grantee or "you"
    state = "" if found.checked else ", not checked"
    yield ""
    yield f"{bold('grants')} for {who} on {place.runs_as.kind}{state}; run them as the owner"
    for grant in found.grants:
        word, colour = _HELD[grant.held] if found.checked else ("", None)
        mark = click.style(f"{word:11}", fg=colour) if word else ""
        yield f"  {mark}{grant.need:8} {_pasteable(grant.statement)}"
        if grant.detail:
            yield dim(f"{'':{22 if word else 11}}{grant.detail}")
    if found.problem:
        yield f"{click.style('not checked', fg='yellow')}: {found.problem}"
        yield f"{click.style('hint:', fg='cyan')} {found.hint}"
    elif found.missing:
        yield f"{bold('next')}: run what is missing, then aidbt doctor --access again"


_HELD = {True: ("held", "green"), False: ("missing", "red"), None: ("not checked", "yellow")}
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def _doctor_text(found: Any, show_all: bool) -> Iterator[str]:
    for check in found.checks:
        yield f"{click.style(f'{check.state:4}', fg=_COLOURS[check.state])} {check.part:10} {check.detail}"
        if check.hint:
            yield f"                {click.style('hint:', fg='cyan')} {check.hint}"
    yield from finding_lines(found.findings, at_most=100 if show_all else 10)
    shown = [s for s in found.settings if show_all or s.origin != "default"]
    if shown:
        yield bold("settings")
        yield from table([[s.name, _short(s.value), s.origin] for s in shown])
    if not show_all:
        yield dim(f"{count(len(found.settings) - len(shown), 'setting')} at the default (--all)")
