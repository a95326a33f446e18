"""Which columns may refer to which keys: names first, then what sketches of the values say.

A name is certain when it is the key's own (`address_id`, `billing_address_id`), likely when it is a role, a
synonym or an abbreviation (`created_by`, `manager_id`, `cust_id`). Values without a name count only where the
key is not of dense numbers: 1..5 is contained in every id that counts from 1. Keys are looked up by name and
by hash, so that no column is compared with every key. Which references hold is for the caller to verify.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from aidbt.core.schema import ColumnProfile, MappedColumn, Mapping, TableProfile
from aidbt.core.types import type_family
from aidbt.core.words import singular
from aidbt.project.conventions import snake_case
from aidbt.warehouse.inclusion import Sketch, containment, is_dense


class Evidence(IntEnum):
    """What speaks for a reference, the strongest first."""

    NAME = 0  # the name of one key only
    SHARED_NAME = 1  # the name of several keys
    ROLE_IN_TABLE = 2  # parent_id: a row of the same table
    SYNONYM = 3
    PERSON = 4  # created_by: somebody in the table of people
    ABBREVIATION = 5
    OTHER_SOURCE = 6  # the name of a key in another source
    VALUES = 7


_CONTAINED = 0.9
# By values alone: all of many.
_MANY_VALUES, _MANY_SEEN, _ALL_SEEN = 64, 32, 0.98
_PARENTS_VERIFIED = 3
_KEY_MAX_LENGTH = 128
# A small number is among dense keys anyway; an abbreviation also has to refer to so many of them.
_COVERED = 0.5

# Another name of an entity → the entities it may mean.
_SYNONYMS = {
    "customer": ("client", "buyer", "user", "account", "contact", "person"),
    "client": ("customer", "account"),
    "buyer": ("customer", "user"),
    "seller": ("vendor", "merchant", "user"),
    "vendor": ("supplier", "seller"),
    "supplier": ("vendor",),
    "product": ("item", "article", "sku"),
    "item": ("product", "article"),
    "company": ("organization", "organisation", "account"),
    "organization": ("company", "organisation", "org"),
    "org": ("organization", "organisation"),
    "shop": ("store",),
    "store": ("shop",),
    "dept": ("department",),
    "cust": ("customer",),
    "acct": ("account",),
    "airline": ("carrier",),
    "carrier": ("airline",),
    "country": ("nation",),
}
_PEOPLE = frozenset("user employee person staff member agent worker mitarbeiter".split())
_STAFF = frozenset("employee staff worker mitarbeiter".split())
_ROLES_AT_WORK = frozenset("manager supervisor boss mentor salesperson rep lead".split())
_ROLES_OF_PEOPLE = _ROLES_AT_WORK | frozenset(
    """owner author creator editor approver reviewer assignee reporter requester driver teacher doctor sender
    recipient referrer inviter operator responsible""".split()
)
_ROLES_IN_TABLE = frozenset(
    """parent previous prev next original root predecessor successor duplicate_of merged_into replaced_by
    reply_to in_reply_to master""".split()
)
_KEY_ENDINGS = ("_id", "_key", "_code", "_fk", "_no", "_number", "_num", "_ref", "_uuid", "_guid", "_sk")
_UNNAMED = ("id", "name", "code", "key")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a table that others may refer to."""

    mapping: Mapping
    column: MappedColumn
    profile: ColumnProfile

    @property
    def source_column(self) -> str:
        return self.column.sources[0]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that may refer to a key."""

    column: MappedColumn
    profile: ColumnProfile
    key: Key
    evidence: Evidence

    @property
    def source_column(self) -> str:
        return self.column.sources[0]


@dataclass(slots=True)
class Keys:
    """The keys of all tables, found by what others may call them."""

    by_table: dict[str, Key] = field(default_factory=dict)
    by_name: dict[str, list[Key]] = field(default_factory=dict)
    by_entity: dict[tuple[str, str], list[Key]] = field(default_factory=dict)
    by_start: dict[tuple[str, str], list[Key]] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Keys:
        found = cls()
        for key in keys:
            source, entity = key.mapping.source, _entity(key.mapping)
            found.by_table[key.mapping.key] = key
            for name in key_names(key.mapping, key.column):
                found.by_name.setdefault(name, []).append(key)
            found.by_entity.setdefault((source, entity), []).append(key)
            for length in range(3, len(entity)):
                if entity[length] != "_":  # "order" is no abbreviation of "order_line"
                    found.by_start.setdefault((source, entity[:length]), []).append(key)
        return found


def key_names(mapping: Mapping, key: MappedColumn) -> list[str]:
    """The names under which other tables may refer to this table's key."""
    own = snake_case(key.sources[0])
    entity = _entity(mapping)
    names = [f"{entity}_{own}", f"{entity}_id" if own == "id" else own, key.target.lower()]
    return list(dict.fromkeys(name for name in names if name not in _UNNAMED))


