"""Running a real dbt, in process and as a program: the report is true, and nothing is left behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from dbt_shop import DBT, DBT_PROJECT, PROFILES, Shop, held_by_another_process, in_another_process, new_shop

from aidbt.core.errors import DbtError, ProfileError, UsageError
from aidbt.core.findings import RunFailure
from aidbt.project import open_project
from aidbt.project.artifacts import read_run_results
from aidbt.project.dbt import RunReport, detect_runner, parse, run_dbt
from aidbt.project.dbt_in_process import _Muffler
from aidbt.project.duckdb_path import resolve_duckdb_path
from aidbt.project.manifest import read_manifest

RUNNERS = ("in_process", "executable")
EACH_RUNNER = ["in_process", pytest.param("executable", marks=pytest.mark.long)]
TOKEN = "hunter2_is_the_token"


@pytest.fixture(params=EACH_RUNNER)
def runner(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(shop: Shop, command: str = "build", *, runner: str = "in_process", **options) -> RunReport:
    """Runs this environment's dbt one way or the other."""
    target = options.pop("target", None)
    return run_dbt(shop.open(target), command, runner=runner, executable=str(DBT), **options)  # type: ignore[arg-type]


def profiles(settings: str, type: str = "duckdb") -> str:
    return f"shop: {{target: dev, outputs: {{dev: {{type: {type}, {settings}}}}}}}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return new_shop(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def green(shared: Shop) -> Shop:
    """A project with a green run_results.json, for a later failure to be mistaken for."""
    if not is_green(shared):
        assert run(shared).status == "success"
    assert is_green(shared)
    return shared


def is_green(shop: Shop) -> bool:
    path = shop.root / "target/run_results.json"
    return path.is_file() and {result.status for result in read_run_results(path).results} == {"success"}


# --- one behaviour, both runners ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project in which something of everything happens."""
    secret = "{{ env_var('SHOP_TOKEN') }}"
    return new_shop(
        tmp_path_factory.mktemp("mixed"),
        {
            "dbt_project.yml": DBT_PROJECT + "target-path: out/{{ target.name }}\n",
            "models/orders.sql": """\
{% if execute %}
    {% do log("theirs: 4 rows", info=true) %}
    {% do log("aidbt: orders: 3 rows for " ~ env_var("SHOP_TOKEN"), info=true) %}
{% endif %}
select 1 as id, null as country""",
            "models/broken.sql": f"select {secret} from {{{{ ref('orders') }}}}",
            "models/child.sql": "select * from {{ ref('broken') }}",
            "models/nested/checked.sql": "select 1 as id union all select 1",
            "models/schema.yml": """\
models:
  - name: orders
    columns:
      - name: country
        data_tests: [{not_null: {config: {severity: warn}}}]
  - name: checked
    columns:
      - name: id
        data_tests: [unique]
  - name: no_such_model
""",
            "profiles.yml": PROFILES.replace(
                "threads: 2", f'threads: 2, secrets: [{{type: http, bearer_token: "{secret}"}}]'
            ),
        },
    )


@pytest.fixture(scope="module", params=EACH_RUNNER)
def mixed(request: pytest.FixtureRequest, mixed_shop: Shop) -> tuple[RunReport, list[str]]:
    """The report of building it, and the progress lines it gave."""
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_TOKEN", TOKEN)
        report = run(
            mixed_shop, runner=request.param, extra_args=["--no-partial-parse"], on_event=lines.append
        )
    return report, lines


def test_a_failing_model_and_a_failing_test_are_reported_with_their_files(mixed):
    report, _ = mixed

    assert (report.status, report.exit_code) == ("failed", 1)
    assert not report.succeeded
    assert {(f.unique_id.rpartition(".")[0] or f.unique_id, f.status, f.path) for f in report.failures} == {
        ("model.shop", "error", "models/broken.sql"),
        ("test.shop.unique_checked_id", "fail", "models/schema.yml"),
    }
    message = next(f.message for f in report.failures if f.unique_id == "model.shop.broken")
    assert 'Referenced column "*****" not found' in message


