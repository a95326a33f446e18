"""Reading the written form of a query: every key, name and value is checked, and told by its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, Order, Output, SemanticQuery
from aidbt.semantic.query_json.form import ORDER_KEYS, OUTPUT_KEYS, QUERY_KEYS
from aidbt.semantic.query_json.parts import PartReader
from aidbt.semantic.query_json.soundness import check_cycles, check_size
from aidbt.semantic.query_json.values import (
    WrongQuery,
    clock_of,
    flag_of,
    items_of,
    mapping_of,
    text_of,
    whole_number,
)


def query_from_json(value: Any, graph: Graph, *, metrics: Collection[str] = ()) -> SemanticQuery:
    """The query that JSON-like values describe.

    Args:
        value: as JSON or YAML give it; dates that YAML has read already are fine.
        metrics: the names of the metrics that the semantic layer has.

    Raises:
        WrongQuery: something in it has the wrong form, is too large or too deeply nested, or is the name of
            nothing; it says where, and what may have been meant.
    """
    check_size(value)
    return _Reader(graph, frozenset(metrics), "").query(value)


class _Reader(PartReader):
    """Reads one query; a `source` gets a reader of its own."""

    def query(self, value: Any) -> SemanticQuery:
        """The query in a mapping."""
        found = mapping_of(value, self.root, QUERY_KEYS, "a query")
        source = None
        if found.get("source") is not None:
            source = _Reader(self.graph, self.metrics, self._at("source")).query(found["source"])
        listed = items_of(found.get("outputs"), self._at("outputs"))
        if not listed:
            raise WrongQuery(self._at("outputs"), "a query needs outputs", hint="name what is to be shown")
        inside = self._knowing(listed, source)
        outputs = inside._outputs(listed)
        check_cycles(outputs, source, self._at("outputs"))
        base = text_of(found.get("base", ""), self._at("base"))
        if base:
            self._table(base, self._at("base"))
        return SemanticQuery(
            outputs=outputs,
            base=base,
            group_by=inside._terms(found.get("group_by"), "group_by"),
            where=inside._optional(found.get("where"), self._at("where")),
            having=inside._optional(found.get("having"), self._at("having")),
            order_by=inside._orders(found.get("order_by")),
            limit=inside._limit(found.get("limit"), "limit"),
            limit_within=inside._terms(found.get("limit_within"), "limit_within"),
            has_ties=flag_of(found, "has_ties", self._at("has_ties")),
            at_most=inside._limit(found.get("at_most"), "at_most"),
            distinct=flag_of(found, "distinct", self._at("distinct")),
            source=source,
            clock=clock_of(found.get("clock"), self._at("clock")),
        )

    def _knowing(self, listed: Sequence[Any], source: SemanticQuery | None) -> _Reader:
        """The reader that knows the outputs' names."""
        own = [item.get("name") for item in listed if isinstance(item, Mapping)]
        own += [item.rpartition(".")[2] for item in listed if isinstance(item, str)]
        inner = [output.name for output in source.outputs if output.is_shown] if source is not None else []
        names = frozenset(name for name in (*own, *inner) if isinstance(name, str))
        return _Reader(self.graph, self.metrics, self.root, names, source is not None)

    def _outputs(self, listed: Sequence[Any]) -> tuple[Output, ...]:
        found: dict[str, Output] = {}
        for number, item in enumerate(listed):
            at = self._at(f"outputs[{number}]")
            output = self._output(item, at)
            if output.name in found:
                raise WrongQuery(
                    at, f"a second output is called '{output.name}'", hint="give it another name"
                )
            found[output.name] = output
        return tuple(found.values())

    def _output(self, item: Any, at: str) -> Output:
        if not isinstance(item, Mapping):
            term = self.term(item, at)
            if not isinstance(term, Attribute):
                raise WrongQuery(at, "an output needs a name", hint="write {name: …, term: …}")
            return Output(term, term.column)
        found = mapping_of(item, at, OUTPUT_KEYS, "an output", needed=("name", "term"))
        name = text_of(found["name"], f"{at}.name")
        if not name.strip():
            raise WrongQuery(f"{at}.name", "an output's name is empty")
        shown = not flag_of(found, "hidden", f"{at}.hidden")
        return Output(self.term(found["term"], f"{at}.term"), name, is_shown=shown)

    def _orders(self, value: Any) -> tuple[Order, ...]:
        listed = items_of(value, self._at("order_by"))
        places = [(item, self._at(f"order_by[{n}]")) for n, item in enumerate(listed)]
        return tuple(self._order(item, at) for item, at in places)

    def _order(self, item: Any, at: str) -> Order:
        if not isinstance(item, Mapping) or "by" not in item:
            return Order(self.term(item, at))
        found = mapping_of(item, at, ORDER_KEYS, "an order")
        descending = flag_of(found, "descending", f"{at}.descending")
        return Order(self.term(found["by"], f"{at}.by"), descending)

    def _limit(self, value: Any, name: str) -> int | None:
        if value is None:
            return None
        return whole_number(value, self._at(name), least=1)
