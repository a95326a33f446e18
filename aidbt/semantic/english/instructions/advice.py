"""Advice on which rows count: "exclude cancelled orders", "only completed payments count".

It is held as if the question said it, where the question is about those rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.defined import used
from aidbt.semantic.english.instructions.definer import Definer
from aidbt.semantic.english.instructions.definition_scope import in_plain_words
from aidbt.semantic.english.instructions.definition_times import time_named
from aidbt.semantic.english.instructions.definitions import Definition, definitions_of
from aidbt.semantic.english.instructions.heeded import check_heeded, chooses, is_about, procedure_told
from aidbt.semantic.english.instructions.parsed import read_instructions, statements
from aidbt.semantic.english.instructions.procedures import rows_kept, steps_of
from aidbt.semantic.english.instructions.written_conditions import lemmas_of
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Duration,
    Exists,
    Measure,
    Missing,
    Predicate,
    SemanticQuery,
    attributes,
    conjuncts,
    measures,
    parts,
)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What advice says of which rows count.

    Attributes:
        statement: as it was written.
        of: the rows, in words.
        is_excluded: whether they are left out, and not the others.
        is_default: whether it holds only where the question says nothing else.
        purpose: the name that it is said for; "" for everything.
        is_step: whether it is one of several steps to what the purpose says in other words, perhaps.
        before: the statements of its line before it, which it may belong to.
    """

    statement: str
    of: str
    is_excluded: bool
    is_default: bool = False
    purpose: str = ""
    is_step: bool = False
    before: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f"{'Exclude' if self.is_excluded else 'Only include'} {self.of}."


_POLITE = r"^(?:please |always |by default,? |in all (?:queries|questions),? |unless [\w ]+, )*"
_UNLESS = r"(?P<unless>,? (?:unless|if not|except when)\b.*)?$"
_PURPOSE = r"(?: (?:for|in|towards|when calculating) (?:the )?(?P<purpose>[\w %-]+?))?"
_RESTRICTIONS = (
    (True, re.compile(
        rf"{_POLITE}(?:exclude|ignore|omit|leave out|skip|filter out|remove|disregard|never (?:include|count)"
        rf"|(?:do not|don't) (?:include|count|consider|use)) (?P<of>.+?)(?: from [\w ]+)?{_UNLESS}", re.I)),
    (False, re.compile(
        rf"{_POLITE}(?:only (?:include|consider|count|use|take|keep|look at)|(?:include|consider|count"
        rf"|use|take|keep) only"
        rf"|restrict (?:\w+ )?to|limit (?:\w+ )?to) (?P<of>.+?){_UNLESS}", re.I)),
    (True, re.compile(
        rf"^(?:all |any )?(?P<of>.+?) (?:(?:should|must|are to|shall|need to) (?:always )?)?"
        rf"(?:are |be )?(?:excluded|ignored|left out|omitted|disregarded"
        rf"|(?:not|never) (?:be )?(?:counted|included|considered))"
        rf"(?: (?:from|in) [\w ]+?)?{_UNLESS}", re.I)),
    (True, re.compile(rf"^(?P<of>.+?) (?:do|does) not count{_PURPOSE}{_UNLESS}", re.I)),
    (False, re.compile(
        rf"^only (?P<of>.+?) (?:counts?|(?:are|is|should be|must be) (?:counted|considered|included|used))"
        rf"{_PURPOSE}{_UNLESS}", re.I)),
)  # fmt: skip
# What is left out of every answer, or is no matter of rows.
_NO_ROWS = re.compile(
    r"^(?:all |any )?(?:nulls?|null values|duplicates?|case|letter case|time ?zones?)\b"
    # A formula names the statuses it is of by itself.
    r"|^[\w ]+ (?:in|with|of) (?:any|all|every) other (?:status|state|type|kind|value)(?:e?s)?$"
    # "Cancelled orders should never be excluded", and "are not ignored", leave nothing out.
    r"|\b(?:never|not)(?: be)?$",
    re.I,
)


def restrictions(text: str) -> Iterator[Restriction]:
    """The advice of a text on which rows count.

    Example:
        >>> [found.sentence for found in restrictions("Always exclude test users. Join users and orders.")]
        ['Exclude test users.']
    """
    for line in text.split("\n"):
        before: tuple[str, ...] = ()
        for statement in statements(line):
            found = _restriction(statement)
            if found is None:
                yield from _of_steps(statement)
            else:
                yield found if _FOR_ALL.search(statement) else replace(found, before=before)
            before = (*before, statement)


