"""What was taken in, where nothing is called so: prices times quantities, or the amounts of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aidbt.semantic.english.words.additive import amount_of, is_additive
from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph, GraphTable
from aidbt.semantic.query import Attribute, Calculation
from aidbt.semantic.tables.naming import NamedTable

_WORDS = ("revenue", "turnover", "takings", "proceeds")
# Rows that each bring something in, by the last word of their table's nouns.
_SALES = frozenset("sale order purchase transaction booking reservation ticket pass rental invoice".split())
_QUANTITIES = {"quantity", "unit", "sold"}
_AMOUNTS = {("amount",), ("total",), ("total", "amount"), ("total", "price"), ("sale", "amount"),
            ("amount", "paid"), ("price", "paid"), ("line", "total")}  # fmt: skip
# What takes something off a price, so that nobody knows whether it is left in.
_TAKEN_OFF = {"discount", "rebate", "refund", "tax", "commission"}


def revenues(
    graph: Graph, named: Mapping[str, NamedTable]
) -> Iterator[tuple[Phrase, Attribute | Calculation]]:
    """What revenue is called, with what it is summed of; nothing where several things may be it."""
    found = {table.name: _taken_in(table, named[table.name]) for table in graph.tables if not table.behind}
    known = {name: term for name, term in found.items() if term is not None}
    if len(known) != 1 or any(_is_paid(table, named[table.name]) for table in graph.tables):
        return
    ((name, term),) = known.items()
    for words in {(), *_sold(named[name], term)}:
        for word in _WORDS:
            yield (*words, lemma(word)), term
    yield ("sale", "revenue"), term
    yield ("total", "sale"), term


def _is_paid(table: GraphTable, named: NamedTable) -> bool:
    """Whether rows are payments, which may be other than what was sold."""
    return any(noun[-1] == "payment" for noun in named.nouns) and bool(amount_of(table))


def _taken_in(table: GraphTable, named: NamedTable) -> Attribute | Calculation | None:
    """What a table's rows each bring in; None for others, and where it is not certain."""
    words = {
        column.name: [tuple(map(lemma, form)) for form, _ in spellings(named.columns[column.name], named)]
        for column in table.columns
        if column.kind == "number"
    }
    if any(_TAKEN_OFF & set(form) for forms in words.values() for form in forms):
        return None
    quantities = [
        name for name, forms in words.items() if any(form[-1] in _QUANTITIES_AS_SAID for form in forms)
    ]
    amounts = [name for name, forms in words.items() if _AMOUNTS & set(forms)]
    prices = [name for name, forms in words.items() if any(form[-1] == "price" for form in forms)]
    prices = [name for name in prices if name not in amounts]
    is_sale = any(form[-1] in _SALES for noun in named.nouns for form, _ in spellings(noun, named))
    if amounts:
        is_one = is_sale and len(amounts) == 1 and is_additive(table, amounts[0])
        return Attribute(table.name, amounts[0]) if is_one else None
    if len(prices) != 1 or len(quantities) > 1:
        return None
    price = Attribute(table.name, prices[0])
    if quantities:
        return Calculation("*", Attribute(table.name, quantities[0]), price)
    return price if is_sale else None


_QUANTITIES_AS_SAID = {lemma(word) for word in _QUANTITIES}


def _sold(named: NamedTable, term: Attribute | Calculation) -> Iterator[Phrase]:
    """What is sold, as the names say it: tickets, of `ticket_sales` and of `ticket_price`."""
    yield from named.nouns
    yield from (noun[:-1] for noun in named.nouns if len(noun) > 1)
    priced = term.right if isinstance(term, Calculation) else term
    words = named.columns[priced.column] if isinstance(priced, Attribute) else ()
    if len(words) > 1 and words[-1] == "price" and words[0] != "unit":
        yield words[:-1]
