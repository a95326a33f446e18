"""The graph of tables: their keys, labels, times and units, as names and data show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.core.types import type_family
from aidbt.core.words import words_of
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.english.words.word_lists import are_people
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Kind, Relationship
from aidbt.semantic.tables.naming import (
    KEY_WORDS,
    UNITS,
    NamedTable,
    is_early,
    named_tables,
    spelled_out,
    with_key_nouns,
)
from aidbt.semantic.tables.references import Contained, relationships_of

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
# Names of columns that people call a row by, best first.
_LABELS = ("name", "title", "label", "username", "symbol", "code", "description")


def graph_of(
    relations: Sequence[Relation],
    profiles: Sequence[TableProfile],
    contained: Contained,
    *,
    declared: Sequence[Relationship] = (),
    synonyms: Mapping[str, Sequence[str]] | None = None,
    units: Mapping[tuple[str, str], str] | None = None,
) -> Graph:
    """The graph of tables, with relationships that are declared and those that names and values both show.

    Args:
        synonyms: other names of tables, by table.
        units: by (table, column) what its numbers are in, where names do not say it.
    """
    by_name = {profile.name: profile for profile in profiles}
    named = {table.name: table for table in named_tables(relations)}
    keys = {
        relation.name: ranked[0]
        for relation in relations
        if (ranked := _ranked_keys(by_name[relation.name], relation, named[relation.name]))
    }
    named = {table.name: table for table in with_key_nouns(list(named.values()), keys)}
    tables = tuple(
        _table(relation, by_name[relation.name], named[relation.name], synonyms or {}, units or {})
        for relation in relations
    )
    tables = tuple(replace(table, behind=_later(table, tables, named, contained)) for table in tables)
    return Graph(tables, tuple(relationships_of(tables, named, contained, declared)))


def _later(
    table: GraphTable, tables: Sequence[GraphTable], named: Mapping[str, NamedTable], contained: Contained
) -> str:
    """The table of a later layer with the same rows, told by its noun and by its key: `fct_orders` of
    `stg_orders`; "" for none.
    """
    if not is_early(table.name) or not table.keys or len(table.keys[0]) != 1:
        return ""
    key = table.keys[0][0]
    found = [
        later.name
        for later in tables
        if not is_early(later.name)
        and (key,) in later.keys
        and set(named[later.name].nouns) & set(named[table.name].nouns)
        and contained((table.name, key), (later.name, key)) == 1.0
        and contained((later.name, key), (table.name, key)) == 1.0
    ]
    return found[0] if len(found) == 1 else ""


def _table(
    relation: Relation,
    profile: TableProfile,
    named: NamedTable,
    synonyms: Mapping[str, Sequence[str]],
    units: Mapping[tuple[str, str], str],
) -> GraphTable:
    columns = tuple(
        _column(relation, profile, column.name, units.get((relation.name, column.name), ""))
        for column in relation.columns
    )
    keys: list[tuple[str, ...]] = [(key,) for key in _ranked_keys(profile, relation, named)]
    keys += [tuple(key) for key in profile.composite_keys]
    return GraphTable(
        relation.name,
        columns,
        identifier=relation.name,
        schema=relation.schema,
        keys=tuple(keys),
        description=relation.description,
        synonyms=tuple(synonyms.get(relation.name, ())),
        time=_time(columns, named),
        label=_label(columns, named, keys[0] if keys else ()),
    )


def _ranked_keys(profile: TableProfile, relation: Relation, named: NamedTable) -> list[str]:
    """The columns that tell rows apart by themselves, the likeliest to be meant for that first."""
    return sorted(profile.keys, key=lambda key: _key_rank(key, relation, named))


def _key_rank(key: str, relation: Relation, named: NamedTable) -> tuple[int, int]:
    column = relation.column(key)
    is_declared = column is not None and "primary_key" in column.constraints
    words = named.columns[key]
    place = [c.name for c in relation.columns].index(key)
    return (0 if is_declared else 1 if words[-1] in KEY_WORDS or words[-1].endswith("id") else 2, place)


def _column(relation: Relation, profile: TableProfile, name: str, unit: str) -> GraphColumn:
    column, seen = relation.column(name), profile.column(name)
    assert column is not None
    kind = _KINDS.get(type_family(column.data_type), "other")
    return GraphColumn(
        name,
        kind,
        column.data_type,
        description=column.description,
        synonyms=(*column.synonyms, *_year_names(name, seen, kind)),
        unit=unit or _unit(name, seen, kind),
        is_pii=bool(seen and seen.pii),
        nullable=seen is None or seen.null_rate > 0,
        values=_values(column, seen, kind),
    )


# What is a part of a whole, so that numbers from 0 to 1 of it are so many hundredths.
_PARTS = {
    "rate", "ratio", "share", "discount", "disc", "margin", "tax", "vat", "commission", "fraction", "percent",
    "percentage", "pct", "proportion", "probability", "occupancy", "utilization", "conversion", "markup",
}  # fmt: skip


def _unit(name: str, seen: ColumnProfile | None, kind: Kind) -> str:
    """What a column's numbers are in: as its name's last word says, or fractions where values show it."""
    words = words_of(name)
    said = UNITS.get(words[-1], "") if words else ""
    if kind != "number" or said not in ("", "percent") or seen is None or not _PARTS.intersection(words):
        return said
    try:
        low, high = float(seen.minimum or ""), float(seen.maximum or "")
    except ValueError:
        return said
    is_flag = seen.distinct_count <= 2 and {low, high} <= {0.0, 1.0}
    return "fraction" if 0 <= low <= high <= 1 and not is_flag else said


_FIRST_YEAR, _LAST_YEAR = 1000, 2100


def _year_names(name: str, seen: ColumnProfile | None, kind: Kind) -> tuple[str, ...]:
    """What a number is called that is named by a participle alone and holds years: `founded` of a club."""
    words = words_of(name)
    if kind != "number" or seen is None or len(words) != 1 or not words[0].endswith(("ed", "built", "born")):
        return ()
    try:
        low, high = float(seen.minimum or ""), float(seen.maximum or "")
    except ValueError:
        return ()
    return (f"{words[0]} year",) if _FIRST_YEAR <= low <= high <= _LAST_YEAR else ()


def _values(column: Column, seen: ColumnProfile | None, kind: Kind) -> tuple[str, ...]:
    """The codes of a column: those declared, else its frequent texts; of numbers only 0 and 1."""
    if seen is None or seen.pii:
        return ()
    if kind == "number":
        return ("0", "1") if (seen.minimum, seen.maximum, seen.distinct_count) == ("0", "1", 2) else ()
    return column.values or (tuple(text for text, _ in seen.top_values) if kind == "text" else ())


# Words of times that are said of a row, but do not say when it happened.
_NEVER = {
    "birth", "dob", "birthday", "birthdate", "born", "due", "dropped", "cancelled", "canceled", "terminated",
    "termination", "left", "expires", "expire", "expiry", "expiration", "deleted", "updated", "modified",
    "ended", "end", "death", "deceased", "cancellation", "canc",
}  # fmt: skip
_NOT_THE_TIME = {
    "expected", "estimated", "planned", "required", "update",
    "modified", "deleted", "end", "ended", "close", "closed", "expiry", "expiration", "expires", "terminated",
    "termination", "left", "cancelled", "canceled", "completed", "shipped", "delivered", "returned", "paid",
    "resolved", "approved", "last", "next", "effective", "valid", "loaded", "synced", "discontinued", "disc",
    "from", "to",
}  # fmt: skip
# What is done with rows that are there already.
_LOOKED_AT = {"viewed", "read", "seen"}
# But these are rows because something was seen.
_SIGHTINGS = set(map(verb_stem, ("sighting", "sight", "observation", "encounter", "spotting")))
_CREATED = {"created", "create", "creation"}
_STARTS = {"start", "started", "begin", "began", "open", "opened", "onset", "departure", "departed"}
_BARE_TIMES = {("date",), ("datetime",), ("date", "time"), ("timestamp",), ("ts",), ("time",), ("dt",)}


def _time(columns: Sequence[GraphColumn], named: NamedTable) -> str:
    """The column that says when a row happened; "" when nothing tells one from the others.

    It is the only one, that of the table's own verb ("ordered_on" of orders), that of its making, one that is
    called just a date, its start, or the only one left without what comes later or is only planned; else the
    only one of these that every row has, as messages are sent first and read later, or never.
    """
    times = [column.name for column in columns if column.kind in ("time", "date")]
    words = {name: tuple(_words_of_time(named.columns[name])) for name in times}
    stems = {verb_stem(part) for noun in named.nouns for part in (noun[-1], _PARTICLE.sub("", noun[-1]))}
    # When somebody was born, or when it ends, is never when a row happened, though nothing else may say it;
    # but births are.
    times = [name for name in times if not _NEVER & set(words[name]) or verb_stem(words[name][0]) in stems]
    if len(times) == 1:
        said = words[times[0]]
        is_own = verb_stem(said[0]) in stems or ("seen" in said and bool(_SIGHTINGS & stems))
        return times[0] if is_own or not _LOOKED_AT & set(said) else ""
    choices: tuple[Callable[[str], object], ...] = (
        lambda name: (
            {words[name][0], named.columns[name][0]} & {noun[-1] for noun in named.nouns}
            or verb_stem(words[name][0]) in stems
        ),
        lambda name: bool(_CREATED & set(words[name])),
        lambda name: words[name] in _BARE_TIMES,
        lambda name: bool(_STARTS & set(words[name])) or named.columns[name][0] == "st",
        lambda name: not _NOT_THE_TIME & set(words[name]),
        lambda name: not _NOT_THE_TIME & set(words[name]) and name in always,
    )
    finer = {column.name for column in columns if column.kind == "time"}
    always = {column.name for column in columns if not column.nullable}
    for is_chosen in choices:
        found = [name for name in times if is_chosen(name)]
        if len({verb_stem(words[name][0]) for name in found}) == 1 < len(found):
            # One event twice, `order_date` and `ordered_at`: the finer says all that the other does.
            found = [name for name in found if name in finer]
        if len(found) == 1:
            return found[0]
    return ""


def _words_of_time(said: Iterable[str]) -> Iterator[str]:
    """The words of a column of time, short ones written out, and `duedate` as two."""
    for part in spelled_out(said):
        joined = _RUN_INTO.fullmatch(part)
        yield from joined.groups() if joined else (part,)


_PARTICLE = re.compile(r"(?<=\w{3})(?:off|up|out|in)$")
_RUN_INTO = re.compile(r"(\w{3,})(date|time)")


def _label(columns: Sequence[GraphColumn], named: NamedTable, key: tuple[str, ...]) -> str:
    """The text that people call a row by: its name, of people the first one, its title, or what is most like
    one; "" when it has none. A code that is the key is so only where nothing describes it.
    """
    texts = [column.name for column in columns if column.kind == "text"]
    words = {name: spelled_out(named.columns[name]) for name in texts}
    own = {label: {(label,), *((*noun, label) for noun in named.nouns)} for label in _LABELS}
    joined = {label: {"".join(phrase) for phrase in phrases} for label, phrases in own.items()}
    choices: list[Callable[[str], bool]] = [
        lambda name: "".join(words[name]) in joined["name"] or words[name] in named.nouns,
        lambda name: words[name] in _PERSONAL_NAMES,
        lambda name: "".join(words[name]) in joined["title"],
        lambda name: words[name][-1] in ("name", "title") and not _is_of_other(words[name], named),
    ]
    found = (name for is_chosen in choices for name in texts if is_chosen(name))
    others = [name for label in _LABELS[2:] for name in texts if "".join(words[name]) in joined[label]]
    return next(found, "") or next((name for name in others if (name,) != key), "") or next(iter(others), "")


def _is_of_other(words: tuple[str, ...], named: NamedTable) -> bool:
    """Whether a name is that of somebody else, or of a part of somebody."""
    is_person = are_people(words[:-1]) and words[:-1] not in named.nouns
    return words[0] in _OTHER_NAMES or is_person


_PERSONAL_NAMES = {
    ("full", "name"),
    ("display", "name"),
    ("first", "name"),
    ("given", "name"),
    ("last", "name"),
}
# Names of somebody else, or of a part of somebody.
_OTHER_NAMES = {
    "contact", "last", "middle", "file", "user", "domain", "host", "manager", "owner", "nick", "father",
    "mother", "maiden", "short",
}  # fmt: skip
