"""What a definition says: the phrase, formula or condition that its names stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.grounding.lexicon import Defined, Meaning, TableName
from aidbt.semantic.english.instructions.definition_forms import without_open_window
from aidbt.semantic.english.instructions.definition_scope import in_plain_words, qualified
from aidbt.semantic.english.instructions.definition_times import (
    AGGREGATES,
    dated_by,
    duration_told,
    grain_told,
    time_named,
    told_apart,
)
from aidbt.semantic.english.instructions.definitions import Definition
from aidbt.semantic.english.instructions.formula_meanings import LESS_LIKELY
from aidbt.semantic.english.instructions.group_meanings import DONE, GroupMeanings
from aidbt.semantic.english.instructions.last_rows import without_pronoun
from aidbt.semantic.english.instructions.procedures import formula_text, spelled_out, tables_joined
from aidbt.semantic.english.instructions.sql_pieces import condition_of_sql, number_of_sql, of_rows
from aidbt.semantic.english.instructions.written_conditions import WEIGHT, lemmas_of
from aidbt.semantic.english.meanings.number_phrases import Group, Number, Scoped
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Condition, Rows
from aidbt.semantic.english.row_rules.intervals import Open
from aidbt.semantic.english.words.periods import period_at
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.value_names import phrase_of
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.query import Attribute, Duration, Exists, Function, Grain, Measure, measures

NOW = re.compile(r"\b(?:now|currently|today|at the moment|at present|these days)\b", re.I)


def is_now(name: Phrase) -> bool:
    return len(name) > 1 and name[0] in ("current", "present", "active")


def _is_period(name: Phrase) -> bool:
    """Whether a name is a time, such as "last 30 days", and not what is called after one."""
    said = tokens(" ".join(name))
    found = period_at(said, 0)
    return found is not None and found.length == len(said)


def is_identifier(column: str) -> bool:
    """Whether a column's name is no word of the language that a definition may be of."""
    return len(words_of(column)) > 1


