"""Adopting a project: what its own files say about how the team works. Files only; nothing is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aidbt.core.config import ConventionSettings, DbtSettings, PropertyStyle, read_text
from aidbt.core.findings import Finding
from aidbt.generate.adoption.layout import LearnedLayout, PlacedModel, learn_layout, schema_prefixes
from aidbt.generate.adoption.names import LearnedNames, NamedColumn, learn_names, named_columns
from aidbt.generate.adoption.staged import Adopted, read_models
from aidbt.generate.lock import read_lock
from aidbt.generate.sql_style import SqlStyle, apply_sqlfluff, learn_sql_style, style_findings
from aidbt.lineage.written.staging import StagingModel
from aidbt.patching.yaml_style import YamlStyle, infer_style
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.packages import package_names
from aidbt.project.version import dbt_version
from aidbt.sql.jinja_syntax import jinja_error

# Loader → what its columns start with.
_LOADERS = {name: f"_{name}_" for name in ("fivetran", "airbyte", "dlt", "sdc", "aidbt")}
_SAID_AS = {"sdc": "stitch", "dlt": "dlthub"}
_SAID_AS = {"sdc": "stitch", "dlt": "dlthub"}
_SOFT_DELETE = re.compile(
    r"\b(_fivetran_deleted|_sdc_deleted_at|__deleted|_?is_deleted|deleted_at)\b", re.IGNORECASE
)
_LEAST = 2
# Where less than this share of a model's columns stands in its YAML, the team lists only some.
_LISTED = 0.75


@dataclass(frozen=True, slots=True)
class TestHabits:
    """How the team tests its staging models.

    Attributes:
        models: staging models with a YAML entry.
        keyed: those with a column that is tested as unique and not null.
        by_test: test → how often it stands on a staging model or its columns.
        described: share (0..1) of the columns that have a description.
    """

    models: int = 0
    keyed: int = 0
    by_test: dict[str, int] = field(default_factory=dict)
    described: float = 0.0


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was learned of a project.

    Attributes:
        layers: folder below the model paths → SQL models in it.
        sources: sources that the project declares; tables of them; those with a model on them.
        staging: models that read a source, and were read.
        schema_prefixes: what sources' schemas start with and their names do not.
        not_read: path → why a file or model could not be read.
        findings: conventions that contradict each other.
        dbt_error: what dbt says when it cannot read the project; "" when it can, or was not asked.
        loaders: loader → the sources it writes.
        flags: the behaviour flags of dbt_project.yml.
    """

    layers: dict[str, int]
    sources: int
    tables: int
    staged: int
    staging: int
    layout: LearnedLayout
    schema_prefixes: tuple[str, ...]
    names: LearnedNames
    yaml: YamlStyle | None
    sql: SqlStyle | None
    properties: PropertyStyle
    tests: TestHabits
    loaders: dict[str, tuple[str, ...]]
    packages: tuple[str, ...]
    dbt: str
    flags: dict[str, Any]
    not_read: dict[str, str]
    findings: tuple[Finding, ...] = ()
    dbt_error: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn from."""
        return not self.layers and not self.sources


def adopt(
    project: Project, dbt: DbtSettings, *, dialect: str, dbt_says: Callable[[], str] | None = None
) -> Adoption:
    """What the files of a project say; a file that cannot be read is noted and the rest is learned from.

    Args:
        dialect: sqlglot's name of the project's SQL.
        dbt_says: what dbt says when it reads the project, "" when nothing is wrong; asked only when something
            looks wrong, because dbt takes seconds.
    """
    here = declared(project, generated=read_lock(project.root).files, lenient=True)
    read = read_models(here, dialect)
    entries = _model_entries(here)
    plain = {path: model for path, model in read.models.items() if model.source is not None}
    placed = [_placed(model, here) for model in plain.values()]
    staging = {model.name for model in plain.values()}
    loaders = _loaders(here, plain.values())
    sql, findings = _sql_style(project, list(plain.values()), dialect)
    names = _names(read, here, entries, loaders)
    return Adoption(
        layers=_layers(project, here),
        sources=len({t.source for t in here.tables if not t.package}),
        tables=sum(not t.package for t in here.tables),
        staged=len(here.staged),
        staging=len(plain),
        layout=learn_layout(placed, _source_files(here)),
        schema_prefixes=tuple(schema_prefixes({(t.source, t.schema or "") for t in here.tables})),
        names=names,
        yaml=_yaml_style(here),
        sql=sql,
        properties=_property_style(here, [(entries[m.name], m) for m in plain.values() if m.name in entries]),
        tests=_test_habits([entries[name] for name in sorted(staging) if name in entries]),
        loaders={name: tuple(sorted(found)) for name, found in sorted(loaders.items()) if found},
        packages=tuple(sorted(package_names(project))),
        dbt=_dbt_version(project, dbt),
        flags=dict(project.config.get("flags") or {}),
        not_read={**dict(here.problems), **read.not_read, **_of_several(read)},
        findings=(*findings, *names.contested),
        dbt_error=dbt_says() if dbt_says is not None and _looks_broken(project, here) else "",
    )


def _of_several(read: Adopted) -> dict[str, str]:
    """The models that read more than one source: nobody can say which of them they stage."""
    found = {}
    for path, model in read.models.items():
        sources = sorted({f"{r.parent}.{r.name}" for r in model.relations if r.kind == "source"})
        if len(sources) > 1:
            found[path] = f"it reads {len(sources)} sources ({', '.join(sources)}): not learned from"
    return found


_REF = re.compile(r"""\bref\(\s*(['"])(?P<name>[^'"]+)\1\s*\)""")


def _looks_broken(project: Project, here: Declared) -> bool:
    """Whether dbt may not be able to read the project: YAML or Jinja with errors, a model that is referred
    to and not there, or one with two entries.
    """
    if here.problems or any(len(files) > 1 for files in here.properties.values()):
        return True
    known = {*here.models, *(path.stem for path in _other_nodes(project))}
    sql = [text for path, text in here.files.items() if path.endswith(".sql")]
    if any(match["name"] not in known for text in sql for match in _REF.finditer(text)):
        return True
    return any(jinja_error(text) for text in sql)


def _other_nodes(project: Project) -> Iterable[Path]:
    for folder in [*project.paths("seed"), *project.paths("snapshot")]:
        yield from folder.rglob("*.csv")
        yield from folder.rglob("*.sql")


def _sql_style(
    project: Project, models: list[StagingModel], dialect: str
) -> tuple[SqlStyle | None, list[Finding]]:
    """How the models are written; what the project's .sqlfluff states counts more than what they do."""
    style = learn_sql_style(models)
    if style is None:
        return None, []
    findings = style_findings(style)
    path = project.root / ".sqlfluff"
    if path.is_file():
        style, stated = apply_sqlfluff(style, read_text(path), dialect=dialect)
        findings += stated
    return style, findings


def _dbt_version(project: Project, dbt: DbtSettings) -> str:
    installed = dbt_version(project, dbt)
    required = project.config.get("require-dbt-version")
    parts = [f"dbt {installed[0]}.{installed[1]}"] if installed else ["no dbt found"]
    if required:
        wanted = ", ".join(map(str, required)) if isinstance(required, list) else str(required)
        parts.append(f"the project asks for {wanted}")
    return "; ".join(parts)


def _layers(project: Project, here: Declared) -> dict[str, int]:
    """SQL models by their first folder below a model path."""
    folders = [path.relative_to(project.root).as_posix() for path in project.paths("model")]
    counted: Counter[str] = Counter()
    for path in here.files:
        for folder in folders:
            if path.endswith(".sql") and path.startswith(folder + "/"):
                parts = path[len(folder) + 1 :].split("/")
                counted[parts[0] if len(parts) > 1 else "."] += 1
                break
    return dict(counted.most_common())


def _placed(model: StagingModel, here: Declared) -> PlacedModel:
    assert model.source is not None
    files = here.properties.get(model.name, ())
    return PlacedModel(
        model.name, model.source.parent, model.source.name, model.path, files[0] if files else ""
    )


def _source_files(here: Declared) -> dict[str, str]:
    names = {table.source for table in here.tables if not table.package}
    return {name: path for name in sorted(names) if (path := here.source_file(name)) is not None}


def _items(value: Any, key: str) -> list[dict[str, Any]]:
    items = value.get(key) if isinstance(value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _model_entries(here: Declared) -> dict[str, dict[str, Any]]:
    """The YAML entry of every model; one that is split over files as one."""
    found: dict[str, dict[str, Any]] = {}
    for content in here.contents.values():
        for entry in _items(content, "models"):
            name = str(entry.get("name", ""))
            before = found.get(name, {})
            columns = [*_items(before, "columns"), *_items(entry, "columns")]
            found[name] = {**before, **entry, "columns": columns}
    return found


def _names(
    read: Adopted, here: Declared, entries: dict[str, dict[str, Any]], loaders: dict[str, set[str]]
) -> LearnedNames:
    columns: list[NamedColumn] = []
    for model in read.models.values():
        if model.source is None:
            continue
        types = {
            str(column.get("name", "")): str(column["data_type"])
            for column in _items(entries.get(model.name, {}), "columns")
            if column.get("data_type")
        }
        columns += named_columns(model.source.parent, model.source.name, model, types)
    learned = learn_names(columns)
    rules = learned.rules.model_copy(
        update={
            "where": _row_rules(read.models.values()),
            "loaders": _source_heads(here, loaders),
            **_left_out(read.models.values(), loaders, learned.rules),
        }
    )
    return replace(learned, rules=rules)


def _loaders(here: Declared, models: Iterable[StagingModel]) -> dict[str, set[str]]:
    """The sources each loader writes: as their YAML says, else by the columns that somebody reads."""
    found: dict[str, set[str]] = {name: set() for name in _LOADERS}
    for content in here.contents.values():
        for source in _items(content, "sources"):
            said = str(source.get("loader") or "").lower()
            text = str(source)
            for name, start in _LOADERS.items():
                if said in (name, _SAID_AS.get(name)) or (not said and start in text):
                    found[name].add(str(source.get("name", "")))
    for model in models:
        for name, start in _LOADERS.items():
            if model.source is not None and start in model.text.lower():
                found[name].add(model.source.parent)
    return found


_ABOUT_ONE_SOURCE = ("name", "description", "schema", "database", "tables", "meta")


def _source_heads(here: Declared, loaders: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """What most sources of a loader say besides their tables, such as its name and freshness."""
    found: dict[str, dict[str, Any]] = {}
    sources = [source for content in here.contents.values() for source in _items(content, "sources")]
    for name, about in loaders.items():
        heads = [
            {key: value for key, value in source.items() if key not in _ABOUT_ONE_SOURCE}
            for source in sources
            if source.get("name") in about
        ]
        texts = Counter(str(head) for head in heads)
        text, times = texts.most_common(1)[0] if texts else ("", 0)
        head = next((head for head in heads if str(head) == text), {})
        if head and times >= _LEAST and 2 * times >= len(heads):
            found[name] = head
    return found


def _left_out(
    models: Iterable[StagingModel], loaders: dict[str, set[str]], rules: ConventionSettings
) -> dict[str, Any]:
    """The columns of loaders that staging does not select; those that it does keep their names."""
    left_out: list[str] = []
    renames = dict(rules.renames)
    models = [m for m in models if m.source is not None and all(c.kind != "star" for c in m.columns)]
    for name, start in _LOADERS.items():
        about = [m for m in models if m.source is not None and m.source.parent in loaders[name]]
        selected: dict[str, Counter[str]] = {}
        for model in about:
            for column in model.columns:
                if len(column.sources) == 1 and column.sources[0].name.lower().startswith(start):
                    selected.setdefault(column.sources[0].name.lower(), Counter())[column.name] += 1
        if len(about) >= _LEAST:
            left_out.append(f"{start}*")
            for known, names in selected.items():
                if names.total() * 2 >= len(about):
                    renames.setdefault(known, names.most_common(1)[0][0])
    return {"leave_out": left_out, "renames": renames}


def _row_rules(models: Iterable[StagingModel]) -> dict[str, str]:
    """Conditions that several models put on the same column that marks deleted rows."""
    seen: dict[str, Counter[str]] = {}
    for model in models:
        for rule in model.rules:
            marks = {match.lower() for match in _SOFT_DELETE.findall(rule.text)}
            if rule.kind == "filter" and len(marks) == 1 and "\n" not in rule.text.strip():
                seen.setdefault(marks.pop(), Counter())[rule.text.strip()] += 1
    best = {column: texts.most_common(1)[0] for column, texts in sorted(seen.items())}
    return {column: text for column, (text, times) in best.items() if times >= _LEAST}


def _yaml_style(here: Declared) -> YamlStyle | None:
    texts = [text for path, text in here.files.items() if path in here.contents]
    return infer_style(texts) if texts else None


def _property_style(here: Declared, entries: Sequence[tuple[dict[str, Any], StagingModel]]) -> PropertyStyle:
    texts = [text for path, text in here.files.items() if path in here.contents]
    old = sum(len(re.findall(r"^[ \t-]*tests:", text, re.MULTILINE)) for text in texts)
    new = sum(len(re.findall(r"^[ \t-]*data_tests:", text, re.MULTILINE)) for text in texts)
    headed = sum(isinstance(c, dict) and "version" in c for c in here.contents.values())
    columns = [column for entry, _ in entries for column in _items(entry, "columns")]
    typed = sum("data_type" in column for column in columns)
    selected = sum(len(model.columns) for _, model in entries)
    return PropertyStyle(
        tests_key="tests" if old > new else "data_tests",
        data_types=not columns or 2 * typed >= len(columns),
        version=not here.contents or 2 * headed >= len(here.contents),
        columns="noted" if columns and len(columns) < _LISTED * selected else "all",
    )


def _test_habits(entries: Sequence[dict[str, Any]]) -> TestHabits:
    by_test: Counter[str] = Counter()
    keyed = described = columns = 0
    for entry in entries:
        own = [_test_names(entry), *(_test_names(column) for column in _items(entry, "columns"))]
        keyed += any({"unique", "not_null"} <= set(names) for names in own)
        by_test.update(name for names in own for name in names)
        columns += len(_items(entry, "columns"))
        described += sum(bool(column.get("description")) for column in _items(entry, "columns"))
    return TestHabits(
        len(entries), keyed, dict(by_test.most_common()), described / columns if columns else 0.0
    )


def _test_names(entry: dict[str, Any]) -> list[str]:
    items = [*(entry.get("tests") or ()), *(entry.get("data_tests") or ())]
    return [item if isinstance(item, str) else str(next(iter(item), "")) for item in items if item]
