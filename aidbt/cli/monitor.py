"""`aidbt monitor collect` and `status`: measure the models, say what is known of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import (
    ManyValues,
    approver,
    exclude_option,
    manifest_option,
    nodes_option,
    open_from,
    output_option,
    project_options,
    yes_option,
)
from aidbt.cli.render import Progress, bold, count, dim, duration, emit, finding_lines, plain, table
from aidbt.core.errors import ArtifactError, ProfileError

if TYPE_CHECKING:
    from aidbt.monitors.collection.collect import Collection
    from aidbt.monitors.collection.elementary import Taken
    from aidbt.monitors.collection.elementary_rows import Written
    from aidbt.monitors.collection.known import Known
    from aidbt.project.manifest import Manifest
    from aidbt.session import Session


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option("--since", metavar="DAY", help="Measure from that day on again, e.g. 2026-03-31.")
@click.option("--until", metavar="DAY", help="Measure as if that day had just begun: of data that ended.")
@click.option("--from-elementary", metavar="SCHEMA", help="Take the history that Elementary kept there.")
@click.option("--to-elementary", metavar="SCHEMA", help="Then write the last 30 days to its table there.")
@click.option("--moved", is_flag=True, help="The tables stand elsewhere for good: go on with their history.")
@click.option("--all", "show_all", is_flag=True, help="List every model and every finding.")
@manifest_option
@yes_option
@project_options
@output_option
def collect(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    since: str | None,
    until: str | None,
    from_elementary: str | None,
    to_elementary: str | None,
    moved: bool,
    show_all: bool,
    manifest: Path | None,
    yes: bool,
    output: str,
    **where: Any,
) -> None:
    """Measure what is new of every model, one scan each, and keep it.

    Days (or hours) that are over are measured once, the last few again since rows may come late, and older
    ones when their rows changed. Exits 1 when a model could not be measured.
    """
    from aidbt.core.findings import Severity

    session = open_from(**where)
    if from_elementary is not None:
        taken = _taken(session, from_elementary, manifest)
        emit(taken, output=output, text=lambda: _taken_lines(taken))
        return
    result = collected(
        session,
        manifest,
        select=select,
        exclude=exclude,
        since=since,
        until=until,
        yes=yes,
        is_moved=moved,
    )
    written = None if to_elementary is None else _handed(session, to_elementary, manifest)
    emit(
        {**plain(result), "elementary": written} if written else result,
        output=output,
        text=lambda: [*_handed_lines(written), *collected_lines(result, show_all=show_all)],
    )
    raise SystemExit(1 if any(f.severity is Severity.ERROR for f in result.findings) else 0)


def collected(
    session: Session,
    manifest: Path | None = None,
    *,
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    yes: bool = False,
    is_moved: bool = False,
    show: Callable[[str], None] | None = None,
) -> Collection:
    """One collection for the session's project.

    Args:
        is_moved: whether its tables may all stand somewhere else than before.
        show: shows what is being done; None does so on a line of its own.
    """
    from aidbt.monitors.collection.collect import collect as collect_models
    from aidbt.monitors.collection.places import require_same_places
    from aidbt.monitors.collection.told import parse_since
    from aidbt.observability.refreshes import rebuilt_nodes, refreshed_runs
    from aidbt.observability.run_metrics import keep_connectors
    from aidbt.observability.targets import watched_target
    from aidbt.warehouse.budget import runs_as

    profile = session.project.profile()
    found = manifest_of(session, manifest)
    if not is_moved:
        require_same_places(found, session.store)
    keep_connectors(session.store)
    with Progress() as progress:
        return collect_models(
            found,
            session.warehouse,
            session.store,
            session.settings.values,
            select=select,
            exclude=exclude,
            since=None if since is None else parse_since(since),
            until=None if until is None else parse_since(until),
            runs_as=runs_as(profile.type, profile.settings),
            approve=approver(yes),
            written_by=refreshed_runs(
                session.store, target=watched_target(session.project), rebuilt=rebuilt_nodes(found)
            ),
            metric_sql=_metric_sql(session),
            on_node=lambda name: (show or progress.show)(f"measuring {name}"),
        )


def _metric_sql(session: Session) -> Callable[[str, str], str]:
    """What writes the SQL of the semantic layer's metrics; the layer is read when one is asked for."""

    def sql(metric: str, grain: str) -> str:
        from aidbt.semantic.layer.parsed_layer import project_metrics
        from aidbt.semantic.metricflow.compiler import compile_query

        layer = project_metrics(session.project, session.settings.values.dbt)
        dialect = session.warehouse.dialect
        return compile_query(layer, metrics=[metric], group_by=[f"metric_time__{grain}"], dialect=dialect).sql

    return sql


