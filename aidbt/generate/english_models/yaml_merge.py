"""The YAML of a model that a person edited, with what is new in it.

What a person wrote stays: their words in place of ours, their tests, their comments. A unit test is taken as
a whole, because rows of ours beside rows of theirs would be a test of nothing: one that nobody changed is
written anew, one that a person changed stands in the way of another one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from aidbt.patching import merge_texts

# Stands for all unit tests while the rest is merged; no line of ours is like it.
_UNIT_TESTS = "unit_tests: # all of them\n"
_COMMENT = "#"


@dataclass(frozen=True, slots=True)
class MergedYaml:
    """What a merge gave.

    Attributes:
        text: None where a person has to decide.
        tests: the names of the unit tests that a person changed and that are to be others now.
    """

    text: str | None
    tests: tuple[str, ...] = ()


def merge_yaml(base: str, yours: str, ours: str) -> MergedYaml:
    """The person's text with what is new.

    Args:
        base: as it was written last; `ours` as it is to be written now, both by `model_yaml`.
        yours: as a person left it.
    """
    try:
        was, there, wanted = _Blocks(base), _Blocks(yours), _Blocks(ours)
    except yaml.YAMLError:
        return MergedYaml(None)
    names = dict.fromkeys([*there.tests, *wanted.tests])
    contested = tuple(name for name in names if _is_contested(name, was, there, wanted))
    if contested:
        return MergedYaml(None, contested)
    keeps = there.section is not None
    rest = merge_texts(
        was.without_tests(keeps=keeps, words=_new_words(was, there, wanted)),
        there.without_tests(keeps=keeps),
        wanted.without_tests(keeps=keeps),
    )
    if rest.text is None:
        return MergedYaml(None)
    text = rest.text
    if keeps:
        text = text.replace(_UNIT_TESTS, _unit_tests(was, there, wanted))
    elif was.section is None and wanted.section is not None:
        text += wanted.text(wanted.section)
    text = text.replace("\n", "\r\n") if "\r\n" in yours else text
    return MergedYaml(text if _holds_all(text, was, there, wanted) else None)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of a text, and what they say: the same for the same YAML, however it is written."""

    first: int
    end: int
    value: Any


_Changes = list[tuple[_Block, str]]


class _Blocks:
    """Where descriptions and unit tests stand in a property file.

    Attributes:
        words: descriptions by where they stand: (model,) or (model, column).
        tests: unit tests by name, in their order.
        section: the lines of `unit_tests:`; None without any.

    Raises:
        yaml.YAMLError: the text is no YAML.
    """

    def __init__(self, text: str) -> None:
        plain = text.replace("\r\n", "\n")
        plain = plain if plain.endswith("\n") else f"{plain}\n"
        self.lines = plain.splitlines(keepends=True)
        self.words: dict[tuple[str, ...], _Block] = {}
        self.tests: dict[str, _Block] = {}
        self.section: _Block | None = None
        for key, value in _pairs(yaml.compose(plain, Loader=yaml.SafeLoader)):
            if key.value == "models":
                models = _items(value)
                self.words = dict(block for model in models for block in self._words(model, _name(model)))
            elif key.value == "unit_tests":
                self.section = self._block(key, value)
                self.tests = {_name(item): self._block(item, item) for item in _items(value)}

    def _words(self, model: yaml.Node, name: str) -> Iterator[tuple[tuple[str, ...], _Block]]:
        for key, value in _pairs(model):
            if key.value == "description":
                yield (name,), self._block(key, value)
            elif key.value == "columns":
                for column in _items(value):
                    words = ((k, v) for k, v in _pairs(column) if k.value == "description")
                    yield from (((name, _name(column)), self._block(k, v)) for k, v in words)

    def _block(self, first: yaml.Node, last: yaml.Node) -> _Block:
        mark = last.end_mark
        is_block = isinstance(last, yaml.CollectionNode) and not last.flow_style
        end = mark.line if is_block else mark.line + bool(mark.column)
        # A block ends where the next thing begins, and what is between them belongs to that.
        while end > first.start_mark.line + 1 and _says_nothing(self.lines[end - 1]):
            end -= 1
        return _Block(first.start_mark.line, end, _plain(last))

    def text(self, block: _Block) -> str:
        return "".join(self.lines[block.first : block.end])

    def changed(self, changes: _Changes) -> str:
        """The text with other lines in the place of some blocks."""
        lines = list(self.lines)
        for block, text in sorted(changes, key=lambda change: change[0].first, reverse=True):
            lines[block.first : block.end] = text.splitlines(keepends=True)
        return "".join(lines)

    def without_tests(self, *, keeps: bool, words: _Changes | None = None) -> str:
        """The text with one line for all unit tests, or none.

        Args:
            words: other changes that are to be made in it.
        """
        line = _UNIT_TESTS if keeps else ""
        if self.section is None:
            return self.changed(words or []) + line
        return self.changed([*(words or []), (self.section, line)])


