"""Rows aimed at the boundary of a comparison with other columns: `amount >= paid * 1.2`.

Where a column is compared with another one as it is, both get the same values, and chance does the rest. The
value of an expression is met by chance too seldom, so it is worked out for some rows, and the column gets it,
and what is just below and above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from aidbt.generate.unit_tests.domains import Constant, Domain, Place, resolved
from aidbt.generate.unit_tests.kinds import around, kind_of
from aidbt.generate.unit_tests.sandbox import read_type
from aidbt.generate.unit_tests.subject import Subject, Value

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.resolve.rows import Bound

Aimed = Mapping[str, Sequence[Mapping[str, Value]]]
"""By table of the sandbox parts of rows: some columns with values that belong together."""

# Rows that an expression is worked out for, and values around what it gives: on it, below and above.
_ROWS = 5
_AROUND = 3
# An expression of more parts than that is hardly met by people either, and takes long to read.
_MOST_PARTS = 200


@dataclass(frozen=True, slots=True)
class _Aim:
    """A column and the expression over columns of inputs that it is compared with."""

    place: Place
    other: exp.Expr

    @property
    def uses(self) -> list[Place]:
        from sqlglot import exp

        return list(dict.fromkeys((c.table, c.name) for c in self.other.find_all(exp.Column)))


def aimed_rows(subject: Subject, values: Mapping[Place, Domain], constant: Constant) -> Aimed:
    """Parts of rows on either side of every boundary between a column and an expression over columns.

    Args:
        values: of each column that the model uses.
    """
    types = {(item.table, c.name): read_type(c.data_type) for item in subject.inputs for c in item.columns}
    found: dict[str, dict[tuple[tuple[str, Value], ...], None]] = {}
    for aim in _aims(subject):
        if all(place in values for place in (aim.place, *aim.uses)):
            for cells in _cells(aim, values, types, constant):
                for table in {place[0] for place in cells}:
                    part = tuple((column, v) for (t, column), v in cells.items() if t == table)
                    found.setdefault(table, {})[part] = None
    return {table: [dict(part) for part in parts] for table, parts in found.items()}


def _cells(
    aim: _Aim, values: Mapping[Place, Domain], types: Mapping[Place, exp.DataType], constant: Constant
) -> Iterator[dict[Place, Value]]:
    """Values of the columns of a comparison that put it at its boundary."""
    for turn in range(_ROWS):
        given: dict[Place, Value] = {}
        for number, place in enumerate(aim.uses):
            known = (*values[place].usual, *values[place].telling)
            if not known:
                return
            given[place] = known[(turn * (number + 1)) % len(known)]
        met = constant(_with_values(aim.other, given, types))
        kind = kind_of(types[aim.place])
        for value in islice(dict.fromkeys(around(met, kind)), _AROUND):
            yield {**given, aim.place: value}


def _with_values(
    node: exp.Expr, given: Mapping[Place, Value], types: Mapping[Place, exp.DataType]
) -> exp.Expr:
    from sqlglot import exp

    def filled(part: exp.Expr) -> exp.Expr:
        if not isinstance(part, exp.Column):
            return part
        place = (part.table, part.name)
        return exp.cast(exp.convert(given[place]), types[place].copy())

    return node.copy().transform(filled)


# --- reading the query -------------------------------------------------------------------------------------


def _aims(subject: Subject) -> Iterator[_Aim]:
    from sqlglot import exp

    tree, _ = resolved(subject)
    for node in tree.walk():
        if isinstance(node, exp.Between):
            pairs = [(node.this, node.args["low"]), (node.this, node.args["high"])]
        elif isinstance(node, exp.Predicate) and isinstance(node, exp.Binary):
            pairs = [(node.this, node.expression)]
        else:
            continue
        for left, right in pairs:
            yield from _aims_of(left, right)


def _aims_of(left: exp.Expr, right: exp.Expr) -> Iterator[_Aim]:
    from sqlglot import exp

    one, other = _over_inputs(left), _over_inputs(right)
    if one is None or other is None or not (one.find(exp.Column) and other.find(exp.Column)):
        return
    if isinstance(one, exp.Column) and isinstance(other, exp.Column):
        return
    for side, rest in ((one, other), (other, one)):
        column, solved = _solved(side, rest)
        if isinstance(column, exp.Column):
            aim = _Aim((column.table, column.name), solved)
            if aim.place not in aim.uses:
                yield aim


def _solved(side: exp.Expr, other: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """A comparison with as little as can be beside the first column on its one side."""
    from sqlglot import exp

    inverse: dict[type[exp.Expr], type[exp.Binary]] = {
        exp.Add: exp.Sub, exp.Sub: exp.Add, exp.Mul: exp.Div, exp.Div: exp.Mul
    }  # fmt: skip
    while isinstance(side, (exp.Paren, exp.Cast, exp.Coalesce, exp.Round, *inverse)):
        if type(side) in inverse:
            rest = exp.paren(side.expression.copy())
            other = inverse[type(side)](this=exp.paren(other.copy()), expression=rest)
        side = side.this
    return side, other


def _over_inputs(node: exp.Expr) -> exp.Expr | None:
    """The expression over columns of inputs, through CTEs and subqueries; None where it is made of what
    is not known. An aggregate is taken for what it gives of a single row.
    """
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return _made(node)
    copy = node.copy().transform(_of_one_row)
    for column in list(copy.find_all(exp.Column)):
        made = _made(column)
        if made is None:
            return None
        column.replace(made if isinstance(made, exp.Column) else exp.paren(made))
    is_of_a_row = copy.find(exp.AggFunc, exp.Window, exp.Query) is None
    return copy if is_of_a_row and sum(1 for _ in copy.walk()) <= _MOST_PARTS else None


def _of_one_row(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.paren(node.this) if isinstance(node, exp.Sum | exp.Avg | exp.Min | exp.Max) else node


def _made(column: exp.Column) -> exp.Expr | None:
    """What a column is made of."""
    from aidbt.sql.resolve import binding

    bound = binding(column)
    return _made_of(bound) if bound is not None else None


def _made_of(bound: Bound) -> exp.Expr | None:
    from sqlglot import exp

    source = bound.source
    if source is None or bound.inside:
        return None
    if source.relation is not None:
        return exp.column(bound.column.name, table=source.relation.key)
    fields = source.rows.fields if source.rows is not None and not source.rows.branches else ()
    made = next((field for field in fields if field.key == bound.column.key), None)
    if made is None:
        return None
    if made.origin is not None:
        return _made_of(made.origin)
    return _over_inputs(made.expression.unalias()) if made.expression is not None else None
