"""What a definition says: the phrase, formula or condition that its names stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.definition_forms import ToldChange, change_told, rank_told, without_open_window
from aidbt.semantic.english.definition_times import dated_by, duration_told, last_told, time_named, told_apart
from aidbt.semantic.english.definitions import Definition
from aidbt.semantic.english.formula_meanings import FormulaMeanings, bare_phrase
from aidbt.semantic.english.lexicon import Defined, Meaning, TableName
from aidbt.semantic.english.number_phrases import Group, Number, Ranking, Scoped, TopColumns
from aidbt.semantic.english.periods import period_at
from aidbt.semantic.english.phrases import Columns, Condition, Rows
from aidbt.semantic.english.procedures import formula_text, spelled_out
from aidbt.semantic.english.sql_pieces import condition_of_sql, number_of_sql
from aidbt.semantic.english.tokens import tokens
from aidbt.semantic.english.value_names import phrase_of
from aidbt.semantic.english.word_lists import Phrase
from aidbt.semantic.english.written_conditions import WEIGHT, lemmas_of
from aidbt.semantic.query import Attribute, Compared, Duration, Grain, Measure

NOW = re.compile(r"\b(?:now|currently|today|at the moment|at present|these days)\b", re.I)


def is_now(name: Phrase) -> bool:
    return len(name) > 1 and name[0] in ("current", "present", "active")


def is_identifier(column: str) -> bool:
    """Whether a column's name is no word of the language that a definition may be of."""
    return len(words_of(column)) > 1