def test_results_are_counted_by_status_and_by_type(mixed):
    report, _ = mixed

    assert report.by_status() == {"success": 2, "error": 1, "fail": 1, "skipped": 1, "warn": 1}
    assert report.by_resource_type() == {
        "model": {"success": 2, "error": 1, "skipped": 1},
        "test": {"fail": 1, "warn": 1},
    }
    assert next(r.failures for r in report.results if r.status == "fail") == 1


def test_warnings_of_tests_and_of_dbt_itself_are_listed_once(mixed):
    report, _ = mixed

    of_test, *others = report.warnings
    assert "not_null_orders_country" in of_test and "Got 1 result" in of_test
    deprecated, unknown = sorted(others)
    assert deprecated.startswith("Deprecated functionality") and "target-path" in deprecated
    assert unknown.startswith("Did not find matching node for patch with name 'no_such_model'")


def test_what_our_macros_log_is_told_and_what_others_log_is_not(mixed):
    report, lines = mixed

    assert report.said == ("orders: 3 rows for *****",)
    assert not any("4 rows" in line for line in lines)


def test_progress_is_told_in_short_lines_without_colours(mixed):
    _, lines = mixed

    assert any("START sql view model main.orders [RUN]" in line for line in lines)
    assert any("ERROR creating sql view model main.broken [ERROR in" in line for line in lines)
    assert any("SKIP relation main.child [SKIP]" in line for line in lines)
    assert not any("\x1b" in line or "\n" in line for line in lines)


def test_a_secret_of_the_profile_is_nowhere_in_the_report(mixed):
    report, lines = mixed

    texts = [*lines, *report.warnings, *report.command, *(f.message for f in report.failures)]
    texts += [str(result.raw["message"]) + result.message for result in report.results]
    assert not [text for text in texts if TOKEN in text]


def test_the_report_says_who_ran_what_and_when(mixed):
    report, _ = mixed

    assert report.runner in RUNNERS
    assert report.command[:3] == ("dbt", "build", "--project-dir")
    assert report.dbt_version.startswith("1.")
    assert report.invocation_id
    assert report.started_at < report.finished_at
    assert report.started_at.utcoffset() is not None


@pytest.mark.long
def test_after_a_run_another_process_can_write_to_the_database(shared: Shop):
    report = run(shared)

    assert report.status == "success"
    assert report.by_resource_type() == {"model": {"success": 2}}
    assert report.failures == () and report.warnings == ()
    write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create or replace table t as select 1')"
    in_another_process(write, shared.database)


def test_a_locked_database_is_an_error_and_not_the_green_run_before_it(green: Shop, runner: str, capfd):
    with held_by_another_process(green.database):
        report = run(green, runner=runner)

    assert (report.status, report.exit_code, report.results) == ("error", 2, ())
    (failure,) = report.failures
    assert (failure.unique_id, failure.status, failure.path) == ("", "error", "")
    assert failure.message.startswith("IO Error: Could not set lock on file")
    assert capfd.readouterr() == ("", "")


def test_a_parse_error_is_an_error_that_names_the_file(green: Shop, runner: str):
    green.write({"models/marts/broken.sql": "select * from {{ ref('orders' }}"})

    report = run(green, runner=runner)
    (green.root / "models/marts/broken.sql").unlink()

    assert (report.status, report.exit_code, report.results) == ("error", 2, ())
    (failure,) = report.failures
    assert (failure.unique_id, failure.path) == ("", "models/marts/broken.sql")
    assert failure.message.startswith("Compilation Error in model broken")


@pytest.mark.long
def test_an_unknown_target_is_an_error_in_dbts_words(green: Shop):
    report = run(green, target="prod")

    assert (report.status, report.results) == ("error", ())
    assert "does not have a target named 'prod'" in report.failures[0].message


