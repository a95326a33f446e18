"""What a person decides about a mapping: values in, a changed mapping out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.schema import MappedColumn, MappedTest, Mapping, Status


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
        UsageError: nothing was proposed for that column.
    """
    if selector.test:
        return _with_test(mapping, selector, lambda test: _decided_test(test, "accepted"))

    def accepted(column: MappedColumn) -> MappedColumn:
        if column.cast and column.note:
            raise UsageError(
                f"{selector} cannot be accepted as it is: {column.note}",
                hint=f'say how: aidbt review choose {selector} {column.sources[0]} --expression "…"',
            )
        if not column.sources:
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
            source_type="" if expression else (types or {}).get(sources[0], ""),
            cast=None if expression else cast,
        )

    before = next(c for c in mapping.columns if c.target == selector.column)
    if before.sources != tuple(sources) or expression:
        # The tests that were found for it were found for the other source.
        kept = tuple(
            t for t in mapping.tests if selector.column not in (t.column, *t.columns) or t.by == "person"
        )
        mapping = replace(mapping, tests=kept)
    return _with_column(mapping, selector, chosen)


def _decided(column: MappedColumn, status: Status) -> MappedColumn:
    return replace(column, status=status, by="person", score=None, alternatives=(), note="")


def _decided_test(test: MappedTest, status: Status) -> MappedTest:
    return replace(test, status=status, by="person", note="")


def _with_column(
    mapping: Mapping, selector: Selector, change: Callable[[MappedColumn], MappedColumn]
) -> Mapping:
    columns = tuple(change(c) if c.target == selector.column else c for c in mapping.columns)
    used = {name for c in columns if c.status != "rejected" for name in c.sources}
    before = {name for c in mapping.columns for name in c.sources} | set(mapping.unmapped)
    if mapping.target is None:  # a rejected column still stands in its line
        used |= {name for c in columns for name in c.sources}
    # In the order the source has them where that is known: first as listed, then what became free.
    listed = [*mapping.unmapped, *(name for c in mapping.columns for name in c.sources)]
    unmapped = tuple(dict.fromkeys(name for name in listed if name in before and name not in used))
    return replace(mapping, columns=columns, unmapped=unmapped)


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
    rules = old.row_rules
    known = {(rule.rule, rule.where) for rule in rules}
    return replace(
        fresh,
        columns=tuple(columns),
        unmapped=tuple(name for name in fresh.unmapped if name not in taken),
        row_rules=(*rules, *(r for r in fresh.row_rules if (r.rule, r.where) not in known)),
    )


def with_peoples_tests(fresh: Mapping, old: Mapping | None) -> Mapping:
    """The mapping with the tests that people accepted, rejected or wrote; the others as they were found."""
    theirs = [test for test in old.tests if test.by == "person"] if old is not None else []
    decided = {(test.column, test.test, test.to) for test in theirs}
    found = [test for test in fresh.tests if (test.column, test.test, test.to) not in decided]
    if len(found) == len(fresh.tests) - len(theirs) and all(test in fresh.tests for test in theirs):
        return fresh  # nothing to settle, and the order stays
    return replace(fresh, tests=(*theirs, *found))
