"""The columns of what has no SQL of its own (sources, seeds, Python models), and what the project declares
about any node: contracts, keys, tags."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aidbt.core.schema import Column, Relation
from aidbt.lineage.graph import KnownFrom
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.identifiers import stored_name

PII_TAG = "pii"
# Keys under which teams write that a column holds personal data.
_PII_KEYS = ("pii", "contains_pii", "is_pii", "has_pii")
# Generic tests, of dbt and of its well-known packages, that say that no two rows have the same values.
_UNIQUE_TESTS = frozenset(
    """unique unique_combination_of_columns expect_compound_columns_to_be_unique
    aidbt_unique_combination""".split()
)
_EMPTY_CELLS = frozenset({"", "na", "n/a", "none", "null", "."})


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a node and where they are known from."""

    columns: tuple[Column, ...] = ()
    is_complete: bool = False
    known_from: KnownFrom = "nothing"
    why: str = ""


def has_contract(node: Node) -> bool:
    """Whether dbt enforces that the node has the columns of its YAML."""
    return bool((node.config.get("contract") or {}).get("enforced"))


def schema_without_sql(
    node: Node, seen: Relation | None, seed: Schema | None = None, *, dialect: str = ""
) -> Schema:
    """What is known of a node's columns without reading any SQL, named as the system stores them.

    Args:
        seen: the relation as the warehouse or a catalog has it; None when neither does.
        seed: what its file holds, of a seed.
    """
    declared = _stored(node.columns, _quoted(node), dialect)
    if has_contract(node) and declared:
        return Schema(declared, True, "contract")
    if seen is not None and seen.columns:
        return Schema(_described(seen.columns, declared), True, "catalog")
    if seed is not None:
        quotes = bool(node.config.get("quote_columns"))
        columns = seed.columns if quotes else _stored(seed.columns, frozenset(), dialect)
        return Schema(_described(columns, declared), seed.is_complete, seed.known_from, seed.why)
    if declared:
        return Schema(declared, False, "yaml", "only its YAML says which columns it has")
    return Schema(why="nothing says which columns it has: it is not built, and its YAML lists none")


def _stored(columns: Sequence[Column], quoted: frozenset[str], dialect: str) -> tuple[Column, ...]:
    """Columns under the names that a system gives them which raises what is not quoted."""
    return tuple(c if c.name in quoted else replace(c, name=stored_name(c.name, dialect)) for c in columns)


def _quoted(node: Node) -> frozenset[str]:
    """The columns whose names dbt quotes."""
    columns = (node.raw.get("columns") or {}).items()
    return frozenset(str(column.get("name") or name) for name, column in columns if column.get("quote"))


def _described(columns: Iterable[Column], declared: Sequence[Column]) -> tuple[Column, ...]:
    """The columns as they stand, with what the YAML says about them."""
    by_name = {column.name.casefold(): column for column in declared}
    found = []
    for column in columns:
        known = by_name.get(column.name.casefold())
        if known is not None:
            column = replace(
                column,
                description=known.description or column.description,
                nullable=column.nullable and known.nullable,
                constraints=known.constraints or column.constraints,
            )
        found.append(column)
    return tuple(found)


# --- seeds ---


def seed_schema(node: Node, path: Path, dialect: str) -> Schema:
    """The columns of a seed from its file, typed as dbt types them: by every value of the column."""
    types = {
        str(name).casefold(): str(kind) for name, kind in (node.config.get("column_types") or {}).items()
    }
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=str(node.config.get("delimiter") or ","))
            header = next(rows, [])
            kinds = [_CellKinds() for _ in header]
            for row in rows:
                for kind, cell in zip(kinds, row, strict=False):
                    kind.see(cell)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return Schema(why=f"its file {node.path} cannot be read: {error}")
    words = _SEED_TYPES.get(dialect, {})
    return Schema(
        tuple(
            Column(name, types.get(name.casefold()) or words.get(kind.kind, ""))
            for name, kind in zip(header, kinds, strict=True)
        ),
        True,
        "seed file",
    )


# What dbt's adapters make of the kinds of values in a seed; where a dialect is missing the type is unknown.
_SEED_TYPES = {
    "duckdb": {
        "integer": "integer", "number": "double", "date": "date", "timestamp": "timestamp",
        "boolean": "boolean", "text": "varchar",
    },
    "postgres": {
        "integer": "integer", "number": "double precision", "date": "date",
        "timestamp": "timestamp without time zone", "boolean": "boolean", "text": "text",
    },
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?\d+\Z")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?\Z")


