"""The phrases of a question, from first to last, as one query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.complete import check_complete
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.apart import ends_before
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Frequent, Group
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.asked_sentences import asked_of
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.counted_groups import counted_groups
from aidbt.semantic.english.queries.grouped import Grouping
from aidbt.semantic.english.queries.implied import completed
from aidbt.semantic.english.queries.listed import listed
from aidbt.semantic.english.queries.one_time import check_one_time
from aidbt.semantic.english.queries.quantifiers import check_quantifiers
from aidbt.semantic.english.queries.related_rows import check_same_rows
from aidbt.semantic.english.words.naming import unique_names
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.query import (
    Attribute,
    InPeriod,
    Measure,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    attributes,
    both,
    conjuncts,
    measures,
)

# Columns that say until when a row was true, as type 2 dimensions and dbt's snapshots have them.
_VALID_UNTIL = re.compile(r"(effective|valid)_?(to|until|end|through|thru)(_|$)", re.IGNORECASE)


def assemble(sentences: Sequence[Iterable[Item]], rules: NumberRules) -> SemanticQuery:
    """The query of a question's sentences, each cut into phrases.

    Raises:
        Refused: phrases do not fit together.
    """
    sentences = [list(sentence) for sentence in sentences]
    asked = completed(asked_of(sentences), rules)
    if asked.nested:
        query = _nested(asked, rules)
    elif (counted := counted_groups(asked, rules)) is not None:
        query = counted
    elif asked.numbers() or any(isinstance(top.of, Frequent) for top in asked.tops):
        query = Grouping(asked, rules).query()
    else:
        query = listed(asked, rules)
    _check_periods(query)
    _check_orders(query)
    _check_history(query, rules.graph)
    check_complete(sentences, query, rules.graph, counts=asked.counts)
    check_quantifiers(sentences, query, rules.graph)
    check_same_rows(query, rules.graph)
    check_one_time(sentences, query, rules)
    return replace(query, outputs=unique_names(query.outputs))


def _check_orders(query: SemanticQuery) -> None:
    """That an answer is not to be sorted by one thing both ways."""
    terms = [order.term for order in dict.fromkeys(query.order_by)]
    if len(set(terms)) < len(terms):
        raise Refused("the answer is asked for in two orders")
    firsts = [term for term in terms if term not in query.limit_within]
    if query.limit_within and not firsts:
        raise Refused("it is not said which of each are the first")


def _check_periods(query: SemanticQuery) -> None:
    """That no rows are asked for that would have to be in two periods at once."""
    for where in [measure.where for measure in measures(query.outputs)] or [None]:
        periods = [c for c in conjuncts(both(query.where, where)) if isinstance(c, InPeriod)]
        for one in periods:
            for other in periods:
                if one.term == other.term and ends_before(one, other):
                    raise Refused("two periods are named, and no time is in both")


def _check_history(query: SemanticQuery, graph: Graph) -> None:
    """That it is said which rows count, where a table keeps what is no longer true beside what is."""
    measured = [m.of for m in measures(query) if isinstance(m.of, Attribute)]
    measured += [order.term for order in query.order_by if isinstance(order.term, Attribute)]
    wheres = (query.where, *(measure.where for measure in measures(query)))
    said = {(a.table, a.column) for a in attributes(wheres)}
    for table in dict.fromkeys(attribute.table for attribute in measured if attribute.table):
        ends = [c.name for c in graph.table(table).columns if _VALID_UNTIL.search(c.name)]
        if ends and not _happened(graph.table(table)) and not any((table, column) in said for column in ends):
            raise Refused(
                f"{table} holds what was true at one time and what is true now",
                hint=f"say which is meant, e.g. where {ends[0]} is missing",
            )


def _happened(table: GraphTable) -> bool:
    """Whether rows happened once, as a pass was bought that is valid for a time: each has its own key."""
    is_recorded = not table.time or bool(_RECORDED & set(map(verb_stem, words_of(table.time)[:1])))
    return not is_recorded and any(len(key) == 1 for key in table.keys)


# Of what is kept as it was at each time, too, it may be known when it was written down.
_RECORDED = set(
    map(verb_stem, ("created", "loaded", "inserted", "updated", "valid", "effective", "recorded"))
)


def _nested(asked: Asked, rules: NumberRules) -> SemanticQuery:
    """An aggregate over groups: the inner query has a row for each, and the outer one takes its rows."""
    others = (*asked.numbers(), *asked.returned, *asked.best, *asked.tops, *asked.changes)
    if len(asked.nested) > 1 or others:
        raise Refused("an average of what groups have stands beside other things that are asked for")
    nested = asked.nested[0]
    outer = asked.group if nested.group else Group()
    inner_group = nested.group or asked.group
    if not inner_group:
        raise Refused("it is not said in which groups the numbers are that are averaged")
    within = Grouping(Asked(group=outer, shown=[nested.number]), rules).query() if outer else None
    terms = within.group_by if within else ()
    inner = Grouping(
        Asked(group=inner_group | outer, shown=[*asked.shown, nested.number], claims=asked.claims), rules
    ).query()
    inner = replace(inner, outputs=unique_names(inner.outputs), order_by=())
    names = {output.term: output.name for output in inner.outputs}
    measured = next(output for output in inner.outputs if output.term not in inner.group_by)
    groups = tuple(OutputRef(names[term]) for term in terms)
    measure = Measure(nested.function, "", OutputRef(measured.name))
    name = f"{'average' if nested.function == 'avg' else nested.function}_{measured.name}"
    outputs = (*(Output(group, group.name) for group in groups), Output(measure, name))
    orders = tuple(Order(measure, bool(o.is_descending)) for o in asked.orders if o.by is None)
    if len(orders) < len(asked.orders):
        raise Refused("an average of what groups have can only be sorted by itself")
    return SemanticQuery(outputs, group_by=groups, order_by=orders, source=inner)
