"""What the names of a table, and of its columns, mean: its part of the grounding index."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from aidbt.core.words import singular_words
from aidbt.semantic.english.grounding.index import ColumnName, Defined, Lexicon, Meaning, TableName, Trait
from aidbt.semantic.english.meanings.phrases import Amount, Rows
from aidbt.semantic.english.words.additive import amount_in_name
from aidbt.semantic.english.words.column_names import column_names
from aidbt.semantic.english.words.names import CLEAR, LOOSE, PART, SHORTER, SYNONYM, Name, table_names
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.traits import known_places, traits
from aidbt.semantic.english.words.units import converted
from aidbt.semantic.english.words.value_names import plain
from aidbt.semantic.english.words.word_lists import Phrase, people
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.query import Attribute, attributes
from aidbt.semantic.tables.naming import NamedTable

# What is no name without what follows: of `from_team_id`.
WAYS = {"from", "to", "of", "by", "for", "in", "at", "on", "is", "has", "current", "last", "first", "new"}
_CODES = {"code", "name", "symbol"}
# A noun for some rows is hardly the flag that tells them: "every superhost" is no yes or no.
_KIND_OF_ROWS = 1.9


@dataclass(frozen=True)
class TableMeanings:
    """What the names of one table, and of its columns, mean in an index.

    Attributes:
        loose: by phrase what it may mean that nothing surer goes by.
        heads: by the last word of each table's nouns the tables that have it.
        copied: the columns of those that the table is made of.
    """

    found: Lexicon
    loose: dict[Phrase, list[Meaning]]
    table: GraphTable
    named: NamedTable
    heads: dict[str, set[str]]
    copied: Collection[str]

    @cached_property
    def referring(self) -> set[str]:
        """The columns that refer to rows by themselves."""
        return {
            relationship.source_columns[0]
            for relationship in self.found.graph.relationships
            if relationship.source == self.table.name and len(relationship.source_columns) == 1
        }

    @cached_property
    def hidden(self) -> set[str]:
        """The columns that the table of a later layer, which stands for this one, has too."""
        behind = self.table.behind
        return {column.name for column in self.found.graph.table(behind).columns} if behind else set()

    def add_all(self) -> None:
        """Add what the rows, the columns, and what holds of the rows may be called."""
        self._add_rows()
        self._add_columns()
        self._add_codes()
        self._add_traits()

    def _add(self, name: Name, meaning: Meaning) -> None:
        if name.weight <= LOOSE:
            self.loose.setdefault(tuple(map(plain, name.phrase)), []).append(meaning)
        else:
            self.found.add(name.phrase, meaning)

    def _add_rows(self) -> None:
        kinds = {tuple(words[:-1]) for words in self.named.columns.values() if words[-1] in _CODES}
        amount = tuple(singular_words(amount_in_name(self.table)))
        for name in table_names(self.table, self.named, self.heads) if not self.table.behind else ():
            if name.phrase == amount:
                continue  # the hours of `hours_daily` are added up, and no rows
            # Vaccines are what vaccinations name, though both words may stand for each other elsewhere.
            if name.weight > SYNONYM or name.phrase not in kinds:
                self._add(name, TableName(self.table.name, name.weight))

    def _add_columns(self) -> None:
        listed = {
            column.name: list(column_names(self.table, column, self.named)) for column in self.table.columns
        }
        parts: dict[Phrase, set[str]] = {}
        for column_name, names in listed.items():
            for name in names:
                if name.weight <= PART:
                    parts.setdefault(name.phrase, set()).add(column_name)
        for column in self.table.columns:
            for name in listed[column.name] if column.name not in self.hidden else ():
                # A part of a name is one where no other column of the table has it too.
                if name.weight > PART or len(parts[name.phrase]) == 1:
                    self._add_column(column, name)

    def _add_column(self, column: GraphColumn, name: Name) -> None:
        is_reference = column.name in self.referring
        # What refers to other rows is named by its whole name, for its last word names those; and the number
        # of what is a table is that of its rows.
        if (name.weight <= PART and is_reference) or (name.counts and name.phrase[-1] in self.heads):
            return
        # The key of what is referred to goes before the column that refers to it, and a column before those
        # of tables that are made of its own.
        weight = name.weight - 0.15 * is_reference - 0.15 * (column.name in self.copied)
        self._add(name, ColumnName(self.table.name, column.name, weight, name.counts))
        if column.unit and name.weight >= SHORTER:
            _add_units(self.found, name.phrase, Attribute(self.table.name, column.name), column.unit)

    def _add_codes(self) -> None:
        """What a code of a kind of thing is of: a destination, of `destination_airport_code`."""
        bare = [words[:-2] for words in self.named.columns.values()]
        for column in self.table.columns:
            words = tuple(map(lemma, self.named.columns[column.name]))
            is_code = column.kind == "text" and len(words) > 2 and words[-1] in _CODES
            is_alone = is_code and bare.count(words[:-2]) == 1 and column.name not in self.referring
            if is_alone and words[-2] in self.heads and words[0] not in WAYS:
                self.found.add(words[:-2], ColumnName(self.table.name, column.name, SHORTER))

    def _add_traits(self) -> None:
        for trait in (*traits(self.table, self.named), *known_places(self.table, self.named)):
            if self.hidden & {attribute.column for attribute in attributes(trait.predicate)}:
                continue
            self.found.add(trait.phrase, Trait(self.table.name, trait.predicate, trait.weight))
            if _is_kind(trait.phrase, self.named) and trait.phrase[-1] not in self.heads:
                rows = Rows(self.table.name, trait.predicate)
                self.found.add(trait.phrase, Defined("Rows", rows, _KIND_OF_ROWS * trait.weight))


def _is_kind(phrase: Phrase, named: NamedTable) -> bool:
    """Whether what is true of some rows is also a noun for them: superhosts of hosts, employees of users."""
    is_compound = any(phrase[0].endswith(noun[-1]) and phrase != noun[-1:] for noun in named.nouns)
    return len(phrase) == 1 and (phrase in people() or is_compound)


def _add_units(found: Lexicon, phrase: Phrase, attribute: Attribute, unit: str) -> None:
    """The column in other units than its own: "duration in hours"."""
    for word, term in converted(attribute, unit):
        found.add((*phrase, "in", word), Defined("Amount", Amount(attribute.table, term), CLEAR))
