"""What a person decides about a mapping: values in, a changed mapping out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.schema import MappedColumn, MappedTest, Mapping, Status
from aidbt.core.types import is_same_type

# How the note of a column begins whose source the table does not have any more.
SOURCE_GONE = "the source has no "


@dataclass(frozen=True, slots=True)
class Selector:
    """What a decision is about: "source.table.column", or "source.table.column:test" for a proposed test."""

    key: str
    column: str
    test: str = ""

    def __str__(self) -> str:
        return f"{self.key}.{self.column}" + (f":{self.test}" if self.test else "")


def parse_selector(text: str, mappings: dict[str, Mapping]) -> Selector:
    """The selector written as text; source and table may contain dots themselves.

    Raises:
        UnknownName: the table or the column does not exist.
        UsageError: the text names no column.
    """
    # The longest first: shop.orders.lines are the items of a list in shop.orders.
    for key, mapping in sorted(mappings.items(), key=lambda item: -len(item[0])):
        if text.startswith(key + "."):
            rest = text[len(key) + 1 :]
            column, _, test = rest.partition(":")
            known = {c.target for c in mapping.columns}
            if rest in known:
                return Selector(key, rest)
            if column not in known:
                raise UnknownName(f"column of {key}", column, known)
            return Selector(key, column, test)
    parts = text.split(".")
    if len(parts) < 3:
        raise UsageError(f"'{text}' names no column", hint="write source.table.column, e.g. crm.users.email")
    raise UnknownName("mapped table", ".".join(parts[:2]), mappings)


def accept(mapping: Mapping, selector: Selector) -> Mapping:
    """The mapping with one proposal accepted by a person.

    Raises:
        UsageError: nothing was proposed for that column, or its source is gone, or its cast loses values.
    """
    if selector.test:
        return _with_test(mapping, selector, lambda test: _decided_test(test, "accepted"))

    def accepted(column: MappedColumn) -> MappedColumn:
        if column.note.startswith(SOURCE_GONE):
            raise UsageError(
                f"{selector} cannot be accepted: {column.note}",
                hint=f"choose another source: aidbt review choose {selector} SOURCE_COLUMN; or reject it",
            )
        # The cast of an expression was proven on every row; a note beside it is about its meaning.
        if column.needs_expression:
            named = f"{shlex.quote(str(selector))} {shlex.quote(column.sources[0])}"
            raise UsageError(
                f"{selector} cannot be accepted as it is: {column.note}",
                hint=f'say how: aidbt review choose {named} --expression "…"',
            )
        if not column.sources and not column.expression:
            raise UsageError(
                f"nothing is proposed for {selector}",
                hint=f"choose a source: aidbt review choose {selector} SOURCE_COLUMN",
            )
        return _decided(column, "accepted")

    return _with_column(mapping, selector, accepted)


def reject(mapping: Mapping, selector: Selector) -> Mapping:
    """The mapping with one proposal rejected: the column is left out of the staging model."""
    if selector.test:
        return _with_test(mapping, selector, lambda test: _decided_test(test, "rejected"))
    return _with_column(mapping, selector, lambda column: _decided(column, "rejected"))


def choose(
    mapping: Mapping,
    selector: Selector,
    sources: Sequence[str],
    *,
    expression: str | None = None,
    types: dict[str, str] | None = None,
    cast: str | None = None,
) -> Mapping:
    """The mapping with other source columns chosen by a person; their names are the caller's to check.

    Where no target is declared and the column waits, the source is its new name, and is not kept under that
    name a second time.

    Args:
        expression: SQL over the sources; needed when there are several.
        types: the sources' types, where they are known.
        cast: the type a plain column is cast to.

    Raises:
        UsageError: several sources and no expression, or neither.
    """
    if len(sources) > 1 and not expression:
        raise UsageError("several source columns need an --expression over them")
    if not sources and not expression:
        raise UsageError("name a source column, or give an --expression")

    def chosen(column: MappedColumn) -> MappedColumn:
        return replace(
            _decided(column, "accepted"),
            sources=tuple(sources),
            expression=expression,
            source_type=(types or {}).get(sources[0], "") if len(sources) == 1 else "",
            cast=None if expression else cast,
            description=column.description if column.sources == tuple(sources) else "",
            never=tuple(name for name in column.never if name not in sources),
        )

    before = next(c for c in mapping.columns if c.target == selector.column)
    if before.sources != tuple(sources) or expression:
        mapping = _without_found_tests(mapping, selector.column)
    if mapping.target is None and before.status == "review" and not expression:
        mapping = _without_kept(mapping, selector.column, sources[0])
    return _with_column(mapping, selector, chosen)


def _without_kept(mapping: Mapping, column: str, source: str) -> Mapping:
    """The mapping without another column that only keeps the source, which is the new name of this one's."""
    kept = {
        c.target
        for c in mapping.columns
        if c.target != column and c.by == "aidbt" and c.is_passthrough and c.sources[0] == source
    }
    for name in kept:
        mapping = _without_found_tests(mapping, name)
    return replace(mapping, columns=tuple(c for c in mapping.columns if c.target not in kept))


