"""The words of tables' and columns' names, without what only repeats: layers, prefixes that all share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from aidbt.core.lexicon import expansions, is_word
from aidbt.core.schema import Relation
from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.tables.run_together import STORAGE, ends_shortened, is_run_together, parted

KEY_WORDS = {"id", "key", "code", "identifier", "uuid", "guid", "no", "number"}
# What the last word of a column's name says its numbers are in: the unit and its words.
_UNIT_WORDS = """
usd: usd dollar dollars; eur: eur euro euros; gbp: gbp; chf: chf; cents: cent cents
percent: pct percent percentage
milliseconds: ms millis; seconds: sec secs second seconds; minutes: min mins minute minutes
hours: hr hrs hour hours; days: day days; weeks: week weeks; months: month months
years: year years yr yrs
kilograms: kg kgs kilogram kilograms; grams: g gram grams; milligrams: mg; pounds: lb lbs
tons: ton tons tonne tonnes; ounces: oz
kilometers: km kms kilometer kilometers; miles: mi mile miles; feet: ft feet; inches: inch inches
centimeters: cm; millimeters: mm; meters: m meter meters metre metres; yards: yd yds
square meters: sqm m2; square feet: sqft sf; acres: acre acres; hectares: ha hectare hectares
liters: l liter liters litre litres; milliliters: ml; gallons: gal gallon gallons
kilobytes: kb; megabytes: mb; gigabytes: gb; terabytes: tb
kilowatts: kw; megawatts: mw; kilowatt hours: kwh; megawatt hours: mwh
miles per hour: mph; kilometers per hour: kmh kph; hertz: hz; gigahertz: ghz
twenty foot equivalent units: teu; barrels: bbl
"""
UNITS = {
    word: unit.strip()
    for entry in _UNIT_WORDS.replace("\n", ";").split(";")
    for unit, _, words in [entry.partition(":")]
    for word in words.split()
}


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
    names = [relation.name for relation in relations]
    names += sorted({column.name for relation in relations for column in relation.columns})
    split = _parted_words if is_run_together(names) else singular_words

    def words_of_name(name: str) -> tuple[str, ...]:
        return split(name) or (name.lower(),)  # `#` has no word in it

    tables = [tuple(map(lemma, words_of_name(relation.name))) for relation in relations]
    shared = shared_prefix(tables)
    wholes = {words[shared:] or words for words in tables}
    found = []
    for relation, words in zip(relations, tables, strict=True):
        noun = words[shared:] or words
        source, _, rest = relation.name.rpartition("__")
        staged = tuple(map(lemma, words_of_name(rest))) if source else noun
        columns = {column.name: words_of_name(column.name) for column in relation.columns}
        own = shared_prefix(list(columns.values())) if len(columns) > 1 else 0
        stripped = {name: w[own:] or w for name, w in columns.items()}
        nouns = tuple(dict.fromkeys((*_nouns(staged), *_nouns(noun))))
        stripped = {name: _unglued(w, nouns, columns.values()) for name, w in stripped.items()}
        if noun[-1] in _COPIES:
            # Rows of `members_snapshot` are no members where there is a table of these.
            nouns = tuple(one for one in nouns if one == noun or one not in wholes) or nouns
        found.append(NamedTable(relation.name, nouns, stripped))
    return found


def _parted_words(name: str) -> tuple[str, ...]:
    """The words of a name, those that run together taken apart.

    Who writes `sheets_printed` writes words apart: in such a name only what ends as those that run together
    do, `shop_ordno`, is more than one word.
    """
    words = singular_words(name)
    return tuple(
        part
        for word in words
        for part in (parted(word) if len(words) == 1 or ends_shortened(word) else (word,))
    )


def _nouns(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Names of a table's rows: all its words, then without words of layers and of storage."""
    plain = tuple(word for word in words if word not in _LAYERS)
    if len(plain) > 1 and plain[-1] in STORAGE:
        plain = plain[:-1]
    # A master file is of who or what is there, and never of what happened: that of sales is of who sells.
    if words[-2:] == ("sale", "master"):
        return words, ("salesperson",)
    full = spelled_out(plain)
    bare = tuple(word for word in words if word not in _OFTEN) if _OFTEN & set(words[:-1]) else ()
    return tuple(dict.fromkeys(found for found in (words, plain, full, bare) if found))


# How often rows are written says nothing of what they are: `campaign_daily_snapshot`.
_OFTEN = {"daily", "weekly", "monthly", "yearly", "hourly"}


