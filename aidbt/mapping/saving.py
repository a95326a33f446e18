"""Saving what people decide: each decision is merged into the mapping file as it is at that moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TypeVar

from aidbt.core.errors import EditConflict, SettingsError
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.resilience import RetryPolicy, SystemClock, retry
from aidbt.core.schema import MappedColumn, MappedTest, Mapping
from aidbt.mapping.decisions import free_columns
from aidbt.mapping.files import mapping_entries, mapping_path, mapping_yaml, parse_mapping
from aidbt.patching.yaml_source import Alias, MappingNode, Node, Scalar, SequenceNode, Source

T = TypeVar("T")

# A write takes some milliseconds. With twenty people at one project everybody still gets a turn within it.
_TURNS = RetryPolicy(tries=40, base_s=0.01, cap_s=0.5)
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Change:
    """A mapping before and after a person's decisions: what they saw, and what they made of it."""

    before: Mapping
    after: Mapping


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved.

    Attributes:
        paths: the files that changed, relative to the project.
        mappings: the mappings as they are now, in the order of the changes; others may have decided more.
    """

    paths: tuple[str, ...]
    mappings: tuple[Mapping, ...]


def save(project_dir: Path, changes: Sequence[Change]) -> Saved:
    """Save decisions, all of them or none, beside what others decided about other columns meanwhile.

    Raises:
        EditConflict: somebody decided the same column otherwise, removed the mapping, or laid its file out
            in a way that saving would lose.
        StoreBusy: others kept writing in this project.
    """
    return retry(lambda: _save_once(project_dir, changes), _TURNS, clock=SystemClock(), rng=Random())


class _ChangedMeanwhile(EditConflict):
    """A file was written between reading and writing it: what it says now can be merged again."""

    retryable = True


def _save_once(project_dir: Path, changes: Sequence[Change]) -> Saved:
    merged = [with_decisions(change, _now(change.before, project_dir)) for change in changes]
    edits = [mapping_edit(mapping, project_dir, by_person=True) for mapping in merged]
    changed = Patch(tuple(edit for edit in edits if edit.after != edit.undo), "review")
    try:
        paths = apply_patch(changed, project_dir)
    except EditConflict as error:
        raise _ChangedMeanwhile(error.message, hint=error.hint) from error
    return Saved(tuple(paths), tuple(merged))


def _now(mapping: Mapping, project_dir: Path) -> Mapping:
    path = project_dir / mapping_path(mapping)
    text = read_or_none(path)
    if text is None:
        raise EditConflict(
            f"{mapping_path(mapping)} was removed meanwhile; the decision was not saved",
            hint="bring it back with git, or let aidbt generate map the table anew",
        )
    return parse_mapping(text.removeprefix(_BOM), path, project_dir)


def with_decisions(change: Change, now: Mapping) -> Mapping:
    """The mapping as it is now, with what a change decided: a three-way merge by column and by test.

    Raises:
        EditConflict: a column or test that the change decides was decided otherwise since `before`.
    """
    before, after = change.before, change.after
    columns = _merged(before.columns, after.columns, now.columns, _column_name, _decision, before.key)
    tests = _merged(before.tests, after.tests, now.tests, _test_name, _test_decision, before.key)
    if now.unmapped == before.unmapped:
        unmapped = after.unmapped
    else:
        listed = [*now.unmapped, *after.unmapped]
        unmapped = free_columns(replace(now, columns=columns), listed)
    return replace(now, columns=columns, tests=tests, unmapped=unmapped)


def _merged(
    before: tuple[T, ...],
    after: tuple[T, ...],
    now: tuple[T, ...],
    name: Callable[[T], str],
    decision: Callable[[T], Hashable],
    key: str,
) -> tuple[T, ...]:
    """The entries as they are now, those replaced that the change decided; an entry may also come or go."""
    if now == before:
        return after
    olds, news, nows = (_by_name(entries, name) for entries in (before, after, now))
    for place in [*olds, *(n for n in news if n not in olds)]:
        old, new, current = olds.get(place), news.get(place), nows.get(place)
        if old == new or current == new:
            continue
        if (current and decision(current)) != (old and decision(old)):
            raise EditConflict(
                f"{key}.{place[0]} was decided otherwise meanwhile: {_said(current)}; yours was not saved:"
                f" {_said(new)}",
                hint="look at it again, and decide it anew where theirs is wrong",
            )
        if new is None:
            del nows[place]
        else:
            nows[place] = new
    return tuple(nows.values())


def _by_name(entries: tuple[T, ...], name: Callable[[T], str]) -> dict[tuple[str, int], T]:
    """The entries by name and how many of that name stand before: a rejected one may share its name."""
    found: dict[tuple[str, int], T] = {}
    seen: Counter[str] = Counter()
    for entry in entries:
        found[name(entry), seen[name(entry)]] = entry
        seen[name(entry)] += 1
    return found


def _column_name(column: MappedColumn) -> str:
    return column.target


def _test_name(test: MappedTest) -> str:
    rest = [part for part in (test.to, *test.columns[1:]) if part]
    return f"{test.column}:{test.test}" + (f" ({', '.join(rest)})" if rest else "")


def _decision(column: MappedColumn) -> Hashable:
    """What of a column is decided or asked: a match that was only scored again is the same."""
    return replace(column, score=None, alternatives=())


def _test_decision(test: MappedTest) -> Hashable:
    return test


def _said(entry: object) -> str:
    """A decision in a few words."""
    if isinstance(entry, MappedColumn):
        made = entry.expression or " + ".join(entry.sources) or "no source"
        what = {"accepted": "accepted from", "rejected": "rejected, it was", "review": "waiting with"}
        return f"{what[entry.status]} {made}"
    return entry.status if isinstance(entry, MappedTest) else "removed"


def mapping_edit(mapping: Mapping, project_dir: Path, *, by_person: bool = False) -> FileEdit:
    """The edit that saves a mapping; comments between the decisions stay where they are.

    Args:
        by_person: whether a person decided what changes: then an entry that they laid out in their own way
            is written anew. aidbt by itself leaves such an entry alone.

    Raises:
        EditConflict: the file was changed since the mapping was read, or it has a layout of its own that
            would be lost.
        SettingsError: the file already holds the mapping of another table.
    """
    path = mapping_path(mapping)
    before = read_or_none(project_dir / path)
    if before is None:
        return FileEdit(path, None, mapping_yaml(mapping), "first mapping")
    if mapping.digest and digest(before.removeprefix(_BOM)) != mapping.digest:
        raise _ChangedMeanwhile(
            f"{path} was changed while it was being worked on; nothing was written",
            hint="run the command again",
        )
    where = project_dir / path
    old = parse_mapping(before, where, project_dir)
    if old.key != mapping.key:  # its table was edited: what was decided for that one is not written over
        raise SettingsError(
            f"it maps {old.key}, but is where the mapping of {mapping.key} goes",
            path=path,
            line=1,
            hint=f"write table: {mapping.table} there if that is what it maps, or give the file another name",
        )
    text = mapping_yaml(mapping) if mapping_yaml(old) == before else _spliced(before, old, mapping, by_person)
    if text is None or parse_mapping(text, where, project_dir) != mapping:
        raise EditConflict(
            f"{path} was laid out by hand in a way that saving would lose",
            hint=f"make the decision in {path} itself",
        )
    return FileEdit(path, digest(before), text, "decided", before)


def _spliced(text: str, old: Mapping, new: Mapping, by_person: bool) -> str | None:
    """The text with only the entries replaced that changed, or None where that is not possible.

    An entry is found when it stands there as it was written, once; for a person a column or the list of what
    is unmapped also in another layout, which only the entry that changes gives up. What takes the place of
    others stands where they stood; what is new follows the entry before it, or begins a list at the end.
    """
    before, after = mapping_entries(old), mapping_entries(new)
    for kind in ("source", "columns", "unmapped", "tests", "row_rules"):
        olds, news = before[kind], after[kind]
        if kind == "unmapped" and not old.unmapped and "unmapped:" not in text:
            olds = {}  # a person may leave the empty list out
            news = news if new.unmapped else {}
        if olds and not news:
            whole = "\n".join([f"{kind}:", *olds.values(), ""])
            if text.count(whole) != 1:
                return None
            text = text.replace(whole, "")
            continue
        if news and not olds:
            head = "" if kind == "unmapped" else f"{kind}:\n"
            text = "\n".join([text.rstrip("\n"), head + "\n".join(news.values()), ""])
            continue
        replacements = _replacements(olds, news)
        if any(text.count(entry) != 1 for entry, _ in replacements):
            if not by_person or list(olds) != list(news) or kind not in ("columns", "unmapped"):
                return None
            changed = {n: news[name] for n, name in enumerate(olds) if news[name] != olds[name]}
            found = _at_its_place(text, kind, changed, len(getattr(old, kind)))
            if found is None:
                return None
            text = found
            continue
        for entry, wanted in replacements:
            # A line that goes takes its end with it.
            text = text.replace(entry, wanted) if wanted else text.replace(f"{entry}\n", "")
    return text


def _at_its_place(text: str, kind: str, entries: dict[int, str], count: int) -> str | None:
    """The text with entries of a list replaced, by number, or the whole list of what is unmapped; every other
    byte stays. None where a comment or an anchor would be lost, or the list is not laid out line by line.
    """
    source = Source(text)
    pairs = source.root.pairs if isinstance(source.root, MappingNode) else []
    there = [value for key, value in pairs if isinstance(key, Scalar) and key.value == kind]
    if text.startswith(_BOM) or len(there) != 1 or not isinstance(there[0], SequenceNode):
        return None
    nodes: list[Node] = [there[0]] if kind == "unmapped" else there[0].items
    if kind != "unmapped" and (there[0].flow or len(nodes) != count):
        return None
    for number, entry in sorted(entries.items(), reverse=True):
        node = nodes[number]
        if isinstance(node, Alias) or id(node) in source.aliased or source.has_comment(node):
            return None
        wanted = entry.removeprefix("unmapped: ").removeprefix(_DASH)
        shift = source.column(node.start) - len(_DASH) if kind == "columns" else 0
        lines = [line[-shift:] if shift < 0 else " " * shift + line for line in wanted.split("\n")[1:]]
        new = "\n".join([wanted.split("\n")[0], *lines])
        text = text[: node.start] + new + text[source.content_end(node) :]
    return text


_DASH = "  - "


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
