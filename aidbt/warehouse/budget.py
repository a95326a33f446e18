"""What scanning will cost, told from metadata alone, and whether it may go ahead.

A scan reads a table several times: for its figures, for the keys that are proven on every row, for casts,
for references. A warehouse that stores columns reads only those that a statement names, one that stores rows
reads the whole table each time. The plan adds that up per table, from the size that the catalog knows, or
from rows times the usual width of the types; what has neither is unknown and said to be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aidbt.core.config import BudgetSettings
from aidbt.core.errors import BudgetExceeded
from aidbt.core.schema import Column, Relation
from aidbt.core.types import Family, is_plain_text, type_family
from aidbt.warehouse.words import words_of

Purpose = Literal["profile", "casts", "keys", "foreign keys", "values", "transforms", "monitors"]
Basis = Literal["exact", "estimated", "unknown"]

PROFILING: tuple[Purpose, ...] = ("profile", "keys")
DECIDING: tuple[Purpose, ...] = ("keys", "casts", "foreign keys", "values")
# What is asked besides where a target is declared: the same rows of both sides.
TRANSFORMING: tuple[Purpose, ...] = ("transforms",)

_STORES_ROWS = frozenset({"postgres"})
# These draw a sample without reading the rest of a table (`warehouse.sampling`).
_SKIPS_BLOCKS = frozenset({"duckdb", "postgres", "snowflake", "bigquery", "trino"})
# What is read here costs time, not money. Everything else may be billed by what it reads or how long it runs.
_UNMETERED = frozenset({"duckdb", "postgres", "spark", "trino"})
_COLUMNS_PER_SCAN = 250

# Bytes of a value without compression. Text is a guess: its length stands in no catalog.
_WIDTHS: dict[Family, int] = {
    "integer": 8, "number": 8, "text": 24, "date": 4, "timestamp": 8, "time": 8, "boolean": 1, "other": 64,
}  # fmt: skip
_NARROW = {"tinyint": 1, "smallint": 2, "int2": 2, "integer": 4, "int": 4, "int4": 4, "float": 4, "real": 4}
_WIDE = {"decimal": 16, "numeric": 16, "hugeint": 16, "uhugeint": 16, "uuid": 16}
_NESTED = re.compile(r"^(json|struct|variant|object|super|row|map)|\]$", re.IGNORECASE)
_REFERENCES = frozenset({"id", "key", "code", "fk", "sk", "uuid", "guid"})
# The last word of a column that is a key by its name.
KEY_WORDS = _REFERENCES | {"pk", "number", "num", "no", "sku", "ref"}


@dataclass(frozen=True, slots=True)
class RunsAs:
    """Whom the warehouse sees, and what does the work there; "" where the profile does not say.

    Attributes:
        warehouse: Snowflake's warehouse, BigQuery's billed project, Databricks' HTTP path.
    """

    kind: str
    user: str = ""
    role: str = ""
    warehouse: str = ""
    database: str = ""

    @property
    def grantee(self) -> str:
        """Who a grant is made to; "" when the profile does not say."""
        return self.role or self.user


@dataclass(frozen=True, slots=True)
class Reading:
    """One reason to read a table.

    Attributes:
        times: how many times the table's bytes are read for it; less than 1 where only some columns are.
    """

    purpose: Purpose
    times: float


@dataclass(frozen=True, slots=True)
class TableScan:
    """What scanning one table reads.

    Attributes:
        size_bytes: the table's own size, read once; None when it is unknown.
        basis: "exact" is the catalog's number, "estimated" is rows times the width of the types.
    """

    relation: str
    kind: Literal["table", "view", "external"]
    readings: tuple[Reading, ...]
    row_count: int | None
    size_bytes: int | None
    basis: Basis

    @property
    def times(self) -> float:
        """How many times over the table is read."""
        return sum(reading.times for reading in self.readings)

    @property
    def scan_bytes(self) -> int | None:
        """The bytes of all its readings; None when the size is unknown."""
        return None if self.size_bytes is None else math.ceil(self.size_bytes * self.times)


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """Everything that a command is about to read from tables, before it reads any of it."""

    tables: tuple[TableScan, ...]
    runs_as: RunsAs

    @property
    def scan_bytes(self) -> int:
        """The bytes of all tables whose size is known."""
        return sum(table.scan_bytes or 0 for table in self.tables)

    @property
    def row_count(self) -> int:
        """The rows of all tables, as far as they are known."""
        return sum(table.row_count or 0 for table in self.tables)

    @property
    def basis(self) -> Basis:
        """How well the bytes are known: as the worst known table; "unknown" when no size is known."""
        known = {table.basis for table in self.tables} - {"unknown"}
        if not known:
            return "unknown" if self.tables else "exact"
        return "estimated" if "estimated" in known else "exact"

    @property
    def unknown(self) -> tuple[str, ...]:
        """The tables, views and external tables of unknown size."""
        return tuple(table.relation for table in self.tables if table.basis == "unknown")

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """Why anything is read, in the order in which it happens."""
        asked = {reading.purpose for table in self.tables for reading in table.readings}
        order: tuple[Purpose, ...] = ("profile", *DECIDING, *TRANSFORMING, "monitors")
        return tuple(purpose for purpose in order if purpose in asked)


Approve = Callable[[ScanPlan], bool]


def scan_plan(wanted: Iterable[tuple[Relation, Collection[Purpose]]], *, runs_as: RunsAs) -> ScanPlan:
    """What the given relations cost to read for the given purposes; nothing is asked of the warehouse.

    Args:
        wanted: only what will really be read: tables whose profile is known belong here no more.
    """
    return ScanPlan(tuple(_table_scan(relation, set(why), runs_as.kind) for relation, why in wanted), runs_as)


def monitoring_plan(wanted: Iterable[tuple[Relation, float]], *, runs_as: RunsAs) -> ScanPlan:
    """What one scan of each relation reads, of which only a part (0..1) of the bytes may be needed."""
    scans = []
    for relation, share in wanted:
        size, basis = _size(relation)
        reading = Reading("monitors", round(share, 4))
        scans.append(TableScan(str(relation), relation.kind, (reading,), relation.row_count, size, basis))
    return ScanPlan(tuple(scans), runs_as)


def needs_approval(plan: ScanPlan, budget: BudgetSettings) -> str:
    """Why a person has to agree first; "" when the plan is within the budget.

    Over the budget is a plan of more bytes than `scan_bytes`, any plan when that is 0, and one with a table
    of unknown size where reading is billed, unless `unknown_sizes` allows it.
    """
    if not plan.tables:
        return ""
    if budget.scan_bytes == 0 or plan.scan_bytes > budget.scan_bytes:
        tables = "1 table" if len(plan.tables) == 1 else f"{len(plan.tables):,} tables"
        budgeted = human_bytes(budget.scan_bytes)
        return f"what would be read ({tables}, {told_bytes(plan)}) is over the budget of {budgeted}"
    is_billed = plan.runs_as.kind not in _UNMETERED
    if plan.unknown and is_billed and budget.unknown_sizes == "ask":
        named = ", ".join(plan.unknown[:3]) + (", …" if len(plan.unknown) > 3 else "")
        return f"the size of {named} is not known"
    return ""


def require_approval(plan: ScanPlan, budget: BudgetSettings, approve: Approve | None) -> None:
    """Return when the plan may be carried out.

    Args:
        approve: asked when the plan is over the budget; None refuses.

    Raises:
        BudgetExceeded: it is over the budget, and nobody agreed.
    """
    reason = needs_approval(plan, budget)
    if reason and not (approve is not None and approve(plan)):
        is_size = budget.scan_bytes == 0 or plan.scan_bytes > budget.scan_bytes
        setting = "raise budget.scan_bytes" if is_size else "set budget.unknown_sizes: allow"
        raise BudgetExceeded(
            f"nothing was scanned: {reason}",
            hint=f"go on with --yes, {setting} in aidbt.yml, or select fewer tables with -s",
        )


def runs_as(kind: str, settings: Mapping[str, Any]) -> RunsAs:
    """Whom the statements of a profile's target run as.

    Args:
        settings: the rendered keys of the target; nothing secret is taken from them.

    Example:
        >>> runs_as("postgres", {"user": "analyst", "dbname": "shop", "password": "…"}).grantee
        'analyst'
    """

    def first(*names: str) -> str:
        return next((str(settings[name]) for name in names if settings.get(name)), "")

    users = {"bigquery": ("impersonate_service_account", "client_email"), "databricks": ("client_id",)}
    workers = {
        "snowflake": ("warehouse",),
        "bigquery": ("execution_project", "project", "database"),
        "databricks": ("http_path",),
    }
    databases = ("project", "database") if kind == "bigquery" else ("database", "dbname", "catalog")
    return RunsAs(
        kind=kind,
        user=first(*users.get(kind, ("user", "username"))),
        role=first("role"),
        warehouse=first(*workers.get(kind, ())),
        database=first(*databases),
    )


def estimated_size(relation: Relation) -> int | None:
    """The bytes of a relation as its catalog knows them, else rows times the usual width of its types.

    None for views and for tables that stand elsewhere: what they read does not follow from their rows.
    """
    if relation.size_bytes is not None:
        return relation.size_bytes
    if relation.kind != "table" or relation.row_count is None:
        return None
    return relation.row_count * sum(map(_width, relation.columns))


def share_of_columns(relation: Relation, names: Collection[str]) -> float:
    """What part (0..1) of a relation's bytes some of its columns are, by the usual width of their types."""
    everything = sum(map(_width, relation.columns)) or 1
    return sum(_width(column) for column in relation.columns if column.name in names) / everything


