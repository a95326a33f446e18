"""Reading the written form of a query: every key, name and value is checked, and told by its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aidbt.core.errors import UnknownName, nearest
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Compared,
    Comparison,
    DatePart,
    Duration,
    Exists,
    Extreme,
    Function,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    MetricRef,
    Missing,
    Not,
    OneOf,
    Order,
    Output,
    OutputRef,
    Predicate,
    SemanticQuery,
    Term,
    Value,
    parts,
)
from aidbt.semantic.query_json.form import (
    AGAINST_ALL,
    ALL_FUNCTIONS,
    ARITHMETIC,
    COMPARED,
    COMPARISONS,
    COUNT_ROWS,
    DATE_PARTS,
    EXTREMES,
    FUNCTIONS,
    MATCHES,
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_PARTS,
    ORDER_KEYS,
    OUTPUT_KEYS,
    PREDICATES,
    QUERY_KEYS,
    TERMS,
    default_table,
    is_layer_item,
)
from aidbt.semantic.query_json.values import (
    WrongQuery,
    clock_of,
    column_names,
    constant_of,
    flag_of,
    grain_of,
    has_column,
    head_of,
    items_of,
    literal_of,
    mapping_of,
    one_of,
    placed,
    point_of,
    text_of,
    value_of,
    whole_number,
)

_ASK_FOR_MISSING = "write {missing: table.column}, or {not: {missing: table.column}}"


def query_from_json(value: Any, graph: Graph, *, metrics: Collection[str] = ()) -> SemanticQuery:
    """The query that JSON-like values describe.

    Args:
        value: as JSON or YAML give it; dates that YAML has read already are fine.
        metrics: the names of the metrics that the semantic layer has.

    Raises:
        WrongQuery: something in it has the wrong form, is too large or too deeply nested, or is the name of
            nothing; it says where, and what may have been meant.
    """
    _check_size(value)
    return _Reader(graph, frozenset(metrics), "").query(value)


def _check_size(value: Any) -> None:
    """Counts before anything recursive looks: YAML's aliases make a small text an endless document."""
    waiting, parts, characters = [(value, 0)], 0, 0
    while waiting:
        node, depth = waiting.pop()
        parts += 1
        characters += len(node) if isinstance(node, str) else 0
        if depth > MOST_DEPTH:
            raise WrongQuery("", f"the query is nested more than {MOST_DEPTH} levels deep")
        if parts > MOST_PARTS or characters > MOST_CHARACTERS:
            raise WrongQuery("", "the query is too large", hint=f"it may have {MOST_PARTS:,} parts")
        if isinstance(node, Mapping):
            waiting += [(item, depth + 1) for item in node.values()]
        elif isinstance(node, list | tuple):
            waiting += [(item, depth + 1) for item in node]


