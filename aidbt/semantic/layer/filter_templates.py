"""MetricFlow's filters, read as predicates over items of the semantic layer."""

from __future__ import annotations

import re

from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.sql_terms import predicate_of
from aidbt.semantic.query import Attribute, Grain, Predicate, Term

_CALL = re.compile(
    r"""\{\{\s*(?:Dimension|TimeDimension|Entity)\(\s*(?P<quote>['"])(?P<name>\w+)(?P=quote)\s*
        (?:,\s*(?:time_granularity_name\s*=\s*)?['"](?P<grain>\w+)['"]\s*)?
        (?:,\s*entity_path\s*=\s*\[(?P<path>[^\]]*)\]\s*)?\)
        (?:\.grain\(\s*['"](?P<cut>\w+)['"]\s*\))?\s*\}\}""",
    re.VERBOSE,
)


def item_attribute(name: str, grain: str = "") -> Attribute:
    """An item of the semantic layer by its name, as a column without a table.

    Raises:
        CannotPlan: the grain is one of the project's own.
    """
    if grain and grain not in set(Grain):
        raise CannotPlan(f"the grain '{grain}' is the project's own, which only MetricFlow knows")
    return Attribute("", name.lower(), grain=Grain(grain) if grain else None)


def filter_predicate(template: str, dialect: str) -> Predicate:
    """The condition that a filter says, its items as of `item_attribute`.

    Raises:
        CannotPlan: it holds more than items, constants and what predicates can say of them.

    Example:
        >>> filter_predicate("{{ Dimension('order__is_gift') }}", "duckdb").left.column
        'order__is_gift'
    """
    terms: dict[str, Term] = {}

    def named(match: re.Match[str]) -> str:
        links = re.findall(r"\w+", match["path"] or "")
        name = f"item_{len(terms)}"
        terms[name] = item_attribute("__".join((*links, match["name"])), match["cut"] or match["grain"] or "")
        return name

    text = _CALL.sub(named, template)
    if "{{" in text or "{%" in text:
        raise CannotPlan(f"the filter `{template}` asks for more than dimensions, entities and times")

    def column(name: str) -> Term:
        if name not in terms:
            raise CannotPlan(f"the filter `{template}` names a column and no dimension")
        return terms[name]

    return predicate_of(text, column, dialect)
