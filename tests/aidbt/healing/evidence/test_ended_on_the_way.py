"""How far a run got that was ended on the way, and what has to run again where tests came after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aidbt.core.healing import Stage
from aidbt.healing.controller.rerun import never_twice
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


def test_a_project_that_cannot_be_read_writes_no_log_and_is_not_the_good_run_before(tmp_path: Path):
    log(
        tmp_path, ("good", "Completed successfully", "Command `dbt build` succeeded at 12:00 after 3 seconds")
    )
    said = "12:30:00  Encountered an error:\nRuntime Error\n  Syntax error near line 39\n"
    (tmp_path / "stdout.txt").write_text(said)

    run = read_failed_run(tmp_path, project="shop", known_good=["good"])

    assert [failure.message.split()[0] for failure in run.failures] == ["Runtime"]


def test_models_that_were_built_after_their_seeds_had_failed_are_told(tmp_path: Path):
    failed = (
        "Completed with 1 error",
        "Encountered an error:\nbroken",
        "Command `dbt seed` failed at 12:00 after 3 s",
    )
    green = ("Completed successfully", "Command `dbt run` succeeded at 12:00 after 3 seconds")

    run = read_failed_run(log(tmp_path, ("one", *failed), ("two", *green)), project="shop")

    assert (run.is_green, run.went_on) == (
        False,
        "models were built after dbt seed had failed, of what stood there before",
    )
    assert never_twice(run) == run.went_on


def test_green_tests_after_a_run_that_was_stopped_do_not_hide_what_was_not_built(tmp_path: Path):
    stopped = (
        "one", "Encountered an error:\ncould not connect", "Command `dbt run -s marts` failed at 12:00"
    )  # fmt: skip
    tested = ("two", "1 of 1 PASS unique_a", "Command `dbt test -s marts` succeeded at 12:00 after 3 s")
    run = read_failed_run(log(tmp_path, stopped, tested), project="shop")

    assert [failure.unique_id for failure in run.failures] == [""]
    both = "dbt build -s marts --resource-type model test unit_test"  # neither builds seeds or snapshots
    assert (run.command, run.wrote_results) == (both, False)


def events(folder: Path, *runs: tuple[str, str, bool, dict[str, str]], is_cut: bool = False) -> Path:
    """A log of events: of each run its id, command, whether it went well, and unique_id → how it ended."""
    lines: list[dict[str, object]] = []
    for invocation, command, is_fine, nodes in runs:
        told: list[tuple[str, dict[str, object]]] = [("MainReportVersion", {"version": "=1.11.16"})]
        for unique_id, status in nodes.items():
            name = {"skipped": "SkippingDetails", "error": "RunResultError"}.get(status, "LogModelResult")
            told.append((name, {"node_info": {"unique_id": unique_id, "node_status": status}}))
        told.append(("CommandCompleted", {"command": command, "success": is_fine}))
        for name, data in told[1:] if is_cut else told:
            info = {"name": name, "invocation_id": invocation, "level": "info", "msg": name}
            lines.append({"info": info, "data": data})
    (folder / "dbt.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


BUILT = {"model.shop.a": "success", "model.shop.b": "error", "model.shop.c": "skipped"}


@pytest.mark.parametrize("is_cut", [False, True])
def test_what_a_run_and_the_tests_after_it_say_is_put_together(tmp_path: Path, is_cut: bool):
    """Of a log whose beginning is not there nobody knows what is missing in it."""
    folder = events(
        tmp_path, ("one", "dbt run", False, BUILT), ("two", "dbt test", True, {"test.shop.unique_a": "pass"}),
        is_cut=is_cut,
    )  # fmt: skip
    tested = {"unique_id": "test.shop.unique_a", "status": "pass", "execution_time": 0.1, "timing": []}
    metadata = {"invocation_id": "two", "generated_at": "2026-03-01T12:00:00Z", "dbt_version": "1.11.16",
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}  # fmt: skip
    results = {"metadata": metadata, "results": [tested], "args": {"invocation_command": "dbt test"}}
    (folder / "run_results.json").write_text(json.dumps(results))

    run = read_failed_run(folder, project="shop")

    assert [failure.unique_id for failure in run.failures] == ["model.shop.b"]
    assert run.succeeded == ("model.shop.a", "test.shop.unique_a") and run.skipped == ("model.shop.c",)
    both = "dbt build --resource-type model test unit_test"
    assert (run.command, run.wrote_results) == (both, not is_cut)


def test_of_dbt_within_another_program_the_arguments_tell_what_it_was_about(tmp_path: Path):
    """Its own words are that program's; without them all of the project would be built."""
    metadata = {"invocation_id": "one", "generated_at": "2026-03-01T12:00:00Z", "dbt_version": "1.11.16",
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}  # fmt: skip
    failed = {"unique_id": "model.shop.a", "status": "error", "execution_time": 0.1, "timing": []}
    args = {"invocation_command": "dbt /jobs/line", "which": "build", "select": ["+a"], "exclude": []}
    results = {"metadata": metadata, "results": [failed], "args": args}
    (tmp_path / "run_results.json").write_text(json.dumps(results))

    assert read_failed_run(tmp_path, project="shop").command == "dbt build --select +a"
