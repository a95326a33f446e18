"""What phrases and formulas of definitions stand for, over the names of one graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from aidbt.core.words import words_of
from aidbt.semantic.english.checks.complete import check_complete
from aidbt.semantic.english.checks.doubts import check_different
from aidbt.semantic.english.checks.dropped import check_dropped
from aidbt.semantic.english.grounding.lexicon import Defined, Lexicon, Meaning, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.calculations import (
    aggregated_rows,
    at_one_time,
    calculated,
    summed_rows,
)
from aidbt.semantic.english.instructions.definition_scope import per_row, qualified
from aidbt.semantic.english.instructions.formulas import Formula, Operation, completed, formula_of
from aidbt.semantic.english.instructions.written_conditions import WEIGHT, WrittenConditions, lemmas_of
from aidbt.semantic.english.meanings.chart import MOST_TOKENS, Item, parse
from aidbt.semantic.english.meanings.likelihood import unlikely
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Link, Rows
from aidbt.semantic.english.meanings.ways import leads_to_one
from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.english.number_rules.grounded import Grounded
from aidbt.semantic.english.words.tokens import Token, tokens
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Exists,
    Function,
    Measure,
    Output,
    SemanticQuery,
    Term,
    both,
    measures,
)
from aidbt.semantic.rewriting import rewritten

# With one of these beside its name a formula of columns is worked out of each row.
_OF_EACH = frozenset("average avg mean median highest lowest maximum minimum max min largest".split())


@dataclass
class FormulaMeanings:
    """Reads phrases and formulas, over a lexicon that knows the definitions read before."""

    lexicon: Lexicon
    graph: Graph
    question: str

    def __post_init__(self) -> None:
        self._grounded = Grounded(self.lexicon)
        self._written = WrittenConditions(self.lexicon, self.graph)
        self._rules = Rules(self.graph, self._grounded.people)
        self._grammar = self._rules.grammar()
        # What else definitions give a meaning to: the revenue that only counts paid orders.
        self._in_passing: dict[Phrase, list[Meaning]] = {}
        # The same text is read as a formula, as groups, as a rank.
        self._wholes: dict[str, list[Item]] = {}

    def _of_formula(self, body: str) -> list[Meaning]:
        """What a formula, or a phrase, stands for; nothing when it is not understood."""
        for said in qualified(body):
            if said.is_over and self._counts_rows(said.text):
                continue  # `denied claims over decided claims` is a ratio
            found = self._of_rows_of(said.text, said.rows) or self._of_each_row(said.text, said.rows)
            if found:
                return found
        # "Average freight, excluding cancelled orders" is one phrase.
        return self._of_formula(body.replace(", ", " ", 1)) if ", " in body else []

    def _of_each_row(self, text: str, rest: str) -> list[Meaning]:
        """`average amount per payment`: a mean is of each of its own rows anyway."""
        of, each = per_row(text)
        rows = (
            [item.meaning for item in self._phrases(each) if isinstance(item.meaning, Rows)] if each else []
        )
        found = self._of_rows_of(of, rest) if rows and rows[0] == Rows(rows[0].table) else []
        measured = [one.meaning for one in found if isinstance(one, Defined)]
        are_own = all(_is_mean_of(rows[0], meaning) for meaning in measured) and bool(measured)
        return found if are_own else []

    def _counts_rows(self, text: str) -> bool:
        """Whether a text names rows, or how many there are."""
        items = self._phrases(text)
        first = items[0].meaning if items else None
        return isinstance(first, Rows) or (
            isinstance(first, Number) and isinstance(first.term, Measure) and first.term.function == "count"
        )

    def _of_rows_of(self, text: str, rest: str) -> list[Meaning]:
        """What a formula stands for, of the rows that `rest` names; "" for all."""
        aggregate = _AGGREGATE.match(text)
        formula = formula_of(aggregate["formula"]) if aggregate else None
        if aggregate and isinstance(formula, Operation):
            meanings = self._aggregate_of_rows(_FUNCTIONS[aggregate["function"].lower()], formula)
            if meanings:
                return self._restricted(meanings, rest) if rest else meanings
        formula = formula_of(text)
        if formula is None:
            return []
        formula = completed(formula, lambda leaf: any(i.category != "Cond" for i in self._phrases(leaf)))
        items = {leaf: self._phrases(leaf) for leaf in _leaves(formula)}
        if not all(items.values()):
            return []
        if isinstance(formula, str):
            if _is_doubtful(items[formula]):
                return []
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
                term = aggregated_rows(meaning.meaning.term, function)
                found.append(replace(meaning, meaning=replace(meaning.meaning, term=term)))
        return found

    def _phrases(self, text: str) -> list[Item]:
        """What a text may be read as whole, likeliest first."""
        bare = bare_phrase(text)
        found = [item for item in self._whole(bare) if item.category in _CATEGORIES]
        return sorted((item for item in found if self._says_all(bare, item)), key=unlikely)

    def _says_all(self, text: str, item: Item) -> bool:
        """Whether a phrase means every word of its text: of a definition nothing may be left out."""
        query = _query_of(item.meaning)
        if query is None:
            return True
        if not _names_alike(tokens(text), item):
            return False
        try:
            check_dropped([(tokens(text), [item])], query, self.lexicon)
            check_different(tokens(text), query, self.lexicon)
            check_complete([[item]], query, self.graph)
        except Refused:
            return False
        return True

    def _whole(self, text: str) -> list[Item]:
        """The phrases that a text is from its first to its last word; none of a longer one than is read."""
        if text not in self._wholes:
            sentence = tokens(text)
            if len(sentence) > MOST_TOKENS:
                return []
            chart = parse(len(sentence), self._grounded.items(sentence), self._grammar)
            self._wholes[text] = list(chart.items(0, len(sentence)))
        return self._wholes[text]

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
            if _rows_of([items[leaf]]) != Rows(""):
                return None
            is_number = attribute is not None and self._rules.column(attribute).kind == "number"
            return Measure("sum", attribute.table, attribute) if attribute and is_number else None

        found = at_one_time(self._with_products(formula, items, numbers, term))
        found = _span_of_rows(found) if found else None
        are_these = any(_THESE.search(leaf) for leaf in items)
        plain = found
        found = rewritten(found, lambda part: self._of_same_rows(part, plain, are_these)) if found else None
        if are_these and found == plain:
            return []  # of which rows "these" are is not known
        table = next(iter(numbers.values())).table
        return [Defined("Number", Number(found, table), WEIGHT)] if found else []

    def _of_same_rows(self, part: object, whole: Term | None, are_these: bool) -> Measure | None:
        """`members with a paid invoice`, beside an amount of paid invoices: the different ones of these.

        Over all rows it is the same; by groups of the invoices the members are those of the group's. So is
        it of `members with these invoices`, which says no more of them than the amount did.
        """
        held = part.where if isinstance(part, Measure) and part.function == "count" else None
        if (
            not isinstance(part, Measure)
            or not isinstance(held, Exists)
            or (held.operator, held.count) != (">=", 1)
        ):
            return None
        beside = {(m.table, m.where) for m in measures(whole) if m != part}
        key = self.graph.table(part.table).keys[:1]
        wheres = {where for table, where in beside if table == held.table}
        is_said = held.where in wheres or (are_these and held.where is None)
        is_same = is_said and len(beside) == len(wheres) == 1 and self._is_to_one(held.table, part.table)
        if not is_same or not key or len(key[0]) != 1 or held.via:
            return None
        return Measure("count_distinct", held.table, Attribute(part.table, key[0][0]), wheres.pop())

    def _with_products(
        self,
        formula: Formula,
        items: dict[str, list[Item]],
        numbers: dict[str, Number],
        term: Callable[[str], Term | None],
    ) -> Term | None:
        """A calculation in which products of columns are worked out of each row, and then summed.

        None for a column times an aggregate: a sum of products is no product of sums.
        """
        if not isinstance(formula, Operation):
            return calculated(formula, term)
        leaves = _leaves(formula)
        columns = [leaf for leaf in leaves if leaf not in numbers]
        if formula.operator == "*" and columns and _leaves(formula.left) and _leaves(formula.right):
            of = {leaf: items[leaf] for leaf in leaves}
            rows = self._of_rows(formula, of) if len(columns) == len(leaves) else []
            totals = [each.meaning for each in rows if isinstance(each, Defined)]
            return next((each.term for each in totals if isinstance(each, Number)), None)
        left = self._with_products(formula.left, items, numbers, term)
        right = self._with_products(formula.right, items, numbers, term)
        return Calculation(formula.operator, left, right) if left and right else None

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
        term = calculated(formula, lambda leaf: self._near(table, items[leaf]))
        rows = _rows_of(items.values())
        if term is None or rows is None:
            return []
        total = Defined("Number", Number(summed_rows(term, table), table), WEIGHT)
        if rows.where is not None:
            return self._of_those([total], rows)
        each = Defined("Amount", Amount(table, term), WEIGHT)
        return [each, total] if _OF_EACH & set(lemmas_of(self.question)) else [total]

    def _near(self, table: str, items: Sequence[Item]) -> Attribute | None:
        """The column among readings that a table has itself, else that one row leads to from its rows."""
        found = _attributes(items)
        own = next((attribute for attribute in found if attribute.table == table), None)
        return own or next(
            (attribute for attribute in found if self._is_to_one(table, attribute.table)), None
        )

    def _is_to_one(self, start: str, end: str) -> bool:
        return leads_to_one(self.graph, start, end)

    def _restricted(self, meanings: list[Meaning], rest: str) -> list[Meaning]:
        """Meanings of only those rows that are said after a comma: ", over completed sales only"."""
        if _THOSE.match(rest) and any(len(_measured_tables(meaning)) > 1 for meaning in meanings):
            return []  # which of them "those" are is not said
        rest = _THOSE.sub(lambda _: self._noun(meanings), rest)
        rows = next((item.meaning for item in self._phrases(rest) if isinstance(item.meaning, Rows)), None)
        return self._of_those(meanings, rows) if rows is not None else []

    def _noun(self, meanings: Sequence[Meaning]) -> str:
        """What rows are called that meanings measure, for "those"."""
        of = (one.meaning for one in meanings if isinstance(one, Defined))
        return next((self.noun_of(number.table) for number in of if isinstance(number, Number)), "those")

    def noun_of(self, table: str) -> str:
        """What a phrase calls the rows of a table: without what all tables' names begin with."""
        names = (
            phrase
            for phrase, meanings in self.lexicon.meanings.items()
            if any(isinstance(m, TableName) and (m.table, m.weight) == (table, 1.0) for m in meanings)
        )
        return " ".join(next(names, tuple(words_of(table))))

    def _of_those(self, meanings: list[Meaning], rows: Rows) -> list[Meaning]:
        found: list[Meaning] = []
        for meaning in meanings:
            number = meaning.meaning if isinstance(meaning, Defined) else None
            if not isinstance(meaning, Defined) or not isinstance(number, Number | Amount | Columns | Rows):
                return []
            if isinstance(number, Rows):
                if number.table != rows.table:
                    return []
                found.append(replace(meaning, meaning=replace(rows, where=both(number.where, rows.where))))
                continue
            if isinstance(number, Columns):
                if number.rows is not None or {term.table for term in number.terms} != {rows.table}:
                    return []
                found.append(replace(meaning, meaning=Columns(number.terms, rows)))
                continue
            if isinstance(number, Amount):
                if number.rows is not None or number.table != rows.table:
                    return []
                found.append(replace(meaning, meaning=replace(number, rows=rows)))
                continue
            term = rewritten(number.term, lambda part: self._only(part, rows))
            found.append(replace(meaning, meaning=replace(number, term=term)))
        return found

    def _only(self, part: object, rows: Rows) -> Measure | None:
        if not isinstance(part, Measure):
            return None
        seen = self._rules.linked(Rows(part.table), Link(rows)) if part.table != rows.table else (rows, 0.0)
        return replace(part, where=both(part.where, seen[0].where)) if seen else None


