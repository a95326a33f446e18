"""A YAML text with the place of everything in it: a tree of what is written, and where its content ends.

PyYAML's own tree puts the repeated node where an alias stands, with the place of its anchor, and lets the
end of a block run over the comments and blank lines that follow. Here an alias has a place of its own, and
`content_end` stops at the last character of content.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import yaml

BOM = "\ufeff"
MERGE_KEY = "<<"

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML 1.1 takes as the end of a line
# An anchor or a tag, with the space and the comments behind it.
_PROPERTY = re.compile(r"[&!][^\s,\]}]*(?:\s|(?<=\s)#[^\n]*)*")
_KEEPS_BREAKS = re.compile(r"[|>]\d?\+")


@dataclass(slots=True, eq=False)
class Scalar:
    """A single value as it is written; `value` is its text without quotes."""

    start: int
    end: int
    value: str
    style: str  # "" plain, "'", '"', "|", ">"
    tag: str | None


@dataclass(slots=True, eq=False)
class MappingNode:
    start: int
    end: int
    flow: bool
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class SequenceNode:
    start: int
    end: int
    flow: bool
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Alias:
    """`*name`: where it stands, and the node it repeats."""

    start: int
    end: int
    name: str
    target: Node


Node = Scalar | MappingNode | SequenceNode | Alias


def is_null(node: Node) -> bool:
    """Whether nothing is written there, or `null` or `~`."""
    return isinstance(node, Scalar) and _tag(node) == "tag:yaml.org,2002:null"


def is_text(node: Node) -> bool:
    """Whether it is a scalar that YAML 1.1 reads as text."""
    return isinstance(node, Scalar) and _tag(node) == "tag:yaml.org,2002:str"


def reads_as_text(text: str) -> bool:
    """Whether YAML 1.1 reads this as text when it stands without quotes: not `yes`, `1_000` or `12:30`."""
    return _resolved(text) == "tag:yaml.org,2002:str"


def _tag(node: Scalar) -> str:
    if node.tag is not None:
        return node.tag
    return "tag:yaml.org,2002:str" if node.style else _resolved(node.value)


@cache
def _resolver() -> Any:
    return yaml.resolver.Resolver()


def _resolved(plain: str) -> str:
    tag: str = _resolver().resolve(yaml.ScalarNode, plain, (True, False))
    return tag


class Source:
    """A YAML text of one document and its tree.

    Attributes:
        text: the text without a byte order mark; every position counts its characters.
        root: the tree, or None when there is nothing but comments.
        aliased: the first alias of each node that is repeated, by the `id` of that node.

    Raises:
        yaml.YAMLError: the text is no YAML, or holds two documents.
    """

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix(BOM)
        self.aliased: dict[int, Alias] = {}
        self.root = self._tree()

    def _tree(self) -> Node | None:
        """The tree, built from the parser's events without recursion."""
        # libyaml's parser, when it is there, counts characters like PyYAML's and is five times as fast.
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        anchors: dict[str, Node] = {}
        top: list[Node] = []
        open_nodes: list[tuple[MappingNode | SequenceNode, list[Node]]] = []
        documents = 0
        events: Any = yaml.parse(self.text, Loader=loader)
        for event in events:
            mark, event_end = event.start_mark, event.end_mark.index
            children = open_nodes[-1][1] if open_nodes else top
            if isinstance(event, yaml.NodeEvent):
                node = self._node(event, anchors)
                children.append(node)
                if isinstance(node, MappingNode | SequenceNode):
                    open_nodes.append((node, []))
            elif isinstance(event, yaml.CollectionEndEvent):
                _close(*open_nodes.pop(), event_end)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise yaml.composer.ComposerError(
                        problem="a second document starts here", problem_mark=mark
                    )
        return top[0] if top else None

    def _node(self, event: Any, anchors: dict[str, Node]) -> Node:
        mark: Any = event.start_mark
        start, end = mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise yaml.composer.ComposerError(
                    problem=f"no anchor is called {event.anchor}", problem_mark=mark
                )
            target = anchors[event.anchor]
            alias = Alias(start, end, event.anchor, target)
            self.aliased.setdefault(id(target), alias)
            return alias
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            tag = None if any(event.implicit) else event.tag
            node = Scalar(start, end, event.value, event.style or "", tag)
        elif isinstance(event, yaml.MappingStartEvent):
            node = MappingNode(start, end, bool(event.flow_style))
        else:
            node = SequenceNode(start, end, bool(event.flow_style))
        if event.anchor is not None:
            anchors[event.anchor] = node
        return node

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def line(self, position: int) -> int:
        """The number of a position's line, from 1."""
        return bisect_right(self._line_starts, position)

    def column(self, position: int) -> int:
        """How many characters stand before a position in its line."""
        return position - self._line_starts[self.line(position) - 1]

    def end_of_line(self, position: int) -> int:
        """Where the line of a position ends, before its line break."""
        found = _BREAK.search(self.text, position)
        return found.start() if found else len(self.text)

    def content_start(self, node: Node) -> int:
        """Where a node starts behind its anchor and tag."""
        position = node.start
        end = node.end if isinstance(node, Scalar) else len(self.text)
        while found := _PROPERTY.match(self.text, position, end):
            position = found.end()
        return position

    def indent(self, node: MappingNode | SequenceNode) -> int:
        """The column of a block's keys or dashes."""
        if isinstance(node, MappingNode):
            return self.column(node.pairs[0][0].start)
        return self.column(self.content_start(node))

    def content_end(self, node: Node) -> int:
        """Where the last character of a node's content ends; comments and blank lines behind it are not its.

        It is never at the start of a line: of a block scalar that keeps its line breaks the last one is left
        to the text that follows.
        """
        while True:
            if isinstance(node, Scalar | Alias):
                return self._scalar_end(node)
            if node.flow and self.text[self.content_start(node)] in "{[":
                return node.end
            if isinstance(node, SequenceNode):
                node = node.items[-1]
            else:  # also `[key: value]`, a mapping without braces, whose end is that of the next token
                node = node.pairs[-1][1]

    def _scalar_end(self, node: Scalar | Alias) -> int:
        if isinstance(node, Alias) or node.style not in ("|", ">"):
            return node.end
        start = self.content_start(node)
        last_line = node.value.rstrip("\n").rpartition("\n")[2]
        if _KEEPS_BREAKS.match(self.text, start) or (last_line and not last_line.strip()):
            return self._before_break(node.end)
        return self.end_of_line(start + len(self.text[start : node.end].rstrip()))

    def _before_break(self, position: int) -> int:
        """The position, or where the line before ends when it is the start of a line."""
        if position and self.column(position) == 0:
            line = self._line_starts[self.line(position) - 2]
            return self.end_of_line(line)
        return position

    def blank_lines_after(self, position: int) -> int:
        """How many blank lines follow the line of a position."""
        count = 0
        line = self.line(position)
        while line + count < len(self._line_starts):
            start = self._line_starts[line + count]
            end = self.end_of_line(start)
            if self.text[start:end].strip() or end == len(self.text):
                break
            count += 1
        return count

    def below(self, position: int, column: int) -> int:
        """Where lines of that column go below the line of a position: before the line break that ends it, or
        that ends the comments right under it which stand further right and so belong to what is above.
        """
        end = self.end_of_line(position)
        while (comment := self.next_comment_column(end)) is not None and comment > column:
            if self.blank_lines_after(end):
                break
            end = self.end_of_line(self._line_starts[self.line(end)])
        return end

    def next_comment_column(self, position: int) -> int | None:
        """The column of the comment that is alone on the next line that is not blank, or None."""
        for number in range(self.line(position), len(self._line_starts)):
            start = self._line_starts[number]
            line = self.text[start : self.end_of_line(start)]
            if bare := line.lstrip():
                return len(line) - len(bare) if bare.startswith("#") else None
        return None

    def behind(self, position: int, sign: str) -> int | None:
        """The position behind a sign that follows a position on its line, or None."""
        rest = self.text[position : self.end_of_line(position)]
        blank = len(rest) - len(rest.lstrip(" \t"))
        return position + blank + 1 if rest[blank : blank + 1] == sign else None

    def has_comment(self, node: Node) -> bool:
        """Whether a comment stands inside a node, the rest of the line where it ends not counted."""
        position, end = node.start, self.content_end(node)
        for scalar in _scalars(node):
            if "#" in self.text[position : scalar.start]:
                return True
            position = scalar.end
            if isinstance(scalar, Scalar) and scalar.style in ("|", ">"):
                header = self.content_start(scalar)
                if "#" in self.text[header : self.end_of_line(header)]:
                    return True
        return "#" in self.text[position:end]


def _close(node: MappingNode | SequenceNode, children: list[Node], end: int) -> None:
    node.end = end
    if isinstance(node, SequenceNode):
        node.items = children
    else:
        node.pairs = list(zip(children[::2], children[1::2], strict=True))


def _scalars(node: Node) -> list[Scalar | Alias]:
    """Every scalar and alias inside a node, in the order of the text."""
    found: list[Scalar | Alias] = []
    waiting: list[Node] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, MappingNode):
            waiting += [part for pair in reversed(here.pairs) for part in reversed(pair)]
        elif isinstance(here, SequenceNode):
            waiting += reversed(here.items)
        else:
            found.append(here)
    return found
