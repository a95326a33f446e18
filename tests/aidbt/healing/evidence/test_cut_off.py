"""Nodes that were only stopped because another one failed are no failures of their own."""

from __future__ import annotations

import json
from pathlib import Path

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Stage
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun, read_failed_run
from aidbt.healing.evidence.what_failed import _without_logging

INTERRUPTED = "Runtime Error\n  INTERRUPT Error: Interrupted!"


def read(folder: Path, **messages: str) -> FailedRun:
    results = [
        {"unique_id": f"model.shop.{name}", "status": "error", "message": message, "timing": [],
         "execution_time": 0.1, "thread_id": "Thread-1", "adapter_response": {}, "failures": None}
        for name, message in messages.items()
    ]  # fmt: skip
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json", "dbt_version": "1.11.16",
        "generated_at": "2026-03-01T12:00:00Z", "invocation_id": "one", "env": {},
    }  # fmt: skip
    text = json.dumps({"metadata": metadata, "results": results, "elapsed_time": 1.0, "args": {}})
    (folder / "run_results.json").write_text(text)
    return read_failed_run(folder, project="shop")


def test_what_another_failure_stopped_was_skipped(tmp_path: Path):
    run = read(tmp_path, orders="Binder Error: no column cost", totals=INTERRUPTED)

    assert [failure.unique_id for failure in run.failures] == ["model.shop.orders"]
    assert run.skipped == ("model.shop.totals",)


def test_a_run_that_was_only_stopped_keeps_its_failures(tmp_path: Path):
    run = read(tmp_path, totals=INTERRUPTED)

    assert [failure.unique_id for failure in run.failures] == ["model.shop.totals"]
    (cause,) = diagnose(Case("shop", tmp_path, run))
    assert cause.error_class is ErrorClass.TEMPORARY_UNAVAILABLE and cause.failures == run.failures


def test_a_run_that_somebody_interrupted_is_no_failure_of_the_code_it_was_in(tmp_path: Path):
    (tmp_path / "stdout.txt").write_text(
        "07:00:00  Running with dbt=1.11.16\n"
        "07:00:01  1 of 9 START sql table model main.orders ........ [RUN]\n"
        "07:00:02  Encountered an error:\n\n"
        "07:00:02  Traceback (most recent call last):\n"
        '  File "queue.py", line 171, in get\n    self.inner.get(block=block, timeout=timeout)\n'
        "KeyboardInterrupt\n\n"
    )
    run = read_failed_run(tmp_path, project="shop")

    assert [failure.message for failure in run.failures] == [
        "dbt was interrupted (Ctrl-C) before it was done"
    ]
    assert run.stage is Stage.NODE


def test_a_run_that_could_not_write_its_log_is_told_by_what_it_printed(tmp_path: Path):
    info = {"invocation_id": "good", "level": "info", "ts": "2026-03-01T05:00:00Z"}
    lines = [
        {"data": {}, "info": {**info, "name": "MainReportVersion", "msg": "Running with dbt=1.11.16"}},
        {
            "data": {"success": True},
            "info": {**info, "name": "CommandCompleted", "msg": "Command `dbt build` succeeded"},
        },
    ]
    (tmp_path / "dbt.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "stdout.txt").write_text(
        "07:00:00  Running with dbt=1.11.16\n07:00:02  Encountered an error:\n[Errno 27] File too large\n"
    )

    assert read_failed_run(tmp_path, project="shop").is_green
    run = read_failed_run(tmp_path, project="shop", known_good=["good"])
    assert [failure.message for failure in run.failures] == ["[Errno 27] File too large"]


def test_what_the_engine_said_of_a_unit_test_stands_without_the_guess_of_dbt():
    guess = "There may be an error in the unit test definition: check the data types."
    said = f"An error occurred during execution of unit test 'a'. {guess}\n   Database Error\n    gone"

    assert _without_logging(said).split() == ["Database", "Error", "gone"]