def test_a_usage_error_is_an_error_though_dbt_keeps_the_id_of_the_run_before(green: Shop, runner: str):
    report = run(green, runner=runner, extra_args=["--no-such-flag"])

    assert (report.status, report.exit_code, report.invocation_id) == ("error", 2, "")
    assert report.results == ()
    assert report.failures == (RunFailure("", "error", report.failures[0].message),)
    assert "No such option" in report.failures[0].message


def test_selecting_nothing_is_no_success(green: Shop, runner: str):
    report = run(green, runner=runner, select=["no_such_model"])

    assert (report.status, report.exit_code, report.results) == ("nothing_selected", 0, ())
    assert not report.succeeded
    assert report.warnings == ("The selection criterion 'no_such_model' does not match any enabled nodes",)


def test_a_missing_adapter_says_how_to_install_it(shop: Shop, runner: str):
    shop.write({"profiles.yml": profiles("host: here", type="nosuch")})

    with pytest.raises(DbtError, match="adapter for nosuch is not installed") as caught:
        run(shop, runner=runner)

    assert caught.value.hint == "pip install dbt-nosuch"


@pytest.mark.long
def test_a_relative_database_that_exists_only_in_the_project_is_the_one_that_is_built(
    tmp_path: Path, runner: str, monkeypatch: pytest.MonkeyPatch
):
    shop = new_shop(tmp_path / "dbt_project")
    shop.write(
        {"profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: data/shop.duckdb}}}"}
    )
    database = shop.root / "data/shop.duckdb"
    database.parent.mkdir()
    in_another_process("import duckdb, sys; duckdb.connect(sys.argv[1])", database)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)

    assert resolve_duckdb_path(shop.open().profile(), shop.open()) == database
    assert run(shop, runner=runner).status == "success"
    assert list((tmp_path / "data").iterdir()) == []
    assert "orders" in tables(database)
    assert Path.cwd() == tmp_path


def tables(database: Path) -> list[str]:
    code = """
import duckdb, sys
for row in duckdb.connect(sys.argv[1]).execute("show tables").fetchall():
    print(row[0])
"""
    return in_another_process(code, database).split()


# --- more of what can be selected, fail or be left stale (in process) --------------------------------


def test_a_run_that_leaves_no_results_is_not_the_green_run_before_it(green: Shop):
    report = run(green, runner="executable", extra_args=["--no-write-json"])

    assert (report.status, report.exit_code, report.results) == ("error", 0, ())
    assert "left no results of this run" in report.failures[0].message


def test_a_profile_that_does_not_exist_is_an_error_in_dbts_words(green: Shop):
    project = replace(green.open(), profile_name="market")

    report = run_dbt(project, "build")

    assert (report.status, report.results) == ("error", ())
    assert "Could not find profile named 'market'" in report.failures[0].message


def test_retry_after_a_green_run_did_nothing(green: Shop):
    assert run(green, "retry").status == "nothing_selected"


@pytest.mark.long
def test_parse_needs_no_free_database(green: Shop):
    with held_by_another_process(green.database):
        report = parse(green.open())

    assert (report.status, report.results, report.failures) == ("success", (), ())
    assert read_manifest(green.root / "target/manifest.json").metadata.invocation_id == report.invocation_id


def test_a_broken_yaml_file_is_named_relative_to_the_project(shop: Shop):
    report = run(shop.write({"models/marts/bad.yml": "models:\n  - name: orders\n   x: ["}))

    assert report.status == "error"
    assert report.failures[0].path == "models/marts/bad.yml"


@pytest.mark.long
def test_a_failing_hook_is_a_failure(shop: Shop):
    shop.write({"dbt_project.yml": DBT_PROJECT + "on-run-end: [select no_such_column]\n"})

    report = run(shop)

    assert (report.status, report.exit_code) == ("failed", 1)
    assert [(f.unique_id, f.path) for f in report.failures] == [
        ("operation.shop.shop-on-run-end-0", "dbt_project.yml")
    ]


@pytest.mark.long
def test_fail_fast_skips_the_rest_and_is_a_failure(shop: Shop):
    shop.write({"models/orders.sql": "select no_such_column"})

    report = run(shop, extra_args=["--fail-fast"])

    assert (report.status, report.by_status()) == ("failed", {"error": 1, "skipped": 1})


