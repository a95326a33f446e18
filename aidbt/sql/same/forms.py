"""The canonical form of a resolved query: what its result depends on, and nothing else.

A form is a number; equal numbers mean the same. The form of a column says what function it is of a row of
what the query reads; the form of the rows says which rows those are. Names of CTEs, aliases, brackets,
comments and layers that only pass columns on are not in it. Where two writings of the same result are not
known to be the same, they get two forms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from aidbt.sql.conditions import without_brackets
from aidbt.sql.resolve.rows import Field, Joined, Rows, Selected, Source
from aidbt.sql.same.columns import ColumnForms
from aidbt.sql.same.frames import CUTS, Frame, Frames, Numbers, is_correlated, leaves, seen_from
from aidbt.sql.same.trees import SPREADS, is_plain

# Words for what decides the rows, in the order in which they are told.
ROW_PARTS = (
    "what it reads", "a join", "the filter", "the grouping", "the deduplication", "a set operation",
    "the limit", "the order",
)  # fmt: skip
# What a SELECT may have that only passes on, and perhaps filters, the rows of the one thing it reads.
_PASSING = frozenset({"expressions", "from_", "with_", "where", "order", "hint"})
# Arguments of a SELECT that are described on their own, or that make no difference to its rows.
_APART = frozenset(
    {"expressions", "from_", "with_", "joins", "laterals", "where", "group", "windows", "hint"}
)
_ORDERS = ("order", "sort", "cluster", "distribute")
_TABLE_NAMES = frozenset(
    {"this", "db", "catalog", "alias", "joins", "laterals", "pivots", "hints", "with_", "order", "limit"}
    | {"offset"}
)
_JOIN_WORDS = frozenset({"this", "on", "using", "side", "kind", "method", "hint"})
_PLAIN_JOINS = frozenset({"", "INNER", "OUTER", "CROSS"})


class QueryForms(ColumnForms):
    """The forms of one resolved query.

    Args:
        keeps_order: whether something in the queries depends on the order of rows that are read.
        names: (key of a relation, column) → the name to know the column by.
    """

    def __init__(
        self, rows: Rows, numbers: Numbers, *, keeps_order: bool, names: Mapping[tuple[str, str], str]
    ) -> None:
        super().__init__(numbers, names)
        self._root = rows
        self._keeps_order = keeps_order
        self._rows_known: dict[tuple[int, ...], int] = {}
        self._frames: dict[tuple[int, ...], tuple[Frame, Frames]] = {}
        # What is known by `id` must live as long as this does, or another object could get the same one.
        self._alive: list[object] = []
        self._parts: list[tuple[str, int]] = []

    # --- what is asked ------------------------------------------------------------------------------------

    def columns(self) -> list[int]:
        """The form of every column, in order."""
        return [self._column(self._root, at, None, ()) for at in range(len(self._root.fields))]

    def rest(self) -> int:
        """The form of the columns that a star passes on without their names being known."""
        return self._of("rest") if self._root.is_complete else self._open(self._root)

    def rows(self) -> int:
        """The form of the rows, without their order."""
        return self._rows(self._root, (), is_last=True)

    def row_parts(self) -> Counter[tuple[str, int]]:
        """What decides the rows: (one of ROW_PARTS, form), of all queries inside."""
        self.rows()
        return Counter(self._parts)

    def grain(self) -> int:
        """The form of the grouping or deduplication that makes the rows what they are."""
        return self._grain(self._root, ())

    # --- rows ---------------------------------------------------------------------------------------------

    def _rows(self, rows: Rows, outer: Frames, *, is_last: bool = False) -> int:
        key = (id(rows), is_last, *map(id, outer))
        if key not in self._rows_known:
            self._rows_known[key] = self._new_rows(rows, outer, is_last=is_last)
        return self._rows_known[key]

    def _new_rows(self, rows: Rows, outer: Frames, *, is_last: bool) -> int:
        form = self._body(rows, outer, is_last=is_last)
        for node in rows.clauses:
            frame = Frame(own=rows)
            self._alive.append(frame)
            if any(node.args.get(cut) for cut in CUTS):
                form = self._of("cut", form, self._limit(node, (*outer, frame), rows))
            elif not is_last and self._keeps_order and node.args.get("order"):
                form = self._of("ordered", form, self._order(node, (*outer, frame), rows))
        return form

    def _body(self, rows: Rows, outer: Frames, *, is_last: bool) -> int:
        if rows.branches:
            return self._set_operation(rows, outer)
        if rows.select is None:
            return self._unlike()
        if self._passes(rows, is_last=is_last):
            terms, base = self._filtered(rows.select, None, outer, is_last=is_last)
            return self._of("rows", base, self._part("the filter", self._all_of(terms))) if terms else base
        self._frame(rows.select, outer)
        return self._rows_known[self._select_key(rows.select, outer, is_last=is_last)]

    def _set_operation(self, rows: Rows, outer: Frames) -> int:
        flags = [key for key in ("distinct", "by_name", "side", "kind") if rows.clauses[0].args.get(key)]
        kind = self._of("operation", rows.operation, *flags, len(rows.branches))
        parts = [self._part("a set operation", kind)]
        compares = "distinct" in flags or rows.operation != "union"
        for branch in rows.branches:
            parts.append(self._rows(branch, outer))
            if compares:
                parts += self._every_column(branch, outer)
        return self._of("rows", *parts)

    def _passes(self, rows: Rows, *, is_last: bool = False) -> bool:
        """Whether a query has rows of the one thing it reads, and columns plainly made of those."""
        select = rows.select
        if select is None or rows.branches or select.is_aggregated or is_correlated(rows):
            return False
        node = select.node
        first = select.joins[0] if len(select.joins) == 1 else None
        if first is None or first.inner or len(first.sources) != 1:
            return False
        if any(value and key not in _PASSING for key, value in node.args.items()):
            return False
        if node.args.get("order") and self._keeps_order and not is_last:
            return False
        written = [column.expression for column in select.fields if column.expression is not None]
        where = node.args.get("where")
        return all(is_plain(part) for part in [*written, *([where] if where else [])])

    def _filtered(
        self, select: Selected, at: int | None, outer: Frames, *, is_last: bool = False
    ) -> tuple[list[int], int]:
        """Of a query that passes rows on: the conditions they pass, and the rows that there were before."""
        source = select.joins[0].sources[0]
        where = select.node.args.get("where")
        frames = (*outer, self._passing_frame(select, at))
        terms = self._terms(where.this, frames) if where else []
        below, base = self._source_filtered(source, at, frames, is_last=is_last)
        return [*below, *terms], base

    def _source_filtered(
        self, source: Source, at: int | None, frames: Frames, *, is_last: bool = False
    ) -> tuple[list[int], int]:
        rows = source.rows
        if (
            rows is not None
            and rows.select is not None
            and source.kind in ("cte", "subquery")
            and not rows.clauses
            and not self._extras(source, frames)
            and not self._is_itself(source)
            and self._passes(rows, is_last=is_last)
        ):
            return self._filtered(rows.select, at, (), is_last=is_last)
        return [], self._source_rows(source, frames, is_last=is_last)

    def _passing_frame(self, select: Selected, at: int | None) -> Frame:
        source = select.joins[0].sources[0]
        frame = Frame(select=select, is_fixed=True)
        self._alive.append(frame)
        self._register(source, at, frame)
        return frame

    def _source_rows(self, source: Source, frames: Frames, *, is_last: bool = False) -> int:
        """The rows of something in FROM."""
        extras = self._extras(source, frames)
        if source.kind in ("join", "pivot"):
            inner = [self._source_rows(part, frames) for part in source.joined]
            return self._of(source.kind, *inner, self._inside(source, frames), *extras)
        if source.kind == "relation":
            read = self._part("what it reads", self._relation(source))
            return self._of("relation", read, *extras)
        if source.rows is not None and source.kind in ("cte", "subquery"):
            form = self._query_rows(source, source.rows, frames, is_last=is_last)
            return self._of("with", form, *extras) if extras else form
        return self._part("what it reads", self._of(source.kind, self._computed(source, frames)))

    def _query_rows(self, source: Source, rows: Rows, frames: Frames, *, is_last: bool) -> int:
        """The rows of a CTE or a subquery in FROM."""
        if self._is_itself(source):
            return self._of("itself", self._level(source))
        seen = seen_from(rows, frames)
        with self._going_round(source) as is_recursive:
            form = self._rows(rows, seen, is_last=is_last)
            # Its rows are made of its own columns, those of the round before.
            return self._of("recursive", form, *self._every_column(rows, seen)) if is_recursive else form

    def _extras(self, source: Source, frames: Frames) -> list[int]:
        """What stands at a table besides its name, such as a sample."""
        if source.kind not in ("relation", "cte", "subquery", "pivot"):
            return []
        args = source.node.args if isinstance(source.node, exp.Table | exp.Subquery) else {}
        return [
            self._of(key, self._form(value, frames))
            for key, value in sorted(args.items())
            if value and key not in _TABLE_NAMES
        ]

    def _part(self, word: str, form: int) -> int:
        self._parts.append((word, form))
        return self._of("part", word, form)

    # --- a SELECT -----------------------------------------------------------------------------------------

    def _select_key(self, select: Selected, outer: Frames, *, is_last: bool) -> tuple[int, ...]:
        return (id(select), is_last, *map(id, outer))

    def _frame(self, select: Selected, outer: Frames) -> Frame:
        """The frame of a SELECT; its rows are described on the way."""
        key = (id(select), *map(id, outer))
        if key in self._frames:
            return self._frames[key][0]
        frame = Frame(select=select)
        frames = (*outer, frame)
        self._frames[key] = (frame, outer)
        for source in leaves(select.joins):
            if not frame.sources:
                frame.bases = self._first_bases(source, outer)
                self._register(source, None, frame)
                continue
            base = self._base(source)
            self._register(source, self._of("place", base, frame.bases[base]), frame)
            frame.bases[base] += 1
        body = self._from(select, frames)
        node = select.node
        where = node.args.get("where")
        if where is not None:
            body.append(self._part("the filter", self._all_of(self._terms(where.this, frames))))
        body += self._others(node, frames)
        body += self._spread_rows(select, frames)
        body += self._grouping(select, frames)
        kept = list(body)
        if having := node.args.get("having"):
            kept.append(self._part("the filter", self._all_of(self._terms(having.this, frames))))
        rows = [*kept, *self._deduplication(select, frames)]
        if any(node.args.get(cut) for cut in CUTS):
            rows.append(self._limit(node, frames, select))
        last = self._of("rows", *rows)
        if self._keeps_order and any(node.args.get(order) for order in _ORDERS):
            rows.append(self._order(node, frames, select))
        self._rows_known[self._select_key(select, outer, is_last=True)] = last
        self._rows_known[self._select_key(select, outer, is_last=False)] = self._of("rows", *rows)
        frame.over = self._of("rows", *kept)
        return frame

    def _register(self, source: Source, at: int | None, frame: Frame) -> None:
        frame.sources[id(source)] = source
        frame.places[id(source)] = at
        for number, part in enumerate(source.joined):
            self._register(part, self._of("in", -1 if at is None else at, number), frame)

    def _first_bases(self, source: Source, outer: Frames) -> Counter[int]:
        """The bases whose rows the columns of a first source may address without saying of which SELECT."""
        rows = source.rows if source.kind in ("cte", "subquery") and not self._is_itself(source) else None
        if rows is None or rows.branches or rows.select is None:
            return Counter({self._base(source): 1})
        if self._passes(rows, is_last=True):
            return self._first_bases(rows.select.joins[0].sources[0], ())
        return self._frame(rows.select, seen_from(rows, outer)).bases.copy()

    def _from(self, select: Selected, frames: Frames) -> list[int]:
        """What is read and how it is joined."""
        joins = select.joins
        if len(joins) == 1 and len(joins[0].sources) == 1 and not joins[0].inner:
            source = joins[0].sources[0]
            terms, base = self._source_filtered(source, self._address(source, frames), frames)
            return [base, *([self._part("the filter", self._all_of(terms))] if terms else [])]
        return self._joins(joins, frames)

    def _joins(self, joins: Sequence[Joined], frames: Frames) -> list[int]:
        forms: list[int] = []
        before: list[Source] = []
        for joined in joins:
            parts = (
                self._joins(joined.inner, frames)
                if joined.inner
                else [self._source_rows(source, frames) for source in joined.sources]
            )
            forms += parts
            own = list(leaves([joined]))
            if joined.node is not None:
                how = self._part("a join", self._join(joined, joined.node, frames))
                forms.append(how)
                self._leave_empty(joined, before, own, self._of("joined", how, *parts), frames[-1])
                self._merge(joined, frames)
            before += own
        return forms

    def _join(self, joined: Joined, node: exp.Join, frames: Frames) -> int:
        terms = self._terms(node.args["on"], frames) if node.args.get("on") is not None else []
        before, own = self._sides(joined, frames)
        for left, right, _ in joined.equal:
            sides = sorted((self._merging(left, before, frames), self._merging(right, own, frames)))
            terms.append(self._of("EQ", *sides))
        kind = "" if joined.kind in _PLAIN_JOINS or (joined.kind == "NATURAL" and terms) else joined.kind
        others = [
            self._of(key, self._form(value, frames))
            for key, value in sorted(node.args.items())
            if value and key not in _JOIN_WORDS
        ]
        return self._of("join", joined.side, kind, self._all_of(terms), *others)

    def _merging(self, column: Field, side: Iterable[Source], frames: Frames) -> int:
        """A column of one side of USING: of a source, merged before, or taken on trust."""
        merged = frames[-1].merged.get(id(column))
        if merged is not None:
            return merged
        sources = list(side)
        for source in sources:
            if id(column) in self._places(source):
                return self._of_source(source, column, frames, len(frames) - 1)
        trusted = next((source for source in sources if not source.is_complete), None)
        if trusted is None:
            return self._unlike()
        return self._trusted(trusted, column.name, self._address(trusted, frames))

    def _sides(self, joined: Joined, frames: Frames) -> tuple[list[Source], list[Source]]:
        """What stands before a join, and what it joins."""
        own = list(leaves([joined]))
        return [s for s in frames[-1].sources.values() if not any(s is other for other in own)], own

    def _merge(self, joined: Joined, frames: Frames) -> None:
        before, own = self._sides(joined, frames)
        for left, right, merged in joined.equal:
            if merged is None:
                continue
            one, other = self._merging(left, before, frames), self._merging(right, own, frames)
            form = one
            if joined.side == "RIGHT":
                form = other
            elif joined.side == "FULL":
                form = self._of("Coalesce", "expressions", self._of("list", other), "this", one)
            frames[-1].merged[id(merged)] = form

    def _leave_empty(
        self, joined: Joined, before: list[Source], own: list[Source], how: int, frame: Frame
    ) -> None:
        """Note the sources that an outer join fills up with NULLs."""
        is_positional = joined.kind == "POSITIONAL"
        emptied = own if joined.side in ("LEFT", "FULL") or is_positional else []
        emptied = emptied + (before if joined.side in ("RIGHT", "FULL") or is_positional else [])
        for source in emptied:
            frame.missing[id(source)] = self._of("missing", frame.missing.get(id(source), -1), how)

    def _grouping(self, select: Selected, frames: Frames) -> list[int]:
        group = select.node.args.get("group")
        if group is None:
            return [self._part("the grouping", self._of("one row"))] if select.is_aggregated else []
        if group.args.get("all"):
            plain = [column for column in select.fields if not column.is_aggregate]
            keys = [self._field(column, frames) for column in plain]
        else:
            keys = [self._item(key, select, frames) for key in select.group or ()]
        if {key for key, value in group.args.items() if value} - {"expressions", "all"}:
            # In GROUPING SETS, ROLLUP and CUBE the place of each key counts.
            return [self._part("the grouping", self._of("sets", *keys, -1, self._node(group, frames)))]
        return [self._part("the grouping", self._of("group", *sorted(set(keys))))]

    def _deduplication(self, select: Selected, frames: Frames) -> list[int]:
        found = []
        distinct = select.node.args.get("distinct")
        if distinct is not None:
            on = distinct.args.get("on")
            if on is None:
                chosen = self._of("distinct", *sorted(set(self._selected(select, frames))))
            else:
                keys = on.expressions if isinstance(on, exp.Tuple) else [on]
                items = sorted(self._item(key, select, frames) for key in keys)
                chosen = self._of("distinct on", *items, self._ordering(select.node, frames, select))
            found.append(self._part("the deduplication", chosen))
        if qualify := select.node.args.get("qualify"):
            terms = self._all_of(self._terms(qualify.this, frames))
            found.append(self._part("the deduplication", terms))
        return found

    def _selected(self, select: Selected, frames: Frames) -> list[int]:
        """All that a SELECT gives."""
        forms = [self._field(column, frames) for column in select.fields]
        stars = [item for item in select.node.expressions if item.find(exp.Star)]
        is_open = any(not source.is_complete for source in leaves(select.joins))
        return [*forms, *(self._stars(select) if stars and is_open else [])]

    def _spread_rows(self, select: Selected, frames: Frames) -> list[int]:
        """Lists in the select list that become rows."""
        found = dict.fromkeys(
            self._form(column.expression, frames)
            for column in select.fields
            if column.expression is not None and column.expression.find(*SPREADS)
        )
        return [self._part("what it reads", self._of("spread", form)) for form in found]

    def _others(self, node: exp.Select, frames: Frames) -> list[int]:
        """Clauses that have no word of their own here."""
        known = {*_APART, *_ORDERS, *CUTS, "having", "distinct", "qualify"}
        return [
            self._part("the filter", self._of(key, self._form(value, frames)))
            for key, value in sorted(node.args.items())
            if value and key not in known
        ]

    def _limit(self, node: exp.Expr, frames: Frames, among: Rows | Selected) -> int:
        cuts = [self._of(cut, self._form(node.args[cut], frames)) for cut in CUTS if node.args.get(cut)]
        return self._part("the limit", self._of("limit", *cuts, self._ordering(node, frames, among)))

    def _order(self, node: exp.Expr, frames: Frames, among: Rows | Selected) -> int:
        return self._part("the order", self._ordering(node, frames, among))

    def _ordering(self, node: exp.Expr, frames: Frames, among: Rows | Selected) -> int:
        found = []
        for name in _ORDERS:
            for ordered in node.args[name].expressions if node.args.get(name) else ():
                inner = ordered.this if isinstance(ordered, exp.Ordered) else ordered
                ways = [key for key in ("desc", "nulls_first", "with_fill") if ordered.args.get(key)]
                if isinstance(inner, exp.Var):  # ORDER BY ALL
                    own = among if isinstance(among, Selected) else None
                    every = self._selected(own, frames) if own else [self._unlike()]
                    found.append(self._of("ordered", *every, *ways))
                    continue
                found.append(self._of("ordered", self._item(inner, among, frames), *ways))
        return self._of("by", *found)

    def _item(self, node: exp.Expr, among: Rows | Selected, frames: Frames) -> int:
        """What is grouped or ordered by; a number is a column by its place."""
        node = without_brackets(node)
        if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(among.fields):
            at = int(node.name) - 1
            if isinstance(among, Rows):
                return self._column(among, at, None, frames[:-1])
            return self._field(among.fields[at], frames)
        return self._form(node, frames)

    # --- grain --------------------------------------------------------------------------------------------

    def _grain(self, rows: Rows, outer: Frames) -> int:
        if rows.branches:
            if rows.operation != "union" or rows.clauses[0].args.get("distinct"):
                return self._of("a row once")
            return self._of("branches", *(self._grain(branch, outer) for branch in rows.branches))
        select = rows.select
        if select is None or not select.joins:
            return self._of("rows")
        if not self._passes(rows, is_last=True):
            frame = self._frame(select, outer)
            over, frame.over = frame.over, None
            frames = (*outer, frame)
            own = [*self._grouping(select, frames), *self._deduplication(select, frames)]
            frame.over = over
            if own:
                return self._of("grain", *own)
        first = next(leaves(select.joins))
        if first.rows is None or first.kind not in ("cte", "subquery") or self._is_itself(first):
            return self._of("rows")
        return self._grain(first.rows, ())
