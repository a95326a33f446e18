"""A dbt model's text as SQL that a parser can read, with its Jinja kept to be printed again.

Nothing is rendered. Every `{{ … }}` becomes an identifier of exactly the same length, everything that prints
nothing becomes blanks, so that each position in the SQL is the same position in the text: what the parser
found is quoted from the text itself. What would need rendering is refused, never guessed.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

TagKind = Literal["source", "ref", "expression"]

_OPENING = re.compile(r"\{\{|\{%|\{#")
_INSIDE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|['"]|[{\[(]|[}\])]|%\}""", re.DOTALL)
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INLINE_SET = re.compile(r"set\s+(\w+(?:\s*[,.]\s*\w+)*)\s*=\s*(.*)", re.DOTALL)
_BLOCK_WORD = re.compile(r"(\w+)")
# Statements without a body that print nothing.
_SILENT = frozenset({"do", "import", "from", "set"})
# Blocks that print nothing where they stand.
_SILENT_BLOCKS = frozenset({"set", "macro"})
_BLOCKS = frozenset({"if", "for", "set", "macro", "call", "filter", "snapshot", "test", "block", "docs"})
_SILENT_CALLS = frozenset({"config", "log", "print", "exceptions.warn"})
_SILENT_CALL_BLOCKS = ("statement(", "set_sql_header(")
# Macros of Fivetran's packages that print ", a, b" or nothing: the list before them goes on.
_COMMA_FIRST = re.compile(
    r"(fivetran_utils\.)?(fill_pass_through_columns|persist_pass_through_columns|source_relation"
    r"|add_pass_through_columns|apply_source_relation)\("
)
_ROW_FILTER = re.compile(r"\s*(where|and|or|qualify|limit|order\s+by)\b", re.IGNORECASE)
_SETS_AND_CLAUSES = re.compile(r"\b(select|from|join|union|intersect|except)\b", re.IGNORECASE)
_PYTHON_WORDS = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\b(from|except|class|global|with|in|is)\s*=(?!=)""", re.DOTALL
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class JinjaTag:
    """One `{{ … }}` that stands in the SQL as a placeholder.

    Attributes:
        start, end: its place in the text, the braces included.
        placeholder: the identifier that stands for it; as long as the tag, but for a comma before it.
        inner: what stands between the braces, without whitespace control.
        names: (source, table) for a source; (model,) or (package, model) for a ref; else ().
        version: of a versioned ref, as it is written; "" for none.
    """

    kind: TagKind
    start: int
    end: int
    placeholder: str
    inner: str
    names: tuple[str, ...] = ()
    version: str = ""

    @property
    def literal(self) -> str | None:
        """The text it prints when it is nothing but a string, e.g. `{{ '{' }}`; else None."""
        tree = _python(self.inner)
        value = tree.value if isinstance(tree, ast.Constant) else None
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class JinjaCall:
    """A call of a macro or function inside a tag.

    Attributes:
        name: dotted, e.g. "dbt_utils.star".
        arguments: its positional arguments; None for one that is no literal.
        keywords: its named arguments; None for one that is no literal.
    """

    name: str
    arguments: tuple[object, ...]
    keywords: dict[str, object]


@dataclass(frozen=True, slots=True)
class ModelSql:
    """A model's text and the SQL that stands for it, position for position.

    Attributes:
        sql: as long as `text`.
        tags: the placeholders, by position.
        config: the literal arguments of `config(…)`; one that is no literal is None.
        left_out: (start, end) of `{% if %}` blocks that only filter rows and were left out.
        blanked: (start, end) of everything that prints nothing, those blocks among it.
    """

    text: str
    sql: str
    tags: tuple[JinjaTag, ...]
    config: dict[str, object] = field(default_factory=dict)
    left_out: tuple[tuple[int, int], ...] = ()
    blanked: tuple[tuple[int, int], ...] = ()

    def tags_in(self, start: int, end: int) -> tuple[JinjaTag, ...]:
        """The tags that begin within `[start, end)`."""
        first = bisect_left(self.tags, start, key=lambda tag: tag.start)
        last = bisect_left(self.tags, end, lo=first, key=lambda tag: tag.start)
        return self.tags[first:last]

    def tag_at(self, start: int, end: int) -> JinjaTag | None:
        """The tag that is all of `[start, end)`, or None."""
        found = self.tags_in(start - 1 if start else 0, end)
        exact = [tag for tag in found if tag.end == end and tag.end - len(tag.placeholder) == start]
        return exact[0] if len(exact) == 1 else None

    def restore(self, sql: str) -> str:
        """The SQL with every placeholder written as the Jinja it stands for.

        Example:
            >>> model = read_jinja("select {{ cents('a') }} as a from t")
            >>> model.restore("COALESCE(" + model.tags[0].placeholder + ", 0)")
            "COALESCE({{ cents('a') }}, 0)"
        """
        for tag in self.tags:
            sql = sql.replace(tag.placeholder, self.text[tag.start : tag.end])
        return sql

    def line_of(self, position: int) -> int:
        """The line of a position, from 1."""
        return self.text.count("\n", 0, position) + 1


@dataclass(frozen=True, slots=True)
class NotPlain:
    """Why a model's SQL cannot be known without rendering it."""

    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """One piece of Jinja as it was cut from the text; `raw` bodies are no segments."""

    kind: Literal["{{", "{%", "{#"]
    start: int
    end: int
    body: str

    @property
    def word(self) -> str:
        """The name of a statement."""
        found = _BLOCK_WORD.match(self.body) if self.kind == "{%" else None
        return found[1] if found else ""

    @property
    def is_inline_set(self) -> bool:
        return self.word == "set" and _INLINE_SET.match(self.body) is not None


