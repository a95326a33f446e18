"""Which phrases stand side by side to make a number or a group."""

from __future__ import annotations

from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Change, Group, Number
from aidbt.semantic.english.meanings.phrases import Found, Link, Rows, Span
from aidbt.semantic.english.number_rules.combining import cheaper, into, second
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.number_rules.order_grammar import add_order_grammar
from aidbt.semantic.english.number_rules.ratio_grammar import add_ratio_grammar
from aidbt.semantic.query import Measure

# Categories of numbers that words which say nothing may stand before.
FILLABLE = frozenset(
    """Number Numbers CountAnd Group Best TopN TopOf FrequentOf Grain Count Agg Aggs TimeAgg Sup Most Leading
    Said Each Order Top Ratio OrderBy Often Product Excess More Whole Running Diff EachGrain Part Change
    OfThem OnAverage Second ItsShare AsShare Having Rate Long
    Moving MovingOf Rolling RollingSpan Ranked RankOf DirOf AllOf Scoped Good StartWith
    HowMuchOf MuchOf""".split()
)


def add_number_grammar(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """Hand each rule to `rule(left, right, function)` or `lift(category, function)`."""
    _add_aggregates(rule, rules)
    _add_beside(rule, rules)
    _add_comparisons(rule, rules)
    _add_all(rule, rules)
    _add_running(rule, rules)
    _add_nested(rule, rules)
    _add_changes(rule, rules)
    add_ratio_grammar(rule, lift, rules)
    _add_groups(rule, lift, rules)
    _add_combinations(rule, lift, rules)
    add_order_grammar(rule, lift, rules)


def _add_aggregates(rule: Rule, rules: NumberRules) -> None:
    """Sums, counts and means of rows and columns."""
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
    rule("And Comma", "Agg TimeAgg", second("AndAgg"))
    rule("Agg TimeAgg Aggs", "AndAgg", rules.aggregates)
    rule("Aggs", "Col", rules.aggregate_all)


def _add_beside(rule: Rule, rules: NumberRules) -> None:
    """Numbers beside other numbers, and what is claimed of them."""
    rule("And Comma", "Number", second("AndNumber"))
    rule("And Comma", "Rows", second("AndRows"))
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
    rule("Rel Prep Owning", "Having", second("Having"))
    rule("Prep", "Number", _in_how_many)
    rule("Prep", "Numbers", lambda how, numbers: [("Numbers", numbers, 0.1)] if how == "with" else [])
    rule("Rows", "CountAll", lambda rows, _: rules.count_rows("count", rows))


def _add_comparisons(rule: Rule, rules: NumberRules) -> None:
    """Numbers that are held against others, multiplied with them, or taken from them."""
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
    rule("Product", "Col", second("TimesCol"))
    rule("Col", "TimesCol", rules.product)
    rule("Excess", "Rows", lambda sign, rows: [("ExcessOf", (sign, rules.counted(rows)), 0.0)])
    rule("Excess", "Col", rules.excess_column)
    rule("Excess", "Number", lambda sign, number: [("ExcessOf", (sign, number), 0.0)])
    rule("Than", "Rows", lambda _, rows: [("ThanNumber", rules.counted(rows), 0.0)])
    rule("ExcessOf", "ThanNumber", rules.excess)
    rule("Than", "Cond Link Claim Time", second("ThanClaim"))
    rule("ExcessOf", "ThanClaim", rules.excess_elsewhere)


def _add_all(rule: Rule, rules: NumberRules) -> None:
    """`across all customers`, `including those without orders`."""
    rule("AllOf", "Rows", rules.of_all)
    rule("Number", "AcrossAll", rules.number_claim)
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


def _add_running(rule: Rule, rules: NumberRules) -> None:
    """Running totals and moving averages."""
    rule("Their", "Number", second("Theirs"))
    rule("Those", "Rows", lambda _, rows: [("ThoseRows", rows, 0.0)] if rows.where is None else [])
    rule("Prep", "ThoseRows", lambda how, rows: [("OfThose", rows, 0.0)] if how == "of" else [])
    rule("Number", "OfThose", rules.number_of_those)
    rule("NumberOfThose", "Fill", lambda number, _: [("NumberOfThose", number, 0.0)])
    rule("And", "Theirs", second("AndTheirs"))
    rule("Number Numbers", "AndTheirs", rules.and_theirs)
    rule("Running", "Number", rules.running)
    rule("Running", "Col", rules.running_column)
    rule("Running", "Rows", rules.running_rows)
    rule("Span", "Moving", rules.moving_span)
    rule("Rolling", "Span", second("RollingSpan"))
    rule("RollingSpan", "Agg", rules.rolling_span)
    rule("MovingOf", "Number", rules.moving)
    rule("MovingOf", "Col", rules.moving_column)
    rule("MovingOf", "Rows", rules.moving_rows)


def _add_nested(rule: Rule, rules: NumberRules) -> None:
    """Differences, and aggregates of aggregates."""
    rule("Diff", "Numbers", rules.difference)
    rule("Agg", "Number", rules.nested)
    rule("Agg", "Rows", rules.nested_rows)
    rule("Agg", "EachGrain", rules.nested_each)
    rule("AggEach", "Number", rules.nested_in)
    rule("AggEach", "Rows", rules.nested_in_rows)
    rule("AggEach", "Col", rules.nested_in_column)
    rule("Nested Peak", "Group", rules.nested_group)
    rule("InOne", "Rows", into("OneGroup", lambda rows: rules.each_rows(True, rows), 0.0))
    rule("Peak", "OneGroup", lambda peak, group: cheaper(rules.nested_group(peak, group), 0.8))
    rule("Nested", "Cond Link Claim Time", rules.nested_claim)
    rule("Agg", "Scoped", rules.nested_scoped)


def _add_changes(rule: Rule, rules: NumberRules) -> None:
    rules.change_rules(rule)
    rule("OfThat", "Rows Col", lambda _, of: [("SaidGroup", of, 0.0)])
    rule("DifferBetween", "Rows", lambda _, rows: _between(rules, rows))
    rule("DifferBetween", "Col", lambda _, columns: rules.each_column(False, columns))
    rule("Change", "Prep", lambda change, _: [("Change", change, 0.0)])
    rule("Prep", "Change", second("Change"))
    rule("Prep", "MovingOf", _moving_beside)
    for category in "Best TopOf FrequentOf Whole Nested Numbers Sup Most Scoped RankOf".split():
        rule("Is", category, second(category))


def _add_groups(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    rule("Each", "Rows", rules.each_rows)
    rule("Each", "Col", rules.each_column)
    rule("Each", "Cond", rules.each_flag)
    rule("Each", "Grain", rules.each_grain)
    rule("EachEnd", "Grain", lambda _, grain: [("Group", Group(grains=(grain,), is_at_end=True), -1.5)])
    rule("Each", "Part", rules.each_part)
    rule("Each", "Number", rules.by_number)
    lift("EachGrain", rules.grain_group)
    rule("And Comma", "Group", second("AndGroup"))
    rule("And Comma", "Col", into("AndGroup", lambda columns: rules.each_column(False, columns), 0.4))
    rule("And Comma", "Rows", into("AndGroup", rules.and_rows, 0.5))
    rule("And Comma", "Grain", into("AndGroup", lambda grain: rules.each_grain(False, grain), 0.0))
    rule("Group", "AndGroup", rules.groups)
    rule("Group", "Group", rules.alike_groups)
    rule("Prep Verb", "Group", second("Group", 0.05))


def _add_combinations(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """`combinations of city and device type`."""
    rule("Comb", "Col Rows", rules.combined)
    rule("Comb", "Fill", lambda *_: [("Comb", None, 0.0)])
    rule("And Comma", "Col Rows", lambda _, thing: [("AndThing", thing, 0.0)])
    rule("Combined Combination", "AndThing", rules.combined_with)
    lift("Combination", lambda columns: [("Col", columns, 0.0)])


def _between(rules: NumberRules, rows: Rows) -> Found:
    """`differ between departments`, or between some of them that are named."""
    found = rules.each_rows(False, rows) if rows.where is None else rules.between_values(None, Link(rows))
    yield from found


def _in_how_many(how: str, number: Number) -> Found:
    """`with an average rating`, `in how many countries`."""
    is_count = isinstance(number.term, Measure) and number.term.function.startswith("count")
    if how == "with" or (how in ("in", "at", "on", "for", "from", "to") and is_count):
        # "The restaurants with the highest rating" are rather those that have it.
        is_end = isinstance(number.term, Measure) and number.term.function in ("max", "min")
        yield "Number", number, 0.6 if is_end else 0.3


def _moving_beside(how: str, span: Span) -> Found:
    """`with a 3-month moving average`, beside the numbers themselves."""
    if how == "with" and isinstance(span.count, int):
        yield "Change", Change("moving_average", span.unit, span.count), 0.0
