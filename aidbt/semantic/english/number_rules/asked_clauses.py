"""Questions whose verb stands last: "how many products did each customer order", "what did Alfa order"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Group, Number, Scoped
from aidbt.semantic.english.meanings.phrases import Found, Link, Rows
from aidbt.semantic.english.number_rules.numbers import NumberRules

Done = tuple[Group, Rows]
"""Groups, and what was done by or with what makes each of them."""


def _done_by_each(group: Group, act: Rows) -> Found:
    """`each customer order`; of what was published "of each type" the types did nothing."""
    if group.rows:
        yield "GroupAct", (group, act), 0.0


def add_asked_clause_rules(rule: Rule, rules: NumberRules) -> None:
    """Hand each rule to `rule(left, right, function)`."""

    def rows_asked(rows: Rows, act: Rows) -> Found:
        """`products did Alfa order`: a question, and no phrase that another one may be about."""
        for _, found, cost in rules.rows_claim(rows, Link(act, is_act=True)):
            yield "AskedRows", found, cost

    def number_asked(number: Number, act: Rows) -> Found:
        """`how many units did Alfa order`."""
        yield from rules.number_claim(number, Link(act, is_act=True))

    def number_of_each(number: Number, done: Done) -> Found:
        """`how many products did each customer order`."""
        group, act = done
        if number.table == act.table and act.where is None:
            yield "NumberEach", Scoped(number, group), -0.3
        for _, found, cost in rules.number_claim(number, Link(act, is_act=True)):
            if isinstance(found, Number):
                # What "each lab completed per month" is of the months in which that was done.
                time = act.time if number.table == act.table else None
                counted = rules.dated(found, time) if time is not None else found
                yield "NumberEach", Scoped(counted, group), cost - 0.3

    rule("Is", "Clause", lambda _, act: [("AskedClause", act, 0.0)])
    rule("Rows", "AskedClause", rows_asked)
    rule("Count", "AskedRows", rules.count_rows)
    rule("Number", "AskedClause", number_asked)
    rule("Group", "Act AskedClause", _done_by_each)
    rule("Is", "Group", lambda _, group: [("DidEach", group, 0.1)])
    # "Did each customer order" has the verb's own form, which is the noun of what they place.
    rule("DidEach", "Rows", lambda group, rows: _done_by_each(group, rows) if rows.where is None else [])
    rule("Is Prep Fill", "GroupAct", lambda _, done: [("GroupAct", done, 0.0)])
    rule("Number", "GroupAct", number_of_each)
    # "How many orders did each customer place in each year"
    rule("NumberEach", "Group", lambda of, more: [("NumberEach", replace(of, group=of.group | more), 0.0)])
    rule("OftenCount", "AskedClause", rules.count_rows)
    rule("OftenCount", "TheyAct", rules.count_rows)
    rule(
        "OftenCount",
        "GroupAct",
        lambda _, done: [("NumberEach", Scoped(rules.counted(done[1]), done[0]), 0.0)],
    )