def human_bytes(size: int) -> str:
    """A number of bytes for people, in powers of 1000 as clouds bill them.

    Example:
        >>> human_bytes(999), human_bytes(1_500_000), human_bytes(100_000_000_000)
        ('999 bytes', '1.5 MB', '100 GB')
    """
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        if value < 999.5 or unit == "PB":
            break
    return f"{value:,.0f} {unit}" if value >= 99.5 or value == round(value) else f"{value:.1f} {unit}"


def told_bytes(plan: ScanPlan) -> str:
    """The plan's bytes with how well they are known, e.g. "about 1.2 GB and 2 of unknown size"."""
    known = {"exact": "", "estimated": "about "}.get(plan.basis)
    parts = [] if known is None else [f"{known}{human_bytes(plan.scan_bytes)}"]
    if plan.unknown:
        parts.append(f"{len(plan.unknown)} of unknown size")
    return " and ".join(parts)


def _table_scan(relation: Relation, purposes: Collection[Purpose], kind: str) -> TableScan:
    size, basis = _size(relation)
    times = ((purpose, round(number, 2)) for purpose, number in _times(relation, kind))
    return TableScan(
        relation=str(relation),
        kind=relation.kind,
        readings=tuple(
            Reading(purpose, number) for purpose, number in times if purpose in purposes and number
        ),
        row_count=relation.row_count,
        size_bytes=size,
        basis=basis,
    )


