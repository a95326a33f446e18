"""Numbers beside a value, a column or an average: `more orders than average`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Having, Nested, Number
from aidbt.semantic.english.meanings.phrases import Against, Columns, Compare, Condition, Found, Rows
from aidbt.semantic.english.number_rules.differences import DifferenceRules
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Extreme,
    Function,
    Measure,
    Operator,
    Term,
    Value,
    both,
)


class NumberComparisons(DifferenceRules):
    """What numbers are held against."""

    def number_compared(self, number: Number, compare: Compare) -> Found:
        """`average rating above 4`, of each group."""
        if not isinstance(compare.value, Columns):
            yield "Having", Having(number, compare.operator, Value(compare.value)), 0.0

    def number_against(self, number: Number, against: Against) -> Found:
        """`total salary above the budget`, of each group: its own budget, or so many times that."""
        column = self.alone(against.columns)
        if column is not None and self.is_measured(column) and number.table:
            is_once = against.factor == 1
            value: Term = column if is_once else Calculation("*", Value(against.factor), column)
            yield "Having", Having(number, against.operator, value), 0.0

    def sum_against(self, columns: Columns, against: Against) -> Found:
        """`quantity sold above the stock`: of what adds up in other rows than the column's own."""
        number, column = self.implied(columns), self.alone(against.columns)
        if number is not None and column is not None and number.table != column.table:
            path = self.path(number.table, column.table)
            if path and is_to_one(path):
                yield from self.number_against(number, against)

    def above_average(self, operator: Operator, nested: Nested) -> Found:
        """`more than the average number of orders`, of all that have any."""
        if nested.function == "avg" and not nested.group:
            average = Compared("average", nested.number.term)
            yield "Having", Having(nested.number, operator, average), 0.0

    def more_than_average(self, more: tuple[Operator, Number], _: None) -> Found:
        """`more orders than average`, of all that have any."""
        operator, number = more
        yield "Having", Having(number, operator, Compared("average", number.term)), 0.0

    def against(self, rows: Rows, compared: tuple[Operator, Number]) -> Found:
        """`products above the average price`: their own price is compared with it."""
        operator, number = compared
        extreme = _extreme(operator, number)
        if extreme is not None and number.table == rows.table:
            yield "Rows", replace(rows, where=both(rows.where, extreme)), 0.1

    def column_against(self, columns: Columns, compared: tuple[Operator, Number]) -> Found:
        """`price above the average price`."""
        operator, number = compared
        extreme = _extreme(operator, number) if self.alone(columns) is not None else None
        if extreme is not None and extreme.term in (columns.terms[0], *columns.alike):
            yield "Cond", Condition(number.table, extreme), 0.0

    def column_against_own(self, columns: Columns, compared: tuple[Operator, Function]) -> Found:
        """`price above average`."""
        operator, function = compared
        attribute = self.alone(columns)
        if (
            attribute is not None
            and function in ("avg", "median")
            and self.column(attribute).kind == "number"
        ):
            number = Number(Measure(function, attribute.table, attribute), attribute.table)
            extreme = _extreme(operator, number)
            if extreme is not None:
                yield "Cond", Condition(attribute.table, extreme), 0.0


def _extreme(operator: Operator, number: Number) -> Extreme | None:
    """That a column compares so with the mean or another value of all its table's rows."""
    term = number.term
    if not isinstance(term, Measure) or not isinstance(term.of, Attribute) or term.at is not None:
        return None
    match term.function:
        case "avg" | "median" | "min" | "max":
            return Extreme(term.of, term.function, term.where, operator)
        case _:
            return None
