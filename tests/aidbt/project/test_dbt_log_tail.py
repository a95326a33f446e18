from __future__ import annotations

import json
from pathlib import Path

import pytest

from aidbt.project import dbt_log_tail
from aidbt.project.dbt_log_tail import LastInvocation, last_invocation

TEXT = """\
============================== 10:00:00.1 | aaaa-1 ==============================
10:00:00.100000 [info ] [MainThread]: Running with dbt=1.11.16
10:00:01.000000 [debug] [MainThread]: Command `dbt build` succeeded at 10:00:01 after 1.0 seconds
============================== 11:00:00.1 | bbbb-2 ==============================
11:00:00.100000 [info ] [MainThread]: Running with dbt=1.11.16
11:00:00.900000 [error] [MainThread]: Encountered an error:
Compilation Error
  Model 'model.shop.a' (models/a.sql) depends on a node named 'b' which was not found
11:00:01.000000 [debug] [MainThread]: Command `dbt build` failed at 11:00:01 after 1.0 seconds
"""
PRINTED = """\
10:00:00  Running with dbt=1.11.16
10:00:02  Completed successfully
11:00:00  Running with dbt=1.11.16
11:00:01  \x1b[31mCompleted with 1 error, 0 partial successes, and 0 warnings:\x1b[0m
11:00:01  Failure in model a (models/a.sql)
11:00:01    Runtime Error in model a (models/a.sql)
  Binder Error: Referenced column "x" not found in FROM clause!
"""


def event(name: str, run: str, level: str = "info", msg: str = "", **data: object) -> str:
    info = {"name": name, "invocation_id": run, "level": level, "msg": msg}
    return json.dumps({"data": data, "info": info})


def read(tmp_path: Path, text: str) -> LastInvocation:
    path = tmp_path / "dbt.log"
    path.write_text(text)
    found = last_invocation(path)
    assert found is not None
    return found


def test_the_last_invocation_of_a_text_log_is_read(tmp_path: Path):
    found = read(tmp_path, TEXT)

    assert (found.invocation_id, found.dbt_version, found.succeeded) == ("bbbb-2", "1.11.16", False)
    assert "named 'b' which was not found" in found.lines[1].text


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("dbt build --exclude orders+ --full-refresh", "dbt build --exclude orders+ --full-refresh"),
        ("airflow scheduler -D", "dbt build"),  # dbt ran within that program
        ("", "dbt build"),
    ],
)
def test_the_command_is_known_with_its_options(tmp_path: Path, asked: str, known: str):
    lines = [
        event("MainReportVersion", "r1", version="=1.11.16"),
        event("MainReportArgs", "r1", level="debug", args={"invocation_command": asked}),
        event("CommandCompleted", "r1", level="debug", command="dbt build", success=False),
    ]
    said = f"running dbt with arguments {{'invocation_command': '{asked}', 'quiet': 'False'}}"
    text = TEXT.replace("11:00:00.9", f"11:00:00.5 [debug] [MainThread]: {said}\n11:00:00.9")

    assert read(tmp_path, "\n".join(lines)).command == known
    assert read(tmp_path, text).command == known
    assert read(tmp_path, "\n".join(lines[:2])).command == asked  # killed before its end


def test_what_dbt_printed_has_no_id_but_says_how_it_ended(tmp_path: Path):
    found = read(tmp_path, PRINTED)

    assert (found.invocation_id, found.succeeded, found.ended) == ("", False, True)
    assert [line.text.splitlines()[0] for line in found.lines][:2] == [
        "Running with dbt=1.11.16", "Completed with 1 error, 0 partial successes, and 0 warnings:",
    ]  # fmt: skip


def test_a_json_log_gives_the_nodes_of_the_last_run(tmp_path: Path):
    node = {"unique_id": "model.shop.a", "node_status": "error", "node_path": "a.sql"}
    found = read(
        tmp_path,
        "\n".join(
            [
                event("RunResultError", "old", "error", "old news", node_info=node),
                event("MainReportVersion", "new", version="=1.11.16"),
                event("RunResultError", "new", "error", "Binder Error", node_info=node),
                event("CommandCompleted", "new", "debug", command="dbt build", success=False),
            ]
        ),
    )

    assert (found.invocation_id, found.dbt_version, found.command) == ("new", "1.11.16", "dbt build")
    assert [(line.unique_id, line.text) for line in found.named("RunResultError")] == [
        ("model.shop.a", "Binder Error")
    ]
    assert (found.ended, found.succeeded) == (True, False)