def _without_found_tests(mapping: Mapping, column: str) -> Mapping:
    """The mapping without the tests that aidbt found for a column: they were found for its source."""
    kept = (
        t for t in mapping.tests if column not in (t.column, *t.columns, t.event_time) or t.by == "person"
    )
    return replace(mapping, tests=tuple(kept))


def never(
    mapping: Mapping,
    selector: Selector,
    source: str = "",
    *,
    types: dict[str, str] | None = None,
    wanted: str = "",
    dialect: str = "",
    least: float = 0.0,
) -> Mapping:
    """The mapping in which a source column is not proposed for a target column again.

    Where it was what is proposed, or decided, the next best candidate that no other column takes is proposed
    in its place; without one that is likely enough the column waits with nothing proposed.

    Without a declared target only a new name is ever proposed for a column's source. One that is refused is
    a column of its own from the next `aidbt map` on.

    Args:
        source: the source column, its name is the caller's to check; "" for the proposed one.
        types: the source columns' types, where they are known.
        wanted: the type that the target declares; "" for any.
        least: the probability 0..1 below which nothing is proposed.

    Raises:
        UsageError: nothing is proposed that could be refused, or it is not clear which source.
    """
    if selector.test:
        raise UsageError(
            f"{selector} is a test",
            hint=f"a rejected test is not proposed again: aidbt review reject {selector}",
        )

    def refused(column: MappedColumn) -> MappedColumn:
        if not source and len(column.sources) != 1:
            made = " + ".join(column.sources)
            raise UsageError(
                f"{selector} is made from {made}" if made else f"nothing is proposed for {selector}",
                hint=f"say which source: aidbt review never {selector} SOURCE_COLUMN",
            )
        name = source or column.sources[0]
        if mapping.target is None and name in column.sources and column.score is None:
            raise UsageError(
                f"{selector} is {name} itself: {mapping.key} has no declared target that it was matched to",
                hint=f"to leave the column out: aidbt review reject {selector}",
            )
        kept = replace(
            column,
            never=tuple(dict.fromkeys([*column.never, name])),
            alternatives=tuple(other for other in column.alternatives if other[0] != name),
        )
        if name not in column.sources:
            return kept
        taken = {s for c in mapping.columns if c is not column and c.status != "rejected" for s in c.sources}
        return _next_best(kept, taken, types or {}, wanted, dialect, least)

    after = _with_column(mapping, selector, refused)
    made_from = {c.target: c.sources for c in mapping.columns}
    is_other = any(c.target == selector.column and c.sources != made_from[c.target] for c in after.columns)
    if not is_other:
        return after
    if mapping.target is None:  # what is listed there is left out, and what was refused is to be kept
        after = replace(after, unmapped=mapping.unmapped)
    return _without_found_tests(after, selector.column)


def _next_best(
    column: MappedColumn,
    taken: Collection[str],
    types: dict[str, str],
    wanted: str,
    dialect: str,
    least: float = 0.0,
) -> MappedColumn:
    """The column with its best free candidate proposed, and nothing where none is as likely as `least`."""
    without = (*taken, *column.never)
    likely = ((name, score) for name, score in column.alternatives if score >= least)
    best = next((other for other in likely if other[0] not in without), None)
    known = types.get(best[0], "") if best else ""
    return replace(
        column,
        sources=(best[0],) if best else (),
        status="review",
        by="aidbt",
        expression=None,
        source_type=known,
        cast=cast_between(known, wanted, dialect) if best else None,
        score=best[1] if best else None,
        alternatives=tuple(other for other in column.alternatives if other != best),
        note="" if best else "no source found",
        description="",
    )


def cast_between(have: str, wanted: str, dialect: str) -> str | None:
    """The cast from one type to another, None when it is that already or any will do.

    Example:
        >>> cast_between("VARCHAR", "integer", "duckdb"), cast_between("INT", "integer", "duckdb")
        ('integer', None)
    """
    return wanted.lower() if wanted and not (have and is_same_type(have, wanted, dialect)) else None


