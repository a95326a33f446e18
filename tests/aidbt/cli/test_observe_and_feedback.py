"""`aidbt observe` and `aidbt monitor feedback`, as people use them."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.config import Settings
from aidbt.core.errors import AidbtError, SettingsError, UnknownName, UsageError
from aidbt.core.measured import Anomaly, Bucket, Monitor
from aidbt.monitors.feedback.file import FEEDBACK_FILE, load_feedback
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import record
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.observability.recorded import recorded_runs
from aidbt.store import open_store
from aidbt.store.buckets import Buckets
from aidbt.store.incidents import Incidents
from tests.aidbt.observability.test_observe import results, written
from tests.dbt_shop import new_shop

ORDERS = "model.shop.orders"
DAY = datetime(2026, 3, 30)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = new_shop(tmp_path / "shop").root
    (root / "aidbt.yml").write_text("store: {runs_days: 4000}\n")  # the runs in here are of a certain day
    return root


def state(root: Path) -> Path:
    (root / ".aidbt").mkdir(exist_ok=True)
    return root / ".aidbt" / "state.db"


def aidbt(root: Path, *arguments: str) -> Result:
    where = ["--project-dir", str(root), "--profiles-dir", str(root)]
    return CliRunner().invoke(cli, [*arguments, *where])


# --- observe ----------------------------------------------------------------------------------------------


def test_runs_are_taken_in_and_said(root: Path, tmp_path: Path):
    for number in (3, 2):
        written(tmp_path / f"run-{number}", results(number))
    written(tmp_path / "broken", "{")

    first = aidbt(root, "observe", str(tmp_path))

    lines = first.stdout.splitlines()
    assert lines[0] == "recorded 2 runs"
    assert "dbt build" in lines[2] and "1 success" in lines[2] and "40.0 s" in lines[2]
    assert "broken/run_results.json: left out" in first.stdout
    assert lines[-1] == "next: aidbt monitor run"
    assert first.exit_code == 1  # a file could not be read
    assert aidbt(root, "observe", str(tmp_path / "run-3")).stdout.startswith(
        "nothing new: 1 run known before"
    )
    with closing(open_store(state(root))) as store:
        assert [run.invocation_id for run in recorded_runs(store)] == ["run-3", "run-2"]


def test_of_several_targets_each_run_says_its_own_and_which_do_not_count(root: Path, tmp_path: Path):
    for number, target in ((1, "dev"), (2, "prod")):
        written(tmp_path / str(number), results(number, args={"target": target}))

    done = aidbt(root, "observe", str(tmp_path))

    assert done.exit_code == 0
    head, *rows = done.stdout.splitlines()[1:4]
    assert "target" in head and [row.split()[4] for row in rows] == ["prod", "dev"]
    assert (
        "1 run is of the target prod and does not count here (dev); with --target prod it does" in done.stdout
    )


def test_the_target_of_the_project_is_looked_at_by_default(root: Path):
    written(root / "target", results(1))

    done = aidbt(root, "observe", "--output", "json")

    assert done.exit_code == 0
    assert [run["invocation_id"] for run in json.loads(done.stdout)["runs"]] == ["run-1"]


def test_an_exit_code_tells_results_that_are_not_of_this_run(root: Path):
    written(root / "target", results(1))

    done = aidbt(root, "observe", "--exit-code", "2")

    assert done.exit_code == 1
    assert "the results are of an earlier run" in done.stdout
    assert "dbt ended with exit code 2" in done.stdout


def test_where_there_is_nothing_it_says_what_to_give(root: Path, tmp_path: Path):
    done = aidbt(root, "observe", str(tmp_path / "shop" / "models"))

    assert done.exit_code == 0
    assert "no run was found" in done.stdout and "--exit-code" in done.stdout


# --- feedback ---------------------------------------------------------------------------------------------


@pytest.fixture
def told(root: Path) -> Path:
    """A project in which INC-1 says that orders had too few rows on two days, and one monitor was quiet."""
    rows = Monitor(ORDERS, "row_count")
    found = [Anomaly(rows, DAY + timedelta(days=n), "day", 3.6, "orders: 12 rows") for n in (0, 1)]
    with closing(open_store(state(root))) as store:
        facts = {("rows", ""): 100.0, ("nulls", "amount"): 1.0}
        Buckets(store).put(Bucket(ORDERS, "day", DAY + timedelta(days=n), facts) for n in range(-20, 3))
        record(store, News(tuple(found)), Surroundings(), Settings(), now=datetime(2026, 4, 1, tzinfo=UTC))
    return root


def test_a_false_alarm_is_noted_and_what_follows_is_said(told: Path):
    done = aidbt(
        told, "monitor", "feedback", "INC-1", "--as", "false-alarm", "--note", "a holiday", "--by", "ana"
    )

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "noted as false-alarm: orders row_count (2026-03-30 to 2026-03-31)",
        "  INC-1 is over with it",
        "  orders row_count: tells 2.0 times less readily (1 of 1 alerts were false)",
        "next: commit aidbt/feedback.yml; aidbt monitor check follows it",
    ]
    [first, second] = load_feedback(told)
    assert (first.first, second.first, first.by, first.note) == (
        DAY,
        DAY + timedelta(days=1),
        "ana",
        "a holiday",
    )
    with closing(open_store(state(told))) as store:
        assert Incidents(store).get("INC-1").state.value == "terminated"


def test_a_second_word_is_appended_and_one_of_one_day_leaves_the_incident_open(told: Path):
    aidbt(told, "monitor", "feedback", "INC-1", "--as", "real", "--bucket", "2026-03-30")
    before = (told / FEEDBACK_FILE).read_text()

    done = aidbt(
        told, "monitor", "feedback", "orders row_count", "--as", "expected", "--bucket", "2026-03-31"
    )

    assert done.exit_code == 0, done.output
    assert (told / FEEDBACK_FILE).read_text().startswith(before)
    assert [item.verdict for item in load_feedback(told)] == ["real", "expected"]
    with closing(open_store(state(told))) as store:
        assert Incidents(store).get("INC-1").state.value == "open"


def test_what_was_missed_is_said_of_a_monitor(told: Path):
    words = ("orders.amount null_rate", "--as", "missed", "--bucket", "2026-03-20")

    done = aidbt(told, "monitor", "feedback", *words, "--output", "json")

    assert json.loads(done.stdout)["of"] == ["orders.amount null_rate (2026-03-20)"]


def test_without_an_argument_it_says_what_was_said(told: Path):
    assert aidbt(told, "monitor", "feedback").stdout.startswith("nothing was said yet")
    aidbt(told, "monitor", "feedback", "INC-1", "--as", "real")

    done = aidbt(told, "monitor", "feedback")

    assert done.stdout.splitlines() == ["said: 2 buckets real", "no threshold differs for it"]


REFUSED: dict[tuple[str, ...], tuple[type[AidbtError], str]] = {
    ("INC-1",): (UsageError, "--as false-alarm"),
    ("INC-9", "--as", "real"): (UnknownName, "INC-1"),
    ("orders row_count", "--as", "real"): (UsageError, "--bucket"),
    ("orders row_counts", "--as", "missed", "--bucket", "2026-03-20"): (UnknownName, "orders row_count"),
    ("orders row_counts", "--as", "missed"): (UnknownName, "orders row_count"),
    ("INC-1", "--as", "missed"): (UsageError, "--as real"),
    ("--as", "real"): (UsageError, "aidbt incidents list"),
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_cannot_be_said_is_refused_with_what_to_say(told: Path, words: tuple[str, ...]):
    kind, hint = REFUSED[words]

    error = aidbt(told, "monitor", "feedback", *words).exception

    assert isinstance(error, kind) and hint in str(error.hint)
    assert not (told / FEEDBACK_FILE).exists()


def test_a_file_that_is_wrong_is_not_written_to(told: Path):
    (told / "aidbt").mkdir()
    (told / FEEDBACK_FILE).write_text("feedback:\n  - as: fine\n")

    error = aidbt(told, "monitor", "feedback", "INC-1", "--as", "real").exception

    assert isinstance(error, SettingsError) and error.line == 2
    assert (told / FEEDBACK_FILE).read_text() == "feedback:\n  - as: fine\n"
