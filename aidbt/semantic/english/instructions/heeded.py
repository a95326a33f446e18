"""Whether what instructions say was heeded: nothing about a question's words, or its rows, is passed over.

Advice to writers of SQL (which tables to join, how to match texts, what to truncate) may be let be. A plain
statement about what the question speaks of may not: "a person without a date of death is still living".
"""

from __future__ import annotations

import re
from collections.abc import Collection

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.definitions import definitions_of
from aidbt.semantic.english.instructions.parsed import statements
from aidbt.semantic.english.instructions.snapshots import is_of_last_rows, snapshots_told
from aidbt.semantic.english.instructions.written_conditions import holds, lemmas_of
from aidbt.semantic.english.words.tokens import tokens, verb_stem
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Matches,
    SemanticQuery,
    Term,
    attributes,
    measures,
    parts,
)

_FOR_WRITERS = re.compile(
    r"\b(?:(?:left |inner )?join(?:s|ed|ing)?|cte|common table expression|ilike|like|case.?(?:in)?sensitiv\w*"
    r"|wildcards?|exact(?:ly)?|truncat\w*|date_trunc|group(?:ed)? by|aggregat\w*|sql|postgres\w*|alias\w*"
    r"|percent signs?|lower|regex\w*|link|merge|combine|connect|match(?:ed)?|compared? case)\b",
    re.I,
)
# What is the same for everyone, or is asked for by name: weekends, units of columns, the clock.
_KNOWN = re.compile(
    r"^(?:weekends?(?: days?)? (?:are|is|means?|refers? to|=) (?:the )?sat\w*(?: and| or|,|/| &) sun\w*"
    r"|(?:weekday|working day|business day)s? (?:are|is|means?|refers? to|=) mon\w* (?:to|through|-) fri\w*"
    r"|weekend days? refer\w* to sat\w* and sun\w*|last \d+ |past \d+ |(?:last|this|previous|current|past) "
    r"(?:day|week|month|quarter|year)|today|now)\b"
    r"|\b(?:are|is) (?:all |stored |given |measured |recorded )*(?:in|as) (?:[a-z]+ )?"
    r"(?:(?:two|three|2|3)[- ]letter|iso|cents?|dollars?|euros?|usd|eur|gbp|pounds?|utc|seconds?"
    r"|minutes?|hours?|days?|km|kg|kilo\w+|met(?:er|re)s?)\b",
    re.I,
)
_PROCEDURE = re.compile(r"^(?:To|For|When|If) (?P<purpose>[^,]+), (?P<steps>.+)$", re.S)
_CHOOSES = re.compile(
    r"\b(?:only|keep|leave out|leaving out|exclud\w*|except|ignor\w*|omit\w*|without|discard\w*|latest"
    r"|most recent"
    r"|newest|not|first|last|nth)\b",
    re.I,
)
_DEFINES = re.compile(
    r"\b(?:is|are) (?:any|anyone|one|those|someone|whoever|an? \w+ (?:who|that|whose))\b", re.I
)
_LAST_ROWS = re.compile(
    r"\b(?:latest|most recent|newest|last)\b(?: \w+){0,2}? (?:rows?|snapshots?|records?|entr(?:y|ies)"
    r"|versions?|settings?)\b",
    re.I,
)
_CODE = re.compile(r"^\w+ ?= ?(?:'[^']*'|\d+)(?! ?[-+*/.])(?!\w)")
_WRITTEN = re.compile(r"\b(?P<column>\w+) ?= ?(?P<value>'[^']*'|\d+)")
# Words that nearly every question has.
_COMMON = frozenset(
    """what which who whose when where how many much list show return give find name number total amount
    count average mean sum each every per from with without between their there have been does that this
    these those than more most less least only into over under before after during and the for are was were
    has had all any date time day week month quarter year data table column value row record result query
    question always should must first last recent latest given highest lowest order sorted also use using
    used get determine find calculate current previous past percentage ratio rate share different distinct
    same other""".split()
)


