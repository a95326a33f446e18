"""Which phrases stand side by side to make a longer one."""

from __future__ import annotations

from aidbt.semantic.english.chart import Grammar
from aidbt.semantic.english.numbers import NumberRules
from aidbt.semantic.english.phrases import Group


class Rules(NumberRules):
    """The grammar over one graph."""

    def grammar(self) -> Grammar:
        binary: dict[tuple[str, str], list[object]] = {}

        def rule(left: str, right: str, function: object) -> None:
            for a in left.split():
                for b in right.split():
                    binary.setdefault((a, b), []).append(function)

        phrases = "Rows Col Val Cond Quo Num Time Number Group Link Best TopN TopOf CmpNum Grain FrequentOf"
        rule(
            "Fill",
            phrases + " Count Agg Sup Cmp Each Neg Prep Verb Order Top Ratio Rel OrderBy Frequent",
            self.keep_right,
        )
        rule("Rel", "Cond Link Best", self.keep_right)
        rule(phrases + " Cmp Neg Order Verb Prep Rel", "Fill", self.keep_left)
        rule("Rows", "Cond Val", self.rows_condition)
        rule("Cond Val", "Rows", self.condition_rows)
        rule("Rows", "Link", self.rows_link)
        rule("Rows", "Time", self.rows_period)
        rule("Col", "Time", self.column_period)
        rule("Prep", "Time", self.prep_period)
        rule("Col", "Val", self.column_value)
        rule("Val", "Col", self.value_column)
        rule("Col", "Quo", self.column_quoted)
        rule("Rows", "Quo", self.rows_quoted)
        rule("Col", "Num", self.column_number)
        rule("Like", "Quo", lambda a, b: [("LikeText", (a.meaning, b.meaning), 0.0)])
        rule("Col", "LikeText", self.column_like)
        rule("Fill Rel", "LikeText", self.keep_right)
        rule("Col", "NameOf", self.named_column)
        rule("Rows", "NameOf", self.named_rows)
        rule("Verb", "Group Best", self.verb_any)
        rule("EachGrain", "Number", lambda a, b: [("Grouped", (a.meaning, b.meaning), 0.0)])
        rule("Number Rows Col", "Verb", lambda a, b: [(a.category, a.meaning, 0.9)])
        rule("To", "Rows Number", lambda a, b: [("ToNumber", (a.meaning, b.meaning), 0.0)])
        rule("Col", "CmpNum", self.column_compared)
        rule("Cmp", "Num", lambda a, b: [("CmpNum", (a.meaning, b.meaning), 0.0)])
        rule("Num", "CmpAfter", lambda a, b: [("CmpNum", (b.meaning, a.meaning), 0.0)])
        rule("CmpNum", "Rows", self.compared_rows)
        rule("Num", "Rows", self.number_rows)
        rule("Prep", "Rows", self.prep_rows)
        rule("Verb", "Rows", self.verb_rows)
        rule("Verb Prep", "Cond Val", lambda a, b: [("Cond", b.meaning, 0.1)])
        rule("Verb", "Link Time", self.verb_any)
        rule("Prep", "Link", self.verb_any)
        rule("Neg", "Link", self.not_link)
        rule("Neg", "Rows", self.not_rows)
        rule("Neg", "Cond Val", self.not_condition)
        rule("And", "Cond Val", self.condition_and)
        rule("And", "Rows Col Number Group Link Best Time", lambda a, b: [(b.category, b.meaning, 0.1)])
        rule("Cond", "AndCond", self.conditions)
        rule("Rows", "Col", self.rows_column)
        rule("Col", "Link", self.column_rows)
        rule("Col", "Link", self.column_link)
        rule("Col", "Cond Val", self.column_condition)
        rule("Count", "Rows", self.count_rows)
        rule("Count", "Col", self.count_column)
        rule("Agg", "Col", self.aggregate)
        rule("Number", "Link", self.number_link)
        rule("Number", "Cond Val", self.number_condition)
        rule("Number", "Time", self.number_period)
        rule("Ratio", "Rows Number", self.ratio_left)
        rule("Each", "Rows", self.each_rows)
        rule("Each", "Col", self.each_column)
        rule("Each", "Grain", self.each_grain)
        rule("Each", "Number", self.by_number)
        rule("Prep", "Group", self.keep_right)
        rule("Top", "Num", self.top_number)
        rule("Sup", "Col", self.best_column)
        rule("Sup", "Number", self.best_number)
        rule("Sup", "Rows", self.best_rows)
        rule("Prep Verb", "Best", self.keep_right)
        rule("Frequent", "Col Rows", self.frequent)
        rule("TopN", "Rows Col FrequentOf Best", self.top_of)
        rule("Num", "FrequentOf Best", self.top_of)
        rule("Order", "Rows Col Number", self.ordered)
        rule("Order", "Dir", self.order_direction)
        rule("OrderBy", "Dir", self.ordered_direction)
        rule("RatioOf", "ToNumber", self.ratio)
        return Grammar(
            {key: tuple(found) for key, found in binary.items()},
            {  # type: ignore[arg-type]
                "EachGrain": (lambda item: [("Group", Group((), None, item.meaning), 0.0)],),  # type: ignore[arg-type]
            },
        )
