"""What a reviewer of generated models should look at, ranked: guesses first, then what changes values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import MappedColumn, MappedTest, RowRule
from aidbt.core.types import has_time_zone, type_family
from aidbt.generate.pull_request.markdown import code, count, listed, prose
from aidbt.generate.pull_request.summary import Decided, Summary, TableChange
from aidbt.warehouse.budget import KEY_WORDS
from aidbt.warehouse.words import words_of

# A key that holds on fewer rows may hold by chance.
_FEW_ROWS = 100


@dataclass(frozen=True, slots=True)
class Review:
    """What a review text is made of.

    Attributes:
        files: how many files change.
        proposals: files that are a person's, for which something waits to be merged by hand.
        questions: what is asked once per pattern, each with the command that answers it.
        rows_built: rows in and rows out at the last build; None where not all tables were counted.
    """

    summary: Summary
    files: int
    findings: Sequence[Finding] = ()
    proposals: Sequence[str] = ()
    questions: Sequence[tuple[str, str]] = ()
    rows_built: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """One thing to look at.

    Attributes:
        title: one sentence, Markdown.
        lines: what it is about, Markdown, the riskiest first.
    """

    title: str
    lines: tuple[str, ...] = ()


def risks(review: Review) -> list[Risk]:
    """What there is to look at, the riskiest first."""
    return [risk for find in _RISKS if (risk := find(review)) is not None]


def decided_columns(summary: Summary) -> Iterator[tuple[TableChange, Decided]]:
    """Every column that changed, with its table."""
    for table in summary.tables:
        for item in table.columns:
            yield table, item


def by_tables(said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Lines of what is said of tables: what is the same of several of them is one line, most tables first.

    Args:
        said: ("source.table", Markdown).

    Example:
        >>> by_tables([("crm.a", "is odd"), ("crm.b", "is even"), ("crm.c", "is odd")])
        ('2 tables (`crm.a`, `crm.c`): is odd', '`crm.b`: is even')
    """
    tables: dict[str, list[str]] = {}
    for key, text in said:
        tables.setdefault(text, []).append(code(key))
    ranked = sorted(tables.items(), key=lambda item: -len(item[1]))
    return tuple(
        f"{keys[0] if len(keys) == 1 else f'{len(keys)} tables ({listed(keys, 3)})'}: {text}"
        for text, keys in ranked
    )


def _made_of(column: MappedColumn) -> str:
    return " + ".join(code(name) for name in column.sources) or "nothing"


def _errors(review: Review) -> Risk | None:
    wrong = [finding for finding in review.findings if finding.severity == Severity.ERROR]
    if not wrong:
        return None
    return Risk(f"**{count(len(wrong), 'error')}** to settle before this is merged", _told(wrong))


def _by_hand(review: Review) -> Risk | None:
    paths = sorted(review.proposals)
    if not paths:
        return None
    lines = tuple(f"{code(path)}: compare {code(f'.aidbt/proposals/{path}')}" for path in paths)
    return Risk(f"**{count(len(paths), 'file')} left alone**: what is new waits beside", lines)


def _guesses(review: Review) -> Risk | None:
    found = [(t, d.column) for t, d in decided_columns(review.summary) if d.how == "match"]
    if not found:
        return None
    lines = by_tables((t.mapping.key, f"{_made_of(column)} → {code(column.target)}") for t, column in found)
    title = f"**{count(len(found), 'column')} matched to a target by score**, not by the same name"
    return Risk(title, lines)


def _clashes(review: Review) -> Risk | None:
    found = [
        (table.mapping.key, f"{_made_of(item.column)} → {code(item.column.target)}")
        for table, item in decided_columns(review.summary)
        if item.rule.startswith("numbered")
    ]
    verb = "column got a number" if len(found) == 1 else "columns got numbers"
    title = f"**{len(found):,} {verb}**: the name was taken by another column of the table"
    return Risk(title, by_tables(found)) if found else None


def _values(review: Review) -> Risk | None:
    found = [
        (table, item.column, why)
        for table, item in decided_columns(review.summary)
        if item.how != "question" and (why := value_risk(item.column))
    ]
    if not found:
        return None
    found.sort(key=lambda item: (item[1].by != "person", item[0].mapping.key))
    lines = by_tables(
        (
            table.mapping.key,
            f"{_made_of(column)} → {code(column.target)}: {why}{', by a person' * (column.by == 'person')}",
        )
        for table, column, why in found
    )
    is_counted = all(column.by == "aidbt" and column.expression is None for _, column, _ in found)
    proof = "; counted when decided: no row loses its value" if is_counted else ""
    change = "column changes its values" if len(found) == 1 else "columns change their values"
    return Risk(f"**{len(found):,} {change}**{proof}", lines)