def _decided(column: MappedColumn, status: Status) -> MappedColumn:
    return replace(column, status=status, by="person", score=None, alternatives=(), note="")


def _decided_test(test: MappedTest, status: Status) -> MappedTest:
    return replace(test, status=status, by="person", note="")


def _with_column(
    mapping: Mapping, selector: Selector, change: Callable[[MappedColumn], MappedColumn]
) -> Mapping:
    columns = tuple(change(c) if c.target == selector.column else c for c in mapping.columns)
    # In the order the source has them where that is known: first as listed, then what became free.
    listed = [*mapping.unmapped, *(name for c in mapping.columns for name in c.sources)]
    return replace(mapping, columns=columns, unmapped=free_columns(replace(mapping, columns=columns), listed))


def free_columns(mapping: Mapping, names: Iterable[str]) -> tuple[str, ...]:
    """Of the source columns those that no column of the mapping takes, in their order, each once."""
    # Without a target a rejected column still stands in its line.
    takes = [c for c in mapping.columns if c.status != "rejected" or mapping.target is None]
    used = {name for c in takes for name in c.sources}
    return tuple(dict.fromkeys(name for name in names if name not in used))


def _with_test(mapping: Mapping, selector: Selector, change: Callable[[MappedTest], MappedTest]) -> Mapping:
    proposed = {test.test for test in mapping.tests if test.column == selector.column}
    if selector.test not in proposed:
        raise UnknownName(f"test proposed for {selector.key}.{selector.column}", selector.test, proposed)
    tests = tuple(
        change(test) if (test.column, test.test) == (selector.column, selector.test) else test
        for test in mapping.tests
    )
    return replace(mapping, tests=tests)


def with_peoples_columns(fresh: Mapping, old: Mapping) -> Mapping:
    """A mapping decided anew, with the columns that people decided in the old one, and all its row rules: a
    staged table neither loses nor gains rows without a question.

    A column that somebody decided keeps its place among those that take other source columns.
    """
    theirs = [column for column in old.columns if column.by == "person"]
    taken = {name for column in theirs for name in column.sources}
    names = {column.target.casefold() for column in theirs}
    at = {column.sources: column for column in theirs}
    columns = [
        at.pop(column.sources, column)
        for column in fresh.columns
        if column.sources in at or not (set(column.sources) & taken or column.target.casefold() in names)
    ]
    columns += [column for column in theirs if column in at.values()]
    columns = [_without_refused(column, old) for column in columns]
    rules = old.row_rules
    known = {(rule.rule, rule.where) for rule in rules}
    unmapped = tuple(name for name in fresh.unmapped if name not in taken)
    if fresh.target is not None:  # what a column no longer takes is listed: nothing is lost
        listed = [*unmapped, *(name for column in fresh.columns for name in column.sources)]
        unmapped = free_columns(replace(fresh, columns=tuple(columns)), listed)
    return replace(
        fresh,
        columns=tuple(columns),
        unmapped=unmapped,
        row_rules=(*rules, *(r for r in fresh.row_rules if (r.rule, r.where) not in known)),
    )


def _without_refused(column: MappedColumn, old: Mapping) -> MappedColumn:
    """A column decided anew, without the sources that a person never wants to see proposed for it."""
    never = next((c.never for c in old.columns if c.target == column.target), ())
    if column.by == "person" or not never:
        return column
    left = tuple(other for other in column.alternatives if other[0] not in never)
    kept = replace(column, never=never, alternatives=left)
    if not set(never) & set(column.sources):
        return kept
    # What casting another candidate would lose was not asked of the rows: it stays an alternative.
    return replace(_next_best(replace(kept, alternatives=()), (), {}, "", ""), alternatives=left)


def with_peoples_tests(fresh: Mapping, old: Mapping | None) -> Mapping:
    """The mapping with the tests that people accepted, rejected or wrote; the others as they were found."""
    theirs = [test for test in old.tests if test.by == "person"] if old is not None else []
    decided = {(test.column, test.test, test.to) for test in theirs}
    found = [test for test in fresh.tests if (test.column, test.test, test.to) not in decided]
    if len(found) == len(fresh.tests) - len(theirs) and all(test in fresh.tests for test in theirs):
        return fresh  # nothing to settle, and the order stays
    return replace(fresh, tests=(*theirs, *found))
