"""Advice on which rows count: "exclude cancelled orders", "only completed payments count".

It is held as if the question said it, where the question is about those rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.definer import Definer
from aidbt.semantic.english.instructions.definition_scope import in_plain_words
from aidbt.semantic.english.instructions.heeded import check_heeded, chooses, is_about, procedure_told
from aidbt.semantic.english.instructions.parsed import statements
from aidbt.semantic.english.instructions.procedures import rows_kept, steps_of
from aidbt.semantic.english.instructions.written_conditions import lemmas_of
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Exists,
    Measure,
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
    """

    statement: str
    of: str
    is_excluded: bool
    is_default: bool = False
    purpose: str = ""
    is_step: bool = False

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
        rf"|use|take) only"
        rf"|restrict (?:\w+ )?to|limit (?:\w+ )?to) (?P<of>.+?){_UNLESS}", re.I)),
    (True, re.compile(
        rf"^(?:all |any )?(?P<of>.+?) (?:(?:should|must|are to|shall|need to) (?:always "
        rf"|never )?)?(?:are |be )?(?:"
        rf"excluded|ignored|left out|omitted|disregarded|not (?:be )?(?:counted|included|considered))"
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
    r"|^[\w ]+ (?:in|with|of) (?:any|all|every) other (?:status|state|type|kind|value)(?:e?s)?$",
    re.I,
)


def restrictions(text: str) -> Iterator[Restriction]:
    """The advice of a text on which rows count.

    Example:
        >>> [found.sentence for found in restrictions("Always exclude test users. Join users and orders.")]
        ['Exclude test users.']
    """
    for statement in statements(text):
        for is_excluded, pattern in _RESTRICTIONS:
            match = pattern.match(statement)
            # What a definition leaves out is left out of what it defines alone.
            if match and " = " not in match["of"] and not _NO_ROWS.match(match["of"]):
                groups = match.groupdict()
                purpose = groups.get("purpose") or ""
                yield Restriction(statement, match["of"], is_excluded, bool(match["unless"]), purpose)
                break
        else:
            yield from _of_steps(statement)


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
        if rows is None:
            if restriction.is_step or _words_about(restriction.of, query, lexicon):
                raise Refused("advice on which rows count is not understood", spans=(restriction.of,))
        elif rows.table in _counted_tables(query):
            said = {(a.table, a.column) for a in attributes(_wheres(query))}
            is_said = any((a.table, a.column) in said for a in attributes(rows.where))
            if not (is_said and (restriction.is_default or _holds(query, rows.where))):
                added.append(restriction.sentence)
        elif rows.table in _tables(query):
            raise Refused("advice on which rows count is about others than those that are asked for",
                          spans=(restriction.of,))  # fmt: skip
    end = "" if question.rstrip().endswith((".", "?", "!")) else "."
    return " ".join([question.rstrip() + end, *added]) if added else question


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
