"""Tails of questions: of what was the most, or of what there had to be so many, the number itself.

"Which product has the most reviews, and how many does it have?", "… and how much is that?", "states with more
than 1 park, and how many are there?": the number is one that the question spoke of before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best, Frequent, Number, Tail
from aidbt.semantic.english.meanings.phrases import Columns, Found, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import Exists, InPeriod, Measure, conjuncts, parts

_COUNTS = ("count", "count_distinct")
_AMOUNTS = ("sum", "avg", "median", "min", "max")
_FUNCTIONS = {"many": (*_COUNTS, "sum"), "often": _COUNTS, "much": _AMOUNTS, "any": (*_COUNTS, *_AMOUNTS)}


def add_tail_rules(rule: Rule) -> None:
    """Hand each rule of tails to `rule(left, right, function)`."""
    rule("And Comma", "HowMuch", lambda _, kind: [("Tail", Tail(kind), -0.3)])
    rule("Tail", "IsIt TheyVerb Altogether Fill", lambda tail, _: [("Tail", tail, -0.4)])
    rule("IsIt", "Verb Weak Stranded", lambda *_: [("IsIt", None, 0.1)])
    rule("Show", "TheNumber", lambda _, kind: [("Tail", Tail(kind), 1.0)])
    rule("Comma", "WithNumber", lambda _, kind: [("Tail", Tail(kind), 0.6)])
    rule("And", "TheNumber", lambda _, kind: [("Tail", Tail(kind), 1.0)])
    rule("Tail", "TheyAct", _tail_done)
    # "In that year" is the one that the most were in.
    rule("Tail", "ThatTime", lambda tail, _: [("Tail", replace(tail, is_then=True), -0.9)])
    rule("NumberAgain", "ThatTime", lambda number, _: [("AgainThen", number, -0.9)])
    rule("And Comma", "AgainThen", lambda _, number: [("Tail", Tail("", number, is_then=True), 0.1)])
    rule("Tail", "TheyDid", lambda tail, _: [("Tail", tail, -0.4)])
    rule("Tail", "TheySized", lambda tail, of: [("Tail", replace(tail, column=of.terms[0]), -0.4)])
    rule("They", "Sized Rated", second("TheySized"))
    rule("DoneMost", "Times", lambda done, _: [("DoneMost", done, 0.0)])
    rule("They", "Act", lambda _, act: [("TheyAct", act, 0.0)])
    rule("They", "Rows", lambda _, rows: [("TheyAct", rows, 0.2)] if rows.where is None else [])
    rule("They", "Is", lambda *_: [("TheyVerb", None, 0.3)])
    for said in ("TheyVerb", "TheyAct", "TheyDid", "TheySized"):
        rule("Is", said, second(said))
    rule("Number", "IsIt TheyVerb", lambda number, _: [("NumberAgain", number, 0.0)])
    rule("Number", "TheyAct", _number_done)
    rule("And Comma", "NumberAgain", lambda _, number: [("Tail", Tail("", number), 0.1)])


def _tail_done(tail: Tail, act: Rows) -> Found:
    """`and how many times was it ordered`."""
    if tail.kind == "often":
        done = Number(Measure("count", act.table, None, act.where, act.time), act.table)
        yield "Tail", Tail("", done, act.table), -0.4
    else:
        yield "Tail", replace(tail, table=act.table), -0.4


def _number_done(number: Number, act: Rows) -> Found:
    """`how many orders did they place`: of the rows that were done so."""
    if number.table == act.table and act.where is None:
        yield "NumberAgain", number, 0.0


def add_tails(asked: Asked, rules: NumberRules) -> None:
    """Show the numbers that tails ask for.

    Raises:
        Refused: it is not certain which number is meant.
    """
    if any(tail.is_then for tail in asked.tails) and not _names_a_time(asked):
        raise Refused("a time is spoken of that was not named before")
    for tail in list(asked.tails):
        if tail.kind == "total":
            asked.shown.append(_added_up(asked, rules))
            continue
        known = list(dict.fromkeys(_spoken_of(asked, rules)))
        alike = [number for number in known if _is_meant(tail, number)]
        wanted = alike[0] if len(known) == len(alike) == 1 else None if known else tail.number
        if wanted is None and (known or not _is_shown(asked, tail)):
            raise Refused("it is not certain which number is asked for at the end")
        if wanted is not None and wanted not in asked.numbers():
            asked.shown.append(wanted)


def _names_a_time(asked: Asked) -> bool:
    """Whether a question says when, or groups by time."""
    said = (*asked.claims, *(number.term for number in asked.numbers()))
    is_said = any(isinstance(part, InPeriod | Period) for part in parts(said))
    return is_said or bool(asked.group.grains) or any(term.grain for term in asked.group.terms)


def _added_up(asked: Asked, rules: NumberRules) -> Number:
    """`and what do they add up to`: the amount of what was counted.

    Raises:
        Refused: nothing was, or it is not known what it amounts to.
    """
    counted = [n.term for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function == "count"]
    for count in counted if len(counted) == 1 else ():
        for _, number, _ in rules.how_much("sum", Rows(count.table, count.where, count.at)):
            if isinstance(number, Number) and isinstance(number.term, Measure) and number.term.of is not None:
                return number
    raise Refused("it is not certain what is added up", spans=("add up to",))


def _spoken_of(asked: Asked, rules: NumberRules) -> Iterator[Number]:
    """The numbers that things are the best by, or that something is said of."""
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    yield from (best.by for best in bests if isinstance(best.by, Number))
    yield from (having.number for having in asked.havings)
    yield from asked.by
    for top in asked.tops:
        if isinstance(top.of, Frequent):
            of = top.of.of
            yield rules.counted(of if isinstance(of, Rows) else of.rows or Rows(of.terms[0].table))
    for rows in asked.rows():
        for held in conjuncts(rows.where):
            if isinstance(held, Exists) and held.count > 0 and (held.operator, held.count) != (">=", 1):
                yield rules.counted(Rows(held.table, held.where))


def _is_meant(tail: Tail, number: Number) -> bool:
    """Whether a tail may ask for a number: in the words of its kind, or in fewer words of its own."""
    term = number.term
    if not isinstance(term, Measure) or (tail.table and term.table != tail.table):
        return False
    if tail.number is None:
        return term.function in _FUNCTIONS[tail.kind]
    again = tail.number.term
    is_same = isinstance(again, Measure) and (again.table, again.of) == (term.table, term.of)
    return is_same and isinstance(again, Measure) and again.where in (None, term.where)


def _is_shown(asked: Asked, tail: Tail) -> bool:
    """Whether rows are the first by one column, which is shown: the dearest, and how much it is."""
    by = [best.by for best in (*asked.best, *(top.of for top in asked.tops)) if isinstance(best, Best)]
    columns = by[0].terms if len(by) == 1 and isinstance(by[0], Columns) else ()
    return bool(columns) and tail.column in (None, columns[0])
