"""Units at the end of a question, which all of its numbers are asked for in: "per country, in euros"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Number, Shown
from aidbt.semantic.english.meanings.phrases import Amount, Columns
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.number_rules.units_said import amount_in, in_unit
from aidbt.semantic.query import Measure


def put_in_unit(asked: Asked, rules: NumberRules) -> None:
    """Every number that can be in the unit which is named at the end is in it.

    Raises:
        Refused: none can be.
    """
    if not asked.units:
        return
    if len(set(asked.units)) > 1:
        raise Refused("it is not certain which number is asked for in which unit")
    unit, is_any = asked.units[0], False

    def said(shown: Shown) -> Shown:
        nonlocal is_any
        found: Shown | None = None
        if isinstance(shown, Number):
            term = in_unit(shown.term, unit, rules)
            found = replace(shown, term=term) if term is not None else None
            if found is None and not _is_count(shown):
                raise Refused(f"it is not certain which number is asked for in {unit}")
        elif isinstance(shown, Columns):
            found = amount_in(shown, unit, rules)
        is_any |= found is not None
        return found or shown

    asked.shown = [said(one) for one in _each(asked.shown, unit, rules)]
    asked.returned = [said(one) for one in _each(asked.returned, unit, rules)]
    # What rows are put in order by is shown beside them, while groups are put in order by their own columns.
    is_list = not (asked.numbers() or asked.nested)
    asked.best = [_best(best, said(best.by), is_list=is_list) for best in asked.best]
    asked.tops = [
        replace(top, of=_best(top.of, said(top.of.by), is_list=is_list)) if isinstance(top.of, Best) else top
        for top in asked.tops
    ]
    if not is_any:
        raise Refused(f"nothing is known to be in {unit}, nor how it would be")


def _each(shown: Sequence[Shown], unit: str, rules: NumberRules) -> Iterator[Shown]:
    """What is shown; columns stand alone where some of them can be in a unit: "the name and the price"."""
    for one in shown:
        columns = [replace(one, terms=(term,)) for term in one.terms] if isinstance(one, Columns) else []
        if len(columns) > 1 and any(amount_in(column, unit, rules) is not None for column in columns):
            yield from columns
        else:
            yield one


def _is_count(number: Number) -> bool:
    return isinstance(number.term, Measure) and number.term.function.startswith("count")


def _best(best: Best, by: Shown, *, is_list: bool) -> Best:
    """What has most of a number, in the unit that it is asked for in."""
    if isinstance(by, Number) or (is_list and isinstance(by, Amount)):
        return replace(best, by=by)
    return best
