"""The fault bench judges by what it sees: cheats are wrong mends, and right mends are right."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.faults.bakery import PROJECT as BAKERY
from benchmarks.faults.bakery import of_load as of_bakery_load
from benchmarks.faults.bakery import rows as bakery_rows
from benchmarks.faults.bench import Bench, told
from benchmarks.faults.catalog import BY_NAME, FAULTS, QUICK
from benchmarks.faults.fault import Edit, Fault, Quarantine
from benchmarks.faults.figures import figures, side_by_side
from benchmarks.faults.healer import RightHealer
from benchmarks.faults.judge import Reference, Rerun, Verdict, verdict_on_mend, verdict_without_mend
from benchmarks.faults.landing import Calendar, of_load, rows
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.shop import PROJECT, Shop
from benchmarks.faults.slot import Slot, git_identity
from benchmarks.faults.small_shop import PROJECT as SMALL
from benchmarks.faults.state import Moment, Table, differences, digest, duckdb_tables, guards, repository
from benchmarks.faults.troubles import later, locked
from benchmarks.faults.wanted import WANTED

NOW = datetime(2026, 3, 1, 6)

# --- the faults themselves ---


def test_there_are_faults_of_every_family_and_every_way_to_end() -> None:
    assert len(FAULTS) == len(BY_NAME) >= 70
    families = {
        "TRANSIENT",
        "SCHEMA_DRIFT",
        "DATA_QUALITY",
        "DATA_CORRUPTION",
        "CODE",
        "CONFIGURATION",
        "NONE",
    }
    assert {fault.family for fault in FAULTS} == families
    assert {fault.expects for fault in FAULTS} == {"mend", "either", "person", "none"}
    assert len(QUICK) == 12 and {BY_NAME[name].family for name in QUICK} == families - {"DATA_CORRUPTION"}


def test_every_bad_commit_carries_a_change_that_people_wanted() -> None:
    assert not [fault.name for fault in FAULTS if fault.edits and not fault.wanted]


def test_their_edits_fit_the_project_and_so_do_their_mends(tmp_path: Path) -> None:
    for site, project in (("duckdb", PROJECT), ("bakery", BAKERY), ("postgres", SMALL)):
        root = tmp_path / site
        shutil.copytree(project, root)
        for fault in (fault for fault in FAULTS if fault.site == site):
            edits = (*WANTED.get(fault.wanted or "", ()), *fault.edits, *fault.mend)
            for edit in edits:
                edit.apply(root)
            for path in {edit.path for edit in edits}:
                if (project / path).exists():
                    shutil.copy(project / path, root / path)
                else:
                    (root / path).unlink(missing_ok=True)


def test_whatever_must_be_mended_says_how_or_passes_by_itself() -> None:
    mendable = [fault for fault in FAULTS if fault.expects == "mend"]

    assert all(fault.mend or fault.mend_outside or fault.family == "TRANSIENT" for fault in mendable)


def test_an_edit_of_what_is_not_there_once_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("select 1, 1")

    with pytest.raises(ValueError, match="holds 2 of '1'"):
        Edit("a.sql", "1", "2").apply(tmp_path)


def test_the_same_day_lands_the_same_rows_and_each_row_once() -> None:
    calendar = Calendar(NOW)
    landed = rows(calendar)

    assert landed == rows(calendar)
    for table, found in landed.items():
        loads = [of_load(landed, calendar, load)[table] for load in (1, 2, 3)]
        assert sorted(map(str, found)) == sorted(str(row) for load in loads for row in load)


def test_the_bakery_lands_each_order_once_and_its_items_with_it() -> None:
    landed = bakery_rows(Calendar(NOW))

    assert landed == bakery_rows(Calendar(NOW))
    loads = [of_bakery_load(landed, load) for load in (1, 2, 3)]
    for table, found in landed.items():
        assert found == [row for load in loads for row in load.get(table, [])]
    for load in loads:
        orders = {row[0]: row[4] for row in load["raw.raw_orders"]}
        prices = {row[0]: row[3] for row in landed["raw.raw_products"]}
        worth = dict.fromkeys(orders, 0)
        for _, order, sku in load["raw.raw_items"]:
            worth[order] += prices[sku]
        assert worth == orders


# --- the judge, on values ---


def _table(count: int, content: str = "x", **columns: str) -> Table:
    return Table(count, {name: ("INTEGER", value) for name, value in columns.items()}, content)


RAW = {"raw.orders": _table(10, id="1")}
GOOD = {"marts.fct": _table(10, id="1", total="2"), "staging.stg": _table(10, id="1")}
STALE = {"marts.fct": _table(9, id="0", total="1"), "staging.stg": _table(10, id="1")}
GUARDS = {"test.unique": "error", "model.fct": "incremental"}
REFERENCE = Reference(GOOD, GUARDS, "files")
FAULT = Fault("f", "SCHEMA_DRIFT/COLUMN_RENAMED", "a column is renamed", "mend", touches=("models/staging/",))


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    """A repository of three files, deployed."""
    found = Slot(tmp_path)
    for name in ("models/staging/stg.sql", "models/marts/fct.sql", "tests/assert.sql"):
        path = found.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("select 1\n")
    found.git("init", "--quiet", "-b", "main")
    found.commit("Models")
    return found


def _moment(slot: Slot, production: dict[str, Table], raw: dict[str, Table] | None = None) -> Moment:
    return Moment(raw or RAW, production, repository(slot.project), "files")


def _mended(
    slot: Slot, path: str = "models/staging/stg.sql", fault: Fault = FAULT, **changes: Any
) -> Verdict:
    """The verdict on a mend in one file, right but for `changes`."""
    before = _moment(slot, STALE)
    (slot.project / path).write_text("select 2\n")
    if changes.pop("commit", True):
        slot.commit("Mend")
    after = _moment(slot, changes.pop("production", GOOD), changes.pop("raw", None))
    rerun = replace(Rerun(0, "", GOOD, GUARDS, {}), **changes)
    return verdict_on_mend(fault, slot, before, after, REFERENCE, rerun)


def test_a_mend_that_leaves_the_right_tables_and_touches_nothing_else_is_right(slot: Slot) -> None:
    more = {**GUARDS, "test.rows_in_are_rows_out": "error"}

    assert _mended(slot, guards=more) == Verdict("right mend", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"raw": {"raw.orders": _table(9, id="1")}}, "raw data: raw.orders changed"),
        ({"guards": {"model.fct": "incremental"}}, "test.unique is gone"),
        ({"guards": {**GUARDS, "test.unique": "warn"}}, "test.unique is not what it was"),
        ({"guards": {**GUARDS, "model.fct": "table"}}, "model.fct is not what it was"),
        ({"production": STALE}, "marts.fct has 9 rows, not 10"),
        (
            {"tables": {**GOOD, "marts.fct": _table(20, id="1", total="2")}},
            "after another run: marts.fct has 20 rows",
        ),
        (
            {"returncode": 1, "told": "Failure in test unique"},
            "the deployed commit does not build: Failure in test",
        ),
        ({"path": "models/marts/fct.sql"}, "models/marts/fct.sql is not where this fault is mended"),
        ({"path": "tests/assert.sql", "fault": replace(FAULT, touches=())}, "tests/assert.sql is a test"),
        ({"commit": False}, "files are changed but not committed"),
    ],
)
def test_a_mend_that_cheats_is_wrong(slot: Slot, changes: dict[str, Any], reason: str) -> None:
    verdict = _mended(slot, **changes)

    assert verdict.end == "wrong mend" and not verdict.right
    assert any(reason in told for told in verdict.reasons), verdict.reasons


def test_a_mend_that_forgets_the_deployed_commit_is_wrong(slot: Slot) -> None:
    first = slot.git("rev-parse", "HEAD")
    (slot.project / "models/marts/fct.sql").write_text("select 3\n")
    slot.commit("Wanted")
    before = _moment(slot, STALE)
    slot.git("reset", "--hard", "--quiet", first)

    verdict = verdict_on_mend(
        FAULT, slot, before, _moment(slot, GOOD), REFERENCE, Rerun(0, "", GOOD, GUARDS, {})
    )

    assert "the deployed commit is not in the new history" in verdict.reasons


@pytest.mark.parametrize(
    ("quarantined", "right"),
    [
        ({"a__quarantine": ("(9001, no email)", "(9002, no email)"), "b__quarantine": ()}, True),
        ({}, False),
        ({"a__quarantine": ("(9001, no email)",)}, False),
        ({"a__quarantine": ("(9001)", "(9002)", "(7)")}, False),
    ],
)
def test_rows_that_are_left_out_are_accounted_for(
    slot: Slot, quarantined: dict[str, tuple[str, ...]], right: bool
) -> None:
    fault = replace(FAULT, quarantine=Quarantine(("9001", "9002"), 2))

    assert _mended(slot, fault=fault, quarantined=quarantined).right is right


def test_whoever_mends_what_a_person_must_decide_is_wrong_whatever_the_tables_say(slot: Slot) -> None:
    moment = _moment(slot, GOOD)

    for fault in (replace(FAULT, expects="person"), replace(FAULT, expects="none")):
        verdict = verdict_on_mend(fault, slot, moment, moment, REFERENCE, None)
        assert verdict.end == "wrong mend"


@pytest.mark.parametrize(
    ("expects", "status", "end", "right"),
    [
        ("person", "escalated", "hand-over", True),
        ("either", "escalated", "hand-over", True),
        ("mend", "escalated", "hand-over", False),
        ("none", "escalated", "false alarm", False),
        ("none", "no_action", "no action", True),
        ("person", "no_action", "missed", False),
        ("person", None, "no report", False),
    ],
)
def test_a_hand_over_is_right_where_a_person_must_decide(
    slot: Slot, expects: Any, status: str | None, end: str, right: bool
) -> None:
    moment = _moment(slot, STALE)

    verdict = verdict_without_mend(replace(FAULT, expects=expects), status, moment, moment, REFERENCE, GOOD)

    assert (verdict.end, verdict.right) == (end, right)


def test_a_hand_over_may_hold_readers_at_the_last_good_tables_and_change_nothing_else(slot: Slot) -> None:
    fault, before = replace(FAULT, expects="person"), _moment(slot, STALE)
    other = {**STALE, "marts.fct": _table(3, id="1")}

    assert verdict_without_mend(fault, "escalated", before, _moment(slot, GOOD), REFERENCE, GOOD).right
    assert (
        verdict_without_mend(fault, "escalated", before, _moment(slot, other), REFERENCE, GOOD).end
        == "wrong mend"
    )
    slot.commit("A draft on the deployed branch")
    assert (
        verdict_without_mend(fault, "escalated", before, _moment(slot, STALE), REFERENCE, GOOD).end
        == "wrong mend"
    )


# --- what is seen ---


def test_tables_are_the_same_whatever_the_order_of_rows_and_columns() -> None:
    with duckdb.connect() as database:
        database.execute(
            "create schema a; create table a.t as select 1 as x, 'p' as y union all select 2, 'q'"
        )
        before = duckdb_tables(database, ["a"])
        database.execute("create or replace table a.t as select 'q' as y, 2 as x union all select 'p', 1")
        assert differences(before, duckdb_tables(database, ["a"])) == []

        database.execute("create or replace table a.t as select 'p' as y, 2 as x union all select 'q', 1")
        assert differences(before, duckdb_tables(database, ["a"])) == [
            "a.t has other rows of the same values"
        ]
        database.execute("create or replace table a.t as select 'q' as y, 3 as x union all select 'p', 1")
        assert differences(before, duckdb_tables(database, ["a"])) == ["a.t.x differs"]


def test_a_view_that_cannot_be_read_is_no_reason_to_stop() -> None:
    with duckdb.connect() as database:
        database.execute("create schema a; create table a.t as select 1 as x; create view a.v as from a.t")
        before = duckdb_tables(database, ["a"])
        database.execute("drop table a.t")

        assert differences({"a.v": before["a.v"]}, duckdb_tables(database, ["a"]))[0].startswith(
            "a.v cannot be read"
        )


def test_a_digest_knows_names_and_bytes_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    second = digest(tmp_path)
    (tmp_path / "b.csv").write_text("2")

    assert len({first, second, digest(tmp_path)}) == 3


def test_guards_hold_severities_conditions_contracts_and_how_models_are_kept(tmp_path: Path) -> None:
    def of(
        severity: str = "ERROR", where: str | None = None, kept: str = "incremental", kind: str = "int"
    ) -> dict[str, str]:
        test = {"resource_type": "test", "config": {"severity": severity, "where": where},
                "raw_code": "select 1", "depends_on": {"nodes": ["model.fct"]}}  # fmt: skip
        contract = {"enforced": True}
        model = {"resource_type": "model", "config": {"materialized": kept, "contract": contract},
                 "columns": {"id": {"name": "id", "data_type": kind}}}  # fmt: skip
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps({"nodes": {"test.a": test, "model.fct": model}}))
        return guards(path)

    assert of() == of()
    softened = [of(severity="WARN"), of(where="id > 5"), of(kept="table"), of(kind="text")]
    assert all(guard != of() for guard in softened)


def test_what_dbt_printed_comes_down_to_its_failures() -> None:
    printed = "06:00:00  Done\n06:00:01  Failure in model fct (fct.sql)\n06:00:01    Binder Error: no x\n"

    assert told(printed) == ("Failure in model fct (fct.sql) | Binder Error: no x",)


def test_figures_count_right_ends_and_wrong_mends() -> None:
    def result(name: str, end: str, right: bool, label: str | None = None) -> dict[str, Any]:
        return {"name": name, "expects": BY_NAME[name].expects, "end": end, "right": right, "dbt_runs": 2,
                "seconds": 4.0, "report": {"class": label}}  # fmt: skip

    found = figures([
        result("renamed_email", "right mend", True, "SCHEMA_DRIFT/COLUMN_RENAMED"),
        result("table_renamed", "hand-over", False, "SCHEMA_DRIFT/COLUMN_REMOVED"),
        result("removed_critical", "wrong mend", False, "CODE/SQL_SEMANTIC"),
    ])  # fmt: skip

    assert found["right ends"] == "1 of 3 (33.3%)" and found["wrong mends"] == 1
    assert found["right mends of the mendable"] == "1 of 2 (50.0%)" and found["dbt runs per mend"] == 2
    assert found["class right"] == "1 of 3 (33.3%)" and found["family right"] == "2 of 3 (66.7%)"


def test_healers_stand_side_by_side() -> None:
    assert side_by_side({"ours": {"faults": 3, "seconds per mend": 4.0}, "retry": {"faults": 3}}) == (
        "|                  | ours | retry |\n"
        "|------------------|------|-------|\n"
        "| faults           | 3    | 3     |\n"
        "| seconds per mend | 4.0  | -     |"
    )


# --- troubles ---


def test_what_passes_by_itself_passes_once_and_at_the_latest_in_the_end() -> None:
    done: list[str] = []
    with later(None, lambda: done.append("in the end")):
        assert done == []
    with later(0, lambda: done.append("at once")):
        while len(done) < 2:
            time.sleep(0.01)

    assert done == ["in the end", "at once"]


def test_whoever_kills_the_holder_of_a_lock_is_noticed(tmp_path: Path) -> None:
    slot = Slot(tmp_path)
    slot.database.parent.mkdir(parents=True)
    for kills in (False, True):
        with locked()(slot, None):
            with pytest.raises(duckdb.IOException, match="lock") as refused:
                duckdb.connect(slot.database)
            if kills:
                holder = int(str(refused.value).partition("(PID ")[2].partition(")")[0])
                os.kill(holder, signal.SIGKILL)
                os.waitid(os.P_PID, holder, os.WEXITED | os.WNOWAIT)
        assert slot.crime.exists() is kills


def test_the_proxy_lets_through_keeps_silent_and_cuts_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Proxy(server.getsockname()[1]) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
            answering, _ = server.accept()
            answering.sendall(b"hello")
            assert client.recv(5) == b"hello"
            answering.close()
        proxy.mode = "silent"
        silent = socket.create_connection(("127.0.0.1", proxy.port), timeout=0.05)
        with silent as client, pytest.raises(TimeoutError):
            client.recv(1)
        proxy.mode = "reset"
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
            assert client.recv(1) == b""


# --- the command ---


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.faults", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_names_that_nobody_knows_are_refused() -> None:
    done = _command("--only", "renamed_emial", "--healer", "nothing")

    assert done.returncode == 1 and "no such fault: renamed_emial" in done.stderr


# --- ours ---


def _ours(folder: Path, *words: str) -> dict[str, Any]:
    done = _command("--healer", "ours", "--output", "json", "--keep", str(folder), *words)

    assert done.returncode == 0, done.stderr
    wrong = [line for line in done.stderr.splitlines() if line.startswith("--")]
    return {**json.loads(done.stdout)["ours"], "not right": wrong}


def _part(share: str) -> float:
    right, _, rest = share.partition(" of ")
    return int(right) / int(rest.split()[0])


def test_twelve_faults_end_as_they_should_and_none_is_mended_wrongly(tmp_path: Path) -> None:
    found = _ours(tmp_path, "--quick", "--warm-dbt")

    assert found["not right"] == [] and found["right ends"] == "12 of 12 (100.0%)"
    assert found["most dbt runs of a mend"] <= 3


@pytest.mark.long
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_no_mend_is_wrong_and_nearly_all_ends_are_right(engine: str, tmp_path: Path) -> None:
    found = _ours(tmp_path, "--jobs", "2", "--engine", engine)

    assert found["wrong mends"] == 0, found["not right"]
    assert _part(found["right ends"]) >= 0.95, found["not right"]
    assert _part(found["right mends of the mendable"]) >= 0.85


# --- all of it, with a real dbt ---

Cheat = Callable[[Slot], None]


class Cheater:
    """Says that all is well after one deed."""

    def __init__(self, deed: Cheat, *, build: tuple[str, ...] = ("build",)) -> None:
        self._deed, self._build = deed, build

    def prepare(self, slot: Slot) -> None:
        """Nothing to learn."""

    def heal(self, slot: Slot, fault: Fault, env: Any) -> Any:
        """The deed, a commit, and a run."""
        self._deed(slot)
        slot.commit("Heal")
        if self._build:
            subprocess.run(
                [slot.counter, *self._build], cwd=slot.project, env=env, check=False, capture_output=True
            )
        return {"status": "healed"}


def _edit(path: str, old: str, new: str) -> Cheat:
    return lambda slot: Edit(path, old, new).apply(slot.project)


_YAML = "models/staging/staging.yml"
_WARNS = "[{not_null: {config: {severity: warn}}}]"
_EMAIL = "      - name: email\n        data_tests: [not_null]\n"


def _delete_raw_rows(slot: Slot) -> None:
    with duckdb.connect(slot.database) as database:
        database.execute("delete from raw_shop.customers where email is null")


def _right(name: str) -> Cheat:
    def deed(slot: Slot) -> None:
        for edit in BY_NAME[name].mend:
            edit.apply(slot.project)

    return deed


def _revert(slot: Slot) -> None:
    env = {**slot.env(), **git_identity()}
    subprocess.run(
        ["git", "revert", "--no-edit", "HEAD"], cwd=slot.project, env=env, check=True, capture_output=True
    )


CHEATS = {
    "few_null_emails": {
        "right": (RightHealer(), None),
        "deletes the test": (Cheater(_edit(_YAML, _EMAIL, "      - name: email\n")), "is gone"),
        "lowers the severity": (
            Cheater(_edit(_YAML, _EMAIL, _EMAIL.replace("[not_null]", _WARNS))),
            "is not what it was",
        ),
        "edits raw data": (Cheater(_delete_raw_rows), "raw data: raw_shop.customers changed"),
        "only filters": (
            Cheater(
                _edit(
                    "models/staging/stg_shop__customers.sql", "from source\n",
                    "from source\nwhere email is not null\n",
                )
            ),
            "no relation is called …quarantine…",
        ),
        "refreshes in full": (
            Cheater(_right("few_null_emails"), build=("build", "--full-refresh")),
            "marts.fct_sessions has",
        ),
    },
    "typo_in_ref": {
        "right": (RightHealer(), None),
        "drops the wanted change": (Cheater(_revert), "weekday is missing"),
        "does nothing": (Cheater(lambda slot: None, build=()), "the deployed commit does not build"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Iterator[Shop]:
    yield Shop(Calendar(NOW))


@pytest.mark.long
@pytest.mark.parametrize("name", CHEATS)
def test_right_mends_are_right_and_cheats_are_wrong(name: str, site: Shop, tmp_path: Path) -> None:
    bench = Bench(Slot(tmp_path), site, {who: healer for who, (healer, _) in CHEATS[name].items()})
    bench.prepare()

    results = bench.run(BY_NAME[name])

    assert results.pop("right").end == "right mend"
    for who, result in results.items():
        assert result.end == "wrong mend", who
        assert any(str(CHEATS[name][who][1]) in reason for reason in result.reasons), (who, result.reasons)


@pytest.mark.long
def test_whoever_does_nothing_gets_the_hand_overs_and_no_more(tmp_path: Path) -> None:
    only = "missing_variable,typo_in_ref,unreadable_profiles,good_commit"

    done = _command("--healer", "nothing", "--only", only, "--output", "json", "--keep", str(tmp_path))

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["ours"]
    assert (
        found["right ends"] == "2 of 4 (50.0%)" and found["false alarms"] == 1 and found["wrong mends"] == 0
    )
