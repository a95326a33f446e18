"""Which columns of a query are certainly unique, and which joins multiply rows that are then added up.

What is known comes from the declared keys of the relations. Within one SELECT it is followed as functional
dependencies: a key of a source decides all of its columns, an equality of two columns lets each decide the
other, a constant is decided from the start (see Paulley, "Exploiting Functional Dependence in Query
Optimization", 2000, for the rules of each operator).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.sql.conditions import conjuncts
from aidbt.sql.parse import call_deep
from aidbt.sql.resolve import binding, selects
from aidbt.sql.resolve.expressions import passes_on
from aidbt.sql.resolve.rows import Bound, Field, Joined, Rows, Selected, Source
from aidbt.sql.resolve.run import rows_of
from aidbt.sql.resolve.scope import Problems
from aidbt.sql.resolved import SqlProblem

Key = frozenset[int]
"""Positions of columns of a query, or the `id` of columns of sources, of which no two rows are alike."""

_Answer = TypeVar("_Answer")
# More keys than a query ever has a use for: joins of joins would square them each time.
_MOST_KEYS = 12


def unique_keys(tree: exp.Expr) -> tuple[tuple[str, ...], ...]:
    """The smallest sets of columns of which no two rows of a query are alike, as far as that is certain.

    An empty set means at most one row. A set that holds another one is left out.

    Args:
        tree: resolved with relations that say which of their columns are unique.

    Example:
        >>> from aidbt.core.schema import Column
        >>> from aidbt.sql.parse import parse_sql
        >>> from aidbt.sql.relations import RelationIndex
        >>> from aidbt.sql.resolve import resolve
        >>> from aidbt.sql.resolved import KnownRelation
        >>> columns = (Column("id"), Column("customer_id"))
        >>> orders = KnownRelation("orders", columns, unique=(("id",),))
        >>> text = "select customer_id, count(*) as n from orders group by customer_id"
        >>> tree = parse_sql(text, "duckdb").tree
        >>> _ = resolve(tree, RelationIndex([("", "", "orders", orders)], "duckdb"), "duckdb", text=text)
        >>> unique_keys(tree)
        (('customer_id',),)
    """
    rows = rows_of(tree)
    if rows is None:
        return ()
    found = _deep(lambda: _Keys().of(rows))
    names = [column.name for column in rows.fields]
    return tuple(sorted(tuple(names[at] for at in sorted(key)) for key in found))


def fan_outs(tree: exp.Expr, *, claimed: Sequence[Sequence[str]] = (), text: str = "") -> list[SqlProblem]:
    """The joins that can multiply rows whose values are then summed, averaged or counted, or whose key the
    query is said to keep.

    "join.fans_out" (a warning): the join's columns hold no declared key of what is joined, though keys of it
    are known. "join.key_unknown" (an information): no key of it is known, or it is joined by a range.

    Args:
        tree: resolved with relations that say which of their columns are unique.
        claimed: sets of output columns that are declared to be unique.
        text: the text of the query, for lines and columns.

    Example:
        >>> from aidbt.core.schema import Column
        >>> from aidbt.sql.parse import parse_sql
        >>> from aidbt.sql.relations import RelationIndex
        >>> from aidbt.sql.resolve import resolve
        >>> from aidbt.sql.resolved import KnownRelation
        >>> orders = KnownRelation("orders", (Column("id"), Column("amount")), unique=(("id",),))
        >>> items = KnownRelation("items", (Column("id"), Column("order_id")), unique=(("id",),))
        >>> index = RelationIndex([("", "", "orders", orders), ("", "", "items", items)], "duckdb")
        >>> text = "select sum(o.amount) as total from orders o join items i on i.order_id = o.id"
        >>> tree = parse_sql(text, "duckdb").tree
        >>> _ = resolve(tree, index, "duckdb", text=text)
        >>> [problem.code for problem in fan_outs(tree, text=text)]
        ['join.fans_out']
    """
    return _deep(lambda: _fan_outs(tree, claimed, text))


def _deep(call: Callable[[], _Answer]) -> _Answer:
    """What a call returns, with more room where a query is nested that deep."""
    try:
        return call()
    except RecursionError:
        return call_deep(call)


def _fan_outs(tree: exp.Expr, claimed: Sequence[Sequence[str]], text: str) -> list[SqlProblem]:
    problems = Problems(text)
    keys = _Keys()
    for select in selects(tree):
        for source, function in _measures(select):
            what = f"which {function}() then takes more than once"
            _say_culprit(_Joins(select, keys), source, what, problems)
    rows = rows_of(tree)
    for names in claimed:
        if rows is not None:
            _check_claim(rows, names, keys, problems)
    return list(problems.all())


# --- keys of queries --------------------------------------------------------------------------------------


class _Keys:
    """The keys of queries, each gone through once."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[Key]] = {}

    def of(self, rows: Rows) -> frozenset[Key]:
        """Keys of a query, as positions of its columns."""
        known = self._known.get(id(rows))
        if known is None:
            self._known[id(rows)] = frozenset()  # what a query says of itself is not known yet
            known = self._known[id(rows)] = _smallest(self._keys(rows))
        return known

    def _keys(self, rows: Rows) -> Iterator[Key]:
        if any(_takes_one(node) for node in rows.clauses):
            yield frozenset()
        if rows.select is not None:
            yield from self._of_select(rows.select)
        elif rows.branches:
            yield from self._of_set_operation(rows)
        elif rows.whole is not None and len(rows.whole.fields) == len(rows.fields):
            places = {id(column): at for at, column in enumerate(rows.whole.fields)}
            for key in self.of_source(rows.whole):
                yield frozenset(places[column] for column in key)

    def _of_set_operation(self, rows: Rows) -> Iterator[Key]:
        left = rows.branches[0]
        if rows.operation in ("except", "intersect"):
            yield from self.of(left)
        if rows.is_complete and rows.clauses and rows.clauses[0].args.get("distinct"):
            yield frozenset(range(len(rows.fields)))

    def _of_select(self, select: Selected) -> Iterator[Key]:
        node = select.node
        if _takes_one(node) or (select.is_aggregated and select.group is None):
            yield frozenset()
            return
        if any(_spreads(column) for column in select.fields):
            return
        distinct = node.args.get("distinct")
        if distinct is not None:
            on = distinct.args.get("on")
            nodes = None if on is None else on.expressions or [on]
            places = list(range(len(select.fields))) if nodes is None else _places(nodes, select)
            if None not in places:
                yield frozenset(place for place in places if place is not None)
        joins = _Joins(select, self)
        keys = [*joins.keys(), *_qualified(node.args.get("qualify"))]
        grouped = self._grouped(select, joins)
        yield from grouped
        decided_by_group = self._group_columns(select, joins)
        for key in keys:
            # Groups are no finer than a key of the rows that they are made of.
            if select.group is None or key <= decided_by_group:
                yield from joins.shown(key)

    def _grouped(self, select: Selected, joins: _Joins) -> Iterator[Key]:
        if select.group is None or _has_grouping_sets(select.node):
            return
        places = _places(select.group, select)
        if None not in places:
            yield frozenset(place for place in places if place is not None)

    def _group_columns(self, select: Selected, joins: _Joins) -> frozenset[int]:
        if select.group is None or _has_grouping_sets(select.node):
            return frozenset()
        return joins.closure(_column_ids(select.group, select), is_strict=True)

    def of_source(self, source: Source) -> list[Key]:
        """Keys of something in FROM, as the `id` of its columns."""
        if source.kind == "pivot":
            grouped = source.grouped
            return [frozenset(map(id, grouped))] if grouped is not None else []
        if source.relation is not None:
            found = []
            for names in source.relation.unique:
                at = {column.name: place for place, column in enumerate(source.relation.columns)}
                folded = {name.lower(): place for name, place in at.items()}
                none = len(source.fields)
                places = [at.get(name, folded.get(name.lower(), none)) for name in names]
                if all(place < len(source.fields) for place in places):
                    found.append(frozenset(id(source.fields[place]) for place in places))
            return found
        if source.rows is None or len(source.rows.fields) != len(source.fields):
            return []
        return [frozenset(id(source.fields[at]) for at in key) for key in self.of(source.rows)]


