"""The names that a SELECT may use, and what each of them refers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from aidbt.core.findings import Severity
from aidbt.sql.folding import Folding, folding
from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.parse import Places
from aidbt.sql.resolve.rows import Bound, Field, Joined, Rows, Selected, Source
from aidbt.sql.resolve.values import Uses, Value, combined, unknown
from aidbt.sql.resolved import How, Made, SqlProblem
from aidbt.sql.spelling import nearest_names

if TYPE_CHECKING:
    from sqlglot import exp

Clause = Literal["from", "where", "select", "group", "having", "qualify", "order"]

# Where a name given by the same SELECT may be used. Dialects that are not named allow it.
_NO_ALIAS: Mapping[Clause, frozenset[str]] = {
    "where": frozenset(
        "postgres redshift bigquery spark databricks hive trino presto athena tsql mysql oracle".split()
    ),
    "select": frozenset("postgres bigquery hive trino presto athena tsql mysql oracle sqlite".split()),
    "group": frozenset({"tsql", "trino", "presto", "athena", "oracle"}),
    "having": frozenset({"postgres", "tsql", "trino", "presto", "athena", "oracle"}),
    "qualify": frozenset(),
    "order": frozenset(),
}
# Columns that every table has without having them.
_SYSTEM_COLUMNS: Mapping[str, frozenset[str]] = {
    "duckdb": frozenset({"rowid", "filename", "file_row_number", "file_index"}),
    "postgres": frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"}),
    "redshift": frozenset({"oid"}),
    "snowflake": frozenset(
        """metadata$action metadata$isupdate metadata$row_id metadata$filename metadata$file_row_number
        metadata$file_content_key metadata$file_last_modified metadata$start_scan_time""".split()
    ),
    "bigquery": frozenset("_partitiontime _partitiondate _table_suffix _file_name _change_type".split()),
    "spark": frozenset({"_metadata"}),
    "databricks": frozenset({"_metadata", "_change_type", "_commit_version", "_commit_timestamp"}),
    "oracle": frozenset({"rowid", "rownum", "level"}),
    "sqlite": frozenset({"rowid", "oid", "_rowid_"}),
    "trino": frozenset({"$path", "$file_modified_time", "$partition", "$row_id"}),
}
# Words that are functions without brackets where the parser takes them for columns.
NILADIC = frozenset(
    """
    current_catalog current_database current_date current_datetime current_role current_schema current_time
    current_timestamp current_user localtime localtimestamp session_user sysdate system_user systimestamp
    user getdate current_account current_warehouse current_region
    """.split()
)
# Dialects in which a whole row is a value under the name of its table.
_ROWS_ARE_VALUES = frozenset({"duckdb", "postgres", "bigquery", "spark", "databricks", "redshift"})


class Problems:
    """The problems of one query, each place once for each code."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: Places | None = None
        self._found: dict[tuple[str, int, int, str], SqlProblem] = {}

    def add(
        self,
        code: str,
        message: str,
        node: exp.Expr | None = None,
        *,
        nearest: tuple[str, ...] = (),
        replacement: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a problem at the place of a node of the tree."""
        start, end = span(node) if node is not None else (0, 0)
        self.add_at(
            SqlProblem(
                code,
                message,
                start=start,
                end=end,
                nearest=nearest,
                replacement=replacement,
                severity=severity,
            )
        )

    def add_at(self, problem: SqlProblem) -> None:
        """Add a problem that has its offsets; its line and column are found here."""
        line = column = 0
        start, end = problem.start, problem.end
        if end > start and end <= len(self._text):
            line, column = self.at(start)
        else:
            start = end = 0
        placed = replace(
            problem,
            line=line,
            column=column,
            start=start,
            end=end,
            replacement=problem.replacement if end else "",
        )
        self._found.setdefault((problem.code, start, end, "" if end else problem.message), placed)

    def at(self, offset: int) -> tuple[int, int]:
        if self._places is None:
            self._places = Places(self._text)
        return self._places.at(offset)

    def all(self) -> tuple[SqlProblem, ...]:
        """In the order of the text."""
        return tuple(sorted(self._found.values(), key=lambda problem: (problem.start, problem.end)))


def span(node: exp.Expr) -> tuple[int, int]:
    """Where a node's own words stand in the text, from its first to its last one; (0, 0) when unknown."""
    start = end = -1
    for inner in node.walk():
        meta = inner._meta
        if meta and "start" in meta:
            if start < 0 or meta["start"] < start:
                start = meta["start"]
            end = max(end, meta["end"] + 1)
    return (start, end) if start >= 0 else (0, 0)


class Scope:
    """The names in reach of one SELECT.

    Attributes:
        sources: what FROM has named so far.
        merged: the columns that USING made one of two, by key.
        aliases: the columns of the same SELECT that later parts may name, by key.
        ctes: the queries that may be read by name, by key.
        clause: the part of the SELECT that is read now.
        local_names: the parameters of the lambdas around what is read now, as keys.
    """

    def __init__(self, problems: Problems, dialect: str, parent: Scope | None, ctes: Mapping[str, Rows]):
        self.problems = problems
        self.dialect = dialect
        self.folding: Folding = folding(dialect)
        self.parent = parent
        self.ctes = ctes
        self.sources: list[Source] = []
        self.hidden: set[tuple[int, str]] = set()
        self.merged: dict[str, Field] = {}
        self.aliases: dict[str, Field] = {}
        self.windows: dict[str, exp.Window] = {}
        self.clause: Clause = "from"
        self.local_names: list[set[str]] = []
        self.saw_aggregate = False
        self.is_correlated = False
        self.rows = Rows()
        self.joins: list[Joined] = []
        self.bracketed: tuple[Joined, ...] = ()
        self.selected: Selected | None = None
        self.substitutes: dict[int, list[Field]] = {}

    def take_bracketed(self) -> tuple[Joined, ...]:
        """The joins of the brackets that were read last, once."""
        found, self.bracketed = self.bracketed, ()
        return found

    def key(self, name: exp.Expr) -> str:
        """The key of an identifier of the query."""
        return self.folding.key(name.name, quoted=bool(name.args.get("quoted")))

    def stored(self, name: exp.Expr) -> str:
        return self.folding.stored(name.name, quoted=bool(name.args.get("quoted")))

    def source(self, path: tuple[str, ...]) -> tuple[Source, bool] | None:
        """The source that a qualifier names, here or in a query around this one, and whether it is there."""
        scope: Scope | None = self
        while scope is not None:
            for source in scope.sources:
                if _is_named(source, path):
                    self._reaches(scope)
                    return source, scope is not self
            scope = scope.parent
        return None

    def _reaches(self, other: Scope) -> None:
        """Note that this SELECT, and those between, use a name of another one around them."""
        scope: Scope | None = self
        while scope is not None and scope is not other:
            scope.is_correlated = True
            scope = scope.parent

    # --- columns without a qualifier ----------------------------------------------------------------------

    def column(self, name: exp.Expr) -> Bound | Value | None:
        """What a bare name refers to; a value where that is not a column that is known, None where there is
        nothing of that name.
        """
        key = self.key(name)
        if any(key in names for names in self.local_names):
            return Value()
        prefers_alias = self.clause == "order"
        if prefers_alias and key in self.aliases:
            return Bound(None, self.aliases[key])
        scope: Scope | None = self
        is_outer = False
        while scope is not None:
            found = scope._own_column(name, key, is_outer)
            if found is not None:
                self._reaches(scope)
                return found
            scope, is_outer = scope.parent, True
        return self._beyond_columns(name, key)

    def _own_column(self, name: exp.Expr, key: str, is_outer: bool) -> Bound | Value | None:
        if key in self.merged:
            return Bound(None, self.merged[key], is_outer)
        found = [(source, columns) for source in self.sources if (columns := source.find(key))]
        if len(found) > 1 or (found and len(found[0][1]) > 1 and self.dialect != "duckdb"):
            return self._ambiguous(name, [source for source, columns in found for _ in columns])
        if found:
            return Bound(found[0][0], found[0][1][0], is_outer)
        if key in self.aliases and not is_outer and self._may_use_aliases():
            return Bound(None, self.aliases[key])
        open_ones = [source for source in self.sources if not source.is_complete]
        if not open_ones or name.name.lower() in NILADIC:
            return None
        if len(open_ones) == 1:
            return open_ones[0].trusted(self.stored(name), key)
        names = " or ".join(source.name or "a subquery" for source in open_ones)
        return unknown(f"'{name.name}' may come from {names}, whose columns are not all known")

    def _may_use_aliases(self) -> bool:
        return self.clause != "from" and self.dialect not in _NO_ALIAS[self.clause]

    def _ambiguous(self, name: exp.Expr, sources: list[Source]) -> Value:
        names = [source.name or "a subquery" for source in sources]
        places = " and ".join(_placed(self.problems, source) for source in sources[:2])
        self.problems.add(
            "column.ambiguous",
            f"'{name.name}' is a column of {places}; write which one is meant",
            name,
            nearest=tuple(
                f"{quote_identifier(source, self.dialect)}.{name.name}" for source in dict.fromkeys(names)
            ),
        )
        return unknown(f"'{name.name}' is ambiguous")

    def _beyond_columns(self, name: exp.Expr, key: str) -> Value | None:
        lowered = name.name.lower()
        if self.is_system_column(name):
            return self.of_rows(self.sources)
        if not name.args.get("quoted") and lowered in NILADIC:
            return Value(made="generated")
        if self.dialect in _ROWS_ARE_VALUES:
            found = self.source((key,))
            if found is not None:
                return row_value(found[0])
        return None

    def is_system_column(self, name: exp.Expr) -> bool:
        """Whether every table has a column of that name though no schema lists it."""
        return name.name.lower() in _SYSTEM_COLUMNS.get(self.dialect, ())

    def of_rows(self, sources: Iterable[Source], how: How = "expression") -> Value:
        """The value of something that the rows themselves have or make: a number of a row, their count."""
        uses: Uses = {(key, "", ""): how for source in sources for key in source.scan}
        made: Made = "aggregate" if how == "aggregate" else "window" if how == "window" else "expression"
        return Value(made=made if uses else "constant", uses=uses)

    # --- what else there is -------------------------------------------------------------------------------

    def say_unknown(self, name: exp.Expr, message: str, known: Iterable[str]) -> None:
        """Add the problem of a column that does not exist."""
        nearest, meant = nearest_names(name.name, known)
        if nearest:
            message += f"; did you mean '{nearest[0]}'?"
        replacement = quote_identifier(meant, self.dialect) if meant else ""
        self.problems.add("column.unknown", message, name, nearest=nearest, replacement=replacement)

    def visible_names(self) -> list[str]:
        """The names of all columns that could be meant, those of the nearest query first."""
        scope: Scope | None = self
        names: list[str] = []
        while scope is not None:
            names += [column.name for source in scope.sources for column in source.fields]
            if scope is self and self._may_use_aliases():
                names += [column.name for column in self.aliases.values()]
            scope = scope.parent
        return names

    def known_sources(self) -> str:
        """The sources in words, for a message."""
        names = [f"'{source.name}'" for source in self.sources if source.name]
        if not names:
            return "what it reads"
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def row_value(source: Source) -> Value:
    """The value that is a whole row of a source."""
    if not source.is_complete:
        return unknown(source.why or "the columns of its row are not known")
    value = combined((column.value for column in source.fields), "expression")
    value.nullable = True
    value.parts = {column.name.lower(): column.value for column in source.fields}
    return value


def _is_named(source: Source, path: tuple[str, ...]) -> bool:
    """Whether a qualifier names a source; a relation without an alias may be written with more parts, or
    with fewer, than it was in FROM.
    """
    if len(path) == 1:
        return bool(source.key) and source.key == path[0]
    shared = min(len(path), len(source.path))
    return bool(shared) and source.path[-shared:] == path[-shared:]


def _placed(problems: Problems, source: Source) -> str:
    start, end = span(source.node)
    name = f"'{source.name}'" if source.name else "a subquery"
    if end <= start:
        return name
    line, column = problems.at(start)
    return f"{name} (line {line}, column {column})"