def manifest_of(session: Session, path: Path | None) -> Manifest:
    """The given manifest, else the newest that dbt left: what is measured is what was built. A note says so
    where the project's files have changed since.

    Raises:
        ArtifactError: there is none, or it is of another project or target.
    """
    from aidbt.project.compiled import MANIFEST_FILE, changed_since, compiled_project
    from aidbt.project.manifest import read_manifest

    project = session.project
    if path is not None:
        return _of_project(read_manifest(path), path, project.name)
    left = project.target_path / MANIFEST_FILE
    try:
        found = compiled_project(project, session.settings.values.dbt, may_compile=False, needed=())
        manifest, left = found.manifest, found.path
    except ArtifactError:
        if not left.exists():
            raise
        # With --target, --profile or --vars dbt's own manifest may be of another target.
        manifest = read_manifest(left)
    with contextlib.suppress(ProfileError):  # who needs no warehouse needs no profile
        _require_target(manifest, left, project.profile().schema)
    changed = changed_since(project, manifest.metadata.generated_at)
    if changed is not None:
        when = manifest.metadata.generated_at.astimezone()
        _note(
            f"{changed} changed since dbt's manifest of {when:%Y-%m-%d %H:%M} was written; the models are"
            " those of then until dbt parses or builds again"
        )
    return _of_project(manifest, left, project.name)


def _note(text: str) -> None:
    """Say something besides the result, once in a command."""
    context = click.get_current_context(silent=True)
    said = context.meta.setdefault(__name__, set()) if context is not None else set()
    if text not in said:
        said.add(text)
        click.echo(f"note: {text}", err=True)


def _of_project(manifest: Manifest, path: Path, project: str) -> Manifest:
    of = manifest.metadata.raw.get("project_name")
    if of and of != project:
        raise ArtifactError(
            f"{path} is the manifest of the project {of}, and this is {project}",
            hint="name the manifest that dbt wrote for this project",
        )
    return manifest


def _require_target(manifest: Manifest, path: Path, schema: str) -> None:
    """Nobody says of which target dbt's last run was, but the schemas of models without one of their own."""
    plain_models = [node for node in manifest.of_type("model") if not node.config.get("schema")]
    schemas = sorted({node.schema.lower() for node in plain_models if node.schema})
    if schemas and schema.lower() not in schemas:
        raise ArtifactError(
            f"the manifest in {path.parent.name}/ is of another target: its models stand in"
            f" {', '.join(schemas[:3])}, those of this one in {schema}",
            hint="build this target first (or pass the --target that was built), or name its manifest with"
            " --manifest",
        )


_MOST_LINES = 10


def collected_lines(result: Collection, *, show_all: bool = False) -> Iterator[str]:
    """What was measured, what was not, and what to do next."""
    measured = [each for each in result.measured if each.buckets]
    if measured:
        yield measured_line(result)
    else:
        yield bold("nothing was measured")
    reopened = sum(each.reopened for each in result.measured)
    if reopened:
        yield f"  again because their rows had changed: {count(reopened, 'older bucket')}"
    if show_all:
        yield from table(
            [
                [
                    each.unique_id,
                    each.grain,
                    f"{each.new:,}",
                    f"{each.buckets - each.new:,}",
                    f"{each.rows:,}",
                ]
                + [each.why or "as a whole", duration(each.seconds)]
                for each in result.measured
            ],
            ["model", "grain", "new", "again", "rows", "by", "took"],
        )
    yield from finding_lines(result.findings, at_most=len(result.findings) if show_all else _MOST_LINES)
    if show_all or not measured:  # which nobody need wonder about
        yield from finding_lines(result.standing, at_most=len(result.standing))
    elif result.standing:
        yield dim(f"  {count(len(result.standing), 'finding')} as before (aidbt monitor status)")
    if measured:
        yield f"{bold('next')}: aidbt monitor check"
    elif not (result.findings or result.standing):
        yield "no model is a table, and no source has a time"


def measured_line(result: Collection) -> str:
    """How much was measured, and how much of it was new."""
    again = result.buckets - result.new
    number = sum(1 for each in result.measured if each.buckets)
    rows = sum(each.rows for each in result.measured)
    return (
        f"{bold('measured')} {count(number, 'model')}: {count(result.new, 'new bucket')}"
        f"{f', {again:,} again in case of late rows' if again else ''}, {count(rows, 'row')},"
        f" in {duration(result.seconds)}"
    )


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option("--all", "show_all", is_flag=True, help="List every model, and the metrics there are.")
@manifest_option
@project_options
@output_option
def status(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    show_all: bool,
    manifest: Path | None,
    output: str,
    **where: Any,
) -> None:
    """Say what is known of each model: since when, until when, and what is watched. No scan."""
    from aidbt.monitors.collection.known import known_of

    session = open_from(**where)
    known = known_of(
        manifest_of(session, manifest),
        session.store,
        session.settings.values.monitors,
        select=select,
        exclude=exclude,
    )
    emit(known, output=output, text=lambda: _status_lines(known, show_all=show_all))


