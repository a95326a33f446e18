"""Which values are worth trying in each column: those on either side of what the query compares it with, keys
that meet the keys they are joined to, and a few usual ones.

The first two are what makes a query take another way, as in XData (Chandra et al., "Data generation for
testing and grading SQL queries", 2015), but without its solver: the search finds which go together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aidbt.core.schema import Column
from aidbt.generate.unit_tests.kinds import (
    FIRST_DAY,
    FIRST_MOMENT,
    TIMES,
    Kind,
    around,
    kind_of,
    usual,
    written,
    written_near,
)
from aidbt.generate.unit_tests.sandbox import read_type
from aidbt.generate.unit_tests.subject import Subject, Value

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.resolved import ResolvedQuery

Place = tuple[str, str]
"""(table of the sandbox, column)."""
Form = Callable[[Value], Value]
"""Another value that a function may make the same of; None for none."""
Constant = Callable[["exp.Expr"], Any]
"""The value of an expression without columns; None where it has none."""

_MOST_VALUES = 24
_MOST_UNITS = 100_000
_LENGTHS = {"HOUR": timedelta(hours=1), "MINUTE": timedelta(minutes=1), "SECOND": timedelta(seconds=1)}
_MOST_TOLD = 200  # characters of a text


@dataclass(frozen=True, slots=True)
class Domain:
    """The values to try in one column.

    Attributes:
        telling: those that the query itself points at; often none.
        usual: others, all of them different.
    """

    telling: tuple[Value, ...]
    usual: tuple[Value, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing but NULL can be tried."""
        return not (self.telling or self.usual)


def domains(subject: Subject, constant: Constant) -> dict[Place, Domain]:
    """The domain of every column that the model uses."""
    found = _Reader(subject, constant)
    found.read()
    return found.domains()


