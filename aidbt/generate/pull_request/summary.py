"""What changed between two states of a project's decisions, and how each of it was decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Literal

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, MappedColumn, MappedTest, Mapping, Relation, RowRule, TableProfile
from aidbt.core.words import singular
from aidbt.project.conventions import bare_table, column_name
from aidbt.warehouse.budget import estimated_size, share_of_columns

How = Literal["rule", "history", "person", "match", "question"]

# The words of `mapping.history` and of `conventions.renames`: what people did elsewhere in the project.
_BY_HISTORY = frozenset({"as in other staging models", "renamed as elsewhere"})
# Every statement reads the whole table here.
_STORES_ROWS = frozenset({"postgres"})


@dataclass(frozen=True, slots=True)
class Decided:
    """One column of a staging model with how it came about.

    Attributes:
        how: "rule" is a convention, "history" what people did elsewhere, "match" a declared target's column
            found by its score, "question" waits for a person.
        rule: in a few words, for a table.
    """

    column: MappedColumn
    how: How
    rule: str


@dataclass(frozen=True, slots=True)
class TableChange:
    """What is new about one source table.

    Attributes:
        columns, tests, row_rules: those that are new or were decided otherwise; tests and rules that were
            accepted only.
        dropped: source columns that staging leaves out since.
        row_count: the rows of the source that count; None when they were not counted.
        size_bytes: of the source; estimated where the catalog does not know; None when unknown.
        test_bytes: what one run of its tests reads of it; None when unknown.
        pii: column of the staging model → the kind of personal data it seems to hold.
    """

    mapping: Mapping
    is_new: bool
    columns: tuple[Decided, ...]
    tests: tuple[MappedTest, ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    dropped: tuple[str, ...] = ()
    row_count: int | None = None
    size_bytes: int | None = None
    test_bytes: int | None = None
    pii: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What changed, table by table, ordered by their keys."""

    tables: tuple[TableChange, ...]

    @property
    def staged(self) -> tuple[str, ...]:
        """The tables that had no staging model before."""
        return tuple(table.mapping.key for table in self.tables if table.is_new)

    @property
    def columns(self) -> dict[How, int]:
        """How many columns were decided in which way; all five ways, in the order of their trust."""
        counted = Counter(decided.how for table in self.tables for decided in table.columns)
        ways: tuple[How, ...] = ("rule", "history", "person", "match", "question")
        return {how: counted[how] for how in ways}

    @property
    def tests_added(self) -> int:
        return sum(len(table.tests) for table in self.tables)

    @property
    def rows_in(self) -> int | None:
        """The rows of the sources; None when not all of them were counted."""
        counts = [table.row_count for table in self.tables]
        return None if not counts or None in counts else sum(count or 0 for count in counts)

    @property
    def test_bytes(self) -> int | None:
        """What one run of the tests reads; None when the size of a source is not known."""
        sizes = [table.test_bytes for table in self.tables]
        return None if not sizes or None in sizes else sum(size or 0 for size in sizes)


def summarize(
    before: Dict[str, Mapping],
    after: Dict[str, Mapping],
    *,
    tables: Dict[str, tuple[Relation, TableProfile]],
    rules: ConventionSettings,
    kind: str,
) -> Summary:
    """What changed from one state of the mappings to another.

    Args:
        before, after: by "source.table".
        tables: what is known of the tables, by the same keys; those that are missing have no figures.
        rules: the project's conventions, which tell a name by rule from one by history.
        kind: the adapter type.
    """
    entities: dict[str, set[str]] = {}
    for mapping in after.values():
        bare = bare_table(mapping.source, mapping.table, rules.table_prefixes)
        entities.setdefault(mapping.source, set()).add(singular(bare))
    changes = []
    for key in sorted(after):
        columns = [
            decided(column, after[key], rules, entities=entities[after[key].source])
            for column in _new_columns(before.get(key), after[key])
        ]
        change = _change(before.get(key), after[key], columns, tables.get(key), kind)
        if change is not None:
            changes.append(change)
    return Summary(tuple(changes))


