"""Deciding what is certain about raw tables and leaving the rest to people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from aidbt.core.config import ConventionSettings, MappingSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import (
    ColumnMatch,
    MappedColumn,
    MappedTest,
    Mapping,
    Relation,
    TableProfile,
    Target,
)
from aidbt.generate.data_tests import (
    MAX_ACCEPTED_VALUES,
    accepted_values_candidates,
    combination_tests,
    declared_tests,
    key_tests,
    primary_key,
)
from aidbt.generate.held import Held
from aidbt.generate.references import Key, Keys
from aidbt.generate.relationships import propose_relationships
from aidbt.generate.transforms import with_transforms
from aidbt.mapping.disambiguate import Disambiguate, Disambiguated, ask_nobody
from aidbt.mapping.drift import Drift, drift_of
from aidbt.mapping.history import History
from aidbt.mapping.mapper import (
    cast_questions,
    keep_every_column,
    map_to_target,
    source_columns,
    with_rows_of,
)
from aidbt.mapping.matcher import match
from aidbt.mapping.renames import Renamed
from aidbt.mapping.signals import Embed, MatchTask
from aidbt.mapping.transforms.both_sides import RowsWanted
from aidbt.mapping.transforms.value import Row
from aidbt.warehouse.inclusion import Sketch


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table of a source with what it holds."""

    source: str
    relation: Relation
    profile: TableProfile

    @property
    def key(self) -> str:
        return f"{self.source}.{self.relation.name}"


