"""What is seen along with a number in the same groups: its running total, and the sum that a change is of."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Number, Shown
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import Compared, Grain, InPeriod, measures, parts
from aidbt.semantic.times import shifted

_RUNNING = {"running total", "cumulative total", "running sum", "cumulative sum"}


def add_running(asked: Asked) -> None:
    """`orders per month and the running total`: of the number that is asked for beside it.

    Raises:
        Refused: there are several numbers; or the total runs within years, and of several.
    """
    numbers = asked.numbers()
    is_known = any(_is_running(part) for number in numbers for part in parts(number.term))
    if asked.says_again & _RUNNING and not is_known:
        if len(numbers) != 1 or not asked.group:
            raise Refused("a running total is asked for, and it is not said of what")
        asked.shown.append(replace(numbers[0], term=Compared("running", numbers[0].term)))
    if asked.is_in_year and not any(map(_is_year, parts((tuple(asked.claims), tuple(asked.shown))))):
        raise Refused("it is not said in which year a total runs", hint="name one year")


def _is_running(part: object) -> bool:
    return isinstance(part, Compared) and part.kind == "running"


def _is_year(part: object) -> bool:
    """Whether a part of a question keeps it to one year of the calendar."""
    if not isinstance(part, Period | InPeriod) or part.start is None or part.end is None:
        return False
    start, end = part.start, part.end
    if start.at is None or end.at is None:
        return start.cut_to == Grain.YEAR and end.cut_to == Grain.YEAR and end.shift == start.shift + 1
    return shifted(start.at, 1, Grain.YEAR) == end.at


def sum_beside(asked: Asked, rules: NumberRules) -> None:
    """`for each quarter, the freight and its change`, `the freight and the number of orders`: a column is
    added up whose sum changes beside it, or whose rows are counted.
    """
    if not asked.group or asked.lists:
        return
    found = [measure for number in asked.numbers() for measure in measures(number.term)]
    summed: set[object] = {measure.of for measure in found if measure.function == "sum"}
    counted = {measure.table for measure in found if measure.function == "count" and measure.of is None}
    counted -= {term.table for term in asked.group.terms if term in rules.label(term.table)}
    asked.shown = [_summed(shown, summed, counted, rules) for shown in asked.shown]
    asked.returned = [_summed(shown, summed, set(), rules) for shown in asked.returned]


def _summed(shown: Shown, summed: set[object], counted: set[str], rules: NumberRules) -> Shown:
    if not isinstance(shown, Columns) or len(shown.terms) > 1:
        return shown
    term = shown.terms[0]
    is_of_counted = term.table in counted and shown.rows is None
    number: Number | None = rules.implied(shown) if term in summed or is_of_counted else None
    return number or shown
