"""Dead letters: read again once, landed with their mark, or still dead with the reason."""

from __future__ import annotations

import pytest

from aidbt.core.config import IngestSettings
from aidbt.core.errors import SourceError
from aidbt.store.leases import Leases
from ingestion.dead_letters import replay
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
    waiting = [(table, raw) for table, raw, done in letters(runs) if not done]
    assert waiting == [("orders", "c|4|note 4|1"), ("people", "c|7|bad person|1")]


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
