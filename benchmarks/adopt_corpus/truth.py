"""What is true of a project, as plain lists, dicts, texts and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.adopt_corpus.styles import DBT_LABS, FIVETRAN, Style
from benchmarks.adopt_corpus.tables import Table

Truth = dict[str, Any]  # `write_project` says what is in it


def truth_of(
    style: Style,
    seed: int,
    staged: Sequence[Table],
    unstaged: Sequence[Table],
    intermediate: int,
    marts: int,
    ignored: list[list[str]],
) -> Truth:
    declared = {table.source for table in staged}
    staging = len(staged) * (2 if style is FIVETRAN else 1)
    return {
        "style": style.name,
        "seed": seed,
        "models": {"staging": staging, "intermediate": intermediate, "marts": marts},
        "layout": {
            "staging_model": style.model,
            "staging_path": style.model_path,
            "sources_yaml": style.sources_yaml,
            "models_yaml": style.models_yaml,
            "intermediate_model": style.intermediate,
            "marts_models": dict(style.mart),
            "intermediate_folder": style.intermediate_folder,
            "marts_folder": style.marts_folder,
        },
        "staged": [[table.source, table.name] for table in staged],
        "staging": {
            table.model: {
                "path": table.path,
                "source": table.source,
                "table": table.name,
                "columns": {column.raw: column.name for column in table.columns},
            }
            for table in staged
        },
        "rules": _counted(style, staged),
        "tests": _test_habits(style),
        "yaml": {
            "indent": 2,
            "dash_indent": style.dash_indent,
            "quote": style.quote,
            "version_key": style.version_key,
            "tests_key": style.tests_key,
            "blank_line_between_models": True,
            "columns_listed": "all",
        },
        "sql": {
            "comma": "leading" if style.leading_commas else "trailing",
            "keywords": "upper" if style.upper else "lower",
            "indent": style.indent,
            "ctes": list(style.ctes),
            "final_select": style.final_select,
            "cast": {"dbt_labs": "none", "gitlab": "::", "fivetran": "cast"}[style.name],
            "group_comments": style is DBT_LABS,
        },
        "odd": [
            {"model": table.model, "path": table.path, "why": table.odd} for table in staged if table.odd
        ],
        "loader": {"name": style.loader, "columns": list(style.loader_columns)},
        "unstaged": [
            {
                "schema": f"raw_{table.source}",
                "source": table.source,
                "declared": table.source in declared,
                "table": table.name,
                "model": table.model,
                "path": table.path,
                "columns": {column.raw: column.name for column in table.columns},
            }
            for table in unstaged
        ],
        "ignored": ignored,
    }


def _counted(style: Style, tables: Sequence[Table]) -> list[dict[str, Any]]:
    """The rules with what each explains."""
    columns, renames, casts, broken = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for column in (column for table in tables for column in table.kept):
        if not column.by_rule:
            broken[column.kind] += 1
            continue
        columns[column.kind] += 1
        renames[column.kind] += column.name != column.raw
        casts[column.kind] += column.expression != column.raw
    return [
        {
            "kind": kind,
            "to": rule.name,
            # Doubled where the text is a format; here it is Jinja.
            "expression": rule.expression.replace("{{{{", "{{").replace("}}}}", "}}"),
            "columns": columns[kind],
            "renames": renames[kind],
            "casts": casts[kind],
            "broken": broken[kind],
        }
        for kind, rule in style.rules.items()
    ]


def _test_habits(style: Style) -> dict[str, list[str]]:
    habits = {
        "key": list(style.key_tests),
        "reference": list(style.reference_tests),
        "code": list(style.code_tests),
    }
    used = {test for tests in habits.values() for test in tests}
    return {**habits, "none": sorted({"unique", "not_null", "relationships", "accepted_values"} - used)}
