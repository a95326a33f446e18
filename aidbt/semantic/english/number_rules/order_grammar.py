"""Which phrases stand side by side to make an order, or the first of something."""

from __future__ import annotations

from typing import Any

from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Group, Ranking, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Found
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.english.number_rules.numbers import NumberRules


def add_order_grammar(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """Hand over the rules of orders and of the first by something."""
    _add_firsts(rule, rules)
    _add_orders(rule, lift, rules)


def _add_firsts(rule: Rule, rules: NumberRules) -> None:
    """The first so many, the best, and the most frequent."""
    rule("Num", "Rows Col", rules.several)
    rule("NumRows", "Best", rules.several_best)
    rule("TimeAgg", "NumRows", rules.several_times)
    rule("TimeAgg", "Rows", lambda function, rows: rules.several_times(function, (1, rows)))
    rule("TimeAgg", "Col", rules.best_time)
    rule("TimeAgg", "Col", rules.column_of_last)
    rule("Rows", "Grain", rules.time_of_rows)
    rule("Grain", "Prep", lambda grain, how: [("GrainOf", grain, 0.0)] if how == "of" else [])
    rule("GrainOf", "Col Did", rules.grain_of)
    rule("Each", "GrainCol", lambda _, columns: [("Group", Group(columns.terms), -0.5)])
    rule("And Comma", "GrainCol", lambda _, columns: [("AndGroup", Group(columns.terms), 0.0)])
    rule("Top", "Num", rules.top_number)
    rule("Sup", "Col Amount", rules.best_column)
    rule("Most", "Col Amount", rules.most_of_column)
    rule("Long", "Col Amount", rules.longest)
    rule("Long", "Number", rules.longest_number)
    rule("Sup Most", "Number", rules.best_number)
    rule("Good", "Col Amount", rules.good_column)
    rule("Good", "Number", rules.good_number)
    rule("StartWith", "Best SupCol", rules.starting_with)
    rule("Most", "Rows", rules.best_rows)
    rule("Sup", "Rows", rules.best_amount)
    rule("Leading", "Rows Col", lambda is_descending, of: [("TopOf", Top(1, of, is_descending), 0.0)])
    rule("TopN", "Leading", lambda top, _: [("TopN", top, 0.0)])
    rule("Num", "Leading", lambda count, is_descending: rules.top_number(is_descending, count))
    rule("Verb Rel", "Best", second("Best"))
    rule("Act Did", "Best", rules.done_best)
    rule("Best", "TheySame", rules.best_at_theirs)
    # "With the most orders" is said of what stands before it, which `with_best` joins to it.
    rule("Prep", "Best", lambda how, best: [("Best", best, 0.2 * (how == "with"))])
    rule("Prep", "TopOf", second("OfTop", 0.1))
    rule("Col", "OfTop", rules.columns_of_first)
    rule("Prep", "Scoped", lambda how, scoped: [("OfScoped", scoped, 0.0)] if how in ("of", "in") else [])
    rule("Col", "OfScoped", rules.column_of_scoped)
    rule("Prep", "FrequentOf", second("FrequentOf", 0.1))
    rule("Top", "Rows Col", lambda is_descending, of: [("TopOf", Top(1, of, is_descending), 0.4)])
    rule("Num", "Top", lambda count, is_descending: rules.top_number(is_descending, count))
    rule("Often", "Col Rows", rules.often)
    rule("Act", "Often", lambda rows, is_descending: rules.best_rows(is_descending, rows))
    rule("Ranked", "Rows Col", lambda _, of: [("RankOf", Ranking(of), 0.0)])
    rule("Ranked", "Group", rules.ranked_each)
    rule("TopN", "Rows Col FrequentOf Best", rules.top_of)
    rule("Num", "FrequentOf Best", rules.number_of)


def _add_orders(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """`sorted by name`, `ranked by revenue`, `the best first`."""
    rule("Order", "Rows Col Number Amount", rules.ordered)
    rule("OrderBy", "ByNumber", rules.ordered_things)
    rule("OrderBy", "Group", rules.ordered_things)
    rule("Order", "RankOf", lambda _, ranking: [("RankOf", ranking, 0.0)])
    rule("Order", "Said", lambda _, noun: [("Said", noun, 0.0)] if noun == "rank" else [])
    rule("RankedBy", "Rows Col Number Amount", lambda _, by: [("RankBy", by, -0.2)])
    rule("RankBy", "Dir", lambda by, way: [("OrderBy", Sorted(by, way.is_descending), 0.0)])
    lift("RankBy", lambda by: [("OrderBy", Sorted(by, is_descending=True), 0.0)])
    rule("Best", "First", rules.best_first)
    rule("SupCol", "Rows", rules.best_of_rows)
    rule("SupCol", "First", rules.best_column_first)
    rule("And", "SupCol", second("AndSupCol"))
    rule("SupCol", "AndSupCol", lambda one, two: [("SupCols", (one, two), 0.0)])
    rule("SupCols", "Rows", rules.best_and_worst)
    rule("TimeAgg", "Act", rules.act_time)
    rule("TopOf", "Verb", lambda top, _: [("TopOf", top, 0.2)])
    lift("Dir", rules.direction)
    rule("Order", "Grain", lambda _, grain: [("OrderBy", Sorted(None, None, "time"), 0.0)])
    rule("Order", "Dir", rules.order_direction)
    rule("DirOf", "Col Number Amount", lambda way, by: [("OrderBy", Sorted(by, way.is_descending), -1.0)])
    rule("DirOf", "Figure", lambda way, of: [("OrderBy", Sorted(None, way.is_descending, said=of), -0.8)])
    rule("Order", "OrderBy", _ordered_by)
    rule("ThenBy", "Rows Col Number Amount", lambda _, by: [("OrderBy", Sorted(by, after=by), -0.2)])


def _ordered_by(_: Any, order: Sorted) -> Found:
    """`sorted from the most common to the least common`, `from the lowest to the highest average`."""
    if order.by is not None or order.of == "frequency" or order.said:
        yield "OrderBy", order, 0.0
