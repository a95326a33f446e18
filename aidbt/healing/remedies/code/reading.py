"""What a text of a project gives: whether it can be read, and the columns of each query in it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.healing.remedies.code.rendering import NotRendered, Surroundings, render


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text gives.

    Attributes:
        problem: why it cannot be read; "" when it can.
        columns: name of a CTE, "" for the whole query → the names it selects; absent where it has a star.
        query: the SQL, as one line without comments, so that two texts can be compared.
    """

    problem: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    query: str = ""

    def loses(self, before: Reading) -> str:
        """The first column that a query of before had and has no more; "" for none."""
        for name, columns in before.columns.items():
            kept = {column.casefold() for column in self.columns.get(name, columns)}
            gone = [column for column in columns if column.casefold() not in kept]
            if gone:
                return gone[0]
        return ""


def read_sql(text: str, around: Surroundings, dialect: str) -> Reading:
    """A model's or snapshot's text, rendered and parsed, as a first run and as an incremental one."""
    found = Reading("it holds nothing")
    for is_incremental in (True, False):
        try:
            sql = render(text, around, is_incremental=is_incremental)
        except NotRendered as error:
            return Reading(f"Jinja cannot read it: {error}")
        found = _parsed(sql, around.adapter, dialect)
        if found.problem:
            return found
    return found


def read_other(path: str, text: str) -> Reading:
    """A file of YAML or Python: only whether it can be read."""
    if path.endswith((".yml", ".yaml")):
        try:
            parse_yaml(text, path, repeated_keys=True)
        except SettingsError as error:
            return Reading(error.message)
        return Reading()
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        return Reading(str(error))
    return Reading()


def _parsed(sql: str, adapter: str, dialect: str) -> Reading:
    from sqlglot import exp

    from aidbt.sql.parse import parse_sql

    problem = _engine_problem(sql) if adapter == "duckdb" else ""
    parsed = parse_sql(sql, dialect)
    if parsed.tree is None:
        # The engine's own parser knows best; what only ours cannot read has no columns that are known.
        ours = parsed.problems[0].message if parsed.problems else "it is no query"
        return Reading(problem if adapter == "duckdb" else ours, query=" ".join(sql.split()))
    columns: dict[str, tuple[str, ...]] = {}
    queries = {cte.alias: cte.this for cte in parsed.tree.find_all(exp.CTE)}
    for name, query in {**queries, "": parsed.tree}.items():
        if isinstance(query, exp.Query) and not query.is_star:
            columns[name] = tuple(query.named_selects)
    return Reading(problem, columns, parsed.tree.sql(dialect=dialect, comments=False))


def _engine_problem(sql: str) -> str:
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.extract_statements(sql)
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return "" if len(found) == 1 else "it is not one query"
