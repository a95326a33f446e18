"""What queries in all dialects resolve to, as files that a person reads (tests/golden/resolve)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aidbt.core.schema import Column
from aidbt.sql.grain import fan_outs, unique_keys
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import ColumnUse, KnownRelation, OutputColumn, SqlProblem

CASES = Path(__file__).parents[2] / "golden" / "resolve" / "cases"
_RELATION = re.compile(r"(?P<path>\S+?)\s*\((?P<columns>.*?)\)(?P<rest>(?: unique \([^)]*\)| incomplete)*)\Z")


@pytest.mark.parametrize("path", sorted(CASES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_query_resolves_as_its_file_says(path: Path, update_golden: bool):
    answer = described(path.read_text())
    expected = path.with_suffix(".txt")
    if update_golden:
        expected.write_text(answer)

    assert answer == expected.read_text()


def described(text: str) -> str:
    """Everything that the resolver says of a case, one thing a line."""
    dialect, relations = _head(text)
    parsed = parse_sql(text, dialect)
    if parsed.tree is None:
        return "\n".join(["problems", *map(_problem_line, parsed.problems)]) + "\n"
    query = resolve(parsed.tree, relations, dialect, text=text)
    lines = ["columns", *map(_column_line, query.columns)]
    if not query.is_complete:
        lines.append("  … and more that are not known")
    lines += ["reads " + ", ".join(query.relations), "rows by " + _uses(query.row_uses)]
    keys = ", ".join(f"({', '.join(key)})" for key in unique_keys(parsed.tree))
    lines.append(f"unique {keys}")
    problems = [*query.problems, *fan_outs(parsed.tree, text=text)]
    if problems:
        lines += ["problems", *map(_problem_line, problems)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(text: str) -> tuple[str, RelationIndex]:
    """The dialect and the relations that the comments of a case declare."""
    dialect, entries = "duckdb", []
    for line in text.splitlines():
        word, _, rest = line.removeprefix("--").strip().partition(": ")
        if line.startswith("--") and word == "dialect":
            dialect = rest
        elif line.startswith("--") and word == "relation":
            entries.append(_relation(rest))
    return dialect, RelationIndex(entries, dialect)


def _relation(text: str) -> tuple[str, str, str, KnownRelation]:
    found = _RELATION.match(text)
    assert found is not None, text
    *database, schema, name = ["", "", *found["path"].split(".")][-3:]
    columns = []
    for part in re.split(r",\s*(?![^(<]*[)>])", found["columns"]):
        word = re.match(r'"([^"]*)"|(\S+)', part.strip())
        assert word is not None, part
        kind = part.strip()[word.end() :].strip()
        is_required = kind.endswith(" not null")
        columns.append(Column(word[1] or word[2], kind.removesuffix(" not null"), not is_required))
    unique = [tuple(re.split(r",\s*", one)) for one in re.findall(r"unique \(([^)]*)\)", found["rest"])]
    relation = KnownRelation(name, tuple(columns), "incomplete" not in found["rest"], tuple(unique))
    return "".join(database), schema, name, relation


def _column_line(column: OutputColumn) -> str:
    parts = [column.name or "(no name)", column.data_type or "?", column.made]
    if not column.nullable:
        parts.append("never null")
    if column.uses:
        parts.append(f"<- {_uses(column.uses)}")
    if column.why:
        parts.append(f"[{column.why}]")
    return "  " + "  ".join(parts)


def _uses(uses: tuple[ColumnUse, ...]) -> str:
    return ", ".join(f"{use.relation}.{use.column or '*'} {use.how}" for use in uses)


def _problem_line(problem: SqlProblem) -> str:
    line = f"  {problem.line}:{problem.column} {problem.severity} {problem.code}: {problem.message}"
    if problem.nearest:
        line += f" (nearest: {', '.join(problem.nearest)})"
    return line + (f" -> {problem.replacement}" if problem.replacement else "")
