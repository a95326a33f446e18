"""Verbs: which of their forms speak of a table's rows, of one of its times, or only of rows being related."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.lexicon import (
    ColumnName,
    Lexicon,
    Meaning,
    RoleName,
    TableName,
    ValueName,
)
from aidbt.semantic.english.meanings.phrases import Columns, Role, Rows
from aidbt.semantic.english.words.dimensions import BEGUN, SHORT_BUILT
from aidbt.semantic.english.words.names import CLEAR, PARTICLES, TIMES, particles
from aidbt.semantic.english.words.tokens import lemma, verb_stem
from aidbt.semantic.english.words.word_forms import shortens
from aidbt.semantic.english.words.word_lists import lines
from aidbt.semantic.query import Attribute, Comparison, OneOf, Value

# Words of a time column's name that only say that it is one.
TIME_WORDS = TIMES | {"utc"}
# What stands between words that a time is called by: "date and time of signup".
_BETWEEN = {"and", "of"}
_FLAG_WORDS = {"is", "was", "has", "did", "flag"}
# What was planned is named so; a verb in the past names what was done: `actual_departure_at`.
_ACTUAL = {"actual", "real"}
_VOWELS = "aeiou"
# What a verb says less of a time that another table has a nearer one for.
_LOOSE = 0.2


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb with the nouns that stand for it.

    Attributes:
        forms: each as words, "signed up" as two; the base form first.
    """

    forms: tuple[tuple[str, ...], ...]
    nouns: tuple[str, ...] = ()


@cache
def verbs() -> dict[str, tuple[Verb, ...]]:
    """The verbs of the list, by its sections."""
    found: dict[str, list[Verb]] = {}
    for section, text in lines("verbs.txt"):
        spelled, _, nouns = text.partition(":")
        base, *irregular = spelled.split()
        found.setdefault(section, []).append(Verb(forms(base, irregular), tuple(nouns.split())))
    return {name: tuple(listed) for name, listed in found.items()}


def forms(base: str, irregular: Sequence[str] = ()) -> tuple[tuple[str, ...], ...]:
    """The forms of a verb, `check_out` with its particle; irregular ones take the place of those in -ed.

    Example:
        >>> [" ".join(form) for form in forms("ship")]
        ['ship', 'ships', 'shipping', 'shipped']
        >>> [" ".join(form) for form in forms("pay", ["paid"])]
        ['pay', 'pays', 'paying', 'paid']
    """
    verb, _, particle = base.partition("_")
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) else verb
    stem = stem + stem[-1] if _is_doubled(verb) else stem
    plural = verb[:-1] + "ies" if _ends_in_y(verb) else verb + ("es" if verb.endswith(_HISSING) else "s")
    past = [verb[:-1] + "ied"] if _ends_in_y(verb) else [stem + "ed"]
    ing = verb + "ing" if _ends_in_y(verb) else stem + "ing"
    listed = dict.fromkeys([verb, plural, ing, *(irregular or past)])
    return tuple((form, particle) if particle else (form,) for form in listed)


_HISSING = ("s", "x", "z", "ch", "sh", "o")
_STRESSED_LAST = {
    "submit",
    "admit",
    "refer",
    "transfer",
    "enrol",
    "begin",
    "commit",
    "permit",
    "occur",
    "prefer",
}


def _is_doubled(verb: str) -> bool:
    """Whether the last consonant is doubled before -ed and -ing: of one syllable, or stressed on the last."""
    if verb in _STRESSED_LAST:
        return True
    vowels = sum(letter in _VOWELS for letter in verb)
    return vowels == 1 and len(verb) > 2 and verb[-2] in _VOWELS and verb[-1] not in _VOWELS + "wxy"


def _ends_in_y(verb: str) -> bool:
    return verb.endswith("y") and verb[-2:-1] not in _VOWELS


EMPTY = "empty"
"""The meaning of a verb that may stand without what would follow it."""
Spoken = Rows | Columns | Role | str | None
Said = tuple[tuple[str, ...], str, Spoken, float]
"""A form as words, its category, its meaning and its weight."""


