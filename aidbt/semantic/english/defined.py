"""What instructions make of words: names that stand, for one question, for what their definitions say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from aidbt.core.words import words_of
from aidbt.semantic.english.chart import Item, parse
from aidbt.semantic.english.formulas import Formula, Operation, formula_of
from aidbt.semantic.english.grammar import Rules
from aidbt.semantic.english.grounded import Grounded
from aidbt.semantic.english.instructions import Definition, Matching, read_instructions
from aidbt.semantic.english.lexicon import ColumnName, Defined, Lexicon, Meaning, TableName
from aidbt.semantic.english.number_phrases import Number
from aidbt.semantic.english.periods import period_at
from aidbt.semantic.english.phrases import Amount, Columns, Condition, Link, Rows
from aidbt.semantic.english.tokens import tokens
from aidbt.semantic.english.value_names import phrase_of, plain
from aidbt.semantic.english.word_lists import Phrase
from aidbt.semantic.graph import Graph, NoPath, is_to_one
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Calculation,
    Comparison,
    Function,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    SemanticQuery,
    Term,
    Value,
    both,
)
from aidbt.semantic.rewriting import rewritten

_WEIGHT = 1.3
# With one of these beside its name a formula of columns is worked out of each row.
_OF_EACH = {
    "average",
    "avg",
    "mean",
    "median",
    "highest",
    "lowest",
    "maximum",
    "minimum",
    "max",
    "min",
    "largest",
}


def with_instructions(text: str, question: str, lexicon: Lexicon, graph: Graph) -> tuple[Lexicon, Matching]:
    """A lexicon in which the defined names that a question uses have their meaning, and how texts match.

    A name whose definition is not understood means nothing any more, so that the question is refused.
    """
    found = read_instructions(text)
    if not found.definitions:
        return lexicon, found.matching
    added: dict[Phrase, list[Meaning]] = {}
    for definition in _used(found.definitions, question, graph):
        added |= _Definer(lexicon.with_meanings(added), graph, question).meanings(definition)
    return lexicon.with_meanings(added), found.matching


def glossed(question: str, lexicon: Lexicon, graph: Graph) -> tuple[str, Lexicon]:
    """A question without the brackets that say what the word before them means, and a lexicon that knows it.

    "orders that were late (shipped after the required date)" defines "late". Only what holds of rows is taken
    from brackets, and only for words that mean nothing else.
    """
    for match in list(_BRACKETS.finditer(question))[:_MOST_BRACKETS]:
        before = tokens(re.split(r"[.?!;:]", question[: match.start()])[-1])
        known = {place for item in Grounded(lexicon).items(before) for place in range(item.start, item.end)}
        if not before or len(before) - 1 in known:
            continue
        name = (plain(before[-1].lemma),)
        meanings = _Definer(lexicon, graph, question).meanings(Definition((name,), (match["said"],)))
        found = meanings.get(name, [])
        if any(isinstance(meaning, Defined) and meaning.category == "Cond" for meaning in found):
            return glossed(question.replace(match.group(), "", 1), lexicon.with_meanings(meanings), graph)
    return question, lexicon


_BRACKETS = re.compile(r"\s*\((?P<said>[^()]{3,120})\)")
_MOST_BRACKETS = 4


def matched(query: SemanticQuery, matching: Matching) -> SemanticQuery:
    """A query whose texts are compared as instructions want it."""
    if not matching:
        return query

    def change(part: object) -> Predicate | None:
        match part:
            case OneOf(Attribute() as term, values) if all(isinstance(v.value, str) for v in values):
                if matching == "folded":
                    return OneOf(term, values, ignores_case=True)
                found = tuple(Matches(term, "contains", str(value.value)) for value in values)
                return found[0] if len(found) == 1 else AnyOf(found)
            case Matches(term, "is", text):
                return Matches(term, "contains" if matching == "contains" else "is", text)
        return None

    return rewritten(query, change)


def _used(definitions: Sequence[Definition], question: str, graph: Graph) -> list[Definition]:
    """The definitions that a question uses, directly or in those it uses; what others use goes first."""
    columns = {plain(c.name) for table in graph.tables for c in table.columns if _is_identifier(c.name)}
    found: list[Definition] = []
    waiting = [question]
    while waiting:
        words = _lemmas(waiting.pop())
        for definition in definitions:
            # What a column is called is in the body, where its name is the column's.
            is_column = any("".join(name) in columns for name in definition.names)
            names = [*definition.names, *map(_lemmas, definition.bodies if is_column else ())]
            names += [name[1:] for name in definition.names if _is_now(name) and _NOW.search(question)]
            if definition not in found and any(_holds(words, name) for name in names):
                found.append(definition)
                waiting += definition.bodies
    # Of two definitions of one name the later one is read last, and so counts.
    return sorted(found, key=lambda one: (-_depth(one, found), definitions.index(one)))


_NOW = re.compile(r"\b(?:now|currently|today|at the moment|at present|these days)\b", re.I)


def _is_now(name: Phrase) -> bool:
    return len(name) > 1 and name[0] in ("current", "present", "active")


def _is_identifier(column: str) -> bool:
    """Whether a column's name is no word of the language that a definition may be of."""
    return len(words_of(column)) > 1