def _is_contested(name: str, was: _Blocks, there: _Blocks, wanted: _Blocks) -> bool:
    """Whether a person changed a unit test that is to be another one now."""
    if name not in there.tests:
        return False
    old, theirs, new = (_value(blocks.tests.get(name)) for blocks in (was, there, wanted))
    if new in (theirs, old):
        return False
    return theirs != old or (new is not None and _renewed(name, was, there, wanted) is None)


def _renewed(name: str, was: _Blocks, there: _Blocks, wanted: _Blocks) -> str | None:
    """A unit test that nobody changed, as it is now, with its comments; None where these would be lost."""
    texts = [blocks.text(blocks.tests[name]) for blocks in (was, there, wanted)]
    merged = merge_texts(*texts).text
    return texts[2] if merged is None and _COMMENT not in texts[1] else merged


def _new_words(was: _Blocks, there: _Blocks, wanted: _Blocks) -> _Changes:
    """Our new words in the place of those that a person changed: a merge then sees no change of ours there,
    and theirs stay.
    """
    return [
        (block, wanted.text(wanted.words[place]))
        for place, block in was.words.items()
        if place in wanted.words and _value(there.words.get(place)) != block.value
    ]


def _unit_tests(was: _Blocks, there: _Blocks, wanted: _Blocks) -> str:
    """The person's unit tests with ours as they are now; one that they removed stays away."""
    assert there.section is not None
    changes: _Changes = []
    for name, block in there.tests.items():
        is_ours = name in was.tests and was.tests[name].value == block.value
        if is_ours:
            text = _renewed(name, was, there, wanted) if name in wanted.tests else ""
            changes.append((block, text or ""))
    fresh = [name for name in wanted.tests if name not in was.tests and name not in there.tests]
    end = max((block.end for block in there.tests.values()), default=there.section.end)
    changes.append((_Block(end, end, None), "".join(wanted.text(wanted.tests[name]) for name in fresh)))
    before, after = there.lines[: there.section.first], there.lines[there.section.end :]
    return there.changed(changes).removeprefix("".join(before)).removesuffix("".join(after))


def _holds_all(text: str, was: _Blocks, there: _Blocks, wanted: _Blocks) -> bool:
    """Whether a merged text is YAML with the unit tests that it has to have."""
    try:
        found = _Blocks(text)
    except yaml.YAMLError:
        return False
    due = {
        name: block.value
        for name, block in there.tests.items()
        if name not in was.tests or was.tests[name].value != block.value
    }
    removed = was.tests.keys() - there.tests.keys()
    due |= {name: block.value for name, block in wanted.tests.items() if name not in removed}
    return {name: block.value for name, block in found.tests.items()} == due


def _value(block: _Block | None) -> Any:
    return block.value if block is not None else None


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(_COMMENT)


def _pairs(node: yaml.Node | None) -> Sequence[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else ()


def _items(node: yaml.Node) -> Sequence[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _name(node: yaml.Node) -> str:
    return next((str(value.value) for key, value in _pairs(node) if key.value == "name"), "")


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.tag, node.value