@dataclass(slots=True)
class _Item:
    """A source of a SELECT.

    Attributes:
        keys: the sets of its columns of which no two of its rows are alike.
        is_alone: whether at most one row of it stands beside each row before it, whatever its keys.
        is_dependent: whether its rows are made for each row before it: unnested lists, LATERAL.
        has_range: whether it is joined by anything but equalities too.
    """

    source: Source
    joined: Joined
    keys: list[Key]
    is_alone: bool = False
    is_dependent: bool = False
    has_range: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """Columns that decide another one.

    Attributes:
        is_certain: whether that holds for every row; a condition of an outer join does not hold for the rows
            that it fills up, and `lower(a) = b` does not tell which `a` it is.
    """

    deciding: frozenset[int]
    column: int
    is_certain: bool


class _Joins:
    """What decides what among the columns of the sources of one SELECT."""

    def __init__(self, select: Selected, keys: _Keys) -> None:
        self.select = select
        self.items = [
            item
            for joined in _flat(select.joins)
            if joined.kind not in ("SEMI", "ANTI")
            for item in _items(joined, keys)
        ]
        self._rules: list[_Rule] = []
        self._rules_of: dict[int, list[_Rule]] = {}
        self._items_of: dict[int, list[_Item]] = {}
        self._constants: set[int] = set()
        self._maybe_constants: set[int] = set()
        for item in self.items:
            for left, right, merged in item.joined.equal:
                self._using(left, right, merged, item.joined.side)
            condition = item.joined.node.args.get("on") if item.joined.node is not None else None
            if condition is not None:
                self._condition(condition, item)
        where = select.node.args.get("where")
        if where is not None:
            self._condition(where.this, None)
        for rule in self._rules:
            for column in rule.deciding:
                self._rules_of.setdefault(column, []).append(rule)
        for item in self.items:
            for column in frozenset[int]().union(*item.keys):
                self._items_of.setdefault(column, []).append(item)

    def _using(self, left: Field, right: Field, merged: Field | None, side: str) -> None:
        """Take in that USING makes two columns equal, and a third one of them."""
        pairs = [(left, right, side in ("", "LEFT")), (right, left, side in ("", "RIGHT"))]
        if merged is not None:
            kept = right if side == "RIGHT" else left
            pairs += [(kept, merged, side != "FULL"), (merged, kept, side != "FULL")]
        for one, other, is_certain in pairs:
            self._rules.append(_Rule(frozenset({id(one)}), id(other), is_certain))

    def _condition(self, node: exp.Expr, item: _Item | None) -> None:
        """Take in what a condition says that must hold: its parts between ANDs.

        Args:
            item: the source with whose join the condition stands; None for WHERE.
        """
        for part in conjuncts(node):
            self._number(part, item)
            if isinstance(part, exp.EQ | exp.NullSafeEQ):
                self._equality(part.this, part.expression, item)
                self._equality(part.expression, part.this, item)
            elif isinstance(part, exp.Column | exp.Is) or (
                isinstance(part, exp.Not) and isinstance(part.this, exp.Column)
            ):
                self._maybe_constants |= {id(bound.column) for bound in _bounds(part)}
            elif item is not None and not isinstance(part, exp.Boolean):
                item.has_range = True

    def _equality(self, one: exp.Expr, other: exp.Expr, item: _Item | None) -> None:
        """Note that one side of an equality is decided by the other."""
        deciding = frozenset(id(bound.column) for bound in _bounds(other))
        bound = passes_on(one)
        if bound is None or bound.is_outer:
            self._rules += [_Rule(deciding, id(inner.column), False) for inner in _bounds(one) if deciding]
            return
        holds = self._holds_for(bound, item)
        if deciding:
            self._rules.append(_Rule(deciding, id(bound.column), holds))
        elif _is_constant(other):
            (self._constants if holds else self._maybe_constants).add(id(bound.column))

    def _holds_for(self, bound: Bound, item: _Item | None) -> bool:
        """Whether what a condition says of a column holds for all rows that the join gives."""
        if item is None or not item.joined.side:
            return True
        # A left join drops no row of what stands before it: of the joined side it says all there is to say.
        return item.joined.side == "LEFT" and bound.source in item.joined.sources

    def _number(self, node: exp.Expr, item: _Item | None) -> None:
        """Take in `number = 1` of a source's row number: what it starts anew for is a key of the source."""
        column = _is_first(node)
        bound = passes_on(column) if isinstance(column, exp.Column) else None
        if bound is None or bound.is_outer or not self._holds_for(bound, item):
            return
        key = _partition_of_column(bound)
        for own in self.items:
            if own.source is bound.source and key is not None:
                own.keys.append(key)

    def closure(self, start: Iterable[int], *, is_strict: bool) -> frozenset[int]:
        """All columns that are decided where the given ones are.

        Args:
            is_strict: certainly decided; else all that may well be.
        """
        decided: set[int] = set()
        found: set[int] = set()
        waiting = [*start, *self._constants, *(() if is_strict else self._maybe_constants)]
        waiting += [column for item in self.items if frozenset() in item.keys for column in _ids(item.source)]
        while waiting or (waiting := self._alone(found, decided)):
            column = waiting.pop()
            if column in decided:
                continue
            decided.add(column)
            for rule in self._rules_of.get(column, ()):
                if rule.deciding <= decided and (rule.is_certain or not is_strict):
                    waiting.append(rule.column)
            for item in self._items_of.get(column, ()):
                if id(item) not in found and any(key <= decided for key in item.keys):
                    found.add(id(item))
                    waiting += _ids(item.source)
        return frozenset(decided)

    def _alone(self, found: set[int], decided: set[int]) -> list[int]:
        """The columns of the next source of which one row stands beside each of those before it, which are
        all decided.
        """
        for at, item in enumerate(self.items):
            is_found = id(item) in found or frozenset() in item.keys
            if (
                item.is_alone
                and not is_found
                and all(self._is_found(one, decided) for one in self.items[:at])
            ):
                found.add(id(item))
                return [column for column in _ids(item.source) if column not in decided]
        return []

    def _is_found(self, item: _Item, decided: set[int]) -> bool:
        return decided.issuperset(_ids(item.source))

    def undecided(self, source: Source, group: Iterable[int]) -> list[_Item]:
        """The sources of which several rows may stand beside one row of a source, in their order.

        Args:
            group: columns that the rows are grouped by, which are one in each group.
        """
        start = {*group, *(id(column) for column in source.fields)}
        place = next((at for at, item in enumerate(self.items) if item.source is source), 0)
        if self.items and self.items[place].is_dependent:
            start |= {id(column) for item in self.items[:place] for column in item.source.fields}
        decided = self.closure(start, is_strict=False)
        return [
            item
            for item in self.items
            if item.source is not source
            and not item.is_alone
            and not any(key <= decided for key in item.keys)
            and not {id(column) for column in item.source.fields} <= start
        ]

    def keys(self) -> list[Key]:
        """Keys of the rows of FROM and WHERE, as the `id` of columns of sources.

        None for a full join: a row of either side whose key is NULL looks like one that is filled up.
        """
        if any(item.joined.side == "FULL" for item in self.items):
            return []
        found = [frozenset[int]()]
        for item in self.items:
            if not item.is_alone:
                found = [one | key for one in found for key in item.keys][:_MOST_KEYS]
        return [self._reduced(key) for key in found]

    def _reduced(self, key: Key) -> Key:
        """A key without the columns that the rest of it decides, those of later sources first."""
        kept = set(key)
        for item in reversed(self.items):
            for column in item.source.fields:
                if id(column) in kept and self._decides_all(kept - {id(column)}):
                    kept.remove(id(column))
        return frozenset(kept)

    def _decides_all(self, columns: set[int]) -> bool:
        decided = self.closure(columns, is_strict=True)
        return all(item.is_alone or any(key <= decided for key in item.keys) for item in self.items)

    def shown(self, key: Key) -> Iterator[Key]:
        """A key of the rows of FROM as positions of the selected columns; none where one is not selected."""
        places: dict[int, int] = {}
        for at, column in enumerate(self.select.fields):
            if column.origin is not None and not column.origin.inside:
                places.setdefault(id(column.origin.column), at)
        grew = True
        while grew:
            # A column that decides another one of the key may stand for it.
            found = {
                rule.column: places[one]
                for rule in self._rules
                if rule.is_certain and len(rule.deciding) == 1
                for one in rule.deciding
                if one in places and rule.column not in places
            }
            places |= found
            grew = bool(found)
        if all(column in places or column in self._constants for column in key):
            yield frozenset(places[column] for column in key if column in places)