def test_a_run_that_was_killed_has_not_ended(tmp_path: Path):
    found = read(tmp_path, event("MainReportVersion", "new", version="=1.11.16") + '\n{"data": {"nod')

    assert (found.invocation_id, found.ended, found.succeeded) == ("new", False, None)


def test_of_a_long_log_only_the_end_is_read_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dbt_log_tail, "_TAIL_BYTES", 2_000)
    lines = [event("SQLQuery", "new", "debug", "select 1")] * 500
    ended = event("CommandCompleted", "new", "debug", command="dbt run", success=False)
    found = read(tmp_path, "\n".join([event("MainReportVersion", "new"), *lines, ended]))

    assert (found.is_whole, found.succeeded) == (False, False)


def test_of_a_long_log_of_text_the_first_lines_of_the_run_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """They say which run it is: else the green results of the run before would be taken for its own."""
    monkeypatch.setattr(dbt_log_tail, "_TAIL_BYTES", 2_000)
    long = "\x1b[0m11:00:00.200000 [debug] [MainThread]: select 1\n" * 500
    found = read(tmp_path, TEXT.replace("11:00:00.900000", long + "11:00:00.900000"))

    assert (found.invocation_id, found.dbt_version) == ("bbbb-2", "1.11.16")
    assert (found.is_whole, found.succeeded, found.command) == (False, False, "dbt build")


def test_an_empty_log_says_nothing(tmp_path: Path):
    (tmp_path / "dbt.log").write_text("\n")

    assert last_invocation(tmp_path / "dbt.log") is None


def test_who_looked_what_was_wrong_is_passed_over(tmp_path: Path):
    looked = """\
============================== 12:00:00.1 | cccc-3 ==============================
12:00:00.100000 [info ] [MainThread]: Running with dbt=1.11.16
12:00:01.000000 [debug] [MainThread]: Command `dbt ls` succeeded at 12:00:01 after 1.0 seconds
"""

    assert read(tmp_path, TEXT + looked).invocation_id == "bbbb-2"
    assert read(tmp_path, looked).invocation_id == "cccc-3"
    assert read(tmp_path, TEXT + looked.replace("succeeded", "failed")).invocation_id == "cccc-3"


def test_what_failed_before_the_tests_belongs_to_them(tmp_path: Path):
    events = [
        event("RunResultError", "run", "error", "Binder Error", node_info={"unique_id": "model.shop.a"}),
        event("CommandCompleted", "run", "debug", command="dbt run", success=False),
        event("CommandCompleted", "test", "debug", command="dbt test", success=True),
    ]

    found = read(tmp_path, "\n".join(events))

    assert (found.invocation_id, found.succeeded) == ("test", True)
    assert found.before is not None and found.before.named("RunResultError")[0].unique_id == "model.shop.a"


@pytest.mark.parametrize(
    ("commands", "before"),
    [
        ([("dbt seed", False), ("dbt run", True)], "dbt seed"),
        ([("dbt seed", False), ("dbt run", True), ("dbt ls", True), ("dbt test", True)], "dbt seed"),
        ([("dbt seed", False), ("dbt seed", True), ("dbt run", True)], ""),
        ([("dbt seed", False), ("dbt run", True), ("dbt run", True)], ""),
        ([("dbt build", False), ("dbt run", True)], ""),
    ],
)
def test_a_script_that_goes_on_after_its_seeds_failed_is_told(
    tmp_path: Path, commands: list[tuple[str, bool]], before: str
):
    ended = [
        event("CommandCompleted", f"i{place}", "debug", command=command, success=success)
        for place, (command, success) in enumerate(commands)
    ]

    found = read(tmp_path, "\n".join(ended))

    assert (found.before.command if found.before is not None else "") == before


def test_runs_of_one_project_may_log_as_events_and_as_text(tmp_path: Path):
    events = "\n".join(
        (
            event("MainReportVersion", "cccc-3", version="=1.11.16"),
            event("CommandCompleted", "cccc-3", success=True),
        )
    )

    last_of_text = read(tmp_path, f"{events}\n{TEXT}")
    last_of_events = read(tmp_path, f"{TEXT}{events}\n")

    assert (last_of_text.invocation_id, last_of_text.succeeded) == ("bbbb-2", False)
    assert (last_of_events.invocation_id, last_of_events.succeeded) == ("cccc-3", True)
    assert last_of_text.others == last_of_events.others == {"aaaa-1", "bbbb-2", "cccc-3"}