def value_risk(column: MappedColumn) -> str:
    """What a staging column does to the values of its source, as Markdown; "" when it keeps them."""
    if column.expression is not None:
        return f"made by {code(column.expression)}"
    if not column.cast:
        return ""
    old, new = type_family(column.source_type), type_family(column.cast)
    types = f"{code(column.source_type.lower())} to {code(column.cast)}"
    if {old, new} == {"timestamp"} and has_time_zone(column.source_type) != has_time_zone(column.cast):
        return f"{types}: depends on the time zone"
    if old == "text" and new not in ("text", "other"):
        zone = ", read as UTC where it names no offset" if has_time_zone(column.cast) else ""
        return f"text read as {code(column.cast)}{zone}"
    if (old, new) in (("number", "integer"), ("timestamp", "date"), ("timestamp", "time")):
        return f"{types}: a part is cut off"
    if old == "number" and new == "number" and column.cast.lower().startswith(("double", "float", "real")):
        return f"{types}: no longer exact"
    return "" if old == new or (old, new) == ("integer", "number") else types


def _keys(review: Review) -> Risk | None:
    tests = [test for table in review.summary.tables for test in table.tests if test.test in _UNIQUE]
    doubts = sorted(
        (rank, table.mapping.key, said)
        for table in review.summary.tables
        for rank, said in _key_doubts(table)
    )
    if not tests and not doubts:
        return None
    proof = ", unique and filled on every row" if all(test.by == "aidbt" for test in tests) else ""
    title = f"**{count(len(tests), 'key')}**{proof}" if tests else "**No key**"
    return Risk(title, tuple(f"{code(key)}: {said}" for _, key, said in doubts))


def _key_doubts(table: TableChange) -> Iterator[tuple[int, str]]:
    """What is doubtful about a table's keys, with its rank."""
    rows = "" if table.row_count is None else f" on {count(table.row_count, 'row')}"
    if table.is_new and not any(test.test in _UNIQUE for test in table.mapping.tests):
        yield 0, f"no key was found{rows}, so that nothing tests for duplicates"
    for test in table.tests:
        if test.test == "unique_combination":
            yield 1, f"{' + '.join(code(name) for name in test.columns)} together tell rows apart{rows}"
        elif test.test == "unique" and not _is_named_as_key(table, test):
            yield 2, f"{code(test.column)} is unique{rows}, though its name is not that of a key"
        elif test.test == "unique" and table.row_count is not None and table.row_count < _FEW_ROWS:
            yield 3, f"{code(test.column)} is unique, but only{rows}"


def _is_named_as_key(table: TableChange, test: MappedTest) -> bool:
    sources = {
        name for column in table.mapping.columns if column.target == test.column for name in column.sources
    }
    return any(KEY_WORDS.intersection(words_of(name)[-1:]) for name in {test.column, *sources})


_UNIQUE = ("unique", "unique_combination")


def _rows(review: Review) -> Risk | None:
    found = [
        (table.mapping.key, f"only {rows_kept(rule)}")
        for table in review.summary.tables
        for rule in table.row_rules
    ]
    verb = "leaves" if len(found) == 1 else "leave"
    return Risk(f"**{count(len(found), 'rule')} {verb} rows out**", by_tables(found)) if found else None


def rows_kept(rule: RowRule) -> str:
    """Which rows a rule keeps, as Markdown."""
    if rule.rule == "latest_row":
        keys = " + ".join(code(name) for name in rule.keys)
        return f"the last row of each {keys} by {code(rule.order_by)}"
    return f"rows {'that are not deleted, ' if rule.rule == 'soft_delete' else ''}where {code(rule.where)}"


def _pii(review: Review) -> Risk | None:
    found = [
        (table.mapping.key, f"{code(name)} ({prose(kind.replace('_', ' '))})")
        for table in review.summary.tables
        for name, kind in table.pii
    ]
    verb = "seems" if len(found) == 1 else "seem"
    title = f"**{count(len(found), 'column')} {verb} to hold personal data**"
    return Risk(title, by_tables(found)) if found else None


def _relations(review: Review) -> Risk | None:
    found = [finding for finding in review.findings if is_of_a_relationship(finding)]
    return Risk(f"**{count(len(found), 'relationship')} without a test**", _told(found)) if found else None


def _dropped(review: Review) -> Risk | None:
    tables = [table for table in review.summary.tables if table.dropped]
    lines = by_tables((t.mapping.key, listed([code(name) for name in t.dropped], 8)) for t in tables)
    number = sum(len(table.dropped) for table in tables)
    return Risk(f"**{count(number, 'source column')} left out** of staging", lines) if number else None


def _warnings(review: Review) -> Risk | None:
    found = [f for f in review.findings if f.severity == Severity.WARN and not is_of_a_relationship(f)]
    return Risk(f"**{count(len(found), 'warning')}**", _told(found)) if found else None


def is_of_a_relationship(finding: Finding) -> bool:
    """Whether a finding is about a reference that has no test."""
    return finding.code.startswith("relationship.")


def _told(findings: Sequence[Finding]) -> tuple[str, ...]:
    ordered = sorted(findings, key=lambda finding: (finding.where, finding.code, finding.message))
    return tuple(f"{code(finding.where)}: {prose(finding.message)}" for finding in ordered)


# The order is that of the risk.
_RISKS: tuple[Callable[[Review], Risk | None], ...] = (
    _errors, _by_hand, _guesses, _clashes, _values, _keys, _rows, _pii, _relations, _dropped, _warnings,
)  # fmt: skip