def _names_alike(sentence: Sequence[Token], item: Item) -> bool:
    """Whether a noun that is said again is a noun again: "Total Active Members, members who paid"."""

    def said(word: Item) -> tuple[str, ...]:
        return tuple(token.text.lower() for token in sentence[word.start : word.end])

    nouns = {said(word) for word in item.words() if word.category == "Rows"}
    return not any(said(word) in nouns for word in item.words() if word.category in ("Did", "Act", "Verb"))


def _span_of_rows(term: Term) -> Term:
    """`highest price minus lowest price of open orders`: both of those rows."""
    if not isinstance(term, Calculation) or term.operator != "-":
        return term
    high, low = term.left, term.right
    if not isinstance(high, Measure) or not isinstance(low, Measure) or high.where is not None:
        return term
    is_span = {high.function, low.function} == {"max", "min"} and (high.table, high.of) == (low.table, low.of)
    return replace(term, left=replace(high, where=low.where)) if is_span else term


def _is_doubtful(items: Sequence[Item]) -> bool:
    """Whether a text may as well be a number of other columns: `booking amount`, of bookings or payments."""
    first = items[0]
    rivals = [i for i in items[1:] if first.score - i.score < _MARGIN and isinstance(i.meaning, Number)]
    said = _measured(first.meaning)
    return isinstance(first.meaning, Number) and any(_measured(i.meaning) != said for i in rivals)


