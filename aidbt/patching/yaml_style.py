"""The style that YAML files are written in, learned from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import yaml

from aidbt.patching.yaml_source import MappingNode, Node, Scalar, SequenceNode, Source, is_text
from aidbt.patching.yaml_write import DBT_LABS, LONG_TEXT, Flow, YamlStyle, dump_yaml, needs_no_quotes, plain

__all__ = ["Flow", "YamlStyle", "dump_yaml", "infer_style", "plain", "style_of"]


def infer_style(texts: Iterable[str], *, default: YamlStyle = DBT_LABS) -> YamlStyle:
    """How most of these files are written; what they do not show, or show in equal parts, is as in `default`.

    A text that is no YAML of one document is passed over.
    """
    votes = _Votes()
    for text in texts:
        try:
            votes.add(Source(text))
        except yaml.YAMLError:
            continue
    return votes.style(default)


def style_of(source: Source, *, default: YamlStyle = DBT_LABS) -> YamlStyle:
    """How one file is written; what it does not show is as in `default`."""
    votes = _Votes()
    votes.add(source)
    return votes.style(default)


class _Votes:
    """How often each way of writing was seen: attribute of `YamlStyle` → value → times."""

    def __init__(self) -> None:
        self.seen: dict[str, Counter[Any]] = {}
        self.gaps: dict[int, Counter[int]] = {}
        self.flow_below: dict[str, Counter[bool]] = {}
        self.longest_flow = 0

    def add(self, source: Source) -> None:
        text = source.text
        windows = text.count("\r\n")
        self._vote("line_end", "\r\n", windows)
        self._vote("line_end", "\n", text.count("\n") - windows)
        if text:
            self._vote("final_newline", text.endswith(("\n", "\r")))
        waiting: list[tuple[Node, int, bool]] = [(source.root, 0, False)] if source.root else []
        while waiting:
            node, depth, in_flow = waiting.pop()
            if isinstance(node, MappingNode):
                self._mapping(source, node)
                waiting += [(value, depth, in_flow or node.flow) for _, value in node.pairs]
            elif isinstance(node, SequenceNode):
                self._sequence(source, node, depth + 1)
                waiting += [(item, depth + 1, in_flow or node.flow) for item in node.items]
            elif isinstance(node, Scalar):
                self._scalar(node, in_flow)

    def _vote(self, what: str, value: Any, times: int = 1) -> None:
        if times:
            self.seen.setdefault(what, Counter())[value] += times

    def _mapping(self, source: Source, node: MappingNode) -> None:
        if node.flow or not node.pairs:
            return
        column = source.indent(node)
        for key, value in node.pairs:
            if isinstance(value, SequenceNode) and isinstance(key, Scalar) and _is_plain_list(value):
                self.flow_below.setdefault(key.value, Counter())[value.flow] += 1
            if isinstance(value, MappingNode) and value.pairs and not value.flow:
                self._vote("indent", source.indent(value) - column)
            elif isinstance(value, SequenceNode) and value.items and not value.flow:
                self._vote("list_indent", source.indent(value) - column)
        if node is source.root:
            self._gaps(source, 0, [value for _, value in node.pairs])

    def _sequence(self, source: Source, node: SequenceNode, depth: int) -> None:
        if node.flow and node.end <= source.end_of_line(node.start):
            self.longest_flow = max(self.longest_flow, node.end - node.start)
        if not node.flow:
            if all(isinstance(item, MappingNode) and _names_something(item) for item in node.items):
                self._gaps(source, depth, node.items)
            dash = source.indent(node)
            for item in node.items:
                if item.start < item.end:
                    self._vote("entry_indent", source.column(item.start) - dash)

    def _gaps(self, source: Source, depth: int, nodes: Sequence[Node]) -> None:
        for node in nodes[:-1]:
            self.gaps.setdefault(depth, Counter())[source.blank_lines_after(source.content_end(node))] += 1

    def _scalar(self, node: Scalar, in_flow: bool) -> None:
        if not is_text(node) or not node.value:
            return
        if len(node.value) > LONG_TEXT and "\n" not in node.value.rstrip("\n"):
            self._vote("long_text", node.style if node.style in ("|", ">") else "plain")
        if node.style in ("|", ">"):
            return
        kind = "quote_text" if " " in node.value else "quote_word"
        quote = {"'": "single", '"': "double"}.get(node.style)
        if quote is None:
            self._vote(kind, "plain")
            return
        self._vote("quote", quote)
        if needs_no_quotes(node.value, flow=in_flow):
            self._vote(kind, quote)

    def style(self, default: YamlStyle) -> YamlStyle:
        found: dict[str, Any] = {
            what: _most(votes, getattr(default, what)) for what, votes in self.seen.items()
        }
        depths = range(max([len(default.blank_lines) - 1, *self.gaps]) + 1)
        blank = [_most(self.gaps.get(d, Counter()), default.blank_lines_at(d)) for d in depths]
        while blank and not blank[-1]:
            blank.pop()
        if self.flow_below:
            all_lists = sum(self.flow_below.values(), Counter[bool]())
            usual = found["flow_lists"] = _most(all_lists, default.flow_lists)
            ways = {key: _most(votes, usual) for key, votes in self.flow_below.items()}
            found["flow_exceptions"] = frozenset(key for key, flow in ways.items() if flow != usual)
        found["blank_lines"] = tuple(blank)
        found["flow_width"] = max(default.flow_width, self.longest_flow)
        return replace(default, **found)


def _names_something(node: MappingNode) -> bool:
    """Whether it is an entry as dbt has them, with a `name`: anchors and arguments are spaced as it comes."""
    return any(isinstance(key, Scalar) and key.value == "name" for key, _ in node.pairs)


def _is_plain_list(node: SequenceNode) -> bool:
    return bool(node.items) and all(isinstance(item, Scalar) for item in node.items)


def _most(votes: Counter[Any], default: Any) -> Any:
    """The value seen most often; of two seen equally often the default, else the smaller."""
    if not votes:
        return default
    most = max(votes.values())
    tied = [value for value, times in votes.items() if times == most]
    return default if default in tied else min(tied)
