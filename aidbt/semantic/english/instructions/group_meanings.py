"""What definitions say of ranks, of changes since a period before, and of numbers of each group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.lexicon import Defined, Meaning, TableName
from aidbt.semantic.english.instructions.definition_forms import (
    ToldChange,
    change_told,
    rank_told,
    ranked_thing,
    without_open_window,
)
from aidbt.semantic.english.instructions.definition_scope import qualified
from aidbt.semantic.english.instructions.definition_times import ADVERBS, dated_by, last_told, time_named
from aidbt.semantic.english.instructions.formula_meanings import FormulaMeanings, bare_phrase
from aidbt.semantic.english.instructions.last_rows import ToldLast, last_of_each
from aidbt.semantic.english.instructions.sql_pieces import number_of_sql
from aidbt.semantic.english.instructions.written_conditions import WEIGHT, lemmas_of
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Group,
    Number,
    Ranking,
    Scoped,
    Top,
    TopColumns,
)
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.units import is_money
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.query import Attribute, Compared, Grain, Measure


@dataclass
class GroupMeanings(FormulaMeanings):
    """Reads ranks, changes, and numbers of each group."""

    def _of_rank(self, body: str) -> list[Meaning]:
        """`customer rank by total amount`."""
        told = rank_told(body)
        if told is None or not told.of:
            return []
        words = told.of.split()
        # "Customer revenue rank" ranks customers.
        firsts = [" ".join(words[:size]).lower() for size in range(len(words), 0, -1)]
        by = self._total(told.by)
        rows = [i.meaning for first in firsts for i in self._phrases(first) if isinstance(i.meaning, Rows)]
        of = next((one for one in rows if by and self._is_to_one(by.table, one.table)), None)
        within = self._group(f"by {told.within}") if told.within else Group()
        if of is None or by is None or within is None:
            return []
        return [Defined("RankOf", Ranking(of, by, told.is_ascending, within), WEIGHT)]

    def _ranked_by(self, body: str, found: list[Meaning]) -> dict[Phrase, list[Meaning]]:
        """What a rank's name calls the number that it is by: the revenue of "host revenue rank, by ..."."""
        ranking = next((m.meaning for m in found if isinstance(m, Defined) and m.category == "RankOf"), None)
        if not isinstance(ranking, Ranking) or ranking.by is None:
            return {}
        words = ranked_thing(body).lower().split()
        sizes = range(len(words), 0, -1)
        named = next((n for n in sizes if self._are_of(" ".join(words[:n]), ranking.of)), 0)
        rest = " ".join(words[named:]) or ("revenue" if self._is_money(ranking.by) else "")
        known = [item.category for item in self._phrases(rest)] if rest else []
        # Words for money stand for what is ranked by; rows stay rows.
        if not named or not rest or not set(known) <= {"Number", "Col", "Amount", "Quo", "Texts"}:
            return {}
        return {lemmas_of(rest): [Defined("Number", ranking.by, WEIGHT)]}

    def _is_money(self, number: Number) -> bool:
        """Whether a number is a sum of money."""
        term = number.term
        of = term.of if isinstance(term, Measure) and term.function == "sum" else None
        return isinstance(of, Attribute) and is_money(self._rules.column(of))

    def _are_of(self, text: str, rows: Rows | Columns) -> bool:
        return any(item.meaning == rows for item in self._phrases(text))

    def _of_change(self, bodies: Sequence[str]) -> list[Meaning] | None:
        """`month-over-month change in revenue for each product`; None for what is no change."""
        dates = [date for body in bodies if (date := dated_by(body)[1])]
        said = [next(qualified(without_open_window(dated_by(body)[0])[0])) for body in bodies]
        split = [self._grouped(one.text, is_before=False) for one in said]
        told = change_told([body for body, _ in split])
        if told is None:
            return None
        rest = next((one.rows for one in said if one.rows), "")
        number = self._changing(told, dates)
        if rest:
            number = self._of_rest(told.of, number, rest)
        changed = number and self._rules.changed(number, told.grain, told.kind, is_percent=told.is_percent)
        if not changed:
            return []
        scope = Group(grains=(told.grain,))
        for _, group in split:
            scope |= group
        return [Defined("Scoped", Scoped(changed, scope), WEIGHT)]

    def _of_rest(self, of: str, number: Number | None, rest: str) -> Number | None:
        """A number of those rows alone that are said apart: "revenue, only considering paid orders"."""
        if number is None:
            return self._total(f"{of} from {rest}")
        found = self._restricted([Defined("Number", number, WEIGHT)], rest)
        numbers = [one.meaning for one in found if isinstance(one, Defined)]
        only = next((one for one in numbers if isinstance(one, Number)), None)
        if only is not None:
            self._in_passing[lemmas_of(of)] = [Defined("Number", only, WEIGHT)]
        return only

    def _changing(self, told: ToldChange, dates: Sequence[str]) -> Number | None:
        """What changes: as the end of the definition says it, else in its words."""
        named = self.lexicon.meanings.get(lemmas_of(told.of_formula), ())
        said = [m.meaning for m in named if isinstance(m, Defined) and isinstance(m.meaning, Number)]
        number = said[0] if said else self._total(told.of)
        if number is None or not dates:
            return number
        time = time_named(self.graph.table(number.table), dates[0])
        return self._rules.dated(number, Attribute(number.table, time)) if time else None

    def _of_running(self, body: str) -> list[Meaning]:
        """`running total of the monthly fees`: along the time of what is added up."""
        match = _RUNNING.match(_without_restart(body, self.question))
        number = self._total(match["of"]) if match else None
        if match is None or number is None:
            return []
        running = replace(number, term=Compared("running", number.term))
        if not match["each"]:
            return [Defined("Number", running, WEIGHT)]
        group = Group(grains=(Grain(ADVERBS[match["each"].lower()]),))
        return [Defined("Scoped", Scoped(running, group), WEIGHT)]

    def _of_groups(self, body: str) -> list[Meaning]:
        """`number of orders per month`, `monthly revenue`: a number with the groups that belong to it."""
        of, group = self._grouped(body)
        if not group:
            return []
        if group.grains and (new := _NEW.match(of)):
            return self._of_new(new["rows"], group)
        number = self._total(of) or number_of_sql(of, self.graph)
        return [Defined("Scoped", Scoped(number, group), WEIGHT)] if number is not None else []

    def _of_last(self, body: str) -> list[Meaning]:
        """`the rate of the latest snapshot of each flat`: that column of the last row of each."""
        told = last_of_each(body)
        scoped = self._last_row(told) if told is not None else None
        if scoped is not None:
            return [Defined("Scoped", scoped, WEIGHT)]
        text, rows = last_told(body)
        of, group = self._grouped(text)
        last = self._last_of(of, group, rows) if group else None
        return [Defined("Scoped", Scoped(last, group), WEIGHT)] if last else []

    def _tells_last(self, body: str) -> bool:
        """Whether a body speaks of the last row of each, and nothing of all rows."""
        told = last_of_each(body)
        if told is None:
            return False
        return not told.rows or any(isinstance(i.meaning, Rows) for i in self._phrases(told.rows))

    def _last_row(self, told: ToldLast) -> Scoped | None:
        """The last row of each, or what is asked of it, where its words name rows that belong to these."""
        group = self.group_of(told.of)
        if not told.rows:
            return self._last_dated(told, group) if group else None
        for rows in (item.meaning for item in self._phrases(told.rows)):
            if not isinstance(rows, Rows) or not group or not self.belong(rows.table, group):
                continue
            time = self.time_of_last(rows.table, told.time)
            if time is None:
                return None
            best = Best(Columns((time,)), not told.is_first, Rows(rows.table, rows.where))
            top = Top(1, best, best.is_descending)
            is_when = told.column.lower() in _WHEN
            columns = Columns((time,), Rows(rows.table)) if is_when else None
            if told.column and not is_when:
                columns = self._columns_of(told.column, rows.table)
            if told.column:
                return Scoped(TopColumns(columns, top), group) if columns else None
            return Scoped(top, group)
        return None

    def _last_dated(self, told: ToldLast, group: Group) -> Scoped | None:
        """`the balance on the branch's most recent date`: of the one table of each branch that has both."""
        found: list[Scoped] = []
        for table in (t.name for t in self.graph.tables if self.belong(t.name, group)):
            time, columns = self.time_of_last(table, told.time), self._columns_of(told.column, table)
            if time is not None and columns and columns.terms[0].table == table:
                best = Best(Columns((time,)), not told.is_first, Rows(table))
                found.append(Scoped(TopColumns(columns, Top(1, best, best.is_descending)), group))
        return found[0] if len(found) == 1 else None

    def label_of(self, table: str) -> tuple[Attribute, ...]:
        """The columns that the rows of a table are known by."""
        return self._rules.label(table)

    def group_of(self, each: str) -> Group | None:
        """The groups that a noun makes, one for each."""
        return self._group(f"for each {each}")

    def belong(self, table: str, group: Group) -> bool:
        """Whether each row of a table is in one of the groups."""
        return bool(group.terms) and all(self._is_to_one(table, term.table) for term in group.terms)

    def time_of_last(self, table: str, said: str = "") -> Attribute | None:
        """The time by which the rows of a table come: the one that is named, else that of the row."""
        if not said:
            return self._rules.last_told_by(table)
        for item in self._phrases(said):
            terms = item.meaning.terms if isinstance(item.meaning, Columns) else ()
            found = [
                t for t in (*terms, *_alike(item.meaning)) if t.table == table and self._rules.is_time(t)
            ]
            if found:
                return found[0]
        named = time_named(self.graph.table(table), said)
        return Attribute(table, named) if named else None

    def _columns_of(self, text: str, table: str) -> Columns | None:
        """What a text asks of a row: a column of it, or of what it refers to, or what that is known by."""
        for item in self._phrases(text) or self._phrases(_AMOUNT_NOUN.sub("", text)):
            match item.meaning:
                case Columns() as columns:
                    near = [t for t in (*columns.terms, *columns.alike) if self._is_to_one(table, t.table)]
                    near.sort(key=lambda term: term.table != table)
                    if near:
                        return Columns((near[0],), Rows(table))
                case Rows(other, None) if other != table and self._is_to_one(table, other):
                    return Columns(self._rules.label(other), Rows(table))
        return None

    def _total(self, text: str) -> Number | None:
        """A number, of a column that adds up its sum, and of rows that were done how many by their time."""
        for meaning in self._of_formula(text):
            match meaning:
                case Defined(meaning=Number() as number):
                    return number
                case Defined(meaning=Rows() as rows):
                    return self._rules.counted(rows)
                case Defined(meaning=Columns() as columns):
                    return self._events(text, columns) or self._rules.implied(columns)
        if (money := self._money_of(text)) is not None:
            return money
        done = DONE.match(text)
        found = self._dated(self._of_formula(done["what"]), done["verb"]) if done else []
        return next(
            (d.meaning for d in found if isinstance(d, Defined) and isinstance(d.meaning, Number)), None
        )

    def _events(self, text: str, columns: Columns) -> Number | None:
        """`signups`: as many rows as have a time that is called so, each at that time."""
        time = columns.terms[0]
        if len(columns.terms) > 1 or not self._rules.is_time(time) or not text.lower().endswith("s"):
            return None
        where = columns.rows.where if columns.rows else None
        return Number(Measure("count", time.table, None, where, time), time.table)

    def _money_of(self, text: str) -> Number | None:
        """`revenue from paid orders`: what those amount to, where revenue has no meaning of its own."""
        match = _MONEY.match(text)
        if match is None or self._phrases(match["noun"]):
            return None
        number = self._total(f"total amount of {match['rows']}")
        if number is not None and self._is_money(number):
            self._in_passing[lemmas_of(match["noun"])] = [Defined("Number", number, WEIGHT)]
            return number
        return None

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
                group = self._group(" ".join(said)) if _begin_groups(said) else None
                is_told = group is not None and self._are_some(group)
                is_who = is_told and rest == words[:size] and _says_who(rest[-1], said[0])
                if group is not None and not is_who:
                    return " ".join(rest).rstrip(" ,"), group
        return text, Group()

    def _are_some(self, group: Group) -> bool:
        """Whether groups are only of some rows, such as those of whom a flag is true."""
        flags = [t for t in group.terms if self.graph.table(t.table).column(t.column).kind == "bool"]
        return bool(flags) or any(rows.where is not None for rows in group.rows)

    def _group(self, text: str) -> Group | None:
        """The groups that a text names, and nothing else; "per month" is of whatever happened in one."""
        if grain := _PER_GRAIN.fullmatch(text.lower()):
            return Group(grains=(Grain(grain["grain"]),), is_per=grain["per"] == "per")
        found = [(item.score, item.meaning) for item in self._whole(text) if isinstance(item.meaning, Group)]
        return max(found, key=lambda one: one[0])[1] if found else None

    def _time_said(self, table: str, said: str) -> str:
        """The time of a table that words name: that of its rows, where no more is said than whose it is."""
        found = time_named(self.graph.table(table), said)
        noun = _OF_ROW.match(said)
        named = self.lexicon.meanings.get(lemmas_of(noun["noun"]), ()) if noun and not found else ()
        is_own = any(isinstance(m, TableName) and m.table == table for m in named)
        return (self.graph.table(table).time or "") if is_own else found

    def _dated(self, meanings: list[Meaning], said: str) -> list[Meaning]:
        """Numbers whose rows are dated by the time that is said; nothing where there is no such time."""
        found: list[Meaning] = []
        for meaning in meanings:
            number = meaning.meaning if isinstance(meaning, Defined) else None
            scoped = number if isinstance(number, Scoped) else None
            number = scoped.of if scoped else number
            time = self._time_said(number.table, said) if isinstance(number, Number) else ""
            if not isinstance(meaning, Defined) or not isinstance(number, Number) or not time:
                return []
            dated = self._rules.dated(number, Attribute(number.table, time))
            found.append(replace(meaning, meaning=replace(scoped, of=dated) if scoped else dated))
        return found


