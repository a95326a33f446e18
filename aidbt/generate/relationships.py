"""Foreign keys as tests: candidates by name and sketch, each verified on every row before it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Values

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import ColumnProfile, MappedTest, Mapping, Relation, TableProfile
from aidbt.generate.references import (
    Evidence,
    Keys,
    Reference,
    Sketches,
    named_references,
    references_by_values,
    telling_keys,
    unnamed_columns,
    worth_verifying,
)
from aidbt.warehouse.inclusion import Sketch

# A reference that misses less than this share of its rows is worth telling a person about.
_MOST = 0.2

Tables = Values[str, tuple[Relation, TableProfile]]


def propose_relationships(
    mappings: Sequence[Mapping],
    keys: Keys,
    tables: Tables,
    *,
    sketch: Callable[[Relation, dict[str, int]], dict[str, Sketch]],
    outside: Callable[[Relation, Sequence[tuple[str, Relation, str]]], list[int]],
) -> tuple[dict[str, list[MappedTest]], list[Finding]]:
    """The relationships tests of each mapping, by table, and findings on references that do not quite hold.

    A table is sketched at most once and its references are verified in one statement, so what is read grows
    with the tables and not with their pairs. References that only values speak of are for review.

    Args:
        keys: the keys of all tables that may be referred to.
        tables: every table with what it holds, by "source.table".
        sketch: (relation, distinct count by column) → sketch by column.
        outside: (child, [(column, parent, parent column)]) → rows whose value the parent never holds.
    """
    candidates, sketches = _candidates(mappings, keys, tables, sketch)
    tests: dict[str, list[MappedTest]] = {}
    findings: list[Finding] = []
    for mapping in mappings:
        child, profile = tables[mapping.key]
        asked = worth_verifying(mapping, candidates[mapping.key], sketches)
        pairs = [(r.source_column, tables[r.key.mapping.key][0], r.key.source_column) for r in asked]
        counted: dict[str, list[tuple[Reference, int]]] = {}
        for reference, missing in zip(asked, outside(child, pairs), strict=True):
            counted.setdefault(reference.source_column, []).append((reference, missing))
        tests[mapping.key] = []
        for of_column in counted.values():
            held = _held(of_column)
            if len(held) == 1:
                tests[mapping.key].append(_test(held[0]))
            else:
                findings += _unkept(mapping, of_column, held, profile.row_count)
    return tests, findings


def _candidates(
    mappings: Sequence[Mapping],
    keys: Keys,
    tables: Tables,
    sketch: Callable[[Relation, dict[str, int]], dict[str, Sketch]],
) -> tuple[dict[str, list[Reference]], Sketches]:
    """What may refer to what, by table, and the sketches that are needed to choose.

    A name that is one key's alone needs none: verifying it reads no more than its sketch would.
    """
    named = {m.key: named_references(m, tables[m.key][1], keys) for m in mappings}
    unnamed = {m.key: unnamed_columns(m, tables[m.key][1], keys, named[m.key]) for m in mappings}
    sources = sorted({m.source for m in mappings if unnamed[m.key]})
    telling = [key for source in sources for key in telling_keys(keys, source)]
    by_values = [m for m in mappings if m.source in {key.mapping.source for key in telling}]
    wanted: dict[str, dict[str, int]] = {}

    def want(table: str, figures: ColumnProfile) -> None:
        wanted.setdefault(table, {})[figures.name] = figures.distinct_count

    for mapping in mappings:
        for reference in named[mapping.key]:
            if reference.evidence is not Evidence.NAME:
                want(mapping.key, reference.profile)
                want(reference.key.mapping.key, reference.key.profile)
    for mapping in by_values:
        for _, figures in unnamed[mapping.key]:
            want(mapping.key, figures)
    for key in telling:
        want(key.mapping.key, key.profile)
    sketches = Sketches()
    for table, columns in sorted(wanted.items()):
        for name, found in sketch(tables[table][0], columns).items():
            sketches.by_column[table, name] = found
    for key in telling:
        sketches.add_key(key)
    for mapping in by_values:
        named[mapping.key] += references_by_values(mapping, unnamed[mapping.key], sketches)
    return named, sketches


def _held(counted: Sequence[tuple[Reference, int]]) -> list[Reference]:
    """The references that every row keeps, those with the strongest evidence only."""
    held = [reference for reference, missing in counted if missing == 0]
    return [reference for reference in held if reference.evidence == held[0].evidence]


def _test(reference: Reference) -> MappedTest:
    column, parent, field = reference.column.target, reference.key.mapping.key, reference.key.source_column
    if reference.evidence is Evidence.VALUES:
        note = f"every value is one of {parent}.{field}; the names do not say so"
        return MappedTest(column, "relationships", "review", to=parent, field=field, note=note)
    return MappedTest(column, "relationships", to=parent, field=field)


def _unkept(
    mapping: Mapping, counted: Sequence[tuple[Reference, int]], held: Sequence[Reference], rows: int
) -> list[Finding]:
    """What a person should know about a column without a test: its parent misses some rows, or is unclear."""
    where = f"{mapping.key}.{counted[0][0].source_column}"
    if held:
        parents = " and ".join(reference.key.mapping.key for reference in held)
        message = f"every value is a key of {parents}; no test was written"
        return [Finding("relationship.ambiguous", Severity.INFO, where, message)]
    reference, missing = min(counted, key=lambda pair: (pair[0].evidence, pair[1]))
    if missing >= _MOST * rows or reference.evidence is Evidence.VALUES:
        return []
    parent = reference.key.mapping.key
    message = f"{missing:,} of {rows:,} rows have no match in {parent}; no test was written"
    return [Finding("relationship.does_not_hold", Severity.INFO, where, message)]