def _depth(one: Definition, others: Sequence[Definition]) -> int:
    """How many definitions use a name: those go first that most others need."""
    bodies = [_lemmas(body) for other in others if other != one for body in other.bodies]
    return sum(any(_holds(body, name) for name in one.names) for body in bodies)


def _lemmas(text: str) -> Phrase:
    return tuple(plain(token.lemma) for token in tokens(text) if token.kind != "mark")


def _holds(words: Phrase, name: Phrase) -> bool:
    """Whether words hold a name; of "the upper limit of the test" its first half says it too."""
    heads = [name, name[: name.index("of")] if "of" in name[1:] else name]
    heads += [name[name.index("of") + 1 :]] if "of" in name[1:] else []
    heads = [tuple(word for word in head if word not in ("the", "a", "an")) for head in heads]
    return any(
        head and words[start : start + len(head)] == head for head in heads for start in range(len(words))
    )


@dataclass
class _Definer:
    """Reads what definitions say, over a lexicon that knows those read before."""

    lexicon: Lexicon
    graph: Graph
    question: str

    def __post_init__(self) -> None:
        self._grounded = Grounded(self.lexicon)
        self._rules = Rules(self.graph, self._grounded.people)
        self._grammar = self._rules.grammar()

    def meanings(self, definition: Definition) -> dict[Phrase, list[Meaning]]:
        """What the names of a definition mean; nothing for each where it is not understood."""
        if all(period_at(tokens(" ".join(name)), 0) for name in definition.names):
            return {}
        column = self._column(definition.names[0])
        if column and _is_identifier(column.column):
            return {phrase: [column] for body in definition.bodies for phrase in _called(body)}
        for body in reversed(definition.bodies):
            condition = self._condition(body, definition.names[0])
            if condition:
                names = {self._adjective(name, condition.table) for name in definition.names}
                return {name: [Defined("Cond", condition, _WEIGHT)] for name in names if name}
            found = self._of_formula(body)
            if found:
                return dict.fromkeys(self._names(definition), found)
        return {name: [] for name in definition.names}

    def _names(self, definition: Definition) -> list[Phrase]:
        """What the question calls it: a current salary is the salary "at the moment"."""
        now = [name[1:] for name in definition.names if _is_now(name) and _NOW.search(self.question)]
        return [*definition.names, *now]

    # --- columns and conditions -----------------------------------------------------------------------

    def _column(self, name: Phrase, table: str = "") -> ColumnName | None:
        """The column of exactly that name, where one table alone has it."""
        found = [
            ColumnName(t.name, column.name, _WEIGHT)
            for t in self.graph.tables
            for column in t.columns
            if plain(column.name) == "".join(name) and table in ("", t.name)
        ]
        return found[0] if len(found) == 1 and len(name) == 1 else None

    def _condition(self, body: str, name: Phrase) -> Condition | None:
        """What `flag = 'Y'`, `closed_at is not null`, `has a shipped_at` say of the rows of a table."""
        match = _CONDITION.match(body)
        if not match:
            return None
        column = self._column((plain(match["column"]),), self._table_in(name))
        if column is None:
            return None
        attribute = Attribute(column.table, column.column)
        predicate: Predicate
        if match["value"] is None:
            is_missing = bool(match["missing"]) and not match["has"]
            predicate = Missing(attribute) if is_missing else Not(Missing(attribute))
        else:
            predicate = self._compared(attribute, match["operator"], match["value"])
        return Condition(column.table, predicate)

    def _compared(self, attribute: Attribute, sign: str, text: str) -> Predicate:
        is_number = self.graph.table(attribute.table).column(attribute.column).kind == "number"
        plain_text = text.strip("'\"")
        value = Value(float(plain_text) if "." in plain_text else int(plain_text)) if is_number else None
        operator = _OPERATORS.get(sign, "=")
        return Comparison(operator, attribute, value or Value(plain_text))

    def _table_in(self, name: Phrase) -> str:
        """The table that the last words of a name are of; "" for none."""
        for size in range(1, len(name) + 1):
            for meaning in self.lexicon.meanings.get(name[-size:], ()):
                if isinstance(meaning, TableName) and meaning.weight > 0.8:
                    return meaning.table
        return ""

    def _adjective(self, name: Phrase, table: str) -> Phrase:
        """A name without the noun of its table: "serious" of "serious adverse event"."""
        for size in range(len(name) - 1, 0, -1):
            meanings = self.lexicon.meanings.get(name[-size:], ())
            if any(isinstance(m, TableName) and m.table == table for m in meanings):
                return name[:-size]
        return name

    # --- formulas and phrases -------------------------------------------------------------------------

    def _of_formula(self, body: str) -> list[Meaning]:
        """What a formula, or a phrase, stands for; nothing when it is not understood."""
        text, rest = _qualified(body)
        aggregate = _AGGREGATE.match(text)
        formula = formula_of(aggregate["formula"]) if aggregate else None
        if aggregate and isinstance(formula, Operation):
            meanings = self._aggregate_of_rows(_FUNCTIONS[aggregate["function"].lower()], formula)
            if meanings:
                return self._restricted(meanings, rest) if rest else meanings
        formula = formula_of(text)
        if formula is None:
            return []
        items = {leaf: self._phrases(leaf) for leaf in _leaves(formula)}
        if not all(items.values()):
            return []
        if isinstance(formula, str):
            meanings = _as_defined(items[formula][0])
            return self._restricted(meanings, rest) if rest else meanings
        numbers = {leaf: found for leaf in items if (found := self._number(items[leaf]))}
        is_aggregate = any(leaf in numbers for leaf in items)
        meanings = self._aggregate(formula, items, numbers) if is_aggregate else self._of_rows(formula, items)
        return self._restricted(meanings, rest) if rest and meanings else meanings

    def _aggregate_of_rows(self, function: Function, formula: Formula) -> list[Meaning]:
        """An aggregate of a calculation with columns: "average of list price minus sale price"."""
        items = {leaf: self._phrases(leaf) for leaf in _leaves(formula)}
        if not all(items.values()) or any(self._number(found) for found in items.values()):
            return []
        found: list[Meaning] = []
        for meaning in self._of_rows(formula, items):
            if isinstance(meaning, Defined) and isinstance(meaning.meaning, Number):
                term = rewritten(meaning.meaning.term, lambda part: _with_function(part, function))
                found.append(replace(meaning, meaning=replace(meaning.meaning, term=term)))
        return found

    def _phrases(self, text: str) -> list[Item]:
        """What a text may be read as whole, likeliest first."""
        text = _LEFT_OUT.sub("", text).strip()
        sentence = tokens(text)
        chart = parse(len(sentence), self._grounded.items(sentence), self._grammar)
        found = [item for item in chart.items(0, len(sentence)) if item.category in _CATEGORIES]
        return sorted(found, key=lambda item: -item.score)

    def _number(self, items: Sequence[Item]) -> Number | None:
        """The aggregate that a name is, if it is one more likely than a column."""
        likely = [item.meaning for item in items if items[0].score - item.score <= _ABOUT_AS_LIKELY]
        number = next((meaning for meaning in likely if isinstance(meaning, Number)), None)
        first = likely[0]
        if number is None and isinstance(first, Rows):
            return Number(Measure("count", first.table, None, first.where), first.table)
        return number

    def _aggregate(
        self, formula: Formula, items: dict[str, list[Item]], numbers: dict[str, Number]
    ) -> list[Meaning]:
        """A calculation with aggregates; a column among them is its sum."""

        def term(leaf: str) -> Term | None:
            if leaf in numbers:
                return numbers[leaf].term
            attribute = _attribute(items[leaf])
            return Measure("sum", attribute.table, attribute) if attribute else None

        found = _calculated(formula, term)
        table = next(iter(numbers.values())).table
        return [Defined("Number", Number(found, table), _WEIGHT)] if found else []

    def _of_rows(self, formula: Formula, items: dict[str, list[Item]]) -> list[Meaning]:
        """A calculation with columns of each row, summed: of the rows that all of them can be seen from."""
        tables = {attribute.table for found in items.values() for attribute in _attributes(found)}
        tables = {table for table in tables if all(self._near(table, found) for found in items.values())}
        # The table that has most of the columns itself is the one whose rows it is worked out of.
        ranked = sorted(
            tables, key=lambda t: (-sum(any(a.table == t for a in _attributes(f)) for f in items.values()), t)
        )
        if not ranked:
            return []
        table = ranked[0]
        term = _calculated(formula, lambda leaf: self._near(table, items[leaf]))
        if term is None:
            return []
        total = Defined("Number", Number(Measure("sum", table, term), table), _WEIGHT)
        each = Defined("Amount", Amount(table, term), _WEIGHT)
        return [each, total] if _OF_EACH & set(_lemmas(self.question)) else [total]

    def _near(self, table: str, items: Sequence[Item]) -> Attribute | None:
        """The column among readings that a table has itself, else that one row leads to from its rows."""
        found = _attributes(items)
        own = next((attribute for attribute in found if attribute.table == table), None)
        return own or next(
            (attribute for attribute in found if self._is_to_one(table, attribute.table)), None
        )

    def _is_to_one(self, start: str, end: str) -> bool:
        try:
            return is_to_one(self.graph.path(start, end))
        except NoPath:
            return False

    def _restricted(self, meanings: list[Meaning], rest: str) -> list[Meaning]:
        """Meanings of only those rows that are said after a comma: ", over completed sales only"."""
        rows = next((item.meaning for item in self._phrases(rest) if isinstance(item.meaning, Rows)), None)
        if rows is None:
            return []
        found: list[Meaning] = []
        for meaning in meanings:
            if not isinstance(meaning, Defined) or not isinstance(meaning.meaning, Number):
                return []
            number = meaning.meaning
            term = rewritten(number.term, lambda part: self._only(part, rows))
            found.append(replace(meaning, meaning=replace(number, term=term)))
        return found

    def _only(self, part: object, rows: Rows) -> Measure | None:
        if not isinstance(part, Measure):
            return None
        seen = self._rules.linked(Rows(part.table), Link(rows)) if part.table != rows.table else (rows, 0.0)
        return replace(part, where=both(part.where, seen[0].where)) if seen else None


