"""The forms of expressions: what is the same however it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from sqlglot import exp

from aidbt.sql.conditions import without_brackets
from aidbt.sql.resolve import binding
from aidbt.sql.resolve.rows import Bound, Rows
from aidbt.sql.same.frames import Frames, Numbers, nested_rows
from aidbt.sql.same.trees import AGGREGATES, and_terms

_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE}
_EITHER_WAY = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)


class ExpressionForms(ABC):
    """The forms of expressions; what their names refer to is added by those below."""

    def __init__(self, numbers: Numbers) -> None:
        self._of = numbers.of
        self._unlike = numbers.unlike
        self._parameters: list[set[str]] = []
        self._nested: dict[int, Rows | None] = {}

    @abstractmethod
    def _rows(self, rows: Rows, outer: Frames, *, is_last: bool = False) -> int:
        """The form of the rows of a query."""

    @abstractmethod
    def _every_column(self, rows: Rows, outer: Frames) -> list[int]:
        """The forms of all columns of a query."""

    @abstractmethod
    def _bound(self, bound: Bound, frames: Frames) -> int:
        """What a name that refers to a column stands for."""

    @abstractmethod
    def _unbound(self, node: exp.Column, frames: Frames) -> int:
        """What a name that refers to no known column stands for."""

    @abstractmethod
    def _in_reach(self, frames: Frames) -> list[int]:
        """All columns of all that the innermost SELECT reads."""

    def _form(self, node: object, frames: Frames) -> int:
        if isinstance(node, list):
            return self._of("list", *(self._form(item, frames) for item in node))
        if not isinstance(node, exp.Expr):
            return self._of("word", str(node))
        node = without_brackets(node)
        if isinstance(node, exp.Column | exp.PositionalColumn):
            bound = binding(node)
            if bound is not None:
                return self._bound(bound, frames)
            return self._unbound(node, frames) if isinstance(node, exp.Column) else self._unlike()
        if isinstance(node, exp.Dot):
            return self._dot(node, frames)
        if isinstance(node, exp.Query):
            return self._query(node, frames)
        if isinstance(node, exp.Literal):
            return self._of("text" if node.is_string else "number", node.name)
        if isinstance(node, exp.Identifier):
            return self._of("identifier", node.name)
        if isinstance(node, exp.Var):
            return self._of("word", node.name.casefold())
        if isinstance(node, exp.DataType):
            return self._of("type", node.sql())
        if isinstance(node, exp.And | exp.Or):
            terms = [self._form(term, frames) for term in and_terms(node, type(node))]
            return self._of(type(node).__name__, *sorted(terms))
        if type(node) in _TURNED:
            sides = (self._form(node.expression, frames), self._form(node.this, frames))
            return self._of(_TURNED[type(node)].__name__, "expression", sides[1], "this", sides[0])
        if isinstance(node, _EITHER_WAY):
            pair = sorted((self._form(node.this, frames), self._form(node.expression, frames)))
            return self._of(type(node).__name__, *pair)
        if isinstance(node, exp.Exists) and isinstance(node.this, exp.Query):
            rows = self._inner(node.this)
            return self._of("exists", self._rows(rows, frames)) if rows else self._unlike()
        return self._other(node, frames)

    def _other(self, node: exp.Expr, frames: Frames) -> int:
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return self._over(node, self._of("count"), frames)
        if isinstance(node, exp.Star | exp.Columns):
            return self._of("star", node.sql(comments=False), *self._in_reach(frames))
        if isinstance(node, exp.Lambda | exp.Comprehension):
            names = node.expressions or [node.expression, node.args.get("position")]
            self._parameters.append({part.name.casefold() for part in names if isinstance(part, exp.Expr)})
            form = self._node(node, frames)
            self._parameters.pop()
            return form
        if isinstance(node, exp.In) and not node.args.get("query"):
            items = sorted(self._form(item, frames) for item in node.expressions)
            rest = self._node(node, frames, skip=frozenset({"expressions"}))
            return self._of("In", rest, *items)
        if isinstance(node, exp.Anonymous):
            return self._of("call", node.name.casefold(), self._form(node.expressions, frames))
        if isinstance(node, exp.WindowSpec):
            parts = [
                self._of(key, value.casefold() if isinstance(value, str) else self._form(value, frames))
                for key, value in sorted(node.args.items())
                if value
            ]
            return self._of("spec", *parts)
        if isinstance(node, exp.Window):
            return self._over(node, self._window(node, frames), frames)
        return self._over(node, self._node(node, frames), frames)

    def _over(self, node: exp.Expr, form: int, frames: Frames) -> int:
        """An aggregate or a window with the rows that it goes over."""
        if not isinstance(node, AGGREGATES) or not frames or isinstance(node.parent, exp.Window):
            return form
        over = frames[-1].over
        return form if over is None else self._of("over", over, form)

    def _window(self, node: exp.Window, frames: Frames) -> int:
        """A window, with what it has from a named one in place of the name."""
        args: dict[str, object] = {key: value for key, value in node.args.items() if value and key != "over"}
        seen: set[str] = set()
        while isinstance(name := args.pop("alias", None) or args.pop("first", None), exp.Identifier):
            named = self._named_window(name, frames)
            if named is None or name.name.casefold() in seen:
                return self._unlike()
            seen.add(name.name.casefold())
            inherited = {key: value for key, value in named.args.items() if value and key != "this"}
            args = {**inherited, **args}
        forms = [self._of(key, self._form(value, frames)) for key, value in sorted(args.items())]
        return self._of("Window", *forms)

    def _named_window(self, name: exp.Identifier, frames: Frames) -> exp.Window | None:
        for frame in reversed(frames):
            for window in (frame.select.node.args.get("windows") or ()) if frame.select else ():
                if window.this.name.casefold() == name.name.casefold():
                    return window  # type: ignore[no-any-return]
        return None

    def _dot(self, node: exp.Dot, frames: Frames) -> int:
        """A field inside of a value: all of its path is in the binding of the column that it begins with."""
        base: exp.Expr = node
        while isinstance(base, exp.Dot):
            base = base.this
        bound = binding(base) if isinstance(base, exp.Column) else None
        is_path = all(isinstance(part, exp.Identifier) for part in _dotted(node))
        if bound is not None and bound.inside and is_path:
            return self._bound(bound, frames)
        return self._node(node, frames)

    def _node(self, node: exp.Expr, frames: Frames, *, skip: frozenset[str] = frozenset()) -> int:
        parts: list[str | int] = [type(node).__name__]
        for key, value in sorted(node.args.items()):
            if value is None or value is False or value == [] or key in skip:
                continue
            parts += [key, self._form(value, frames)]
        return self._of(*parts)

    def _terms(self, node: exp.Expr, frames: Frames) -> list[int]:
        """The conditions of a chain of ANDs."""
        terms = and_terms(without_brackets(node), exp.And)
        return [
            self._form(term, frames)
            for term in terms
            if not (isinstance(term, exp.Boolean) and term.this is True)
        ]

    def _all_of(self, terms: Iterable[int]) -> int:
        return self._of("all of", *sorted(terms))

    def _query(self, node: exp.Query, frames: Frames) -> int:
        rows = self._inner(node)
        if rows is None:
            return self._unlike()
        return self._of("query", self._rows(rows, frames), *self._every_column(rows, frames))

    def _inner(self, node: exp.Expr) -> Rows | None:
        if id(node) not in self._nested:
            self._nested[id(node)] = nested_rows(node)
        return self._nested[id(node)]


def _dotted(node: exp.Expr) -> Iterator[exp.Expr]:
    while isinstance(node, exp.Dot):
        yield node.expression
        node = node.this