_OF_ROW = re.compile(r"^(?P<noun>[\w ]+?) (?:date|time|day|timestamp)s?$", re.I)
_PER_GRAIN = re.compile(
    r"(?P<per>per|each|every|by|for each|of each|in each|for every|in every|within each) "
    r"(?P<grain>day|week|month|quarter|year)"
)
# Of the last of several rows these are the time that it is the last by.
_WHEN = {"date", "time", "day", "timestamp", "date and time"}
_MONEY = re.compile(
    r"^(?:the )?(?:total |sum of (?:the )?)?(?P<noun>revenue|sales|earnings|income|turnover|spend(?:ing)?) "
    r"(?:from|of|on|through|by) (?:the )?(?P<rows>.+)$",
    re.I,
)
# Words that groups begin with in definitions.
_GROUPS = frozenset(
    """per by for in of each every within across daily weekly monthly quarterly yearly annual hourly
    grouped""".split()
)
_RUNNING = re.compile(
    rf"^(?:the )?(?:running|cumulative) (?:total|sum|number|count) of (?:the )?"
    rf"(?:(?P<each>{'|'.join(ADVERBS)}) )?(?P<of>.+)$",
    re.I,
)
# Totals that begin anew each year, which of one year alone is the same.
_RESTARTS = re.compile(
    r",? (?:within|over|during|since the (?:start|beginning) of|from the (?:start|beginning) of)"
    r" (?:the|each|a|that) year$",
    re.I,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def _without_restart(body: str, question: str) -> str:
    """A body without "since the start of the year", where the question is about one year."""
    return _RESTARTS.sub("", body) if len(set(_YEAR.findall(question))) == 1 else body


# Rows with what was done at one of their times: "claims decided", "customers who signed up".
DONE = re.compile(
    r"^(?P<what>.+?)(?: (?:who|that|which))?(?: (?:was|were|have|had|have been))? (?P<verb>\w+(?:ed|t|n))"
    r"(?: (?:up|in|on|for))?$",
    re.I,
)
_NEW = re.compile(r"^(?:the )?(?:(?:total )?(?:number|count) of )?new (?P<rows>.+)$", re.I)
_AMOUNT_NOUN = re.compile(r" (?:quantity|value|amount|number|count|figure)$", re.I)


def _alike(meaning: object) -> tuple[Attribute, ...]:
    return meaning.alike if isinstance(meaning, Columns) else ()


def _says_who(before: str, by: str) -> bool:
    """Whether a participle before "by" says who did it: "cards held by active members" have no groups."""
    is_participle = before.endswith("ed") or (lemma(before) != before and not before.endswith("s"))
    return by.lower() == "by" and is_participle and before.lower() not in _GATHERED


_GATHERED = frozenset("grouped split counted summed totalled averaged aggregated measured divided".split())


def _begin_groups(words: Sequence[str]) -> bool:
    """Whether words may name groups: "of each customer" does, and "of orders" is what is counted."""
    first, *rest = (word.lower() for word in words[:2])
    return first in _GROUPS and (first not in ("of", "in", "for") or rest in (["each"], ["every"]))