class _Reader:
    """Walks the resolved query once and gathers what it compares each column with."""

    def __init__(self, subject: Subject, constant: Constant) -> None:
        self.constant = constant
        self.places: dict[Place, exp.DataType] = {
            (item.table, column.name): read_type(column.data_type)
            for item in subject.inputs
            for column in item.columns
            if column.is_used
        }
        self.kinds: dict[Place, Kind] = {place: kind_of(kind) for place, kind in self.places.items()}
        self.telling: dict[Place, dict[Value, None]] = {place: {} for place in self.places}
        self.forms: dict[Place, dict[Form, None]] = {place: {} for place in self.places}
        self.same: dict[Place, Place] = {place: place for place in self.places}
        self.tree, _ = resolved(subject)

    def read(self) -> None:
        from sqlglot import exp

        for node in self.tree.walk():
            if isinstance(node, exp.Predicate | exp.NullSafeEQ | exp.NullSafeNEQ) and isinstance(
                node, exp.Binary
            ):
                self._compare(node.this, node.expression)
            elif isinstance(node, exp.Between):
                self._compare(node.this, node.args["low"])
                self._compare(node.this, node.args["high"])
            elif isinstance(node, exp.In):
                self._in(node)
            elif isinstance(node, exp.Case) and node.this is not None:
                for arm in node.args["ifs"]:
                    self._compare(node.this, arm.this)
            elif isinstance(node, exp.Nullif):
                self._compare(node.this, node.expression)
            elif isinstance(node, exp.Join):
                for name in node.args.get("using") or ():
                    self._unite(place for place in self.places if place[1].casefold() == name.name.casefold())
            elif isinstance(node, exp.Column):
                self._column(node)
            elif isinstance(node, exp.Cast | exp.TryCast):
                self._cast(node)
            elif isinstance(node, exp.Func):
                self._note_forms(node)
            elif isinstance(node, exp.Interval):
                self._interval(node)
            elif isinstance(node, exp.Except | exp.Intersect):
                for left, right in zip(node.this.selects, node.expression.selects, strict=False):
                    self._unite([*self._uses(left), *self._uses(right)])

    def _uses(self, node: exp.Expr) -> list[Place]:
        """The columns of inputs that an expression's value is made of."""
        from sqlglot import exp

        from aidbt.sql.resolve import binding

        found: dict[Place, None] = {}
        for column in node.find_all(exp.Column):
            bound = binding(column)
            uses = bound.column.value.uses if bound is not None else {}
            found.update(((table, name), None) for table, name, row_use in uses if not row_use)
        return [place for place in found if place in self.places]

    def _compare(self, left: exp.Expr, right: exp.Expr) -> None:
        left_uses, right_uses = self._uses(left), self._uses(right)
        if left_uses and right_uses:
            self._unite([*left_uses, *right_uses])
        for side, uses, other in ((left, left_uses, right), (right, right_uses, left)):
            if uses and not self._uses(other):
                self._tell(uses, side, other)

    def _tell(self, uses: Sequence[Place], side: exp.Expr, other: exp.Expr) -> None:
        """Note the values around a constant that an expression over columns is compared with."""
        from sqlglot import exp

        value = self.constant(other)
        if isinstance(other.parent, exp.Like | exp.ILike) and isinstance(value, str):
            self._note(uses, [value.replace("%", filler).replace("_", "x") for filler in ("", "zz")])
            return
        factors = [
            float(n.this) for n in side.find_all(exp.Literal) if not n.is_string and _is_number(n.this)
        ]
        if _is_count(side):
            return
        for place in uses:
            self._note([place], around(value, self.kinds[place], factors[:3]))
        if isinstance(value, int):
            self._moments(uses, side, value)
        if isinstance(value, int) and side.find(exp.Length) and 0 <= value <= _MOST_TOLD:
            texts = [place for place in uses if self.kinds[place] == "text"]
            self._note(texts, ["x" * max(value + step, 0) for step in (0, -1, 1)])

    def _moments(self, uses: Sequence[Place], side: exp.Expr, number: int) -> None:
        """Note moments that are about as many hours, minutes or seconds from a first one as are compared."""
        from sqlglot import exp

        for difference in side.find_all(exp.DateDiff, exp.TimestampDiff):
            unit = difference.args.get("unit")
            length = _LENGTHS.get(unit.name.upper() if unit is not None else "")
            if length is not None and abs(number) <= _MOST_UNITS:
                moments = [FIRST_MOMENT + (number + step) * length for step in (0, -1, 1)]
                for place in (place for place in uses if self.kinds[place] in TIMES):
                    kind = self.kinds[place]
                    self._note([place], [written(moment, kind) for moment in (FIRST_MOMENT, *moments)])

    def _in(self, node: exp.In) -> None:
        for item in node.expressions:
            self._compare(node.this, item)
        query = node.args.get("query")
        selects = query.unnest().selects if query is not None else []
        if selects:
            self._unite([*self._uses(node.this), *self._uses(selects[0])])

    def _column(self, node: exp.Column) -> None:
        from aidbt.sql.resolve import binding

        bound = binding(node)
        if bound is not None and bound.source is None:  # a merged column of USING
            self._unite(self._uses(node))

    def _cast(self, node: exp.Cast) -> None:
        """Note texts that read as the type that a text is cast to, and one that does not where it may."""
        from sqlglot import exp

        kind = kind_of(node.to)
        if kind == "text":
            return
        texts = [place for place in self._uses(node.this) if self.kinds[place] == "text"]
        self._note(texts, [str(value).lower() for value in usual(node.to, 1, "")[:3]])
        if isinstance(node, exp.TryCast):
            self._note(texts, ["x"])

    def _note_forms(self, node: exp.Func) -> None:
        """Note which forms of a value a function takes for the same."""
        from sqlglot import exp

        for kinds, form in (
            ((exp.Lower, exp.Upper, exp.Initcap), _other_case),
            ((exp.Trim,), _with_blanks),
            ((exp.Abs, exp.Sign, exp.Greatest, exp.Least), _negative),
            ((exp.Round, exp.Floor, exp.Ceil, exp.Cast), _with_fraction),
        ):
            if isinstance(node, kinds):
                for place in self._uses(node.this):
                    self.forms[place][form] = None

    def _interval(self, node: exp.Interval) -> None:
        """Note days that are as far from the first one as an interval, and a day nearer or farther."""
        days = self.constant(node)
        if not isinstance(days, timedelta):
            return
        steps = [sign * days + timedelta(days=step) for sign in (1, -1) for step in (0, -1, 1)]
        for place, kind in self.kinds.items():
            if kind == "date" or kind in TIMES:
                self._note([place], written_near(FIRST_DAY, steps, kind))

    def _note(self, places: Iterable[Place], values: Iterable[Value]) -> None:
        wanted = [value for value in values if _can_stand(value)]
        for place in places:
            self.telling[place].update(dict.fromkeys(wanted))

    def _unite(self, places: Iterable[Place]) -> None:
        """Give columns that are compared with each other the same values."""
        roots = list(dict.fromkeys(self._root(place) for place in places))
        for root in roots[1:]:
            if _is_alike(self.kinds[root], self.kinds[roots[0]]):
                self.same[root] = roots[0]

    def _root(self, place: Place) -> Place:
        while self.same[place] != place:
            place = self.same[place]
        return place

    def domains(self) -> dict[Place, Domain]:
        groups: dict[Place, list[Place]] = {}
        for place in self.places:
            groups.setdefault(self._root(place), []).append(place)
        found = {}
        for number, members in enumerate(groups.values()):
            told = dict.fromkeys(value for place in members for value in self.telling[place])
            # Where an integer meets a decimal, or a date a time, only the values of the first can be equal.
            narrow = next((p for p in members if self.kinds[p] in ("integer", "date")), members[0])
            values = usual(self.places[narrow], number, narrow[1])
            forms = dict.fromkeys(form for place in members for form in self.forms[place])
            basis = [*told, *values]
            told |= dict.fromkeys(
                v for form in forms for value in basis[:6] if (v := form(value)) is not None
            )
            for place in members:
                fitting = [value for value in told if _fits(value, self.kinds[place])]
                found[place] = Domain(tuple(fitting[:_MOST_VALUES]), values)
        return found