class _NotPlainError(Exception):
    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def read_jinja(text: str) -> ModelSql | NotPlain:
    """The SQL of a model with its Jinja replaced, or why that is not possible.

    Sources and refs, also through `{% set x = ref('…') %}`, are known by name. `config(…)`, comments and
    statements that print nothing are blanked. An `{% if %}` that only filters rows (where, and, qualify,
    limit) is left out in all its branches and reported; any other `{% if %}` and every `{% for %}` is
    refused.

    Example:
        >>> model = read_jinja("select * from {{ source('crm', 'leads') }}")
        >>> model.tags[0].kind, model.tags[0].names
        ('source', ('crm', 'leads'))
        >>> read_jinja("select {% for c in cols %}{{ c }},{% endfor %} 1")
        NotPlain(reason="its SQL depends on '{% for c in cols %}'", line=1)
    """
    try:
        return _Reading(text).result()
    except _NotPlainError as error:
        return NotPlain(error.reason, text.count("\n", 0, error.position) + 1)


def jinja_call(inner: str) -> JinjaCall | None:
    """The call that the inside of a tag is, or None when it is anything else.

    Example:
        >>> jinja_call("dbt.safe_cast('amount', api.Column.translate_type('numeric'))")
        JinjaCall(name='dbt.safe_cast', arguments=('amount', None), keywords={})
    """
    tree = _python(inner)
    if not isinstance(tree, ast.Call):
        return None
    name = _dotted(tree.func)
    if name is None:
        return None
    arguments = tuple(_literal(argument) for argument in tree.args)
    keywords = {
        keyword.arg.removesuffix("_"): _literal(keyword.value) for keyword in tree.keywords if keyword.arg
    }
    return JinjaCall(name, arguments, keywords)