def _with_function(part: object, function: Function) -> Measure | None:
    return replace(part, function=function) if isinstance(part, Measure) else None


def _as_defined(item: Item) -> list[Meaning]:
    """A phrase as the meaning of a name; what counts rows also names the rows that it counts."""
    found: list[Meaning] = [Defined(item.category, item.meaning, _WEIGHT)]
    match item.meaning:
        case Number(Measure("count", table, None, where)):
            found.append(Defined("Rows", Rows(table, where), _WEIGHT - 0.1))
    return found


_AGGREGATE = re.compile(
    r"^(?:the )?(?P<function>average|avg|mean|sum|total|median) of (?P<formula>.+)$", re.I
)
_FUNCTIONS: dict[str, Function] = {
    "average": "avg", "avg": "avg", "mean": "avg", "sum": "sum", "total": "sum", "median": "median",
}  # fmt: skip
_ABOUT_AS_LIKELY = 0.3
_CATEGORIES = {"Number", "Rows", "Col", "Amount", "Cond"}
_OPERATORS: dict[str, Operator] = {
    "=": "=",
    "!=": "<>",
    "<>": "<>",
    ">": ">",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
}
_CONDITION = re.compile(
    r"^(?:it |they )?(?P<has>has |have )?(?:an? |the )?(?P<column>\w+)"
    r"(?: (?P<operator>=|<>|!=|<=|>=|<|>|is|equals) (?P<value>'[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?)"
    r"| is (?:(?P<missing>null|empty|missing|blank|not set|not filled)"
    r"|(?:not (?:null|empty|missing|blank)|filled|set|present|known)))?$",
    re.I,
)
# What definitions add that says nothing of which rows are meant.
_LEFT_OUT = re.compile(
    r"^(?:an? |the |calculate the |compute the )"
    r"|(?: of| in| for| at) (?:that|the same|the given|a given) \w+$"
    r"|,? (?:over|in|within|for) (?:a|the)? ?(?:given|selected|specified|recent|certain|defined)[\w ]*$"
    r"|\(for the given [\w ]+\)$",
    re.I,
)
_SUMMED = re.compile(r",? (?:summed(?: up)?|added up|totall?ed)\b.*$", re.I)
_ONLY = re.compile(r", (?:over|of|for|among|considering|counting) (?P<rest>.+?)(?: only)?$", re.I)


