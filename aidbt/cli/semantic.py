"""`aidbt semantic`: the project's metrics, what is wrong with them, and drafts of what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import approver, open_from, output_option, project_options, yes_option
from aidbt.cli.render import bold, count, diff_lines, dim, emit, finding_lines, table
from aidbt.core.errors import DbtError, MissingExtra, UsageError
from aidbt.core.findings import Severity

if TYPE_CHECKING:
    from aidbt.core.findings import Finding
    from aidbt.generate.semantic_draft import SemanticDraft
    from aidbt.semantic.definitions import SemanticManifest
    from aidbt.semantic.drafting.models import LeftOut
    from aidbt.semantic.layer.named import NamedMetric
    from aidbt.semantic.metricflow.errors import GroupByItem
    from aidbt.session import Session


@click.group()
def semantic() -> None:
    """Metrics and dimensions of the project's semantic layer: list, check, draft."""


@semantic.command("list")
@click.option("--metrics", "only_metrics", is_flag=True, help="Names only, one a line.")
@click.option("--dimensions-of", metavar="METRIC", multiple=True, help="What metrics can be grouped by.")
@project_options
@output_option
def list_command(only_metrics: bool, dimensions_of: tuple[str, ...], output: str, **where: Any) -> None:
    """List the metrics that can be asked for, or what some of them can be grouped by."""
    from aidbt.semantic.layer.manifest import require_no_errors
    from aidbt.semantic.layer.named import named_metrics
    from aidbt.semantic.layer.project_layer import layer_findings, project_layer

    if only_metrics and dimensions_of:
        raise UsageError("--metrics and --dimensions-of exclude each other", hint="leave one out")
    session = open_from(**where)
    reading = project_layer(session.project)
    require_no_errors(layer_findings(reading))
    if dimensions_of:
        items = _items(reading.manifest, dimensions_of)
        emit({"metrics": dimensions_of, "items": items}, output=output, text=lambda: _item_lines(items))
        return
    metrics = named_metrics(reading.manifest)
    emit(
        {"metrics": metrics, "saved_queries": [query.name for query in reading.manifest.saved_queries]},
        output=output,
        text=lambda: (
            (metric.name for metric in metrics) if only_metrics else _metric_lines(reading.manifest, metrics)
        ),
    )


def _items(manifest: SemanticManifest, metrics: Sequence[str]) -> tuple[GroupByItem, ...]:
    from aidbt.core.errors import require_known
    from aidbt.semantic.metricflow.compiler import group_by_items

    require_known(metrics, manifest.metric_names(), "metric")
    return group_by_items(manifest, metrics)


def _item_lines(items: Sequence[GroupByItem]) -> Iterator[str]:
    if not items:
        yield "nothing: the metrics have no dimension in common"
    yield from table(
        [[item.name, item.kind, ", ".join(item.grains or item.semantic_models)] for item in items],
        ["group by", "kind", "grains, or where it is from"],
    )


_LONGEST_SAID = 60
_NEXT = f"{bold('next')}: aidbt semantic draft"


def _metric_lines(manifest: SemanticManifest, metrics: Sequence[NamedMetric]) -> Iterator[str]:
    if not metrics:
        yield "no metrics"
        yield _NEXT
        return
    yield (
        f"{bold('found')} {count(len(metrics), 'metric')} over"
        f" {count(len(manifest.semantic_models), 'semantic model')}"
    )
    rows = [[item.name, item.type, ", ".join(item.models), _short(item)] for item in metrics]
    yield from table(rows, ["metric", "type", "over", "what it is"])
    if manifest.saved_queries:
        yield f"saved queries: {', '.join(query.name for query in manifest.saved_queries)}"
    yield dim("aidbt semantic list --dimensions-of METRIC says what it can be grouped by")


def _short(metric: NamedMetric) -> str:
    said = " ".join((metric.description or metric.label).split())
    return said if len(said) <= _LONGEST_SAID else f"{said[: _LONGEST_SAID - 1]}…"


@semantic.command()
@click.option("--all", "show_all", is_flag=True, help="List every finding.")
@project_options
@output_option
def check(show_all: bool, output: str, **where: Any) -> None:
    """Say what is wrong with the semantic layer, with file and line; nothing is asked of the warehouse.

    Names are looked at first, then MetricFlow validates the whole, then each metric and saved query is
    compiled. Exits 1 when there is an error.
    """
    from aidbt.semantic.layer.project_layer import check_layer, layer_findings, project_layer

    session = open_from(**where)
    reading = project_layer(session.project)
    note = ""
    try:
        findings = check_layer(reading)
    except MissingExtra as error:
        findings = layer_findings(reading)
        note = f"not validated further: {error.message} ({error.hint})"
    is_valid = not any(finding.severity is Severity.ERROR for finding in findings)
    emit(
        {"is_valid": is_valid, "findings": findings, "note": note},
        output=output,
        text=lambda: _check_lines(reading.manifest, findings, note, show_all=show_all),
    )
    raise SystemExit(0 if is_valid else 1)


def _check_lines(
    manifest: SemanticManifest, findings: Sequence[Finding], note: str, *, show_all: bool
) -> Iterator[str]:
    if not (manifest.metrics or manifest.semantic_models or findings):
        yield "nothing to check: the project has no semantic models and no metrics"
        yield _NEXT
        return
    yield (
        f"{bold('found')} {count(len(manifest.metrics), 'metric')} over"
        f" {count(len(manifest.semantic_models), 'semantic model')}:"
        f" {count(len(findings), 'finding') if findings else 'nothing wrong'}"
    )
    yield from finding_lines(findings, at_most=len(findings) if show_all else 10)
    if note:
        yield dim(note)


