"""The review queue: what waits in the mapping files, and writing what a person decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from aidbt.core.errors import EditConflict, UnknownName, UsageError
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.schema import MappedTest, Mapping
from aidbt.core.types import is_same_type
from aidbt.mapping.decisions import Selector, accept, choose, parse_selector, reject
from aidbt.mapping.files import (
    load_mappings,
    load_targets,
    mapping_entries,
    mapping_path,
    mapping_yaml,
    parse_mapping,
)
from aidbt.mapping.question_files import OpenQuestion, load_questions, open_questions
from aidbt.sql.expressions import expression_problem


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One question to a person.

    Attributes:
        selector: what `accept`, `reject` and `choose` take.
        key: the "source.table" it is about.
        proposal: the source column, or the values of a proposed test; "" when nothing was found.
        score: 0..1; None where none was given.
        test: the proposed test's name; "" for a column.
    """

    selector: str
    key: str
    proposal: str
    score: float | None
    note: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    test: str = ""


def review_items(project_dir: Path, select: Sequence[str] = ()) -> list[ReviewItem]:
    """Everything that waits, columns before tests, in the order of the files.

    Args:
        select: `source:NAME[.TABLE]` or a table, with `*`; empty is all.
    """
    mappings = [m for m in load_mappings(project_dir).values() if not select or _selected(m, select)]
    columns = [
        ReviewItem(
            f"{mapping.key}.{column.target}",
            mapping.key,
            " + ".join(column.sources),
            column.score,
            column.note,
            column.alternatives,
        )
        for mapping in mappings
        for column in mapping.waiting()
    ]
    tests = [
        ReviewItem(
            f"{mapping.key}.{test.column}:{test.test}",
            mapping.key,
            _said(test),
            None,
            test.note,
            test=test.test,
        )
        for mapping in mappings
        for test in mapping.waiting_tests()
    ]
    return [*columns, *tests]


def review_questions(project_dir: Path, select: Sequence[str] = ()) -> list[OpenQuestion]:
    """The questions about whole sources that wait, in the order of their file.

    Args:
        select: as in `review_items`.
    """
    mappings = load_mappings(project_dir)
    chosen = [key for key, mapping in mappings.items() if not select or _selected(mapping, select)]
    return open_questions(load_questions(project_dir), mappings, select=chosen) if chosen else []


def _said(test: MappedTest) -> str:
    """What a proposed test says, in a few words."""
    return f"{test.to}.{test.field}" if test.to else ", ".join(test.columns or test.values)


def _selected(mapping: Mapping, select: Sequence[str]) -> bool:
    names = (mapping.source, mapping.table, mapping.key)
    return any(fnmatchcase(name, selector.removeprefix("source:")) for selector in select for name in names)


def accept_all(project_dir: Path, selectors: Sequence[str]) -> list[str]:
    """Accept what was proposed for each selector; all of them or none. Returns the files changed.

    Raises:
        UnknownName, UsageError: a selector names nothing, or nothing was proposed for it.
        EditConflict: a mapping file holds more than decisions (comments, another layout).
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
) -> list[str]:
    """Take other source columns for a target column; the names are checked against the mapping's table.

    Without an expression the column is cast to what its target declares, unless it is that already.

    Args:
        dialect: in which the expression is written.

    Raises:
        UnknownName: a source column that the table does not have.
        UsageError: several sources and no expression, or one that is not one value over the sources.
    """
    targets = load_targets(project_dir, dialect)

    def chosen(mapping: Mapping, wanted: Selector) -> Mapping:
        known = known_source_columns(mapping)
        declared = (
            {c.name: c.data_type for c in targets[mapping.target].columns}
            if mapping.target in targets
            else {}
        )
        for name in sources:
            if name not in known:
                raise UnknownName(f"column of {mapping.key}", name, known)
        problem = expression_problem(expression, sources, dialect) if expression is not None else None
        if problem:
            raise UsageError(
                f"the expression cannot be used: {problem}",
                hint="write one value over the named source columns, e.g. lower(trim(email))",
            )
        have, want = known.get(sources[0], "") if sources else "", declared.get(wanted.column, "")
        cast = want.lower() if want and not (have and is_same_type(have, want, dialect)) else None
        return choose(mapping, wanted, sources, expression=expression, types=known, cast=cast)

    return _decide(project_dir, [selector], chosen)


def known_source_columns(mapping: Mapping) -> dict[str, str]:
    """The table's columns as far as the mapping knows them, with their types ("" where it does not)."""
    known = dict.fromkeys(mapping.unmapped, "")
    for column in mapping.columns:
        known.update(dict.fromkeys(column.sources, ""))
        known.update(dict.fromkeys((name for name, _ in column.alternatives), ""))
    known.update(
        {c.sources[0]: c.source_type for c in mapping.columns if len(c.sources) == 1 and c.source_type}
    )
    return known