def _is_mean_of(rows: Rows, meaning: object) -> bool:
    """Whether a number is a mean of something of each of those rows."""
    term = meaning.term if isinstance(meaning, Number) else None
    return isinstance(term, Measure) and term.function in ("avg", "median") and term.table == rows.table


_THESE = re.compile(r"\b(?:these|those) (?!who\b|that\b|which\b|with\b|of\b)\w", re.I)
_THOSE = re.compile(r"^(?:those|these|ones|the ones)\b", re.I)


def _measured_tables(meaning: Meaning) -> set[str]:
    return {measure.table for measure in measures(meaning)}


def _measured(meaning: object) -> set[tuple[str, Term | None]]:
    """What is measured of which rows."""
    return {(measure.table, measure.of) for measure in measures(meaning)}


def _query_of(meaning: object) -> SemanticQuery | None:
    """A query that says no more than a phrase; None for a phrase of which none can be made."""
    match meaning:
        case Rows(table, where, time):
            return SemanticQuery((Output(time, "time"),) if time else (), base=table, where=where)
        case Condition(table, predicate):
            return SemanticQuery((), base=table, where=predicate)
        case Number(term, _):
            return SemanticQuery((Output(term, "number"),))
        case Amount(table, term, rows):
            return SemanticQuery((Output(term, "amount"),), base=table, where=rows.where if rows else None)
        case Columns(terms, rows):
            outputs = tuple(Output(term, f"column_{place}") for place, term in enumerate(terms))
            base, where = (rows.table, rows.where) if rows else ("", None)
            return SemanticQuery(outputs, base=base, where=where)
    return None


