"""How long texts are: "sorted by the length of their name", "the longest title"."""

from __future__ import annotations

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Found
from aidbt.semantic.english.row_rules.nouns import NounRules
from aidbt.semantic.query import Attribute, Length


def add_text_length_rules(rule: Rule, rules: NounRules) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("LengthOf", "Col", lambda _, columns: _length(columns, rules))
    rule("LengthOf", "Fill Poss", lambda *_: [("LengthOf", None, 0.0)])
    rule("Long", "Col", lambda is_long, columns: _longest(bool(is_long), columns, rules))


def _text(columns: Columns, rules: NounRules) -> Attribute | None:
    """The one text that is named."""
    term = columns.terms[0]
    is_text = len(columns.terms) == 1 and rules.column(term).kind == "text"
    return term if is_text and columns.rows is None else None


def _length(columns: Columns, rules: NounRules) -> Found:
    """`the length of the name`, in characters."""
    text = _text(columns, rules)
    if text is not None:
        yield "Amount", Amount(text.table, Length(text)), 0.0


def _longest(is_long: bool, columns: Columns, rules: NounRules) -> Found:
    """`the longest title`."""
    for _, amount, _ in _length(columns, rules):
        if isinstance(amount, Amount):
            yield "Best", Best(amount, is_long), 0.2
