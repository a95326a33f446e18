"""One item of a select list: the columns it gives, each followed to what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeGuard

from sqlglot import exp

from aidbt.lineage.written.layout import ItemLayout, Span
from aidbt.lineage.written.scope import Names, ScopeEntry, star_columns
from aidbt.lineage.written.traced import (
    Columns,
    ReadRelation,
    SourceColumn,
    TracedColumn,
    lists_name,
    with_instead,
    without,
)
from aidbt.sql.jinja import JinjaTag, jinja_call

# A column of its select list may use a name defined earlier in the list, except in these dialects.
_NO_LATERAL_ALIASES = frozenset({"postgres", "bigquery", "trino", "athena", "mysql", "tsql", "sqlite"})
_COLUMN_FREE = re.compile(
    r"(target\.|this\b|run_started_at|invocation_id|model\.|(dbt\.|dbt_utils\.|api\.Column\.)?"
    r"(type_\w+|translate_type|current_timestamp\w*)\b|var\(|env_var\()"
)
_CASTING_MACRO = re.compile(r"(\w+\.)*\w*cast\w*")
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_DATE_PARTS = frozenset(
    {"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"}
)
_CONSTANT = (
    exp.Literal,
    exp.Null,
    exp.Boolean,
    exp.Neg,
    exp.Paren,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
)


class SelectItem:
    """One item of a select list."""

    def __init__(
        self,
        names: Names,
        item: exp.Expr,
        layout: ItemLayout | None,
        scope: Sequence[ScopeEntry],
        earlier: Sequence[TracedColumn],
    ) -> None:
        self.names = names
        self.model = names.model
        self.item = item
        self.value = item.unalias()
        self.scope = scope
        self.earlier = earlier
        self.span = self._value_span(layout)
        self.layout = layout

    def columns(self) -> list[TracedColumn]:
        if isinstance(self.value, exp.Star) or (
            isinstance(self.value, exp.Column) and isinstance(self.value.this, exp.Star)
        ):
            return self._star()
        jinja_list = self._jinja_list()
        if jinja_list is not None:
            return jinja_list
        return [self._one()]

    def _value_span(self, layout: ItemLayout | None) -> Span | None:
        """Where the value stands; None when it is written in a way that is not known here."""
        if layout is None or not isinstance(self.item, exp.Alias):
            return layout.whole if layout else None
        alias = self.names.span_of(self.item.args["alias"])
        if alias is None or alias.end != layout.whole.end:
            return None
        if layout.alias is not None:
            return layout.value if layout.alias == alias else None
        end = len(self.model.sql[: alias.start].rstrip())
        return Span(layout.whole.start, end)

    # --- several columns in one item ---

    def _star(self) -> list[TracedColumn]:
        star = self.value if isinstance(self.value, exp.Star) else self.value.this
        qualifier = self.value.text("table").casefold()
        if qualifier:
            columns = [c for entry in self.scope if entry.alias == qualifier for c in entry.columns]
        else:
            columns = star_columns(self.scope)
        if not columns:
            return [TracedColumn("", "unknown", text=self._text())]
        gone = [self.names.name_of(_identifier(e)) for e in star.args.get("except_") or []]
        renames = star.args.get("rename") or []
        replaced = star.args.get("replace") or []
        moved = {_identifier(e.this).name: e.alias for e in renames}
        new: dict[str, TracedColumn] = {}
        for old, name in moved.items():
            found = self.names.lookup(self.scope, old, old)
            new[old] = replace(found, name=name) if found else TracedColumn(name, "unknown", text=old)
        for expression in replaced:
            new[expression.alias] = SelectItem(self.names, expression, None, self.scope, [])._one()
        return with_instead(without(columns, gone), new)

    def _jinja_list(self) -> list[TracedColumn] | None:
        """The columns of an item that is nothing but a macro: only dbt knows which, but for `star`."""
        if not isinstance(self.value, exp.Column) or self.value.table:
            return None
        tag = self.names.tag_of(self.value.this)
        if tag is None or tag.literal is not None:
            return None
        if isinstance(self.item, exp.Alias):
            alias = self.names.span_of(self.item.args["alias"])
            has_as = self.layout is not None and self.layout.as_word is not None
            on_same_line = alias is not None and "\n" not in self.model.text[tag.end : alias.start]
            is_tag = self.names.tag_of(self.item.args["alias"]) is not None
            if has_as or (on_same_line and not is_tag):
                return None
        call = jinja_call(tag.inner)
        if call is not None and call.name.split(".")[-1] == "star" and not isinstance(self.item, exp.Alias):
            return self._macro_star(tag, call.keywords)
        return [TracedColumn("", "unknown", text=tag.inner)]

    def _macro_star(self, tag: JinjaTag, keywords: dict[str, object]) -> list[TracedColumn]:
        """dbt_utils.star of the relation in scope: every column of it but the excepted."""
        excepted = keywords.get("except", [])
        relations = [relation for entry in self.scope for relation in _star_relations(entry.columns)]
        is_plain = keywords.keys() <= {"from", "except", "relation_alias", "quote_identifiers"}
        named = re.findall(r"['\"]([^'\"]+)['\"]", tag.inner.split("except")[0])
        is_ours = len(relations) == 1 and relations[0].name in named
        if not is_plain or not is_ours or not isinstance(excepted, list) or None in excepted:
            return [TracedColumn("", "unknown", text=tag.inner)]
        return [TracedColumn("*", "star", relation=relations[0], excluded=tuple(str(e) for e in excepted))]

    # --- one column ---

    def _one(self) -> TracedColumn:
        name = self._name()
        text = self._text()
        if not name:
            return TracedColumn("", "unknown", text=text)
        if self._is_cut():
            return TracedColumn(name, "unknown", text=text)
        if isinstance(self.value, exp.Column):
            found = self._resolve(self.value)
            if found is not None and len(self._parts(self.value)[1]) == 1:
                return replace(found[0], name=name)
        cast = self._cast(name)
        return cast if cast is not None else self._expression(name, text)

    def _name(self) -> str:
        if isinstance(self.item, exp.Alias):
            return self.names.name_of(self.item.args["alias"])
        if isinstance(self.value, exp.Column):
            return self.names.name_of(self.value.this)
        if isinstance(self.value, exp.Dot):
            return self.value.name
        return ""

    def _is_cut(self) -> bool:
        """Whether a part of it was left out with an `{% if %}`."""
        span = self.span
        return span is not None and any(a < span.end and b > span.start for a, b in self.model.left_out)

    def _cast(self, name: str) -> TracedColumn | None:
        """The item as one column in another type; None when it is not just that."""
        value = self.value
        if not isinstance(value, exp.Cast | exp.TryCast) or value.args.get("format"):
            return None
        if not isinstance(value.this, exp.Column):
            return None
        found = self._resolve(value.this)
        if found is None or found[0].kind != "direct" or len(self._parts(value.this)[1]) != 1:
            return None
        data_type = value.to.sql(dialect=self.names.dialect)
        quiet = type(value) is exp.TryCast
        if self.span is not None and found[1] is not None:
            written = self.model.text[found[1].end : self.span.end].strip()
            spelled = re.fullmatch(r"::\s*(.+)|as\b\s*(.+?)\s*\)", written, re.DOTALL | re.IGNORECASE)
            if spelled is None or "--" in written or "/*" in written:
                return None
            data_type = spelled[1] or spelled[2]
            start = self.model.text[self.span.start : found[1].start].strip().lower()
            quiet = start.startswith(("try_cast", "safe_cast"))
        text, _ = self._substituted()
        return TracedColumn(name, "cast", found[0].sources, text or self._text(), data_type, quiet)

    def _expression(self, name: str, written: str) -> TracedColumn:
        unknown = TracedColumn(name, "unknown", text=written)
        if self.value.find(exp.Query):
            return unknown
        nodes = list(self.value.walk())
        tags = self._tags()
        if not tags and all(isinstance(node, _CONSTANT) for node in nodes):
            return TracedColumn(name, "constant", text=written)
        text, resolved = self._substituted()
        jinja = self._jinja_columns(tags)
        if text is None or jinja is None:
            return unknown
        sources = list(dict.fromkeys(source for column in resolved for source in column.sources))
        sources += [source for source in jinja[0] if source not in sources]
        names = tuple(dict.fromkeys([*jinja[1], *(n for column in resolved for n in column.jinja_names)]))
        return TracedColumn(name, "expression", tuple(sources), text, jinja_names=names)

    def _tags(self) -> tuple[JinjaTag, ...]:
        """The tags in the value that print something else than a string."""
        if self.span is not None:
            inside: Iterable[JinjaTag] = self.model.tags_in(self.span.start, self.span.end)
        else:
            sql = self.value.sql(dialect=self.names.dialect, comments=False)
            inside = [tag for tag in self.model.tags if tag.placeholder in sql]
        return tuple(tag for tag in inside if tag.literal is None)

    def _jinja_columns(self, tags: Iterable[JinjaTag]) -> tuple[list[SourceColumn], list[str]] | None:
        """(source columns, words that may be columns) of the macros; None when that is not certain.

        A macro is given names as they are in scope. Behind a CTE that renames they may be no source columns.
        """
        sources: list[SourceColumn] = []
        words: list[str] = []
        for tag in tags:
            if _COLUMN_FREE.match(tag.inner):
                continue
            call = jinja_call(tag.inner)
            if call is None:
                return None
            given = list(_strings([*call.arguments, *call.keywords.values()]))
            words_given = [word for word in given if _is_name(word)]
            found = {word: self.names.lookup(self.scope, word, word) for word in words_given}
            same = [w for w, c in found.items() if c is not None and c.kind == "direct" and c.text == w]
            is_base = len(self.scope) == 1 and self.scope[0].is_base
            is_known = None not in given and len(same) == len(set(given) - _DATE_PARTS)
            if not is_base and not is_known:
                return None
            first = found.get(str(call.arguments[0])) if call.arguments else None
            if first is not None and _CASTING_MACRO.fullmatch(call.name):
                sources += first.sources
            words += found
        return sources, words

    def _substituted(self) -> tuple[str | None, list[TracedColumn]]:
        """(the value over the source's columns or None when one cannot be followed, the columns it uses)."""
        spans: list[tuple[Span, str]] = []
        resolved: list[TracedColumn] = []
        are_kept = are_placed = True
        for column in sorted(self.value.find_all(exp.Column), key=self._position):
            if isinstance(column.this, exp.Star) or self.names.tag_of(column.this) is not None:
                continue
            found = self._resolve(column)
            if found is None or found[0].kind in ("unknown", "star"):
                return None, []
            traced, span = found
            resolved.append(traced)
            is_bare = column is self.value or traced.kind in ("direct", "constant")
            new = traced.text if is_bare else f"({traced.text})"
            if span is None:
                are_placed = False
                are_kept = are_kept and len(column.parts) == 1 and column.name == new
            else:
                spans.append((span, new))
                are_kept = are_kept and self.model.text[span.start : span.end] == new
        if are_kept:
            return self._text(), resolved
        is_written = self.span is not None and are_placed
        return (self._spliced(spans) if is_written else None), resolved

    def _position(self, column: exp.Column) -> int:
        span = self.names.span_of(column.parts[0])
        return span.start if span else -1

    def _spliced(self, spans: list[tuple[Span, str]]) -> str:
        """The value's text with each span written anew."""
        assert self.span is not None
        pieces, done = [], self.span.start
        for span, new in sorted(spans, key=lambda pair: pair[0].start):
            pieces += [self.model.text[done : span.start], new]
            done = span.end
        pieces.append(self.model.text[done : self.span.end])
        return _dedented("".join(pieces))

    def _text(self) -> str:
        if self.span is None:
            return self.names.generated(self.value)
        return _dedented(self.model.text[self.span.start : self.span.end])

    # --- one name ---

    def _parts(self, column: exp.Column) -> tuple[list[exp.Expr], list[exp.Expr]]:
        """(qualifier, name and fields): `user.name` is a column or a field, as `user` is in scope or not."""
        parts = list(column.parts)
        aliases = {entry.alias for entry in self.scope}
        if len(parts) > 1 and parts[0].name.casefold() in aliases:
            return parts[:1], parts[1:]
        return [], parts

    def _resolve(self, column: exp.Column) -> tuple[TracedColumn, Span | None] | None:
        """What a name stands for and where it stands without its fields; None when that is not certain."""
        qualifier, path = self._parts(column)
        name = self.names.name_of(path[0])
        if not name:
            return None
        entries = [e for e in self.scope if not qualifier or e.alias == qualifier[0].name.casefold()]
        first = self.names.span_of((qualifier or path)[0])
        last = self.names.span_of(path[0])
        span = Span(first.start, last.end) if first and last else None
        written = self.model.text[last.start : last.end] if last else name
        if not qualifier and self._may_be_alias(name):
            return None
        found = self.names.lookup(entries, name, written)
        return None if found is None else (found, span)

    def _may_be_alias(self, name: str) -> bool:
        """Whether a name may mean an earlier item of the same list rather than a column of the source."""
        if self.names.dialect in _NO_LATERAL_ALIASES:
            return False
        same = [column for column in self.earlier if column.name.casefold() == name.casefold()]
        if same and self.names.dialect == "clickhouse":  # there the alias wins
            return any(column.kind != "direct" or column.text != column.name for column in same)
        if not same or any(lists_name(entry.columns, name) for entry in self.scope):
            return False
        # An item that is made from a column of its own name proves that the source has that column.
        used = {source.name.casefold() for column in self.earlier for source in column.sources}
        return name.casefold() not in used


def _star_relations(columns: Columns) -> list[ReadRelation]:
    return [c.relation for c in columns if c.kind == "star" and c.relation is not None and not c.excluded]


def _identifier(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Column) else node


def _strings(arguments: Iterable[object]) -> Iterable[str | None]:
    """The strings among a macro's arguments, lists opened; None for an argument that is no literal."""
    for argument in arguments:
        if isinstance(argument, list):
            yield from _strings(argument)
        elif argument is None or isinstance(argument, str):
            yield argument


def _is_name(word: str | None) -> TypeGuard[str]:
    """Whether a macro's argument may be a column's name."""
    return word is not None and _WORD.match(word) is not None and word.lower() not in _DATE_PARTS


def _dedented(text: str) -> str:
    """The text with the indentation that all its lines but the first share taken away."""
    lines = text.split("\n")
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    shared = min(indents, default=0)
    return "\n".join([lines[0].rstrip(), *(line[shared:].rstrip() for line in lines[1:])])
