"""Changes of a YAML file as values, and the places of the file that they are to be made at."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from aidbt.core.errors import EditConflict, nearest
from aidbt.patching.yaml_source import (
    MERGE_KEY,
    Alias,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    Source,
    is_null,
    is_text,
)
from aidbt.patching.yaml_write import Flow, plain

Step = str | int | Mapping[str, str]
"""A key, the number of an entry (from 0), or what the entry of a list says: {"name": "stg_orders"}."""


@dataclass(frozen=True, slots=True)
class SetKey:
    """Give a key of a mapping a value, whether it has one already or not.

    Attributes:
        at: the steps from the top of the file to the mapping; `key:` with nothing behind it counts as one.
        value: dict, list, str, int, float, bool, None, or `Flow` around a list or dict.
        after: a new key follows the last of these that is there, and else comes last.
    """

    at: tuple[Step, ...]
    key: str
    value: Any
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddItem:
    """Append to a list that is there, empty or not; `at` leads to the list. `SetKey` makes a new one."""

    at: tuple[Step, ...]
    value: Any


Change = SetKey | AddItem


@dataclass(slots=True)
class Place:
    """A node to edit, where it stands, and what is to become of it.

    Attributes:
        steps: keys and numbers that lead to its value.
        slot: the position behind the `:` or `-` that it belongs to; None at the top and in flow style.
        column: that of the key or dash it belongs to.
        depth: how many lists stand around it.
        in_flow: whether it stands in a flow list or mapping.
        keys: new values of its keys, and what they follow.
        items: what is appended to it.
    """

    node: Node | None
    steps: tuple[str | int, ...] = ()
    slot: int | None = None
    column: int = 0
    depth: int = 0
    in_flow: bool = False
    keys: dict[str, tuple[Any, tuple[str, ...]]] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)

    def applied_to(self, value: Any) -> Any:
        """The value of the whole file after this change, changed in place where it is no null."""
        top = [value]
        holder: Any = top
        *way, last = (0, *self.steps)
        for step in way:
            holder = holder[step]
        if holder[last] is None:
            holder[last] = {} if self.keys else []
        if self.keys:
            holder[last].update({key: plain(new) for key, (new, _) in self.keys.items()})
        else:
            holder[last].extend(plain(self.items))
        return top[0]


class Places:
    """Gathers the changes of a batch by the node they touch.

    Attributes:
        places: what is to be done, by the `id` of the node; a change that was refused leaves no trace.
    """

    def __init__(self, source: Source, before: Any, path: str) -> None:
        self.source = source
        self.before = before
        self.path = path
        self.places: dict[int, Place] = {}
        self._top = Place(source.root)
        self._pairs: dict[int, dict[str, list[int]]] = {}
        self._entries: dict[tuple[int, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}

    def add(self, change: Change) -> None:
        """Note a change.

        Raises:
            EditConflict: it cannot be made there.
        """
        target = self._find(change.at)
        value = copy.deepcopy(change.value)
        if not isinstance(target, Place):
            self._change_new(target, change, value)
            return
        if isinstance(change, SetKey):
            self._require(target, MappingNode, change.at)
            self._refuse_merged(target, change.key)
            if target.items:
                self._refuse(target.node, f"{shown(change.at)} cannot be both a list and a mapping")
            target.keys[change.key] = (value, change.after)
            if self._says_already(target, change.key):
                del target.keys[change.key]
        else:
            self._require(target, SequenceNode, change.at)
            if target.keys:
                self._refuse(target.node, f"{shown(change.at)} cannot be both a list and a mapping")
            target.items.append(value)
        if target.keys or target.items:
            self.places[id(target.node)] = target
        else:
            self.places.pop(id(target.node), None)

    def _says_already(self, place: Place, key: str) -> bool:
        """Whether the file gives the key this value as it is, and no change before touched it."""
        value = self.before
        for step in place.steps:
            value = value[step]
        if not isinstance(value, dict) or key not in value:
            return False
        steps = (*place.steps, key)
        return same_value(value[key], plain(place.keys[key][0])) and not any(
            other.steps[: len(steps)] == steps for other in self.places.values()
        )

    def _change_new(self, target: Any, change: Change, value: Any) -> None:
        """Change what an earlier change of the same batch brings."""
        wanted = dict if isinstance(change, SetKey) else list
        if not isinstance(target, wanted):
            self._refuse(None, f"{shown(change.at)} is no {_KIND[wanted]}")
        if isinstance(change, AddItem):
            target.append(value)
            return
        order = ordered(list(target), {change.key: change.after})
        values = {**target, change.key: value}
        target.clear()
        target.update({key: values[key] for key in order})

    def _find(self, at: tuple[Step, ...]) -> Any:
        """The place that the steps lead to, or the new value that an earlier change puts there."""
        here: Any = self._top
        for number, step in enumerate(at):
            way = at[: number + 1]
            if isinstance(here, Place):
                self._refuse_repeated(here, at[:number])
                here = self._step(self.places.get(id(here.node), here), step, way)
            else:
                here = self._step_in_new(here, step, way)
            if isinstance(here, Flow):
                here = here.value
        if isinstance(here, Place):
            self._refuse_repeated(here, at)
            return self.places.get(id(here.node), here)
        return here

    def _step(self, place: Place, step: Step, way: tuple[Step, ...]) -> Any:
        if isinstance(step, str):
            return self._key(place, step, way)
        node = place.node
        items = node.items if isinstance(node, SequenceNode) else []
        if isinstance(step, int):
            if 0 <= step < len(items):
                return self._item(place, step)
            if len(items) <= step < len(items) + len(place.items):
                return place.items[step - len(items)]
            self._refuse(node, f"{shown(way)} does not exist: the list has {len(items)} entries")
        found: list[Any] = [self._item(place, n) for n in self._entries_like(node, step)]
        found += [item for item in place.items if _is_like(item, step)]
        if len(found) == 1:
            return found[0]
        if found:
            lines = [str(self.source.line(f.node.start)) for f in found if isinstance(f, Place) and f.node]
            self._refuse(
                node,
                f"{len(found)} entries are {shown(way)} (lines {', '.join(lines)})",
                "keep one of them; dbt takes only one",
            )
        return self._refuse_missing(node, way, map(" ".join, self._known_entries(node, step)))

    def _key(self, place: Place, key: str, way: tuple[Step, ...]) -> Any:
        if key in place.keys:
            return place.keys[key][0]
        node = place.node
        known = self._keys_of(node)
        numbers = known.get(key, [])
        if not numbers:
            self._refuse_merged(place, key)
            self._refuse_missing(node, way, known)
        self._refuse_twice(node, key)
        assert isinstance(node, MappingNode)
        key_node, value = node.pairs[numbers[0]]
        slot = None if node.flow else self.source.behind(key_node.end, ":")
        column = 0 if node.flow else self.source.indent(node)
        return Place(value, (*place.steps, key), slot, column, place.depth, place.in_flow or node.flow)

    def _item(self, place: Place, number: int) -> Place:
        node = place.node
        assert isinstance(node, SequenceNode)
        item = node.items[number]
        start = item.start - self.source.column(item.start)
        before = self.source.text[start : item.start].rstrip(" \t")
        slot = start + len(before) if before.endswith("-") and not node.flow else None
        column = 0 if node.flow else self.source.indent(node)
        return Place(item, (*place.steps, number), slot, column, place.depth + 1, place.in_flow or node.flow)

    def _keys_of(self, node: Node | None) -> dict[str, list[int]]:
        """The numbers of the pairs with each text key of a mapping."""
        if not isinstance(node, MappingNode):
            return {}
        if id(node) not in self._pairs:
            pairs = self._pairs[id(node)] = {}
            for number, (key, _) in enumerate(node.pairs):
                if isinstance(key, Scalar) and is_text(key):
                    pairs.setdefault(key.value, []).append(number)
        return self._pairs[id(node)]

    def _known_entries(self, node: Node | None, like: Mapping[str, str]) -> dict[tuple[str, ...], list[int]]:
        """The numbers of a list's entries by what they say under the keys of `like`."""
        if not isinstance(node, SequenceNode):
            return {}
        keys = tuple(like)
        if (id(node), keys) not in self._entries:
            entries = self._entries[id(node), keys] = {}
            for number, item in enumerate(node.items):
                values = [self._value_of(item, key) for key in keys]
                said = tuple(value.value for value in values if isinstance(value, Scalar))
                if len(said) == len(keys):
                    entries.setdefault(said, []).append(number)
        return self._entries[id(node), keys]

    def _entries_like(self, node: Node | None, like: Mapping[str, str]) -> list[int]:
        return self._known_entries(node, like).get(tuple(like.values()), [])

    def _value_of(self, node: Node, key: str) -> Node | None:
        """What a mapping says under a key, by itself or by what is merged into it (`<<`)."""
        for mapping in _with_merged(node):
            if numbers := self._keys_of(mapping).get(key):
                return _target(mapping.pairs[numbers[-1]][1])
        return None

    # --- refusals ---

    def _require(self, place: Place, wanted: type, at: tuple[Step, ...]) -> None:
        node = place.node
        if node is not None and not is_null(node) and not isinstance(node, wanted):
            self._refuse(node, f"{shown(at)} is no {_KIND[wanted]}", "look at the indentation there")

    def _refuse_twice(self, node: Node | None, key: str) -> None:
        numbers = self._keys_of(node).get(key, [])
        if len(numbers) > 1:
            assert isinstance(node, MappingNode)
            lines = " and ".join(str(self.source.line(node.pairs[n][0].start)) for n in numbers)
            self._refuse(
                node.pairs[numbers[-1]][0],
                f"the key '{key}' stands twice, in lines {lines}",
                "join the two, or remove the first one: dbt reads only the last",
            )

    def _refuse_repeated(self, place: Place, at: tuple[Step, ...]) -> None:
        """Refuse what is written in one place and read in several."""
        node = place.node
        if isinstance(node, Alias):
            line = self.source.line(node.target.start)
            self._refuse(
                node,
                f"{shown(at)} is *{node.name}, a repetition of what line {line} says",
                f"write it out in line {self.source.line(node.start)}, or make the change in line {line}",
            )
        alias = self.source.aliased.get(id(node))
        if alias is not None:
            self._refuse(
                node,
                f"{shown(at)} is repeated as *{alias.name} in line {self.source.line(alias.start)}",
                "a change here would change it there as well: make it by hand",
            )

    def _refuse_merged(self, place: Place, key: str) -> None:
        """Refuse a key that is given twice, or only by a merge."""
        self._refuse_twice(place.node, key)
        if place.node is None or key in self._keys_of(place.node):
            return
        if self._value_of(place.node, key) is not None:
            self._refuse(
                place.node,
                f"'{key}' comes from a merge (<<) into {shown(place.steps)}",
                f"write '{key}' out there, or make the change where it comes from",
            )

    def _refuse_missing(self, node: Node | None, way: tuple[Step, ...], known: Iterable[str]) -> NoReturn:
        wanted = way[-1]
        close = nearest(" ".join(wanted.values()) if isinstance(wanted, Mapping) else str(wanted), known)
        self._refuse(
            node,
            f"{shown(way)} does not exist",
            f"did you mean '{close}'?" if close else "add it first, or look at the indentation there",
        )

    def _step_in_new(self, value: Any, step: Step, way: tuple[Step, ...]) -> Any:
        if isinstance(step, str) and isinstance(value, dict) and step in value:
            return value[step]
        if isinstance(value, list):
            if isinstance(step, int) and 0 <= step < len(value):
                return value[step]
            found = [item for item in value if isinstance(step, Mapping) and _is_like(item, step)]
            if len(found) == 1:
                return found[0]
        return self._refuse_missing(None, way, [])

    def _refuse(self, node: Node | None, message: str, hint: str | None = None) -> NoReturn:
        line = f":{self.source.line(node.start)}" if node is not None else ""
        raise EditConflict(f"{self.path}{line}: {message}; nothing was changed", hint=hint)


