"""Where the parts of a query stand in its text: the CTEs, the select lists and their items, the clauses.

A syntax tree says what a query means but not where each part of it is written. This walks the same tokens
once and keeps the positions, so that an expression is quoted as its author wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot.tokens import Token  # type: ignore[attr-defined]

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_SET_OPERATIONS = frozenset({TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT})
_CLAUSES = {
    TokenType.FROM: "from",
    TokenType.WHERE: "where",
    TokenType.GROUP_BY: "group by",
    TokenType.HAVING: "having",
    TokenType.QUALIFY: "qualify",
    TokenType.ORDER_BY: "order by",
    TokenType.LIMIT: "limit",
    TokenType.OFFSET: "offset",
    TokenType.FETCH: "fetch",
    TokenType.WINDOW: "window",
}


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ItemLayout:
    """One item of a select list.

    Attributes:
        value: the item without its alias.
        as_word: the word `as`; None when there is none.
        alias: the alias as it is written; None without one.
        comma: where the comma before it stands; -1 for the first item.
    """

    whole: Span
    value: Span
    as_word: Span | None
    alias: Span | None
    comma: int


@dataclass(frozen=True, slots=True)
class SelectLayout:
    """One `select` with its list and the clauses behind it.

    Attributes:
        keyword: the word `select`.
        distinct: whether `distinct` follows it.
        clauses: by name ("from", "where", "qualify", …), each from its keyword to its last token.
        subquery: the query in parentheses that it reads from, if it does.
        end: where its last token ends.
        last_comma: where a comma after the last item stands; -1 for none.
    """

    keyword: Span
    distinct: bool
    items: tuple[ItemLayout, ...]
    clauses: dict[str, Span]
    end: int
    last_comma: int = -1
    subquery: QueryLayout | None = None


@dataclass(frozen=True, slots=True)
class CteLayout:
    """One CTE.

    Attributes:
        name: its name as it is written.
        body: what stands between its parentheses.
    """

    name: Span
    body: Span
    query: QueryLayout


@dataclass(frozen=True, slots=True)
class QueryLayout:
    """A query: its CTEs, and its selects, of which a union has several."""

    ctes: tuple[CteLayout, ...]
    selects: tuple[SelectLayout, ...]


def query_layout(tokens: Sequence[Token]) -> QueryLayout | None:
    """The positions of a query's parts, or None when it is written in a form that is not known here."""
    walk = _Walk(tokens)
    layout = walk.query()
    return layout if layout is not None and walk.at_end() else None


