"""What instructions make of words: names that stand, for one question, for what their definitions say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.lexicon import ColumnName, Defined, Lexicon, Meaning, TableName
from aidbt.semantic.english.instructions.definer import NOW, Definer, is_identifier, is_now
from aidbt.semantic.english.instructions.definitions import Definition
from aidbt.semantic.english.instructions.parsed import read_instructions, widest
from aidbt.semantic.english.instructions.partial_values import partial_values
from aidbt.semantic.english.instructions.snapshots import last_values
from aidbt.semantic.english.instructions.text_matching import TextMatching
from aidbt.semantic.english.instructions.written_conditions import holds, lemmas_of
from aidbt.semantic.english.instructions.written_names import with_written, without_told_columns
from aidbt.semantic.english.meanings.closed_words import PHRASES
from aidbt.semantic.english.meanings.phrases import Condition, Rows
from aidbt.semantic.english.number_rules.grounded import Grounded
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.graph import Graph


def with_instructions(
    text: str, question: str, lexicon: Lexicon, graph: Graph
) -> tuple[Lexicon, TextMatching]:
    """A lexicon in which the defined names that a question uses have their meaning, and how texts match.

    A name whose definition is not understood means nothing any more, so that the question is refused.
    """
    text = without_told_columns(text, lexicon)
    found = read_instructions(text)
    everywhere = (how for how, columns in found.general if not _are_named(columns, lexicon))
    matching = TextMatching(
        widest(everywhere), {p: how for name, how in found.of_columns for p in _places(name, lexicon)}
    )
    added: dict[Phrase, list[Meaning]] = {}
    written = with_written(lexicon, text, graph)
    for definition in used(found.definitions, question, graph):
        added |= Definer(written.with_meanings(added), graph, question).meanings(definition)
    added = last_values(text, question, lexicon, graph) | added
    added |= _heads(added, question, lexicon)
    added |= partial_values(question, lexicon.with_meanings(added), matching)
    return lexicon.with_meanings(added) if added else lexicon, matching


def _heads(
    added: Mapping[Phrase, list[Meaning]], question: str, lexicon: Lexicon
) -> dict[Phrase, list[Meaning]]:
    """What the last word of a defined name means that is said alone, too: the spread, of a price spread."""
    said = lemmas_of(question)
    found: dict[Phrase, list[list[Meaning]]] = {}
    for name, meanings in added.items():
        head = name[-1:]
        is_unknown = head not in lexicon.meanings and head not in added and head not in PHRASES
        # Of "serious adverse" only both words say which events are meant.
        is_noun = not any(isinstance(m, Defined) and m.category == "Cond" for m in meanings)
        if len(name) > 1 and is_noun and is_unknown and holds(said, name) and said.count(name[-1]) > 1:
            found.setdefault(head, []).append(meanings)
    return {head: each[0] for head, each in found.items() if len(each) == 1 and each[0]}


def _are_named(columns: Sequence[Phrase], lexicon: Lexicon) -> bool:
    """Whether advice is of some columns alone: "landlord names", and not "all names"."""
    return bool(columns) and all(any(_places(name, lexicon)) for name in columns)


def _places(name: Phrase, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    """The columns that are called so, or so after the noun of their table: "merchant category", "subjects of
    tickets".
    """
    if "of" in name[1:-1]:
        at = name.index("of")
        name = (*name[at + 1 :], *name[:at])
    for size in range(len(name)):
        columns = [m for m in lexicon.meanings.get(name[size:], ()) if isinstance(m, ColumnName)]
        owners = {m.table for m in lexicon.meanings.get(name[:size], ()) if isinstance(m, TableName)}
        found = [column for column in columns if not size or column.table in owners]
        if found:
            yield from ((column.table, column.column) for column in found)
            return
    # "Street names" are what the streets are, where those are no table.
    streets = lexicon.meanings.get(name[:-1], ()) if name[-1:] == ("name",) else ()
    yield from ((m.table, m.column) for m in streets if isinstance(m, ColumnName))
    # "Species names" are the columns of species that are called a name of some kind.
    for owner in lexicon.meanings.get(name[:-1], ()) if name[-1:] == ("name",) else ():
        if isinstance(owner, TableName):
            named = lexicon.graph.table(owner.table).columns
            yield from ((owner.table, c.name) for c in named if singular_words(c.name)[-1:] == ("name",))


def glossed(question: str, lexicon: Lexicon, graph: Graph) -> tuple[str, Lexicon]:
    """A question without the brackets that say what the word before them means, and a lexicon that knows it.

    "orders that were late (shipped after the required date)" defines "late". Only what holds of rows is taken
    from brackets, and only for words that mean nothing else.
    """
    for match in list(_BRACKETS.finditer(question))[:_MOST_BRACKETS]:
        before = tokens(re.split(r"[.?!;:]", question[: match.start()])[-1])
        items = [item for item in Grounded(lexicon).items(before) if item.category != "Quo"]
        known = {place for item in items for place in range(item.start, item.end)}
        if not before or len(before) - 1 in known:
            continue
        name = (plain(before[-1].lemma),)
        meanings = Definer(lexicon, graph, question).meanings(Definition((name,), (match["said"],)))
        found = meanings.get(name, [])
        if any(_says_which(meaning) for meaning in found):
            return glossed(question.replace(match.group(), "", 1), lexicon.with_meanings(meanings), graph)
    return question, lexicon


def _says_which(meaning: Meaning) -> bool:
    """Whether brackets say what holds of rows, or which rows are meant: "VIPs (customers with 3 orders)"."""
    said = meaning.meaning if isinstance(meaning, Defined) else None
    return isinstance(said, Condition) or (isinstance(said, Rows) and said.where is not None)


_BRACKETS = re.compile(r"\s*\((?P<said>[^()]{3,120})\)")
_MOST_BRACKETS = 4


def used(definitions: Sequence[Definition], question: str, graph: Graph) -> list[Definition]:
    """The definitions that a question uses, directly or in those it uses; what others use goes first."""
    columns = {plain(c.name) for table in graph.tables for c in table.columns if is_identifier(c.name)}
    found: list[Definition] = []
    waiting = [question]
    while waiting:
        words = lemmas_of(waiting.pop())
        for definition in definitions:
            # What a column is called is in the body, where its name is the column's.
            is_column = any("".join(name) in columns for name in definition.names)
            names = [*definition.names, *map(lemmas_of, definition.bodies if is_column else ())]
            names += [name[1:] for name in definition.names if is_now(name) and NOW.search(question)]
            if definition not in found and any(holds(words, name) for name in names):
                found.append(definition)
                waiting += definition.bodies
    # Of two definitions of one name the later one is read last, and so counts.
    return sorted(found, key=lambda one: (-_depth(one, found), definitions.index(one)))


def _depth(one: Definition, others: Sequence[Definition]) -> int:
    """How many definitions use a name: those go first that most others need."""
    bodies = [lemmas_of(body) for other in others if other != one for body in other.bodies]
    return sum(any(holds(body, name) for name in one.names) for body in bodies)
