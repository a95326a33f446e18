"""Which phrases stand side by side to make a longer one."""

from __future__ import annotations

from collections.abc import Callable

from aidbt.semantic.english.grounding.houses import add_house_rules
from aidbt.semantic.english.grounding.verbs import EMPTY
from aidbt.semantic.english.meanings.chart import Combine, Grammar, Lift
from aidbt.semantic.english.number_rules.among import add_among_rules
from aidbt.semantic.english.number_rules.asides import add_aside_rules
from aidbt.semantic.english.number_rules.asked_clauses import add_asked_clause_rules
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.english.number_rules.number_grammar import FILLABLE, add_number_grammar
from aidbt.semantic.english.number_rules.orders import OrderRules
from aidbt.semantic.english.number_rules.other_parts import add_other_part_rules
from aidbt.semantic.english.number_rules.tails import add_tail_rules
from aidbt.semantic.english.number_rules.text_lengths import add_text_length_rules
from aidbt.semantic.english.number_rules.unit_prices import add_unit_price_rules

# Phrases of rows and of conditions that words which say nothing may stand beside.
_PHRASES = """Rows Col Val Cond Link Claim Time Texts Names Num CmpNum CmpCol CmpMean Range Act ActOn Clause
    Did Rated Sized SupCol SupRows LikeText WhoRole UnitBetween Amount Event EventOf Elapsed LapseIn"""
_OPENERS = """Cmp When Neg No Prep Verb Rel Whose Between Owning And Or Grain Span CmpSpan Within Agent
    Mail Ordinal Role RoleVerb ReportVerb RoleBy Took CmpTimes Weak Times Twice Like Null NotNull"""

Beside = Callable[[str, str], None]


class Rules(OrderRules):
    """The grammar over one graph."""

    def grammar(self) -> Grammar:
        """All rules, by what they join."""
        binary: dict[tuple[str, str], list[Combine]] = {}
        unary: dict[str, list[Lift]] = {}

        def rule(left: str, right: str, function: Combine) -> None:
            for a in left.split():
                for b in right.split():
                    binary.setdefault((a, b), []).append(function)

        def lift(category: str, function: Lift) -> None:
            unary.setdefault(category, []).append(function)

        def before(words: str, phrases: str) -> None:
            """A small word before each of the phrases; the phrase stays what it is."""
            for phrase in phrases.split():
                rule(words, phrase, second(phrase))

        def after(phrases: str, words: str) -> None:
            for phrase in phrases.split():
                rule(phrase, words, _first(phrase))

        self.row_rules(rule, lift)
        add_number_grammar(rule, lift, self)
        self.superlative_rules(rule)
        self.first_rules(rule)
        self.unit_rules(rule)
        self.clause_rules(rule)
        add_tail_rules(rule)
        add_text_length_rules(rule, self)
        add_asked_clause_rules(rule, self)
        self.mail_rules(rule, lift)
        self.order_rules(rule, lift)
        add_house_rules(rule)
        add_aside_rules(rule, self)
        add_other_part_rules(rule)
        add_among_rules(rule, self)
        add_unit_price_rules(rule)
        rule("Prep", "Rows", lambda how, rows: [("OfWhole", rows, 0.0)] if how in ("of", "among") else [])
        rule("OfWhole", "Comma", _first("OfWhole"))
        rule("OfWhole", "WhatShare", lambda rows, kind: self.whole_rows(kind, rows))
        _small_words(before, after)
        for phrase in ("Rows", "Col", "Number"):
            rule(phrase, "Verb", _without(phrase))
            rule(phrase, "Weak", _without(phrase, 1.2))
        rule("Group", "Verb Stranded Weak DoneCol", lambda group, _: [("Group", group, 0.3)])
        return Grammar(
            {key: tuple(found) for key, found in binary.items()},
            {key: tuple(found) for key, found in unary.items()},
        )


def _small_words(before: Beside, after: Beside) -> None:
    """Words that say nothing beside a phrase: fillers, articles, a form of "to be"."""
    numbers = " ".join(sorted(FILLABLE))
    before("Fill", f"{_PHRASES} {_OPENERS} {numbers} Things")
    extremes = {"SupCol", "SupRows", "Sup", "Long", "Best", "TopOf"}
    before("Poss", " ".join(p for p in f"{_PHRASES} {_OPENERS} {numbers}".split() if p not in extremes))
    asserted = [p for p in f"{_PHRASES} {_OPENERS} Number Group".split() if p not in ("Clause", "Texts")]
    before("Is", " ".join(asserted))
    after(f"{_PHRASES} Cmp Neg No Verb Prep Rel {numbers}", "Fill")
    after("Col Cmp Verb Rel Neg Act Did Number", "Is")
    before("ValueOf", "Col")
    before("Only", "Col Time Num CmpNum Range")
    after("Rows Col Val Cond Time Num", "Only")
    before("Who", "Rows TopOf")
    before("Every", f"Rows Col Role Clause {numbers}")
    before("Fill Is", "Every")
    before("Whose", "Having Pred")
    before("Rel", "Best TopOf LikeText CmpNum Range Null")


def _first(phrase: str) -> Combine:
    return lambda meaning, _: [(phrase, meaning, 0.01)]


def _without(phrase: str, cost: float = 0.7) -> Combine:
    """A phrase beside a verb that says nothing without what would follow it: "papers published"."""
    return lambda meaning, verb: [(phrase, meaning, cost)] if verb == EMPTY else []