def _ids(source: Source) -> list[int]:
    return [id(column) for column in source.fields]


def _items(joined: Joined, keys: _Keys) -> Iterator[_Item]:
    """The sources that an item of FROM adds."""
    for source in joined.sources:
        rows = source.rows
        is_lateral = source.kind == "subquery" and rows is not None and rows.is_correlated
        is_dependent = source.kind in ("unnest", "function") or is_lateral
        # The keys of a LATERAL query tell its rows apart for one row before it only.
        own = [] if is_lateral and rows is not None and not rows.is_one_row else keys.of_source(source)
        yield _Item(source, joined, own, joined.kind == "ASOF", is_dependent)


def _qualified(clause: exp.Expr | None) -> Iterator[Key]:
    """Keys of what a SELECT reads that `qualify row_number() over (partition by …) = 1` makes."""
    for part in conjuncts(clause.this) if clause is not None else ():
        number = _is_first(part)
        if isinstance(number, exp.Column):
            bound = passes_on(number)
            # The alias of a window of the same SELECT.
            number = bound.column.expression if bound is not None and bound.source is None else None
        if isinstance(number, exp.Window):
            key = _partition(number)
            if key is not None:
                yield key


def _is_first(node: exp.Expr) -> exp.Expr | None:
    """What is 1 by a condition, so that a row number in it numbers one row; None for other conditions."""
    one, other = (node.this, node.expression) if isinstance(node, exp.Binary) else (None, None)
    if isinstance(node, exp.EQ) and isinstance(one, exp.Literal):
        one, other = other, one
    limits: dict[type[exp.Expr], str] = {exp.EQ: "1", exp.LTE: "1", exp.LT: "2"}
    wanted = limits.get(type(node))
    if wanted is None or not isinstance(other, exp.Literal) or other.name != wanted:
        return None
    return one if isinstance(one, exp.Window | exp.Column) else None