def _no_forms(relation: Relation, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {}


def _no_words(relation: Relation, columns: Sequence[str]) -> dict[str, dict[str, int]]:
    return {}


def _no_item_readings(
    relation: Relation, list_sql: str, readings: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    return {}


def _no_rows(relation: Relation, profile: TableProfile, wanted: RowsWanted) -> Sequence[Row]:
    return ()


def _no_documents(relation: Relation, column: str, row_count: int) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of every row before it may be decided; functions, so that deciding has no I/O.

    Attributes:
        lossy: (relation, [(column, cast)]) → rows that would lose something, by pair.
        outside: (child, [(column, parent, parent column)]) → rows whose value the parent never holds.
        key: (relation, column) → whether it is never null and tells all rows apart.
        combination: (relation, columns) → whether they are never null and together tell all rows apart.
        sketches: (relation, distinct count by column) → sketch by column, in one statement.
        values: (relation, columns, limit) → distinct values by column, sorted, at most limit + 1.
        forms: (relation, [(column, form)]) → rows whose value is written so (`warehouse.value_forms`).
        words: (relation, columns) → by column the words for "nothing" it holds, with their rows.
        documents: (relation, column, rows of the table) → some of its JSON documents, from everywhere.
        readings: (relation, [(expression, cast)]) → rows that would lose something, by pair; one that cannot
            be asked without failing is left out.
        item_readings: (relation, list, [(expression, cast)]) → the same of the items of a list.
        rows: (relation, its profile, which rows) → those rows, as texts by column.
    """

    lossy: Callable[[Relation, Sequence[tuple[str, str]]], dict[tuple[str, str], int]]
    outside: Callable[[Relation, Sequence[tuple[str, Relation, str]]], list[int]]
    key: Callable[[Relation, str], bool]
    combination: Callable[[Relation, Sequence[str]], bool]
    sketches: Callable[[Relation, dict[str, int]], dict[str, Sketch]]
    values: Callable[[Relation, Sequence[str], int], dict[str, list[str]]]
    forms: Callable[[Relation, Sequence[tuple[str, str]]], dict[tuple[str, str], int]] = _no_forms
    words: Callable[[Relation, Sequence[str]], dict[str, dict[str, int]]] = _no_words
    documents: Callable[[Relation, str, int], list[str]] = _no_documents
    readings: Callable[[Relation, Sequence[tuple[str, str]]], dict[tuple[str, str], int]] = _no_forms
    item_readings: Callable[[Relation, str, Sequence[tuple[str, str]]], dict[tuple[str, str], int]] = (
        _no_item_readings
    )
    rows: Callable[[Relation, TableProfile, RowsWanted], Sequence[Row]] = _no_rows


@dataclass(frozen=True, slots=True)
class Ways:
    """How the project does things: what a decision follows where the rows leave a choice.

    Attributes:
        dialect: in which its SQL is written.
        entities: the names of each source's tables in the singular.
        embed: gives the meaning of texts as vectors; None without an embedding model.
        disambiguate: asks a language model about matches that are not sure.
        held: what declared targets hold already, by target; only those that name a relation.
    """

    dialect: str
    mapping: MappingSettings = MappingSettings()
    conventions: ConventionSettings = ConventionSettings()
    history: History = History()
    entities: dict[str, frozenset[str]] = field(default_factory=dict)
    embed: Embed | None = None
    disambiguate: Disambiguate = ask_nobody
    held: dict[str, Held] = field(default_factory=dict)


def map_table(
    table: RawTable,
    target: Target | None,
    ways: Ways,
    ask: Questions,
    *,
    old: Mapping | None = None,
    among: Collection[str] | None = None,
) -> tuple[Mapping, list[ColumnMatch]]:
    """A first mapping of a table, with the matches behind it; without a target every column is kept.

    Args:
        old: what was decided before; what a person ruled out there is not proposed.
        among: the source columns that a target may be matched with; None is all of them.
    """
    rules = ways.conventions
    free = (c for c in source_columns(table.relation) if among is None or c.name in among)
    own = replace(table.relation, columns=tuple(free))
    found = Disambiguated([])
    if target is not None:
        task = match_task(table, own, target, ways, old)
        found = ways.disambiguate(task, match(task, ways.mapping))
    matches = found.matches
    questions = cast_questions(table.relation, table.profile, target, matches, rules, dialect=ways.dialect)
    counted = ask.lossy(table.relation, [(q.column, q.cast) for q in questions])
    lost = {q: counted[q.column, q.cast] for q in questions if (q.column, q.cast) in counted}
    if target is None:
        mapping = keep_every_column(
            table.source,
            table.relation,
            table.profile,
            lost=lost,
            dialect=ways.dialect,
            rules=rules,
            history=ways.history,
            entities=ways.entities.get(table.source, frozenset()),
        )
    else:
        mapping = map_to_target(
            table.source,
            table.relation,
            target,
            matches,
            lost=lost,
            dialect=ways.dialect,
            notes=found.notes,
        )
        mapping = with_transforms(
            mapping,
            task,
            matches,
            table.relation,
            dialect=ways.dialect,
            held=ways.held.get(target.name),
            rows=ask.rows,
            readings=ask.readings,
        )
    return mapping, matches


def match_task(
    table: RawTable, relation: Relation, target: Target, ways: Ways, old: Mapping | None = None
) -> MatchTask:
    """What is known about a table and its target; pairs that a person ruled out are not looked at."""
    never = {(source, c.target) for c in (old.columns if old else ()) for source in c.never}
    held = ways.held.get(target.name)
    return MatchTask(
        relation,
        target,
        table.profile,
        held.profile if held is not None else None,
        source_name=table.source,
        history=ways.history,
        never=frozenset(never),
        embed=ways.embed,
    )


def table_drift(
    mapping: Mapping,
    table: RawTable,
    target: Target | None,
    ways: Ways,
    ask: Questions,
    *,
    before: TableProfile | None = None,
    may_accept: bool = True,
) -> Drift:
    """How far a table and its target are from what was decided, every cast proven on every row.

    Args:
        before: what the table held before the change; None when that is not known any more.
        may_accept: whether a certain rename is accepted without a person.
    """
    return drift_of(
        mapping,
        table.relation,
        table.profile,
        before=before,
        target=target,
        lossy=partial(ask.lossy, table.relation),
        settings=ways.mapping,
        dialect=ways.dialect,
        may_accept=may_accept,
    )


def extend_mapping(
    mapping: Mapping,
    table: RawTable,
    target: Target | None,
    ways: Ways,
    ask: Questions,
    *,
    renamed: Sequence[Renamed] = (),
) -> Mapping:
    """The mapping with what is new since it was decided; nothing that was decided changes.

    New source columns are kept where no target is declared, else proposed for what had no source; columns
    added to the target are proposed.

    Args:
        renamed: columns that have a new name, which is not that of a new column.
    """
    mapping = _with_declared_tests(with_rows_of(mapping, table.relation), table, target)
    known_sources = {name for column in mapping.columns for name in column.sources} | set(mapping.unmapped)
    known_sources |= {item.new for item in renamed}
    added = [c.name for c in source_columns(table.relation) if c.name not in known_sources]
    if target is None:
        if added:
            fresh, _ = map_table(table, None, ways, ask)
            taken = {column.target.casefold() for column in mapping.columns}
            new = [_free_name(c, taken) for c in fresh.columns if c.sources[0] in added]
            left_out = (*mapping.unmapped, *(name for name in fresh.unmapped if name in added))
            mapping = replace(mapping, columns=(*mapping.columns, *new), unmapped=left_out)
        return mapping
    known_targets = {column.target for column in mapping.columns}
    empty = {c.target: c for c in mapping.columns if added and is_without_source(c)}
    wanted = tuple(c for c in target.columns if c.name not in known_targets or c.name in empty)
    if wanted:
        narrowed, free = replace(target, columns=wanted), {*mapping.unmapped, *added}
        fresh, _ = map_table(table, narrowed, ways, ask, old=mapping, among=free)
        # What was looked at in vain before is only filled by what came since.
        found = {c.target: c for c in fresh.columns if c.target not in empty or set(c.sources) & set(added)}
        found |= {name: replace(found[name], never=c.never) for name, c in empty.items() if name in found}
        order = {column.name: number for number, column in enumerate(target.columns)}
        kept = (column for column in mapping.columns if column.target not in found)
        columns = sorted((*kept, *found.values()), key=lambda c: order.get(c.target, len(order)))
        mapping = replace(mapping, columns=tuple(columns))
    used = {name for column in mapping.columns for name in column.sources}
    unmapped = tuple(name for name in (*mapping.unmapped, *added) if name not in used)
    return replace(mapping, unmapped=unmapped)


def is_without_source(column: MappedColumn) -> bool:
    """Whether a column of the target still waits for one that it could be made from."""
    return not column.sources and column.expression is None and column.status == "review"


def _with_declared_tests(mapping: Mapping, table: RawTable, target: Target | None) -> Mapping:
    """The mapping with tests for constraints of the target that hold and were not decided on yet: those of
    columns that a person chose since.
    """
    if target is None:
        return mapping
    known = {(test.column, test.test) for test in mapping.tests}
    chosen = {column.target for column in mapping.columns if column.by == "person"}
    declared, _ = declared_tests(mapping, table.profile, target)
    new = [t for t in declared if t.column in chosen and (t.column, t.test) not in known]
    return replace(mapping, tests=(*mapping.tests, *new))


def _free_name(column: MappedColumn, taken: set[str]) -> MappedColumn:
    name, number = column.target, 1
    while name.casefold() in taken:
        number += 1
        name = f"{column.target}_{number}"
    taken.add(name.casefold())
    return replace(column, target=name)


def propose_tests(
    mappings: dict[str, Mapping],
    tables: dict[str, RawTable],
    targets: dict[str, Target],
    new: set[str],
    ask: Questions,
    *,
    combinations: bool = False,
) -> tuple[dict[str, Mapping], list[Finding]]:
    """The mappings of `new` with the tests that every row supports, and code lists proposed to a person.

    Args:
        mappings, tables: all that is known, by key: a new table may refer to an older one.
        combinations: whether the project has a test for combinations of columns (`combination_test`).
    """
    findings: list[Finding] = []
    changed = dict(mappings)
    for key in sorted(new):
        mapping, profile = changed[key], tables[key].profile
        declared: list[MappedTest] = []
        target = targets.get(mapping.target or "")
        if target is not None:
            declared, broken = declared_tests(mapping, profile, target)
            findings += broken
        found = _key_tests(mapping, tables[key], ask, combinations=combinations)
        tests = tuple(dict.fromkeys([*mapping.tests, *found, *declared]))
        changed[key] = replace(mapping, tests=tests)
    keys = Keys.of(
        Key(mapping, column, figures)
        for key, mapping in sorted(changed.items())
        if key in tables
        and (column := primary_key(mapping, tables[key].profile)) is not None
        and (figures := tables[key].profile.column(column.sources[0])) is not None
    )
    related, unverified = propose_relationships(
        [changed[key] for key in sorted(new)],
        keys,
        {key: (table.relation, table.profile) for key, table in tables.items()},
        sketch=ask.sketches,
        outside=ask.outside,
    )
    for key in sorted(new):
        mapping = replace(changed[key], tests=(*changed[key].tests, *related[key]))
        changed[key] = replace(mapping, tests=(*mapping.tests, *_code_lists(mapping, tables[key], ask)))
    findings += unverified
    return changed, findings


def _key_tests(mapping: Mapping, table: RawTable, ask: Questions, *, combinations: bool) -> list[MappedTest]:
    """Tests of the key that a table has, one column or several.

    The profile may be older than the rows: what a test rests on is looked at again.
    """
    column = primary_key(mapping, table.profile)
    if column is not None:
        return key_tests(column) if ask.key(table.relation, column.sources[0]) else []
    for columns in table.profile.composite_keys:
        found = combination_tests(mapping, columns, can_run=combinations)
        if found and ask.combination(table.relation, columns):
            return found
    return []


def _code_lists(mapping: Mapping, table: RawTable, ask: Questions) -> list[MappedTest]:
    tests = []
    columns = accepted_values_candidates(mapping, table.profile)
    found = ask.values(table.relation, [column.sources[0] for column in columns], MAX_ACCEPTED_VALUES)
    for column in columns:
        values = found[column.sources[0]]
        if 1 < len(values) <= MAX_ACCEPTED_VALUES:
            tests.append(MappedTest(column.target, "accepted_values", "review", values=tuple(values)))
    return tests


def changed_key(before: Mapping, now: Mapping) -> list[Finding]:
    """A finding where rows of a change log are told apart by other columns than before: what was built by
    the old key is wrong then.
    """
    if before.rows != "changes" or now.rows != "changes" or before.row_key == now.row_key:
        return []
    old, new = (", ".join(mapping.row_key) or "nothing" for mapping in (before, now))
    again = f"dbt build --full-refresh --select source:{now.source}.{now.table}+1"
    said = f"its rows were told apart by {old}, now by {new}; build its base model anew: {again}"
    return [Finding("change_log.key_changed", Severity.WARN, now.key, said)]


def broken_casts(mapping: Mapping, relation: Relation, ask: Questions) -> list[Finding]:
    """Findings for decided casts that some row no longer survives."""
    columns = {column.name for column in relation.columns}
    casts = [
        (c.sources[0], c.cast, c.target)
        for c in mapping.selected()
        if c.is_passthrough and c.cast and c.sources[0] in columns and c.by == "aidbt"
    ]
    lost = ask.lossy(relation, [(name, cast) for name, cast, _ in casts])
    return [
        Finding(
            "cast.no_longer_holds",
            Severity.ERROR,
            f"{mapping.key}.{name}",
            f"{lost[name, cast]:,} rows lose their value by the cast of {target} to {cast};"
            f" decide anew: aidbt review choose {mapping.key}.{target} {name} --expression …",
            evidence={"rows": str(lost[name, cast])},
        )
        for name, cast, target in casts
        if lost.get((name, cast))  # a cast that the warehouse cannot try is no finding
    ]


def broken_tests(mapping: Mapping, profile: TableProfile) -> list[Finding]:
    """Findings for decided key tests that the rows no longer satisfy; the tests stay as they are."""
    by_target = {c.target: c for c in mapping.selected() if c.is_passthrough}
    findings = []
    for test in mapping.tests:
        column = by_target.get(test.column)
        figures = profile.column(column.sources[0]) if column else None
        if figures is None or test.status != "accepted" or not profile.row_count:
            continue
        repeats = test.test == "unique" and figures.is_unique is False
        nulls = test.test == "not_null" and figures.null_rate > 0
        if repeats or nulls:
            findings.append(
                Finding(
                    f"test.{test.test}_no_longer_holds",
                    Severity.WARN,
                    f"{mapping.key}.{test.column}",
                    f"{test.column} is tested as {test.test}, but the rows no longer are; the test stays",
                )
            )
    return findings
