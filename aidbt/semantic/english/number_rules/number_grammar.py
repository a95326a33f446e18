"""Which phrases stand side by side to make a number, a group, an order, or the first of something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.number_phrases import (
    Change,
    Filtered,
    Group,
    Number,
    Ranking,
    Sorted,
    Top,
)
from aidbt.semantic.english.meanings.phrases import Claims, Compare, Found, Link, Rows, Span
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.number_rules.ratio_sides import ratio_side
from aidbt.semantic.query import Measure

Rule = Callable[[str, str, Callable[[Any, Any], Found]], None]
Lift = Callable[[str, Callable[[Any], Found]], None]
# Categories of numbers that words which say nothing may stand before.
FILLABLE = frozenset(
    """Number Numbers CountAnd Group Best TopN TopOf FrequentOf Grain Count Agg Aggs TimeAgg Sup Most Leading
    Said Each Order Top Ratio OrderBy Often Product Excess More Whole Running Diff EachGrain Part Change
    OfThem OnAverage Second ItsShare AsShare Having Rate Long
    Moving MovingOf Rolling RollingSpan Ranked RankOf DirOf AllOf Scoped Good StartWith
    HowMuchOf MuchOf""".split()
)


def add_number_grammar(rule: Rule, lift: Lift, rules: NumberRules) -> None:
    """Hand each rule to `rule(left, right, function)` or `lift(category, function)`."""
    _add_aggregates(rule, rules)
    _add_changes(rule, rules)
    _add_ratios(rule, lift, rules)
    _add_groups(rule, lift, rules)
    _add_combinations(rule, lift, rules)
    _add_orders(rule, lift, rules)


def _add_aggregates(rule: Rule, rules: NumberRules) -> None:
    rule("Count", "Rows", rules.count_rows)
    rule("Count", "Col", rules.count_column)
    rule("Agg", "Rows", rules.total_rows)
    rule("Agg", "Col", rules.aggregate)
    rule("HowMuchOf MuchOf", "Rows", rules.how_much)
    # The mean amount of sales is that of each, and not of what they add up to.
    rule("Agg", "MuchOf", lambda function, _: [("HowMuchOf", function, -0.9)])
    rule("HowMuchOf MuchOf", "Col", rules.aggregate)
    rule("HowMuchOf MuchOf", "Number", lambda _, number: [("Number", number, 0.0)])
    rule("Col", "Agg", rules.aggregate_after)
    rule("Agg", "CountedCol", rules.aggregate)
    rule("Agg", "Amount", rules.aggregate_amount)
    rule("TimeAgg", "Col", rules.aggregate_time)
    rule("And Comma", "Agg TimeAgg", _second("AndAgg"))
    rule("Agg TimeAgg Aggs", "AndAgg", rules.aggregates)
    rule("Aggs", "Col", rules.aggregate_all)
    rule("And Comma", "Number", _second("AndNumber"))
    rule("And Comma", "Rows", _second("AndRows"))
    rule("Number Numbers", "AndRows", rules.count_too)
    rule("Count CountAnd", "AndNumber", rules.count_and)
    rule("Number Numbers", "AndNumber", rules.side_by_side)
    rule("Number", "Cond Link Claim Time", rules.number_claim)
    rule("Number", "DoneCol", rules.number_done)
    rule("Number", "Paid", rules.number_paid)
    rule("Time", "Number", lambda period, number: rules.number_claim(number, period))
    rule("Time", "Col", lambda period, columns: rules.column_claim(columns, period))
    rule("Number", "CmpNum", rules.number_compared)
    rule("Number", "CmpCol", rules.number_against)
    rule("Col", "CmpCol", rules.sum_against)
    rule("CmpNum", "Number", rules.so_many)
    rule("Rel Prep Owning", "Having", _second("Having"))
    rule("Prep", "Number", _in_how_many)
    rule("Prep", "Numbers", lambda how, numbers: [("Numbers", numbers, 0.1)] if how == "with" else [])
    rule("Rows", "CountAll", lambda rows, _: rules.count_rows("count", rows))
    rule("Cmp", "Nested", rules.above_average)
    rule("More", "Rows", lambda operator, rows: [("MoreOf", (operator, rules.counted(rows)), 0.0)])
    rule("More", "Number", lambda operator, number: [("MoreOf", (operator, number), 0.0)])
    rule("MoreOf", "ThanAverage", rules.more_than_average)
    rule("Cmp", "Number", lambda operator, number: [("CmpNumber", (operator, number), 0.0)])
    rule("Cmp", "Agg", lambda operator, function: [("CmpAgg", (operator, function), 0.0)])
    rule("Rows", "CmpNumber", rules.against)
    rule("Col", "CmpNumber", rules.column_against)
    rule("Col", "CmpAgg", rules.column_against_own)
    rule("Number", "Rows", rules.among)
    rule("Product", "Col", _second("TimesCol"))
    rule("Col", "TimesCol", rules.product)
    rule("Excess", "Rows", lambda sign, rows: [("ExcessOf", (sign, rules.counted(rows)), 0.0)])
    rule("Excess", "Col", rules.excess_column)
    rule("Excess", "Number", lambda sign, number: [("ExcessOf", (sign, number), 0.0)])
    rule("Than", "Rows", lambda _, rows: [("ThanNumber", rules.counted(rows), 0.0)])
    rule("ExcessOf", "ThanNumber", rules.excess)
    rule("Than", "Cond Link Claim Time", _second("ThanClaim"))
    rule("ExcessOf", "ThanClaim", rules.excess_elsewhere)
    rule("AllOf", "Rows", rules.of_all)
    rule("ForAll", "Rows", rules.for_all)
    rule("Including", "Rows Link Cond", rules.including)
    rule("Including", "Otherwise", lambda *_: [("AllGroups", None, -2.2)])
    rule("Comma", "Included", lambda _, rows: [("ForAllOf", Link(rows, is_all=True), -2.2)])
    rule("Over", "Rows", lambda _, rows: [("Link", Link(rows), 0.2)] if rows.where is not None else [])
    rule(
        "AllOf",
        "Col",
        lambda _, columns: [] if rules.is_measured(columns.terms[0]) else [("Fill", None, -1.0)],
    )
    rule("Their", "Number", _second("Theirs"))
    rule("And", "Theirs", _second("AndTheirs"))
    rule("Number Numbers", "AndTheirs", rules.and_theirs)
    rule("Running", "Number", rules.running)
    rule("Running", "Col", rules.running_column)
    rule("Running", "Rows", rules.running_rows)
    rule("Span", "Moving", rules.moving_span)
    rule("Rolling", "Span", _second("RollingSpan"))
    rule("RollingSpan", "Agg", rules.rolling_span)
    rule("MovingOf", "Number", rules.moving)
    rule("MovingOf", "Col", rules.moving_column)
    rule("MovingOf", "Rows", rules.moving_rows)
    rule("Diff", "Numbers", rules.difference)
    rule("Agg", "Number", rules.nested)
    rule("Agg", "Rows", rules.nested_rows)
    rule("Agg", "EachGrain", _grained(rules))
    rule("AggEach", "Number", rules.nested_in)
    rule("AggEach", "Rows", rules.nested_in_rows)
    rule("AggEach", "Col", rules.nested_in_column)
    rule("Nested Peak", "Group", rules.nested_group)
    rule("InOne", "Rows", _into("OneGroup", lambda rows: rules.each_rows(True, rows), 0.0))
    rule("Peak", "OneGroup", lambda peak, group: _cheaper(rules.nested_group(peak, group), 0.8))
    rule("Nested", "Cond Link Claim Time", rules.nested_claim)
    rule("Agg", "Scoped", rules.nested_scoped)


def _add_changes(rule: Rule, rules: NumberRules) -> None:
    rules.change_rules(rule)
    rule("OfThat", "Rows Col", lambda _, of: [("SaidGroup", of, 0.0)])
    rule("DifferBetween", "Rows", lambda _, rows: _between(rules, rows))
    rule("DifferBetween", "Col", lambda _, columns: rules.each_column(False, columns))
    rule("Change", "Prep", lambda change, _: [("Change", change, 0.0)])
    rule("Prep", "Change", _second("Change"))
    rule("Prep", "MovingOf", _moving_beside)
    for category in "Best TopOf FrequentOf Whole Nested Numbers Sup Most Scoped RankOf".split():
        rule("Is", category, _second(category))


def _add_ratios(rule: Rule, lift: Lift, rules: NumberRules) -> None:
    rule("Ratio", "Rows", rules.whole_rows)
    rule("Ratio", "Number", rules.whole_number)
    rule("Ratio", "Col", rules.whole_column)
    rule("Ratio", "Cond", ratio_side)
    rule("To", "Rows", rules.second_rows)
    rule("To", "Number", rules.second_number)
    rule("To", "Col", rules.second_column)
    rule("Other", "Rows", lambda _, rows: [("OtherRows", rows, 0.0)])
    rule("To", "OtherRows", rules.second_others)
    rule("To", "Rest", lambda *_: [("SecondRest", None, 0.0)])
    rule("To", "Rows", lambda is_part, rows: [("OfWhole", rows, 0.0)] if is_part else [])
    rule("To", "Time", lambda _, period: [("ToTime", period, 0.0)])
    rule("Time", "ToTime", lambda one, two: [("Periods", Claims((one, two), is_any=True), 0.0)])
    rule("OfThem", "Verb Weak", lambda _, verb: [("OfThem", None, 0.1)] if verb == EMPTY else [])
    rule("OfThem", "Pred Cond Link Claim Time", lambda _, claim: [("Filtered", Filtered(claim), -0.2)])
    rule("Whole", "Second", rules.ratio)
    rule("Whole", "Verb", lambda whole, _: [("Whole", whole, 0.6)] if whole.is_ratio else [])
    rule("Whole", "SecondOthers", rules.ratio_to_rest)
    rule("Whole", "SecondRest", lambda whole, _: rules.ratio_to_rest(whole, rules.all_of(whole)))
    rule("RatioSide", "Second", rules.alike_side)
    rule("ToThat", "Rows", lambda _, rows: [("ToThatOf", Link(rows), 0.0)])
    rule("ToThat", "Cond", lambda _, condition: [("ToThatOf", condition, 0.0)])
    rule("Whole", "ToThatOf", rules.ratio_to_that)
    rule("Whole", "AndNumber", rules.ratio_between)
    rule("Whole", "AndRows", lambda whole, rows: rules.ratio_between(whole, rules.counted(rows)))
    rule("Whole", "JCol", rules.ratio_between_columns)
    rule("RatioSide", "AndRows", lambda side, rows: rules.alike_side(side, (False, rules.counted(rows))))
    lift("Ratios", rules.ratios)
    rule("Number", "OnAverage", rules.ratio_on_average)
    rule("Number", "Second", rules.out_of)
    rule("Comma", "Second", _second("Second"))
    rule("Number", "PerCol", rules.rate_of)
    rule("Each", "Num", lambda is_per, count: [("PerNum", count, 0.0)] if is_per else [])
    rule("PerNum", "Rows", lambda count, rows: [("PerMany", (count, rules.counted(rows)), 0.0)])
    rule("PerNum", "Col", rules.per_many_of)
    rule("Number", "PerMany", rules.rate_per_many)
    rule("Rows", "PerMany", lambda rows, many: rules.rate_per_many(rules.counted(rows), many))
    rule("Rate", "Link", rules.rate_link)
    rule("Cond", "RateLink", rules.rate_of_rows)
    rule("Col", "PerCol", rules.rate_of_column)
    rule("Is", "Cond Link Claim Time", _second("Pred"))
    rule("Rel", "Cond Link Claim Pred", _second("Pred"))
    rule("CmpNum", "OfWhole", rules.cut_of)
    rule("CmpHalf", "Rows", rules.cut_of)
    rule("Cmp", "Half", lambda operator, _: [("CmpHalf", Compare(operator, 50, "percent"), 0.0)])
    rule("CutOf", "Pred Cond Link Claim", rules.cut_having)
    rule("Is", "Having", _second("Having"))
    rule("Whole", "Pred", rules.part_of)
    rule("Whole", "Cond Link Claim", rules.part_of)
    rule("Cond", "Rate", rules.rate)
    rule("Event", "Rate", rules.rate_done)
    rule("Event", "RateLink", rules.rate_done_of)
    lift("RateNumber", lambda number: [("Number", number, 0.0)])
    rule("Rows", "RateNumber", rules.rate_of_those)
    rule("ShareOf", "Number", rules.share)
    rule("ShareOf", "Number", lambda kind, number: [("ShareOfIt", (kind, number), 0.0)])
    rule("Number", "ShareOfIt", rules.part_as_share)
    rule("Col", "ShareOfIt", rules.column_as_share)
    rule("ShareOf", "Col", rules.share_column)
    rule("ShareOf", "Rows", rules.share_rows)
    lift("Whole", rules.part_within)


def _add_groups(rule: Rule, lift: Lift, rules: NumberRules) -> None:
    rule("Each", "Rows", rules.each_rows)
    rule("Each", "Col", rules.each_column)
    rule("Each", "Cond", rules.each_flag)
    rule("Each", "Grain", rules.each_grain)
    rule("EachEnd", "Grain", lambda _, grain: [("Group", Group(grains=(grain,), is_at_end=True), -1.5)])
    rule("Each", "Part", rules.each_part)
    rule("Each", "Number", rules.by_number)
    lift("EachGrain", rules.grain_group)
    rule("And Comma", "Group", _second("AndGroup"))
    rule("And Comma", "Col", _into("AndGroup", lambda columns: rules.each_column(False, columns), 0.4))
    rule("And Comma", "Rows", _into("AndGroup", rules.and_rows, 0.5))
    rule("And Comma", "Grain", _into("AndGroup", lambda grain: rules.each_grain(False, grain), 0.0))
    rule("Group", "AndGroup", rules.groups)
    rule("Group", "Group", rules.alike_groups)
    rule("Prep Verb", "Group", _second("Group", 0.05))


def _add_combinations(rule: Rule, lift: Lift, rules: NumberRules) -> None:
    """`combinations of city and device type`."""
    rule("Comb", "Col Rows", rules.combined)
    rule("Comb", "Fill", lambda *_: [("Comb", None, 0.0)])
    rule("And Comma", "Col Rows", lambda _, thing: [("AndThing", thing, 0.0)])
    rule("Combined Combination", "AndThing", rules.combined_with)
    lift("Combination", lambda columns: [("Col", columns, 0.0)])


def _add_orders(rule: Rule, lift: Lift, rules: NumberRules) -> None:
    rule("Num", "Rows Col", rules.several)
    rule("NumRows", "Best", rules.several_best)
    rule("TimeAgg", "NumRows", rules.several_times)
    rule("TimeAgg", "Rows", lambda function, rows: rules.several_times(function, (1, rows)))
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
    rule("Verb Rel", "Best", _second("Best"))
    rule("Act Did", "Best", rules.most_held)
    rule("Act Did", "Best", rules.done_best)
    # "With the most orders" is said of what stands before it, which `with_best` joins to it.
    rule("Prep", "Best", lambda how, best: [("Best", best, 0.2 * (how == "with"))])
    rule("Prep", "TopOf", _second("OfTop", 0.1))
    rule("Col", "OfTop", rules.columns_of_first)
    rule("Prep", "Scoped", lambda how, scoped: [("OfScoped", scoped, 0.0)] if how in ("of", "in") else [])
    rule("Col", "OfScoped", rules.column_of_scoped)
    rule("Prep", "FrequentOf", _second("FrequentOf", 0.1))
    rule("Top", "Rows Col", lambda is_descending, of: [("TopOf", Top(1, of, is_descending), 0.4)])
    rule("Num", "Top", lambda count, is_descending: rules.top_number(is_descending, count))
    rule("Often", "Col Rows", rules.often)
    rule("Act", "Often", lambda rows, is_descending: rules.best_rows(is_descending, rows))
    rule("Ranked", "Rows Col", lambda _, of: [("RankOf", Ranking(of), 0.0)])
    rule("Ranked", "Group", rules.ranked_each)
    rule("TopN", "Rows Col FrequentOf Best", rules.top_of)
    rule("Num", "FrequentOf Best", rules.number_of)
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
    rule("And", "SupCol", _second("AndSupCol"))
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
    rule("OrderBy", "Dir", rules.ordered_direction)
    rule("Comma", "Dir", _second("CommaDir"))
    rule("OrderBy", "CommaDir", rules.ordered_direction)
    rule("ThenBy", "Rows Col Number Amount", lambda _, by: [("OrderBy", Sorted(by, after=by), -0.2)])


def _between(rules: NumberRules, rows: Rows) -> Found:
    """`differ between departments`, or between some of them that are named."""
    found = rules.each_rows(False, rows) if rows.where is None else rules.between_values(None, Link(rows))
    yield from found


def _grained(rules: NumberRules) -> Callable[[Any, Any], Found]:
    """`average monthly`: the grain as a group."""

    def rule(function: Any, grain: Any) -> Found:
        yield from rules.nested_each(function, Group(grains=(grain,)))

    return rule


def _in_how_many(how: str, number: Number) -> Found:
    """`with an average rating`, `in how many countries`."""
    is_count = isinstance(number.term, Measure) and number.term.function.startswith("count")
    if how == "with" or (how in ("in", "at", "on", "for", "from", "to") and is_count):
        # "The restaurants with the highest rating" are rather those that have it.
        is_end = isinstance(number.term, Measure) and number.term.function in ("max", "min")
        yield "Number", number, 0.6 if is_end else 0.3


def _ordered_by(_: Any, order: Sorted) -> Found:
    """`sorted from the most common to the least common`, `from the lowest to the highest average`."""
    if order.by is not None or order.of == "frequency" or order.said:
        yield "OrderBy", order, 0.0


def _moving_beside(how: str, span: Span) -> Found:
    """`with a 3-month moving average`, beside the numbers themselves."""
    if how == "with" and isinstance(span.count, int):
        yield "Change", Change("moving_average", span.unit, span.count), 0.0


def _cheaper(found: Found, gain: float) -> Found:
    """What is found, likelier by a gain: "in one match" is said of a peak, and hardly of all matches."""
    for category, meaning, cost in found:
        yield category, meaning, cost - gain


def _second(category: str, cost: float = 0.0) -> Callable[[Any, Any], Found]:
    """The meaning of the second phrase alone, under a category."""

    def rule(_: Any, second: Any) -> Found:
        yield category, second, cost

    return rule


def _into(category: str, function: Callable[[Any], Found], cost: float) -> Callable[[Any, Any], Found]:
    """What a function makes of the second phrase, under a category of its own."""

    def rule(_: Any, second: Any) -> Found:
        for _, meaning, more in function(second):
            yield category, meaning, more + cost

    return rule