def _partition(window: exp.Window) -> Key | None:
    """The columns that a row number starts anew for; None where one is no plain column."""
    if not isinstance(window.this, exp.RowNumber) or window.args.get("alias"):
        return None
    bounds = [passes_on(node) for node in window.args.get("partition_by") or []]
    if any(bound is None or bound.is_outer for bound in bounds):
        return None
    return frozenset(id(bound.column) for bound in bounds if bound is not None)


def _partition_of_column(bound: Bound) -> Key | None:
    """The same where the row number is a column of a subquery, in columns of that source."""
    source = bound.source
    select = source.rows.select if source is not None and source.rows is not None else None
    if source is None or select is None or len(select.fields) != len(source.fields):
        return None
    at = next((at for at, column in enumerate(source.fields) if column is bound.column), None)
    if at is None or any(_spreads(column) for column in select.fields):
        return None
    origin = select.fields[at].origin
    if origin is not None:
        # Passed on by a query between; what is joined there may bring a number 1 twice.
        inner = _partition_of_column(origin) if len(select.joins) == 1 else None
    else:
        window = select.fields[at].expression
        inner = _partition(window) if isinstance(window, exp.Window) else None
    return None if inner is None else _outward(inner, source, select)


def _outward(inner: Key, source: Source, select: Selected) -> Key | None:
    """Columns of what a subquery reads as the subquery's own; None where one is not among them."""
    places = {
        id(column.origin.column): at
        for at, column in enumerate(select.fields)
        if column.origin is not None and not column.origin.inside
    }
    if not all(column in places for column in inner):
        return None
    return frozenset(id(source.fields[places[column]]) for column in inner)