@dataclass
class Definer(FormulaMeanings):
    """Reads what definitions say, over a lexicon that knows those read before."""

    def meanings(self, definition: Definition) -> dict[Phrase, list[Meaning]]:
        """What the names of a definition mean; nothing for each where it is not understood."""
        if all(period_at(tokens(" ".join(name)), 0) for name in definition.names):
            return {}
        column = self._written.column(definition.names[0])
        if column and is_identifier(column.column):
            return {phrase: [column] for body in definition.bodies for phrase in _called(body)}
        if definition.is_code and self._is_table(definition.names[0]):
            return {}  # which table a reference is to: the graph knows it
        if definition.is_procedure:
            return self._of_procedure(definition)
        body, name, said = told_apart(definition.bodies[-1])
        if name:
            return self._with_part(name, said).meanings(
                replace(definition, bodies=(*definition.bodies[:-1], body))
            )
        changed = self._of_change(definition.bodies)
        if changed is not None:
            return dict.fromkeys(definition.names, changed)
        # Where it is said twice, what is said last is the most exact, and the rest is no substitute for it.
        for body in definition.bodies if definition.is_code else definition.bodies[-1:]:
            found = self._rows_or_condition(definition, body) or dict.fromkeys(
                self._names(definition), self._of_body(body)
            )
            if any(found.values()):
                return found
        return {name: [] for name in definition.names}

    def _with_part(self, name: str, said: str) -> Definer:
        """A reader that knows what a word of a definition stands for within it: ", where b is the rest"."""
        meanings = {lemmas_of(name): self._of_body(said)}
        return Definer(self.lexicon.with_meanings(meanings), self.graph, self.question)

    def _of_procedure(self, definition: Definition) -> dict[Phrase, list[Meaning]]:
        """What steps come to, for names that mean nothing without them."""
        known = any(self._phrases(" ".join(name)) for name in definition.names)
        steps = formula_text(definition.bodies[0])
        found = self._of_formula(spelled_out(steps)) if steps and not known else []
        return dict.fromkeys(definition.names, found) if found else {}

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
        number = number_of_sql(body, self.graph)
        if number is not None:
            return [Defined("Number", number, WEIGHT)]
        body, date = dated_by(body)
        if date:
            return self._dated(self._of_body(body), date)
        closed, needs_time = without_open_window(body)
        is_left_open = needs_time and not self._says_a_time()
        done = _DONE.match(closed) if closed != body else None
        if done and (found := self._dated(self._of_formula(done["what"]), done["verb"])):
            return found
        for text in (body, *([closed] if closed != body and not is_left_open else [])):
            steps = formula_text(text)
            found = (
                self._of_formula(text)
                or (self._of_formula(spelled_out(steps)) if steps else [])
                or self._of_formula(spelled_out(text))
                or self._of_rank(text)
                or self._of_duration(text)
                or self._of_last(text)
                or self._of_groups(text)
            )
            if found:
                return found
        return []

    def _dated(self, meanings: list[Meaning], said: str) -> list[Meaning]:
        """Numbers whose rows are dated by the time that is said; nothing where there is no such time."""
        found: list[Meaning] = []
        for meaning in meanings:
            number = meaning.meaning if isinstance(meaning, Defined) else None
            scoped = number if isinstance(number, Scoped) else None
            number = scoped.of if scoped else number
            time = time_named(self.graph.table(number.table), said) if isinstance(number, Number) else ""
            if not isinstance(meaning, Defined) or not isinstance(number, Number) or not time:
                return []
            dated = self._rules.dated(number, Attribute(number.table, time))
            found.append(replace(meaning, meaning=replace(scoped, of=dated) if scoped else dated))
        return found

    def _of_duration(self, body: str) -> list[Meaning]:
        """`median time in hours from submission until the client responded`."""
        told = duration_told(body)
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
        return [Defined("Number", Number(Measure(told.function, table, between), table), WEIGHT)]

    def _says_a_time(self) -> bool:
        sentence = tokens(self.question)
        return any(period_at(sentence, start) for start in range(len(sentence)))

    # --- ranks, changes, and numbers of groups --------------------------------------------------------

    def _of_rank(self, body: str) -> list[Meaning]:
        """`customer rank by total amount`."""
        told = rank_told(body)
        if told is None or not told.of:
            return []
        words = told.of.split()
        # "Customer revenue rank" ranks customers.
        firsts = [" ".join(words[:size]) for size in range(len(words), 0, -1)]
        of = next(
            (i.meaning for first in firsts for i in self._phrases(first) if isinstance(i.meaning, Rows)), None
        )
        by = self._total(told.by)
        if of is None or by is None:
            return []
        return [Defined("RankOf", Ranking(of, by, told.is_ascending), WEIGHT)]

    def _of_change(self, bodies: Sequence[str]) -> list[Meaning] | None:
        """`month-over-month change in revenue for each product`; None for what is no change."""
        dates = [date for body in bodies if (date := dated_by(body)[1])]
        split = [self._grouped(without_open_window(dated_by(body)[0])[0], is_before=False) for body in bodies]
        told = change_told([body for body, _ in split])
        if told is None:
            return None
        number = self._changing(told, dates)
        changed = number and self._rules.changed(number, told.grain, told.kind, is_percent=told.is_percent)
        if not changed:
            return []
        scope = Group(grains=(told.grain,))
        for _, group in split:
            scope |= group
        return [Defined("Scoped", Scoped(changed, scope), WEIGHT)]

    def _changing(self, told: ToldChange, dates: Sequence[str]) -> Number | None:
        """What changes: as the end of the definition says it, else in its words."""
        named = self.lexicon.meanings.get(lemmas_of(told.of_formula), ())
        said = [m.meaning for m in named if isinstance(m, Defined) and isinstance(m.meaning, Number)]
        number = said[0] if said else self._total(told.of)
        if number is None or not dates:
            return number
        time = time_named(self.graph.table(number.table), dates[0])
        return self._rules.dated(number, Attribute(number.table, time)) if time else None

    def _of_groups(self, body: str) -> list[Meaning]:
        """`number of orders per month`, `monthly revenue`: a number with the groups that belong to it."""
        of, group = self._grouped(body)
        running = _RUNNING.match(body)
        if running:
            of, group = running["of"], Group(grains=(Grain(_GRAINS[running["each"].lower()]),))
        if not group:
            return []
        if group.grains and (new := _NEW.match(of)):
            return self._of_new(new["rows"], group)
        number = self._total(of)
        if number is not None:
            if running:
                number = replace(number, term=Compared("running", number.term))
            return [Defined("Scoped", Scoped(number, group), WEIGHT)]
        return []

    def _of_last(self, body: str) -> list[Meaning]:
        """`the rate of the latest snapshot of each flat`: that column of the last row of each."""
        text, rows = last_told(body)
        of, group = self._grouped(text)
        last = self._last_of(of, group, rows) if group else None
        return [Defined("Scoped", Scoped(last, group), WEIGHT)] if last else []

    def _total(self, text: str) -> Number | None:
        """A number, of a column that adds up its sum, and of rows that were done how many by their time."""
        for meaning in self._of_formula(text):
            match meaning:
                case Defined(meaning=Number() as number):
                    return number
                case Defined(meaning=Rows() as rows):
                    return self._rules.counted(rows)
                case Defined(meaning=Columns() as columns):
                    return self._rules.implied(columns)
        done = _DONE.match(text)
        found = self._dated(self._of_formula(done["what"]), done["verb"]) if done else []
        return next(
            (d.meaning for d in found if isinstance(d, Defined) and isinstance(d.meaning, Number)), None
        )

    def _of_new(self, text: str, group: Group) -> list[Meaning]:
        """`new customers per month`: those whose own time is in it."""
        rows = next((i.meaning for i in self._phrases(text) if isinstance(i.meaning, Rows)), None)
        time = self.graph.table(rows.table).time if rows is not None else None
        if rows is None or not time:
            return []
        counted = Measure("count", rows.table, None, rows.where, Attribute(rows.table, time))
        return [Defined("Scoped", Scoped(Number(counted, rows.table), group), WEIGHT)]

    def _last_of(self, text: str, group: Group, rows: str) -> TopColumns | None:
        """`most recent balance` of each group, of the one table whose rows belong to these."""
        whole = self._whole(bare_phrase(text))
        lasts = [item.meaning for item in whole if isinstance(item.meaning, TopColumns)]
        found = [
            last
            for last in lasts
            if all(self._is_to_one(last.columns.terms[0].table, term.table) for term in group.terms)
        ]
        said = set(singular_words(rows))
        named = [last for last in found if said & set(singular_words(last.columns.terms[0].table))]
        found = named or found
        tables = {last.columns.terms[0].table for last in found}
        if len(tables) != 1 or not group.terms:
            return None
        columns = replace(found[0].columns, rows=Rows(tables.pop()), alike=())
        return replace(found[0], columns=columns)

    def _grouped(self, text: str, *, is_before: bool = True) -> tuple[str, Group]:
        """A text without the groups before or after it, and the groups; none where it names none."""
        words = text.split()
        for size in range(1, len(words)):
            sides = [(words[size:], words[:size]), *([(words[:size], words[size:])] if is_before else [])]
            for said, rest in sides:
                group = self._group(" ".join(said)) if said[0].lower() in _GROUPS else None
                if group is not None:
                    return " ".join(rest), group
        return text, Group()

    def _group(self, text: str) -> Group | None:
        """The groups that a text names, and nothing else."""
        found = [(item.score, item.meaning) for item in self._whole(text) if isinstance(item.meaning, Group)]
        return max(found, key=lambda one: one[0])[1] if found else None

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


