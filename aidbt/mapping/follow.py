"""How a mapping follows what was renamed or is gone: decisions stay, what is not certain waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import MappedColumn, MappedTest, Mapping, RowRule
from aidbt.mapping.decisions import SOURCE_GONE
from aidbt.mapping.files import mapping_path
from aidbt.mapping.renames import Renamed
from aidbt.sql.rename import rename_columns


def follow_renames(
    mapping: Mapping, renamed: Sequence[Renamed], *, dialect: str
) -> tuple[Mapping, list[Finding]]:
    """The mapping with the new names of its source columns, and findings for SQL in which they could not be
    written exactly.

    Target names, tests and who decided stay; what is not accepted waits for a person.
    """
    by_old = {item.old: item for item in renamed}
    if not by_old:
        return mapping, []
    findings: list[Finding] = []
    rules = []
    for rule in mapping.row_rules:
        followed = _follow_rule(rule, by_old, dialect)
        rules.append(followed or rule)
        if followed is None:
            findings.append(_not_rewritten(mapping, f"the row rule {rule.rule}", by_old))
    list_sql = _follow_sql(mapping.list_sql, by_old, dialect) if mapping.items else ""
    # The name of the list is part of the key and of the model's name: a person's to change.
    if list_sql is None or mapping.items.partition(".")[0] in by_old:
        findings.append(_not_rewritten(mapping, f"the list {mapping.items}", by_old))
    columns = tuple(_follow(column, by_old, dialect) for column in mapping.columns)
    findings += [
        _not_rewritten(mapping, f"the expression of {column.target}", by_old)
        for column in columns
        if not by_old.keys().isdisjoint(column.sources)
    ]
    moved = replace(
        mapping,
        columns=columns,
        unmapped=tuple(by_old[name].new if name in by_old else name for name in mapping.unmapped),
        row_rules=tuple(rules),
        list_sql=mapping.list_sql if list_sql is None else list_sql,
    )
    return moved, findings


def follow_references(mapping: Mapping, renamed: Dict[str, Sequence[Renamed]]) -> Mapping:
    """The mapping with the new names of the source columns that its relationship tests refer to.

    Args:
        renamed: what was renamed, by "source.table".
    """

    def followed(test: MappedTest) -> MappedTest:
        names = {item.old: item.new for item in renamed.get(test.to, ())}
        return replace(test, field=names[test.field]) if test.field in names else test

    tests = tuple(followed(test) for test in mapping.tests)
    return mapping if tests == mapping.tests else replace(mapping, tests=tests)


def _follow(column: MappedColumn, by_old: dict[str, Renamed], dialect: str) -> MappedColumn:
    """The column made from the new names; it waits when one of them is not certain."""
    column = _with_new_candidates(column, by_old)
    items = [by_old[name] for name in column.sources if name in by_old]
    if not items:
        return column
    names = {item.old: item.new for item in items}
    expression = column.expression
    if expression is not None:
        expression = rename_columns(expression, names, dialect)
        if expression is None:
            said = " and ".join(f"{item.old} seems to be {item.new} now" for item in items)
            return _waiting(column, f"{said}: write the expression anew")
    sources = tuple(names.get(name, name) for name in column.sources)
    moved = replace(column, sources=sources, expression=expression)
    unsure = [item for item in items if not item.is_accepted]
    if not unsure or column.status == "rejected":
        return moved
    note = "; ".join(f"is {item.old} called {item.new} now?" for item in unsure)
    asked = _asked(moved, note, min(item.probability for item in unsure))
    return replace(asked, alternatives=unsure[0].alternatives)


def _with_new_candidates(column: MappedColumn, by_old: dict[str, Renamed]) -> MappedColumn:
    """The column with the new names of what else could be its source, and of what a person refused."""
    names = {old: item.new for old, item in by_old.items()}
    alternatives = tuple((names.get(name, name), score) for name, score in column.alternatives)
    return replace(column, alternatives=alternatives, never=tuple(names.get(n, n) for n in column.never))


def _asked(column: MappedColumn, note: str, probability: float) -> MappedColumn:
    """The column under its new name, waiting for a person to accept it."""
    # A note beside a cast says that the cast is not proven, and such a column cannot be accepted.
    waiting = _waiting(column, "" if column.cast else note)
    return replace(waiting, score=min(round(probability, 2), 0.99))


def _waiting(column: MappedColumn, note: str) -> MappedColumn:
    """The column waiting for a person; what was decided about it stays in its line."""
    return replace(column, status="review", note=note)


def _follow_rule(rule: RowRule, by_old: dict[str, Renamed], dialect: str) -> RowRule | None:
    """The rule over the new names; None where that is not certain or cannot be written exactly."""
    columns = (*rule.keys, rule.order_by)
    if any(name in by_old and not by_old[name].is_accepted for name in columns):
        return None
    where = _follow_sql(rule.where, by_old, dialect)
    if where is None:
        return None
    *keys, order_by = (by_old[name].new if name in by_old else name for name in columns)
    return replace(rule, where=where, keys=tuple(keys), order_by=order_by)


def _follow_sql(text: str, by_old: dict[str, Renamed], dialect: str) -> str | None:
    """SQL over the new names; None where that is not certain or cannot be written exactly."""
    if not text:
        return text
    moved = rename_columns(text, {old: item.new for old, item in by_old.items()}, dialect)
    if moved == text:
        return text
    unsure = {old: item.new for old, item in by_old.items() if not item.is_accepted}
    return moved if rename_columns(text, unsure, dialect) == text else None


def follow_targets(mapping: Mapping, renamed: Sequence[Renamed]) -> Mapping:
    """The mapping with the new names of its target columns, in its tests too."""
    by_old = {item.old: item for item in renamed}
    if not by_old:
        return mapping

    def named(name: str) -> str:
        return by_old[name].new if name in by_old else name

    columns = []
    for column in mapping.columns:
        item = by_old.get(column.target)
        moved = replace(column, target=named(column.target))
        if item is not None and not item.is_accepted and column.status == "accepted":
            moved = _asked(moved, f"does the target call {item.old} {item.new} now?", item.probability)
        columns.append(moved)
    tests = tuple(
        replace(
            t,
            column=named(t.column),
            columns=tuple(named(name) for name in t.columns),
            event_time=named(t.event_time),
        )
        for t in mapping.tests
    )
    return replace(mapping, columns=tuple(columns), tests=tests)


def without_gone(mapping: Mapping, gone: Collection[str], no_target: Collection[str]) -> Mapping:
    """The mapping with the columns waiting whose source or target is gone; what nobody uses is forgotten.

    A column that a person decided and that no target declares stays as it is: they may have wanted it.
    """
    if not gone and not no_target:
        return mapping

    def noted(column: MappedColumn) -> MappedColumn:
        lost = [name for name in column.sources if name in gone]
        column = replace(column, alternatives=tuple(a for a in column.alternatives if a[0] not in gone))
        if column.status == "rejected":
            return column
        if lost:
            return _waiting(column, f"{SOURCE_GONE}{' and no '.join(lost)} any more")
        if column.target in no_target and column.by == "aidbt":
            return _waiting(column, "the target declares no such column any more")
        return column

    columns = tuple(noted(column) for column in mapping.columns)
    return replace(mapping, columns=columns, unmapped=tuple(n for n in mapping.unmapped if n not in gone))


def _not_rewritten(mapping: Mapping, what: str, by_old: dict[str, Renamed]) -> Finding:
    names = ", ".join(f"{item.old} → {item.new}" for item in by_old.values())
    return Finding(
        "mapping.not_rewritten",
        Severity.ERROR,
        mapping.path or mapping_path(mapping),
        f"{what} of {mapping.key} may read a column that was renamed ({names}): write it anew in the file",
    )