# --- fan-outs ---------------------------------------------------------------------------------------------


def _measures(select: Selected) -> Iterator[tuple[Source, str]]:
    """What a SELECT sums, averages or counts of one source: (source, the function)."""
    if not select.is_aggregated or len(select.joins) < 2:
        return
    nodes = [column.expression for column in select.fields if column.expression is not None]
    nodes += [clause for clause in (select.node.args.get("having"),) if clause is not None]
    for node in nodes:
        for aggregate in _own(node, exp.Sum, exp.Avg, exp.Count):
            argument = aggregate.this
            if isinstance(argument, exp.Distinct | exp.Star) or isinstance(aggregate.parent, exp.Window):
                continue
            sources = {id(bound.source): bound.source for bound in _bounds(argument)}
            only = next(iter(sources.values())) if len(sources) == 1 else None
            if only is not None:
                yield only, aggregate.key


def _say_culprit(joins: _Joins, source: Source, what: str, problems: Problems) -> None:
    """Add the problem of the first join that can multiply the rows of a source.

    Args:
        what: what relies on them, e.g. "sum() takes".
    """
    select = joins.select
    found = joins.undecided(source, _column_ids(select.group or (), select))
    if not found:
        return
    item = found[0]
    name, other = source.name or "a subquery", item.source.name or "a subquery"
    place = item.joined.node.this if item.joined.node is not None else item.source.node
    is_known = bool(item.keys) or item.source.kind in ("unnest", "function")
    if is_known and not item.has_range:
        message = (
            f"the join with '{other}' can give several rows for one of '{name}', {what}; "
            f"bring '{other}' to one row first"
        )
        problems.add("join.fans_out", message, _named(place), severity=Severity.WARN)
        return
    why = "it is joined by a range" if item.keys else "no key of it is declared"
    message = f"whether '{other}' gives one row for each of '{name}', {what}, is not known: {why}"
    problems.add("join.key_unknown", message, _named(place), severity=Severity.INFO)


