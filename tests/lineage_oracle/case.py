"""The cases of the oracle: queries over small tables, as files that a person reads, and what was seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CASES = Path(__file__).parents[1] / "golden" / "lineage"
TABLES = "tables.sql"
"""The file beside the cases with the tables that every case may read."""

Input = tuple[str, str]
"""A column of a table: ("orders", "amount")."""


class CaseError(ValueError):
    """A case that cannot be observed as it is written: its `rows` or `key` is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the columns of a query depend on.

    Attributes:
        names: the output columns, in order, as they would be stored.
        edges: for each output column, the input columns that its values are made of.
        either: for each output column, sets of input columns that are always equal in the query (the two
            sides of a join), of which at least one is what the values are made of; no matter which.
        rows: the input columns that decide which rows there are.
        counted: the output columns, by position, that no input column changes but more or fewer rows do.
        unsteady: the output columns, by position, that differ from run to run.
    """

    names: tuple[str, ...]
    edges: tuple[frozenset[Input], ...]
    either: tuple[frozenset[frozenset[Input]], ...]
    rows: frozenset[Input]
    counted: frozenset[int] = frozenset()
    unsteady: frozenset[int] = frozenset()

    def text(self) -> str:
        """One line a column, as a case file keeps it."""
        lines = []
        for at, name in enumerate(self.names):
            made_of = [_dotted(one) for one in sorted(self.edges[at])]
            made_of += [
                " | ".join(map(_dotted, sorted(group))) for group in sorted(self.either[at], key=sorted)
            ]
            made_of += ["(count)"] * (at in self.counted) + ["(unsteady)"] * (at in self.unsteady)
            lines.append(f"{_quoted(name)} <- {', '.join(made_of)}".rstrip())
        lines.append(f"(rows) <- {', '.join(_dotted(one) for one in sorted(self.rows))}".rstrip())
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str) -> Lineage:
        """The lineage that `text()` wrote."""
        names: list[str] = []
        edges: list[frozenset[Input]] = []
        either: list[frozenset[frozenset[Input]]] = []
        rows = frozenset[Input]()
        counted, unsteady = set[int](), set[int]()
        for line in text.splitlines():
            name, _, made_of = line.rpartition("<-")
            words = [word.strip() for word in made_of.split(",") if word.strip()]
            groups = {frozenset(map(_undotted, word.split(" | "))) for word in words if " | " in word}
            single = frozenset(
                _undotted(word) for word in words if " | " not in word and not word.startswith("(")
            )
            if name.strip() == "(rows)":
                rows = single
                continue
            counted |= {len(names)} if "(count)" in words else set()
            unsteady |= {len(names)} if "(unsteady)" in words else set()
            names.append(_unquoted(name.strip()))
            edges.append(single)
            either.append(frozenset(groups))
        return cls(tuple(names), tuple(edges), tuple(either), rows, frozenset(counted), frozenset(unsteady))


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the corpus.

    Attributes:
        title: its first line: what the construct is.
        setup: statements that make the tables that are its own.
        query: the query whose lineage is asked.
        rows: the query that gives the input rows behind each output row; "" when every row of one table gives
            one row.
        keys: sets of output columns of which each tells the rows apart. By one that does not depend on the
            changed column, rows before and after are compared one with one.
        alike: input columns that the query holds equal; they are changed together too, by one bijection.
        also: more values to try in an input column, as SQL.
        unseen: output column ("(rows)" for the rows) and input column of what no change can show, and why.
        lineage: what was seen when the file was last written; None in a new one.
    """

    name: str
    title: str
    setup: str
    query: str
    rows: str = ""
    keys: tuple[tuple[str, ...], ...] = ()
    alike: tuple[tuple[Input, ...], ...] = ()
    also: dict[Input, str] = field(default_factory=dict)
    unseen: dict[tuple[str, Input], str] = field(default_factory=dict)
    lineage: Lineage | None = None


def case_names() -> list[str]:
    """The cases of the corpus."""
    return sorted(path.stem for path in CASES.glob("*.sql") if path.name != TABLES)


@cache
def read_case(name: str) -> Case:
    """A case of the corpus.

    Raises:
        CaseError: the file is not written as tests/golden/lineage/README.md says.
    """
    return parse_case(name, (CASES / f"{name}.sql").read_text(encoding="utf-8"))


_SECTION = re.compile(r"^-- (query|rows|lineage)\n", re.MULTILINE)
_SETTING = re.compile(r"^-- (key|alike|also|unseen): *(.+)\n", re.MULTILINE)


def parse_case(name: str, text: str) -> Case:
    """The case that a file of the corpus holds."""
    head, *parts = _SECTION.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    if "query" not in sections or not head.startswith("-- "):
        raise CaseError(f"{name}: a title and a section '-- query' are needed")
    settings = _SETTING.findall(head)
    title, _, _ = head.removeprefix("-- ").partition("\n")
    seen = sections.get("lineage", "")
    return Case(
        name,
        title,
        setup=_SETTING.sub("", head.partition("\n")[2]).strip(),
        query=sections["query"].strip().rstrip(";"),
        rows=sections.get("rows", "").strip().rstrip(";"),
        keys=tuple(tuple(map(str.strip, value.split(","))) for what, value in settings if what == "key"),
        alike=tuple(tuple(map(_undotted, value.split(","))) for what, value in settings if what == "alike"),
        also=dict(_also(value) for what, value in settings if what == "also"),
        unseen=dict(_unseen(value) for what, value in settings if what == "unseen"),
        lineage=Lineage.read(re.sub(r"^-- ", "", seen, flags=re.MULTILINE)) if seen else None,
    )


def write_lineage(name: str, lineage: Lineage) -> None:
    """Keep what was seen at the end of the case's file."""
    path = CASES / f"{name}.sql"
    kept, _, _ = path.read_text(encoding="utf-8").partition("\n-- lineage\n")
    lines = "".join(f"-- {line}\n" for line in lineage.text().splitlines())
    path.write_text(f"{kept.rstrip()}\n\n-- lineage\n{lines}", encoding="utf-8")
    read_case.cache_clear()


def _also(value: str) -> tuple[Input, str]:
    column, _, values = value.partition("=")
    return _undotted(column), values.strip()


def _unseen(value: str) -> tuple[tuple[str, Input], str]:
    edge, _, reason = value.partition(": ")
    name, _, column = edge.rpartition("<-")
    return (_unquoted(name.strip()), _undotted(column)), reason


def _dotted(column: Input) -> str:
    return ".".join(map(_quoted, column))


def _undotted(text: str) -> Input:
    table, column = re.findall(r'"[^"]*"|[^."]+', text.strip())
    return _unquoted(table), _unquoted(column)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f'"{name}"'


def _unquoted(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name
