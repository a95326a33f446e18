"""Semantic models, metrics and saved queries read from a project's YAML, without a dbt parse.

Three forms are read: `semantic_models:` and `metrics:` beside `models:` (dbt to 1.11, still read by 1.12);
`semantic_model:` under a model with entities and dimensions beside its columns (dbt 1.12); and MetricFlow's
own, one document per `semantic_model:` or `metric:`. All become one document of the form of dbt's artifact.

Jinja is not rendered: a value that is a template stays as it is written, as filters have to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from aidbt.core.config import read_text
from aidbt.core.errors import SettingsError, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.semantic.definitions import GRAINS, SemanticRelation
from aidbt.semantic.layer import yaml_newer
from aidbt.semantic.layer.manifest import ManifestReading, manifest_of
from aidbt.semantic.layer.yaml_documents import Located, documents

RelationOf = Callable[[str], SemanticRelation | None]
"""Where a dbt model's rows stand, by the model's name; None when there is no such model."""

# A model that dbt takes for a time spine of days by its name alone.
LEGACY_SPINE, LEGACY_SPINE_COLUMN = "metricflow_time_spine", "date_day"

_CONCERNS = re.compile(
    r"""\b(semantic_models?|metrics?|saved_quer(y|ies)|time_spine|project_configuration)['"]?\s*:"""
)
_REF = re.compile(
    r"""\s*ref\(\s*(?:(['"])(?P<package>[^'"]+)\1\s*,\s*)?(['"])(?P<model>[^'"]+)\3\s*(?:,\s*v(?:ersion)?\s*=[^)]*)?\)\s*"""
)


