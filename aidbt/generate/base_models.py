"""The models between change logs and staging: the rows of a log as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from aidbt.core.loads import DELETED, IS_DELETED, OPERATION, POSITION, SEQUENCE, TRUNCATED
from aidbt.core.schema import MappedTest, Mapping
from aidbt.generate.files import Entry, Model, Rendering, StagedTable, test_entry
from aidbt.generate.lock import decided_digest
from aidbt.generate.templates import jinja_text, render
from aidbt.sql.identifiers import escape_jinja, needs_quotes, plain_name, quote_identifier

MACROS_DIR = "aidbt"
# What replaces rows where nothing deletes and inserts in one transaction; "" builds all of them anew: Spark's
# own tables know no way.
_STRATEGIES = {"databricks": "merge", "bigquery": "merge", "spark": ""}


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The model with the rows of one change log as they are now.

    Attributes:
        model: its name.
        mapping: of the log's table.
        source_table: the log's name in its source's YAML.
    """

    model: str
    mapping: Mapping
    source_table: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are named in the model: all that are known where the log has no key."""
        if self.mapping.row_key:
            return ()
        used = (name for column in self.mapping.columns for name in column.sources)
        return tuple(dict.fromkeys([*used, *self.mapping.unmapped]))


def macro_files(folder: str) -> dict[str, str]:
    """Our macros as files of a project, by path."""
    home = files("aidbt") / "templates" / "dbt" / "macros"
    return {
        f"{folder}/{MACROS_DIR}/{item.name}": item.read_text(encoding="utf-8")
        for item in sorted(home.iterdir(), key=lambda item: item.name)
        if item.name.endswith((".sql", ".yml"))
    }


def base_models(tables: Sequence[StagedTable]) -> list[BaseModel]:
    """The models that the staging models of change logs read, each once."""
    found = {
        table.base: BaseModel(table.base, replace(table.mapping, items=""), table.source_table)
        for table in sorted(tables, key=lambda table: not table.mapping.items)
        if table.base
    }
    return list(found.values())


# --- SQL ----------------------------------------------------------------------------------------------


def base_model_files(bases: Sequence[BaseModel], options: Rendering) -> list[Model]:
    """The SQL of every base model."""
    return [
        Model(
            options.layout.base_file(base.mapping, base.model),
            base_sql(base, options.dialect),
            decided_digest(base.mapping.key, base.source_table, base.mapping.row_key, base.columns),
            base.model,
        )
        for base in bases
    ]


def base_sql(base: BaseModel, dialect: str) -> str:
    """The text of a base model: incremental where the log has a key, else a view."""
    source, table = jinja_text(base.mapping.source), jinja_text(base.source_table)
    key = base.mapping.row_key
    if not key:
        return render(
            "dbt/base_without_key.sql.jinja",
            source=source,
            table=table,
            columns=[escape_jinja(quote_identifier(name, dialect)) for name in base.columns],
            operation=OPERATION,
            position=POSITION,
            sequence=SEQUENCE,
            truncated=TRUNCATED,
            deleted=DELETED,
        )
    return render(
        "dbt/base.sql.jinja",
        source=source,
        table=table,
        strategy=_STRATEGIES.get(dialect, "delete+insert"),
        unique_key=[jinja_text(quote_identifier(name, dialect)) for name in key],
        key=[jinja_text(name) for name in key],
    )


# --- properties ---------------------------------------------------------------------------------------


def base_entries(bases: Sequence[BaseModel], options: Rendering) -> list[Entry]:
    """The entries of the base models in property files: what they are, and tests of their keys."""
    return [
        Entry(
            options.layout.base_models_file(base.mapping, base.model),
            f"model {base.model}",
            _properties(base, options),
            decided_digest(base.mapping.key, base.mapping.row_key, options.layout.settings.tests),
        )
        for base in sorted(bases, key=lambda base: base.model)
    ]


def _properties(base: BaseModel, options: Rendering) -> dict[str, Any]:
    key = base.mapping.row_key
    read_from = replace(base.mapping, table=plain_name(base.mapping.table, options.dialect)).key
    if not key:
        said = f"Every row of {read_from} that came after the table was emptied last, from its change log."
        return {"name": base.model, "description": escape_jinja(said)}
    said = f"The latest row of each key of {read_from}, from its change log; deleted rows stay, marked."
    deleted = {"name": IS_DELETED, "description": "Whether the row is deleted in the source."}
    return {
        "name": base.model,
        "description": escape_jinja(said),
        **_tests([_combination(key, options)] if len(key) > 1 else [], options),
        "columns": [*(_key_column(name, is_whole=len(key) == 1, options=options) for name in key), deleted],
    }


def _combination(key: Sequence[str], options: Rendering) -> Any:
    return test_entry(MappedTest(key[0], "unique_combination", columns=tuple(key)), options)


def _key_column(name: str, *, is_whole: bool, options: Rendering) -> dict[str, Any]:
    quoting = {"quote": True} if needs_quotes(name, options.dialect) else {}
    tests = _tests(["not_null", "unique"] if is_whole else ["not_null"], options)
    return {"name": escape_jinja(plain_name(name, options.dialect)), **quoting, **tests}


def _tests(tests: Sequence[Any], options: Rendering) -> dict[str, Any]:
    """The tests that the project can run, under the key that it writes them under."""
    wanted = [test for test in tests if test is not None]
    return (
        {options.properties.tests_key: wanted} if wanted and options.layout.settings.tests == "keys" else {}
    )