@dataclass(frozen=True)
class _Reader:
    """Reads one query; a `source` gets a reader of its own.

    Attributes:
        root: the place of the query in the document.
        outputs: the names that an `OutputRef` may have.
        has_source: whether measures may be over the rows of a source.
    """

    graph: Graph
    metrics: frozenset[str]
    root: str
    outputs: frozenset[str] = frozenset()
    has_source: bool = False

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
        _check_cycles(outputs, source, self._at("outputs"))
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

    def _at(self, key: str) -> str:
        return f"{self.root}.{key}" if self.root else key

    def _knowing(self, listed: Sequence[Any], source: SemanticQuery | None) -> _Reader:
        """The reader that knows the outputs' names."""
        own = [item.get("name") for item in listed if isinstance(item, Mapping)]
        own += [item.rpartition(".")[2] for item in listed if isinstance(item, str)]
        inner = [output.name for output in source.outputs if output.is_shown] if source is not None else []
        names = frozenset(name for name in (*own, *inner) if isinstance(name, str))
        return _Reader(self.graph, self.metrics, self.root, names, source is not None)

    # --- outputs, order, limit ------------------------------------------------------------------------

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

    # --- terms ----------------------------------------------------------------------------------------

    def _terms(self, value: Any, key: str) -> tuple[Term, ...]:
        at = self._at(key)
        return tuple(self.term(item, f"{at}[{n}]") for n, item in enumerate(items_of(value, at)))

    def term(self, value: Any, at: str) -> Term:
        """The term in a value."""
        if isinstance(value, str):
            return self._named(value, at)
        if not isinstance(value, Mapping):
            return Value(constant_of(value, at))
        head = head_of(value, at, TERMS, "a term")
        return _read_term(self, head, value, f"{at}.{head}")

    def _named(self, text: str, at: str) -> Term:
        """A text in the place of a term: a column, or an output of the query."""
        if "." in text:
            return self._column(text, at)
        if text in self.outputs:
            return OutputRef(text)
        if self.metrics and is_layer_item(text):
            return Attribute("", text)
        columns = [f"{table.name}.{text}" for table in self.graph.tables if has_column(table.columns, text)]
        close = columns[:3] or [name for name in [nearest(text, self.outputs)] if name]
        quoted = f"{{value: {text[:60]}}}"
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise WrongQuery(
            at, f"no output is called '{text[:60]}'", hint=f"{hint}a text that is a value is written {quoted}"
        )

    def _column(self, text: str, at: str) -> Attribute:
        """The column that "table.column" means, whatever dots are in the two names."""
        dots = [place for place, char in enumerate(text) if char == "."]
        tables = {table.name: table for table in self.graph.tables}
        cuts = [(text[:dot], text[dot + 1 :]) for dot in dots if text[:dot] in tables]
        known = [(table, column) for table, column in cuts if has_column(tables[table].columns, column)]
        if len(known) == 1:
            return Attribute(*known[0])
        if known:
            hint = "write it as {table: …, column: …}"
            raise WrongQuery(at, f"'{text}' is the name of several columns", hint=hint)
        if not cuts:
            raise placed(at, UnknownName("table", text[: dots[0]], tables))
        table, column = cuts[0]
        raise placed(at, UnknownName(f"column of {table}", column, column_names(tables[table].columns)))

    def attribute(self, value: Any, at: str) -> Attribute:
        """A term that has to be a column."""
        term = self.term(value, at)
        if not isinstance(term, Attribute):
            raise WrongQuery(at, "only a column can stand here")
        return term

    def column(self, item: Mapping[str, Any], at: str) -> Attribute:
        """The column of a mapping with its way, grain and part."""
        name = text_of(item["column"], at)
        if "table" in item:
            table = self._table(text_of(item["table"], f"{at}.table"), at)
            plain = Attribute(
                table, self._checked(name, column_names(self.graph.table(table).columns), table, at)
            )
        elif self.metrics and is_layer_item(name) and "." not in name:
            plain = Attribute("", name)
        else:
            plain = self._column(name, at) if "." in name else self.attribute(name, at)
        grain = grain_of(item, "grain", at)
        part = one_of(item.get("part"), DATE_PARTS, "part of a time", f"{at}.part")
        via = self.via(item, at)
        return Attribute(plain.table, plain.column, via, grain, cast("DatePart | None", part))

    def via(self, item: Mapping[str, Any], at: str) -> tuple[str, ...]:
        """The relationships that a way has to take."""
        names = tuple(text_of(name, f"{at}.via") for name in items_of(item.get("via"), f"{at}.via"))
        known = [relationship.name for relationship in self.graph.relationships]
        for name in names:
            if name not in known:
                raise placed(f"{at}.via", UnknownName("relationship", name, known))
        return names

    def measure(self, item: Mapping[str, Any], head: str, at: str) -> Measure:
        """An aggregate over rows."""
        if head == COUNT_ROWS:
            function, of, table = "count", None, text_of(item[head], at)
        else:
            function, of = head, self.term(item[head], at)
            table = text_of(item.get("table", default_table(of)), f"{at}.table")
        if table or not self.has_source:
            self._table(table, at)
        where = self._optional(item.get("where"), f"{at}.where")
        time = self.attribute(item["at"], f"{at}.at") if item.get("at") is not None else None
        return Measure(cast("Function", function), table, of, where, time)

    def metric(self, name: str, at: str) -> MetricRef:
        """A metric of the semantic layer."""
        if name not in self.metrics:
            raise placed(at, UnknownName("metric", name, self.metrics))
        return MetricRef(name)

    def output(self, name: str, at: str) -> OutputRef:
        """An output of this query, or of its source."""
        if name not in self.outputs:
            raise placed(at, UnknownName("output", name, self.outputs))
        return OutputRef(name)

    def compared(self, item: Mapping[str, Any], head: str, at: str) -> Compared:
        """A measure beside others."""
        along = item.get("along")
        within = items_of(item.get("within"), f"{at}.within")
        return Compared(
            cast("Any", head),
            self.term(item[head], at),
            along=self.term(along, f"{at}.along") if along is not None else None,
            within=tuple(self.term(term, f"{at}.within[{n}]") for n, term in enumerate(within)),
            steps=whole_number(item.get("steps", 1), f"{at}.steps", least=1),
            is_ascending=flag_of(item, "ascending", f"{at}.ascending"),
        )

    def two(self, value: Any, at: str) -> tuple[Term, Term]:
        """Two terms in a list."""
        listed = items_of(value, at)
        if len(listed) != 2:
            raise WrongQuery(at, f"two terms are needed, and {len(listed)} were given")
        return self.term(listed[0], f"{at}[0]"), self.term(listed[1], f"{at}[1]")

    # --- predicates -----------------------------------------------------------------------------------

    def _optional(self, value: Any, at: str) -> Predicate | None:
        return None if value is None else self.predicate(value, at)

    def predicate(self, value: Any, at: str) -> Predicate:
        """The condition in a value."""
        if not isinstance(value, Mapping):
            raise WrongQuery(at, "a condition is a mapping", hint="as in {is: [orders.id, 7]}")
        head = head_of(value, at, PREDICATES, "a condition")
        return _read_predicate(self, head, value, f"{at}.{head}")

    def several(self, value: Any, at: str) -> tuple[Predicate, ...]:
        """The conditions in a list."""
        listed = items_of(value, at)
        if not listed:
            raise WrongQuery(at, "it needs a condition")
        return tuple(self.predicate(item, f"{at}[{n}]") for n, item in enumerate(listed))

    def exists(self, item: Mapping[str, Any], at: str) -> Exists:
        """Related rows, so many of them."""
        table = self._table(text_of(item["exists"], at), at)
        where = self._optional(item.get("where"), f"{at}.where")
        if item.get("number") is None:
            return Exists(table, self.via(item, at), where)
        number = mapping_of(item["number"], f"{at}.number", tuple(COMPARISONS), "a number of rows")
        if len(number) != 1:
            raise WrongQuery(f"{at}.number", "one comparison is needed", hint="as in {at_least: 3}")
        ((word, count),) = number.items()
        least = whole_number(count, f"{at}.number.{word}", least=0)
        return Exists(table, self.via(item, at), where, COMPARISONS[word], least)

    def against_all(self, item: Mapping[str, Any], at: str) -> Extreme:
        """A column compared with the mean, the median, the greatest or the least of its table."""
        holds = mapping_of(item.get("holds"), f"{at}.holds", tuple(COMPARISONS), "what holds")
        if len(holds) != 1:
            raise WrongQuery(f"{at}.holds", "one comparison is needed", hint="as in {more_than: avg}")
        ((word, function),) = holds.items()
        named = one_of(function, ALL_FUNCTIONS, "function of a whole table", f"{at}.holds.{word}")
        where = self._optional(item.get("where"), f"{at}.where")
        term = self.attribute(item[AGAINST_ALL], at)
        return Extreme(term, cast("Any", named), where, COMPARISONS[word])

    # --- names ----------------------------------------------------------------------------------------

    def _table(self, name: str, at: str) -> str:
        if not any(table.name == name for table in self.graph.tables):
            raise placed(at, UnknownName("table", name, [table.name for table in self.graph.tables]))
        return name

    def _checked(self, column: str, known: Collection[str], table: str, at: str) -> str:
        if column not in known:
            raise placed(at, UnknownName(f"column of {table}", column, known))
        return column


