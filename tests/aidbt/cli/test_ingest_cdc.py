"""`aidbt ingest cdc`, `status` and `replay`: what they say, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.core.errors import SourceError, UnknownName, UsageError
from aidbt.core.findings import Finding, Severity
from aidbt.store import open_store
from aidbt.store.leases import Leases
from ingestion.connectors import CONNECTORS
from tests.ingestion.transactions import LOGS, Log

FILES = {
    "dbt_project.yml": "name: shop\nprofile: shop\nflags: {send_anonymous_usage_stats: false}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH}}}\n",
    "aidbt.yml": "ingest: {lease_seconds: 1}\n",
    "aidbt/connectors/shop.yml": "connector: log\n",
    "aidbt/connectors/crm.yml": "connector: csv\npath: data/*.csv\nmax_rejected_rows: 5\n",
    "data/people.csv": "id,name\n1,a\n2,b,too much\n",
}


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace("PATH", str(root / "warehouse.duckdb")))
        self.log = LOGS["shop"] = Log()

    def run(self, *arguments: str):
        return CliRunner().invoke(cli, ["ingest", *arguments, "--project-dir", str(self.root)])

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    @property
    def store(self):
        return open_store(self.root / ".aidbt" / "state.db")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setitem(CONNECTORS._table, "log", "tests.ingestion.transactions:ConfiguredLog")
    return Project(tmp_path)


def test_the_screen_says_what_landed_and_what_comes_next(project):
    project.log.poison.add("note 2")
    project.log.insert(3)
    project.log.write(("people", "c", 1, "Ann"))

    text = project.ok("cdc", "--once")

    lines = text.splitlines()
    assert lines[0].startswith("landed 4 events of 2 tables in ")
    assert lines[1:6] == [
        "  table               bronze              rows  dead letters",
        "  shop.public.orders  bronze_shop.orders     2             1",
        "  shop.public.people  bronze_shop.people     1             0",
        "shop: everything that was committed before the start has landed",
        "1 dead letter: records that are no rows are kept with their reason (aidbt ingest status)",
    ]
    assert lines[-1] == "next: aidbt generate"


def test_what_begins_a_snapshot_is_no_event(project):
    text = project.ok("cdc", "shop", "--once", "--snapshot", "orders")

    assert text.splitlines()[0].startswith("landed 1 event of 1 table in ")
    assert "  shop.public.orders  bronze_shop.orders     1             0" in text
    (orders,) = [line.split() for line in project.ok("status").splitlines() if "public.orders" in line]
    assert orders[2:4] == ["1", "change"]


def test_once_models_are_made_of_what_landed_the_next_step_is_to_build_them(project):
    project.log.insert(1)
    project.ok("cdc", "--once")
    mappings = project.root / "aidbt" / "mappings"
    mappings.mkdir()
    (mappings / "shop__orders.yml").write_text(
        "source: {name: shop, table: orders, schema: bronze_shop, rows: changes, key: [id]}\n"
        "columns:\n  - {target: id, source: id, status: accepted, by: aidbt}\n"
    )
    project.log.insert(1)
    assert project.ok("cdc", "--once").splitlines()[-1] == "next: aidbt build"

    project.log.insert(1, "people")
    assert project.ok("cdc", "--once").splitlines()[-1] == "next: aidbt generate"


def test_nothing_new_is_said_too(project):
    project.ok("cdc", "--once")

    assert project.ok("cdc", "shop", "--once").splitlines()[0].startswith("landed 0 events of 0 tables in ")


def test_programs_get_the_whole_report(project):
    project.log.insert(3)

    report = json.loads(project.ok("cdc", "--once", "--output", "json"))

    (source,) = report["sources"]
    assert (source["source"], source["status"], source["at_end"]["level"]) == ("shop", "current", "full")
    assert source["at_end"]["tables"][0]["rows_landed"] == 3 and report["events"] == 3


def test_a_source_that_cannot_be_read_exits_2_and_says_why(project):
    def refused(number):
        raise SourceError("the slot is gone", hint="read the tables anew: --snapshot")

    project.log.insert(1)
    project.log.on_batch = refused
    done = project.run("cdc", "--once")

    assert done.exit_code == 2
    assert "failed shop: the slot is gone\n  hint: read the tables anew: --snapshot" in done.stdout


def test_a_source_that_breaks_off_exits_1(project):
    def refused(number):
        if number:
            raise SourceError("the slot is gone")

    (project.root / "aidbt.yml").write_text("ingest: {lease_seconds: 1, batch_events: 1}\n")
    project.log.insert(2)
    project.log.on_batch = refused

    assert project.run("cdc", "--once").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["cdc", "crm"], UsageError, "the source 'crm' streams no changes"),
        (["cdc", "shpo"], UnknownName, "no connector is called 'shpo'"),
        (["status", "shpo"], UnknownName, "no connector is called 'shpo'"),
        (["run", "shop"], UsageError, "nothing to load: shop only streams changes"),
    ],
)
def test_a_source_that_does_not_do_that_is_an_error_with_a_hint(project, arguments, error, message):
    done = project.run(*arguments)

    assert isinstance(done.exception, error) and done.exception.message == message
    assert done.exception.hint


def test_a_snapshot_is_of_one_source(project):
    LOGS["other"] = Log()
    (project.root / "aidbt/connectors/other.yml").write_text("connector: log\n")

    done = project.run("cdc", "--snapshot", "orders")
    assert isinstance(done.exception, UsageError)
    project.ok("cdc", "other", "--once", "--snapshot", "orders")


def test_loads_leave_streamed_tables_out_and_say_so(project):
    text = project.ok("run")

    assert "left out shop: * (streamed: aidbt ingest cdc shop)" in text
    assert "crm.people" in text and project.log.opened == 0


def test_status_says_how_everything_stands(project):
    assert "not known: the warehouse" in project.ok("status")
    project.log.poison.add("note 2")
    project.log.insert(3)
    project.ok("cdc", "--once")
    project.ok("run")

    lines = project.ok("status").splitlines()

    assert lines[0] == "found 2 sources, 2 tables in bronze"
    text = "\n".join(lines)
    assert "shop log, streamed\n  nobody reads it now: aidbt ingest cdc shop\n  lag 1.5 s, backlog " in text
    (orders,) = [line.split() for line in lines if "public.orders  bronze_shop.orders" in line]
    assert orders[2:4] == ["2", "changes"] and orders[-1] == "3"
    assert "  1 dead letter public.orders: poison; the latest: note 2 is poison" in text
    assert "  1 dead letter people: " in text
    assert lines[-1] == "next: mend what the letters died of, then aidbt ingest replay"


def test_status_says_who_reads_a_source(project):
    project.ok("cdc", "--once")
    Leases(project.store).acquire("stream:shop", "host, process 7 (aidbt ingest cdc)", ttl_s=60)

    assert "  stream:shop is in use by host, process 7 (aidbt ingest cdc), since " in project.ok("status")


def test_status_checks_a_source_that_nobody_reads_against_what_has_landed(project):
    project.log.insert(3)
    project.ok("cdc", "--once")

    project.ok("status", "shop")
    assert project.log.checked.parts == {"": {"at": 3}}

    Leases(project.store).acquire("stream:shop", "somebody who moves it on meanwhile", ttl_s=60)
    project.ok("status", "shop")
    assert project.log.checked.parts == {}


def test_status_says_when_a_log_was_restored_alone(project):
    project.log.insert(3)
    project.ok("cdc", "--once")
    with duckdb.connect(str(project.root / "warehouse.duckdb")) as warehouse:
        warehouse.execute("delete from bronze_shop.orders where id > 1")

    done = project.run("status", "shop")

    assert done.exit_code == 1
    assert "error shop: public.orders: 2 of the rows that landed last are not there any more" in done.stdout


def test_status_exits_1_when_something_stands_in_the_way(project):
    project.log.findings = [Finding("cdc.wal_level", Severity.ERROR, "shop", "wal_level is replica")]

    done = project.run("status")

    assert done.exit_code == 1 and "error shop: wal_level is replica [cdc.wal_level]" in done.stdout


def test_status_shows_the_rest_while_the_warehouse_is_in_use(project):
    project.ok("cdc", "--once")
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(project.root / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "1\n"
        text = project.ok("status", "shop")
        holder.kill()

    assert "not known: the warehouse" in text and "shop log, streamed" in text


def test_replay_lands_what_was_mended(project):
    project.log.poison |= {"note 2", "note 3"}
    project.log.insert(3)
    project.ok("cdc", "--once")
    project.ok("run")
    project.log.poison.discard("note 2")

    done = project.run("replay")

    assert done.exit_code == 1
    assert done.stdout.splitlines()[:3] == [
        "read again 2 dead letters: 1 row landed",
        "  table               bronze              read  landed  still dead",
        "  shop.public.orders  bronze_shop.orders     2       1           1",
    ]
    assert "still dead shop.public.orders: 1 × poison: note 3 is poison" in done.stdout
    assert "letters that are still no rows stay as they are" in done.stdout
    assert "left crm.people: 1 letter of a table that is loaded in full" in done.stdout
    project.log.poison.clear()
    assert "read again 1 dead letter: 1 row landed" in project.ok("replay", "shop")
    assert project.ok("replay", "shop") == "no dead letter waits\n"


SCRIPT = """\
import sys, time
from pathlib import Path
from aidbt.cli.main import main
from ingestion.connectors import CONNECTORS
CONNECTORS._table["log"] = "tests.ingestion.transactions:ConfiguredLog"
from tests.ingestion.transactions import LOGS, Log
log = LOGS["shop"] = Log()
log.insert(3)
if "stuck" in sys.argv:
    sys.argv.remove("stuck")
    log.on_batch = lambda number: (Path("started").touch(), time.sleep(600))
sys.argv = ["aidbt", "ingest", "cdc", "shop", *sys.argv[1:]]
main()
"""


def started(project, *arguments):
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=project.root, env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(found):
    ends_at = time.monotonic() + 30
    while not found():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_well(project, number):
    with started(project) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        while "3 events" not in line:
            assert process.poll() is None, line
            line = process.stderr.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert out.startswith("landed 3 events of 1 table in ")
    assert "shop: stopped as asked; the next run goes on there" in out
    assert "stopping after what is in hand" in err
    assert Leases(project.store).held() == ()


def test_the_second_signal_ends_it_at_once(project):
    with started(project, "stuck") as process:
        wait_for((project.root / "started").exists)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while "once more" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert process.returncode == 130


def test_it_stops_after_the_time_that_was_allowed(project):
    project.log.insert(3)

    assert "shop: stopped as asked" in project.ok("cdc", "--max-seconds", "0.5")
