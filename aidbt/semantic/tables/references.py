"""Which rows refer to which: what a project declares, and what names and values both show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from aidbt.core.lexicon import expansions
from aidbt.core.words import singular_words
from aidbt.semantic.english.words.word_lists import are_people
from aidbt.semantic.graph import GraphTable, Relationship
from aidbt.semantic.tables.naming import KEY_WORDS, NamedTable, spelled, spelled_out

Contained = Callable[[tuple[str, str], tuple[str, str]], float]
"""The share, 0..1, of the values of a column, (table, column), that another holds; 0 where there are none."""

# Data is dirty: a name that is clear enough needs half of the values, a hint nearly all of them.
_LEAST_SHARE = {3: 0.5, 2: 0.5, 1: 0.95}
# What a person is to a row by the name of the column, where no noun says it.
_ROLES = {
    ("report", "to"): "manager", ("mgr", "id"): "manager", ("mgr",): "manager",
    ("supervised", "by"): "supervisor", ("pi", "id"): "principal investigator",
    ("managed", "by"): "manager", ("approved", "by"): "approver", ("created", "by"): "creator",
    ("reviewed", "by"): "reviewer", ("assigned", "to"): "assignee", ("requested", "by"): "requester",
    ("referred", "by"): "referrer", ("owned", "by"): "owner", ("closed", "by"): "closer",
    ("updated", "by"): "editor", ("sent", "by"): "sender", ("received", "by"): "receiver",
    ("handled", "by"): "handler", ("sold", "by"): "seller", ("led", "by"): "leader",
}  # fmt: skip
# Who does such things are staff rather than customers, where the values fit both.
_STAFF = {
    "employee", "staff", "user", "worker", "person", "agent", "representative", "rep", "salesperson",
    "consultant",    "officer", "operator", "technician", "engineer",
}  # fmt: skip
# Who is that to somebody is one of them.
_PEERS = {
    "manager",
    "supervisor",
    "boss",
    "mentor",
    "spouse",
    "partner",
    "referrer",
    "superior",
    "deputy",
    "captain",
}
_KIN = {"husband", "wife", "father", "mother", "sibling", "child"}
_PARENTS = {"parent", "superior", "predecessor", "successor", "previous", "next", "root"}


def relationships_of(
    tables: Sequence[GraphTable],
    named: dict[str, NamedTable],
    contained: Contained,
    declared: Sequence[Relationship],
) -> Iterator[Relationship]:
    """The relationships that are declared, then those that names and values both show."""
    found = {(r.source, r.source_columns): r for r in declared}
    for relationship in (
        *_inferred(tables, named, contained),
        *_composite(tables, named, contained),
        *_roles(tables, named, contained),
    ):
        found.setdefault((relationship.source, relationship.source_columns), relationship)
    for relationship in found.values():
        same = [
            r for r in found.values() if (r.source, r.target) == (relationship.source, relationship.target)
        ]
        yield _with_role(relationship, named) if len(same) > 1 else relationship


def _with_role(relationship: Relationship, named: dict[str, NamedTable]) -> Relationship:
    """One of several references to a table, which is told from the others by what its name says besides."""
    words = named[relationship.source].columns[relationship.source_columns[0]]
    bare = words[:-1] if words[-1] in KEY_WORDS else words
    plain = spelled_out(bare)
    is_own = bare in named[relationship.target].nouns or plain in named[relationship.target].nouns
    # `arr_prt` is where something arrives, and not the recurring revenue that `arr` alone may be.
    plain = tuple(part for word in bare for part in min((spelled(word), *expansions(word)), key=len))
    is_plain = relationship.role or is_own or not bare or len(relationship.source_columns) > 1
    return relationship if is_plain else replace(relationship, role=" ".join(plain))


def _inferred(
    tables: Sequence[GraphTable], named: dict[str, NamedTable], contained: Contained
) -> Iterator[Relationship]:
    """For each column the one table that its name and its values refer to, if there is one."""
    for source in tables:
        for column in source.columns:
            if not _is_home(source, column.name, named[source.name]):
                found = _referred(source, column.name, tables, named, contained)
                if found and not _is_of_several(source, column.name, found[0], named):
                    target, key = found
                    name = f"{source.name}.{column.name}"
                    # What a row of the same table is to a row, its name has to say.
                    words = named[source.name].columns[column.name]
                    said = spelled_out(words[:-1])
                    role = " ".join(said) if target == source else ""
                    yield Relationship(name, source.name, (column.name,), target.name, (key,), role=role)


def _is_of_several(
    source: GraphTable, column: str, target: GraphTable | None, named: dict[str, NamedTable]
) -> bool:
    """Whether another column says which of several tables a reference is to: `sender_type` of `sender_id`.

    Of an `account_id` the `account_type` is what kind of account it is.
    """
    words = named[source.name].columns[column]
    bare = words[:-1] if len(words) > 1 and words[-1] in KEY_WORDS else ()
    others = (named[source.name].columns[other.name] for other in source.columns)
    is_own = target is not None and bare in named[target.name].nouns
    return bool(bare) and not is_own and any(other == (*bare, "type") for other in others)


def _referred(
    source: GraphTable,
    column: str,
    tables: Sequence[GraphTable],
    named: dict[str, NamedTable],
    contained: Contained,
) -> tuple[GraphTable, str] | None:
    found: list[tuple[int, bool, int, bool, GraphTable, str]] = []
    words = named[source.name].columns[column]
    said = ("".join(words), "".join(spelled_out(words)))
    for target in tables:
        # Nothing refers to a table but by one of its nouns, or by the name of its key.
        is_said = any(noun in text for noun in _joined(named[target.name].nouns) for text in said)
        for key in (key[0] for key in target.keys if len(key) == 1):
            key_words = singular_words(key)
            is_said = is_said or words[-1:] == key_words[:-1] or words[-1:] == key_words[-1:]
            if not is_said and key != column:
                continue
            rank = _name_evidence(named[source.name], column, named[target.name], key)
            # The same name says little of what is no key but by chance, such as the prices of a short list.
            rank = 0 if rank == 2 and not _is_key(key, target, named[target.name]) else rank
            # Small numbers are among the keys of most tables: `max_guests` is no guest.
            is_key = words[-1] in KEY_WORDS or words[-1].endswith("id")
            rank = 0 if rank == 1 and not is_key and source.column(column).kind != "text" else rank
            is_same = (source.name, column) == (target.name, key)
            if rank == 0 or is_same or target.column(key).kind != source.column(column).kind:
                continue
            is_home = _is_home(target, key, named[target.name])
            if not is_home and (column,) in source.keys:
                continue
            if contained((source.name, column), (target.name, key)) >= _LEAST_SHARE[rank]:
                shortness = -len(named[target.name].nouns[0])
                found.append((rank, is_home, shortness, not target.behind, target, key))
    found.sort(key=lambda each: each[:4], reverse=True)
    if not found or (len(found) > 1 and found[0][:4] == found[1][:4]):
        return None
    *_, target, key = found[0]
    return target, key


@lru_cache(maxsize=10_000)
def _joined(nouns: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple("".join(noun) for noun in nouns)


def _is_key(key: str, table: GraphTable, named: NamedTable) -> bool:
    last = named.columns[key][-1]
    is_called_so = bool(KEY_WORDS & {last, *spelled(last)}) or last.endswith("id")
    return is_called_so or (key,) == table.keys[0]


def _composite(
    tables: Sequence[GraphTable], named: dict[str, NamedTable], contained: Contained
) -> Iterator[Relationship]:
    """Tables that hold all columns of another's key of several, by the same names and with its values.

    Of several such tables, and of two with the same key, the one that a column of the key is named for is
    referred to: `visit_number` is that of visits.
    """
    for source in tables:
        names = {column.name for column in source.columns}
        found = []
        for target in tables:
            key = target.keys[0] if target.keys else ()
            if source == target or len(key) < 2 or not set(key) <= names:
                continue
            is_named = any(named[target.name].columns[part][: len(noun)] == noun
                           for part in key for noun in named[target.name].nouns)  # fmt: skip
            is_mutual = any(set(own) == set(key) for own in source.keys)
            if (is_named or not is_mutual) and _holds(source, target, key, contained):
                found.append((is_named, target, key, is_mutual))
        best = [each for each in found if each[0]] or found
        if len(best) == 1:
            _, target, key, is_one = best[0]
            name = f"{source.name}.{'+'.join(key)}"
            yield Relationship(name, source.name, key, target.name, key, is_one_to_one=is_one)


def _holds(source: GraphTable, target: GraphTable, key: tuple[str, ...], contained: Contained) -> bool:
    return all(contained((source.name, part), (target.name, part)) >= _LEAST_SHARE[1] for part in key)


def _roles(
    tables: Sequence[GraphTable], named: dict[str, NamedTable], contained: Contained
) -> Iterator[Relationship]:
    """Columns that say what somebody is to a row: its manager, its reviewer; or which row is its parent."""
    for source in tables:
        for column in source.columns:
            role = _role(named[source.name].columns[column.name])
            if not role or (column.name,) in source.keys[:1]:
                continue
            if _is_of_several(source, column.name, None, named):
                continue
            is_parent = role.split()[0] in _PARENTS
            targets = [source] if is_parent else [t for t in tables if _has_people(named[t.name])]
            found = [(t, t.keys[0][0]) for t in targets if t.keys and len(t.keys[0]) == 1]
            found = [
                (target, key)
                for target, key in found
                if (target.name, key) != (source.name, column.name)
                and target.column(key).kind == column.kind
                and contained((source.name, column.name), (target.name, key)) >= _LEAST_SHARE[1]
            ]
            best = _likeliest(found, source, role, named)
            if len(best) == 1:
                target, key = best[0]
                name = f"{source.name}.{column.name}"
                yield Relationship(name, source.name, (column.name,), target.name, (key,), role=role)


# Words of keys that are texts, of which chance does not make one the other's.
_CODES = {"code", "symbol", "iata", "icao", "abbreviation"}
Target = tuple[GraphTable, str]


def _likeliest(
    found: Sequence[Target], source: GraphTable, role: str, named: dict[str, NamedTable]
) -> Sequence[Target]:
    """Of the tables that hold the values of a role: the same table for a manager, otherwise another one."""
    own = [target for target in found if target[0] == source]
    if own and (role.split()[-1] in _PEERS or role.split()[0] in _PARENTS):
        return own
    others = [target for target in found if target[0] != source] or found
    staff = [target for target in others if _STAFF & {noun[-1] for noun in named[target[0].name].nouns}]
    return others if len(others) == 1 else staff


def _role(words: tuple[str, ...]) -> str:
    """The role that a column's name says; "" when it says none."""
    if words in _ROLES:
        return _ROLES[words]
    bare = words[:-1] if len(words) > 1 and words[-1] in KEY_WORDS else ()
    bare = spelled_out(bare)
    if not bare:
        return ""
    is_role = are_people(bare) or bare[0] in _PARENTS or bare[-1] in _KIN
    return " ".join(bare) if is_role else ""