def _qualified(body: str) -> tuple[str, str]:
    """A definition without what is said after a comma, and the rows that it is only of; "" for all."""
    body = _SUMMED.sub("", body)
    match = _ONLY.search(body)
    return (body[: match.start()], match["rest"]) if match else (body, "")


def _called(body: str) -> Iterator[Phrase]:
    """What a column may be called by what is said of it: "upper limit of the test" and "upper limit"."""
    words = phrase_of(body)
    bare = tuple(word for word in words if word not in ("the", "a", "an"))
    yield from (words, bare)
    if "of" in bare[1:-1]:
        place = bare.index("of")
        yield bare[:place] if bare[:place] != ("name",) else bare[place + 1 :]


def _leaves(formula: Formula) -> list[str]:
    if isinstance(formula, Operation):
        return list(dict.fromkeys([*_leaves(formula.left), *_leaves(formula.right)]))
    return [formula] if isinstance(formula, str) else []


def _attributes(items: Sequence[Item]) -> list[Attribute]:
    """The columns that a phrase may name, likeliest first."""
    found: list[Attribute] = []
    columns = [item for item in items if isinstance(item.meaning, Columns) and len(item.meaning.terms) == 1]
    for item in columns:
        if isinstance(item.meaning, Columns) and columns[0].score - item.score <= _ABOUT_AS_LIKELY:
            found += [*item.meaning.terms, *item.meaning.alike]
    return list(dict.fromkeys(found))


def _attribute(items: Sequence[Item]) -> Attribute | None:
    return next(iter(_attributes(items)), None)


def _calculated(formula: Formula, term: Callable[[str], Term | None]) -> Term | None:
    """The calculation of a formula whose names are terms; None when one is none."""
    if isinstance(formula, Operation):
        left, right = _calculated(formula.left, term), _calculated(formula.right, term)
        return Calculation(formula.operator, left, right) if left and right else None
    return term(formula) if isinstance(formula, str) else Value(formula)
