"""How far a run got that was ended on the way, and what has to run again where tests came after it."""

from __future__ import annotations

from pathlib import Path

from aidbt.core.healing import Stage
from aidbt.healing.evidence.failed_run import read_failed_run

_BEGIN = "============================== 12:00:0{n}.000000 | {id} ==============================\n"
_LINE = "12:00:0{n}.000000 [{level} ] [MainThread]: {text}\n"


def log(folder: Path, *runs: tuple[str, ...]) -> Path:
    text = ""
    for n, (invocation, *lines) in enumerate(runs):
        text += _BEGIN.format(n=n, id=invocation) + _LINE.format(
            n=n, level="info", text="Running with dbt=1.11"
        )
        for line in lines:
            level = "error" if "error" in line else "info"
            text += _LINE.format(n=n, level=level, text=line)
    (folder / "dbt.log").write_text(text)
    return folder


def test_a_run_that_was_killed_may_have_built_something(tmp_path: Path):
    run = read_failed_run(log(tmp_path, ("one", "1 of 3 START sql table model main.a")), project="shop")

    assert run.stage is Stage.NODE and not run.succeeded


def test_the_connection_that_went_away_half_way_was_no_failure_to_connect(tmp_path: Path):
    said = ("Encountered an error:\ncould not connect", "Command `dbt build` failed at 12:00 after 3 seconds")
    first = read_failed_run(log(tmp_path, ("one", *said)), project="shop")
    later = read_failed_run(log(tmp_path, ("one", "1 of 3 OK created sql table", *said)), project="shop")

    assert (first.stage, later.stage) == (Stage.CONNECT, Stage.NODE)


def test_green_tests_after_a_run_that_was_stopped_do_not_hide_what_was_not_built(tmp_path: Path):
    stopped = (
        "one", "Encountered an error:\ncould not connect", "Command `dbt run -s marts` failed at 12:00"
    )  # fmt: skip
    tested = ("two", "1 of 1 PASS unique_a", "Command `dbt test -s marts` succeeded at 12:00 after 3 s")
    run = read_failed_run(log(tmp_path, stopped, tested), project="shop")

    assert [failure.unique_id for failure in run.failures] == [""]
    assert (run.command, run.wrote_results) == ("dbt build -s marts", False)
