"""What changes of a YAML text look like in it: rendered in the style around, put in at exact positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from aidbt.core.errors import EditConflict
from aidbt.patching.yaml_changes import Place, ordered, shown
from aidbt.patching.yaml_source import (
    Alias,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    Source,
    is_null,
    is_text,
)
from aidbt.patching.yaml_write import Flow, Writer, YamlStyle


@dataclass(frozen=True, slots=True)
class Splice:
    """`text` instead of what stands from `start` to `end`; at one position the deepest comes first."""

    start: int
    end: int
    text: str
    depth: int


def spliced(text: str, splices: list[Splice], path: str) -> str:
    """The text with all splices.

    Raises:
        EditConflict: one replaces what another one edits.
    """
    parts, position = [], 0
    for splice in sorted(splices, key=lambda s: (s.start, -s.depth)):
        if splice.start < position:
            raise EditConflict(f"{path}: one change replaces what another one edits; nothing was changed")
        parts += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*parts, text[position:]])


class Splicer:
    """Renders the places of a batch as splices."""

    def __init__(self, source: Source, writer: Writer, path: str) -> None:
        self.source = source
        self.writer = writer
        self.path = path
        self.line_end = writer.style.line_end

    def splices(self, place: Place) -> list[Splice]:
        """What to splice in for one place.

        Raises:
            EditConflict: a comment would be lost, or the place is written in a way that is not edited.
        """
        node = place.node
        if isinstance(node, MappingNode) and node.pairs:
            return self._keys(place, node)
        if isinstance(node, SequenceNode) and node.items:
            return self._items(place, node)
        return self._filled(place)

    def _keys(self, place: Place, node: MappingNode) -> list[Splice]:
        known = _names(node)
        found: list[Splice] = []
        new: dict[int, list[str]] = {}
        pair = 0
        for key in ordered(known, {key: after for key, (_, after) in place.keys.items()}):
            if key not in known:
                new.setdefault(pair, []).append(key)
                continue
            pair = known.index(key)
            if key in place.keys:
                found += self._changed(place, node, pair, place.keys[key][0])
        for pair, keys in new.items():
            values = {key: place.keys[key][0] for key in keys}
            found += self._new_keys(place, node, pair, values)
        return found

    def _changed(self, place: Place, node: MappingNode, pair: int, value: Any) -> list[Splice]:
        key, old = node.pairs[pair]
        if isinstance(old, Alias) or id(old) in self.source.aliased:
            self._refuse(old, "what stands there is an alias, or repeated by one", "change it by hand")
        if self.source.has_comment(old):
            self._refuse(old, f"replacing '{_text_of(key)}' would remove a comment", "change it by hand")
        if node.flow or place.in_flow:
            return [self._inline(old, old.start, value, place)]
        slot = self.source.behind(key.end, ":")
        return self._behind_slot(slot, self.source.indent(node), old, value, place, _text_of(key))

    def _new_keys(self, place: Place, node: MappingNode, pair: int, values: dict[str, Any]) -> list[Splice]:
        end = self.source.content_end(node.pairs[pair][1])
        if node.flow or place.in_flow:
            depth, start = len(place.steps), self.source.content_start(node)
            pairs = (f", {self.writer.key(k, flow=True)}: {self.writer.inline(v)}" for k, v in values.items())
            if self.source.text[start] == "{":
                return [Splice(end, end, "".join(pairs), depth)]
            # A single pair in a list needs no braces: `[unique: {name: x}]`.
            return [Splice(start, start, "{", depth), Splice(end, end, "".join(pairs) + "}", depth)]
        column = self.source.indent(node)
        position = self.source.below(end, column)
        writer = self._writer_above(position, column, self.writer.style)
        gap = [""] * self._gap_of_keys(place, node)
        lines: list[str] = []
        for key, value in values.items():
            lines += gap + writer.pair(key, value, column, place.depth)
        return [self._lines(position, lines, place)]

    def _items(self, place: Place, node: SequenceNode) -> list[Splice]:
        style = _quoted_like(node, self.writer.style)
        if node.flow or place.in_flow:
            return self._flow_items(place, node, [Writer(style).inline(item) for item in place.items])
        column = self.source.indent(node)
        position = self.source.below(self.source.content_end(node.items[-1]), column)
        writer = self._writer_above(position, column, style)
        lines: list[str] = []
        for item in place.items:
            lines += [""] * self._gap_of_items(place, node, item)
            lines += writer.entry(item, column, place.depth + 1)
        return [self._lines(position, lines, place)]

    def _flow_items(self, place: Place, node: SequenceNode, items: list[str]) -> list[Splice]:
        """Behind the last entry; on lines of their own where that one has its own and the bracket follows."""
        source, last, depth = self.source, node.items[-1], len(place.steps)
        end = source.content_end(last)
        column = source.column(last.start)
        alone = not source.text[last.start - column : last.start].strip()
        if not alone or source.line(node.end) == source.line(end):
            return [Splice(end, end, "".join(f", {item}" for item in items), depth)]
        lines = [" " * column + item for item in items]
        comma = source.behind(end, ",")
        text = f",{self.line_end}".join(lines) + ("," if comma else "")
        line = source.end_of_line(end)
        first = [] if comma else [Splice(end, end, ",", depth)]
        return [*first, Splice(line, line, self.line_end + text, depth)]

    def _filled(self, place: Place) -> list[Splice]:
        """Keys or entries where nothing is yet: an empty list or mapping, a null, an empty file."""
        value: Any = list(place.items)
        if place.keys:
            order = ordered([], {key: after for key, (_, after) in place.keys.items()})
            value = {key: place.keys[key][0] for key in order}
        node, source = place.node, self.source
        if node is None or (not place.steps and is_null(node)):
            return [self._whole(value)]
        start = source.content_start(node)
        if source.has_comment(node):
            self._refuse(node, f"filling {shown(place.steps)} would remove a comment", "change it by hand")
        if not place.steps:
            text = self.line_end.join(self.writer.document(value))
            return [Splice(start, node.end, text, 0)]
        if place.in_flow:
            return [self._inline(node, start, value, place)]
        if isinstance(node, SequenceNode) and not any(isinstance(i, dict | list | Flow) for i in value):
            value = Flow(value)
        slot = place.slot
        if start > node.start:  # behind the anchor or tag
            slot = start
        last = place.steps[-1]
        key = last if isinstance(last, str) else None
        return self._behind_slot(slot, place.column, node, value, place, key)

    def _whole(self, value: Any) -> Splice:
        text, end = self.source.text, len(self.source.text)
        before = self.line_end if text and self.source.column(end) else ""
        after = self.line_end if self.writer.style.final_newline else ""
        return Splice(end, end, before + self.line_end.join(self.writer.document(value)) + after, 0)

    def _inline(self, old: Node, start: int, value: Any, place: Place) -> Splice:
        end = max(start, self.source.content_end(old))
        space = " " if start == end and self.source.text[start - 1 : start] in (":", ",") else ""
        return Splice(start, end, space + self.writer.inline(value), len(place.steps) + 1)

    def _behind_slot(
        self, slot: int | None, column: int, old: Node, value: Any, place: Place, key: str | None
    ) -> list[Splice]:
        """A value behind its key (or dash: no `key`) instead of the old one; a comment there stays."""
        if slot is None:
            where = shown(place.steps)
            self._refuse(old, f"the place of {where} is written in an unusual way", "edit it by hand")
        source, depth = self.source, len(place.steps) + 1
        line, end = source.end_of_line(slot), max(slot, source.content_end(old))
        writer = self._writer_above(end, column, self.writer.style)
        if key is None:
            first, *rest = writer.entry(value, column, place.depth)
            first = first[column + 1 :]
        else:
            first, rest = writer.after_key(value, column, place.depth, key)
            first = first and f" {first}"
        start, head_end = slot, slot
        if old.start <= line and end > slot:
            head_end = min(end, line)
            if first and key is not None:  # the space behind the key stays as wide as it was
                start, first = max(slot, old.start), first[1:] if old.start > slot else first
        below = "".join(self.line_end + text for text in rest)
        return [Splice(start, head_end, first, depth), Splice(line, max(line, end), below, depth)]

    def _writer_above(self, end: int, column: int, style: YamlStyle) -> Writer:
        """The writer of what goes below the line of `end`. No block scalars where one would swallow a comment
        that follows and stands further right, or would miss its last line end.
        """
        comment = self.source.next_comment_column(end)
        at_end = self.source.end_of_line(end) == len(self.source.text)
        return Writer(style, blocks=not at_end and (comment is None or comment <= column))

    def _lines(self, position: int, lines: list[str], place: Place) -> Splice:
        text = "".join(self.line_end + line for line in lines)
        return Splice(position, position, text, len(place.steps))

    def _gap_of_keys(self, place: Place, node: MappingNode) -> int:
        """The blank lines between the keys around; one pair with a gap is no habit, but at the top it is."""
        nodes = [value for _, value in node.pairs]
        if len(nodes) < (3 if place.steps else 2):
            return 0 if place.steps else self.writer.style.blank_lines_at(0)
        return self._usual_gap(nodes)

    def _gap_of_items(self, place: Place, node: SequenceNode, item: Any) -> int:
        if len(node.items) > 1:
            return self._usual_gap(node.items)
        is_block = isinstance(item, dict | list)
        return self.writer.style.blank_lines_at(place.depth + 1) if is_block else 0

    def _usual_gap(self, nodes: Sequence[Node]) -> int:
        ends = (self.source.content_end(node) for node in nodes[:-1])
        gaps = Counter(self.source.blank_lines_after(end) for end in ends)
        return min(gaps, key=lambda gap: (-gaps[gap], gap))

    def _refuse(self, node: Node, message: str, hint: str) -> NoReturn:
        line = self.source.line(node.start)
        raise EditConflict(f"{self.path}:{line}: {message}; nothing was changed", hint=hint)


def _quoted_like(node: SequenceNode, style: YamlStyle) -> YamlStyle:
    """The style with the quotes that every text of this list has."""
    texts = [item for item in node.items if isinstance(item, Scalar) and is_text(item)]
    quotes = {item.style for item in texts}
    if quotes == {"'"}:
        return replace(style, quote="single", quote_word="single", quote_text="single")
    if quotes == {'"'}:
        return replace(style, quote="double", quote_word="double", quote_text="double")
    return replace(style, quote_word="plain", quote_text="plain") if quotes == {""} else style


def _names(node: MappingNode) -> list[str]:
    """A name for each pair: its key, but for keys that are no text, or stand again further down."""
    names = [_text_of(key) for key, _ in node.pairs]
    return [name if name not in names[n + 1 :] else f"\0{n}" for n, name in enumerate(names)]


def _text_of(node: Node) -> str:
    return node.value if isinstance(node, Scalar) else ""