def yaml_texts(folder: Path) -> dict[str, str]:
    """The text of every YAML file below a folder, hidden ones left out, by path and sorted.

    Raises:
        SettingsError: one cannot be read; or the folder does not exist.
    """
    if not folder.is_dir():
        raise SettingsError("the folder does not exist", path=str(folder))
    paths = [path for ending in ("*.yml", "*.yaml") for path in folder.rglob(ending)]
    visible = [
        path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return {str(path): read_text(path) for path in sorted(visible)}


def read_yaml(
    files: Mapping[str, str],
    *,
    relation_of: RelationOf,
    placeholders: Mapping[str, str] | None = None,
) -> ManifestReading:
    """The semantic manifest that YAML files declare; wrong entries become findings with file and line.

    Args:
        files: path → text; files that hold nothing semantic are passed over.
        relation_of: asked for each model that a semantic model or a time spine refers to.
        placeholders: what `$name` in the texts stands for, by name, as MetricFlow's own manifests use it.

    Raises:
        SettingsError: a file is not valid YAML (file and line).
    """
    collected = _Collected(relation_of)
    for path, text in files.items():
        if _CONCERNS.search(text):
            collected.read(path, Template(text).safe_substitute(placeholders) if placeholders else text)
    collected.add_legacy_spine()
    reading = manifest_of(collected.document, "the semantic layer")
    return ManifestReading(reading.manifest, (*collected.findings, *reading.findings))


_WORDS = {"name", "description", "label", "config", "meta"}
_KEYS = {
    "semantic model": _WORDS | {
        "model", "node_relation", "defaults", "primary_entity", "entities", "dimensions", "measures",
    },
    "entity": _WORDS | {"type", "role", "expr", "entity"},
    "dimension": _WORDS | {"type", "type_params", "expr", "is_partition", "datatype"},
    "measure": _WORDS | {
        "agg", "expr", "agg_params", "agg_time_dimension", "non_additive_dimension", "create_metric",
        "create_metric_display_name",
    },
    "metric": _WORDS | {
        "type", "type_params", "filter", "time_granularity", "tags", "group", "enabled", "datatype",
    },
    "saved query": _WORDS | {"query_params", "exports", "tags", "group"},
    "derived dimension": _WORDS | {
        "type", "expr", "granularity", "is_partition", "validity_params", "datatype",
    },
    "derived entity": _WORDS | {"type", "expr"},
    "newer metric": _WORDS | {
        "type", "filter", "time_granularity", "hidden", "agg", "percentile", "percentile_type",
        "join_to_timespine", "fill_nulls_with", "expr", "non_additive_dimension", "agg_time_dimension",
        "window", "grain_to_date", "period_agg", "input_metric", "numerator", "denominator",
        "input_metrics", "entity", "calculation", "base_metric", "conversion_metric",
        "constant_properties", "tags", "group", "datatype",
    },
}  # fmt: skip


class _Collected:
    """What files declare, gathered as a document of the artifact's form."""

    def __init__(self, relation_of: RelationOf) -> None:
        self._relation_of = relation_of
        self._path = ""
        self.findings: list[Finding] = []
        self._models: list[dict[str, Any]] = []
        self._metrics: list[dict[str, Any]] = []
        self._metrics_of_measures: list[dict[str, Any]] = []
        self._queries: list[dict[str, Any]] = []
        self._spines: list[dict[str, Any]] = []
        self._legacy_spines: list[dict[str, Any]] = []

    @property
    def document(self) -> dict[str, Any]:
        written = {metric.get("name") for metric in self._metrics if isinstance(metric.get("name"), str)}
        made = [metric for metric in self._metrics_of_measures if metric["name"] not in written]
        return {
            "semantic_models": self._models,
            "metrics": [*self._metrics, *made],
            "saved_queries": self._queries,
            "project_configuration": {
                "time_spines": self._spines,
                "time_spine_table_configurations": self._legacy_spines,
            },
        }

    def read(self, path: str, text: str) -> None:
        self._path = path
        for document in documents(text, path):
            if isinstance(document, Located):
                self._read_document(document)
            elif document is not None:
                self._say("a mapping with keys such as 'semantic_models' is expected", 1)

    def add_legacy_spine(self) -> None:
        """Take the model that is a time spine by its name alone, where no other one is of days or finer."""
        fine = GRAINS[: GRAINS.index("day") + 1]
        grains = [str(spine["primary_column"].get("time_granularity", "")).lower() for spine in self._spines]
        if self._legacy_spines or not self._models or any(grain in fine for grain in grains):
            return
        relation = self._relation_of(LEGACY_SPINE)
        if relation is not None:
            location = relation.rendered or _dotted(relation)
            spine = {"location": location, "column_name": LEGACY_SPINE_COLUMN, "grain": "day"}
            self._legacy_spines.append(spine)

    def _read_document(self, document: Located) -> None:
        for model in self._listed(document, "models"):
            self._read_model(model)
        for model in [*self._listed(document, "semantic_models"), *self._single(document, "semantic_model")]:
            self._read_semantic_model(model)
        for metric in [*self._listed(document, "metrics"), *self._single(document, "metric")]:
            self._read_metric(metric)
        for query in [*self._listed(document, "saved_queries"), *self._single(document, "saved_query")]:
            if _is_enabled(query):
                self._check_keys(query, "saved query")
                self._queries.append(query.placed(query))
        for configuration in self._single(document, "project_configuration"):
            self._spines += self._listed(configuration, "time_spines")
            self._legacy_spines += self._listed(configuration, "time_spine_table_configurations")

    # --- the legacy form ------------------------------------------------------------------------------

    def _read_semantic_model(self, entry: Located) -> None:
        if not _is_enabled(entry):
            return
        self._check_keys(entry, "semantic model")
        found = entry.placed(entry)
        if "node_relation" not in entry:
            reference = _REF.fullmatch(str(entry.get("model", "")).strip().strip("{}"))
            if reference is None:
                self._say("'model' has to be a ref('…') of a model", entry.line, entry.get("name"))
                return
            if not self._resolve(found, reference["model"], entry.line):
                return
        for key, kind in (("entities", "entity"), ("dimensions", "dimension"), ("measures", "measure")):
            found[key] = self._elements(entry, key, kind)
        self._models.append(found)
        for measure in self._listed(entry, "measures"):
            if measure.get("create_metric") is True:
                self._metrics_of_measures.append(self._metric_of(measure))

    def _elements(self, model: Located, key: str, kind: str) -> list[dict[str, Any]]:
        # What `create_metric` asks for is made here; MetricFlow would make it once more.
        return [
            item.placed({name: value for name, value in item.items() if name != "create_metric"})
            for item in self._checked(model, key, kind)
        ]

    def _metric_of(self, measure: Located) -> dict[str, Any]:
        """The metric that `create_metric: true` asks for."""
        name = measure.get("name")
        words = {
            "name": name,
            "label": measure.get("label") or measure.get("create_metric_display_name") or name,
            "description": measure.get("description"),
            "config": measure.get("config"),
        }
        return measure.placed({**words, "type": "simple", "type_params": {"measure": {"name": name}}})

    def _read_metric(self, entry: Located) -> None:
        if not _is_enabled(entry):
            return
        if "type_params" in entry:
            self._check_keys(entry, "metric")
            self._metrics.append(entry.placed(entry))
        elif entry.get("agg") is not None:
            message = "a metric with an 'agg' has to stand among the metrics of its model"
            self._say(message, entry.line, entry.get("name"))
        else:
            self._check_keys(entry, "newer metric")
            self._metrics.append(yaml_newer.metric(entry))

    # --- the form of dbt 1.12 -------------------------------------------------------------------------

    def _read_model(self, model: Located) -> None:
        if isinstance(model.get("time_spine"), Mapping):
            self._read_time_spine(model)
        said = model.get("semantic_model")
        if not said or (isinstance(said, Mapping) and said.get("enabled") is False):
            return
        derived = model.get("derived_semantics")
        derived = derived if isinstance(derived, Mapping) else {}
        found = yaml_newer.semantic_model(
            model,
            said if isinstance(said, Mapping) else {},
            self._listed(model, "columns"),
            entities=self._checked(derived, "entities", "derived entity"),
            dimensions=self._checked(derived, "dimensions", "derived dimension"),
        )
        if not self._resolve(found, str(model.get("name")), model.line):
            return
        self._models.append(found)
        for entry in self._checked(model, "metrics", "newer metric"):
            if _is_enabled(entry):
                # MetricFlow folds the names of semantic models, and not what metrics call them.
                name, time_dimension = str(found["name"]).lower(), model.get("agg_time_dimension")
                self._metrics.append(yaml_newer.metric(entry, model=name, time_dimension=time_dimension))

    def _read_time_spine(self, entry: Located) -> None:
        spine = entry["time_spine"]
        name = spine.get("standard_granularity_column")
        columns = [column for column in self._listed(entry, "columns") if column.get("name") == name]
        grain = columns[0].get("granularity") if columns else None
        if grain is None:
            self._say(
                f"the column '{name}' of the time spine needs a 'granularity'", entry.line, entry.get("name")
            )
            return
        found = {
            "primary_column": {"name": name, "time_granularity": grain},
            "custom_granularities": spine.get("custom_granularities") or [],
        }
        if self._resolve(found, str(entry.get("name", "")), entry.line):
            self._spines.append(entry.placed(found))

    # --- what both have -------------------------------------------------------------------------------

    def _resolve(self, found: dict[str, Any], model: str, line: int) -> bool:
        """Note where a model's rows stand; False when there is no such model, which becomes a finding."""
        relation = self._relation_of(model)
        if relation is None:
            self._say(f"there is no model '{model}'", line, found.get("name"))
            return False
        found["model"] = model
        found["node_relation"] = {
            "alias": relation.name,
            "schema_name": relation.schema,
            "database": relation.database or None,
            "relation_name": relation.rendered or _dotted(relation),
        }
        return True

    def _listed(self, entry: Mapping[Any, Any], key: str) -> list[Located]:
        """The mappings under a key; whatever else stands there becomes a finding."""
        value = entry.get(key)
        line = getattr(entry, "line", 0)
        if value is not None and not isinstance(value, list):
            self._say(f"'{key}' has to be a list", line, entry.get("name"))
            return []
        found = []
        for item in value or []:
            if isinstance(item, Located):
                found.append(item)
            else:
                self._say(f"'{key}' has to list mappings", line, entry.get("name"))
        return found

    def _single(self, document: Located, key: str) -> Iterable[Located]:
        value = document.get(key)
        if isinstance(value, Located):
            return [value]
        if value is not None:
            self._say(f"'{key}' has to be a mapping", document.line)
        return []

    def _checked(self, entry: Mapping[Any, Any], key: str, kind: str) -> list[Located]:
        """The mappings under a key, their own keys looked at."""
        found = self._listed(entry, key)
        for item in found:
            self._check_keys(item, kind)
        return found

    def _check_keys(self, entry: Located, kind: str) -> None:
        """Note keys that nothing reads: mostly misspelt ones, which would silently do nothing."""
        known = _KEYS[kind]
        for key in entry.keys() - known:
            close = nearest(str(key), known)
            meant = f"; did you mean '{close}'?" if close else ""
            what = f"{kind.removeprefix('newer ')} '{entry.get('name')}'"
            self._say(f"{what} has an unknown key '{key}'{meant}", entry.line, code="semantic.unknown_key")

    def _say(self, message: str, line: int, name: Any = None, *, code: str = "semantic.malformed") -> None:
        severity = Severity.WARN if code == "semantic.unknown_key" else Severity.ERROR
        text = f"'{name}': {message}" if name else message
        self.findings.append(Finding(code, severity, f"{self._path}:{line}", text))


def _is_enabled(entry: Mapping[Any, Any]) -> bool:
    config = entry.get("config")
    return not (isinstance(config, Mapping) and config.get("enabled") is False)


def _dotted(relation: SemanticRelation) -> str:
    return ".".join(part for part in (relation.database, relation.schema, relation.name) if part)
