"""Calculations that formulas stand for: with columns of each row, with their sums, with other aggregates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aidbt.semantic.english.instructions.formulas import Formula, Operation
from aidbt.semantic.query import (
    Calculation,
    Function,
    Measure,
    Term,
    Value,
    attributes,
    measures,
    parts,
)
from aidbt.semantic.rewriting import rewritten


def aggregated_rows(term: Term, function: Function) -> Term:
    """A calculation of sums as another aggregate of what each row has, ratios too: an average ratio."""
    summed = list(measures(term))
    if function != "sum" and len({(m.table, m.where) for m in summed}) == 1 and all(m.of for m in summed):
        each = rewritten(term, lambda part: part.of if isinstance(part, Measure) else None)
        return Measure(function, summed[0].table, each, summed[0].where)
    return rewritten(term, lambda part: _with_function(part, function))


def _with_function(part: object, function: Function) -> Measure | None:
    return replace(part, function=function) if isinstance(part, Measure) else None


def at_one_time(term: Term | None) -> Term | None:
    """A calculation whose measures of one table all stand in time alike: closed tickets by opened ones."""
    ats = {(measure.table, measure.at) for measure in measures(term)}
    mixed = {table for table, _ in ats if sum(table == other for other, _ in ats) > 1}

    def untimed(part: object) -> Measure | None:
        return replace(part, at=None) if isinstance(part, Measure) and part.table in mixed else None

    return rewritten(term, untimed) if term is not None and mixed else term


def summed_rows(term: Term, table: str) -> Term:
    """What a calculation with columns comes to over many rows: of a ratio that of the sums, for nobody adds
    up what one amount is of another.
    """
    if isinstance(term, Calculation) and _has_ratio(term):
        if term.operator == "/":
            return Calculation("/", summed_rows(term.left, table), summed_rows(term.right, table))
        if isinstance(term.left, Value) or isinstance(term.right, Value):
            both = (term.left, term.right)
            left, right = (side if isinstance(side, Value) else summed_rows(side, table) for side in both)
            return Calculation(term.operator, left, right)
    return Measure("sum", table, term)


def _has_ratio(term: Term) -> bool:
    """Whether columns are divided by columns in it."""
    found = (part for part in parts(term) if isinstance(part, Calculation) and part.operator == "/")
    return any(attributes(part.left) and attributes(part.right) for part in found)


def calculated(formula: Formula, term: Callable[[str], Term | None]) -> Term | None:
    """The calculation of a formula whose names are terms; None when one is none."""
    if isinstance(formula, Operation):
        left, right = calculated(formula.left, term), calculated(formula.right, term)
        return Calculation(formula.operator, left, right) if left and right else None
    return term(formula) if isinstance(formula, str) else Value(formula)