_KIND: dict[type, str] = {MappingNode: "mapping", dict: "mapping", SequenceNode: "list", list: "list"}


def shown(at: Sequence[Step]) -> str:
    """The steps as a person writes them: models.stg_orders.columns."""
    words = [".".join(step.values()) if isinstance(step, Mapping) else str(step) for step in at]
    return f"'{'.'.join(words)}'" if words else "the file"


def _is_like(item: Any, like: Mapping[str, str]) -> bool:
    item = item.value if isinstance(item, Flow) else item
    return isinstance(item, dict) and all(item.get(key) == value for key, value in like.items())


def _target(node: Node) -> Node:
    while isinstance(node, Alias):
        node = node.target
    return node


def _with_merged(node: Node) -> list[MappingNode]:
    """A mapping and those that `<<` merges into it, the first that has a key giving its value."""
    found: list[MappingNode] = []
    waiting = [node]
    while waiting:
        here = _target(waiting.pop())
        if isinstance(here, SequenceNode) and found:
            waiting += reversed(here.items)
        elif isinstance(here, MappingNode) and here not in found:
            found.append(here)
            merged = [
                value for key, value in here.pairs if isinstance(key, Scalar) and key.value == MERGE_KEY
            ]
            waiting += reversed(merged)
    return found


def ordered(known: list[str], new: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The keys with new ones put in: each behind the last of the keys that it follows, else at the end."""
    order = list(known)
    for key, after in new.items():
        if key not in order:
            places = [order.index(other) for other in after if other in order]
            order.insert(max(places) + 1 if places else len(order), key)
    return order


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are equal, of equal types, and NaN to itself; shared parts are compared once."""
    waiting, seen = [(one, other)], set()
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict | list):
            if len(a) != len(b):
                return False
            if (id(a), id(b)) in seen:
                continue
            seen.add((id(a), id(b)))
            if isinstance(a, list):
                waiting += zip(a, b, strict=True)
            elif a.keys() != b.keys():
                return False
            else:
                waiting += [(value, b[key]) for key, value in a.items()]
        elif a != b and (a == a or b == b):
            return False
    return True
