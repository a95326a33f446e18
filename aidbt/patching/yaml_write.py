"""Writing plain values as YAML, as a person would in a given style."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aidbt.core.errors import WriteError
from aidbt.patching.yaml_source import reads_as_text

Quote = Literal["plain", "single", "double"]

# What one line of text holds before it counts as long, and where a folded text is broken.
LONG_TEXT = 80
# PyYAML reads no longer key on one line.
_LONGEST_KEY = 1000
_SAFE_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`]")
_STRUCTURE = re.compile(r":(?: |\Z)| #|\A\.\.\.| \Z")
_FLOW_STRUCTURE = re.compile(r"[,\[\]{}:?#]")
# Text for YAML 1.1 as PyYAML reads it, but not for every reader: YAML 1.2, YAML 1.1 to the letter.
_ELSEWHERE_NO_TEXT = re.compile(
    r"(?:y|n|yes|no|on|off|true|false|null|nan|inf|[-+.]?\d[\d_.,:]*(?:e[-+]?\d+)?|0[xob]\w*)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class YamlStyle:
    """How somebody writes YAML; the defaults are dbt Labs' way.

    Attributes:
        indent: how far a mapping stands below its key.
        list_indent: how far a dash stands below its key: 0, or as much as `indent`.
        entry_indent: how far what belongs to a dash stands from it.
        quote_word: how a text of one word is quoted that needs no quotes, such as a name.
        quote_text: the same for a text of several words, such as a description.
        quote: the quotes around what needs them.
        flow_lists: whether a short list of single values is written as `[a, b]`.
        flow_exceptions: the keys below which it is the other way.
        flow_width: how many characters such a list may have; a longer one is written with dashes.
        long_text: how a text of more than 80 characters is written: on the line of its key, or as a folded
            (">") or literal ("|") block.
        blank_lines: between the keys of the file, the entries of a list (models), of a list in such an entry
            (columns), and so on; none further down. Lists of single values have none.
        line_end: "\\n" or "\\r\\n".
        final_newline: whether the last line ends with one.
    """

    indent: int = 2
    list_indent: int = 2
    entry_indent: int = 2
    quote_word: Quote = "plain"
    quote_text: Quote = "plain"
    quote: Literal["single", "double"] = "single"
    flow_lists: bool = False
    flow_exceptions: frozenset[str] = frozenset()
    flow_width: int = 100
    long_text: Literal["plain", ">", "|"] = "plain"
    blank_lines: tuple[int, ...] = (1, 1)
    line_end: Literal["\n", "\r\n"] = "\n"
    final_newline: bool = True

    def blank_lines_at(self, depth: int) -> int:
        """The blank lines between the keys of the file (0), the entries of a list (1), of one in it (2)."""
        return self.blank_lines[depth] if depth < len(self.blank_lines) else 0


DBT_LABS = YamlStyle()


@dataclass(frozen=True, slots=True)
class Flow:
    """A list or dict to be written on one line (`[a, b]`, `{count: 1, period: day}`) where it is short."""

    value: list[Any] | dict[str, Any]


def plain(value: Any) -> Any:
    """The value as YAML reads it: without the marks of `Flow`, in new lists and dicts."""
    if isinstance(value, Flow):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def dump_yaml(value: Any, style: YamlStyle = DBT_LABS, *, indent: int = 0) -> str:
    """The value as block YAML in a style, as a person would write it; keys keep their order.

    Args:
        value: dict (of text keys), list, str, int, float, bool, None, and `Flow` around a list or dict.
        indent: spaces before every line.

    Raises:
        WriteError: a value or key that is none of these.

    Example:
        >>> print(dump_yaml({"models": [{"name": "a", "tests": ["unique", "no"]}]}), end="")
        models:
          - name: a
            tests:
              - unique
              - 'no'
    """
    writer = Writer(style)
    lines = writer.document(value, indent)
    closed = style.final_newline or _ends_with_break(value)
    return style.line_end.join(lines) + (style.line_end if closed else "")


def _ends_with_break(value: Any) -> bool:
    """Whether the last text of a value ends with a line break, which a block scalar at the end needs."""
    while _is_block(value := _unwrapped(value)):
        value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
    return isinstance(value, str) and value.endswith("\n")


def _unwrapped(value: Any) -> Any:
    return value.value if isinstance(value, Flow) else value


def _is_block(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


class Writer:
    """Renders plain values as lines without line ends.

    `column` is that of the key or dash a value belongs to, `depth` the number of lists around it.

    Args:
        blocks: whether texts may be written as block scalars (| and >).
    """

    def __init__(self, style: YamlStyle, *, blocks: bool = True) -> None:
        self.style = style
        self.blocks = blocks

    def document(self, value: Any, column: int = 0) -> list[str]:
        """The lines of a value that belongs to no key."""
        if _is_block(bare := _unwrapped(value)) and self._on_one_line(value) is None:
            return self.block(bare, column)
        first, rest = self.after_key(value, column, 0)
        return [" " * column + first, *rest]

    def after_key(self, value: Any, column: int, depth: int, key: str | None = None) -> tuple[str, list[str]]:
        """What stands behind `key:` (or a dash) on its line, and the lines below it."""
        if isinstance(value, str):
            return self._text_after(value, column)
        if (short := self._on_one_line(value, key)) is not None:
            return short, []
        value = _unwrapped(value)
        if not _is_block(value):
            return self.inline(value), []
        below = column + (self.style.indent if isinstance(value, dict) else self.style.list_indent)
        return "", self.block(value, below, depth)

    def block(self, value: dict[str, Any] | list[Any], column: int, depth: int = 0) -> list[str]:
        """The lines of a mapping's pairs or a list's entries, which start in that column."""
        if isinstance(value, dict):
            parts = [self.pair(key, item, column, depth) for key, item in value.items()]
            return _joined(parts, self.style.blank_lines_at(0) if column == depth == 0 else 0)
        parts = [self.entry(item, column, depth + 1) for item in value]
        return _joined(parts, self.style.blank_lines_at(depth + 1) if any(map(_is_block, value)) else 0)

    def pair(self, key: str, value: Any, column: int, depth: int) -> list[str]:
        """`key: value` and what stands below it."""
        first, rest = self.after_key(value, column, depth, key)
        return [f"{' ' * column}{self.key(key)}:{' ' if first else ''}{first}", *rest]

    def entry(self, value: Any, column: int, depth: int) -> list[str]:
        """`- value` and what stands below it."""
        dash = (" " * column + "-").ljust(column + self.style.entry_indent)
        if _is_block(bare := _unwrapped(value)) and self._on_one_line(value) is None:
            inner = column + self.style.entry_indent
            lines = self.block(bare, inner, depth)
            return [f"{dash}{lines[0][inner:]}", *lines[1:]]
        first, rest = self.after_key(value, column, depth)
        return [f"{dash}{first}", *rest]

    def inline(self, value: Any) -> str:
        """The value on one line, as it may stand in a flow list or mapping.

        Raises:
            WriteError: it is no plain value.
        """
        if isinstance(value, Flow):
            return self.inline(value.value)
        if isinstance(value, dict):
            pairs = (f"{self.key(key, flow=True)}: {self.inline(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.inline, value))}]"
        if isinstance(value, str):
            return self._scalar(value, flow=True)
        return _number(value)

    def key(self, key: Any, *, flow: bool = False) -> str:
        """The key without its colon.

        Raises:
            WriteError: it is no text, or too long for one line.
        """
        if not isinstance(key, str) or len(key) > _LONGEST_KEY:
            raise WriteError(f"{str(key)[:40]!r} cannot be a key in a YAML file", hint="keys are short texts")
        return key if needs_no_quotes(key, flow=flow) else self._quoted(key, self.style.quote)

    def _on_one_line(self, value: Any, key: str | None = None) -> str | None:
        """The list or mapping in flow style, where it is asked for or the file's habit, and short."""
        if not isinstance(value, Flow):
            habit = self.style.flow_lists != (key in self.style.flow_exceptions)
            if not habit or not isinstance(value, list) or any(map(_takes_lines, value)):
                return None
        text = self.inline(value)
        return text if len(text) <= self.style.flow_width else None

    def _text_after(self, text: str, column: int) -> tuple[str, list[str]]:
        block = self._block_text(text, column + self.style.indent)
        return block or (self._scalar(text, flow=False), [])

    def _block_text(self, text: str, column: int) -> tuple[str, list[str]] | None:
        """The header and lines of a block scalar, where the text has line breaks or is long."""
        body = text.removesuffix("\n")
        lines = body.split("\n")
        if not self.blocks or not _fits_block(lines):
            return None
        chomp = "" if body != text else "-"
        pad = " " * column
        if len(lines) == 1:
            if body == text and (len(text) <= LONG_TEXT or self.style.long_text == "plain"):
                return None
            if self.style.long_text == ">":
                return ">" + chomp, [pad + line for line in _folded(body, LONG_TEXT)]
        return "|" + chomp, [pad + line if line else "" for line in lines]

    def _scalar(self, text: str, *, flow: bool) -> str:
        style = self.style.quote_text if " " in text else self.style.quote_word
        if needs_no_quotes(text, flow=flow):
            return text if style == "plain" else self._quoted(text, style)
        return self._quoted(text, self.style.quote if style == "plain" else style)

    def _quoted(self, text: str, quote: Literal["single", "double"]) -> str:
        escapes = {"single": "'", "double": '"\\'}
        other: Literal["single", "double"] = "double" if quote == "single" else "single"
        if not text.isprintable():
            quote = "double"
        elif set(escapes[quote]) & set(text) and not set(escapes[other]) & set(text):
            quote = other
        if quote == "single":
            return "'" + text.replace("'", "''") + "'"
        return '"' + "".join(map(_escaped, text)) + '"'


