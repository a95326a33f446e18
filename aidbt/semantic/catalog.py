"""The graph of tables that no dbt project describes: labels, times and relationships as names and data show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.lexicon import expansions
from aidbt.core.schema import Relation, TableProfile
from aidbt.core.types import type_family
from aidbt.core.words import singular_words
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind, Relationship

_KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "float": "number",
    "decimal": "number",
    "text": "text",
    "timestamp": "time",
    "date": "date",
    "boolean": "bool",
}
_KEY_WORDS = {"id", "key", "code", "identifier", "uuid", "guid", "no", "number"}
# Names of columns that people call a row by, best first.
_LABELS = ("name", "title", "label", "username", "symbol", "code", "description")

Contained = Callable[[tuple[str, str], tuple[str, str]], float]
"""The share, 0..1, of the values of one column, (table, column), that another holds; 0 where there are none."""
# Data is dirty: a name that is clear enough needs half of the values, a hint nearly all of them.
_LEAST_SHARE = {3: 0.5, 2: 0.5, 1: 0.95}


@dataclass(frozen=True, slots=True)
class NamedTable:
    """The words of a table's name and of its columns' names, without what all of them begin with.

    Attributes:
        nouns: what its rows may be called, each as words, the fullest first.
        columns: words by column name, without the words that only repeat the table.
    """

    name: str
    nouns: tuple[tuple[str, ...], ...]
    columns: dict[str, tuple[str, ...]]


def named_tables(relations: Sequence[Relation]) -> list[NamedTable]:
    """The words of tables and columns, with prefixes that say nothing taken off.

    A prefix says nothing when all tables share it (`sb_customer`, `sb_ticker`), or all columns of a table.
    """
    tables = [singular_words(relation.name) for relation in relations]
    shared = _shared_prefix(tables)
    found = []
    for relation, words in zip(relations, tables, strict=True):
        noun = words[shared:] or words
        columns = {column.name: singular_words(column.name) for column in relation.columns}
        own = _shared_prefix(list(columns.values())) if len(columns) > 1 else 0
        stripped = {name: w[own:] or w for name, w in columns.items()}
        found.append(NamedTable(relation.name, _nouns(noun), stripped))
    return found


def _nouns(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Names of a table's rows: all its words, then without words of layers and of storage."""
    plain = tuple(
        word
        for word in words
        if word not in {"dim", "fct", "fact", "stg", "table", "tbl", "daily", "latest", "snapshot", "record"}
    )
    spelled = tuple(part for word in plain for part in _spelled(word))
    return tuple(dict.fromkeys(found for found in (words, plain, spelled) if found))


def _spelled(word: str) -> tuple[str, ...]:
    meanings = expansions(word)
    return meanings[0] if meanings else (word,)


def _shared_prefix(names: Sequence[tuple[str, ...]]) -> int:
    """How many words all names begin with, leaving each one word at least."""
    if len(names) < 2:
        return 0
    size = 0
    while all(len(name) > size + 1 for name in names) and len({name[size] for name in names}) == 1:
        size += 1
    return size


def graph_of(
    relations: Sequence[Relation],
    profiles: Sequence[TableProfile],
    contained: Contained,
    *,
    declared: Sequence[Relationship] = (),
) -> Graph:
    """The graph of tables, with relationships that are declared and those that names and values both show."""
    by_name = {profile.name: profile for profile in profiles}
    named = {table.name: table for table in named_tables(relations)}
    tables = tuple(_table(relation, by_name[relation.name], named[relation.name]) for relation in relations)
    found = {(r.source, r.source_columns): r for r in declared}
    for relationship in _inferred(tables, named, contained):
        found.setdefault((relationship.source, relationship.source_columns), relationship)
    return Graph(tables, tuple(found.values()))


def _table(relation: Relation, profile: TableProfile, named: NamedTable) -> GraphTable:
    columns = tuple(_column(relation, profile, column.name) for column in relation.columns)
    keys = [(key,) for key in sorted(profile.keys, key=lambda key: _key_rank(key, relation, named))]
    keys += [tuple(key) for key in profile.composite_keys]
    return GraphTable(
        relation.name,
        columns,
        identifier=relation.name,
        schema=relation.schema,
        keys=tuple(keys),
        description=relation.description,
        time=_time(columns, named),
        label=_label(columns, named),
    )


def _key_rank(key: str, relation: Relation, named: NamedTable) -> tuple[int, int]:
    column = relation.column(key)
    is_declared = column is not None and "primary_key" in column.constraints
    words = named.columns[key]
    place = [c.name for c in relation.columns].index(key)
    return (0 if is_declared else 1 if words[-1] in _KEY_WORDS or words[-1].endswith("id") else 2, place)