def _has_people(named: NamedTable) -> bool:
    return any(map(are_people, named.nouns))


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
        initials = "".join(word[0] for word in noun)
        is_short = len(words) == 2 and len(words[0]) > 2 and noun[0].startswith(words[0])
        is_own = is_short or spelled(words[0]) == noun[:1] or words[0] in (initials, noun[-1])
        if words[-1] in KEY_WORDS and is_own:
            return True
    return False


def _name_evidence(source: NamedTable, column: str, target: NamedTable, key: str) -> int:
    """How clearly a column's name refers to a table's key: 0 not at all, 3 by the table's name and key."""
    words, key_words = source.columns[column], target.columns[key]
    if words in {(*noun, *key_words) for noun in target.nouns} or words in {
        (*noun, "id") for noun in target.nouns
    }:
        return 3 if key_words[-1] in KEY_WORDS or key_words[-1].endswith("id") else 0
    plain = spelled_out(words)
    if plain != words:
        ends = {(*noun, *tail) for noun in target.nouns for tail in (key_words, ("identifier",), ("id",))}
        if plain in ends:
            return 3
    if column == key and words not in (("id",), ("name",), ("code",), ("status",), ("type",)):
        return 2
    # `pl_bk_id` of pledges beside a key `bk_id`: behind the letters of its own table stands the whole key.
    written = singular_words(key)
    if words == written and len(written) > 1 and written[-1] in KEY_WORDS:
        return 2
    # `ship_date_key` beside a key `date_key`, and `origin_code` beside an `airport_code`.
    if 1 < len(key_words) < len(words) and words[-len(key_words) :] == key_words:
        return 1
    whole_key = singular_words(key)
    if (
        len(words) > 1
        and whole_key[-1:] == words[-1:]
        and words[-1] in _CODES
        and whole_key[:-1] in target.nouns
    ):
        return 1
    whole = singular_words(key)
    # `mem_home_club_id` beside such a key `club_id`.
    if len(whole) > max(1, len(key_words)) and words[-len(whole) :] == whole:
        return 1
    # `sup_tid` beside a key `tid`.
    if len(whole) == 1 < len(words) and len(key) > 2 and key.endswith("id") and words[-1:] == whole:
        return 1
    # `origin_wh` beside a key `wh_id`.
    bare = whole[:-1] if whole and KEY_WORDS & {whole[-1], *spelled(whole[-1])} else ()
    if bare and len(words) > len(bare) and words[-len(bare) :] == bare:
        return 1
    joined = "".join(words)
    for noun in target.nouns:
        if joined.endswith("".join((*noun, "id"))) and len(joined) > len("".join((*noun, "id"))):
            return 1
    return 0
