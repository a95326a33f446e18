"""Numbers that are spoken of again: in later sentences, with "their"; times that are said once for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Number
from aidbt.semantic.english.meanings.phrases import Amount, Rows
from aidbt.semantic.english.number_rules.aggregates import mapped, narrowed
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Duration,
    InPeriod,
    Measure,
    Term,
    both,
    conjuncts,
    measures,
    parts,
)

# What numbers are called that are put beside others, and what they are.
_SAID: dict[str, set[str]] = {
    "rank": {"rank", "dense_rank"},
    "running total": {"running"},
    "cumulative total": {"running"},
    "change": {"change", "relative_change", "ratio"},
    "growth": {"change", "relative_change", "ratio"},
    "percentage change": {"relative_change"},
    "percent change": {"relative_change"},
    "share": {"share", "ratio"},
    "percentage": {"share", "ratio"},
    "proportion": {"share", "ratio"},
    "fraction": {"share", "ratio"},
    "ratio": {"share", "ratio"},
    "rate": {"share", "ratio"},
    "average": {"avg", "average", "moving_average", "ratio"},
    "mean": {"avg", "average", "moving_average", "ratio"},
    "median": {"median"},
    "maximum": {"max"},
    "minimum": {"min"},
    "total": {"sum", "count", "count_distinct", "running"},
    "sum": {"sum"},
    "difference": {"change", "difference"},
}


def meet_again(asked: Asked) -> None:
    """A number that a later sentence asks for in fewer words is the one that was spoken of before."""
    before = [n for n in asked.numbers() if n in asked.shown or n not in asked.returned]
    for place, shown in enumerate(asked.returned):
        if isinstance(shown, Number) and isinstance(shown.term, Calculation):
            same = [n for n in before if n != shown and _is_narrower(n.term, shown.term)]
            asked.returned[place] = same[0] if len(same) == 1 else shown
        if (
            not isinstance(shown, Number)
            or not isinstance(shown.term, Measure)
            or shown.term.where is not None
        ):
            continue
        kind = replace(shown.term, at=None)
        # Also a part of a number is meant, such as the total whose change was asked for.
        alike = {m for n in before for m in measures(n.term) if replace(m, where=None, at=None) == kind}
        if len(alike) == 1:
            asked.returned[place] = replace(shown, term=alike.pop())


def _is_narrower(one: Term, other: Term) -> bool:
    """Whether a calculation is another one under more conditions: that of 2025, spoken of again."""
    pairs = zip(_all_measures(one), _all_measures(other), strict=False)
    holds = all(set(conjuncts(a.where)) >= set(conjuncts(b.where)) for a, b in pairs)
    return holds and mapped(one, _bare) == mapped(other, _bare)


def _all_measures(term: Term) -> list[Measure]:
    return [part for part in parts(term) if isinstance(part, Measure) and part.table]


def _bare(measure: Measure) -> Measure:
    return replace(measure, where=None, at=None)


def show_spans(asked: Asked) -> None:
    """`return the id and the number of days`: the length of time that was spoken of, in that unit.

    Raises:
        Refused: none was, or several were.
    """
    if not asked.spans:
        return
    numbers = [n for n in asked.numbers() if any(isinstance(p, Duration) for p in parts(n.term))]
    if numbers:
        if not {p.unit for n in numbers for p in parts(n.term) if isinstance(p, Duration)} >= asked.spans:
            raise Refused("a length of time is asked for in another unit than before")
        return
    said = (*asked.shown, *asked.returned, *asked.best, *(top.of for top in asked.tops))
    amounts = [one.by if isinstance(one, Best) else one for one in said]
    if not any(isinstance(one, Amount) and isinstance(one.term, Duration) for one in amounts):
        amounts += _compared_spans(asked)
    known = dict.fromkeys(a for a in amounts if isinstance(a, Amount) and isinstance(a.term, Duration))
    if len({(a.term.start, a.term.end) for a in known if isinstance(a.term, Duration)}) != 1:
        raise Refused("a length of time is spoken of, and it is not certain which")
    amount = next(iter(known))
    for unit in sorted(asked.spans):
        if isinstance(amount.term, Duration):
            asked.returned.append(replace(amount, term=replace(amount.term, unit=unit)))


def _compared_spans(asked: Asked) -> list[Amount]:
    """The lengths of time that conditions on what is shown speak of: "more than 60 days after"."""
    said = (*asked.claims, *(rows.where for rows in asked.rows()))
    spans = {part for part in parts(said) if isinstance(part, Duration)}
    return [Amount(span.end.table, span) for span in spans if isinstance(span.end, Attribute)]


def list_spans(asked: Asked) -> None:
    """`for each loan, how many days it was kept`: each row with its own, which nothing adds up."""
    group, amounts = asked.group, [one for one in asked.shown if isinstance(one, Amount)]
    is_timed = bool(group.grains or group.parts)
    if not amounts or len(amounts) < len(asked.shown) or is_timed or not group.rows:
        return
    if not (asked.numbers() or asked.nested or asked.best or asked.tops or asked.is_average):
        asked.shown = [*group.rows, *amounts]
        asked.group = replace(group, terms=(), rows=(), rivals=())


def add_theirs(asked: Asked) -> None:
    """`how many products cost more than 3, and their average price`: of those that were counted."""
    said = [shown for shown in asked.shown if isinstance(shown, Number)]
    for number in asked.theirs:
        same = [s.term.where for s in said if s.table == number.table and isinstance(s.term, Measure)]
        asked.shown.append(narrowed(number, same[-1]) if same else number)
    for number in asked.those:
        counted = [s.term for s in said if s.table == number.table and isinstance(s.term, Measure)]
        if not counted:
            raise Refused("rows are spoken of again that were not counted before")
        asked.shown.append(narrowed(number, counted[-1].where))
    if not (asked.theirs or asked.those):
        _spread_conditions(asked)
        _check_conditions([shown for shown in asked.shown if isinstance(shown, Number)])


def _spread_conditions(asked: Asked) -> None:
    """`total fee and average amount of paid orders`: rows that are named behind both are of both.

    Of "total fee and number of paid orders" it is less certain.
    """
    numbers = [shown for shown in asked.shown if isinstance(shown, Number)]
    made = [n.term for n in numbers if isinstance(n.term, Measure) and n.term.of is not None]
    tables = {number.table for number in numbers}
    if not asked.spreads or len(made) < len(numbers) or len(tables) != 1 or len(numbers) < 2:
        return
    if not any(term.where or term.function.startswith("count") for term in made[:-1]):
        wider = [narrowed(number, made[-1].where) for number in numbers[:-1]]
        new = dict(zip(numbers[:-1], wider, strict=True))
        asked.shown[:] = [new.get(one, one) if isinstance(one, Number) else one for one in asked.shown]


def _check_conditions(numbers: Sequence[Number]) -> None:
    """That it is clear of which of several numbers of the same rows a condition is.

    Raises:
        Refused: of "total freight and number of orders from Germany" it is not.
    """
    measured = [n.term for n in numbers if isinstance(n.term, Measure) and not n.is_settled]
    for one in measured:
        for other in measured:
            if one.table != other.table or (one.function, one.of) == (other.function, other.of):
                continue
            wheres = [[c for c in conjuncts(m.where) if not isinstance(c, InPeriod)] for m in (one, other)]
            if bool(wheres[0]) != bool(wheres[1]):
                raise Refused("it is not certain whether a condition is of one number or of both")


def spread_period(asked: Asked) -> None:
    """`number of orders and total freight in 2024`: a time at the end is of all numbers of those rows.

    Raises:
        Refused: of "number of orders in 2024 and total freight" it is not certain that it is.
    """
    numbers = [shown for shown in asked.shown if isinstance(shown, Number)]
    if len(numbers) < 2 or asked.compares:
        return
    last = numbers[-1]
    periods = _periods(last)
    for number in numbers[:-1]:
        if periods and number.table == last.table and not _periods(number):
            asked.shown[asked.shown.index(number)] = narrowed(number, both(*periods))
        elif _periods(number) and number.table == last.table and not periods and _is_other(number, last):
            raise Refused("it is not certain whether a time is of one number or of both")


def _is_other(one: Number, other: Number) -> bool:
    """Whether two numbers are of different columns, or made of them in different ways."""
    terms = [number.term for number in (one, other)]
    kinds = {(term.function, term.of) for term in terms if isinstance(term, Measure)}
    return len(kinds) == len(terms)


def _periods(number: Number) -> list[InPeriod]:
    """The times that rows of a number are kept to."""
    wheres = [conjuncts(measure.where) for measure in measures(number.term)]
    return [predicate for where in wheres for predicate in where if isinstance(predicate, InPeriod)]


def called(said: str, numbers: Sequence[Number]) -> Number:
    """The number that "the average" is, by which an answer is sorted; the first where it is only one.

    Raises:
        Refused: none is called so, or several are.
    """
    kinds = _FIGURES.get(said)
    found = [n for n in numbers if isinstance(n.term, Measure) and n.term.function in (kinds or ())]
    if kinds is None or (len(numbers) == 1 and not isinstance(numbers[0].term, Measure)):
        return numbers[0]
    if len(found) != 1:
        raise Refused("it is not certain which number the answer is sorted by", spans=(said,))
    return found[0]


_FIGURES = {
    "average": {"avg"},
    "total": {"sum", "count", "count_distinct"},
    "count": {"count", "count_distinct"},
    "number": {"count", "count_distinct", "sum"},
}


def check_said_before(asked: Asked) -> None:
    """That numbers and times which are spoken of again were there."""
    terms = [number.term for number in asked.numbers()]
    for noun in asked.says_again:
        kinds = _SAID.get(noun, set())
        known: set[str] = {part.kind for part in parts(tuple(terms)) if isinstance(part, Compared)}
        known |= {change.kind for change in asked.changes}
        made = {part.operator for part in parts(tuple(terms)) if isinstance(part, Calculation)}
        known |= {"ratio"} if made & {"/", "*"} else set()
        known |= {"difference"} if "-" in made else set()
        known |= {part.function for part in parts(tuple(terms)) if isinstance(part, Measure)}
        known |= {nested.function for nested in asked.nested}
        if (kinds and not kinds & known) or not (terms or asked.nested):
            raise Refused(f"{noun} is spoken of, and was not asked for", spans=(noun,))
    for said in asked.said_groups:
        tables = {rows.table for rows in asked.group.rows} | {term.table for term in asked.group.terms}
        is_known = (
            said.table in tables and said.where is None
            if isinstance(said, Rows)
            else bool({*said.terms, *said.alike} & set(asked.group.terms))
        )
        if not is_known:
            raise Refused("something is spoken of again that does not make the groups")
    # Of "in which hour of the day … the hour" the second is the first.
    grains = tuple(grain for grain in asked.times.grains if grain.value not in asked.group.parts)
    times = replace(asked.times, grains=grains)
    if times and asked.group | times != asked.group:
        raise Refused("a length of time is spoken of, and the answer is not grouped by it")
