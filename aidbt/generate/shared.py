"""Entries in property files that hold other people's entries too: added and extended by splicing.

An entry that we wrote is extended by what is new since then: columns, tests, and descriptions and types that
still are as we wrote them. Its columns or tests are written anew where something of them goes and they still
are as we wrote them, without a comment of a person between them. Nothing else is removed from such a file,
and an entry that a person wrote is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.patch import digest
from aidbt.generate.files import Entry
from aidbt.generate.lock import Written
from aidbt.patching import AddItem, Change, SetKey, YamlStyle, edit_yaml_where_possible
from aidbt.patching.yaml_write import plain


@dataclass(frozen=True, slots=True)
class Spliced:
    """What becomes of a shared file.

    Attributes:
        text: the new text; the old one when nothing changes.
        entries: what the lock is to say of our entries in it.
        bases: digest → text of the entries, to be remembered.
        refused: entries that could not go in, with the reason.
        kept: entries of the same name that a person wrote.
    """

    text: str
    entries: dict[str, Written] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    refused: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] = ()


def splice_entries(
    text: str,
    entries: Sequence[Entry],
    known: dict[str, Written],
    base: Callable[[str], str | None],
    *,
    path: str,
    style: YamlStyle | None = None,
) -> Spliced:
    """The file's text with every entry that is missing, and with what is new in those that we wrote.

    Args:
        text: the file as it stands, written by people or by us before.
        known: what the lock says of our entries in it.
        base: an entry as it was written last (JSON), by its digest.
    """
    content = parse_yaml(text, path, repeated_keys=True)
    missing: list[Entry] = []
    changes: list[tuple[Change, tuple[str, ...]]] = []  # with the entries each belongs to
    lock: dict[str, Written] = {}
    refused: list[tuple[str, str]] = []
    kept: list[str] = []
    bases: dict[str, str] = {}
    for entry in entries:
        written = json.dumps(plain(entry.value))
        new, old = Written(digest(written), entry.decided), known.get(entry.name)
        here = _find(content, entry)
        bases[new.text] = written
        if here is None and old is None:
            missing.append(entry)
            lock[entry.name] = new
        elif old is None:
            kept.append(entry.name)
        elif here is None or old.decided == entry.decided or old.text == new.text:
            lock[entry.name] = old
        else:
            before = base(old.text)
            found, left = _extension(entry, here, json.loads(before) if before else None)
            if left:
                refused.append((entry.name, left))
                lock[entry.name] = old
            else:
                changes += [(change, (entry.name,)) for change in found]
                lock[entry.name] = new
    changes = [*_additions(content, missing), *changes]
    edited = edit_yaml_where_possible(text, [change for change, _ in changes], path=path, style=style)
    for change, reason in edited.refused:
        for name in next(names for known_change, names in changes if known_change is change):
            refused.append((name, str(reason)))
            if name in known:
                lock[name] = known[name]
            else:
                lock.pop(name, None)
    return Spliced(edited.text, lock, bases, tuple(refused), tuple(kept))


def _items(value: Any, key: str) -> list[dict[str, Any]]:
    items = value.get(key) if isinstance(value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _named(items: Sequence[dict[str, Any]], name: Any) -> dict[str, Any] | None:
    return next((item for item in items if item.get("name") == name), None)


def _find(content: Any, entry: Entry) -> dict[str, Any] | None:
    if entry.head is None:
        return _named(_items(content, "models"), entry.value["name"])
    sources = [s for s in _items(content, "sources") if s.get("name") == entry.head["name"]]
    tables = [table for source in sources for table in _items(source, "tables")]
    return _named(tables, entry.value["name"])


def _additions(content: Any, missing: Sequence[Entry]) -> Iterator[tuple[Change, tuple[str, ...]]]:
    models = [(entry.value, (entry.name,)) for entry in missing if entry.head is None]
    yield from _added(content, (), "models", models)
    new_sources: dict[str, tuple[dict[str, Any], list[str]]] = {}
    old_sources: dict[str, list[tuple[Any, tuple[str, ...]]]] = {}
    for entry in missing:
        if entry.head is not None and _named(_items(content, "sources"), entry.head["name"]):
            old_sources.setdefault(entry.head["name"], []).append((entry.value, (entry.name,)))
        elif entry.head is not None:
            source, names = new_sources.setdefault(entry.head["name"], ({**entry.head, "tables": []}, []))
            source["tables"].append(entry.value)
            names.append(entry.name)
    sources = [(source, tuple(names)) for source, names in new_sources.values()]
    yield from _added(content, (), "sources", sources)
    for name, tables in old_sources.items():
        source = _named(_items(content, "sources"), name) or {}
        yield from _added(source, ("sources", {"name": name}), "tables", tables)


def _added(
    parent: Any, at: tuple[Any, ...], key: str, values: Sequence[tuple[Any, tuple[str, ...]]]
) -> Iterator[tuple[Change, tuple[str, ...]]]:
    """The values, each with the entries it belongs to, at the end of a list, or as the list."""
    if not values:
        return
    if isinstance(parent, dict) and isinstance(parent.get(key), list):
        yield from ((AddItem((*at, key), value), names) for value, names in values)
    else:
        yield SetKey(at, key, [value for value, _ in values]), tuple(n for _, names in values for n in names)


_FOLLOWS = ("name", "identifier", "description", "config", "data_type", "quote")


def _extension(entry: Entry, here: dict[str, Any], before: dict[str, Any] | None) -> tuple[list[Change], str]:
    """What to change in an entry that is there, or why that is not possible."""
    if before is None:
        return [], "what was written before is known neither to the store nor to git"
    at: tuple[Any, ...] = ("models", {"name": entry.value["name"]})
    if entry.head is not None:
        at = ("sources", {"name": entry.head["name"]}, "tables", {"name": entry.value["name"]})
    try:
        return list(_new_in(at, here, before, plain(entry.value))), ""
    except _LeftToPeople as reason:
        return [], str(reason)


class _LeftToPeople(Exception):
    """Why an entry is not changed by splicing."""


def _new_in(
    at: tuple[Any, ...], here: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> Iterator[Change]:
    gone = [key for key in before if key not in after and here.get(key) == before[key]]
    if gone:
        raise _LeftToPeople(f"{', '.join(gone)} of {after['name']} would go")
    for key, wanted in after.items():
        old, now = before.get(key), here.get(key)
        if wanted in (old, now):
            continue
        if key == "columns":
            yield from _columns(at, now, old, wanted)
        elif isinstance(wanted, list):
            yield from _new_items(at, key, now, old or [], wanted)
        elif now == old:  # a person did not touch it
            yield SetKey(at, key, wanted, after=_FOLLOWS)
        else:
            raise _LeftToPeople(f"{key} of {after['name']} was edited and would change")


def _columns(at: tuple[Any, ...], now: Any, old: Any, wanted: list[dict[str, Any]]) -> list[Change]:
    """What is new in the columns, or all of them where something goes and nobody touched them."""
    try:
        return list(_new_columns(at, now or [], old or [], wanted))
    except _LeftToPeople:
        if now != old:
            raise
        return [SetKey(at, "columns", wanted)]


def _new_columns(
    at: tuple[Any, ...], now: list[Any], old: list[Any], wanted: list[dict[str, Any]]
) -> Iterator[Change]:
    if not isinstance(now, list):
        raise _LeftToPeople("its columns are no list")
    names = [column["name"] for column in wanted]
    gone = [column["name"] for column in old if column["name"] not in names and _named(now, column["name"])]
    if gone:
        raise _LeftToPeople(f"the columns {', '.join(gone)} would go")
    fresh = [c for c in wanted if _named(old, c["name"]) is None and _named(now, c["name"]) is None]
    yield from (c for c, _ in _added({"columns": now or None}, at, "columns", [(f, ()) for f in fresh]))
    for column in wanted:
        before, here = _named(old, column["name"]), _named(now, column["name"])
        if before is not None and here is not None and before != column:
            yield from _new_in((*at, "columns", {"name": column["name"]}), here, before, column)


def _new_items(
    at: tuple[Any, ...], key: str, now: Any, old: list[Any], wanted: list[Any]
) -> Iterator[Change]:
    if now is not None and not isinstance(now, list):
        raise _LeftToPeople(f"{key} is no list")
    gone = [item for item in old if item not in wanted and item in (now or [])]
    if gone:
        names = ", ".join(next(iter(item)) if isinstance(item, dict) else str(item) for item in gone)
        owner = next((str(step["name"]) for step in reversed(at) if isinstance(step, dict)), "")
        raise _LeftToPeople(
            f"{names} under {key} of {owner} would go or change: nothing is removed from a file that is also"
            " yours, so take it out by hand"
        )
    fresh = [item for item in wanted if item not in old and item not in (now or [])]
    yield from (c for c, _ in _added({key: now or None}, at, key, [(item, ()) for item in fresh]))
