"""A column beside another one, or beside the mean of its own: `shipped after the required date`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Against, Columns, Condition, Found, Scaled
from aidbt.semantic.english.row_rules.number_conditions import Adjective, NumberConditions, own
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Calculation, Comparison, Extreme, Grain, Measure, Operator, Value

Ranked = Literal["min", "max", "avg", "median"]
Mean: TypeAlias = "tuple[Operator, Ranked, Measure | None]"
_RANKED: dict[object, Ranked] = {"min": "min", "max": "max", "avg": "avg", "median": "median"}


class ColumnComparisons(NumberConditions):
    """How columns are compared with columns, over one graph."""

    def than_column(self, operator: Operator, columns: Columns) -> Found:
        if len(columns.terms) == 1:
            yield "CmpCol", Against(operator, columns), 0.1

    def than_scaled(self, operator: Operator, scaled: Scaled) -> Found:
        """`less than twice the unit cost`."""
        for attribute in self.only(scaled.columns, "number"):
            yield "CmpCol", Against(operator, Columns((attribute,)), scaled.factor), 0.0

    def compared_columns(self, columns: Columns, compare: Against) -> Found:
        """`shipped after the required date`, `stock below the reorder level`."""
        one, two = self.alone(columns), self.alone(compare.columns)
        if one is None or two is None or one == two:
            return
        path = self.path(one.table, two.table)
        kinds = {self.column(one).kind, self.column(two).kind}
        if path is None or not is_to_one(path):
            return
        if kinds == {"time", "date"}:
            # Paid at noon of the due date is not after it.
            one, two = (
                replace(a, grain=Grain.DAY) if self.column(a).kind == "time" else a for a in (one, two)
            )
        if kinds == {"number"} or kinds <= {"time", "date"}:
            other = two if compare.factor == 1 else Calculation("*", two, Value(compare.factor))
            yield "Cond", Condition(one.table, Comparison(compare.operator, one, other)), 0.3 * len(path)

    def done_against(self, did: Columns, against: Against) -> Found:
        """`shipped after the required date`."""
        yield from own(self.compared_columns(did, against))

    def than_aggregate(self, operator: Operator, function: object, of: Measure | None) -> Found:
        """`above average`, `than the average price`."""
        if function in _RANKED:
            yield "CmpMean", (operator, _RANKED[function], of), 0.0

    def than_number(self, operator: Operator, number: Number) -> Found:
        """`than the average price of Drinks`."""
        if isinstance(number.term, Measure):
            yield from self.than_aggregate(operator, number.term.function, number.term)

    def more_than_aggregate(self, adjective: Adjective, function: object) -> Found:
        """`more expensive than average`."""
        if function in _RANKED:
            yield from self.against_mean(adjective[0], (adjective[1], _RANKED[function], None))

    def more_than_number(self, adjective: Adjective, number: Number) -> Found:
        """`more expensive than the average list price`."""
        of = number.term
        if isinstance(of, Measure) and of.function in _RANKED:
            mean = (adjective[1], _RANKED[of.function], of)
            for category, condition, _ in self.against_mean(adjective[0], mean):
                yield category, condition, -0.4

    def against_mean(self, columns: Columns, mean: Mean) -> Found:
        """`price above the average`: of the same column, among the rows that are said."""
        operator, function, of = mean
        for attribute in self.only(columns, "number"):
            if of is None or of.of == attribute:
                found = Extreme(attribute, function, of.where if of else None, operator)
                yield "Cond", Condition(attribute.table, found), 0.0