def resolved(subject: Subject) -> tuple[exp.Query, ResolvedQuery]:
    """A copy of the model's query with its names resolved, and what it gives."""
    from aidbt.sql.relations import RelationIndex
    from aidbt.sql.resolve import resolve
    from aidbt.sql.resolved import KnownRelation

    entries = []
    for item in subject.inputs:
        columns = tuple(Column(column.name, column.data_type) for column in item.columns)
        entries.append(("", "", item.table, KnownRelation(item.table, columns)))
    tree = subject.tree.copy()
    return tree, resolve(tree, RelationIndex(entries, "duckdb"), "duckdb")


def used_columns(subject: Subject) -> set[Place]:
    """The columns of inputs that the model's rows or values depend on."""
    _, query = resolved(subject)
    uses = [*query.row_uses, *(use for column in query.columns for use in column.uses)]
    return {(use.relation, use.column) for use in uses if use.column}


def _is_count(side: exp.Expr) -> bool:
    """Whether a number that an expression is compared with counts rows, or is a place in an order of them."""
    from sqlglot import exp

    from aidbt.sql.resolve import binding

    counts = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
    if side.find(*counts) is not None:
        return True
    for column in side.find_all(exp.Column):
        bound = binding(column)
        while bound is not None and bound.column.origin is not None:
            bound = bound.column.origin
        made = bound.column.expression if bound is not None else None
        if made is not None and made.find(*counts) is not None:
            return True
    return False


def _is_alike(one: Kind, other: Kind) -> bool:
    groups: tuple[frozenset[Kind], ...] = (
        frozenset({"integer", "decimal"}),
        frozenset({"date", *TIMES}),
    )
    return one == other or any({one, other} <= group for group in groups)


def _fits(value: Value, kind: Kind) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "decimal":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "date":
        return isinstance(value, str) and len(value) == len("2024-01-15")
    return isinstance(value, bool) if kind == "boolean" else isinstance(value, str)


def _can_stand(value: Value) -> bool:
    """Whether a value can stand in a property file, which dbt renders as Jinja."""
    return not isinstance(value, str) or (
        len(value) <= _MOST_TOLD and not any(mark in value for mark in ("{{", "{%", "{#"))
    )


def _other_case(value: Value) -> Value:
    return value.swapcase() if isinstance(value, str) else None


def _with_blanks(value: Value) -> Value:
    return f" {value} " if isinstance(value, str) else None


def _negative(value: Value) -> Value:
    return -value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _with_fraction(value: Value) -> Value:
    return value + 0.567 if isinstance(value, float) else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
