"""What a text of a project gives: whether it can be read, and the columns of each query in it."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.code.rendering import NotRendered, Renderer, Surroundings, surroundings_of
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Manifest, Node

_MACRO = re.compile(r"\{%[-+]?\s*macro\s+(\w+)")
_MOST_READERS = 8  # models that are read to see what a macro gives


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text gives.

    Attributes:
        problem: why it cannot be read; "" when it can.
        is_wrong_sql: whether that is said of the SQL that came out.
        columns: name of a CTE, "" for the whole query → the names it selects; absent where it has a star.
        query: the SQL as one line without comments, of other files what they hold, so that two texts can be
            compared.
    """

    problem: str = ""
    is_wrong_sql: bool = False
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


@dataclass(slots=True)
class Reader:
    """Reads texts of one project's files in place of what stands there.

    Attributes:
        failed: unique_ids of the nodes that failed; they are read first to see what a macro gives.
    """

    case: Case
    tools: Tools
    failed: tuple[str, ...] = ()
    _connection: Any = None
    _around: Surroundings | None = None

    def read(self, path: str, text: str) -> Reading | None:
        """What a file gives with this text; None for one that makes nothing which could be read."""
        if path.endswith((".yml", ".yaml", ".py", ".csv")):
            return read_other(path, text)
        manifest = self.case.good_manifest or self.case.manifest
        if not path.endswith(".sql") or manifest is None:
            return None
        variables = self.tools.project.config.get("vars") or {}
        around = self._around or surroundings_of(manifest, self.case.project, self.case.adapter, variables)
        self._around = around
        names = _MACRO.findall(text) if _is_macro_file(path, manifest) else []
        if not names and not _is_macro_file(path, manifest):
            return self._sql(text, around)
        macros = {**around.macros, **dict.fromkeys(names, (self.case.project, text))}
        around = replace(around, macros=macros)
        found = [self._sql(self.tools.text(node.path) or "", around) for node in self._users(path, manifest)]
        return _together(found) if found else None

    def _users(self, path: str, manifest: Manifest) -> list[Node]:
        """Models that use a macro of a file, those that failed first."""
        macros = manifest.raw.get("macros") or {}
        own = {name for name, macro in macros.items() if macro.get("original_file_path") == path}
        while more := {n for n, m in macros.items() if own & set(_macros(m))} - own:
            own |= more
        users = [n for n in manifest.nodes.values() if own & set(_macros(n.raw)) and n.path.endswith(".sql")]
        users = [
            n for n in users if n.resource_type in ("model", "snapshot") and n.package == self.case.project
        ]
        return sorted(users, key=lambda n: (n.unique_id not in self.failed, n.unique_id))[:_MOST_READERS]

    def _sql(self, text: str, around: Surroundings) -> Reading:
        """A model's or snapshot's text, rendered and parsed, as an incremental run and as a first one."""
        found, queries = Reading("it holds nothing"), []
        for is_incremental in (True, False) if "is_incremental" in text else (False,):
            try:
                sql = Renderer(around, is_incremental).render(text)
            except NotRendered as error:
                return Reading(f"Jinja cannot read it: {error}")
            found = self._parsed(sql, around)
            if found.problem:
                return found
            queries.append(found.query)
        return replace(found, query=" ; ".join(queries))

    def _parsed(self, sql: str, around: Surroundings) -> Reading:
        from aidbt.sql.parse import parse_sql

        problem = self._engine_problem(sql) if around.adapter == "duckdb" else ""
        if problem:
            return Reading(problem, True)
        parsed = parse_sql(sql, self.case.dialect)
        if parsed.tree is not None:
            query = parsed.tree.sql(dialect=self.case.dialect, comments=False)
            return Reading(columns=_columns(parsed.tree), query=query)
        # An engine's own parser knows best; what only ours cannot read has no columns that are known.
        ours = parsed.problems[0].message if parsed.problems else "it is no query"
        is_wrong = around.adapter != "duckdb"
        return Reading(ours if is_wrong else "", is_wrong, query=" ".join(sql.split()))

    def _engine_problem(self, sql: str) -> str:
        import duckdb

        self._connection = self._connection or duckdb.connect()
        try:
            found = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            return str(error).splitlines()[0]
        return "" if len(found) == 1 else "it is not one query"


def read_other(path: str, text: str) -> Reading:
    """A file of YAML, Python or CSV: only whether it can be read."""
    if path.endswith(".csv"):
        return _read_csv(text)
    if path.endswith(".py"):
        try:
            return Reading(query=ast.dump(ast.parse(text)))
        except (SyntaxError, ValueError) as error:
            return Reading(str(error))
    try:
        return Reading(query=repr(parse_yaml(text, path, repeated_keys=True)))
    except SettingsError as error:
        return Reading(error.message)


def _read_csv(text: str) -> Reading:
    try:
        rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row]
    except csv.Error as error:
        return Reading(str(error))
    odd = next((row for row in rows if len(row) != len(rows[0])), None)
    return (
        Reading(f"{len(odd)} values in a row of {len(rows[0])} columns") if odd else Reading(query=repr(rows))
    )


def _together(found: list[Reading]) -> Reading:
    """What several models give, as one."""
    problem = next((one.problem for one in found if one.problem), "")
    columns = {f"{place} {name}": of for place, one in enumerate(found) for name, of in one.columns.items()}
    is_wrong = any(one.is_wrong_sql for one in found)
    return Reading(problem, is_wrong, columns, " ; ".join(one.query for one in found))


def _columns(tree: Any) -> dict[str, tuple[str, ...]]:
    from sqlglot import exp

    queries = {**{cte.alias: cte.this for cte in tree.find_all(exp.CTE)}, "": tree}
    return {
        name: tuple(query.named_selects)
        for name, query in queries.items()
        if isinstance(query, exp.Query) and not query.is_star
    }


def _is_macro_file(path: str, manifest: Manifest) -> bool:
    made = any(node.path == path for node in manifest.nodes.values())
    macros = (manifest.raw.get("macros") or {}).values()
    return not made and any(macro.get("original_file_path") == path for macro in macros)


def _macros(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from (raw.get("depends_on") or {}).get("macros") or ()
