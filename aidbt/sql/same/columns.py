"""The forms of columns: which function of a row of what a query reads each of them is."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping

from sqlglot import exp

from aidbt.sql.resolve.rows import Bound, Field, Rows, Selected, Source
from aidbt.sql.same.expressions import ExpressionForms
from aidbt.sql.same.frames import Frame, Frames, Numbers, leaves, place_of, seen_from
from aidbt.sql.same.trees import AGGREGATES, SPREADS, ancestors, cte_of, is_recursive, is_volatile


class ColumnForms(ExpressionForms):
    """The forms of columns, followed through CTEs and subqueries; the frames of SELECTs are added below.

    Args:
        names: (key of a relation, column) → the name to know the column by.
    """

    def __init__(self, numbers: Numbers, names: Mapping[tuple[str, str], str]) -> None:
        super().__init__(numbers)
        self._names = names
        self._columns_known: dict[tuple[int | None, ...], int] = {}
        self._fields: dict[int, dict[int, int]] = {}
        self._recursing: list[exp.CTE] = []

    @abstractmethod
    def _passes(self, rows: Rows, *, is_last: bool = False) -> bool:
        """Whether a query has rows of the one thing it reads, and columns plainly made of those."""

    @abstractmethod
    def _passing_frame(self, select: Selected, at: int | None) -> Frame:
        """The frame of such a query, whose rows are addressed so."""

    @abstractmethod
    def _frame(self, select: Selected, outer: Frames) -> Frame:
        """The frame of any other SELECT."""

    def _column(self, rows: Rows, place: int, at: int | None, outer: Frames) -> int:
        """What the column at a place of a query is made of, of a row that is addressed so."""
        key = (id(rows), place, at, *map(id, outer))
        if key not in self._columns_known:
            self._columns_known[key] = self._new_column(rows, place, at, outer)
        return self._columns_known[key]

    def _new_column(self, rows: Rows, place: int, at: int | None, outer: Frames) -> int:
        if rows.branches:
            return self._at(at, self._of("either", rows.operation, *self._either(rows, place, outer)))
        select = rows.select
        if select is None:
            return self._unlike()
        if self._passes(rows, is_last=True):
            return self._field(rows.fields[place], (*outer, self._passing_frame(select, at)))
        return self._at(at, self._field(rows.fields[place], (*outer, self._frame(select, outer))))

    def _at(self, at: int | None, form: int) -> int:
        return form if at is None else self._of("of", at, form)

    def _either(self, rows: Rows, place: int, outer: Frames) -> Iterator[int]:
        left, right = rows.branches
        places = (place, place)
        if rows.clauses[0].args.get("by_name"):
            keys = list(dict.fromkeys(column.key for column in (*left.fields, *right.fields)))
            key = keys[place] if place < len(keys) else ""
            one, other = (
                next((i for i, f in enumerate(b.fields) if f.key == key), -1) for b in (left, right)
            )
            places = (one, other)
        for branch, its in zip((left, right), places, strict=True):
            known = 0 <= its < len(branch.fields)
            yield self._column(branch, its, None, outer) if known else self._of("none", self._open(branch))

    def _every_column(self, rows: Rows, outer: Frames) -> list[int]:
        """All columns of a query: where equal rows become one, or are compared, each of them counts."""
        forms = [self._column(rows, at, None, outer) for at in range(len(rows.fields))]
        return forms if rows.is_complete else [*forms, self._open(rows)]

    def _field(self, column: Field, frames: Frames) -> int:
        """What a column of a SELECT is made of."""
        node = column.expression
        if node is None:
            if column.origin is not None:
                return self._bound(column.origin, frames)
            return self._of("named", column.key, *self._in_reach(frames))
        if any(True for _ in node.find_all(exp.Columns)):
            return self._of("columns", column.key, self._form(node.unalias(), frames))
        form = self._form(node.unalias(), frames)
        if isinstance(node.unalias(), SPREADS):
            form = self._of("spread as", column.key, form)
        over = frames[-1].over
        if column.is_aggregate and over is not None and node.find(*AGGREGATES) is None:
            form = self._of("over", over, form)  # an aggregate that the parser knows as a function only
        if is_volatile(node):
            return self._of("volatile", self._nth(column, form, frames), form)
        return form

    def _nth(self, column: Field, form: int, frames: Frames) -> int:
        """Which of the columns of its SELECT that are written alike it is: each gives values of its own."""
        select = frames[-1].select
        before = []
        for other in select.fields if select else ():
            if other is column:
                break
            if other.expression is not None and is_volatile(other.expression):
                before.append(self._form(other.expression.unalias(), frames))
        return before.count(form)

    # --- names ----------------------------------------------------------------------------------------------

    def _bound(self, bound: Bound, frames: Frames) -> int:
        form = self._referred(bound, frames)
        return self._of("inside", form, *bound.inside) if bound.inside else form

    def _referred(self, bound: Bound, frames: Frames) -> int:
        for depth in range(len(frames) - 1, -1, -1):
            frame = frames[depth]
            here = frames[: depth + 1]
            if bound.source is not None:
                if id(bound.source) in frame.sources:
                    return self._of_source(bound.source, bound.column, frames, depth)
                continue
            select = frame.select
            if select is not None and any(bound.column is known for known in select.fields):
                return self._field(bound.column, here)
            if frame.own is not None:
                place = place_of(frame.own.fields, bound.column)
                if place is not None:
                    return self._column(frame.own, place, None, frames[:depth])
            if id(bound.column) in frame.merged:
                form, steps = frame.merged[id(bound.column)], len(frames) - 1 - depth
                return self._of("outer", steps, form) if steps else form
        return self._unlike()

    def _of_source(self, source: Source, column: Field, frames: Frames, depth: int) -> int:
        """A column of something that a SELECT reads, of the row at hand."""
        places = self._places(source)
        place = places.get(id(column), place_of(source.fields, column))
        if place is None:
            return self._unlike()
        at = self._address(source, frames, depth)
        return self._source_column(source, place, at, frames[: depth + 1])

    def _address(self, source: Source, frames: Frames, depth: int = -1) -> int | None:
        frame = frames[depth]
        at = frame.places[id(source)]
        steps = 0 if depth == -1 else len(frames) - 1 - depth
        missing = frame.missing.get(id(source))
        if (frame.is_fixed or at is None) and not steps and missing is None:
            return at
        return self._of("row", steps, -1 if at is None else at, *([] if missing is None else [missing]))

    def _source_column(self, source: Source, place: int, at: int | None, frames: Frames) -> int:
        if source.kind == "relation":
            relation = source.relation
            columns = relation.columns if relation is not None else ()
            name = columns[place].name if place < len(columns) else source.fields[place].name
            name = self._names.get((relation.key, name), name) if relation is not None else name
            return self._at(at, self._of("column", self._relation(source), name))
        if source.rows is not None and source.kind in ("cte", "subquery"):
            if self._is_itself(source):
                return self._at(at, self._of("of itself", self._level(source), place))
            if len(source.rows.fields) <= place:
                return self._at(at, self._of("trusted", source.fields[place].key, self._open(source.rows)))
            with self._going_round(source):
                return self._column(source.rows, place, at, seen_from(source.rows, frames))
        if source.kind in ("join", "pivot"):
            return self._at(at, self._of(source.kind, place, self._inside(source, frames)))
        return self._at(at, self._of(source.kind, place, self._computed(source, frames)))

    def _columns_of(self, source: Source, frames: Frames) -> list[int]:
        """All columns of a source, for what depends on each of them."""
        depth = next(i for i in range(len(frames) - 1, -1, -1) if id(source) in frames[i].sources)
        forms = [self._of_source(source, column, frames, depth) for column in source.fields]
        return forms if source.is_complete else [*forms, self._open_source(source)]

    def _in_reach(self, frames: Frames) -> list[int]:
        """All columns of all that the innermost SELECT reads."""
        return [
            form
            for source in frames[-1].sources.values()
            if not any(source in other.joined for other in frames[-1].sources.values())
            for form in self._columns_of(source, frames)
        ]

    def _places(self, source: Source) -> dict[int, int]:
        if id(source) not in self._fields:
            self._fields[id(source)] = {id(column): at for at, column in enumerate(source.fields)}
        return self._fields[id(source)]

    def _base(self, source: Source) -> int:
        """A name for a source that holds while its filters and columns change: what it begins with."""
        while source.rows is not None and source.kind in ("cte", "subquery") and not self._is_itself(source):
            rows = source.rows
            while rows.branches:
                rows = rows.branches[0]
            first = next(leaves(rows.select.joins), None) if rows.select is not None else None
            if first is None:
                return self._of("base", "query")
            source = first
        if source.kind == "relation":
            return self._of("base", self._relation(source))
        return self._of("base", source.kind)

    # --- sources --------------------------------------------------------------------------------------------

    def _is_itself(self, source: Source) -> bool:
        """Whether a source is the recursive query that it stands in."""
        cte = cte_of(source.node) if source.kind == "cte" else None
        return cte is not None and any(cte is known for known in ancestors(source.node))

    @contextlib.contextmanager
    def _going_round(self, source: Source) -> Iterator[bool]:
        """Inside, a recursive query that a source is may read itself; whether it is one."""
        cte = cte_of(source.node) if source.kind == "cte" else None
        if cte is None or not is_recursive(cte):
            yield False
            return
        self._recursing.append(cte)
        try:
            yield True
        finally:
            self._recursing.pop()

    def _level(self, source: Source) -> int:
        """Which of the recursive queries around it a source is, counted from the innermost."""
        cte = cte_of(source.node)
        levels = (level for level, known in enumerate(reversed(self._recursing)) if known is cte)
        return next(levels, -1)

    def _relation(self, source: Source) -> int:
        if source.relation is not None:
            return self._of("relation", source.relation.key)
        return self._of("written", *[part.name.casefold() for part in source.node.find_all(exp.Identifier)])

    def _inside(self, source: Source, frames: Frames) -> int:
        """What a PIVOT, or a join in brackets, makes of what it is made of."""
        nodes = [*(source.node.args.get("pivots") or [])] if source.kind == "pivot" else []
        if source.kind == "join":
            nodes = list(source.node.this.args.get("joins") or [])
        forms = [self._node(node, frames, skip=frozenset({"this", "alias"})) for node in nodes]
        columns = [form for part in source.joined for form in self._columns_of(part, frames)]
        return self._of("inside", *forms, *columns)

    def _computed(self, source: Source, frames: Frames) -> int:
        """Values, a list or a function in FROM."""
        return self._node(source.node, frames, skip=frozenset({"alias", "joins", "laterals", "pivots"}))

    # --- what is not known ----------------------------------------------------------------------------------

    def _open(self, rows: Rows) -> int:
        """The columns that a query has besides those that are known."""
        if rows.branches:
            return self._of("open", *(self._open(branch) for branch in rows.branches))
        through = self._starred(rows)
        if through is not None:
            return self._open_source(through)
        return self._of("open", *(self._stars(rows.select) if rows.select else [self._unlike()]))

    def _stars(self, select: Selected) -> list[int]:
        texts = [item.sql(comments=False) for item in select.node.expressions if item.find(exp.Star)]
        sources = [source for source in leaves(select.joins) if not source.is_complete]
        return [*(self._of("text", text) for text in texts), *map(self._open_source, sources)]

    def _open_source(self, source: Source) -> int:
        if source.rows is not None and source.kind in ("cte", "subquery") and not self._is_itself(source):
            return self._open(source.rows)
        return self._of("open", self._relation(source) if source.kind == "relation" else self._unlike())

    def _trusted(self, source: Source, name: str, at: int | None) -> int:
        """A column of something of which not all columns are known."""
        rows = source.rows if source.kind in ("cte", "subquery") and not self._is_itself(source) else None
        if source.kind == "relation":
            return self._at(at, self._of("column", self._relation(source), name))
        through = self._starred(rows) if rows is not None else None
        if through is not None:
            return self._trusted(through, name, at)
        return self._at(at, self._of("trusted", name, self._open_source(source)))

    def _starred(self, rows: Rows) -> Source | None:
        """What a query passes on whole, as `select * from …` does; None for any other query."""
        if rows.select is None or rows.clauses or not self._passes(rows, is_last=True):
            return None
        given = rows.select.node.expressions
        is_bare = len(given) == 1 and isinstance(given[0], exp.Star) and not any(given[0].args.values())
        return rows.select.joins[0].sources[0] if is_bare else None

    def _unbound(self, node: exp.Column, frames: Frames) -> int:
        """A name that is no known column: a row as a value, a column taken on trust, a word like USER."""
        parts = [part.name for part in node.parts]
        if len(parts) == 1 and any(parts[0].casefold() in names for names in self._parameters):
            return self._of("parameter", parts[0].casefold())
        words = [part.name if part.args.get("quoted") else part.name.casefold() for part in node.parts]
        for depth in range(len(frames) - 1, -1, -1):
            sources = list(frames[depth].sources.values())
            named = [s for s in sources if s.key and s.key.casefold() == parts[0].casefold()]
            path = words[1:]
            if len(parts) == 1 and not named:
                named = [source for source in sources if not source.is_complete]
                path = words
            if len(named) > 1:
                return self._unlike()
            if named:
                at = self._address(named[0], frames, depth)
                if path and path[0] != "*" and not named[0].is_complete:
                    column = self._trusted(named[0], path[0], at)
                    return self._of("inside", column, *path[1:]) if path[1:] else column
                every = self._columns_of(named[0], frames)
                return self._at(at, self._of("row of", *every, -1, *path))
        if len(parts) > 1:
            # A field inside of a column that must be there.
            known = [s for s in frames[-1].sources.values() if not s.is_complete] if frames else []
            if len(known) != 1:
                return self._unlike()
            column = self._trusted(known[0], words[0], self._address(known[0], frames))
            return self._of("inside", column, *words[1:])
        places = [self._address(source, frames) for source in frames[-1].sources.values()] if frames else []
        return self._of("word", words[0], *(-1 if at is None else at for at in places))
