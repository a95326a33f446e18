"""Columns, relations, their profiles, and how source columns map to target columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["load_time", "event_time"]
# Of a table, then of a column.
MONITOR_TESTS = ("volume", "freshness", "null_rate", "mean", "distinct")
# How the note of a column begins that a language model chose: it says nothing against the column.
MODEL_CHOSE = "chosen by "
Status = Literal["accepted", "review", "rejected"]
Band = Literal["accept", "review", "none"]
DecidedBy = Literal["aidbt", "person"]
RowsRead = Literal["all", "latest_batch", "changes"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column as its system describes it.

    Attributes:
        name: exactly as the system stores it; not folded, not quoted.
        data_type: the system's own type text, e.g. "DECIMAL(18,3)"; "" when unknown.
        synonyms: other names people use; only declared targets have them.
        values: the values it may take, as text, where its target declares them.
        constraints: dbt's constraint words that hold or are declared ("not_null", "unique", "primary_key").
    """

    name: str
    data_type: str = ""
    nullable: bool = True
    description: str = ""
    synonyms: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view with its columns, in the order of the table.

    Attributes:
        kind: "external" is a table whose rows stand outside of the warehouse (files, another server).
        row_count: what the system's metadata says, exact or not; None when unknown.
        size_bytes: what reading all of it would read, as the system's metadata says; None when unknown.
        version: changes when the contents may have changed; "" when the system cannot say.
        partitioned_by: the column it is partitioned by; "" for none, and where it makes no difference.
        requires_partition_filter: whether the system refuses every query that does not filter that column.
    """

    schema: str
    name: str
    columns: tuple[Column, ...] = ()
    database: str = ""
    kind: Literal["table", "view", "external"] = "table"
    description: str = ""
    row_count: int | None = None
    size_bytes: int | None = None
    version: str = ""
    partitioned_by: str = ""
    requires_partition_filter: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that exact name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one column holds.

    Attributes:
        null_rate: 0..1 of all rows, exact; 0 for an empty table.
        distinct_count: approximate (HyperLogLog, a few percent off), unless `is_unique` is known.
        is_unique: True or False when every row was compared; None when it was not verified.
        minimum, maximum: as text, exact; None when all values are null or the type has no order.
        mean, stddev: numbers only (sample standard deviation).
        quantiles: values at 0.05, 0.25, 0.5, 0.75, 0.95, approximate (t-digest); numbers and dates
            (as seconds since 1970 UTC) only.
        min_length, max_length, mean_length: characters; text only.
        top_values: up to 10 (value, share of the sampled non-null values), most frequent first.
        formats: share 0..1 of the sampled non-null text values that read as: "integer", "decimal",
            "date", "timestamp", "json", "boolean"; plus "code": 1.0 when the column is a short code list.
        role: "load_time" for when a loader wrote the row, "event_time" for when something happened.
        pii: the kind of personal data it seems to hold (`warehouse.pii`), or ""; then it keeps no values:
            no minimum, maximum, mean, stddev, quantiles or top values.
        pii_reasons: why, in sentences without values.
    """

    name: str
    data_type: str
    null_rate: float
    distinct_count: int
    is_unique: bool | None = None
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    stddev: float | None = None
    quantiles: tuple[float, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    mean_length: float | None = None
    top_values: tuple[tuple[str, float], ...] = ()
    formats: dict[str, float] = field(default_factory=dict)
    role: Role | None = None
    pii: str = ""
    pii_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableProfile:
    """What one table holds.

    Attributes:
        row_count: exact, of the rows that were profiled (the latest complete batch of append-only bronze, the
            latest row of each key of a change log).
        sample_rows: rows behind `top_values` and `formats`; a block sample when below `row_count`.
        fingerprint: changes when the table's columns or contents may have changed.
        keys: columns proven unique and never null, every row compared.
        composite_keys: pairs or triples of columns that are never null and together unique, every row
            compared; looked for only where no single column is a key.
    """

    schema: str
    name: str
    row_count: int
    sample_rows: int
    fingerprint: str
    columns: tuple[ColumnProfile, ...]
    keys: tuple[str, ...] = ()
    composite_keys: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> ColumnProfile | None:
        """The profile of that exact column name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Target:
    """A table as people want it: `aidbt/targets/<name>.yml`, or made of what a project declares.

    Attributes:
        sources: "source.table" of what it is made from; empty when it is found by its columns.
        relation: "schema.name" of a relation that holds such rows already; "" for none.
    """

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    sources: tuple[str, ...] = ()
    relation: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """How well one source column fits one target column.

    Attributes:
        score: the probability 0..1 that a person would say the same.
        signals: what each signal said, 0..1; a signal without evidence is absent.
        band: "accept" is decided, "review" waits for a person, "none" is no match.
        alternatives: the next best sources with their probabilities, best first.
        margin: how far the score is above that of its nearest rival, -1..1; negative where that one is taken.
        rival: the nearest rival in words: another source for this target, or another target for this
            source; "" when there is none.
        reasons: why, in sentences, the strongest first.
    """

    source: str | None
    target: str
    score: float
    band: Band
    signals: dict[str, float] = field(default_factory=dict)
    alternatives: tuple[tuple[str, float], ...] = ()
    margin: float = 0.0
    rival: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One decided or proposed column of a staging model.

    Attributes:
        target: its name in the staging model.
        sources: the source columns it is made from; one unless there is an expression; none while
            nothing was found for it.
        expression: SQL over the source columns, written or approved by a person; None for a plain column.
        source_type: the source column's type when it was decided; "" when made from several.
        cast: the type it is cast to, or None when it keeps its own.
        score, alternatives: only while status is "review".
        never: the source columns that a person never wants to see proposed for it.
        description: the source's own comment on the column.
        rule: the naming rule that made the name, for `--why`; not part of the decision.
    """

    target: str
    sources: tuple[str, ...]
    status: Status = "accepted"
    by: DecidedBy = "aidbt"
    expression: str | None = None
    source_type: str = ""
    cast: str | None = None
    score: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    note: str = ""
    description: str = ""
    never: tuple[str, ...] = ()
    rule: str = field(default="", compare=False)

    @property
    def is_passthrough(self) -> bool:
        """Whether it is one source column, at most renamed and cast."""
        return self.expression is None and len(self.sources) == 1

    @property
    def needs_expression(self) -> bool:
        """Whether its cast loses something, so that a person has to say how it is made."""
        is_loss = bool(self.cast and self.note) and not self.note.startswith(MODEL_CHOSE)
        return is_loss and self.expression is None


@dataclass(frozen=True, slots=True)
class MappedTest:
    """One data test that was decided on or is proposed, on a column of the staging model.

    Attributes:
        column: the column it stands on; for a test of the whole table the first of its `columns`.
        test: "not_null", "unique", "relationships", "accepted_values", "unique_combination", or one of
            `MONITOR_TESTS`, which compare with what was learned of the rows of the time before.
        to, field: for relationships: the source table ("source.table") and its source column.
        values: for accepted_values, sorted.
        columns: for unique_combination, in the order of the key.
        event_time: for monitors: the column of the staging model that says when a row happened.
        note: why a person is asked; only while status is "review".
    """

    column: str
    test: str
    status: Status = "accepted"
    by: DecidedBy = "aidbt"
    to: str = ""
    field: str = ""
    values: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    note: str = ""
    event_time: str = ""

    @property
    def is_of_table(self) -> bool:
        """Whether it is of the whole table: of several columns, or of its rows."""
        return bool(self.columns) or self.test in ("volume", "freshness")


@dataclass(frozen=True, slots=True)
class RowRule:
    """Which of a table's rows its staging model keeps.

    Attributes:
        rule: "filter" keeps the rows of a condition, "soft_delete" those that were not marked as deleted,
            "latest_row" the last row of each key.
        where: the SQL condition on source columns, for "filter" and "soft_delete".
        keys, order_by: for "latest_row": the source columns of the key, and the one that tells which row is
            the last.
    """

    rule: Literal["filter", "soft_delete", "latest_row"]
    where: str = ""
    keys: tuple[str, ...] = ()
    order_by: str = ""
    status: Status = "accepted"
    by: DecidedBy = "aidbt"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The decided mapping of one source table: `aidbt/mappings/<source>__<table>.yml`.

    Attributes:
        table: the table's name in the warehouse.
        target: the declared target it is mapped to; None when the source's own columns are kept.
        schema: the schema the table stands in.
        items: the list in the table whose items are the rows, "column" or "column.key"; "" for the table's
            own rows. Its columns are made from the table's key and from `item` and `item_index`.
        list_sql: SQL over the table's columns that gives that list.
        rows: which of the table's rows staging reads: "all", of append-only bronze the latest complete batch,
            of a change log ("changes") the latest row of each key.
        row_key: of a change log the columns that identify a row; none when it has no key.
        unmapped: source columns that no target column takes; they stay in bronze.
        row_rules: which rows staging keeps; all of them without any.
        description: the source's own comment on the table.
        path, digest: the file it was read from and the hash of that text; "" for a new one.
    """

    source: str
    table: str
    columns: tuple[MappedColumn, ...]
    target: str | None = None
    schema: str = ""
    rows: RowsRead = "all"
    row_key: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    tests: tuple[MappedTest, ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    description: str = ""
    items: str = ""
    list_sql: str = ""
    path: str = field(default="", compare=False)
    digest: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """The pair source + table, written "source.table"; of a list in it "source.table.items"."""
        return f"{self.parent}.{self.items}" if self.items else self.parent

    @property
    def parent(self) -> str:
        """The pair source + table, also of the items of a list."""
        return f"{self.source}.{self.table}"

    @property
    def staged_as(self) -> str:
        """The name that the staging model is made from: the table's, and that of the list in it."""
        return f"{self.table}__{self.items.replace('.', '_')}" if self.items else self.table

    def selected(self) -> list[MappedColumn]:
        """The columns the staging model selects: decided ones, and with no declared target all of them."""
        kept = (c for c in self.columns if c.status != "rejected" and (c.sources or c.expression))
        return [c for c in kept if c.status == "accepted" or self.target is None]

    def proposed(self) -> list[MappedColumn]:
        """The columns that are one source column, decided or proposed: what tests can be asked of."""
        return [c for c in self.columns if c.status != "rejected" and c.is_passthrough]

    def waiting(self) -> list[MappedColumn]:
        """The columns a person is asked about."""
        return [column for column in self.columns if column.status == "review"]

    def waiting_tests(self) -> list[MappedTest]:
        """The proposed tests a person is asked about."""
        return [test for test in self.tests if test.status == "review"]