def _check_claim(rows: Rows, names: Sequence[str], keys: _Keys, problems: Problems) -> None:
    """Follow columns that are said to be a key to where a join multiplies the rows that they tell apart."""
    places = {column.name.lower(): at for at, column in enumerate(rows.fields)}
    if not all(name.lower() in places for name in names):
        return
    wanted = frozenset(places[name.lower()] for name in names)
    what = f"and {', '.join(names)} is declared unique"
    while rows.select is not None and not any(key <= wanted for key in keys.of(rows)):
        select = rows.select
        origins = [select.fields[at].origin for at in wanted]
        sources = {id(origin.source): origin.source for origin in origins if origin is not None}
        source = next(iter(sources.values())) if len(sources) == 1 and None not in origins else None
        if source is None or select.is_aggregated or select.node.args.get("distinct"):
            return
        columns = {id(origin.column) for origin in origins if origin is not None}
        if any(key <= columns for key in keys.of_source(source)):
            if not select.node.args.get("qualify"):
                _say_culprit(_Joins(select, keys), source, what, problems)
            return
        if source.rows is None or len(source.rows.fields) != len(source.fields):
            return
        wanted = frozenset(at for at, column in enumerate(source.fields) if id(column) in columns)
        rows = source.rows


# --- parts ------------------------------------------------------------------------------------------------