def _decide(
    project_dir: Path, selectors: Sequence[str], change: Callable[[Mapping, Selector], Mapping]
) -> list[str]:
    before = load_mappings(project_dir)
    after = dict(before)
    for text in selectors:
        selector = parse_selector(text, after)
        after[selector.key] = change(after[selector.key], selector)
    edits = [mapping_edit(after[key], project_dir) for key in after if after[key] != before[key]]
    return apply_patch(Patch(tuple(edits), "review"), project_dir)


def mapping_edit(mapping: Mapping, project_dir: Path) -> FileEdit:
    """The edit that saves a mapping; comments between the decisions stay where they are.

    Raises:
        EditConflict: the file has a layout of its own that would be lost.
    """
    path = mapping_path(mapping)
    before = read_or_none(project_dir / path)
    if before is None:
        return FileEdit(path, None, mapping_yaml(mapping), "first mapping")
    where = project_dir / path
    old = parse_mapping(before, where, project_dir)
    text = mapping_yaml(mapping) if mapping_yaml(old) == before else _spliced(before, old, mapping)
    if text is None or parse_mapping(text, where, project_dir) != mapping:
        raise EditConflict(
            f"{path} was laid out by hand in a way that saving would lose",
            hint=f"make the decision in {path} itself",
        )
    return FileEdit(path, digest(before), text, "decided", before)


def _spliced(text: str, old: Mapping, new: Mapping) -> str | None:
    """The text with only the entries replaced that changed, or None where that is not possible.

    An entry is found when it stands there as it was written, once. What takes the place of others stands
    where they stood; what is new follows the entry before it, or begins a list at the end of the file.
    """
    before, after = mapping_entries(old), mapping_entries(new)
    for kind in ("columns", "unmapped", "tests", "row_rules"):
        olds, news = before[kind], after[kind]
        if olds and not news:
            return None
        if news and not olds:
            head = "" if kind == "unmapped" else f"{kind}:\n"
            text = "\n".join([text.rstrip("\n"), head + "\n".join(news.values()), ""])
            continue
        for entry, wanted in _replacements(olds, news):
            if text.count(entry) != 1:
                return None
            # A line that goes takes its end with it.
            text = text.replace(entry, wanted) if wanted else text.replace(f"{entry}\n", "")
    return text


def _replacements(olds: dict[str, str], news: dict[str, str]) -> list[tuple[str, str]]:
    """What takes the place of each entry that changes, by the text it has; "" for one that goes."""
    found: dict[str, list[str]] = {entry: [entry] for entry in olds.values()}
    for name, entry in olds.items():
        found[entry] = [news[name]] if name in news else []
    kept = [name for name in olds if name in news]
    gaps: dict[str, list[str]] = {}
    place = ""
    for name, entry in news.items():
        if name in olds:
            place = name
        else:
            gaps.setdefault(place, []).append(entry)
    for place, added in gaps.items():
        following = list(olds)[list(olds).index(place) + 1 :] if place else list(olds)
        gone = next((name for name in following if name not in news), None)
        until = next((name for name in following if name in kept), None)
        is_near = gone is not None and (until is None or following.index(gone) < following.index(until))
        if gone is not None and is_near:
            found[olds[gone]] = added
        elif place:
            found[olds[place]] += added
        elif until is not None:
            found[olds[until]][:0] = added
    return [(entry, "\n".join(wanted)) for entry, wanted in found.items() if wanted != [entry]]