def named_references(mapping: Mapping, profile: TableProfile, keys: Keys) -> list[Reference]:
    """The references that a table's column names speak of, by column and then the strongest first.

    A column whose name is that of exactly one key of its source has this one reference only.
    """
    found: list[Reference] = []
    for column in mapping.proposed():
        figures = profile.column(column.sources[0])
        if figures is None or figures.null_rate == 1:
            continue
        named = [
            Reference(column, figures, key, evidence)
            for key, evidence in _named(mapping, column, keys)
            if _family(key.column) == _family(column) and not _is_itself(mapping, column, key)
        ]
        first: dict[str, Reference] = {}
        for reference in sorted(named, key=lambda r: r.evidence):
            first.setdefault(reference.key.mapping.key, reference)
        found += first.values()
    return found


def _named(mapping: Mapping, column: MappedColumn, keys: Keys) -> list[tuple[Key, Evidence]]:
    """The keys that a column's name may mean; one only when it is the name of exactly one in its source."""
    shared: list[tuple[Key, Evidence]] = []
    elsewhere: list[tuple[Key, Evidence]] = []
    for name in _references(column):
        called = [key for key in keys.by_name.get(name, ()) if _family(key.column) == _family(column)]
        others = [k for k in called if k.mapping.source == mapping.source and k.mapping.key != mapping.key]
        if len(others) == 1:
            return [(others[0], Evidence.NAME)]
        shared += [(key, Evidence.SHARED_NAME) for key in others]
        elsewhere += [(k, Evidence.OTHER_SOURCE) for k in called if k.mapping.source != mapping.source]
    own = keys.by_table.get(mapping.key)
    if own is not None and own.column.sources == column.sources:
        return shared
    return [*shared, *_likely(mapping, snake_case(column.sources[0]), keys)] or elsewhere


def _likely(mapping: Mapping, name: str, keys: Keys) -> list[tuple[Key, Evidence]]:
    """The keys that a role, a synonym or an abbreviation may mean."""
    source, entity, base = mapping.source, _entity(mapping), _without_ending(name)
    first, last = base.partition("_")[0], base.rpartition("_")[2]
    found: list[tuple[Key, Evidence]] = []
    is_person = bool({first, last} & _ROLES_OF_PEOPLE) or base.endswith("_by") or base == "reports_to"
    own = keys.by_table.get(mapping.key)
    is_role = base in _ROLES_IN_TABLE or first in _ROLES_IN_TABLE or (is_person and entity in _PEOPLE)
    if own is not None and is_role and base.removeprefix(f"{first}_") in (base, entity):
        found.append((own, Evidence.ROLE_IN_TABLE))
    if name != base and base != entity:
        for word in dict.fromkeys((base, last)):
            for meant in (word, *_SYNONYMS.get(word, ())):
                found += [(key, Evidence.SYNONYM) for key in keys.by_entity.get((source, meant), ())]
            found += [(key, Evidence.ABBREVIATION) for key in keys.by_start.get((source, word), ())]
    if is_person:
        found += [(key, Evidence.PERSON) for key in _people(keys, source, base)]
    return found


def _people(keys: Keys, source: str, role: str) -> list[Key]:
    """The keys of the tables of people, narrowed to staff or to users where the role says which."""
    at_work = bool(_ROLES_AT_WORK & {role, role.partition("_")[0], role.rpartition("_")[2]})
    preferred = _STAFF if at_work else frozenset({"user"}) if role.endswith("_by") else frozenset()
    for entities in (preferred, _PEOPLE):
        found = [key for entity in sorted(entities) for key in keys.by_entity.get((source, entity), ())]
        if found:
            return found
    return []


def _without_ending(name: str) -> str:
    ending = next((e for e in _KEY_ENDINGS if name.endswith(e)), "")
    return name.removesuffix(ending).removeprefix("fk_").removeprefix("id_")


def _references(column: MappedColumn) -> list[str]:
    """The keys that a column's name may mean: its own, and what follows a role (origin_airport_code)."""
    own, staged = snake_case(column.sources[0]), column.target.lower()
    words = staged.split("_")
    roles = ["_".join(words[start:]) for start in range(1, len(words) - 1)]
    return list(dict.fromkeys([own, staged, *roles]))