def _read_term(reader: _Reader, head: str, item: Mapping[str, Any], at: str) -> Term:
    inside = item[head]
    if head == "column":
        return reader.column(item, at)
    if head in ("value", "date", "time"):
        return Value(literal_of(head, inside, at))
    if head in ARITHMETIC:
        return Calculation(ARITHMETIC[head], *reader.two(inside, at))
    if head == "duration":
        unit = grain_of(item, "unit", at) or Grain.DAY
        return Duration(*reader.two(inside, at), unit, flag_of(item, "whole", f"{at}.whole"))
    if head == "length":
        return Length(reader.term(inside, at))
    if head == "if":
        for key in ("then", "else"):
            if key not in item:
                raise WrongQuery(at, f"'{key}' is missing")
        then, otherwise = (reader.term(item[key], f"{at}.{key}") for key in ("then", "else"))
        return Case(reader.predicate(inside, at), then, otherwise)
    if head == COUNT_ROWS or head in FUNCTIONS:
        return reader.measure(item, head, at)
    if head in COMPARED:
        return reader.compared(item, head, at)
    name = text_of(inside, at)
    return reader.metric(name, at) if head == "metric" else reader.output(name, at)


def _read_predicate(reader: _Reader, head: str, item: Mapping[str, Any], at: str) -> Predicate:
    inside = item[head]
    if head in COMPARISONS:
        compared = reader.two(inside, at)
        if Value(None) in compared:
            raise WrongQuery(at, "nothing is ever equal to null", hint=_ASK_FOR_MISSING)
        return Comparison(COMPARISONS[head], *compared)
    if head == "in":
        listed = items_of(item.get("values"), f"{at}.values")
        if not listed:
            raise WrongQuery(f"{at}.values", "it needs values")
        values = tuple(value_of(value, f"{at}.values[{n}]") for n, value in enumerate(listed))
        if Value(None) in values:
            raise WrongQuery(f"{at}.values", "nothing is ever equal to null", hint=_ASK_FOR_MISSING)
        return OneOf(reader.term(inside, at), values, flag_of(item, "ignore_case", f"{at}.ignore_case"))
    if head in MATCHES:
        text = text_of(item.get("text"), f"{at}.text")
        ignores_case = flag_of(item, "ignore_case", f"{at}.ignore_case", default=True)
        return Matches(reader.term(inside, at), cast("Any", MATCHES[head]), text, ignores_case)
    if head == "missing":
        return Missing(reader.term(inside, at))
    if head == "period":
        start, end = (point_of(item.get(key), f"{at}.{key}") for key in ("from", "before"))
        if start is None and end is None:
            raise WrongQuery(at, "a period without a bound", hint="give it 'from', 'before', or both")
        return InPeriod(reader.term(inside, at), start, end)
    if head == "exists":
        return reader.exists(item, at)
    if head in EXTREMES:
        where = reader.predicate(item["where"], f"{at}.where") if item.get("where") is not None else None
        return Extreme(reader.attribute(inside, at), cast("Any", EXTREMES[head]), where)
    if head == AGAINST_ALL:
        return reader.against_all(item, at)
    if head == "not":
        return Not(reader.predicate(inside, at))
    return (All if head == "all" else AnyOf)(reader.several(inside, at))


def _check_cycles(outputs: Sequence[Output], source: SemanticQuery | None, at: str) -> None:
    """Return when no output is made of itself; a name that `source` has is its.

    Raises:
        WrongQuery: one is.
    """
    inner = {output.name for output in source.outputs if output.is_shown} if source is not None else set()
    known = {output.name: output.term for output in outputs if output.name not in inner}
    made_of = {
        name: {part.name for part in parts(term) if isinstance(part, OutputRef) and part.name in known}
        for name, term in known.items()
    }
    for _ in known:  # each round settles one more, unless they wait for each other
        settled = {name for name, others in made_of.items() if not others & made_of.keys()}
        made_of = {name: others for name, others in made_of.items() if name not in settled}
    if made_of:
        raise WrongQuery(at, f"'{next(iter(made_of))}' is made of itself", hint="name other outputs in it")
