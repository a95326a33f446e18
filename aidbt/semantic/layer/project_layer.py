"""The semantic layer of a dbt project, read from its YAML, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from aidbt.core.errors import AidbtError, DbtError, MissingExtra, UnknownName
from aidbt.core.findings import Finding, Severity
from aidbt.project import Project
from aidbt.project.manifest import Manifest
from aidbt.semantic.definitions import (
    GRAINS,
    METRIC_TIME,
    Metric,
    SavedQuery,
    SemanticManifest,
    SemanticModel,
    SemanticRelation,
)
from aidbt.semantic.layer.manifest import ManifestReading, require_no_errors
from aidbt.semantic.layer.yaml_files import RelationOf, read_yaml, yaml_texts
from aidbt.semantic.metricflow.compiler import compile_query, group_by_items, validate

Owner: TypeAlias = SemanticModel | Metric | SavedQuery

_ROWS = ("model", "seed", "snapshot")
_DAYS_OR_FINER = GRAINS[: GRAINS.index("day") + 1]
_NO_TIME_SPINE = (
    "there are semantic models and no time spine, a model with one row per day, so that dbt cannot parse the"
    " project: 'aidbt semantic draft' writes one"
)


def project_layer(project: Project, manifest: Manifest | None = None) -> ManifestReading:
    """What a project's YAML, and that of its installed packages, defines, and what cannot be read of it.

    Args:
        manifest: says where models stand; without it each model's file is taken to stand in the profile's
            schema under its own name, which is enough for looking at definitions.

    Raises:
        SettingsError: a file is not valid YAML (file and line).
        ProfileError: there is no manifest, and the profile cannot be read.
    """
    relation_of = relations_of(manifest) if manifest is not None else relations_as_files(project)
    return read_yaml(semantic_texts(project), relation_of=relation_of)


def semantic_texts(project: Project) -> dict[str, str]:
    """The texts of all property files, by path relative to the project, with those of installed packages.

    Raises:
        SettingsError: one cannot be read.
    """
    folders = [folder for folder in _model_folders(project) if folder.is_dir()]
    texts = {path: text for folder in folders for path, text in yaml_texts(folder).items()}
    return {_short(path, project.root): text for path, text in texts.items()}


def _model_folders(project: Project) -> Iterator[Path]:
    yield from project.paths("model")
    installed = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    yield from (package.parent / "models" for package in sorted(installed.glob("*/dbt_project.yml")))


def _short(path: str, root: Path) -> str:
    whole = Path(path)
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path


def relations_of(manifest: Manifest) -> RelationOf:
    """Where models, seeds and snapshots stand, as dbt parsed the project."""
    places = {
        node.name: SemanticRelation(
            node.schema, node.identifier, node.database, str(node.raw.get("relation_name") or "")
        )
        for node in manifest.nodes.values()
        if node.resource_type in _ROWS and node.identifier
    }
    return places.get


def relations_as_files(project: Project) -> RelationOf:
    """Where models, seeds and snapshots stand as far as their files tell: in the profile's schema.

    Raises:
        ProfileError: the profile cannot be read.
    """
    schema = project.profile().schema
    folders = (*_model_folders(project), *project.paths("seed"), *project.paths("snapshot"))
    files = (path for folder in folders for path in folder.rglob("*"))
    names = {path.stem for path in files if path.suffix in (".sql", ".py", ".csv")}
    return lambda model: SemanticRelation(schema, model) if model in names else None


# --- what is wrong with it ---------------------------------------------------------------------------------


def lacks_time_spine(manifest: SemanticManifest) -> bool:
    """Whether dbt refuses a semantic layer, and with it the whole project, for want of a time spine."""
    has_spine = any(spine.grain in _DAYS_OR_FINER for spine in manifest.time_spines)
    return bool(manifest.semantic_models) and not has_spine


def parse_error(error: DbtError, project: Project) -> AidbtError:
    """Why dbt cannot parse a project: what is wrong with its semantic layer, with file and line; a missing
    time spine, with what writes one; else what dbt says.
    """
    try:
        reading = project_layer(project)
        require_no_errors(layer_findings(reading))
    except AidbtError as ours:
        return ours
    is_missing = "time spine" in error.message.lower() and lacks_time_spine(reading.manifest)
    return DbtError(_NO_TIME_SPINE) if is_missing else error


def check_layer(reading: ManifestReading) -> tuple[Finding, ...]:
    """Everything that keeps a semantic layer, or a part of it, from being asked.

    What cannot be read comes first, then what names something that is not there, then MetricFlow's own
    validation, then the compiling of each metric and saved query: each needs what comes before it. A project
    without semantic models and metrics, which MetricFlow calls invalid, has nothing wrong with it.

    Raises:
        MissingExtra: MetricFlow is not installed, and it is its turn.
    """
    findings = [*layer_findings(reading), *_missing_spine(reading.manifest)]
    is_empty = not (reading.manifest.semantic_models or reading.manifest.metrics)
    if is_empty or any(finding.severity is Severity.ERROR for finding in findings):
        return tuple(findings)
    findings += _placed(validate(reading.manifest), reading.manifest)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return tuple(findings)
    return (*findings, *_not_compiled(reading.manifest))


def layer_findings(reading: ManifestReading) -> tuple[Finding, ...]:
    """What cannot be read of a semantic layer, else what its definitions name that is not there."""
    if any(finding.severity is Severity.ERROR for finding in reading.findings):
        return reading.findings
    return (*reading.findings, *unknown_names(reading.manifest))


def _missing_spine(manifest: SemanticManifest) -> Iterator[Finding]:
    if lacks_time_spine(manifest):
        first = manifest.semantic_models[0]
        yield Finding("semantic.no_time_spine", Severity.ERROR, _where(first), _NO_TIME_SPINE)


def unknown_names(manifest: SemanticManifest) -> tuple[Finding, ...]:
    """What semantic models, metrics and saved queries name that is not there, with the nearest that is."""
    found = [finding for model in manifest.semantic_models for finding in _of_model(model)]
    found += [finding for metric in manifest.metrics for finding in _of_metric(metric, manifest)]
    for query in manifest.saved_queries:
        found += _unknown(query, "saved query", "metric", query.metrics, _metric_names(manifest))
    return tuple(found)


def _of_model(model: SemanticModel) -> Iterator[Finding]:
    times = [dimension.name for dimension in model.dimensions if dimension.type == "time"]
    named = [model.time_dimension, *(measure.time_dimension for measure in model.measures)]
    named += [m.non_additive.dimension for m in model.measures if m.non_additive is not None]
    yield from _unknown(model, "semantic model", "time dimension", filter(None, named), times)


def _of_metric(metric: Metric, manifest: SemanticManifest) -> Iterator[Finding]:
    measures = [measure.name for model in manifest.semantic_models for measure in model.measures]
    yield from _unknown(metric, "metric", "measure", (item.name for item in metric.measure_inputs), measures)
    inputs = (item.name for item in metric.inputs)
    yield from _unknown(metric, "metric", "metric", inputs, _metric_names(manifest))


def _metric_names(manifest: SemanticManifest) -> list[str]:
    return [metric.name for metric in manifest.metrics]


def _unknown(
    owner: Owner,
    kind: str,
    wanted: str,
    names: Iterable[str],
    known: Sequence[str],
) -> Iterator[Finding]:
    for name in dict.fromkeys(names):
        if name not in known:
            error = UnknownName(wanted, name, known)
            message = f"{kind} '{owner.name}': {error.message}{f'; {error.hint}' if error.hint else ''}"
            yield Finding("semantic.unknown_name", Severity.ERROR, _where(owner), message)


def _where(owner: Owner) -> str:
    if not owner.path:
        return "the semantic layer"
    return f"{owner.path}:{owner.line}" if owner.line else owner.path


def _placed(findings: Iterable[Finding], manifest: SemanticManifest) -> Iterator[Finding]:
    """MetricFlow's findings; where it says no place, that of the definition it names, if it names one."""
    owners: dict[str, Owner] = {item.name: item for item in manifest.saved_queries}
    owners |= {item.name: item for item in manifest.semantic_models}
    owners |= {item.name: item for item in manifest.metrics}
    for finding in findings:
        named = [owners[name] for name in owners if f"'{name}'" in finding.message]
        if ":" in finding.where or len(named) != 1:
            yield finding
        else:
            yield Finding(finding.code, finding.severity, _where(named[0]), finding.message)


def _not_compiled(manifest: SemanticManifest) -> Iterator[Finding]:
    """The metrics and saved queries that no query can ask for as they are."""
    for metric in manifest.metrics:
        if not metric.is_private:
            yield from _tried(metric, "metric", manifest)
    for query in manifest.saved_queries:
        yield from _tried(query, "saved query", manifest)


def _tried(owner: Metric | SavedQuery, kind: str, manifest: SemanticManifest) -> Iterator[Finding]:
    try:
        if isinstance(owner, SavedQuery):
            compile_query(manifest, saved_query=owner.name)
        else:
            names = [item.name for item in group_by_items(manifest, [owner.name])]
            timed = [METRIC_TIME] if METRIC_TIME in names else []
            compile_query(manifest, metrics=[owner.name], group_by=timed)
    except MissingExtra:
        raise
    except AidbtError as error:
        message = f"{kind} '{owner.name}': {error.message}{f'; {error.hint}' if error.hint else ''}"
        yield Finding("semantic.not_compiled", Severity.ERROR, _where(owner), message)
