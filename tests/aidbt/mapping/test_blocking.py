"""Which pairs are looked at when there are too many to look at all."""

import tracemalloc
from random import Random

import numpy as np
import pytest
from match_tasks import embed, schemas, table

from aidbt.core.config import MappingSettings
from aidbt.mapping import blocking
from aidbt.mapping.blocking import likely_pairs
from aidbt.mapping.schemas import match_schemas
from aidbt.mapping.sides import TableSide
from aidbt.mapping.signals import SchemaPair

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

_THINGS = """customer order invoice payment shipment product account contact ticket campaign warehouse
    employee contract supplier budget vehicle booking session device location""".split()
_OF_WHAT = """number name status amount currency country city street score weight height color brand owner
    reason channel priority version language discount""".split()
_SHORT = {"customer": "cust", "number": "no", "amount": "amt", "quantity": "qty", "product": "prod",
          "account": "acct", "status": "stat", "address": "addr"}  # fmt: skip


@pytest.fixture
def few_in_full(monkeypatch):
    """Blocking from 50 pairs on."""
    monkeypatch.setattr(blocking, "FULL", 50)


def looked_at(pair: SchemaPair) -> set[tuple[str, str, str, str]]:
    """The pairs by name: source table, source column, target table, target column."""
    found = likely_pairs(pair)
    names = [
        [(t.relation.name, c.name) for t, c in side.with_tables()] for side in (pair.source, pair.target)
    ]
    return {(*names[0][i], *names[1][j]) for i, j in zip(found.source, found.target, strict=True)}