@pytest.mark.long
def test_freshness_counts_sources(shop: Shop):
    shop.write(
        {
            "models/sources.yml": """\
sources:
  - name: raw
    schema: main
    config: {loaded_at_field: loaded_at, freshness: {warn_after: {count: 1, period: day}}}
    tables: [{name: fresh}, {name: stale}]
""",
            "models/fresh.sql": "select current_timestamp as loaded_at",
            "models/stale.sql": "select timestamptz '2020-01-01' as loaded_at",
        }
    )
    assert run(shop, "run").status == "success"

    report = run(shop, "source freshness")

    assert (report.status, report.by_resource_type()) == ("success", {"source": {"pass": 1, "warn": 1}})
    assert len(report.warnings) == 1 and "source.shop.raw.stale" in report.warnings[0]


@pytest.mark.long
def test_a_source_whose_age_cannot_be_asked_is_a_failure(shop: Shop):
    source = "sources: [{name: raw, schema: main, config: {%s}, tables: [{name: gone}]}]"
    freshness = "loaded_at_field: loaded_at, freshness: {warn_after: {count: 1, period: day}}"
    shop.write({"models/sources.yml": source % freshness})

    report = run(shop, "source freshness")

    assert (report.status, report.exit_code) == ("failed", 1)
    assert report.failures and "gone" in report.failures[0].message


def test_results_are_found_wherever_the_target_path_leads(shop: Shop, mixed_shop: Shop, mixed):
    assert run(shop, extra_args=["--target-path", "elsewhere"]).by_status() == {"success": 2}
    assert not (shop.root / "target").exists()

    assert (mixed_shop.root / "out/dev/run_results.json").exists()
    assert not (mixed_shop.root / "target").exists()


def test_select_exclude_threads_vars_and_full_refresh_reach_dbt(shop: Shop):
    shop.write({"models/totals.sql": "select '{{ var('country') }}' as country from {{ ref('orders') }}"})
    project = replace(shop.open(), vars={"country": "San Marino"})

    report = run_dbt(project, "run", select=["+totals"], exclude=["orders"], threads=1, full_refresh=True)

    assert [result.unique_id for result in report.results] == ["model.shop.totals"]
    assert {"--full-refresh", "--threads"} <= set(report.command)


def test_a_run_without_a_command_is_refused(shop: Shop):
    with pytest.raises(UsageError):
        run_dbt(shop.open(), [])


def test_alternating_with_the_users_own_dbt_does_not_make_dbt_parse_everything_again(shared: Shop):
    from dbt.cli.main import dbtRunner

    dbtRunner().invoke(["parse", "--project-dir", str(shared.root), "--profiles-dir", str(shared.root)])
    (shared.root / "logs/dbt.log").unlink()

    assert run(shared, "parse").status == "success"

    log = (shared.root / "logs/dbt.log").read_text()
    assert "Partial parsing enabled: 0 files deleted, 0 files added, 0 files changed" in log


# --- a guest in this process -------------------------------------------------------------------------


@pytest.mark.long
def test_running_in_process_changes_nothing_in_the_process(shop: Shop, capfd):
    shop.write(
        {
            # On a failing query dbt-duckdb's retries use a bare print().
            "models/totals.sql": "select no_such_column from {{ ref('orders') }}",
            "profiles.yml": PROFILES.replace(
                "threads: 2", "retries: {query_attempts: 2}, module_paths: [here]"
            ),
        }
    )
    run(shop, "parse")  # the first import of dbt is not what this is about

    def state() -> dict[str, object]:
        return {
            "folder": Path.cwd(),
            "environment": dict(os.environ),
            "streams": (sys.stdout, sys.stderr),
            "module paths": list(sys.path),
            "warnings": (list(warnings.filters), warnings.showwarning),
            "logging": (list(logging.getLogger().handlers), logging.getLogger().level),
            "log files": [h for n in ("file_log", "stdout_log") for h in logging.getLogger(n).handlers],
            "signals": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
        }

    before = state()
    capfd.readouterr()
    report = run(shop)

    assert report.status == "failed"
    assert state() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.long