def _restriction(statement: str) -> Restriction | None:
    """What a statement says of which rows count; None where it says something else."""
    for is_excluded, pattern in _RESTRICTIONS:
        match = pattern.match(statement)
        # What a definition leaves out is left out of what it defines alone.
        if match and " = " not in match["of"] and not _NO_ROWS.search(match["of"]):
            purpose = match.groupdict().get("purpose") or ""
            return Restriction(statement, match["of"], is_excluded, bool(match["unless"]), purpose)
    return None


# What is said of every question, wherever it stands.
_FOR_ALL = re.compile(
    r"\b(?:always|every|by default|unless|in (?:all|any|general)|all (?:\w+ )?quer)|^never\b", re.I
)


def _of_steps(statement: str) -> Iterator[Restriction]:
    """The rows that steps keep or leave out: "To get the spend, join a and b, keep paid orders only"."""
    told = procedure_told(statement)
    if told is None:
        return
    purpose, steps = told
    kept = [(step, rows_kept(*step)) for step in steps_of(steps)]
    if any(rows is None and chooses(" ".join(step)) for step, rows in kept):
        return
    for rows in (rows for _, rows in kept if rows is not None):
        yield Restriction(statement, in_plain_words(rows[1]), rows[0], purpose=purpose, is_step=True)


def advised(question: str, text: str, query: SemanticQuery, lexicon: Lexicon, graph: Graph) -> str:
    """A question with the advice that concerns the rows it is about, as sentences behind it.

    Args:
        query: what the question asks for without the advice.

    Raises:
        Refused: advice seems to be about its rows, and it is not understood how.
    """
    added: list[str] = []
    heeded = {restriction.statement for restriction in restrictions(text)}
    check_heeded(question, text, query, lexicon, graph, heeded)
    for restriction in restrictions(text):
        if restriction.is_step and not is_about(question, restriction.purpose, lexicon):
            continue
        if restriction.purpose and not (restriction.is_step or _says(question, restriction.purpose)):
            continue
        rows = Definer(lexicon, graph, question).rows(restriction.of)
        owner = _owner(restriction, rows, lexicon, graph)
        if owner and not _is_used(owner, question, text, lexicon, graph):
            table = rows.table if rows else _noun(restriction.of, lexicon)
            is_missing = _are_missing(rows.where) if rows else _WITHOUT.search(restriction.of)
            if table in _counted_tables(query) and not is_missing:
                raise Refused("it is not certain whether advice is of what is asked, or of a definition",
                              spans=(restriction.statement,))  # fmt: skip
            continue
        if rows is None:
            if owner and _lacks_an_end(restriction, query, lexicon, graph):
                continue
            if restriction.is_step or _words_about(restriction.of, query, lexicon):
                raise Refused("advice on which rows count is not understood", spans=(restriction.of,))
        elif rows.table in _counted_tables(query):
            is_held = any(_wheres(query)) and _holds(query, rows.where)
            if len(_counted_tables(query)) > 1 and not is_held:
                raise Refused("it is not certain which of the numbers advice is of",
                              spans=(restriction.statement,))  # fmt: skip
            said = {(a.table, a.column) for a in attributes(_wheres(query))}
            is_said = any((a.table, a.column) in said for a in attributes(rows.where))
            if not (is_said and (restriction.is_default or _holds(query, rows.where))):
                added.append(restriction.sentence)
        elif owner or rows.table in _tables(query):
            raise Refused("advice on which rows count is about others than those that are asked for",
                          spans=(restriction.of,))  # fmt: skip
    end = "" if question.rstrip().endswith((".", "?", "!")) else "."
    return " ".join([question.rstrip() + end, *added]) if added else question


def _owner(
    restriction: Restriction, rows: Rows | None, lexicon: Lexicon, graph: Graph
) -> tuple[Definition, ...]:
    """The definitions that advice belongs to: the nearest before it, on its line, that speak of its rows."""
    table = rows.table if rows else _noun(restriction.of, lexicon)
    for statement in reversed(restriction.before if table and not restriction.purpose else ()):
        defined = tuple(definitions_of(statement))
        if defined and _are_of(defined, table, lexicon, graph):
            return defined
    return ()


