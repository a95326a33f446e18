"""Dead letters: read again once, landed with their mark, or still dead with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.core.config import IngestSettings
from aidbt.core.errors import SourceError
from aidbt.store.leases import Leases
from ingestion.dead_letters import replay, try_again
from ingestion.settings import connector_from
from tests.ingestion.test_stream import Runs
from tests.ingestion.transactions import Log, LogConnector, LogSource


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def poisoned(runs):
    """A log of which two rows of orders and one of people are dead letters."""
    log = Log(poison={"note 2", "note 4", "bad person"})
    log.insert(5)
    log.write(("people", "c", 7, "bad person"), ("people", "c", 8, "fine"))
    runs.run(log)
    return log


def replayed(runs, *connectors, **options):
    return replay(
        connectors,
        lambda: runs.warehouse,
        runs.store,
        runs.folder / "state",
        settings=IngestSettings(lease_seconds=1),
        **options,
    )


def letters(runs):
    return runs.rows(
        "select table_name, raw, replayed_in is not null from bronze_shop._aidbt_dead_letters order by all"
    )


def test_letters_that_are_rows_now_land_and_are_marked(runs):
    log = poisoned(runs)
    log.poison.clear()

    report = replayed(runs, LogConnector(log))

    assert [(t.table, t.letters, t.rows_landed, t.still_dead, t.error) for t in report.tables] == [
        ("public.orders", 2, 2, (), None),
        ("public.people", 1, 1, (), None),
    ]
    assert runs.ids() == [1, 2, 3, 4, 5] and all(done for *_, done in letters(runs))
    assert replayed(runs, LogConnector(log)).tables == ()
    assert Leases(runs.store).held() == ()


def test_what_is_still_dead_is_said_and_kept_once(runs):
    log = poisoned(runs)
    log.poison.discard("note 2")

    report = replayed(runs, LogConnector(log))

    orders, people = report.tables
    assert (orders.letters, orders.rows_landed) == (2, 1)
    assert [(dead.cause, dead.letters, dead.reason) for dead in orders.still_dead] == [
        ("poison", 1, "note 4 is poison")
    ]
    assert people.rows_landed == 0 and len(people.still_dead) == 1
    assert runs.ids() == [1, 2, 3, 5]
    assert letters(runs) == [
        ("orders", "c|2|note 2|1", True),
        ("orders", "c|4|note 4|1", False),
        ("people", "c|7|bad person|1", False),
    ]
    assert people.batch_id is None


def test_a_replay_in_which_nothing_becomes_a_row_writes_nothing(runs):
    log = poisoned(runs)
    loads = "select count(*) from bronze_shop._aidbt_loads"
    before = (letters(runs), runs.rows(loads))

    for _ in range(2):
        orders, people = replayed(runs, LogConnector(log)).tables
        assert [(t.letters, t.rows_landed, t.batch_id) for t in (orders, people)] == [
            (2, 0, None),
            (1, 0, None),
        ]
        assert [dead.letters for dead in (*orders.still_dead, *people.still_dead)] == [2, 1]

    assert (letters(runs), runs.rows(loads)) == before


def test_a_letter_that_dies_of_something_else_is_kept_with_the_new_reason(runs, monkeypatch):
    log = poisoned(runs)
    changes = LogSource._changes

    def another_reason(self, table, found):
        piece = changes(self, table, found)
        dead = tuple(replace(letter, reason="still no good") for letter in piece.dead_letters)
        return replace(piece, dead_letters=dead)

    monkeypatch.setattr(LogSource, "_changes", another_reason)
    replayed(runs, LogConnector(log), table="people")

    assert runs.rows(
        "select reason, replayed_in is null from bronze_shop._aidbt_dead_letters"
        " where table_name = 'people' order by reason"
    ) == [("bad person is poison", False), ("still no good", True)]


def test_letters_behind_many_that_stay_are_read_too(runs, monkeypatch):
    log = poisoned(runs)
    log.poison.discard("note 4")
    monkeypatch.setattr("ingestion.dead_letters._MOST_LETTERS", 1)

    (orders,) = replayed(runs, LogConnector(log), table="orders").tables

    assert (orders.letters, orders.rows_landed) == (2, 1) and runs.ids() == [1, 3, 4, 5]
    assert [(dead.letters, dead.reason) for dead in orders.still_dead] == [(1, "note 2 is poison")]


def test_what_was_said_of_one_table_may_become_rows_of_another(runs, monkeypatch):
    log = poisoned(runs)
    log.poison.clear()
    read = LogSource.replay

    def elsewhere(self, found, state):
        (piece,) = read(self, found, state)
        nothing = replace(piece, rows=piece.rows.slice(0, 0), events=0)
        to = replace(piece.to, table="guests", source_table="public.guests")
        return [replace(piece, to=to), nothing]

    monkeypatch.setattr(LogSource, "replay", elsewhere)
    (people,) = replayed(runs, LogConnector(log), table="people").tables

    assert (people.error, people.rows_landed) == (None, 1)
    assert runs.rows("select id from bronze_shop.guests") == [(7,)]


def test_a_replay_does_not_move_the_stream(runs):
    log = poisoned(runs)
    log.poison.clear()
    replayed(runs, LogConnector(log))
    log.insert(2)

    assert runs.run(log).events == 2
    assert runs.ids() == [1, 2, 3, 4, 5, 7, 8]


def test_only_the_letters_that_are_asked_for(runs):
    log = poisoned(runs)
    log.poison.clear()
    connector = LogConnector(log)

    assert replayed(runs, connector, cause="another").tables == ()
    assert [t.table for t in replayed(runs, connector, table="people").tables] == ["public.people"]
    assert [t.table for t in replayed(runs, connector, table="public.orders").tables] == ["public.orders"]


def test_a_source_that_keeps_nothing_changes_nothing(runs, monkeypatch):
    log = poisoned(runs)

    def refuse(self, letters, state):
        raise SourceError("nothing can be read again", hint="snapshot the table")

    monkeypatch.setattr(LogSource, "replay", refuse)
    report = replayed(runs, LogConnector(log))

    assert [(t.error, t.hint, t.batch_id) for t in report.tables] == [
        ("nothing can be read again", "snapshot the table", None)
    ] * 2
    assert not any(done for *_, done in letters(runs))


def test_letters_of_full_loads_are_read_again_by_the_next_load(runs, tmp_path):
    from ingestion.pipeline import run_loads

    (tmp_path / "crm.csv").write_text("id,name\n1,a\n2,b,too much\n")
    connector = connector_from("crm.csv", "crm", root=tmp_path, options={"max_rejected_rows": 5})
    run_loads([connector], lambda: runs.warehouse)

    report = replayed(runs, connector)

    assert report.tables == () and [(g.table, g.waiting) for g in report.of_loads] == [("crm", 1)]


def test_a_table_that_is_being_written_is_waited_for(runs):
    log = poisoned(runs)
    log.poison.clear()
    Leases(runs.store).acquire("table:bronze_shop.orders", "one that was killed", ttl_s=1)

    assert [t.error for t in replayed(runs, LogConnector(log)).tables] == [None, None]


def test_reading_again_says_what_a_replay_would_land_and_lands_nothing(runs):
    log = poisoned(runs)
    log.poison.discard("note 2")
    before = letters(runs)

    tried = try_again(LogConnector(log), lambda: runs.warehouse, runs.folder / "state")

    assert [(one.table, one.letters, one.dead, one.reason) for one in tried] == [
        ("public.orders", 2, 1, "note 4 is poison"),
        ("public.people", 1, 1, "bad person is poison"),
    ]
    assert letters(runs) == before and runs.ids() == [1, 3, 5]