def decided(
    column: MappedColumn,
    mapping: Mapping,
    rules: ConventionSettings,
    *,
    entities: Collection[str] = (),
) -> Decided:
    """How a column came about, also of one that was read from a file and does not say by which rule.

    Args:
        entities: the names of the source's tables in the singular.
    """
    if column.status == "review":
        return Decided(column, "question", column.note or "to be decided")
    if column.by == "person":
        return Decided(column, "person", "an expression" if column.expression else "chosen")
    if mapping.target is not None:
        same = column.sources == (column.target,)
        return Decided(column, "rule", "the same name") if same else Decided(column, "match", "by score")
    rule = column.rule or _rule_of(column, mapping, rules, entities)
    return Decided(column, "history" if rule in _BY_HISTORY else "rule", rule)


def _rule_of(
    column: MappedColumn, mapping: Mapping, rules: ConventionSettings, entities: Collection[str]
) -> str:
    """The rule that gives a column its name; history where none does."""
    if len(column.sources) != 1:
        return "as in other staging models"
    [source] = column.sources
    staged = Column(source, column.cast or column.source_type)
    name = column_name(staged, entity=mapping.table, source=mapping.source, rules=rules, entities=entities)
    if name.name == column.target:
        return name.rule
    is_numbered = column.target.rstrip("0123456789") == f"{name.name}_"
    return "numbered: another column has this name" if is_numbered else "as in other staging models"


def _change(
    before: Mapping | None,
    after: Mapping,
    columns: list[Decided],
    known: tuple[Relation, TableProfile] | None,
    kind: str,
) -> TableChange | None:
    """What is new about a table; None when nothing is, or it is not staged."""
    old_tests = {test for test in before.tests if test.status == "accepted"} if before else set()
    old_rules = {rule for rule in before.row_rules if rule.status == "accepted"} if before else set()
    tests = tuple(t for t in after.tests if t.status == "accepted" and t not in old_tests)
    row_rules = tuple(r for r in after.row_rules if r.status == "accepted" and r not in old_rules)
    dropped = tuple(sorted(_left_out(after) - (_left_out(before) if before else set())))
    if not (columns or tests or row_rules or dropped):
        return None
    relation, profile = known or (None, None)
    size = estimated_size(relation) if relation is not None else None
    return TableChange(
        mapping=after,
        is_new=before is None,
        columns=tuple(columns),
        tests=tests,
        row_rules=row_rules,
        dropped=dropped,
        row_count=profile.row_count if profile is not None else None,
        size_bytes=size,
        test_bytes=_test_bytes(after, relation, size, kind),
        pii=tuple(_pii(columns, profile)) if profile is not None else (),
    )


def _new_columns(before: Mapping | None, after: Mapping) -> list[MappedColumn]:
    """The columns that are new or were decided otherwise before; rejected ones are not in the model."""
    old = set(before.columns) if before else set()
    return [column for column in after.columns if column not in old and column.status != "rejected"]


def _left_out(mapping: Mapping) -> set[str]:
    """The source columns that the staging model does not select."""
    rejected = {name for c in mapping.columns if c.status == "rejected" for name in c.sources}
    used = {name for column in mapping.selected() for name in column.sources}
    return ({*mapping.unmapped} | rejected) - used


def _pii(columns: Iterable[Decided], profile: TableProfile) -> Iterable[tuple[str, str]]:
    for item in columns:
        kinds = [found.pii for name in item.column.sources if (found := profile.column(name)) and found.pii]
        if kinds:
            yield item.column.target, kinds[0]


def _test_bytes(mapping: Mapping, relation: Relation | None, size: int | None, kind: str) -> int | None:
    """What one run of a table's accepted tests reads of it."""
    if relation is None or size is None:
        return None
    sources = {column.target: column.sources for column in mapping.selected()}
    share = 0.0
    for test in mapping.tests:
        if test.status == "accepted":
            names = {name for target in (test.columns or (test.column,)) for name in sources.get(target, ())}
            share += 1.0 if kind in _STORES_ROWS else share_of_columns(relation, names)
    return round(size * share)