def bare_phrase(text: str) -> str:
    """A phrase without what definitions add that says nothing of which rows are meant."""
    return _LEFT_OUT.sub("", text).strip()


def _as_defined(item: Item) -> list[Meaning]:
    """A phrase as the meaning of a name; what counts rows also names the rows that it counts."""
    found: list[Meaning] = [Defined(item.category, item.meaning, WEIGHT)]
    match item.meaning:
        case Number(Measure("count", table, None, where)):
            found.append(Defined("Rows", Rows(table, where), WEIGHT - LESS_LIKELY))
    return found


_AGGREGATE = re.compile(
    r"^(?:the )?(?P<function>average|avg|mean|sum|total|median) of (?P<formula>.+)$", re.I
)
_FUNCTIONS: dict[str, Function] = {
    "average": "avg", "avg": "avg", "mean": "avg", "sum": "sum", "total": "sum", "median": "median",
}  # fmt: skip


_ABOUT_AS_LIKELY = 0.3
LESS_LIKELY = 0.3
"""How much less likely a name of a number of rows means the rows."""
_MARGIN = 0.16


_CATEGORIES = {"Number", "Rows", "Col", "Amount", "OpenAmount", "Cond", "Nested"}
# What definitions add that says nothing of which rows are meant.
_LEFT_OUT = re.compile(
    r"^(?:an? |the |calculate the |compute the )"
    r"|(?: of| in| for| at) (?:that|the same|the given|a given) \w+$"
    r"|\(for the given [\w ]+\)$",
    re.I,
)


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


def _rows_of(items: Iterable[Sequence[Item]]) -> Rows | None:
    """The rows with conditions that columns are said to be of, the same for all; None where they differ."""
    firsts = [found[0].meaning for found in items if found]
    said = {
        column.rows if column.rows is not None and column.rows.where is not None else Rows("")
        for column in firsts
        if isinstance(column, Columns)
    }
    return said.pop() if len(said) == 1 else Rows("") if not said else None


def _attribute(items: Sequence[Item]) -> Attribute | None:
    return next(iter(_attributes(items)), None)
