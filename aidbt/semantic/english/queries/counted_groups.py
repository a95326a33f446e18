"""How many rows, or values, there are of which a number of others is so great.

"How many titles sold over 1000 copies" counts the titles, "how many countries have 10 members" the countries
that are left of groups that a number is held against in.
"""

from __future__ import annotations

from dataclasses import fields, replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Having, Number
from aidbt.semantic.english.meanings.phrases import Condition, Link, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.grouped import Grouping
from aidbt.semantic.english.words.naming import things, unique_names
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Measure, Missing, Not, Output, OutputRef, SemanticQuery, Value

# What may be said beside a number and its conditions.
_BESIDE = {
    "shown", "claims", "havings", "counts", "asks", "shows", "general", "says_again", "spans", "group",
    "is_each",
}  # fmt: skip
_NOTHING = Asked()


def counted_groups(asked: Asked, rules: NumberRules) -> SemanticQuery | None:
    """The number of the groups that a number is held against in; None where something else is asked for.

    Raises:
        Refused: it is asked for by groups that are not those of the rows that are counted.
    """
    counted = _counted(asked)
    if counted is None:
        return None
    if isinstance(counted.of, Attribute):
        return _of_values(asked, counted.of, rules)
    havings = asked.havings
    if not havings or not all(_is_of_each(having, counted, rules) for having in havings):
        return None
    _check_groups(asked.group, counted, rules)
    rows = Group(rules.label(counted.table), (Rows(counted.table, counted.where),))
    inner = replace(asked, group=asked.group | rows, shown=[having.number for having in havings])
    return _over(inner, asked.group.terms, counted.table, rules)


def _counted(asked: Asked) -> Measure | None:
    """The rows, or values, that are counted, where no more is asked for than how many of them there are."""
    names = {field.name for field in fields(Asked)} - _BESIDE
    if len(asked.shown) != 1 or any(getattr(asked, name) != getattr(_NOTHING, name) for name in names):
        return None
    number = asked.shown[0]
    term = number.term if isinstance(number, Number) else None
    if not isinstance(term, Measure) or term.at is not None:
        return None
    is_of_rows = (term.function, term.of) == ("count", None)
    is_of_values = term.function == "count_distinct" and not (asked.group or asked.havings)
    return term if is_of_rows or is_of_values else None


def _is_of_each(having: Having, counted: Measure, rules: NumberRules) -> bool:
    """Whether a number is one of other rows that each belong to one of those that are counted."""
    table = having.number.table
    path = rules.path(table, counted.table) if table and table != counted.table else None
    return path is not None and is_to_one(path) and isinstance(having.value, Value)


def _check_groups(group: Group, counted: Measure, rules: NumberRules) -> None:
    """That rows that are counted are each in one of the groups that they are counted in."""
    paths = [rules.path(counted.table, term.table) for term in group.terms]
    if group.grains or group.parts or any(path is None or not is_to_one(path) for path in paths):
        raise Refused(f"it is not certain how rows of {counted.table} are counted in these groups")


def _of_values(asked: Asked, column: Attribute, rules: NumberRules) -> SemanticQuery | None:
    """`how many countries have more than 10 members`."""
    counts = [
        claim
        for claim in asked.claims
        if isinstance(claim, Link) and not claim.is_plain and claim.count and not claim.by
    ]
    if len(counts) != 1:
        return None
    link = counts[0]
    path = rules.path(link.rows.table, column.table) if link.rows.table != column.table else ()
    if path is None or not is_to_one(path):
        return None
    having = Having(rules.counted(replace(link.rows, time=None)), link.operator, Value(link.count))
    known = Condition(column.table, Not(Missing(column)))
    claims = [*(claim for claim in asked.claims if claim != link), known]
    inner = replace(asked, group=Group((column,)), shown=[having.number], claims=claims, havings=[having])
    return _over(inner, (), column.column, rules)


def _over(inner: Asked, terms: tuple[Attribute, ...], name: str, rules: NumberRules) -> SemanticQuery:
    """How many rows a question about groups has, for each of some of its terms."""
    within = Grouping(replace(inner, counts=False), rules).query()
    within = replace(within, outputs=unique_names(within.outputs), order_by=())
    names = {output.term: output.name for output in within.outputs}
    groups = tuple(OutputRef(names[term]) for term in terms)
    outputs = (*(Output(group, group.name) for group in groups), Output(Measure("count", ""), things(name)))
    return SemanticQuery(outputs, group_by=groups, source=within)