@semantic.command()
@click.option("--select", "-s", multiple=True, help="Names of models; * matches anything. Drafts them again.")
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 when something is missing.")
@click.option("--all", "show_all", is_flag=True, help="List every column that was left out.")
@yes_option
@project_options
@output_option
def draft(
    select: tuple[str, ...],
    dry_run: bool,
    only_check: bool,
    show_all: bool,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Propose semantic models and metrics for models that have none, as YAML to review.

    Keys, references, times, names and values of the built models say what is proposed; what they leave open
    is left out. A file that you changed is never overwritten. Where dbt cannot parse the project for want of
    a time spine, that is written first.
    """
    session = open_from(**where)
    result = _drafted(session, select, write=not (dry_run or only_check), yes=yes)
    emit(
        _draft_summary(result),
        output=output,
        text=lambda: _draft_lines(result, is_dry=dry_run or only_check, diff=dry_run, show_all=show_all),
    )
    plan = result.plan
    raise SystemExit(1 if plan.proposals or (only_check and plan.is_drift) else 0)


def _drafted(session: Session, select: tuple[str, ...], *, write: bool, yes: bool) -> SemanticDraft:
    from aidbt.generate.bases import Bases
    from aidbt.generate.semantic_draft import run_semantic_draft, run_time_spine_draft
    from aidbt.project.compiled import compiled_project
    from aidbt.semantic.layer.project_layer import lacks_time_spine, parse_error, project_layer

    project, settings = session.project, session.settings
    bases = Bases(lambda: session.store, project.root)
    try:
        compiled = compiled_project(project, settings.values.dbt, needed=())
    except DbtError as error:
        if lacks_time_spine(project_layer(project).manifest):
            return run_time_spine_draft(project, settings, bases, write=write)
        raise parse_error(error, project) from error
    return run_semantic_draft(
        project,
        settings,
        compiled.manifest,
        session.warehouse,
        session.profiles,
        bases,
        select=select,
        write=write,
        approve=approver(yes),
    )


def _draft_summary(result: SemanticDraft) -> dict[str, Any]:
    """What programs get: everything but the texts of the files."""
    plan = result.plan
    return {
        "models": {
            drafted.model.model: [metric.name for metric in drafted.metrics] for drafted in result.drafted
        },
        "written": plan.written,
        "updated": plan.updated,
        "merged": plan.merged,
        "unchanged": plan.unchanged,
        "edited": plan.edited,
        "deleted": plan.deleted,
        "proposals": {path: f".aidbt/proposals/{path}" for path in plan.proposals},
        "time_spine": result.time_spine,
        "kept": dict(result.kept),
        "left_out": result.left_out,
        "findings": plan.findings,
    }


def _draft_lines(result: SemanticDraft, *, is_dry: bool, diff: bool, show_all: bool) -> Iterator[str]:
    plan = result.plan
    if diff:
        yield from diff_lines(plan.patch)
    yield _drafted_line(result)
    yield from table(
        [[item.model.model, ", ".join(metric.name for metric in item.metrics)] for item in result.drafted]
    )
    verb = "would write" if is_dry else "wrote"
    for mark, paths in (("new", plan.written), ("changed", plan.updated), ("merged", plan.merged)):
        yield from (f"{verb} {path} ({mark})" for path in paths)
    if result.kept:
        yield f"kept {count(len(result.kept), 'semantic model')} that are there: {_some(result.kept)}"
    for path in (*plan.edited, *plan.deleted):
        yield f"not touched: {path} was changed or removed by you"
    for path in plan.proposals:
        why = plan.reasons.get(path, "it is yours")
        yield f"{click.style('not written', fg='yellow')}: {path}: {why}; see .aidbt/proposals/{path}"
    yield from _left_out_lines(result.left_out, show_all=show_all)
    if plan.findings:
        yield from finding_lines(plan.findings)
    if (plan.written or plan.updated or plan.merged) and not is_dry:
        yield f"{bold('next')}: {_next(result)}"


def _drafted_line(result: SemanticDraft) -> str:
    """What came of it, first of all: a draft that a person changed or removed is none that was made."""
    plan = result.plan
    if not result.drafted and result.time_spine:
        return f"{bold('drafted')} the time spine; dbt parses no semantic models without one"
    if not result.drafted:
        why = "every model of the upper layers has a semantic model, or none fits"
        return f"{bold('nothing to draft')}: {why}"
    if not (plan.written or plan.updated or plan.merged or plan.proposals):
        return f"{bold('nothing to write')}: the drafts of these are there, or were changed or removed by you"
    metrics = sum(len(drafted.metrics) for drafted in result.drafted)
    return f"{bold('drafted')} {count(len(result.drafted), 'semantic model')} with {count(metrics, 'metric')}"


def _next(result: SemanticDraft) -> str:
    if not result.drafted:
        return "see that the time spine begins before your data, then aidbt build and aidbt semantic check"
    return "read the files, rename what people call otherwise, then aidbt semantic check"


def _some(kept: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(name for name, _ in kept[:5])
    return f"{shown} and {len(kept) - 5} more" if len(kept) > 5 else shown


def _left_out_lines(left_out: Sequence[LeftOut], *, show_all: bool) -> Iterator[str]:
    """What was left out: tables first, columns on request only."""
    tables = [item for item in left_out if not item.column]
    columns = [item for item in left_out if item.column]
    yield from (f"{item.table}: {item.reason}" for item in tables)
    if columns and not show_all:
        yield dim(f"left out {count(len(columns), 'column')} (--all says why)")
    if show_all:
        yield from table([[f"{item.table}.{item.column}", item.reason] for item in columns])
