"""Terms and conditions in words."""

from __future__ import annotations

from aidbt.semantic.definitions import METRIC_TIME
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    InPeriod,
    Length,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    OutputRef,
    Predicate,
    Term,
    Value,
)
from aidbt.semantic.wording.names import by_way_of, listed, name_words, printable, value_words
from aidbt.semantic.wording.periods import period_words
from aidbt.semantic.wording.viewpoint import Viewpoint

_CALCULATED = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_COMPARED = {
    "=": "is",
    "<>": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_COMPARED_TIMES = {
    **_COMPARED,
    "<": "is before",
    "<=": "is at or before",
    ">": "is after",
    ">=": "is at or after",
}
_COUNTED = {
    "=": "exactly",
    "<>": "any number but",
    "<": "fewer than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
}
_AGGREGATES = {
    "count_distinct": "the number of different",
    "sum": "the sum of",
    "avg": "the average of",
    "min": "the least",
    "max": "the greatest",
    "median": "the median of",
    "stddev": "the standard deviation of",
}
_WHOLE = {"min": "least", "max": "greatest", "avg": "average", "median": "median"}
_MATCHED = {"starts": "starts with", "ends": "ends with", "contains": "contains", "is": "is spelled"}
_PARTS = {
    "hour": "hour of the day",
    "day": "day of the month",
    "day_of_week": "day of the week",
    "day_of_year": "day of the year",
    "week": "number of the week",
    "month": "number of the month",
    "quarter": "number of the quarter",
    "year": "number of the year",
}


class TermWords(Viewpoint):
    """Words for the terms and conditions of one query."""

    def term(self, term: Term) -> str:
        """A term in words."""
        match term:
            case Attribute():
                return self.attribute(term)
            case Value(value):
                return value_words(value)
            case Calculation(operator, left, right):
                return f"{self.inner(left)} {_CALCULATED[operator]} {self.inner(right)}"
            case Duration(start, end, unit, is_whole):
                whole = "whole " if is_whole else ""
                return f"the {whole}{unit}s from {self.inner(start)} to {self.inner(end)}"
            case Length(of):
                return f"the number of characters of {self.inner(of)}"
            case Case(when, then, otherwise):
                chosen = f"{self.inner(then)} if {self.inner_predicate(when)}"
                return f"{chosen}, else {self.inner(otherwise)}"
            case Measure():
                return self.measure(term)
            case MetricRef(name):
                return f"the metric {name_words(name)}"
            case OutputRef(name):
                return self._output(name)
            case Compared():
                return self.compared(term)

    def inner(self, term: Term) -> str:
        """A term inside of another one."""
        words = self.term(term)
        return f"({words})" if isinstance(term, Calculation | Duration | Case | Compared) else words

    def attribute(self, attribute: Attribute) -> str:
        """A column, with its table and the way to it where they have to be said."""
        is_metrics_own = (attribute.table, attribute.column) == ("", METRIC_TIME)
        words = "the metrics' own time" if is_metrics_own else name_words(attribute.column)
        if attribute.grain is not None:
            words = f"{attribute.grain} of {words}"
        if attribute.part is not None:
            words = f"{_PARTS[attribute.part]} of {words}"
        if attribute.table not in ("", self.home) or attribute.via:
            words = f"{words} of {self.noun(attribute.table)}"
        return f"{words}{by_way_of(attribute.via)}"

    def measure(self, measure: Measure) -> str:
        """An aggregate, of what, and of which rows."""
        rows = self.noun(measure.table) if measure.table else "rows"
        inside = self.seeing_groups(measure.table)
        of = measure.of
        if of is None:
            words = f"the number of {rows}"
        elif measure.function == "count":
            words = f"the number of {rows} that have {inside.inner(of)}"
        else:
            is_own = isinstance(of, Attribute) and of.table == measure.table and not of.via
            over = f" {'of' if is_own else 'over'} {rows}" if measure.table else ""
            words = f"{_AGGREGATES[measure.function]} {inside.inner(of)}{over}"
        if measure.at is not None:
            words += f" (counted at {inside.attribute(measure.at)})"
        if measure.where is not None:
            words += f" (only those where {inside.predicate(measure.where)})"
        return words

    def compared(self, compared: Compared) -> str:
        """A measure beside those of other groups."""
        of = self.inner(compared.of)
        along, steps = compared.along, compared.steps
        unit = str(along.grain) if isinstance(along, Attribute) and along.grain is not None else "group"
        before = f"the {unit} before" if steps == 1 else f"{steps:,} {unit}s before"
        words = {
            "previous": f"the value of {of} in {before}",
            "change": f"the change of {of} since {before}",
            "relative_change": f"the relative change of {of} since {before}",
            "share": f"the share of {of} in the total",
            "average": f"the average of {of} over all groups",
            "running": f"the running total of {of}",
            "moving_average": f"the moving average of {of} over {steps:,} {unit}s",
            "rank": f"the rank by {of}",
            "dense_rank": f"the rank without gaps by {of}",
        }[compared.kind]
        if compared.kind in ("rank", "dense_rank"):
            words += " (1 is the least)" if compared.is_ascending else " (1 is the greatest)"
        if compared.along is not None:
            words += f" along {self.inner(compared.along)}"
        if compared.within:
            words += f" within each {listed([self.inner(term) for term in compared.within])}"
        return words

    def _output(self, name: str) -> str:
        """An output by name: this query's own in its words, the source's by its name."""
        for output in self.query.outputs:
            if output.name == name and output.term != OutputRef(name):
                return self.term(output.term)
        return f"“{printable(name)}”"

    def predicate(self, predicate: Predicate) -> str:
        """A condition in words."""
        predicate = self._as_planned(predicate)
        match predicate:
            case Comparison(operator, left, right):
                verb = (_COMPARED_TIMES if self._is_time(left) else _COMPARED)[operator]
                return f"{self.inner(left)} {verb} {self.inner(right)}"
            case OneOf():
                return self._one_of(predicate, is_negated=False)
            case Matches(term, how, text, ignores_case):
                case_ = "" if ignores_case else " (with this case)"
                return f"{self.inner(term)} {_MATCHED[how]} {value_words(text)}{case_}"
            case Missing(term):
                return f"{self.inner(term)} is missing"
            case InPeriod(term):
                return f"{self.inner(term)} is {period_words(predicate, self.clock)}"
            case Exists():
                return self._exists(predicate)
            case Extreme(term, function, where, operator):
                among = f" among those where {self.at(term.table).inner_predicate(where)}" if where else ""
                return f"{self.inner(term)} {_COMPARED[operator]} the {_WHOLE[function]} there is{among}"
            case Not(inner):
                return self._not(inner)
            case All(predicates):
                return " and ".join(map(self.inner_predicate, predicates))
            case AnyOf(predicates):
                return " or ".join(map(self.inner_predicate, predicates))

    def inner_predicate(self, predicate: Predicate) -> str:
        """A condition inside of another one."""
        words = self.predicate(predicate)
        is_list = isinstance(predicate, All | AnyOf) and len(predicate.predicates) > 1
        has_where = isinstance(predicate, Exists | Extreme) and predicate.where is not None
        return f"({words})" if is_list or has_where else words

    def _one_of(self, predicate: OneOf, *, is_negated: bool) -> str:
        values = ", ".join(value_words(value.value) for value in predicate.values)
        is_one = len(predicate.values) == 1
        verb = ("is not" if is_one else "is none of") if is_negated else "is" if is_one else "is one of"
        case_ = " (in any case)" if predicate.ignores_case else ""
        return f"{self.inner(predicate.term)} {verb} {values}{case_}"

    def _exists(self, exists: Exists) -> str:
        where = f" where {self.at(exists.table).inner_predicate(exists.where)}" if exists.where else ""
        is_plain = (exists.operator, exists.count) == (">=", 1)
        if (exists.operator, exists.count) == ("=", 0):
            return f"there are no {self.noun(exists.table)}{by_way_of(exists.via)}{where}"
        number = "any" if is_plain else f"{_COUNTED[exists.operator]} {exists.count:,}"
        return f"there are {number} {self.noun(exists.table)}{by_way_of(exists.via)}{where}"

    def _not(self, inner: Predicate) -> str:
        inner = self._as_planned(inner)
        match inner:
            case OneOf() if self.home:
                return self._one_of(inner, is_negated=True)
            case Missing(term):
                return f"{self.inner(term)} is not missing"
            case Exists(table, via, where, ">=", 1):
                seen = f" where {self.at(table).inner_predicate(where)}" if where else ""
                return f"there are no {self.noun(table)}{by_way_of(via)}{seen}"
        return f"not ({self.predicate(inner)})"