def _flat(joins: Iterable[Joined]) -> Iterator[Joined]:
    """The joins, those in brackets in place of the brackets."""
    for joined in joins:
        if not joined.inner:
            yield joined
            continue
        first, *rest = _flat(joined.inner)
        # What the brackets as a whole are joined by stands with their first item.
        yield replace(first, node=joined.node, side=joined.side, kind=joined.kind, equal=joined.equal)
        yield from rest


def _bounds(node: exp.Expr) -> Iterator[Bound]:
    """What the columns of an expression refer to, those of queries inside of it left out."""
    for column in _own(node, exp.Column):
        bound = binding(column)
        if bound is not None and not bound.is_outer:
            yield bound


def _own(node: exp.Expr, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
    """The nodes of some kinds in an expression, not in queries inside of it."""
    for found in node.walk(prune=lambda inner: isinstance(inner, exp.Query)):
        if isinstance(found, kinds):
            yield found


def _is_constant(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren | exp.Cast | exp.Neg):
        node = node.this
    return isinstance(node, exp.Literal | exp.Boolean)


def _column_ids(nodes: Iterable[exp.Expr], select: Selected) -> frozenset[int]:
    """The columns of sources that a list of group keys names outright."""
    from aidbt.sql.resolve.expressions import passes_on

    found = set()
    for node in nodes:
        place = _ordinal(node, select)
        if place is not None:
            origin = select.fields[place].origin
        else:
            bound = passes_on(node)
            of_alias = bound is not None and bound.source is None and bound.column.expression is not None
            origin = bound.column.origin if of_alias and bound is not None else bound
        if origin is not None:
            found.add(id(origin.column))
    return frozenset(found)


def _places(nodes: Iterable[exp.Expr], select: Selected) -> list[int | None]:
    """Where the selected columns stand that are the same as given expressions; None for one that is not."""
    return [_place(node, select) for node in nodes]


def _place(node: exp.Expr, select: Selected) -> int | None:
    place = _ordinal(node, select)
    if place is not None:
        return place
    while isinstance(node, exp.Paren):
        node = node.this
    bound = passes_on(node)
    for at, column in enumerate(select.fields):
        if bound is not None and (
            column is bound.column or (column.origin is not None and column.origin.column is bound.column)
        ):
            return at
        if bound is None and column.expression is not None and column.expression == node:
            return at
    return None


def _ordinal(node: exp.Expr, select: Selected) -> int | None:
    if isinstance(node, exp.Literal) and node.is_int and 0 < int(node.name) <= len(select.fields):
        return int(node.name) - 1
    return None


def _has_grouping_sets(select: exp.Select) -> bool:
    group = select.args.get("group")
    return group is not None and group.find(exp.GroupingSets, exp.Rollup, exp.Cube) is not None


def _takes_one(node: exp.Expr) -> bool:
    """Whether a query takes at most one row."""
    limit = node.args.get("limit")
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else getattr(limit, "expression", None)
    return isinstance(count, exp.Literal) and count.name in ("0", "1")


def _spreads(column: Field) -> bool:
    """Whether a selected column turns lists into rows."""
    node = column.expression
    kinds = (exp.Explode, exp.Posexplode, exp.Inline, exp.Unnest, exp.Stack)
    return node is not None and next(_own(node, *kinds), None) is not None


def _named(node: exp.Expr) -> exp.Expr:
    """The part of a joined item that a message points at: its name and alias."""
    if isinstance(node, exp.Table):
        return node
    alias = node.args.get("alias")
    return alias if isinstance(alias, exp.TableAlias) else node


def _smallest(keys: Iterable[Key]) -> frozenset[Key]:
    """The keys that hold no other one, at most a dozen."""
    found: list[Key] = []
    for key in sorted(set(keys), key=lambda one: (len(one), sorted(one))):
        if not any(smaller <= key for smaller in found):
            found.append(key)
    return frozenset(found[:_MOST_KEYS])