@dataclass
class Definer(GroupMeanings):
    """Reads what definitions say, over a lexicon that knows those read before."""

    def meanings(self, definition: Definition) -> dict[Phrase, list[Meaning]]:
        """What the names of a definition mean; nothing for each where it is not understood."""
        if all(map(_is_period, definition.names)):
            return {}
        column = self._written.column(definition.names[0])
        if column and is_identifier(column.column):
            return {phrase: [column] for body in definition.bodies for phrase in _called(body)}
        if definition.is_code and self._is_table(definition.names[0]):
            return {}  # which table a reference is to: the graph knows it
        if definition.is_procedure:
            return self._of_procedure(definition)
        if definition.is_time:
            return dict.fromkeys(definition.names, self._time_done(definition))
        body, name, said = told_apart(definition.bodies[-1])
        if name:
            within = self._with_part(name, said)
            found = within.meanings(replace(definition, bodies=(*definition.bodies[:-1], body)))
            return found | self._in_passing
        changed = self._of_change(definition.bodies)
        if changed is not None:
            return dict.fromkeys(definition.names, changed) | self._in_passing
        # Where it is said twice, what is said last is the most exact, and the rest is no substitute for it.
        for body in definition.bodies if definition.is_code else definition.bodies[-1:]:
            body = without_pronoun(body, definition.bodies[-2]) if len(definition.bodies) > 1 else body
            found = self._rows_or_condition(definition, body) or dict.fromkeys(
                self._names(definition), self._of_body(body)
            )
            if any(found.values()):
                found = self._as_called(found, definition.bodies[:-1])
                found = self._of_each_time(found, definition)
                return found | self._in_passing | self._ranked_by(body, next(iter(found.values())))
        return {name: [] for name in definition.names}

    def _time_done(self, definition: Definition) -> list[Meaning]:
        """The time at which rows were what a verb says: "a campaign is launched on its start date"."""
        table = self._written.table_in(lemmas_of(definition.noun))
        time = self.time_of_last(table, definition.bodies[-1]) if table else None
        return [Defined("Did", Columns((time,)), WEIGHT)] if time else []

    def _as_called(
        self, found: dict[Phrase, list[Meaning]], called: Sequence[str]
    ) -> dict[Phrase, list[Meaning]]:
        """Meanings as the number that their name says: "Total Open Tickets" are so many of the tickets."""
        match = next((m for body in called if (m := _CALLED_NUMBER.match(body))), None)
        function = AGGREGATES.get(match["function"].lower(), "sum") if match else None
        if function is None:
            return found
        return {name: self._aggregated(function, meanings) for name, meanings in found.items()}

    def _of_each_time(
        self, found: dict[Phrase, list[Meaning]], definition: Definition
    ) -> dict[Phrase, list[Meaning]]:
        """Meanings with the groups that their name says: "per month joiners, the members who joined"."""
        grain = grain_told(map(" ".join, definition.names), definition.bodies[-1])
        if grain is None:
            return found
        return {name: [_each(meaning, grain) for meaning in meanings] for name, meanings in found.items()}

    def _aggregated(self, function: Function, meanings: list[Meaning]) -> list[Meaning]:
        """Rows also as how many they are, which is likelier, and what each row has as an aggregate of it."""
        told = [meaning.meaning for meaning in meanings if isinstance(meaning, Defined)]
        made: list[Number] = []
        for one in told:
            if isinstance(one, Rows) and function == "sum":
                made.append(self._rules.counted(one))
            elif isinstance(one, Amount):
                made += [
                    n for _, n, _ in self._rules.aggregate_amount(function, one) if isinstance(n, Number)
                ]
        if not made:
            return meanings
        rows = [
            replace(m, weight=WEIGHT - LESS_LIKELY)
            for m in meanings
            if isinstance(m, Defined) and m.category == "Rows"
        ]
        return [Defined("Number", made[0], WEIGHT), *rows]

    def _with_part(self, name: str, said: str) -> Definer:
        """A reader that knows what a word of a definition stands for within it: ", where b is the rest"."""
        number = self._total(said)
        told: list[Meaning] = [Defined("Number", number, WEIGHT)] if number else self._of_body(said)
        meanings = {lemmas_of(name): told}
        return Definer(self.lexicon.with_meanings(meanings), self.graph, self.question)

    def _of_procedure(self, definition: Definition) -> dict[Phrase, list[Meaning]]:
        """What steps come to; nothing for names that mean something, where the steps do not say it."""
        body = definition.bodies[0]
        steps = formula_text(in_plain_words(body), are_groups_apart=True)
        found = self._of_joined(spelled_out(steps), tables_joined(body)) if steps else []
        return dict.fromkeys(definition.names, found) if found else {}

    def _of_joined(self, text: str, joined: str) -> list[Meaning]:
        """What a formula stands for, in the one of the joined tables whose columns it speaks of."""
        formula, comma, rest = text.partition(", over ")
        if not _SIMPLE.match(formula):
            return self._of_formula(text)
        said = set(re.findall(r"\w+", joined.lower()))
        found = []
        for table in (table for table in self.graph.tables if table.name.lower() in said):
            what = _AMOUNTS.sub(_amount_named(table) or _NOTHING, formula)
            meanings = self._of_formula(f"{what} of {self.noun_of(table.name)}{comma}{rest}")
            if meanings and {m.table for one in meanings for m in measures(one)} == {table.name}:
                found.append(meanings)
        return found[0] if len(found) == 1 else [] if _AMOUNTS.search(formula) else self._of_formula(text)

    def _rows_or_condition(self, definition: Definition, body: str) -> dict[Phrase, list[Meaning]]:
        """Names of rows, or of what holds of rows, by conditions on their columns."""
        rows = self._written.rows(body)
        if rows:
            found: list[Meaning] = [Defined("Rows", rows, WEIGHT)]
            if rows.where is not None:
                found.append(Defined("Cond", Condition(rows.table, rows.where), WEIGHT - 0.1))
            return dict.fromkeys(definition.names, found)
        owner = lemmas_of(definition.noun) or max(definition.names, key=len)
        condition = self._written.condition(body, owner)
        if condition is None and _COMPOUND.search(body):
            found_in_sql = condition_of_sql(body, self.graph)
            condition = Condition(*found_in_sql) if found_in_sql else None
        if condition:
            return self._adjectives(definition, condition)
        return self._rows_told(definition, body) if definition.noun and not definition.is_code else {}

    def _rows_told(self, definition: Definition, body: str) -> dict[Phrase, list[Meaning]]:
        """What a clause says of rows that a noun names: a customer is loyal "if they placed 3 orders"."""
        clause = re.sub(r"^(?:it|they|he|she|their|his|her|its) ", "", body)
        written = self._written.condition(_LEADING.sub("", clause), lemmas_of(definition.noun))
        if written:
            return self._adjectives(definition, written)
        for between in ("who ", "that ", "with ", "whose ", ""):
            for item in self._phrases(f"{definition.noun} {between}{clause}"):
                if isinstance(item.meaning, Rows) and item.meaning.where is not None:
                    condition = Condition(item.meaning.table, item.meaning.where)
                    return self._adjectives(definition, condition)
        return {}

    def _adjectives(self, definition: Definition, condition: Condition) -> dict[Phrase, list[Meaning]]:
        names = {self._adjective(name, condition.table) for name in definition.names}
        return {name: [Defined("Cond", condition, WEIGHT)] for name in names if name}

    def _of_body(self, body: str) -> list[Meaning]:
        """What a body stands for: a phrase, formula, steps, SQL, a rank; nothing if not understood."""
        sql, rest = of_rows(body)
        number = number_of_sql(sql, self.graph)
        if number is not None:
            told: list[Meaning] = [Defined("Number", number, WEIGHT)]
            return self._restricted(told, rest) if rest else told
        body, date = dated_by(in_plain_words(body))
        if date:
            return self._dated(self._of_body(body), date)
        closed, needs_time = without_open_window(body)
        is_left_open = needs_time and not self._says_a_time()
        done = DONE.match(closed) if closed != body else None
        if done and (found := self._dated(self._of_formula(done["what"]), done["verb"])):
            return found
        for text in (body, *([closed] if closed != body and not is_left_open else [])):
            steps = formula_text(text)
            found = (
                self._of_last(text)
                if self._tells_last(text)
                else self._of_running(text)
                or self._of_formula(text)
                or (self._of_formula(spelled_out(steps)) if steps else [])
                or self._of_formula(spelled_out(text))
                or self._of_rank(text)
                or self._of_duration(text)
                or self._of_last(text)
                or self._of_groups(text)
            )
            if found:
                return [self._over_joined(self._in_its_unit(meaning), body) for meaning in found]
        return []

    def _over_joined(self, meaning: Meaning, body: str) -> Meaning:
        """A total over the rows that steps join: the fees of the plans of all active subscriptions.

        Without the steps it would be that of the plans that have an active subscription.
        """
        number = meaning.meaning if isinstance(meaning, Defined) else None
        measure = number.term if isinstance(number, Number) else None
        joined = set(re.findall(r"\w+", tables_joined(body).lower()))
        if not isinstance(meaning, Defined) or not isinstance(measure, Measure) or measure.of is None:
            return meaning
        match measure.where:
            case Exists(table=many, operator=">=", count=1, where=where) if many.lower() in joined:
                if measure.function in ("sum", "avg") and self._is_to_one(many, measure.table):
                    total = replace(measure, table=many, where=where)
                    return Defined("Number", Number(total, many), meaning.weight)
        return meaning

    def _in_its_unit(self, meaning: Meaning) -> Meaning:
        """A time between two that no unit is said of, in the one that the question speaks of."""
        units = {match.group("unit").lower() for match in _UNITS.finditer(self.question)}
        if not isinstance(meaning, Defined) or meaning.category != "OpenAmount" or len(units) != 1:
            return meaning
        between = cast("Open", meaning.meaning)
        amounts = [one for _, one, _ in self._rules.open_in_unit(between, units.pop())]
        return Defined("Amount", amounts[0], meaning.weight) if amounts else meaning

    def _of_duration(self, body: str) -> list[Meaning]:
        """`median time in hours from submission until the client responded`."""
        told, said = duration_told(body), next(qualified(body))
        if said.rows and (told is None or told.function is None):
            return self._restricted(self._of_duration(said.text), said.rows)
        if told is None:
            return []
        pairs = [
            (table.name, start, end)
            for table in self.graph.tables
            if (start := time_named(table, told.start))
            and (end := time_named(table, told.end))
            and start != end
        ]
        if len(pairs) != 1:
            return []
        table, start, end = pairs[0]
        between = Duration(Attribute(table, start), Attribute(table, end), told.unit)
        if told.function is None:
            return [Defined("Amount", Amount(table, between), WEIGHT)]
        return [Defined("Number", Number(Measure(told.function, table, between), table), WEIGHT)]

    def _says_a_time(self) -> bool:
        sentence = tokens(self.question)
        return any(period_at(sentence, start) for start in range(len(sentence)))

    def _is_table(self, name: Phrase) -> bool:
        return any(isinstance(meaning, TableName) for meaning in self.lexicon.meanings.get(name, ()))

    def _names(self, definition: Definition) -> list[Phrase]:
        """What the question calls it: a current salary is the salary "at the moment"."""
        now = [name[1:] for name in definition.names if is_now(name) and NOW.search(self.question)]
        return [*definition.names, *now]

    def _adjective(self, name: Phrase, table: str) -> Phrase:
        """A name without the noun of its table: "serious" of "serious adverse event"."""
        for size in range(len(name) - 1, 0, -1):
            meanings = self.lexicon.meanings.get(name[-size:], ())
            if any(isinstance(m, TableName) and m.table == table for m in meanings):
                return name[:-size]
        return name

    def rows(self, text: str) -> Rows | None:
        """The rows that a text names, with what holds of them; None where it names none."""
        meanings = [item.meaning for item in self._phrases(text)]
        return next((m for m in meanings if isinstance(m, Rows) and m.where is not None), None)


