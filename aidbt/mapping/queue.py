"""The review queue: what waits in the mapping files, and writing what a person decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from aidbt.core.errors import UsageError, require_known
from aidbt.core.schema import Mapping, Target
from aidbt.mapping.decisions import Selector, accept, cast_between, choose, never, parse_selector, reject
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.question_files import OpenQuestion, load_questions, open_questions
from aidbt.mapping.saving import Change, save
from aidbt.mapping.waiting import ReviewItem, items_of
from aidbt.sql.expressions import expression_problem

Order = Literal["table", "probability"]
# The types of source columns by "source.table" and name.
Types = Dict[str, Dict[str, str]]


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """What waits for a person, beside what is decided already.

    Attributes:
        items: columns before tests, in the order that was asked for.
        questions: what is asked once for a whole source.
        tables: how many mapped tables were looked at.
        by_aidbt, by_people: how many of their columns are accepted.
        rejected: how many are left out.
    """

    items: tuple[ReviewItem, ...]
    questions: tuple[OpenQuestion, ...] = ()
    tables: int = 0
    by_aidbt: int = 0
    by_people: int = 0
    rejected: int = 0


def review_queue(
    project_dir: Path,
    select: Sequence[str] = (),
    *,
    below: float | None = None,
    by: Order = "table",
) -> ReviewQueue:
    """Everything that waits, read from the files of a project.

    Args:
        select: `source:NAME[.TABLE]` or a table, with `*`; empty is all.
        below: only columns whose proposal is less probable than this, or that have none.
        by: "table" keeps the order of the files, "probability" begins with the most probable.

    Raises:
        SettingsError: a mapping, target or question file is not as it should be.
        UsageError: the selection names no mapped table.
    """
    mappings = load_mappings(project_dir)
    chosen = [m for m in mappings.values() if not select or _selected(m, select)]
    if select and mappings and not chosen:
        raise UsageError(
            f"no mapped table is selected by {' '.join(select)}",
            hint="select source:NAME, source:NAME.TABLE or a table; * matches anything",
        )
    items = items_of(chosen, load_targets(project_dir))
    asked = below is None and load_questions(project_dir)
    keys = [mapping.key for mapping in chosen]
    decided = [c for mapping in chosen for c in mapping.columns]
    return ReviewQueue(
        tuple(_ordered([i for i in items if below is None or _is_below(i, below)], by)),
        tuple(open_questions(asked, mappings, select=keys)) if asked and keys else (),
        tables=len(chosen),
        by_aidbt=sum(c.status == "accepted" and c.by == "aidbt" for c in decided),
        by_people=sum(c.status == "accepted" and c.by == "person" for c in decided),
        rejected=sum(c.status == "rejected" for c in decided),
    )


def review_items(project_dir: Path, select: Sequence[str] = ()) -> list[ReviewItem]:
    """Every column and test that waits, columns before tests, in the order of the files.

    Args:
        select: as in `review_queue`.
    """
    mappings = load_mappings(project_dir).values()
    chosen = [m for m in mappings if not select or _selected(m, select)]
    return items_of(chosen, load_targets(project_dir))


def _is_below(item: ReviewItem, below: float) -> bool:
    return not item.test and (item.score is None or item.score < below)


def _ordered(items: list[ReviewItem], by: Order) -> list[ReviewItem]:
    if by == "table":
        return items
    return sorted(items, key=lambda item: (bool(item.test), -(item.score or 0.0)))


def _selected(mapping: Mapping, select: Sequence[str]) -> bool:
    names = (mapping.source, mapping.table, mapping.key)
    return any(fnmatchcase(name, selector.removeprefix("source:")) for selector in select for name in names)


def accept_all(project_dir: Path, selectors: Sequence[str]) -> list[str]:
    """Accept what was proposed for each selector; all of them or none. Returns the files changed.

    Raises:
        UnknownName, UsageError: a selector names nothing, or nothing was proposed for it.
        EditConflict: a mapping file has a layout that saving would lose, or somebody decided otherwise at
            the same time.
    """
    return _decide(project_dir, selectors, accept)


def reject_all(project_dir: Path, selectors: Sequence[str]) -> list[str]:
    """Reject what was proposed for each selector; as `accept_all`."""
    return _decide(project_dir, selectors, reject)


def choose_one(
    project_dir: Path,
    selector: str,
    sources: Sequence[str],
    *,
    expression: str | None = None,
    dialect: str,
    types: Types | None = None,
) -> list[str]:
    """Take other source columns for a target column; see `chosen`.

    Args:
        types: as far as profiles know them.
    """
    targets = load_targets(project_dir, dialect)
    return _decide(
        project_dir,
        [selector],
        lambda mapping, wanted: chosen(
            mapping, wanted, sources, targets, expression, dialect, (types or {}).get(wanted.key)
        ),
    )


def never_one(
    project_dir: Path, selector: str, source: str = "", *, dialect: str, least: float = 0.0
) -> list[str]:
    """Never propose a source column for a target column again; see `refused`."""
    targets = load_targets(project_dir, dialect)
    return _decide(
        project_dir,
        [selector],
        lambda mapping, wanted: refused(mapping, wanted, source, targets, dialect, least),
    )


def chosen(
    mapping: Mapping,
    selector: Selector,
    sources: Sequence[str],
    targets: Dict[str, Target],
    expression: str | None,
    dialect: str,
    types: Dict[str, str] | None = None,
) -> Mapping:
    """The mapping with other source columns for a column, their names and the expression checked.

    Without an expression the column is cast to what its target declares, unless it is that already.

    Args:
        sources: of the mapping's table; those that the expression uses when empty.
        dialect: in which the expression is written.
        types: of the table's columns, for those whose type the mapping does not know: without it a later
            change of the type would be no drift.

    Raises:
        UnknownName: a source column that the table does not have.
        UsageError: several sources and no expression, or one that is not one value over the sources.
    """
    known = known_source_columns(mapping)
    known = {name: held or (types or {}).get(name, "") for name, held in known.items()}
    if expression is not None and not sources:
        sources = columns_used(expression, known, dialect)
    require_known(sources, known, f"column of {mapping.key}")
    problem = expression_problem(expression, sources, dialect) if expression is not None else None
    if problem:
        raise UsageError(
            f"the expression cannot be used: {problem}",
            hint="write one value over the source columns, e.g. lower(trim(email))",
        )
    have = known.get(sources[0], "") if sources else ""
    cast = cast_between(have, _wanted(mapping, selector, targets), dialect)
    return choose(mapping, selector, sources, expression=expression, types=known, cast=cast)


def refused(
    mapping: Mapping,
    selector: Selector,
    source: str,
    targets: Dict[str, Target],
    dialect: str,
    least: float = 0.0,
) -> Mapping:
    """The mapping in which a source column is not proposed again for a column (`decisions.never`).

    Args:
        source: "" for the one that is proposed.
        least: the probability 0..1 below which nothing is proposed in its place.

    Raises:
        UnknownName: a source column that the table does not have.
        UsageError: see `decisions.never`.
    """
    known = known_source_columns(mapping)
    require_known([source] if source else [], known, f"column of {mapping.key}")
    wanted = _wanted(mapping, selector, targets)
    return never(mapping, selector, source, types=known, wanted=wanted, dialect=dialect, least=least)


def _wanted(mapping: Mapping, selector: Selector, targets: Dict[str, Target]) -> str:
    """The type that the target declares for a column; "" for none."""
    target = targets.get(mapping.target or "")
    columns = target.columns if target else ()
    return next((c.data_type for c in columns if c.name == selector.column), "")


def known_source_columns(mapping: Mapping) -> dict[str, str]:
    """The table's columns as far as the mapping knows them, with their types ("" where it does not)."""
    known = dict.fromkeys(mapping.unmapped, "")
    for column in mapping.columns:
        known.update(dict.fromkeys(column.sources, ""))
        known.update(dict.fromkeys((name for name, _ in column.alternatives), ""))
        known.update(dict.fromkeys(column.never, ""))
    known.update(
        {c.sources[0]: c.source_type for c in mapping.columns if len(c.sources) == 1 and c.source_type}
    )
    return known


def columns_used(expression: str, known: Iterable[str], dialect: str) -> list[str]:
    """The columns that an expression uses, in its order, the known ones as they are spelt; none when it
    cannot be read.

    Example:
        >>> columns_used("Am * rate + y", ["y", "am"], "duckdb")
        ['am', 'rate', 'y']
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        value = sqlglot.parse_one(expression, dialect=dialect)
    except (SqlglotError, ValueError):  # ValueError: a dialect that sqlglot does not know
        return []
    spelt = {name.lower(): name for name in known}
    used = (column.name for column in value.find_all(exp.Column, bfs=False))
    return list(dict.fromkeys(spelt.get(name.lower(), name) for name in used))


def _decide(
    project_dir: Path, selectors: Sequence[str], change: Callable[[Mapping, Selector], Mapping]
) -> list[str]:
    before = load_mappings(project_dir)
    after = dict(before)
    for text in selectors:
        selector = parse_selector(text, after)
        after[selector.key] = change(after[selector.key], selector)
    changes = [Change(before[key], after[key]) for key in after if after[key] != before[key]]
    return list(save(project_dir, changes).paths)