class _Walk:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def type(self, ahead: int = 0) -> TokenType | None:
        index = self.at + ahead
        return self.tokens[index].token_type if 0 <= index < len(self.tokens) else None

    def at_end(self) -> bool:
        while self.type() == TokenType.SEMICOLON:
            self.at += 1
        return self.at >= len(self.tokens)

    def query(self) -> QueryLayout | None:
        """The query that begins here; afterwards the walk stands behind it."""
        ctes = self._ctes()
        if ctes is None:
            return None
        selects: list[SelectLayout] = []
        while True:
            if not self._branch(selects):
                return None
            if self.type() not in _SET_OPERATIONS:
                return QueryLayout(tuple(ctes), tuple(selects))
            self.at += 1
            while self.type() not in (TokenType.SELECT, TokenType.L_PAREN, None):
                self.at += 1  # all, distinct, by name

    def _branch(self, selects: list[SelectLayout]) -> bool:
        """One select of a union, in parentheses or not."""
        if self.type() == TokenType.SELECT:
            selects.append(self._select())
            return True
        if self.type() != TokenType.L_PAREN:
            return False
        self.at += 1
        inner = self.query()
        if inner is None or inner.ctes or self.type() != TokenType.R_PAREN:
            return False
        self.at += 1
        selects += inner.selects
        return self.type() in (*_SET_OPERATIONS, TokenType.R_PAREN, TokenType.SEMICOLON, None)

    def _ctes(self) -> list[CteLayout] | None:
        found: list[CteLayout] = []
        if self.type() != TokenType.WITH:
            return found
        self.at += 1
        if self.type() == TokenType.RECURSIVE:
            self.at += 1
        while True:
            name = self.at
            self.at += 1
            if self.type() == TokenType.L_PAREN:
                self._skip_brackets()
            if self.type() != TokenType.ALIAS:
                return None
            self.at += 1
            while self.type() not in (TokenType.L_PAREN, None) and self.type(1) is not None:
                self.at += 1  # materialized, not materialized
            opening = self.at
            self.at += 1
            query = self.query()
            if query is None or self.type() != TokenType.R_PAREN:
                return None
            body = Span(self.tokens[opening].end + 1, self.tokens[self.at].start)
            found.append(CteLayout(self._span(name, name), body, query))
            self.at += 1
            if self.type() != TokenType.COMMA:
                return found
            self.at += 1
            if self.type() in (TokenType.SELECT, TokenType.L_PAREN):
                return found  # a comma behind the last CTE

    def _select(self) -> SelectLayout:
        keyword = self.at
        self.at += 1
        distinct = self.type() == TokenType.DISTINCT
        if distinct or self.type() == TokenType.ALL:
            self.at += 1
            if self.type() == TokenType.ON:
                self.at += 1
                self._skip_brackets()
        items, last_comma = self._items()
        subquery = self._subquery()
        clauses = self._clauses()
        end = self.tokens[self.at - 1].end + 1
        return SelectLayout(self._span(keyword, keyword), distinct, items, clauses, end, last_comma, subquery)

    def _subquery(self) -> QueryLayout | None:
        """The query in parentheses behind the `from` that stands here; the walk stays where it is."""
        if self.type() != TokenType.FROM or self.type(1) != TokenType.L_PAREN:
            return None
        before = self.at
        self.at += 2
        query = self.query()
        is_whole = self.type() == TokenType.R_PAREN
        self.at = before
        return query if is_whole else None

    def _items(self) -> tuple[tuple[ItemLayout, ...], int]:
        items: list[ItemLayout] = []
        comma, first = -1, self.at
        while True:
            ends = self._ends_list()
            if ends or self.type() == TokenType.COMMA:
                if self.at > first:
                    items.append(self._item(first, self.at - 1, comma))
                    comma = -1
                if ends:
                    return tuple(items), comma
                comma = self.tokens[self.at].start
                self.at += 1
                first = self.at
            elif self.type() in _OPEN:
                self._skip_brackets()
            else:
                self.at += 1

    def _ends_list(self) -> bool:
        kind = self.type()
        if kind == TokenType.FROM:  # `a is distinct from b` goes on
            return self.type(-1) != TokenType.DISTINCT
        if kind == TokenType.EXCEPT:  # `* except (a)` goes on
            return self.type(-1) != TokenType.STAR
        return kind is None or kind in _CLAUSES or self._ends_select()

    def _ends_select(self) -> bool:
        kind = self.type()
        return kind is None or kind in _CLOSE or kind in _SET_OPERATIONS or kind == TokenType.SEMICOLON

    def _item(self, first: int, last: int, comma: int) -> ItemLayout:
        whole = self._span(first, last)
        if last - first >= 2 and self.tokens[last - 1].token_type == TokenType.ALIAS:
            alias, as_word = self._span(last, last), self._span(last - 1, last - 1)
            return ItemLayout(whole, self._span(first, last - 2), as_word, alias, comma)
        return ItemLayout(whole, whole, None, None, comma)

    def _clauses(self) -> dict[str, Span]:
        clauses: dict[str, Span] = {}
        name, first = "", self.at
        while not self._ends_select():
            kind = self.type()
            starts = kind in _CLAUSES and not (kind == TokenType.FROM and self.type(-1) == TokenType.DISTINCT)
            if starts and kind is not None:
                if name:
                    clauses[name] = self._span(first, self.at - 1)
                name, first = _CLAUSES[kind], self.at
            if kind in _OPEN:
                self._skip_brackets()
            else:
                self.at += 1
        if name:
            clauses[name] = self._span(first, self.at - 1)
        return clauses

    def _skip_brackets(self) -> None:
        """Go behind the bracket that closes the one that opens here."""
        depth = 0
        while (kind := self.type()) is not None:
            depth += (kind in _OPEN) - (kind in _CLOSE)
            self.at += 1
            if depth == 0:
                return

    def _span(self, first: int, last: int) -> Span:
        return Span(self.tokens[first].start, self.tokens[last].end + 1)