# Words of a table's name that say how its rows are kept.
_KEPT = STORAGE | {
    "transaction", "history", "log", "entry", "profile", "info", "information", "data", "list", "register",
    "registry", "directory", "catalog", "detail",
}  # fmt: skip


def with_key_nouns(tables: Sequence[NamedTable], keys: Mapping[str, str]) -> list[NamedTable]:
    """The tables with what only their keys say: rows of LOANTRN, told apart by LOANNO, are loans, and of
    `cand`, told apart by `cd_id`, the `cd_nm` is the name.

    Args:
        keys: by table the column that its rows are told apart by, where one does.
    """
    taken = {noun for table in tables for noun in table.nouns}
    found = []
    for table in tables:
        words = table.columns.get(keys.get(table.name, ""), ())
        noun = words[:-1] if words and words[-1] in KEY_WORDS else ()
        is_part = any((*noun, kept) in table.nouns for kept in _KEPT)
        is_new = bool(noun) and is_part and noun not in taken
        nouns = (*table.nouns, noun) if is_new else table.nouns
        columns = table.columns
        if len(words) == 2 and spelled(words[1])[-1] in KEY_WORDS and _is_short(words[0], table):
            own = {name: w[1:] for name, w in columns.items() if w[:1] == words[:1] and len(w) > 1}
            columns = {**columns, **own, keys[table.name]: words}
        found.append(replace(table, nouns=nouns, columns=columns))
    return found


def _is_short(word: str, table: NamedTable) -> bool:
    """Whether a word that is none of the language has only letters of a table's name, in their order: `cd` of
    `cand`; not of what the name says itself.
    """
    letters, said = iter(table.name.lower()), {part for noun in table.nouns for part in noun}
    is_said = word in said or spelled(word)[-1] in said
    return len(word) > 1 and not is_word(word) and not is_said and all(letter in letters for letter in word)


# What stands behind the first letters of a table's noun in names: `ptype` of products, `cno` of cases.
_GLUED = ("category", "number", "title", "class", "name", "type", "kind", "code", "desc", "cat", "typ", "num",
          "nbr", "no", "nm", "cd")  # fmt: skip
_MOST_LETTERS = 3


def _unglued(
    words: tuple[str, ...], nouns: Sequence[tuple[str, ...]], others: Collection[tuple[str, ...]]
) -> tuple[str, ...]:
    """A name of one word whose first letters are those of its table's noun, as the noun and the rest.

    A `pcode` is a postal code everywhere, and of several names in a table `lname` is not that of a lead.
    """
    whole = words[0]
    tail = next((tail for tail in _GLUED if whole.endswith(tail)), "")
    letters = whole.removesuffix(tail)
    if len(words) > 1 or not tail or not 0 < len(letters) <= _MOST_LETTERS or is_word(whole):
        return words
    is_name = tail in ("name", "nm")
    is_known = bool(expansions(whole)) and not is_name and tail not in ("number", "num", "nbr", "no")
    if is_known or (is_name and sum(other[-1].endswith(tail) for other in others) > 1):
        return words
    for noun in nouns:
        if noun[0].startswith(letters) and noun[0] != letters:
            return *noun, tail
        if noun[-1].startswith(letters) and noun[-1] != letters:
            return noun[-1], tail
    return words


_COPIES = {"daily", "latest", "snapshot", "record", "monthly", "weekly", "hourly"}
_LAYERS = {"dim", "fct", "fact", "stg", "table", "tbl", "daily", "latest", "snapshot", "record"}


_EARLY = {"stg", "staging", "src", "raw", "base", "int", "intermediate", "landing", "bronze"}


def is_early(table: str) -> bool:
    """Whether a table's name says that it is of a layer that others are made of."""
    return words_of(table)[:1] != () and words_of(table)[0] in _EARLY


@lru_cache(maxsize=50_000)
def spelled(word: str) -> tuple[str, ...]:
    """What a short form stands for most likely; a word of the language is itself."""
    meanings = () if is_word(word) and len(word) > 3 else expansions(word)
    return meanings[0] if meanings else (word,)


def spelled_out(words: Iterable[str]) -> tuple[str, ...]:
    """Words with each short form written out."""
    return tuple(part for word in words for part in spelled(word))


def shared_prefix(names: Sequence[tuple[str, ...]]) -> int:
    """How many words all names begin with, leaving each one word at least."""
    if len(names) < 2:
        return 0
    size = 0
    while all(len(name) > size + 1 for name in names) and len({name[size] for name in names}) == 1:
        size += 1
    return size
