"""Which phrases stand side by side to make a ratio, a rate or a share."""

from __future__ import annotations

from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Filtered
from aidbt.semantic.english.meanings.phrases import Claims, Compare, Link
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.number_rules.ratio_sides import ratio_side


def add_ratio_grammar(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """Hand over the rules of ratios, rates and shares."""
    _add_sides(rule, rules)
    _add_ratios(rule, lift, rules)
    _add_rates(rule, lift, rules)
    _add_shares(rule, lift, rules)


def _add_sides(rule: Rule, rules: NumberRules) -> None:
    """The two sides of a ratio."""
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
    rule("OfThem", "Verb Weak", lambda kind, verb: [("OfThem", kind, 0.1)] if verb == EMPTY else [])
    claims = "Pred Cond Link Claim Time"
    rule("OfThem", claims, lambda kind, claim: [("Filtered", Filtered(claim, kind), -0.2)])


def _add_ratios(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """Two sides as one ratio."""
    rule("Whole", "Second", rules.ratio)
    rule("Whole", "Verb", lambda whole, _: [("Whole", whole, 0.6)] if whole.is_ratio else [])
    rule("Whole", "SecondOthers", rules.ratio_to_rest)
    rule("Whole", "SecondRest", lambda whole, _: rules.ratio_to_rest(whole, rules.all_of(whole)))
    rule("RatioSide", "Second", rules.alike_side)
    rule("ToThat", "Rows", lambda _, rows: [("ToThatOf", Link(rows), 0.0)])
    rule("To", "Cond", rules.second_kind)
    rule("ToThat", "Cond", lambda _, condition: [("ToThatOf", condition, 0.0)])
    rule("Whole", "ToThatOf", rules.ratio_to_that)
    rule("Whole", "ToKind", rules.ratio_to_kind)
    rule("Whole", "AndNumber", rules.ratio_between)
    rule("Whole", "AndRows", lambda whole, rows: rules.ratio_between(whole, rules.counted(rows)))
    rule("Whole", "JCol", rules.ratio_between_columns)
    rule("RatioSide", "AndRows", lambda side, rows: rules.alike_side(side, (False, rules.counted(rows))))
    lift("Ratios", rules.ratios)
    rule("Number", "OnAverage", rules.ratio_on_average)
    rule("Number", "Second", rules.out_of)
    rule("Comma", "Second", second("Second"))


def _add_rates(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """`complaints per 1,000 inhabitants`, `cancellation rate`, and parts of rows that a claim says."""
    rule("Number", "PerCol", rules.rate_of)
    rule("Each", "Num", lambda is_per, count: [("PerNum", count, 0.0)] if is_per else [])
    rule("PerNum", "Rows", lambda count, rows: [("PerMany", (count, rules.counted(rows)), 0.0)])
    rule("PerNum", "Col", rules.per_many_of)
    rule("Number", "PerMany", rules.rate_per_many)
    rule("Rows", "PerMany", lambda rows, many: rules.rate_per_many(rules.counted(rows), many))
    rule("Rate", "Link", rules.rate_link)
    rule("Cond", "RateLink", rules.rate_of_rows)
    rule("Col", "PerCol", rules.rate_of_column)
    rule("Is", "Cond Link Claim Time", second("Pred"))
    rule("Rel", "Cond Link Claim Pred", second("Pred"))
    rule("CmpNum", "OfWhole", rules.cut_of)
    rule("CmpHalf", "Rows", rules.cut_of)
    rule("Cmp", "Half", lambda operator, _: [("CmpHalf", Compare(operator, 50, "percent"), 0.0)])
    rule("CutOf", "Pred Cond Link Claim", rules.cut_having)
    rule("Is", "Having", second("Having"))
    rule("Whole", "Pred", rules.part_of)
    rule("Whole", "Cond Link Claim", rules.part_of)
    rule("Cond", "Rate", rules.rate)
    rule("Event", "Rate", rules.rate_done)
    rule("Event", "RateLink", rules.rate_done_of)
    lift("RateNumber", lambda number: [("Number", number, 0.0)])
    rule("Rows", "RateNumber", rules.rate_of_those)


def _add_shares(rule: Rule, lift: LiftRule, rules: NumberRules) -> None:
    """Shares of all groups."""
    rule("ShareOf", "Number", rules.share)
    rule("ShareOf", "Number", lambda kind, number: [("ShareOfIt", (kind, number), 0.0)])
    rule("Number", "ShareOfIt", rules.part_as_share)
    rule("Col", "ShareOfIt", rules.column_as_share)
    rule("ShareOf", "Col", rules.share_column)
    rule("ShareOf", "Rows", rules.share_rows)
    lift("Whole", rules.part_within)