def _entity(mapping: Mapping) -> str:
    return singular(snake_case(mapping.table))


def _family(column: MappedColumn) -> str:
    return type_family(column.cast or column.source_type)


def _is_itself(mapping: Mapping, column: MappedColumn, key: Key) -> bool:
    return mapping.key == key.mapping.key and column.sources == key.column.sources


def unnamed_columns(
    mapping: Mapping, profile: TableProfile, keys: Keys, named: Iterable[Reference]
) -> list[tuple[MappedColumn, ColumnProfile]]:
    """The columns that look like ids of something and whose names speak of no key: their values may tell."""
    taken = {reference.source_column for reference in named}
    own = keys.by_table.get(mapping.key)
    if own is not None:
        taken.add(own.source_column)
    found = []
    for column in mapping.proposed():
        figures = profile.column(column.sources[0])
        if figures is None or column.sources[0] in taken or figures.distinct_count < _MANY_VALUES:
            continue
        name = snake_case(column.sources[0])
        is_id = name.endswith(_KEY_ENDINGS) or name.startswith(("fk_", "id_")) or name.endswith("_by")
        is_short = (figures.max_length or 0) <= _KEY_MAX_LENGTH
        if _family(column) in ("integer", "text") and is_short and (is_id or figures.data_type == "UUID"):
            found.append((column, figures))
    return found


def telling_keys(keys: Keys, source: str) -> list[Key]:
    """The keys of a source whose values are no accident: not 1, 2, 3, …"""
    of_source = [key for key in keys.by_table.values() if key.mapping.source == source]
    return [k for k in of_source if k.profile.distinct_count >= _MANY_VALUES and not is_dense(k.profile)]


@dataclass(slots=True)
class Sketches:
    """Sketches by (table, column), and the telling keys that hold a hash."""

    by_column: dict[tuple[str, str], Sketch] = field(default_factory=dict)
    holders: dict[int, list[Key]] = field(default_factory=dict)

    def add_key(self, key: Key) -> None:
        """Let a key be found by its values."""
        for value in self.by_column[key.mapping.key, key.source_column].hashes:
            self.holders.setdefault(value, []).append(key)


def references_by_values(
    mapping: Mapping, columns: Sequence[tuple[MappedColumn, ColumnProfile]], sketches: Sketches
) -> list[Reference]:
    """The references that the values alone speak of: nearly all of many values are those of a telling key."""
    found = []
    for column, figures in columns:
        child = sketches.by_column[mapping.key, column.sources[0]]
        tables: Counter[str] = Counter()
        keys: dict[str, Key] = {}
        for value in child.hashes:
            for key in sketches.holders.get(value, ()):
                tables[key.mapping.key] += 1
                keys[key.mapping.key] = key
        for table, seen in tables.items():
            key = keys[table]
            if seen < _MANY_SEEN or key.mapping.source != mapping.source or _is_itself(mapping, column, key):
                continue
            estimate = containment(child, sketches.by_column[table, key.source_column])
            if estimate.share >= _ALL_SEEN and _family(key.column) == _family(column):
                found.append(Reference(column, figures, key, Evidence.VALUES))
    return found


def worth_verifying(mapping: Mapping, references: Sequence[Reference], sketches: Sketches) -> list[Reference]:
    """The references that the sketches do not speak against: a few of each column, the strongest first."""
    by_column: dict[str, list[Reference]] = {}
    for reference in references:
        by_column.setdefault(reference.source_column, []).append(reference)
    kept: list[Reference] = []
    for of_column in by_column.values():
        plausible = [r for r in of_column if _is_plausible(mapping, r, sketches)]
        kept += sorted(plausible, key=lambda r: r.evidence)[:_PARENTS_VERIFIED]
    return kept


def _is_plausible(mapping: Mapping, reference: Reference, sketches: Sketches) -> bool:
    if reference.evidence is Evidence.NAME:
        return True
    key = reference.key
    estimate = containment(
        sketches.by_column[mapping.key, reference.source_column],
        sketches.by_column[key.mapping.key, key.source_column],
    )
    if estimate.support and estimate.share < _CONTAINED:
        return False
    dense = is_dense(key.profile)
    if reference.evidence is Evidence.OTHER_SOURCE:  # every system counts its ids from 1
        return not dense and estimate.support > 0
    if reference.evidence is Evidence.ABBREVIATION and dense:
        return reference.profile.distinct_count >= _COVERED * key.profile.distinct_count
    return True