def _each(meaning: Meaning, grain: Grain) -> Meaning:
    """A number as one of each length of time."""
    number = meaning.meaning if isinstance(meaning, Defined) else None
    if not isinstance(meaning, Defined) or not isinstance(number, Number):
        return meaning
    return Defined("Scoped", Scoped(number, Group(grains=(grain,))), meaning.weight)


# Conditions that only SQL joins: `status = 'open' AND freight > 5`.
_COMPOUND = re.compile(r"[=<>].* (?:and|or) .*[=<>]|\bin \(", re.I)
_LEADING = re.compile(r"^(?:whose|where|in which|for which|with|having) (?:an? |the )?", re.I)


_UNITS = re.compile(r"\bin (?P<unit>(?:second|minute|hour|day|week)s)\b", re.I)
# What a name says that something is made of: "Total Open Tickets", "Number of Verified Hosts".
_CALLED_NUMBER = re.compile(
    rf"^(?:the )?(?:overall )?(?P<function>{'|'.join(AGGREGATES)}|number of|count of)\b", re.I
)


# An aggregate of one thing, which may be a column of several tables.
_SIMPLE = re.compile(r"^(?:total|average) (?!.*\b(?:of|that|which|who|with)\b)[\w ]+$")
# "Sum the amounts" speaks of the joined table that has some.
_AMOUNTS = re.compile(r"(?<=^total )amounts?$|(?<=^average )amounts?$")


_NOTHING = "nothing"


def _amount_named(table: GraphTable) -> str:
    """What the one amount of a table is called, such as `total_amount`; "" where it has none, or several."""
    found = [
        column.name
        for column in table.columns
        if column.kind == "number" and singular_words(column.name)[-1:] in (("amount",), ("amt",))
    ]
    return " ".join(words_of(found[0])) if len(found) == 1 else ""


def _called(body: str) -> Iterator[Phrase]:
    """What a column may be called by what is said of it: "upper limit of the test" and "upper limit"."""
    words = phrase_of(body)
    bare = tuple(word for word in words if word not in ("the", "a", "an"))
    yield from (words, bare)
    if "of" in bare[1:-1]:
        place = bare.index("of")
        yield bare[:place] if bare[:place] != ("name",) else bare[place + 1 :]