def test_what_the_callback_prints_is_printed_and_what_it_raises_comes_after_the_run(shop: Shop, capfd):
    run(shop, on_event=print)
    assert "START sql view model main.orders [RUN]" in capfd.readouterr().out

    def broken_display(line: str) -> None:
        raise RuntimeError("no such terminal")

    with pytest.raises(RuntimeError, match="no such terminal"):
        run(shop, on_event=broken_display)
    assert {r.status for r in read_run_results(shop.root / "target/run_results.json").results} == {"success"}


def test_other_threads_can_print_while_dbt_runs(shared: Shop, capfd):
    go, done = threading.Event(), threading.Event()

    def redraw() -> None:
        go.wait(60)
        sys.stdout.write("redrawn by another thread\n")
        done.set()

    thread = threading.Thread(target=redraw)
    thread.start()
    run(shared, on_event=lambda line: go.set() or done.wait(60))
    thread.join()

    assert capfd.readouterr() == ("redrawn by another thread\n", "")


def test_what_stood_in_for_a_stream_is_collected_in_silence_though_the_stream_is_closed(tmp_path: Path):
    real = (tmp_path / "stdout").open("w")
    muffler = _Muffler(real, deque(), frozenset())
    real.close()

    muffler.close()  # as its collection does, which Python 3.13 reports when it fails