def check_heeded(
    question: str, text: str, query: SemanticQuery, lexicon: Lexicon, graph: Graph, heeded: Collection[str]
) -> None:
    """That no statement of instructions about a question was passed over.

    Args:
        query: what the question was read as.
        heeded: the statements that were understood and had their part in it.

    Raises:
        Refused: one was.
    """
    asked = _content(question, lexicon) | _measured(question)
    tables = {node.table for node in parts(query) if hasattr(node, "table")} | {query.base}
    for statement in statements(text):
        if any(is_of_last_rows(query, told.table) for told in snapshots_told(statement, graph)):
            continue
        is_heeded = statement in heeded and not _is_scattered(statement, question, asked, lexicon)
        if is_heeded or _KNOWN.search(statement) or _is_matched(statement, query):
            continue
        if _fills_gaps(statement, query, lexicon) or _measures_otherwise(statement, question):
            raise Refused("what instructions say is not understood", spans=(_short(statement),))
        if _tells_how(statement, tables, lexicon):
            raise Refused("instructions say which rows count, and it is not understood how",
                          spans=(_short(statement),))  # fmt: skip
        about = _content(_subject(statement), lexicon)
        # Of what is told in steps half of the name has to be there, of a plain statement any word.
        is_shared = 2 * len(asked & about) >= (len(about) if _PROCEDURE.match(statement) else 1)
        if asked & about and is_shared and not _is_harmless(statement, question, asked, lexicon):
            raise Refused("what instructions say is not understood", spans=(_short(statement),))
        if _is_about_rows(statement, tables, query, graph):
            raise Refused("instructions say which rows count, and it is not understood how",
                          spans=(_short(statement),))  # fmt: skip


def _tells_how(statement: str, tables: Collection[str], lexicon: Lexicon) -> bool:
    """Whether a statement tells which rows of a query count, or how: "Count every member once"."""
    if not _TELLS.match(statement) or _FOR_WRITERS.search(statement) or any(definitions_of(statement)):
        return False
    meanings = (meaning for word in lemmas_of(statement) for meaning in lexicon.meanings.get((word,), ()))
    return any(isinstance(m, TableName) and m.table in tables and m.weight > _SURE for m in meanings)


_TELLS = re.compile(
    r"^(?:please |always )*(?:only|keep|look at|count|take|use|treat|consider|assign|attribute|pick|choose"
    r"|base|(?:return|show|list|report|give) only)\b",
    re.I,
)
_SURE = 0.8


def _fills_gaps(statement: str, query: SemanticQuery, lexicon: Lexicon) -> bool:
    """Whether a statement says what missing values of a query's columns count as, where a sum is not all."""
    if not _AS_ZERO.search(statement):
        return False
    read = {(a.table, a.column) for m in measures(query) if m.function != "sum" for a in attributes(m.of)}
    read |= {place for m in measures(query) if isinstance(m.of, Calculation) for place in _places(m.of)}
    return any(
        isinstance(meaning, ColumnName) and (meaning.table, meaning.column) in read
        for word in lemmas_of(statement)
        for meaning in lexicon.meanings.get((word,), ())
    )


def _places(term: Term) -> set[tuple[str, str]]:
    return {(attribute.table, attribute.column) for attribute in attributes(term)}


# "Missing tips count as 0", "treat orders without a discount as zero".
_AS_ZERO = re.compile(
    r"\b(?:count|treat|regard|consider|tak|assum|handl|replac)\w*\b.* (?:as|by|with|to be) (?:0|zero)\b"
    r"|\bcoalesce\b",
    re.I,
)


def _measured(question: str) -> set[str]:
    """The stems of what a question compares things by: the length, of "the longest trip"."""
    return {verb_stem(_MEASURES[word]) for word in lemmas_of(question) if word in _MEASURES}


def _measures_otherwise(statement: str, question: str) -> bool:
    """Whether a statement defines what a question compares by: "length of a trip = distance_km"."""
    heads = {name[0] for one in definitions_of(statement) for name in one.names if name[1:2] in ((), ("of",))}
    return bool(_measured(question) & {verb_stem(head) for head in heads})


_MEASURES = {
    "long": "length", "longest": "length", "short": "length", "shortest": "length", "large": "size",
    "largest": "size", "big": "size", "biggest": "size", "small": "size", "smallest": "size",
    "heavy": "weight", "heaviest": "weight", "tall": "height", "tallest": "height",
    "expensive": "price", "cheap": "price", "cheapest": "price", "fast": "speed", "fastest": "speed",
}  # fmt: skip


def _is_matched(statement: str, query: SemanticQuery) -> bool:
    """Whether a statement only says what texts contain that the query looks for: "Gmail addresses end with
    '@gmail.com'".
    """
    said = [plain(text).strip("%") for text in _QUOTED.findall(statement)]
    held = [plain(part.text) for part in parts(query) if isinstance(part, Matches)]
    is_held = all(any(one in text or text in one for one in held) for text in said)
    return bool(said) and is_held and bool(_LIKE.search(statement))


