"""The files of a project: settings, YAML, macros, and the models in their places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.adopt_corpus.models import (
    Downstream,
    columns_macro,
    source_call,
    staging_sql,
    tmp_model,
)
from benchmarks.adopt_corpus.styles import DBT_LABS, FIVETRAN, Style
from benchmarks.adopt_corpus.tables import Column, Table


@dataclass
class Files:
    """What is to be written: path to text; YAML files grow by one entry after the other."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        if path in self.texts:
            raise ValueError(f"{path} would be written twice")
        self.texts[path] = text

    def append(self, path: str, head: str, entry: str) -> None:
        self.texts[path] = self.texts[path] + "\n" + entry if path in self.texts else head + entry

    def write(self, folder: Path) -> None:
        for name, text in self.texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def add_settings(files: Files, style: Style) -> None:
    files.add(
        "dbt_project.yml",
        f"name: {style.name}\nversion: '1.0.0'\nconfig-version: 2\nprofile: {style.name}\n\n"
        "flags:\n  send_anonymous_usage_stats: false\n\n"
        f"models:\n  {style.name}:\n    +materialized: view\n",
    )
    files.add(
        "profiles.yml",
        f"{style.name}:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n"
        '      path: "{{ flags.PROFILES_DIR }}/warehouse.duckdb"\n'
        "      schema: analytics\n      threads: 2\n",
    )
    files.add(".gitignore", "target/\nlogs/\ndbt_packages/\n*.duckdb\n*.duckdb.wal\n.user.yml\n")
    if style is DBT_LABS:
        files.add(
            "macros/cents_to_dollars.sql",
            "{% macro cents_to_dollars(column_name) -%}\n"
            "    ({{ column_name }} / 100)::numeric(16, 2)\n{%- endmacro %}\n",
        )
    if style is FIVETRAN:
        files.add(
            "macros/fill_staging_columns.sql",
            "{% macro fill_staging_columns(columns) -%}\n"
            "{%- for column in columns %}\n"
            "    {{ column.name }}{% if not loop.last %},{% endif %}\n"
            "{%- endfor %}\n{%- endmacro %}\n",
        )


def add_staging(files: Files, style: Style, tables: Sequence[Table]) -> None:
    by_source: dict[str, list[Table]] = {}
    for table in tables:
        by_source.setdefault(table.source, []).append(table)
    for source, own in by_source.items():
        where = style.sources_yaml.format(source=source)
        files.append(where, yaml_head(style, "sources"), source_entry(style, source, own))
        models = {table.entity: table for table in own}
        for table in own:
            files.add(table.path, staging_sql(style, table))
            entries = style.models_yaml.format(source=source)
            files.append(entries, yaml_head(style, "models"), model_entry(style, table, models))
            if style is FIVETRAN:
                _add_fivetran_parts(files, style, table)


def _add_fivetran_parts(files: Files, style: Style, table: Table) -> None:
    """The `_tmp` model below a staging model, its YAML, and the macro that lists the raw columns."""
    folder = f"models/{table.source}/staging/tmp"
    files.add(f"{folder}/{tmp_model(table)}.sql", f"select *\nfrom {source_call(table)}\n")
    pad = " " * style.dash_indent
    entry = f"{pad}- name: {tmp_model(table)}\n{pad}  description: {quoted(style, 'Its raw table.')}\n"
    files.append(f"{folder}/tmp_{table.source}.yml", yaml_head(style, "models"), entry)
    listed = ",\n".join(
        f'    {{"name": "{column.raw}", "datatype": "{column.type}"}}' for column in table.columns
    )
    name = columns_macro(table)
    files.add(
        f"macros/{table.source}/{name}.sql",
        f"{{% macro {name}() %}}\n\n{{% set columns = [\n{listed}\n] %}}\n\n{{{{ return(columns) }}}}\n\n"
        "{% endmacro %}\n",
    )


def add_downstream(files: Files, style: Style, models: Iterable[Downstream]) -> None:
    for model in models:
        files.add(f"{model.folder}/{model.name}.sql", model.sql)
        files.append(
            f"{model.folder}/{model.yaml}", yaml_head(style, "models"), downstream_entry(style, model)
        )


def yaml_head(style: Style, kind: str) -> str:
    return ("version: 2\n\n" if style.version_key else "") + f"{kind}:\n"


def quoted(style: Style, text: str) -> str:
    return f"{style.quote}{text}{style.quote}"


def _columns_yaml(style: Style, columns: Iterable[tuple[str, str, Sequence[str]]], pad: str) -> list[str]:
    """`columns:` with name, description and the lines of its tests, below `pad`."""
    lines = [f"{pad}columns:"]
    dash = pad + " " * style.dash_indent
    for name, description, tests in columns:
        lines += [f"{dash}- name: {name}", f"{dash}  description: {quoted(style, description)}"]
        if tests:
            lines.append(f"{dash}  {style.tests_key}:")
            lines += [f"{dash}  {' ' * style.dash_indent}{line}" for line in tests]
    return lines


def _tests(style: Style, column: Column, models: dict[str, Table]) -> list[str]:
    """The lines of a column's tests, dash first."""
    if column.kind == "key":
        return [f"- {test}" for test in style.key_tests]
    if column.refers_to and column.refers_to in models:
        parent = models[column.refers_to]
        relationships = [
            "- relationships:",
            "    arguments:",
            f"      to: ref('{parent.model}')",
            f"      field: {parent.key}",
        ]
        lines: list[str] = []
        for test in style.reference_tests:
            lines += relationships if test == "relationships" else [f"- {test}"]
        return lines
    if column.values and style.code_tests:
        listed = ", ".join(f"'{value}'" for value in column.values)
        return ["- accepted_values:", "    arguments:", f"      values: [{listed}]"]
    return []


def _described(name: str) -> str:
    return f"The {name.replace('_', ' ').strip()}."


def model_entry(style: Style, table: Table, models: dict[str, Table]) -> str:
    columns = [
        (column.name or "", _described(column.raw), _tests(style, column, models)) for column in table.kept
    ]
    return _entry(style, table.model, f"One row per {table.entity} of {table.source}.", columns)


def downstream_entry(style: Style, model: Downstream) -> str:
    tests = {model.table.key: [f"- {test}" for test in style.key_tests]}
    columns = [(name, _described(name), tests.get(name, [])) for name in model.columns]
    return _entry(style, model.name, f"One row per {model.table.entity}.", columns)


def _entry(
    style: Style, name: str, description: str, columns: Iterable[tuple[str, str, Sequence[str]]]
) -> str:
    pad = " " * style.dash_indent
    head = [f"{pad}- name: {name}", f"{pad}  description: {quoted(style, description)}"]
    return "\n".join([*head, *_columns_yaml(style, columns, f"{pad}  ")]) + "\n"


def source_entry(style: Style, source: str, tables: Sequence[Table]) -> str:
    pad, deep = " " * style.dash_indent, " " * (2 * style.dash_indent + 2)
    lines = [
        f"{pad}- name: {source}",
        f"{pad}  description: {quoted(style, f'What {style.loader} reads from {source}.')}",
        f"{pad}  schema: raw_{source}",
        f"{pad}  loader: {style.loader}",
        f"{pad}  tables:",
    ]
    for table in tables:
        lines += [
            f"{deep}- name: {table.name}",
            f"{deep}  description: {quoted(style, f'Raw {table.name}.')}",
        ]
    return "\n".join(lines) + "\n"