class _CellKinds:
    """The narrowest kind that every value of a seed's column so far is of."""

    def __init__(self) -> None:
        self._possible = ["integer", "number", "date", "timestamp", "boolean"]
        self._any = False

    @property
    def kind(self) -> str:
        # dbt types a column without values as an integer.
        return (self._possible[0] if self._possible else "text") if self._any else "integer"

    def see(self, cell: str) -> None:
        if cell.strip().casefold() in _EMPTY_CELLS:
            return
        self._any = True
        if self._possible:
            self._possible = [kind for kind in self._possible if _IS[kind](cell.strip())]


def _is_date(cell: str) -> bool:
    try:
        date.fromisoformat(cell)
    except ValueError:
        return False
    return bool(_DATE.match(cell))


def _is_timestamp(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return bool(_TIME.match(cell))


_IS: dict[str, Callable[[str], bool]] = {
    "integer": lambda cell: bool(_INTEGER.match(cell)),
    "number": lambda cell: bool(_NUMBER.match(cell)),
    "date": _is_date,
    "timestamp": _is_timestamp,
    "boolean": lambda cell: cell.casefold() in ("true", "false"),
}


# --- what the project declares ---


def declared_keys(manifest: Manifest) -> dict[str, tuple[tuple[str, ...], ...]]:
    """unique_id → the sets of columns that tests or constraints declare unique, each sorted.

    A test that looks at a part of the rows only (`where`, `limit`) declares nothing.
    """
    found: dict[str, set[tuple[str, ...]]] = {}
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        for columns in _constraint_keys(node):
            found.setdefault(node.unique_id, set()).add(tuple(sorted(columns)))
        if node.resource_type == "test" and not node.config.get("where"):
            tested = tested_node(node)
            columns = tuple(unique_columns(node))
            if tested and columns:
                found.setdefault(tested, set()).add(tuple(sorted(columns)))
    return {unique_id: tuple(sorted(sets)) for unique_id, sets in found.items()}


def tested_node(test: Node) -> str:
    """The unique_id of what a generic test is attached to; "" for others."""
    attached = test.raw.get("attached_node")
    if attached:
        return str(attached)
    if not test.raw.get("test_metadata"):
        return ""
    sources = [name for name in test.depends_on if name.startswith("source.")]
    return sources[0] if len(sources) == 1 and len(test.depends_on) == 1 else ""


def tested_columns(test: Node) -> tuple[str, ...]:
    """The columns of its node that a generic test names, as written."""
    kwargs = (test.raw.get("test_metadata") or {}).get("kwargs") or {}
    named = [str(kwargs["column_name"])] if kwargs.get("column_name") else []
    for key in ("combination_of_columns", "column_list", "columns"):
        listed = kwargs.get(key)
        named += [str(name) for name in listed] if isinstance(listed, list) else []
    return tuple(name.strip('"`[]') for name in dict.fromkeys(named))


def unique_columns(test: Node) -> Iterator[str]:
    """The columns that a generic test says are unique together; none for other tests."""
    if (test.raw.get("test_metadata") or {}).get("name") in _UNIQUE_TESTS:
        yield from tested_columns(test)


def _constraint_keys(node: Node) -> Iterator[tuple[str, ...]]:
    for column in node.columns:
        if "unique" in column.constraints or "primary_key" in column.constraints:
            yield (column.name,)
    for constraint in node.raw.get("constraints") or ():
        if str(constraint.get("type")) in ("unique", "primary_key") and constraint.get("columns"):
            yield tuple(str(name) for name in constraint["columns"])


def declared_tags(node: Node) -> dict[str, tuple[str, ...]]:
    """Column → the tags that its YAML gives it; "pii" also where its meta says so."""
    found = {}
    for name, column in (node.raw.get("columns") or {}).items():
        config = column.get("config") or {}
        tags = {str(tag) for tag in (*_listed(column.get("tags")), *_listed(config.get("tags")))}
        meta = {**(column.get("meta") or {}), **(config.get("meta") or {})}
        if any(meta.get(key) not in (None, False, "", "false", "no") for key in _PII_KEYS):
            tags.add(PII_TAG)
        tags |= {str(policy) for policy in _listed(column.get("policy_tags"))}
        if tags:
            found[str(column.get("name") or name)] = tuple(sorted(tags))
    return found


def declared_sources(node: Node) -> dict[str, tuple[str, ...]]:
    """Column → the columns ("node.column") that its YAML says it is made of: `meta.aidbt.from`.

    Only for what cannot be read, such as Python models.
    """
    found = {}
    for name, column in (node.raw.get("columns") or {}).items():
        meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
        ours = meta.get("aidbt")
        sources = tuple(str(text) for text in _listed(ours.get("from"))) if isinstance(ours, dict) else ()
        if sources:
            found[str(column.get("name") or name)] = sources
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