_QUOTED = re.compile(r"['\"“‘]([^'\"”’]+)['\"”’]")
_LIKE = re.compile(r"\b(?:(?:end|start|begin)(?:s|ing)?|contain(?:s|ing)?|i?like)\b", re.I)


def procedure_told(statement: str) -> tuple[str, str] | None:
    """The purpose and the steps of a statement as "to get the spend, join ..."; None for another one."""
    match = _PROCEDURE.match(statement)
    return (match["purpose"], match["steps"]) if match else None


def chooses(steps: str) -> bool:
    """Whether steps say which rows count, and not only how they are joined and added up."""
    return bool(_CHOOSES.search(steps))


def is_about(question: str, purpose: str, lexicon: Lexicon) -> bool:
    """Whether half at least of what a purpose says is in a question."""
    about = _content(purpose, lexicon)
    shared = _content(question, lexicon) & about
    return bool(shared) and 2 * len(shared) >= len(about)


def _subject(statement: str) -> str:
    """What a statement is about: of "to get X, do Y" the purpose alone."""
    procedure = _PROCEDURE.match(statement)
    return procedure["purpose"] if procedure else statement


def _is_harmless(statement: str, question: str, asked: Collection[str], lexicon: Lexicon) -> bool:
    """Whether a statement is for writers of SQL alone, or defines a name that the question does not use."""
    procedure = _PROCEDURE.match(statement)
    if procedure:
        return not _CHOOSES.search(procedure["steps"])
    if any(True for _ in definitions_of(statement)):
        return not _is_scattered(statement, question, asked, lexicon)
    return bool(_FOR_WRITERS.search(statement)) and not _DEFINES.search(statement)


def _is_scattered(statement: str, question: str, asked: Collection[str], lexicon: Lexicon) -> bool:
    """Whether a question has the words of a name that is defined, and not as that name: "scheduled flight
    duration" is that of "the scheduled duration of a flight".
    """
    names = [name for definition in definitions_of(statement) for name in definition.names]
    said = [_content(" ".join(name), lexicon) for name in names]
    told = lemmas_of(question)
    is_used = any(holds(told, name) and ("of" not in name or "of" in told) for name in names)
    return not is_used and any(len(words) > 1 and words <= set(asked) for words in said)


def _is_about_rows(statement: str, tables: Collection[str], query: SemanticQuery, graph: Graph) -> bool:
    """Whether a statement says that only the last rows of a table that is read count, or those of a code."""
    is_definition = any(True for _ in definitions_of(statement)) and not _CODE.match(statement)
    if is_definition and not _PROCEDURE.match(statement):
        return False
    if any(_says_last_of(statement, table) for table in tables if table):
        return True
    read = {(node.table, node.column.lower()) for node in parts(query) if isinstance(node, Attribute)}
    for match in _WRITTEN.finditer(statement):
        owners = {t for t in tables if t and _has(graph, t, match["column"])}
        if owners and not any((table, match["column"].lower()) in read for table in owners):
            return not _FOR_WRITERS.search(statement)
    return False


def _says_last_of(statement: str, table: str) -> bool:
    """`only the latest row of member_settings`, `the most recent status snapshot`."""
    last = _LAST_ROWS.search(statement)
    if last is None:
        return False
    if re.search(rf"\b(?:of|from|in) (?:the )?(?:[a-z]\w*\.)?{re.escape(table)}\b", statement, re.I):
        return True
    own, said = set(singular_words(table)), singular_words(statement)
    noun = singular_words(last.group())[-1]
    return noun in own and len(own & set(said)) > 1


def _has(graph: Graph, table: str, column: str) -> bool:
    return any(column.lower() == one.name.lower() for one in graph.table(table).columns)


def _content(text: str, lexicon: Lexicon) -> set[str]:
    """The stems of the words of a text that say something, and are no names of tables."""
    found: set[str] = set()
    for token in tokens(text.replace("_", " ")):
        word = plain(token.lemma)
        meanings = lexicon.meanings.get((word,), ())
        is_table = any(isinstance(meaning, TableName) for meaning in meanings)
        if token.kind == "word" and len(word) > 2 and word not in _COMMON and not is_table:
            found.add(verb_stem(word))
    return found


def _short(statement: str) -> str:
    return statement if len(statement) <= 80 else f"{statement[:77]}..."