def _status_lines(known: Known, *, show_all: bool) -> Iterator[str]:
    if not known.nodes:
        yield f"{bold('nothing is measured yet')} of {count(known.unmeasured, 'model')}"
        yield from finding_lines(known.findings)
        yield f"{bold('next')}: aidbt monitor collect"
        return
    yield (
        f"{bold('watched')}: {count(known.monitors, 'monitor')} of {count(len(known.nodes), 'model')},"
        f" {count(known.buckets, 'bucket')} measured"
    )
    shown = known.nodes if show_all else known.nodes[:_MOST_LINES]
    rows = [
        [
            node.unique_id,
            node.grain,
            f"{node.buckets:,}",
            f"{node.first:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
            f"{node.last:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
            f"{node.monitors:,}",
            f"{len(node.tests):,}" if node.tests else "-",
        ]
        for node in shown
    ]
    yield from table(rows, ["model", "grain", "buckets", "from", "to", "monitors", "data tests"])
    if len(known.nodes) > len(shown):
        yield dim(f"  … and {len(known.nodes) - len(shown)} more (--all)")
    yield from _data_tests(known, show_all=show_all)
    if show_all:
        yield from _ripening(known)
    if known.cold:
        yield (
            f"{count(known.cold, 'model has', 'models have')} fewer than 14 buckets:"
            " what is said of them is careful, and warns at most"
        )
    others = sum(node.others for node in known.nodes)
    if others:
        yield dim(f"{count(others, 'bucket')} of another grain are kept until they are too old")
    yield from finding_lines(known.findings, at_most=len(known.findings) if show_all else _MOST_LINES)
    if known.gone:
        yield f"kept of models that are no more: {', '.join(known.gone[:5])}{' …' if known.gone[5:] else ''}"
    if show_all:
        yield f"metrics watched: {', '.join(known.metrics)}"
        yield f"on request (monitors.metrics): {', '.join(known.on_request)}"
    yield f"{bold('next')}: aidbt monitor check"


def _ripening(known: Known) -> Iterator[str]:
    """Which monitors wait until their newest buckets are what they will be."""
    ripening = [node for node in known.nodes if node.ripening]
    if ripening:
        yield "judged later, since they mostly still change after they are measured first:"
    for node in ripening:
        said = [f"{name} after {count(age, node.grain)}" for name, age in node.ripening.items()]
        yield f"  {node.unique_id}: {', '.join(said)}"


def _data_tests(known: Known, *, show_all: bool) -> Iterator[str]:
    """Which monitors dbt build compares itself."""
    if not known.tests:
        yield (
            "none of them is a data test, so dbt build stops at nothing that is odd:"
            " aidbt generate --monitors proposes a few"
        )
    elif show_all:
        yield "data tests, which dbt build compares by itself:"
        yield from (f"  {node.unique_id}: {', '.join(node.tests)}" for node in known.nodes if node.tests)


def _handed(session: Session, schema: str, manifest: Path | None) -> Written:
    from datetime import UTC, datetime

    from aidbt.monitors.collection.elementary import hand_history

    settings = session.settings.values.monitors
    found = manifest_of(session, manifest)
    return hand_history(found, session.warehouse, session.store, settings, schema, now=datetime.now(UTC))


def _handed_lines(written: Written | None) -> Iterator[str]:
    if written is not None:
        yield f"{bold('wrote')} {count(written.rows, 'row')} to {written.table}"
        if written.kept:
            yield f"  {count(written.kept, 'row')} of its own for the same buckets stayed instead of ours"


def _taken(session: Session, schema: str, manifest: Path | None) -> Taken:
    from aidbt.monitors.collection.elementary import take_history

    return take_history(
        manifest_of(session, manifest),
        session.warehouse,
        session.store,
        schema,
        grain=session.settings.values.monitors.grain,
    )


def _taken_lines(taken: Taken) -> Iterator[str]:
    yield (
        f"{bold('taken')} {count(taken.buckets, 'bucket')} of {count(len(taken.nodes), 'model')} from"
        f" {count(taken.rows, 'row')} of {taken.table}"
    )
    if taken.kept:
        yield f"  {count(taken.kept, 'bucket')} that aidbt measured itself stayed as they are"
    for reason, number in taken.left_out.items():
        yield dim(f"  left out {count(number, 'row')}: {reason}")
    yield f"{bold('next')}: aidbt monitor collect"
