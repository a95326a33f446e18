"""Vectors in the store: found by model and text, bounded, and nothing of a text is kept."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aidbt.core.errors import StoreError
from aidbt.store import Store, open_store
from aidbt.store.vectors import VectorTable
from tests.aidbt.store.places import Place, SetClock

HOUR_S = 3600.0


def vector(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def kept(table: VectorTable, *texts: str, model: str = "m") -> set[str]:
    return set(table.get_many(model, texts))


def test_a_vector_is_found_by_its_model_and_text_to_the_last_bit(store: Store, place: Place):
    third = vector(1 / 3, -0.0, np.finfo(np.float32).tiny)
    VectorTable(store).put_many("m", {"customer id": third, "": vector(1, 2, 3)})

    with closing(place.open()) as again:
        found = VectorTable(again).get_many("m", ["", "customer id", "unknown", "customer id"])

    assert set(found) == {"", "customer id"}
    assert found["customer id"].dtype == np.float32
    assert found["customer id"].tobytes() == third.tobytes()


def test_models_and_texts_are_not_mixed_up(store: Store):
    table = VectorTable(store)
    table.put_many("a b", {"c": vector(1)})
    table.put_many("a", {"b c": vector(2), "C": vector(3)})

    assert table.get_many("a b", ["c"])["c"] == vector(1)
    assert table.get_many("a", ["b c"])["b c"] == vector(2)
    assert table.get_many("a", ["c"]) == {}


def test_putting_a_vector_again_replaces_it(store: Store):
    table = VectorTable(store)
    table.put_many("m", {"a": vector(1, 2)})
    table.put_many("m", {"a": vector(3)})

    assert table.get_many("m", ["a"])["a"].tolist() == [3]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(), max_size=20), unique=True, max_size=20), data=st.data())
def test_whatever_text_is_put_is_found_and_nothing_else(store: Store, texts: list[str], data: st.DataObject):
    model = data.draw(st.uuids().map(str))
    table = VectorTable(store)
    put = {item: vector(number) for number, item in enumerate(texts[::2])}

    table.put_many(model, put)

    found = table.get_many(model, texts)
    assert {item: value.tolist() for item, value in found.items()} == {
        item: value.tolist() for item, value in put.items()
    }


@pytest.mark.long
def test_more_texts_than_a_statement_has_parameters(store: Store):
    table = VectorTable(store)
    texts = [f"column_{number}" for number in range(40_000)]
    table.put_many("m", {item: vector(number) for number, item in enumerate(texts)})

    found = table.get_many("m", texts)

    assert all(found[item][0] == number for number, item in enumerate(texts))


def test_beyond_the_limit_the_least_recently_used_are_dropped(store: Store):
    clock = SetClock(1_750_000_000.0)
    table = VectorTable(store, limit=3, clock=clock)
    for name in ("a", "b", "c"):
        table.put_many("m", {name: vector(1)})
        clock.now += HOUR_S
    assert kept(table, "a") == {"a"}  # used again, so that b is the oldest
    clock.now += HOUR_S

    table.put_many("other", {"a": vector(2)})

    assert kept(table, "a", "b", "c") == {"a", "c"}
    assert kept(table, "a", model="other") == {"a"}


def test_of_more_vectors_than_the_limit_the_last_are_kept(store: Store):
    table = VectorTable(store, limit=3)

    table.put_many("m", {name: vector(1) for name in "abcdef"})

    assert kept(table, *"abcdef") == set("def")


def test_a_use_is_noted_once_an_hour_and_after_the_clock_was_set_back(store: Store):
    clock = SetClock(1_750_000_000.0)
    table = VectorTable(store, clock=clock)
    table.put_many("m", {"a": vector(1)})

    def used_at() -> float:
        table.get_many("m", ["a"])
        with store.transaction() as connection:
            return float(connection.execute(text("select used_at from vectors")).scalar_one())

    first = clock.now
    clock.now = first + HOUR_S - 1
    assert used_at() == first
    clock.now = first + HOUR_S
    assert used_at() == first + HOUR_S
    clock.now = first - 10 * HOUR_S
    assert used_at() == first - 10 * HOUR_S


def test_no_text_is_written_to_the_disk(tmp_path: Path):
    secret = "jane.roe@example.org"
    with closing(open_store(tmp_path / "state.db")) as store:
        VectorTable(store).put_many("m", {secret: vector(1)})

    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"vectors_by_use" in written
    assert secret.encode() not in written


def test_a_damaged_store_is_a_clear_error(store: Store):
    with store.transaction() as connection:
        connection.execute(text("drop table vectors"))

    with pytest.raises(StoreError, match=r"no such table: vectors|relation .vectors. does not exist"):
        VectorTable(store).get_many("m", ["a"])
    with pytest.raises(StoreError, match=r"no such table: vectors|relation .vectors. does not exist"):
        VectorTable(store).put_many("m", {"a": vector(1)})
