"""Leaving rows out where a staging model reads its source: the smallest splice in the person's own text."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from aidbt.core.errors import EditConflict
from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.jinja import JinjaTag, ModelSql, NotPlain, read_jinja

# Where a condition on a window function may stand in the query itself.
_QUALIFIES = ("duckdb", "snowflake", "bigquery", "databricks", "redshift")
_CLAUSES = (
    "joins", "laterals", "where", "group", "having", "qualify", "order", "limit", "offset", "distinct",
    "windows", "sample", "match", "pivots",
)  # fmt: skip
_ALIAS = re.compile(r"\s+(?:as\s+)?(\"[^\"]+\"|`[^`]+`|\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of a source stay: those for which a macro gives null.

    Attributes:
        source: its two names in dbt.
        table: what the rows are called where nobody gave them a name.
        columns: of the source, as the warehouse stores them.
        is_windowed: whether the macro compares rows with each other.
        is_fenced: whether what stands behind has to wait for the filter: PostgreSQL would cast first.
    """

    source: tuple[str, str]
    table: str
    macro: str
    columns: tuple[str, ...]
    is_windowed: bool = False
    is_fenced: bool = False


def with_filter(text: str, rows: Filter, dialect: str, *, path: str) -> str:
    """A model's text that leaves rows of its source out; everything else keeps its bytes.

    Raises:
        EditConflict: the model does not read the source at exactly one place that can be told.
    """
    model = read_jinja(text)
    if isinstance(model, NotPlain):
        raise EditConflict(f"{path} cannot be edited: {model.reason} (line {model.line})")
    tags = [tag for tag in model.tags if tag.kind == "source" and tag.names == rows.source]
    if len(tags) != 1:
        raise EditConflict(f"{path} reads {'.'.join(rows.source)} at {len(tags)} places, not at one")
    table, select = _place(model, tags[0], dialect, path)
    edited = _Splice(text, model, tags[0], table, select, rows, dialect).text()
    again = read_jinja(edited)
    if isinstance(again, NotPlain) or _parsed(again.sql, dialect) is None:
        raise EditConflict(f"{path} cannot be read any more after the edit")
    return edited


def _place(model: ModelSql, tag: JinjaTag, dialect: str, path: str) -> tuple[exp.Table, exp.Select]:
    tree = _parsed(model.sql, dialect)
    tables = tree.find_all(exp.Table) if tree is not None else ()
    found = [table for table in tables if table.name.casefold() == tag.placeholder.casefold()]
    select = found[0].find_ancestor(exp.Select) if len(found) == 1 else None
    if select is None:
        raise EditConflict(f"{path} does not read the source as a table")
    return found[0], select


def _parsed(sql: str, dialect: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(sql, dialect=dialect)
    except sqlglot.errors.SqlglotError:
        return None


@dataclass(frozen=True, slots=True)
class _Splice:
    whole: str
    model: ModelSql
    tag: JinjaTag
    table: exp.Table
    select: exp.Select
    rows: Filter
    dialect: str

    def text(self) -> str:
        start, end = self.tag.start, self.tag.end
        if self._is_simple():
            end = self._end_of_alias()
            return self.whole[:end] + self._clause(end) + self.whole[end:]
        alias = "" if self.table.alias else f" {self._word('as')} {self._name(self.rows.table)}"
        return self.whole[:start] + self._derived() + alias + self.whole[end:]

    def _is_simple(self) -> bool:
        """Whether one more clause says it: nothing else stands behind the table."""
        from_ = self.select.args.get("from_")
        if from_ is None or from_.this is not self.table or self.model.left_out:
            return False
        if any(self.select.args.get(clause) for clause in _CLAUSES) or self.table.args.get("sample"):
            return False
        if self.rows.is_windowed:
            return self.dialect in _QUALIFIES and self.select.find(exp.Window, exp.AggFunc) is None
        # OFFSET stands behind a whole union; it may have to come later, with another reason.
        return not (self.dialect == "postgres" and isinstance(self.select.parent, exp.SetOperation))

    def _end_of_alias(self) -> int:
        if not self.table.alias:
            return self.tag.end
        found = _ALIAS.match(self.whole, self.tag.end)
        return found.end() if found is not None else self.tag.end

    def _clause(self, end: int) -> str:
        """The condition behind the table, on a line of its own where the line ends there."""
        rest = self.whole[end:].split("\n", 1)[0].strip()
        between = self._break if not rest or rest.startswith("--") else " "
        if rest.startswith("--"):
            return " " + self._condition(" ")
        return between + self._condition(between)

    def _condition(self, between: str) -> str:
        word = self._word("qualify" if self.rows.is_windowed else "where")
        said = f"{word} {{{{ {self.rows.macro}() }}}} {self._word('is null')}"
        return said + (f"{between}{self._word('offset 0')}" if self.rows.is_fenced else "")

    def _derived(self) -> str:
        """The rows that stay, as a subquery in the place of the table."""
        tag = self.whole[self.tag.start : self.tag.end]
        deeper, line = self._break + "    ", self._break
        select, from_, as_, where = (self._word(word) for word in ("select", "from", "as", "where"))
        if not self.rows.is_windowed or self.dialect in _QUALIFIES:
            return f"({deeper}{select} * {from_} {tag}{deeper}{self._condition(deeper)}{line})"
        names = ", ".join(self._name(name) for name in self.rows.columns)
        inner = deeper + "    "
        return (
            f"({deeper}{select} {names}{deeper}{from_} ("
            f"{inner}{select} *, {{{{ {self.rows.macro}() }}}} {as_} quarantine_reason {from_} {tag}"
            f"{deeper}) {as_} checked{deeper}{where} quarantine_reason {self._word('is null')}{line})"
        )

    def _name(self, name: str) -> str:
        return quote_identifier(name, self.dialect)

    def _word(self, word: str) -> str:
        shouts = re.search(r"\bSELECT\b", self.model.sql) and not re.search(r"\bselect\b", self.model.sql)
        return word.upper() if shouts else word

    @property
    def _break(self) -> str:
        """A line break with the indentation of the line that the table stands on."""
        line = self.whole[: self.tag.start].rsplit("\n", 1)[-1]
        indent = line[: len(line) - len(line.lstrip())]
        return ("\r\n" if "\r\n" in self.whole else "\n") + indent