def _joined(parts: Sequence[list[str]], blank_lines: int) -> list[str]:
    lines = list(parts[0])
    for part in parts[1:]:
        lines += [""] * blank_lines + part
    return lines


def _takes_lines(item: Any) -> bool:
    """Whether a list that holds it is written with dashes, although short lists are not."""
    return isinstance(item, dict | list | Flow) or (isinstance(item, str) and "\n" in item)


def needs_no_quotes(text: str, *, flow: bool = False) -> bool:
    """Whether a text may stand as it is, in a block or in a flow list or mapping."""
    if not _SAFE_START.match(text) or not text.isprintable() or _STRUCTURE.search(text):
        return False
    if flow and _FLOW_STRUCTURE.search(text):
        return False
    return not _ELSEWHERE_NO_TEXT.match(text) and reads_as_text(text)


def _fits_block(lines: list[str]) -> bool:
    """Whether a block scalar can hold these lines, without an indentation indicator and kept line ends."""
    first, last = lines[0], lines[-1]
    return (
        bool(first and last.strip())
        and first[0] not in " \t"
        and all(line.replace("\t", " ").isprintable() for line in lines)
    )


def _folded(text: str, width: int) -> list[str]:
    """The text broken at single spaces, which a folded block joins again."""
    words = text.split(" ")
    if not all(words):
        return [text]
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += " " + word
    return lines


def _number(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        raise WriteError(f"a {type(value).__name__} cannot be written into a YAML file")
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 reads 1e+20 as text: a number with an exponent has a point.
    return text if "." in text else text.replace("e", ".0e")


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise WriteError("a text holds half a character (a lone surrogate)")
    if named := {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char):
        return named
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
