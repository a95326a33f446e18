"""aidbt's own state: the same in a SQLite file and in PostgreSQL, used by several processes at once."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from aidbt.core.errors import UnknownName, VersionConflict
from aidbt.core.schema import ColumnProfile, TableProfile
from aidbt.store import Cache, Record, Store
from aidbt.store.cache import CASCADE, HOUR_S, TTL_S
from aidbt.store.profiles import ProfileCache
from tests.aidbt.store.places import Place, SetClock, together

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


# --- opening ------------------------------------------------------------------------------------------


def test_a_new_store_is_made_and_is_empty(place: Place):
    with closing(place.open()) as store:
        assert store.get("mapping", "crm.orders") is None
        assert store.all("mapping") == {}
        assert store.runs() == []


def test_a_reopened_store_has_everything(place: Place):
    with closing(place.open()) as store:
        store.put("mapping", "crm.orders", {"a": [1, None, "é"]})

    with closing(place.open()) as store:
        assert store.get("mapping", "crm.orders") == Record("mapping", "crm.orders", 1, {"a": [1, None, "é"]})


def test_checking_a_store_leaves_nothing_behind(store: Store):
    store.check()

    assert store.all("check") == {}


def test_a_closed_store_opens_again_when_it_is_used(store: Store):
    store.put("mapping", "a", 1)
    store.close()

    assert store.put("mapping", "a", 2).version == 2


# --- records and their versions -----------------------------------------------------------------------

VALUES = [None, True, 0, 1.5, "", "é\0\U0001f600", [], {}, [1, [2, {"a": None}]], {"": "x", "ключ": 10**15}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was_put(store: Store, value: object):
    store.put("mapping", "a", value)

    record = store.get("mapping", "a")
    assert record is not None
    assert record.value == value


def test_versions_count_from_one_per_kind_and_key(store: Store):
    put = [store.put("mapping", "a", 1), store.put("mapping", "a", 2), store.put("mapping", "b", 1),
           store.put("lock", "a", 1)]  # fmt: skip

    assert [record.version for record in put] == [1, 2, 1, 1]
    assert {key: record.version for key, record in store.all("mapping").items()} == {"a": 2, "b": 1}


def test_a_change_made_on_the_current_version_is_saved(store: Store):
    first = store.put("mapping", "a", 1, expected_version=0)
    second = store.put("mapping", "a", 2, expected_version=first.version)

    assert second == Record("mapping", "a", 2, 2)
    assert store.get("mapping", "a") == second


@pytest.mark.parametrize(
    ("key", "expected", "message"),
    [
        ("there", 1, "mapping 'there' changed meanwhile: expected version 1, it is version 2"),
        ("there", 3, "mapping 'there' changed meanwhile: expected version 3, it is version 2"),
        ("there", 0, "mapping 'there' changed meanwhile: expected version 0, it is version 2"),
        ("gone", 2, "mapping 'gone' changed meanwhile: expected version 2, it is gone"),
    ],
)
def test_a_change_made_on_another_version_is_a_conflict(store: Store, key: str, expected: int, message: str):
    store.put_all("mapping", {"there": "old"})
    store.put_all("mapping", {"there": "theirs"})

    with pytest.raises(VersionConflict) as caught:
        store.put("mapping", key, "mine", expected_version=expected)

    assert caught.value.message == message
    assert {key: record.value for key, record in store.all("mapping").items()} == {"there": "theirs"}


def test_many_values_are_saved_at_once_or_not_at_all(store: Store):
    store.put("mapping", "a", "old")
    store.put_all("mapping", {"a": "new", "b": "new"})
    with pytest.raises(TypeError):
        store.put_all("mapping", {"c": "new", "d": object()})
    store.put_all("mapping", {})

    assert {key: (r.version, r.value) for key, r in store.all("mapping").items()} == {
        "a": (2, "new"),
        "b": (1, "new"),
    }


def test_what_fails_inside_a_transaction_leaves_nothing(store: Store):
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        connection.execute(text("insert into records values ('mapping', 'a', 1, '1', '')"))
        _ = 1 / 0

    assert store.all("mapping") == {}


def test_of_two_processes_that_save_the_same_version_exactly_one_wins(place: Place):
    """Both change version 0, then 1, then 2, … of one record; each notes which it won."""
    place.open().close()
    code = """\