def wide(prefix: str, count: int, *, seed: int = 0) -> list[TableSide]:
    """Tables of 20 columns with names of three words, each name once."""
    random = Random(seed)
    names = [f"{a}_{b}_{n}" for a in _THINGS for b in _OF_WHAT for n in range(1 + count // 400)]
    random.shuffle(names)
    return [table(*names[n : n + 20], name=f"{prefix}{n // 20}") for n in range(0, count, 20)]


def shortened(side: list[TableSide]) -> list[TableSide]:
    """The same tables under other names, their columns abbreviated."""
    return [
        table(*("_".join(_SHORT.get(word, word) for word in c.name.split("_")) for c in t.relation.columns),
              name=f"src_{t.relation.name}")
        for t in side
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (7, 7)])
def test_few_pairs_are_all_looked_at(few_in_full, shape):
    pair = schemas([table(*"abcdefgh"[: shape[0]])], [table(*"abcdefgh"[: shape[1]])])

    found = likely_pairs(pair)

    assert len(found) == shape[0] * shape[1]
    assert np.array_equal(found.source * max(shape[1], 1) + found.target, np.arange(len(found)))


@pytest.mark.parametrize("meaning", [None, embed])
def test_of_many_pairs_the_likely_ones_are_looked_at_each_once_source_by_source(few_in_full, meaning):
    target = wide("t", 400)
    pair = schemas(shortened(target), target, embed=meaning)

    found = likely_pairs(pair)
    keys = found.source * len(pair.target) + found.target

    assert (np.diff(keys) > 0).all()
    assert len(found) < 0.4 * pair.shape[0] * pair.shape[1]
    assert {(n, n) for n in range(400)} <= set(zip(found.source.tolist(), found.target.tolist(), strict=True))


def test_every_source_and_every_target_is_looked_at(few_in_full):
    pair = schemas(wide("s", 200, seed=1), [table(*(f"völlig_anders_{n}" for n in range(90)))])

    found = likely_pairs(pair)

    assert set(found.source.tolist()) == set(range(200))
    assert set(found.target.tolist()) == set(range(90))


def test_all_columns_of_tables_that_are_near_are_looked_at_whatever_their_names(few_in_full):
    target = wide("t", 200)
    target[3] = table(*(c.name for c in target[3].relation.columns), "zzqx", name="weather")
    source = [*shortened(wide("s", 200)), table(*(c.name for c in target[3].relation.columns), "ljbv",
                                                name="weather")]  # fmt: skip

    assert ("weather", "ljbv", "weather", "zzqx") in looked_at(schemas(source, target))


def test_what_a_model_of_meaning_knows_is_looked_at(few_in_full):
    source = [table("flurble", name="s")]
    target = [table("grommet", *(f"flurbl_{n}" for n in range(80)), name="t"), table("x", name="u")]

    without, with_meaning = (looked_at(schemas(source, target, embed=model)) for model in (None, embed))

    assert ("s", "flurble", "t", "grommet") in with_meaning
    assert len(without) >= 30


@pytest.mark.parametrize("full", [1, 10_000])
def test_what_a_person_ruled_out_is_not_looked_at(monkeypatch, full):
    monkeypatch.setattr(blocking, "FULL", full)
    sides = [[table("email", "name", name="a"), table("email", name="b")] for _ in range(2)]
    never = frozenset({("a", "email", "a", "email"), ("b", "email", "nowhere", "email")})

    found = looked_at(schemas(*sides, never=never))

    assert ("a", "email", "a", "email") not in found
    assert {("a", "email", "b", "email"), ("b", "email", "b", "email")} <= found


def test_everything_may_be_ruled_out():
    never = frozenset({("t", "a", "t", "a")})

    assert len(likely_pairs(schemas([table("a")], [table("a")], never=never))) == 0


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_tables_without_columns_change_nothing(few_in_full, where):
    def with_empty(side: list[TableSide], name: str) -> list[TableSide]:
        place = {"first": 0, "middle": len(side) // 2, "last": len(side)}[where]
        return [*side[:place], table(name=name), *side[place:]]

    target = wide("t", 100)
    source = shortened(target)

    plain = looked_at(schemas(source, target))
    found = looked_at(schemas(with_empty(source, "none"), with_empty(target, "nothing")))

    assert {pair for pair in plain if pair[1].split("_")[-1] == pair[3].split("_")[-1]} <= found | plain
    assert {(s.relation.name, a.name, t.relation.name, b.name) for s, t in zip(source, target, strict=True)
            for a, b in zip(s.relation.columns, t.relation.columns, strict=True)} <= found  # fmt: skip


def test_three_thousand_columns_beside_six_hundred_stay_small_and_find_their_partners():
    target = wide("t", 600)
    source = [*shortened(target), *wide("other", 2400, seed=7)]
    pair = schemas(source, target)
    assert pair.shape == (3000, 600)

    tracemalloc.start()
    found = likely_pairs(pair)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    together = set(zip(found.source.tolist(), found.target.tolist(), strict=True))
    kept = sum((n, n) in together for n in range(600)) / 600
    assert kept > 0.99
    assert len(found) < 300_000
    assert peak < 120_000_000


def test_the_last_column_of_a_table_counts_also_before_a_table_without_columns(few_in_full):
    source = [table("qqq", "humidity_reading", name="station")]
    source += [table(*(f"zzz{n}{m}" for m in range(10)), name=f"other{n}") for n in range(3)]
    target = [table(*(f"qqq{n}{m}" for m in range(10)), name=f"far{n}") for n in range(10)]
    target += [table("zzz", "humidity_reading", name="near"), table(name="empty")]

    # `qqq` and `zzz` are looked at for nothing but their tables.
    assert ("station", "qqq", "near", "zzz") in looked_at(schemas(source, target))


@pytest.mark.long
def test_matching_three_thousand_columns_with_six_hundred_never_holds_all_pairs():
    target = wide("t", 600)
    source = [*shortened(target), *wide("other", 2400, seed=7)]

    tracemalloc.start()
    found = match_schemas(source, target, MappingSettings())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    renamed = {
        (a.relation.name, x.name, b.relation.name, y.name)
        for a, b in zip(shortened(target), target, strict=True)
        for x, y in zip(a.relation.columns, b.relation.columns, strict=True)
    }
    likeliest = {
        (pair.source_table, pair.source_column, pair.target_table, pair.target_column) for pair in found.pairs
    }
    assert len(renamed & likeliest) > 0.95 * len(renamed)
    # The evidence on all 1.8 million pairs would be more than a gigabyte.
    assert peak < 300_000_000
