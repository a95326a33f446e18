"""Schemas of any size with a known truth, made from a seed: what `schema_mapping_scale` is measured on.

The tables of the target are named as an analytics engineer would; a source table that stands for one of them
holds a third of its columns, renamed in the ways of one system, and columns that are not in the target.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.schema_tasks import PAIR_FIELDS

COLUMNS_PER_TABLE = (20, 60)
TRUE_SHARE = 3  # one column of so many has a partner
ROWS = 20

_THINGS = """account agreement airport application appointment asset audit batch booking branch budget
campaign carrier case category claim client complaint component contact contract course customer delivery
department device discount document driver employee equipment event expense facility flight fleet form goods
grant guest hospital household incident inspection insurance inventory invoice item job journal journey
ledger lesson licence loan location machine maintenance material member meter mortgage order organisation
package parcel partner passenger patient payment payroll permit plan plant policy portfolio position premise
prescription product project promotion property purchase quote reading receipt region rental repair report
request reservation resource return route sample schedule school season sensor service session shift
shipment site station stock store student subscription supplier survey task team tenant ticket trade
training transfer trip unit user vehicle vendor visit voucher warehouse warranty"""
_QUALIFIERS = """actual additional alternate annual approved average base billing cancelled closing contact
current daily default delivery effective emergency estimated expected external final first gross home
initial internal last legal local maximum minimum monthly net next opening original parent planned preferred
previous primary projected published received registered related remaining requested scheduled secondary
shipping standard temporary total verified work"""
# Noun → what its values look like.
_NOUNS = {
    "identifier": "number", "number": "number", "quantity": "number", "count": "number",
    "weight": "decimal", "amount": "decimal", "price": "decimal", "balance": "decimal",
    "percentage": "decimal", "distance": "decimal", "temperature": "decimal", "duration": "number",
    "date": "date", "time": "time", "year": "number", "status": "code", "type": "code", "code": "code",
    "currency": "code", "country": "code", "reason": "code", "channel": "code", "priority": "code",
    "name": "text", "description": "text", "address": "text", "city": "text", "comment": "text",
    "title": "text", "language": "code", "manager": "text", "phone": "number", "email": "email",
    "flag": "flag", "version": "number", "reference": "text", "method": "code", "owner": "text",
}  # fmt: skip
_ABBREVIATIONS = {
    "identifier": "id", "number": "no", "quantity": "qty", "count": "cnt", "weight": "wgt",
    "amount": "amt", "price": "prc", "balance": "bal", "percentage": "pct", "date": "dt", "time": "tm",
    "year": "yr", "status": "sts", "type": "typ", "code": "cd", "description": "desc", "address": "addr",
    "maximum": "max", "minimum": "min", "average": "avg", "account": "acct", "customer": "cust",
    "department": "dept", "employee": "emp", "organisation": "org", "previous": "prev",
    "estimated": "est", "billing": "bill", "reference": "ref", "temperature": "temp", "telephone": "tel",
    "currency": "ccy", "country": "ctry", "manager": "mgr", "product": "prod", "location": "loc",
    "reservation": "rsv", "document": "doc",
}  # fmt: skip
_SYNONYMS = {
    "amount": "value", "price": "cost", "quantity": "units", "identifier": "key", "comment": "remarks",
    "city": "town", "type": "kind", "status": "state", "manager": "supervisor", "customer": "client",
    "supplier": "vendor", "employee": "staff", "phone": "telephone", "email": "mail", "total": "overall",
    "first": "initial", "last": "latest", "planned": "scheduled", "description": "details",
    "flag": "indicator", "owner": "holder", "maximum": "highest", "minimum": "lowest", "reason": "cause",
    "percentage": "rate",
}  # fmt: skip
_TYPES = {
    "number": "BIGINT", "decimal": "DECIMAL(18,2)", "date": "DATE", "time": "TIMESTAMP", "code": "VARCHAR",
    "text": "VARCHAR", "email": "VARCHAR", "flag": "BOOLEAN",
}  # fmt: skip

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table before it is spelled: its own words, and the words of its columns."""

    words: Words
    columns: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A table with the names it is written with: its own, and that of each column by its words."""

    table: _Table
    name: str
    columns: dict[Words, str]


def write_task(folder: Path, *, source_columns: int, target_columns: int, seed: int) -> None:
    """Write one task (source.json, target.json, their values, ground_truth.csv) of those very sizes.

    A third of the target's columns, or all that fit when the source is the smaller side, have a partner.
    """
    chance = random.Random(seed)
    targets = _tables(target_columns, chance)
    sources, truth = _sources(targets, source_columns, chance)
    spelled_sources = _spelled_sources(sources, chance)
    spelled_targets = [_Spelled(t, _snake(t.words), {c: _snake(c) for c in t.columns}) for t in targets]
    # In another order: where a table stands tells nothing.
    _write_side(folder, "source", chance.sample(spelled_sources, len(sources)), seed)
    _write_side(folder, "target", spelled_targets, seed + 1)
    with (folder / "ground_truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*PAIR_FIELDS, "kind"))
        for i, words in truth:
            ends = (spelled_sources[i], spelled_targets[i])
            writer.writerow([text for end in ends for text in (end.name, end.columns[words])] + ["direct"])


def _tables(columns: int, chance: random.Random, taken: frozenset[Words] = frozenset()) -> list[_Table]:
    """Tables that hold that many columns together."""
    names = [(a, b) for a in _THINGS.split() for b in _THINGS.split() if a != b and (a, b) not in taken]
    sizes = list(_sizes(columns, chance))
    chosen = chance.sample(names, len(sizes))
    return [_Table(name, _columns(size, chance)) for name, size in zip(chosen, sizes, strict=True)]


def _sizes(columns: int, chance: random.Random) -> Iterator[int]:
    while columns > 0:
        size = min(columns, chance.randint(*COLUMNS_PER_TABLE))
        columns -= size
        yield size


def _columns(count: int, chance: random.Random, without: frozenset[Words] = frozenset()) -> tuple[Words, ...]:
    possible = [(q, n) for q in _QUALIFIERS.split() for n in _NOUNS if (q, n) not in without]
    return tuple(chance.sample(possible, count))


def _sources(
    targets: list[_Table], columns: int, chance: random.Random
) -> tuple[list[_Table], list[tuple[int, Words]]]:
    """The source tables, of which the first stand for the targets in their order, and what they share with
    them: (index of both tables, column).
    """
    sources: list[_Table] = []
    truth: list[tuple[int, Words]] = []
    for i, (target, size) in enumerate(zip(targets, _sizes(columns, chance), strict=False)):
        shared = target.columns[: min(size, -(-len(target.columns) // TRUE_SHARE))]
        other = _columns(size - len(shared), chance, frozenset(target.columns))
        sources.append(_Table(target.words, tuple(chance.sample((*shared, *other), size))))
        truth += [(i, words) for words in shared]
    left = columns - sum(len(table.columns) for table in sources)
    return sources + _tables(left, chance, frozenset(table.words for table in targets)), truth


def _spelled_sources(tables: list[_Table], chance: random.Random) -> list[_Spelled]:
    names: set[str] = set()
    return [_spelled(table, names, chance) for table in tables]


def _spelled(table: _Table, names: set[str], chance: random.Random) -> _Spelled:
    """The table in the ways of one system; `names` are those of the other tables, and gets its own."""
    case = chance.choice((_snake, _camel, _capitals, _run_together))
    prefix: Words = chance.choice(((), (), (_abbreviated(table.words[0])[:3],), table.words[:1]))
    short = chance.random() < 0.5
    name = _new(case(tuple(map(_abbreviated, table.words)) if short else table.words), names)
    taken: set[str] = set()
    columns = {
        words: _new(case((*prefix, *chance.choice(_RENAMES)(words))), taken) for words in table.columns
    }
    return _Spelled(table, name, columns)


def _new(name: str, taken: set[str]) -> str:
    """The name, with a digit when it is taken without regard to case."""
    while name.lower() in taken:
        name += "2"
    taken.add(name.lower())
    return name


def _abbreviated(word: str) -> str:
    return _ABBREVIATIONS.get(word, word[:4])


def _without_vowels(word: str) -> str:
    return word[0] + "".join(letter for letter in word[1:] if letter not in "aeiou")


_RENAMES: tuple[Callable[[Words], Words], ...] = (
    lambda words: words,
    lambda words: tuple(map(_abbreviated, words)),
    lambda words: tuple(map(_without_vowels, words)),
    lambda words: tuple(_SYNONYMS.get(word, word) for word in words),
    lambda words: words[::-1],
    lambda words: (words[0], _abbreviated(words[1])),
)


def _snake(words: Words) -> str:
    return "_".join(words)


def _camel(words: Words) -> str:
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _capitals(words: Words) -> str:
    return "_".join(words).upper()


def _run_together(words: Words) -> str:
    return "".join(words)


def _write_side(folder: Path, side: str, tables: list[_Spelled], seed: int) -> None:
    (folder / side).mkdir(parents=True)
    entries = [{"name": t.name, "description": "", "columns": _column_entries(t)} for t in tables]
    (folder / f"{side}.json").write_text(json.dumps({"tables": entries}))
    chance = random.Random(seed)
    for spelled in tables:
        values = [_values(spelled.table.words, words, chance) for words in spelled.columns]
        with (folder / side / f"{spelled.name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(spelled.columns.values())
            writer.writerows(zip(*values, strict=True))


def _column_entries(spelled: _Spelled) -> list[dict[str, str]]:
    return [
        {"name": name, "type": _TYPES[_NOUNS[words[1]]], "description": ""}
        for words, name in spelled.columns.items()
    ]


def _values(table: Words, column: Words, chance: random.Random) -> list[str]:
    """Values of one column: what kind, size and codes is the same on both sides, the rows are not."""
    world = random.Random(f"{table} {column}")
    kind, size = _NOUNS[column[1]], 10 ** world.randint(1, 6)
    codes = [
        f"{_abbreviated(world.choice(_THINGS.split()))[:3].upper()}{world.randint(1, 9)}" for _ in range(5)
    ]
    things = _THINGS.split()
    year = world.randint(1990, 2024)
    make: dict[str, Callable[[], str]] = {
        "number": lambda: str(chance.randint(size, 2 * size)),
        "decimal": lambda: f"{chance.uniform(0, size):.2f}",
        "date": lambda: f"{year}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "time": lambda: f"{year}-{chance.randint(1, 12):02}-10 {chance.randint(0, 23):02}:15:00",
        "code": lambda: chance.choice(codes),
        "text": lambda: f"{chance.choice(things)} {chance.choice(things)}",
        "email": lambda: f"{chance.choice(things)}{chance.randint(1, 99)}@example.com",
        "flag": lambda: chance.choice(("true", "false")),
    }
    return [make[kind]() for _ in range(ROWS)]