def test_runs_in_two_threads_take_turns(shared: Shop):
    reports: list[RunReport] = []
    threads = [threading.Thread(target=lambda: reports.append(run(shared))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    first, second = sorted(reports, key=lambda report: report.finished_at)
    assert (first.status, second.status) == ("success", "success")
    assert first.invocation_id != second.invocation_id


@pytest.mark.long
def test_two_projects_with_the_same_relative_path_do_not_share_a_database(tmp_path: Path, monkeypatch):
    relative = profiles("path: shop.duckdb")
    one = new_shop(tmp_path / "one", {"models/one.sql": "select 1 as id"}).write({"profiles.yml": relative})
    two = new_shop(tmp_path / "two", {"models/two.sql": "select 2 as id"}).write({"profiles.yml": relative})

    for shop in (one, two):
        monkeypatch.chdir(shop.root)
        assert run(shop).status == "success"

    assert (tables(one.database), tables(two.database)) == (["one"], ["two"])


# --- interrupted, killed, not dbt --------------------------------------------------------------------

SLOW = {
    "models/slow.sql": "{{ config(materialized='table') }} select count(*) as n from range(1000000000000)"
}


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.long
def test_ctrl_c_ends_dbt_and_frees_the_database(tmp_path: Path, runner: str):
    shop = new_shop(tmp_path, SLOW)
    code = """
import sys
from pathlib import Path
from aidbt.project import open_project
from aidbt.project.dbt import run_dbt
root = Path(sys.argv[1])
try:
    run_dbt(open_project(root, profiles_dir=root), "run", runner=sys.argv[2], executable=sys.argv[3],
            on_event=lambda line: print(line, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(shop.root), runner, str(DBT)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert "START" in process.stdout.readline()
        # dbt cannot cancel a query that it has not sent yet.
        while "On model.shop.slow" not in (shop.root / "logs/dbt.log").read_text():
            assert process.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        lines = process.stdout.read().splitlines()

    assert lines[-1] == "interrupted"
    write = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table t as select 1')"
    in_another_process(write, shop.database)


@pytest.mark.long
def test_a_killed_dbt_is_an_error_and_not_the_green_run_before_it(green: Shop, tmp_path: Path):
    green.write(SLOW)
    program, pid = tmp_path / "dbt", tmp_path / "pid"
    program.write_text(f'#!/bin/sh\necho $$ > {pid}\nexec {DBT} "$@"\n')
    program.chmod(0o755)

    def kill(line: str) -> None:
        if "START" in line:
            os.kill(int(pid.read_text()), signal.SIGKILL)

    with pytest.raises(DbtError, match="was killed by SIGKILL before it ended") as caught:
        run_dbt(
            green.open(),
            "run",
            select=["slow"],
            runner="executable",
            executable=str(program),
            on_event=kill,
        )
    assert "--threads" in (caught.value.hint or "")


@pytest.mark.parametrize("program", ["/bin/true", "/bin/false", "/bin/echo"])
def test_a_program_that_is_not_dbt_is_named(shop: Shop, program: str):
    with pytest.raises(DbtError, match=f"{program} does not answer as dbt does"):
        run_dbt(shop.open(), "build", runner="executable", executable=program)


def test_a_program_that_is_not_there_is_named(shop: Shop):
    with pytest.raises(DbtError, match="no program '/no/such/dbt'"):
        run_dbt(shop.open(), "build", runner="executable", executable="/no/such/dbt")


def test_the_runner_is_chosen_for_a_reason(shop: Shop, tmp_path: Path):
    assert detect_runner(shop.open()).name == "in_process"
    assert "duckdb adapter are installed" in detect_runner(shop.open()).reason
    assert detect_runner(shop.open(), runner="executable", executable=str(DBT)).executable == str(DBT)

    shop.write({"profiles.yml": profiles("host: here", type="nosuch")})
    other = tmp_path / "other_dbt"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    choice = detect_runner(shop.open(), executable=str(other))
    assert (choice.name, choice.executable) == ("executable", str(other))
    assert "not its nosuch adapter" in choice.reason


# --- which database file -----------------------------------------------------------------------------


@pytest.mark.long
def test_profiles_dir_in_the_path_is_the_same_file_from_outside_and_inside(tmp_path: Path, monkeypatch):
    shop = new_shop(tmp_path / "dbt_project")
    (shop.root / "profiles.yml").rename(tmp_path / "profiles.yml")
    database = tmp_path / "shop.duckdb"
    monkeypatch.chdir(tmp_path)

    subprocess.run([DBT, "run", "--project-dir", "dbt_project"], check=True, capture_output=True)
    assert database.is_file()
    shop.write({"models/inside.sql": "select 1 as id"})
    subprocess.run([DBT, "run", "--profiles-dir", ".."], cwd=shop.root, check=True, capture_output=True)

    assert tables(database) == ["inside", "orders", "totals"]
    assert list(tmp_path.rglob("*.duckdb")) == [database]
    project = open_project(shop.root)
    assert resolve_duckdb_path(project.profile(), project) == database


@pytest.fixture
def relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    shop = new_shop(tmp_path / "dbt_project")
    return shop.write({"profiles.yml": profiles("path: w.duckdb")})


def resolved(shop: Shop) -> Path:
    return resolve_duckdb_path(shop.open().profile(), shop.open())


def test_a_new_relative_database_is_in_the_current_folder_as_for_dbt(relative: Shop):
    assert resolved(relative) == Path.cwd() / "w.duckdb"


def test_a_relative_database_in_two_places_is_refused(relative: Shop):
    Path("w.duckdb").touch()
    (relative.root / "w.duckdb").touch()

    with pytest.raises(ProfileError) as caught:
        resolved(relative)
    assert f"{Path.cwd()}/w.duckdb and {relative.root}/w.duckdb" in caught.value.message
    with pytest.raises(ProfileError):
        run(relative)

    (relative.root / "w.duckdb").unlink()
    (relative.root / "w.duckdb").symlink_to(Path.cwd() / "w.duckdb")
    assert resolved(relative) == Path.cwd() / "w.duckdb"


@pytest.mark.parametrize(
    ("path", "why"),
    [(":memory:", "in memory"), ("md:shop?motherduck_token=abc", "not a file on this machine: md:shop\n")],
)
def test_a_database_that_is_no_file_is_refused(shop: Shop, path: str, why: str):
    shop.write({"profiles.yml": profiles(f"path: '{path}'")})

    with pytest.raises(ProfileError, match=why):
        resolved(shop)