def _column(relation: Relation, profile: TableProfile, name: str) -> GraphColumn:
    column, seen = relation.column(name), profile.column(name)
    assert column is not None
    kind = _KINDS.get(type_family(column.data_type), "other")
    values = tuple(text for text, _ in seen.top_values) if seen and kind == "text" and not seen.pii else ()
    return GraphColumn(
        name,
        kind,
        column.data_type,
        description=column.description,
        is_pii=bool(seen and seen.pii),
        nullable=seen is None or seen.null_rate > 0,
        values=values,
    )


def _time(columns: Sequence[GraphColumn], named: NamedTable) -> str:
    times = [column.name for column in columns if column.kind in ("time", "date")]
    if len(times) == 1:
        return times[0]
    for words in (
        ("created", "at"),
        ("created",),
        ("date",),
        ("datetime",),
        ("date", "time"),
        ("timestamp",),
    ):
        for name in times:
            if named.columns[name] == words:
                return name
    starts = [name for name in times if {"start", "created", "created_at"} & set(named.columns[name])]
    return starts[0] if len(starts) == 1 else ""


def _label(columns: Sequence[GraphColumn], named: NamedTable) -> str:
    texts = [column.name for column in columns if column.kind == "text"]
    for label in _LABELS:
        for name in texts:
            words = named.columns[name]
            if words == (label,) or any(words == (*noun, label) or words == noun for noun in named.nouns):
                return name
            if "".join(words) in {"".join((*noun, label)) for noun in named.nouns}:
                return name
    return ""


def _inferred(
    tables: Sequence[GraphTable],
    named: dict[str, NamedTable],
    contained: Contained,
) -> Iterator[Relationship]:
    """For each column the one table that its name and its values refer to, if there is one."""
    for source in tables:
        for column in source.columns:
            if _is_home(source, column.name, named[source.name]):
                continue
            found: list[tuple[int, bool, int, GraphTable, str]] = []
            for target in tables:
                for key in (key[0] for key in target.keys if len(key) == 1):
                    rank = _name_evidence(named[source.name], column.name, named[target.name], key)
                    is_same = (source.name, column.name) == (target.name, key)
                    if rank == 0 or is_same or target.column(key).kind != column.kind:
                        continue
                    is_home = _is_home(target, key, named[target.name])
                    if not is_home and (column.name,) in source.keys:
                        continue
                    if contained((source.name, column.name), (target.name, key)) >= _LEAST_SHARE[rank]:
                        found.append((rank, is_home, -len(named[target.name].nouns[0]), target, key))
            found.sort(key=lambda each: each[:3], reverse=True)
            if not found or (len(found) > 1 and found[0][:3] == found[1][:3]):
                continue
            *_, target, key = found[0]
            yield Relationship(
                f"{source.name}.{column.name}", source.name, (column.name,), target.name, (key,)
            )


def _is_home(table: GraphTable, key: str, named: NamedTable) -> bool:
    """Whether a key's name says that it is this table's own, and not that of one it refers to."""
    if (key,) not in table.keys:
        return False
    words = named.columns[key]
    whole = "".join(words)
    if words in (("id",), ("key",), ("uuid",)):
        return True
    for noun in named.nouns:
        joined = "".join(noun)
        if (
            whole in (f"{joined}id", f"{noun[0][0]}id", f"{joined[0]}id", joined)
            or words[: len(noun)] == noun
        ):
            return True
        if words[-1] in _KEY_WORDS and _spelled(words[0]) == noun[:1]:
            return True
    return False


def _name_evidence(source: NamedTable, column: str, target: NamedTable, key: str) -> int:
    """How clearly a column's name refers to a table's key: 0 not at all, 3 by the table's name and key."""
    words, key_words = source.columns[column], target.columns[key]
    if words in {(*noun, *key_words) for noun in target.nouns} or words in {
        (*noun, "id") for noun in target.nouns
    }:
        return 3 if key_words[-1] in _KEY_WORDS or key_words[-1].endswith("id") else 0
    spelled = tuple(part for word in words for part in _spelled(word))
    if spelled != words:
        ends = {(*noun, *tail) for noun in target.nouns for tail in (key_words, ("identifier",), ("id",))}
        if spelled in ends:
            return 3
    if column == key and words not in (("id",), ("name",), ("code",), ("status",), ("type",)):
        return 2
    joined = "".join(words)
    for noun in target.nouns:
        if joined.endswith("".join((*noun, "id"))) and len(joined) > len("".join((*noun, "id"))):
            return 1
    return 0