def _noun(text: str, lexicon: Lexicon) -> str:
    """The first table that a text names; "" where it names none."""
    meanings = (m for word in lemmas_of(text) for m in lexicon.meanings.get((word,), ()))
    return next((m.table for m in meanings if isinstance(m, TableName)), "")


# What rows lack, of which no number could be made: "tickets without a reply", "shifts that have no end".
_WITHOUT = re.compile(r"\b(?:without|no|not|never|missing)\b", re.I)


def _lacks_an_end(restriction: Restriction, query: SemanticQuery, lexicon: Lexicon, graph: Graph) -> bool:
    """Whether advice leaves out rows without an end of the only length of time that is measured.

    Such rows have no length, and so no part in it: "tickets without a reply are ignored".
    """
    without = _WITHOUT.search(restriction.of)
    table = _noun(restriction.of, lexicon)
    if without is None or not table:
        return False
    time = time_named(graph.table(table), restriction.of[without.end() :])
    measured = [measure.of for measure in measures(query)]
    lengths = [of for of in measured if isinstance(of, Duration)]
    return len(lengths) == len(measured) > 0 and all(
        time in (a.column for a in attributes(length) if a.table == table) for length in lengths
    )


def _is_used(
    defined: tuple[Definition, ...], question: str, text: str, lexicon: Lexicon, graph: Graph
) -> bool:
    """Whether a question speaks of what is defined, by its name or by what steps are for."""
    in_use = used(read_instructions(text).definitions, question, graph)
    said = [question, *(body for one in in_use if one not in defined for body in one.bodies)]
    names = [name for one in defined for name in one.names]
    names += [name[: name.index("of")] for name in names if "of" in name[1:]]
    purposes = [" ".join(name) for one in defined if one.is_procedure for name in one.names]
    is_named = any(_says(told, " ".join(name)) for told in said for name in names)
    return is_named or any(is_about(question, purpose, lexicon) for purpose in purposes)


def _are_of(defined: tuple[Definition, ...], table: str, lexicon: Lexicon, graph: Graph) -> bool:
    """Whether definitions speak of a table, or of a column of it."""
    columns = {column.name.lower() for column in graph.table(table).columns}
    for text in (text for one in defined for text in (*one.bodies, *map(" ".join, one.names), one.noun)):
        if columns & set(re.findall(r"\w+", text.lower())):
            return True
        for word in lemmas_of(text):
            meanings = lexicon.meanings.get((word,), ())
            if any(isinstance(m, TableName | ColumnName) and m.table == table for m in meanings):
                return True
    return False


def _are_missing(predicate: Predicate | None) -> bool:
    """Whether rows are those that something is missing of, which no number of it could be made from."""
    return any(isinstance(part, Missing | Exists) for part in parts(predicate))


def _says(question: str, name: str) -> bool:
    words, said = lemmas_of(name), lemmas_of(question)
    return any(said[start : start + len(words)] == words for start in range(len(said)))


def _wheres(query: SemanticQuery) -> tuple[Predicate | None, ...]:
    return (query.where, *(measure.where for measure in measures(query)))


def _holds(query: SemanticQuery, predicate: Predicate | None) -> bool:
    """Whether the rows of a query are those of which a predicate holds already."""
    return all(set(conjuncts(where)) >= set(conjuncts(predicate)) for where in _wheres(query) if where)


def _counted_tables(query: SemanticQuery) -> set[str]:
    """The tables whose rows are measured, or listed, one by one."""
    measured = {measure.table for measure in measures(query) if measure.table}
    inner = _counted_tables(query.source) if query.source is not None else set()
    return measured | inner or {query.base}


def _tables(query: SemanticQuery) -> set[str]:
    nodes = [*parts(query), *(parts(query.source) if query.source is not None else ())]
    return {node.table for node in nodes if isinstance(node, Attribute | Exists | Measure)} | {query.base}


def _words_about(text: str, query: SemanticQuery, lexicon: Lexicon) -> bool:
    """Whether words name a table, or a column, that a query reads."""
    read = {(node.table, node.column) for node in parts(query) if isinstance(node, Attribute)}
    tables = _tables(query)
    for word in lemmas_of(text):
        for meaning in lexicon.meanings.get((word,), ()):
            if isinstance(meaning, TableName) and meaning.table in tables and meaning.weight > _SURE:
                return True
            if isinstance(meaning, ColumnName) and (meaning.table, meaning.column) in read:
                return True
    return False


_SURE = 0.8