store, won = here(), []
for version in range(60):
    while True:
        try:
            store.put("mapping", "a", args[0], expected_version=version)
            won.append(version)
        except VersionConflict as conflict:
            if conflict.actual is None or conflict.actual < version:
                continue  # the other has not saved the version before this one yet
        break
print(json.dumps(won))
"""
    one, other = (json.loads(won) for won in together(place, code, ("one",), ("other",)))

    assert sorted([*one, *other]) == list(range(60))
    with closing(place.open()) as store:
        last = store.get("mapping", "a")
    assert last == Record("mapping", "a", 60, "one" if 59 in one else "other")


@pytest.mark.long
def test_processes_that_write_at_once_lose_nothing(place: Place):
    code = """\
store = here()
cache = Cache(store)
for number in range(40):
    store.put("mapping", f"{args[0]}-{number}", number)
    store.put("counter", "both", number)
    cache.put("profile", f"{args[0]}-{number}", number)
"""
    together(place, code, ("a",), ("b",), ("c",))

    expected = {f"{name}-{number}" for name in "abc" for number in range(40)}
    with closing(place.open()) as store:
        assert store.all("mapping").keys() == expected
        counter = store.get("counter", "both")
        assert counter is not None
        assert counter.version == 120
        assert {entity for entity, _ in Cache(store).get_all("profile")} == expected


# --- runs ---------------------------------------------------------------------------------------------


def record(
    store: Store,
    run: str,
    *,
    minutes: float,
    status: str = "success",
    report: object = None,
    target: str = "",
) -> None:
    started = NOON + timedelta(minutes=minutes)
    store.record_run(
        invocation_id=run,
        command="build",
        status=status,
        started_at=started,
        finished_at=started + timedelta(seconds=90),
        report=report if report is not None else {},
        target=target,
    )


def test_a_run_comes_back_as_it_was_recorded(store: Store):
    record(store, "run-1", minutes=0, report={"failures": [{"unique_id": "model.shop.a"}]})

    assert store.runs() == [
        {
            "invocation_id": "run-1",
            "command": "build",
            "status": "success",
            "started_at": "2026-03-01T12:00:00+00:00",
            "finished_at": "2026-03-01T12:01:30+00:00",
            "report": {"failures": [{"unique_id": "model.shop.a"}]},
        }
    ]


def test_the_latest_runs_come_first_and_no_more_than_asked_for(store: Store):
    for run, minutes in (("b", 2), ("d", 4), ("a", 1), ("c", 2.01)):
        record(store, run, minutes=minutes)

    assert [run["invocation_id"] for run in store.runs()] == ["d", "c", "b", "a"]
    assert [run["invocation_id"] for run in store.runs(limit=2)] == ["d", "c"]


def test_a_run_that_is_recorded_twice_keeps_the_last_report(store: Store):
    record(store, "run-1", minutes=0, status="running")
    record(store, "run-1", minutes=0, status="error", report={"failed": 1})

    assert [(run["status"], run["report"]) for run in store.runs()] == [("error", {"failed": 1})]


def test_the_runs_of_one_target_are_those_of_it_and_those_that_do_not_say_theirs(store: Store):
    for run, minutes, target in (("a", 1, "dev"), ("b", 2, ""), ("c", 3, "prod"), ("d", 4, "prod")):
        record(store, run, minutes=minutes, target=target)

    assert [run["invocation_id"] for run in store.runs(2, target="prod")] == ["d", "c"]
    assert [run["invocation_id"] for run in store.runs(2, target="prod", skip=2)] == ["b"]
    assert len(store.runs()) == 4
    assert store.run_targets() == {"": 1, "dev": 1, "prod": 2}
    assert store.run_targets(since=NOON + timedelta(minutes=3)) == {"prod": 2}


def test_runs_that_are_too_old_can_be_forgotten(store: Store):
    for run, minutes in (("a", 1), ("b", 2), ("c", 3)):
        record(store, run, minutes=minutes)

    assert store.forget_runs(NOON + timedelta(minutes=2)) == 1
    assert [run["invocation_id"] for run in store.runs()] == ["c", "b"]
    assert store.run("a") is None


# --- the cache ----------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON.timestamp())


@pytest.fixture
def cache(store: Store, clock: SetClock) -> Cache:
    return Cache(store, clock=clock)


def test_a_cached_value_is_found_by_kind_entity_and_key(cache: Cache):
    cache.put("profile", "crm.orders", {"rows": 1}, key="v1")
    cache.put("profile", "crm.orders", {"rows": 2}, key="v2")
    cache.put("schema", "crm.orders", ["id"])

    assert cache.get("profile", "crm.orders", "v1") == {"rows": 1}
    assert cache.get("profile", "crm.orders", "v2") == {"rows": 2}
    assert cache.get("profile", "crm.orders") is None
    assert cache.get("schema", "crm.orders") == ["id"]
    assert cache.get_all("profile") == {("crm.orders", "v1"): {"rows": 1}, ("crm.orders", "v2"): {"rows": 2}}


def test_putting_a_value_again_replaces_it_and_renews_its_time(cache: Cache, clock: SetClock):
    cache.put("schema", "a", 1)
    clock.now += 0.75 * HOUR_S
    cache.put("schema", "a", 2)
    clock.now += 0.75 * HOUR_S

    assert cache.get("schema", "a") == 2


@pytest.mark.parametrize("kind", TTL_S)
def test_a_value_is_good_for_the_time_of_its_kind(cache: Cache, clock: SetClock, kind: str):
    cache.put(kind, "a", 1)

    clock.now += TTL_S[kind] - 1
    assert cache.get(kind, "a") == 1
    assert cache.get_all(kind) == {("a", ""): 1}

    clock.now += 1
    assert cache.get(kind, "a") is None
    assert cache.get_all(kind) == {}


def test_the_times_are_the_ones_that_are_promised():
    assert {kind: seconds / HOUR_S for kind, seconds in TTL_S.items()} == {
        "profile": 24, "mapping": 24, "embedding": 168, "schema": 1, "sql": 24, "lineage": 1, "quality": 1,
        "response": 1 / 12, "completion": 168, "reading": 168, "past_profile": 90 * 24,
    }  # fmt: skip


ENTITIES = [
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "a.bc",
    "a.b-c",
    "a.b/c",
    "a.b c",
    "A.b",
    "a.b_",
    "aXb",
    "b",
    "a.b%",
]


@pytest.mark.parametrize(
    ("entity", "dropped"),
    [
        ("a.b", {"a.b", "a.b.c", "a.b.c.d"}),
        ("a.b.c", {"a.b.c", "a.b.c.d"}),
        ("a", {"a", "a.b", "a.b.c", "a.b.c.d", "a.bc", "a.b-c", "a.b/c", "a.b c", "a.b_", "a.b%"}),
        ("a.b%", {"a.b%"}),
        ("a_b", set()),
        ("nothing", set()),
    ],
)
def test_a_change_drops_the_entity_and_what_is_below_it_and_no_namesake(
    cache: Cache, entity: str, dropped: set[str]
):
    cache.put_all("profile", {(name, "key"): 1 for name in ENTITIES})

    done = cache.invalidate(entity, "data_load")

    assert {name for name, _ in cache.get_all("profile")} == set(ENTITIES) - dropped
    assert done["profile"] == len(dropped)


@pytest.mark.parametrize("change", CASCADE)
def test_a_change_drops_exactly_the_kinds_that_hang_on_it(cache: Cache, change: str):
    for kind in TTL_S:
        cache.put(kind, "crm.orders", 1)
        cache.put(kind, "crm.customers", 1)

    done = cache.invalidate("crm.orders", change)

    assert done == dict.fromkeys(CASCADE[change], 1)
    assert {kind for kind in TTL_S if cache.get(kind, "crm.orders") is None} == set(CASCADE[change])
    assert all(cache.get(kind, "crm.customers") == 1 for kind in TTL_S)


def test_every_invalidation_is_logged_with_what_it_dropped(cache: Cache):
    cache.put_all("profile", {("crm.orders", "1"): 1, ("crm.orders", "2"): 1})

    cache.invalidate("crm.orders", "data_load")
    cache.invalidate("crm", "mapping_decision")

    assert cache.invalidations() == [
        ("crm.orders", "data_load", "profile", 2),
        ("crm.orders", "data_load", "quality", 0),
        ("crm.orders", "data_load", "response", 0),
        ("crm", "mapping_decision", "mapping", 0),
        ("crm", "mapping_decision", "sql", 0),
    ]


def test_what_is_too_old_is_removed_when_anything_is_invalidated(store: Store, cache: Cache, clock: SetClock):
    cache.put("quality", "crm.orders", 1)
    cache.put("embedding", "crm.orders", 1)
    clock.now += 2 * HOUR_S

    cache.invalidate("erp.items", "data_load")

    with store.transaction() as connection:
        assert connection.execute(text("select kind from cache")).scalars().all() == ["embedding"]


def test_unknown_kinds_and_changes_are_refused_with_the_nearest(cache: Cache):
    with pytest.raises(UnknownName, match="did you mean 'profile'"):
        cache.put("profiles", "a", 1)
    with pytest.raises(UnknownName, match="did you mean 'lineage'"):
        cache.get("linage", "a")
    with pytest.raises(UnknownName, match="did you mean 'lineage'"):
        cache.get_all("linage")
    with pytest.raises(UnknownName, match="did you mean 'data_load'"):
        cache.invalidate("a", "data_loaded")


# --- table profiles -----------------------------------------------------------------------------------

PROFILE = TableProfile(
    schema="raw",
    name="orders",
    row_count=3,
    sample_rows=3,
    fingerprint="abc",
    columns=(
        ColumnProfile(
            "id", "BIGINT", 0.0, 3, is_unique=True, minimum="1", maximum="3", mean=2.0, stddev=1.0,
            quantiles=(1.0, 2.0), top_values=(("1", 0.5),), role=None,
        ),
        ColumnProfile("at", "TIMESTAMP", 1 / 3, 2, formats={"date": 0.5}, role="load_time"),
        ColumnProfile("mail", "VARCHAR", 0.0, 3, pii="email", pii_reasons=("named like an e-mail address",)),
    ),
    keys=("id",),
    composite_keys=(("mail", "at"),),
)  # fmt: skip


def test_a_profile_is_found_by_its_fingerprint_and_is_the_same(cache: Cache):
    ProfileCache(cache).put([("crm.orders", PROFILE)])

    assert ProfileCache(cache).get("crm.orders", "abc") == PROFILE
    assert ProfileCache(cache).get("crm.orders", "changed") is None
    assert ProfileCache(cache).get("crm.customers", "abc") is None


def test_a_profile_that_was_put_is_found_by_the_same_object(cache: Cache):
    profiles = ProfileCache(cache)
    assert profiles.get("crm.orders", "abc") is None

    profiles.put([("crm.orders", PROFILE)])

    assert profiles.get("crm.orders", "abc") == PROFILE


def test_a_profile_in_the_form_of_another_version_is_not_read_and_is_overwritten(cache: Cache):
    cache.put("profile", "crm.orders", {"schema": "raw", "columns": [{"top_values": [["a@b.de", 1]]}]}, "abc")
    assert ProfileCache(cache).get("crm.orders", "abc") is None

    ProfileCache(cache).put([("crm.orders", PROFILE)])

    assert "a@b.de" not in str(cache.get_all("profile"))
    assert ProfileCache(cache).get("crm.orders", "abc") == PROFILE


def test_a_load_makes_a_profile_unknown(cache: Cache):
    profiles = ProfileCache(cache)
    profiles.put([("crm.orders", PROFILE)])
    assert profiles.get("crm.orders", "abc") == PROFILE

    cache.invalidate("crm.orders", "data_load")

    assert profiles.get("crm.orders", "abc") is None


@pytest.mark.long
def test_what_a_column_once_held_is_known_after_loads_and_days(store: Store):
    now = [1_000_000.0]
    cache = Cache(store, clock=lambda: now[0])
    profiles = ProfileCache(cache)
    profiles.put([("crm.orders", PROFILE)])

    cache.invalidate("crm.orders", "data_load")
    now[0] += 30 * 24 * HOUR_S

    assert profiles.get("crm.orders", "abc") is None
    assert profiles.with_columns({"crm.orders": ["mail"]}) == {"crm.orders": PROFILE}
