"""Models over change logs run on DuckDB without dbt's start-up: our macros, rendered as dbt renders them.

dbt renders every macro as a template of its own, in a context that holds all others, and `return` in a macro
hands back a value. `Macros` does that with our files and with dbt-duckdb's own strategy delete+insert.
Free of pytest.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

from aidbt.generate.base_models import macro_files

_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)


class CompilerError(Exception):
    """What a macro raised by `exceptions.raise_compiler_error`."""


class _Return(Exception):
    """`return` in a macro."""


@cache
def _sources() -> Mapping[str, str]:
    """The text of every macro, by name: ours, and what runs a table of DuckDB by delete+insert."""
    spec = importlib.util.find_spec("dbt.adapters.duckdb")
    assert spec is not None and spec.origin is not None
    include = Path(spec.origin).parents[2] / "include"
    texts = [text for path, text in macro_files("macros").items() if path.endswith(".sql")]
    of_dbt = (
        "duckdb/macros/materializations/incremental_strategy/delete_insert.sql",
        "global_project/macros/materializations/models/incremental/column_helpers.sql",
    )
    texts += [(include / path).read_text() for path in of_dbt]
    return {match[1]: match[0] for text in texts for match in _MACRO.finditer(text)}


@cache
def _template(source: str) -> jinja2.Template:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    return environment.from_string(source)


@dataclass
class Model:
    """An incremental model over one change log, in one DuckDB database.

    Attributes:
        macro: "aidbt_latest" or "aidbt_history".
        log, table: the relations as SQL names them.
        key: the names of the key's columns.
        config: what is not as `incremental_config` says.
    """

    connection: duckdb.DuckDBPyConnection
    macro: str
    log: str
    table: str
    key: Sequence[str]
    config: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def run(self, *, full_refresh: bool = False) -> None:
        """Build or continue the table, as `dbt run` does it: all in one transaction."""
        incremental = not full_refresh and self._exists()
        sql = self.compiled(full_refresh=full_refresh)
        self.connection.execute("begin")
        try:
            if incremental:
                self._continue(sql)
            else:
                self.connection.execute(f"create or replace table {self.table} as {sql}")
        except duckdb.Error:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def compiled(self, *, full_refresh: bool = False) -> str:
        """The model's SQL as it would run now."""
        context = self._context(incremental=not full_refresh and self._exists())
        return str(context[self.macro](self.log, list(self.key)))

    def write_sql(self) -> str:
        """The SQL by which the rows of `new_rows` come into the table."""
        context = self._context(incremental=True)
        arguments = {
            "target_relation": self.table,
            "temp_relation": "new_rows",
            "unique_key": self._config()["unique_key"],
            "dest_columns": [{"name": name} for name in self._columns("new_rows")],
            "incremental_predicates": None,
        }
        if self.macro == "aidbt_history":
            return str(context["get_incremental_aidbt_history_sql"](arguments))
        names = {"target": "target_relation", "source": "temp_relation"}
        arguments |= {short: arguments.pop(long) for short, long in names.items()}
        return str(context["duckdb__get_delete_insert_merge_sql"](**arguments))

    def _continue(self, sql: str) -> None:
        self.connection.execute(f"create or replace temp table new_rows as {sql}")
        held = self._columns(self.table)
        for name, data_type in self._columns("new_rows").items():
            if name not in held:
                self.connection.execute(f"alter table {self.table} add column {_quote(name)} {data_type}")
        self.connection.execute(self.write_sql())
        self.connection.execute("drop table new_rows")

    def _config(self) -> dict[str, Any]:
        return {
            "materialized": "incremental",
            "incremental_strategy": "aidbt_history" if self.macro == "aidbt_history" else "delete+insert",
            "unique_key": [_quote(name) for name in self.key],
            "on_schema_change": "sync_all_columns",
            **self.config,
        }

    def _exists(self) -> bool:
        return bool(self._columns(self.table))

    def _columns(self, relation: str) -> dict[str, str]:
        try:
            found = self.connection.execute(f"describe {relation}").fetchall()
        except duckdb.CatalogException:
            return {}
        return {name: data_type for name, data_type, *_ in found}

    def _context(self, *, incremental: bool) -> dict[str, Any]:
        context: dict[str, Any] = {
            "execute": True,
            "this": self.table,
            "target": SimpleNamespace(type="duckdb"),
            "model": SimpleNamespace(name=self.table),
            "config": self._config(),
            "is_incremental": lambda: incremental,
            "run_query": self._run_query,
            "return": _return,
            "dbt": SimpleNamespace(
                type_string=lambda: "varchar", escape_single_quotes=lambda text: text.replace("'", "''")
            ),
            "exceptions": SimpleNamespace(raise_compiler_error=_raise, warn=self.warnings.append),
        }
        context["adapter"] = SimpleNamespace(
            quote=_quote,
            dispatch=lambda name: context.get(f"duckdb__{name}") or context[f"default__{name}"],
            get_columns_in_relation=lambda relation: [
                SimpleNamespace(name=name, data_type=data_type)
                for name, data_type in self._columns(relation).items()
            ],
        )
        for name, source in _sources().items():
            context[name] = _macro(name, source, context)
        return context

    def _run_query(self, sql: str) -> SimpleNamespace:
        return SimpleNamespace(rows=self.connection.execute(sql).fetchall())


def _macro(name: str, source: str, context: dict[str, Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        # A template's own names hide those of its context, so it is not handed itself.
        others = {key: value for key, value in context.items() if key != name}
        try:
            return getattr(_template(source).make_module(others), name)(*args, **kwargs)
        except _Return as returned:
            return returned.args[0]

    return call


def _quote(name: str) -> str:
    return '"' + name + '"'


def _return(value: Any) -> None:
    raise _Return(value)


def _raise(message: str) -> None:
    raise CompilerError(message)