def _size(relation: Relation) -> tuple[int | None, Basis]:
    if relation.size_bytes is not None:
        return relation.size_bytes, "exact"
    size = estimated_size(relation)
    return size, "unknown" if size is None else "estimated"


def _times(relation: Relation, kind: str) -> list[tuple[Purpose, float]]:
    """How many times over a table is read for each purpose."""
    columns = relation.columns
    text = [c for c in columns if is_plain_text(c.data_type)]
    keys = [c for c in columns if KEY_WORDS.intersection(words_of(c.name)[-1:])]
    references = [c for c in columns if _REFERENCES.intersection(words_of(c.name)[-1:])]
    nested = [c for c in columns if _NESTED.search(c.data_type)]
    draws_all = relation.kind != "table" or kind not in _SKIPS_BLOCKS
    if kind in _STORES_ROWS or relation.kind == "view":
        figures = 1 + math.ceil(len(columns) / _COLUMNS_PER_SCAN)  # the count is a scan of its own
        return [
            ("profile", figures + draws_all + bool(text)),
            ("keys", len(keys) + 1),  # one that is no key by its name is usually tried as well
            ("casts", bool(text)),
            ("foreign keys", 2 * len(references)),  # a sketch of each, and the rows counted without a parent
            ("values", 2 * bool(text) + bool(nested)),  # code lists, what text means, what documents hold
            ("transforms", 1),
        ]

    def share(some: Iterable[Column]) -> float:
        return share_of_columns(relation, {column.name for column in some})

    return [
        ("profile", 1.0 + draws_all + share(text)),
        ("keys", share(keys or columns[:1])),
        ("casts", share(text)),
        ("foreign keys", 2 * share(references)),
        ("values", 2 * share(text) + share(nested)),
        ("transforms", 1.0),
    ]


def _width(column: Column) -> int:
    """The usual bytes of a value."""
    base = re.sub(r"\(.*", "", column.data_type.lower()).strip()
    return _NARROW.get(base) or _WIDE.get(base) or _WIDTHS[type_family(column.data_type)]