class _Reading:
    """One pass over a model's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces: list[str] = []
        self.done = 0
        self.tags: list[JinjaTag] = []
        self.config: dict[str, object] = {}
        self.left_out: list[tuple[int, int]] = []
        self.blanked: list[tuple[int, int]] = []
        self.relations: dict[str, JinjaTag | None] = {}
        self.lowered = text.lower()
        self.placeholders = 0

    def result(self) -> ModelSql:
        segments = list(_segments(self.text))
        index = 0
        while index < len(segments):
            index = self._take(segments, index)
        self.pieces.append(self.text[self.done :])
        sql = "".join(self.pieces)
        if sql.startswith("\ufeff"):  # a byte order mark, which no parser takes
            sql = " " + sql[1:]
        return ModelSql(
            self.text, sql, tuple(self.tags), self.config, tuple(self.left_out), tuple(self.blanked)
        )

    def _take(self, segments: list[_Segment], index: int) -> int:
        """Replace the segment at `index`, or the block it opens; the index of what comes next."""
        segment = segments[index]
        if segment.kind == "{{":
            self._expression(segment)
            return index + 1
        if segment.kind == "{#" or segment.word in ("raw", "endraw"):
            self._blank(segment.start, segment.end)
            return index + 1
        if segment.word in _BLOCKS and not segment.is_inline_set:
            return self._block(segments, index)
        if segment.word not in _SILENT:
            raise _NotPlainError(f"'{_short(self.text, segment)}' is not known here", segment.start)
        self._remember(segment)
        self._blank(segment.start, segment.end)
        return index + 1

    def _block(self, segments: list[_Segment], index: int) -> int:
        opening = segments[index]
        last = _closing(self.text, segments, index)
        end = segments[last].end
        silent_call = opening.word == "call" and any(call in opening.body for call in _SILENT_CALL_BLOCKS)
        if opening.word in _SILENT_BLOCKS or silent_call:
            self._blank(opening.start, end)
        elif opening.word == "if":
            self._if(segments[index : last + 1])
        elif opening.word == "snapshot":
            raise _NotPlainError("it is a snapshot", opening.start)
        else:
            raise _NotPlainError(f"its SQL depends on '{_short(self.text, opening)}'", opening.start)
        return last + 1

    def _if(self, segments: list[_Segment]) -> None:
        """Leave out an `{% if %}` that prints nothing or only filters rows."""
        start, end = segments[0].start, segments[-1].end
        branches = list(_branches(self.text, segments))
        for name in {name for s in segments for name in _set_names(s)}:
            self.relations[name] = None  # which value it has depends on the condition
        if all(not branch.strip() or _filters_rows(branch) for branch in branches):
            if any(branch.strip() for branch in branches):
                self.left_out.append((start, end))
            self._blank(start, end)
            return
        raise _NotPlainError(f"its SQL depends on '{_short(self.text, segments[0])}'", start)

    def _expression(self, segment: _Segment) -> None:
        call = jinja_call(segment.body)
        if call is not None and call.name in _SILENT_CALLS:
            if call.name == "config":
                first = call.arguments[0] if call.arguments else None
                self.config.update(first if isinstance(first, dict) else {})
                self.config.update(call.keywords)
            self._blank(segment.start, segment.end)
            return
        self._refuse_glue(segment)
        comma = "," if _COMMA_FIRST.match(segment.body) else ""
        placeholder = self._placeholder(segment.end - segment.start - len(comma))
        known = self.relations.get(segment.body)
        kind, names, version = (
            (known.kind, known.names, known.version) if known is not None else _relation(call)
        )
        self.tags.append(
            JinjaTag(kind, segment.start, segment.end, placeholder, segment.body, names, version)
        )
        self._replace(segment.start, segment.end, comma + placeholder)

    def _remember(self, segment: _Segment) -> None:
        """Keep what `{% set x = source(…) %}` names; set twice, it is no longer known."""
        found = _INLINE_SET.match(segment.body)
        for name in _set_names(segment):
            call = jinja_call(found[2].strip()) if found else None
            kind, names, version = _relation(call)
            is_new = name not in self.relations and kind != "expression"
            tag = JinjaTag(kind, segment.start, segment.end, "", segment.body, names, version)
            self.relations[name] = tag if is_new else None

    def _placeholder(self, length: int) -> str:
        """An identifier of that length that the text does not hold and no other tag has."""
        while True:
            name = f"j{_base36(self.placeholders)}".ljust(length, "_")
            self.placeholders += 1
            if name not in self.lowered:
                return name

    def _refuse_glue(self, segment: _Segment) -> None:
        """Refuse `{{-` and `-}}` that may join two words into one."""
        if segment.kind != "{{" or _is_relation(segment.body):
            return
        inside = self.text[segment.start + 2 : segment.end - 2]
        before = self.text[: segment.start].rstrip()[-1:] if inside[:1] == "-" else ""
        after = self.text[segment.end :].lstrip()[:1] if inside[-1:] == "-" else ""
        spaced = (
            self.text[segment.start - 1 : segment.start].isspace(),
            self.text[segment.end :][:1].isspace(),
        )
        if (spaced[0] and _is_word(before)) or (spaced[1] and _is_word(after)):
            raise _NotPlainError(f"'{_short(self.text, segment)}' joins what stands around it", segment.start)

    def _blank(self, start: int, end: int) -> None:
        """Write blanks for what prints nothing.

        A line break inside it is no line break of the SQL: after `--` the comment would end too early.
        """
        if _is_word(self.text[start - 1 : start]) and _is_word(self.text[end : end + 1]):
            raise _NotPlainError("Jinja stands in the middle of a word", start)
        self.blanked.append((start, end))
        self._replace(start, end, " " * (end - start))

    def _replace(self, start: int, end: int, new: str) -> None:
        self.pieces += [self.text[self.done : start], new]
        self.done = end


def _segments(text: str) -> Iterator[_Segment]:
    """Every piece of Jinja in the text, in order."""
    position = 0
    while found := _OPENING.search(text, position):
        start, kind = found.start(), found[0]
        if kind == "{#":
            end = text.find("#}", start + 2) + 2
            if end == 1:
                raise _NotPlainError("a Jinja comment is never closed", start)
        else:
            end = _tag_end(text, start, kind)
        body = text[start + 2 : end - 2].strip("-+ \t\r\n") if kind != "{#" else ""
        segment = _Segment(kind, start, end, body)  # type: ignore[arg-type]  # the pattern's three
        if kind != "{#" and not body:
            raise _NotPlainError("a Jinja tag is empty", start)
        yield segment
        position = end
        if segment.word == "raw":
            closing = _END_RAW.search(text, end)
            if closing is None:
                raise _NotPlainError("a raw block is never closed", start)
            yield _Segment("{%", closing.start(), closing.end(), "endraw")
            position = closing.end()


def _tag_end(text: str, start: int, kind: str) -> int:
    """Where a tag ends: its closing braces outside strings and brackets, as Jinja's own lexer has it."""
    depth = 0
    for found in _INSIDE.finditer(text, start + 2):
        piece = found[0]
        if piece in "'\"":
            break  # a string that does not end
        if piece in "{[(":
            depth += 1
        elif piece == "%}":
            if kind == "{%" and depth == 0:
                return found.end()
        elif piece in "}])":
            if depth:
                depth -= 1
            elif kind == "{{" and text.startswith("}}", found.start()):
                return found.start() + 2
    raise _NotPlainError("a Jinja tag is never closed", start)