# Words that groups begin with in definitions.
_GROUPS = frozenset(
    """per by for in of each every within across daily weekly monthly quarterly yearly annual hourly
    grouped""".split()
)
_GRAINS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
           "annual": "year"}  # fmt: skip
_RUNNING = re.compile(
    rf"^(?:the )?(?:running|cumulative) (?:total|sum) of (?:the )?(?P<each>{'|'.join(_GRAINS)}) (?P<of>.+)$",
    re.I,
)
# Rows with what was done at one of their times: "claims decided", "customers who signed up".
_DONE = re.compile(
    r"^(?P<what>.+?)(?: (?:who|that|which))?(?: (?:was|were|have|had|have been))? (?P<verb>\w+(?:ed|t|n))"
    r"(?: (?:up|in|on|for))?$",
    re.I,
)
_NEW = re.compile(r"^(?:the )?(?:(?:total )?(?:number|count) of )?new (?P<rows>.+)$", re.I)
# Conditions that only SQL joins: `status = 'open' AND freight > 5`.
_COMPOUND = re.compile(r"[=<>].* (?:and|or) .*[=<>]|\bin \(", re.I)
_LEADING = re.compile(r"^(?:whose|where|in which|for which|with|having) (?:an? |the )?", re.I)


def _called(body: str) -> Iterator[Phrase]:
    """What a column may be called by what is said of it: "upper limit of the test" and "upper limit"."""
    words = phrase_of(body)
    bare = tuple(word for word in words if word not in ("the", "a", "an"))
    yield from (words, bare)
    if "of" in bare[1:-1]:
        place = bare.index("of")
        yield bare[:place] if bare[:place] != ("name",) else bare[place + 1 :]