class VerbsOf:
    """The verbs that can be said of the tables of one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._by_first: dict[str, list[Said]] = {}
        self._by_stem: dict[str, list[Said]] = {}
        self._lexicon = lexicon
        listed = (
            self._events,
            self._times,
            self._years,
            self._measures,
            self._counts,
            self._roles,
            self._plain,
        )
        for said in chain.from_iterable(spoken() for spoken in listed):
            self._by_first.setdefault(said[0][0], []).append(said)
        for said in self._stems():
            self._by_stem.setdefault(said[0][0], []).append(said)

    def at(self, words: Sequence[str], start: int) -> Iterator[tuple[int, str, Spoken, float]]:
        """The verbs that begin at a word, as written in small letters: length, category, meaning, weight.

        Nouns of times are events: "fulfillment", where it is known when something was fulfilled.
        """
        known = self._by_first.get(words[start], ())
        for form, category, meaning, weight in known:
            if tuple(words[start : start + len(form)]) == form:
                yield len(form), category, meaning, weight
        is_verb = words[start].endswith(("ed", "ing"))
        for _, category, meaning, weight in () if known else self._by_stem.get(verb_stem(words[start]), ()):
            if is_verb or category == "Did":
                yield 1, category if is_verb else "Event", meaning, weight

    def _events(self) -> Iterator[Said]:
        """Verbs whose nouns are tables; without one they only name who did it ("paid by card"), and those of
        what lasts say what belongs together.
        """
        tables = self._tables()
        relating = {verb.forms[0] for verb in verbs()["relating"]}
        usual = {verb.forms[0] for verb in verbs()["usual"]}
        for verb in verbs()["events"]:
            nouns = [noun for noun in verb.nouns if noun in tables]
            if not nouns:
                meaning = EMPTY if verb.forms[0] in usual else None
                yield from ((form, "Weak", meaning, 0.85) for form in verb.forms[2:])
                if verb.forms[0] in relating:
                    yield from ((form, "Verb", None, 0.85) for form in verb.forms)
            for rank, noun in enumerate(nouns):
                for form in verb.forms:
                    is_noun = form[0].endswith("ing") and tuple(map(lemma, form)) in self._lexicon.meanings
                    if form != (noun,) and not is_noun:
                        yield form, "Act", self._kind_of(verb, tables[noun]), 0.9 - 0.02 * rank

        for noun, table in tables.items():
            yield from _run_together(noun, table)
        for table, verb in self.told.items():
            is_bare = self._lexicon.graph.is_link(table)
            for form in verb.forms:
                yield (form, "Verb", None, 0.9) if is_bare else (form, "Act", Rows(table), 0.9)

    @cached_property
    def told(self) -> dict[str, Verb]:
        """The tables that are called by what one thing does to another, as `holds` is, with that verb.

        Their keys are made of those of others; where tables are called by plurals, `holds` is one too.
        """
        graph = self._lexicon.graph
        plural = sum(table.name.lower().endswith("s") for table in graph.tables)
        if 2 * plural > len(graph.tables):
            return {}
        known = {verb.forms[1]: verb for verb in (*verbs()["plain"], *verbs()["empty"], *verbs()["events"])}
        named = {table.name: known.get((table.name.lower(),)) for table in graph.tables}
        return {name: verb for name, verb in named.items() if verb is not None and self._is_between(name)}

    def _is_between(self, table: str) -> bool:
        """Whether a table has no key but one that is made of the keys of others."""
        graph = self._lexicon.graph
        referring = [r for r in graph.relationships if r.source == table]
        linking = {column for r in referring for column in r.source_columns}
        is_own = any(not set(key) <= linking for key in graph.table(table).keys)
        return len(referring) >= 2 and not is_own

    def _kind_of(self, verb: Verb, table: str) -> Rows:
        """The rows that a verb speaks of: of trades those of the kind "sell", where there is one."""
        for meaning in self._lexicon.meanings.get(verb.forms[0], ()):
            if isinstance(meaning, ValueName) and meaning.table == table:
                return Rows(table, OneOf(Attribute(table, meaning.column), (Value(meaning.value),)))
        return self._rows_done(table, verb_stem("".join(verb.forms[0])))

    def _rows_done(self, table: str, stem: str) -> Rows:
        """The rows that a verb of their table speaks of: of `attendance` those of people who `attended`."""
        for column in self._lexicon.graph.table(table).columns:
            words = [word for word in words_of(column.name) if word not in _FLAG_WORDS]
            if column.kind == "bool" and len(words) == 1 and verb_stem(words[0]) == stem:
                return Rows(table, Comparison("=", Attribute(table, column.name), Value(True)))
        return Rows(table)

    def _stems(self) -> Iterator[Said]:
        """By stem: nouns of tables and of columns of time that verbs are made of, `randomization`."""
        for noun, table in self._tables().items():
            yield (verb_stem(noun),), "Act", self._rows_done(table, verb_stem(noun)), 0.8
        for words, column in self._time_nouns:
            if len(words) == 1:
                yield (verb_stem(words[0]),), "Did", Columns((column,)), 0.8

    def _measures(self) -> Iterator[Said]:
        """Verbs of columns that hold numbers: "priced"."""
        for verb in verbs()["measures"]:
            seen: set[str] = set()
            for noun in verb.nouns:
                for meaning in self._lexicon.meanings.get(tuple(noun.split("_")), ()):
                    if isinstance(meaning, ColumnName) and meaning.table not in seen:
                        seen.add(meaning.table)
                        columns = Columns((Attribute(meaning.table, meaning.column),))
                        for number, form in enumerate(verb.forms):
                            is_noun = tuple(map(lemma, form)) in self._lexicon.meanings
                            if not is_noun or (number > 1 and form[0].endswith("ed")):
                                kind = "Rated" if verb.forms[0][0] in ("rate", "score") else "Sized"
                                yield form, kind, columns, 0.8

    def _counts(self) -> Iterator[Said]:
        """Participles at the end of what columns count: "sold" of `tickets_sold`."""
        spelled = {verb.forms[0][0]: verb.forms for listed in verbs().values() for verb in listed}
        for phrase, meanings in self._lexicon.meanings.items():
            columns = [m for m in meanings if isinstance(m, ColumnName) and m.weight >= CLEAR]
            for column in columns if len(phrase) > 1 else ():
                if self._counts_alone(phrase[:-1], column):
                    done = Columns((Attribute(column.table, column.column),))
                    yield from ((form, "DoneCol", done, 0.8) for form in _forms_of(phrase[-1], spelled))

    def _counts_alone(self, phrase: tuple[str, ...], column: ColumnName) -> bool:
        """Whether a phrase is said of how many a column counts."""
        known = [m for m in self._lexicon.meanings.get(phrase, ()) if isinstance(m, ColumnName) and m.counts]
        return any((m.table, m.column) == (column.table, column.column) for m in known)

    def _roles(self) -> Iterator[Said]:
        """Verbs of roles: "managed by", "led by", "reports to"."""
        spelled = {verb.forms[0]: verb.forms for listed in verbs().values() for verb in listed}
        for phrase, meanings in self._lexicon.meanings.items():
            for meaning in meanings:
                if isinstance(meaning, RoleName) and len(phrase) == 1:
                    verb = verb_stem(phrase[0])
                    both = [spelled.get((base,), forms(base)) for base in (verb, verb + "e")]
                    for form in dict.fromkeys(chain.from_iterable(both)):
                        if form[0] not in (verb, phrase[0]):
                            yield form, "RoleVerb", Role(meaning.relationship), 0.9
                    if phrase == ("manager",):
                        for form in forms("report"):
                            yield form, "ReportVerb", Role(meaning.relationship), 0.9

    def _tables(self) -> dict[str, str]:
        """The tables that one word names surely."""
        found: dict[str, str] = {}
        for phrase, meanings in self._lexicon.meanings.items():
            named = [m for m in meanings if isinstance(m, TableName) and m.weight >= 0.85]
            if len(phrase) == 1 and len(named) == 1:
                found[phrase[0]] = named[0].table
        return found

    def _times(self) -> Iterator[Said]:
        """Participles of columns of time: "hired" of hire_date, "signed up" of signup_date."""
        listed = verbs()
        by_noun: dict[str, list[Verb]] = {}
        for verb in listed["times"]:
            for noun in verb.nouns:
                by_noun.setdefault(noun, []).append(verb)
        others = (*listed["plain"], *listed["empty"], *listed["events"])
        known = {"".join(form): verb for verb in others for form in verb.forms}
        # "On leave" is no leaving where there are leave requests.
        parts_of_nouns = {
            phrase[:1]
            for phrase, meanings in self._lexicon.meanings.items()
            if len(phrase) > 1 and any(isinstance(m, TableName) and m.weight == 1.0 for m in meanings)
        }
        said: list[tuple[tuple[str, ...], float, int, Attribute]] = []
        for words, column in self._time_nouns:
            if self._is_second(words, column):
                continue
            joined = "".join((verb_stem(words[0]) if len(words) > 1 else words[0], *words[1:]))
            found = [(verb, _farness(verb, joined)) for verb in by_noun.get(joined, ())]
            found += [(known[joined], 0)] if joined in known else []
            found += [(Verb(_derived(words)), 0)]
            for verb, far in found:
                for number, form in enumerate(verb.forms):
                    if form not in parts_of_nouns:
                        said.append((form, 0.85 if number else 0.5, far, column))
        yield from _nearest_times(said)

    def _years(self) -> Iterator[Said]:
        """Participles of years: "born" of birth_year, "founded" of fnd_yr."""
        by_noun = [(verb, set(verb.nouns)) for verb in verbs()["times"]]
        for table in self._lexicon.graph.tables:
            for column in table.columns:
                rest = [word for word in words_of(column.name) if word not in ("year", "yr")]
                if column.kind != "number" or len(rest) != 1 or len(words_of(column.name)) != 2:
                    continue
                known = [verb for verb, nouns in by_noun if rest[0] in nouns]
                said = [form for verb in known for form in verb.forms if _is_past(form)]
                said += [(word,) for word in sorted(BEGUN) if word.endswith("ed") and shortens(rest[0], word)]
                said += [("built",)] if rest[0] in SHORT_BUILT else []
                for form in said:
                    yield form, "Col", Columns((Attribute(table.name, column.name),)), 0.85

    def _is_second(self, words: Sequence[str], column: Attribute) -> bool:
        """Whether a table's own time is of the same event: `order_date` beside `ordered_at`."""
        own = self._lexicon.graph.table(column.table).time
        stems = {
            verb_stem(others[0])
            for others, other in self._time_nouns_of.get(column.table, ())
            if other.column == own and len(others) == 1
        }
        return column.column != own and verb_stem(words[0]) in stems

    @cached_property
    def _time_nouns_of(self) -> dict[str, list[tuple[tuple[str, ...], Attribute]]]:
        """The nouns of times by table."""
        found: dict[str, list[tuple[tuple[str, ...], Attribute]]] = {}
        for words, column in self._time_nouns:
            found.setdefault(column.table, []).append((words, column))
        return found

    @cached_property
    def _time_nouns(self) -> tuple[tuple[tuple[str, ...], Attribute], ...]:
        """What the names of columns of time say beside that they are times, each as words."""
        found: dict[tuple[tuple[str, ...], Attribute], None] = {}
        for phrase, meanings in self._lexicon.meanings.items():
            for meaning in meanings:
                if isinstance(meaning, ColumnName) and meaning.weight >= 0.75:
                    column = self._lexicon.graph.table(meaning.table).column(meaning.column)
                    words = tuple(word for word in phrase if word not in TIME_WORDS | _ACTUAL | _BETWEEN)
                    if column.kind in ("time", "date") and 0 < len(words) <= 2:
                        found[words, Attribute(meaning.table, meaning.column)] = None
        return tuple(found)

    def _plain(self) -> Iterator[Said]:
        """Verbs that only relate; a form that is a noun of the data is that noun."""
        listed = [(verb, None) for verb in verbs()["plain"]] + [(verb, EMPTY) for verb in verbs()["empty"]]
        for verb, meaning in listed:
            for number, form in enumerate(verb.forms):
                named = self._lexicon.meanings.get(tuple(map(lemma, form)), ())
                is_noun = any(not self.is_linking(name) for name in named)
                if number > 1 or not is_noun:
                    yield form, "Verb", meaning, 0.85

    def is_linking(self, meaning: Meaning) -> bool:
        """Whether a meaning is a table that only says which rows belong together: `writes`."""
        return isinstance(meaning, TableName) and self._lexicon.graph.is_link(meaning.table)