def _closing(text: str, segments: list[_Segment], index: int) -> int:
    """The index of the segment that ends the block opened at `index`."""
    word, depth = segments[index].word, 0
    for at in range(index, len(segments)):
        if segments[at].word == word and not segments[at].is_inline_set:
            depth += 1
        elif segments[at].word == f"end{word}":
            depth -= 1
            if depth == 0:
                return at
    raise _NotPlainError(f"'{_short(text, segments[index])}' is never closed", segments[index].start)


def _branches(text: str, segments: list[_Segment]) -> Iterator[str]:
    """What each branch of an `{% if %}` prints, with every inner tag as one word or blank.

    An inner block's branches are part of the branch that holds it.
    """
    depth, pieces = 0, []
    for segment, after in pairwise(segments):
        if segment.word == "if":
            depth += 1
        elif segment.word == "endif":
            depth -= 1
        elif segment.word == "for":
            pieces.append(" select ")  # what a loop prints is unknown: no row filter
        if depth == 1 and segment.word in ("elif", "else"):
            yield "".join(pieces)
            pieces = []
        pieces.append(" jinja " if segment.kind == "{{" else " ")
        pieces.append(text[segment.end : after.start])
    yield "".join(pieces)


def _filters_rows(branch: str) -> bool:
    """Whether the SQL only restricts rows: one more clause or condition, whole in itself."""
    plain = re.sub(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", " ", branch, flags=re.DOTALL)
    if not _ROW_FILTER.match(plain):
        return False
    depth, top = 0, []
    for char in plain:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            return False
        if depth == 0:
            top.append(char)
    return depth == 0 and "," not in top and not _SETS_AND_CLAUSES.search("".join(top))


def _set_names(segment: _Segment) -> list[str]:
    found = _INLINE_SET.match(segment.body) if segment.word == "set" else None
    return re.split(r"\s*,\s*", found[1]) if found else []


def _relation(call: JinjaCall | None) -> tuple[TagKind, tuple[str, ...], str]:
    """(kind, names, version) of a call: a source or ref with literal names, else an expression."""
    if call is None:
        return "expression", (), ""
    name = call.name.removeprefix("builtins.")
    names = tuple(argument for argument in call.arguments if isinstance(argument, str))
    whole = len(names) == len(call.arguments)
    if name == "source" and whole and len(names) == 2 and not call.keywords:
        return "source", names, ""
    if name == "ref" and whole and len(names) in (1, 2) and call.keywords.keys() <= {"v", "version"}:
        versions = list(call.keywords.values())
        if None not in versions:
            return "ref", names, str(versions[0]) if versions else ""
    return "expression", (), ""


def _is_relation(inner: str) -> bool:
    return _relation(jinja_call(inner))[0] != "expression"


def _python(inner: str) -> ast.expr | None:
    """The inside of a tag as a Python expression; where Jinja's syntax differs there is none.

    `from=` and `except=`, which macros take, are Python's own words and are read with a `_` behind them.
    """
    plain = _PYTHON_WORDS.sub(lambda found: found[0] if found[1] is None else f"{found[1]}_=", inner)
    try:
        return ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _literal(node: ast.expr) -> object:
    """The value of a literal (Jinja's lower-case true, false and none too), else None."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return {"true": True, "false": False}.get(node.id.lower())
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {
            str(_literal(key)): _literal(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if key is not None
        }
    return None


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits


def _is_word(char: str) -> bool:
    return bool(char) and (char.isalnum() or char == "_")


def _short(text: str, segment: _Segment) -> str:
    """A tag as it is shown in a message: one line, cut at 60 characters."""
    line = " ".join(text[segment.start : segment.end].split())
    return line if len(line) <= 60 else line[:59] + "…"