def _is_past(form: tuple[str, ...]) -> bool:
    """Whether a form says what was done: born, hired, taken."""
    return form == ("born",) or form[0].endswith(("ed", "en"))


def _farness(verb: Verb, noun: str) -> int:
    """How far a time's name is from a verb: 0 of its own, as `joined_on` of "joined"; not so `created`."""
    is_own = verb_stem(noun) == verb_stem("".join(verb.forms[0]))
    return 0 if is_own else 1 + verb.nouns.index(noun)


def _nearest_times(said: Sequence[tuple[tuple[str, ...], float, int, Attribute]]) -> Iterator[Said]:
    """What verbs of times mean: of each table the time that is called most like it; the nearest soonest."""
    nearest: dict[tuple[tuple[str, ...], str], int] = {}
    for form, _, far, column in said:
        for table in (column.table, ""):
            nearest[form, table] = min(far, nearest.get((form, table), far))
    for form, weight, far, column in said:
        if far == nearest[form, column.table]:
            yield form, "Did", Columns((column,)), weight - (_LOOSE if far > nearest[form, ""] else 0.0)


def _forms_of(word: str, spelled: Mapping[str, tuple[tuple[str, ...], ...]]) -> tuple[tuple[str, ...], ...]:
    return spelled.get(word) or (_derived((word,)) if word.endswith("ed") else ((word,),))


def _run_together(noun: str, table: str) -> Iterator[Said]:
    """Forms of the verb of two words that a noun is made of: "called up" of callups."""
    for first, particle in particles(noun):
        for form in forms(f"{first}_{particle}"):
            yield form, "Act", Rows(table), 0.85


def _derived(noun: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Forms of the verb that the words of a column are of: hire, hired and hiring all give "hired"."""
    first, *rest = noun
    for particle in PARTICLES:
        if not rest and first.endswith(particle) and len(first) > len(particle) + 2:
            first, rest = first[: -len(particle)], [particle]
    bases = [first]
    if first.endswith("ed") and len(first) > 4:
        bare = first[:-2]
        bases = [bare + "e", bare, bare[:-1] if bare[-1:] == bare[-2:-1] else bare]
    listed = [form for base in bases for form in forms("_".join([base, *rest]))]
    spelled = [(first, *rest)] if first.endswith("ed") else []
    return tuple(dict.fromkeys([*listed, *spelled]))
