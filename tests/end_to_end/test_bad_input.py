"""What bad input gets: one clear error with a hint, the right exit code, nothing lost or half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

COMMANDS = (["generate"], ["profile"], ["review"], ["build"], ["doctor"], ["ingest", "run"])


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=[] if c in (["generate"], ["build"]) else pytest.mark.long) for c in COMMANDS],
    ids=" ".join,
)
def test_no_project_here(nobody, command):
    ran = nobody.aidbt(*command).assert_one_clear_error()

    assert "no dbt project" in ran.err
    assert "aidbt init" in ran.err


@pytest.mark.long
def test_two_projects_are_listed(nobody):
    for name in ("first", "second"):
        nobody.write(f"{name}/dbt_project.yml", f"name: {name}\nprofile: p\n")

    ran = nobody.aidbt("generate").assert_one_clear_error()

    assert "first, second" in ran.err
    assert "--project-dir" in ran.err


def test_broken_yaml_names_file_and_line(user):
    user.write("dbt_project.yml", "name: shop\nprofile: 'shop\nmodels:\n")

    ran = user.aidbt("generate")

    assert ran.code == 2
    assert "dbt_project.yml:" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("aidbt.yml", "generate:\n  staging_pth: x\n", "aidbt.yml:2: unknown key 'generate.staging_pth'"),
        pytest.param("aidbt.yml", "mapping:\n  accept: high\n", "aidbt.yml:2", marks=pytest.mark.long),
        ("aidbt/targets/t.yml", "name: t\ncolums: []\n", "aidbt/targets/t.yml:2: unknown key 'colums'"),
        pytest.param(
            "aidbt/mappings/m.yml", "source: {name: a, table: b}\ncolums: []\n", "unknown key 'colums'",
            marks=pytest.mark.long,
        ),
    ],
)  # fmt: skip
def test_an_unknown_key_names_its_place_and_the_nearest(user, path, text, said):
    user.write(path, text)

    ran = user.aidbt("generate").assert_one_clear_error()

    assert said in ran.err


@pytest.mark.long
def test_a_broken_yaml_file_of_the_project_names_file_and_line(user):
    user.write("models/x.yml", "sources:\n  - name: a\n   tables: []\n")

    ran = user.aidbt("generate")

    assert ran.code == 2
    assert "models/x.yml:3" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.long
def test_a_profile_that_does_not_exist_names_the_nearest(user):
    ran = user.aidbt("generate", "--profile", "shpo").assert_one_clear_error()

    assert "did you mean 'shop'" in ran.err


@pytest.mark.long
def test_a_target_that_does_not_exist_lists_the_known(user):
    ran = user.aidbt("generate", "--target", "prod").assert_one_clear_error()

    assert "dev" in ran.err


@pytest.mark.long
def test_a_warehouse_whose_adapter_is_missing_says_what_to_install(user):
    user.write(
        "profiles.yml",
        "shop:\n  target: dev\n  outputs:\n    dev: {type: snowflake, account: x, schema: s}\n",
    )

    ran = user.aidbt("generate").assert_one_clear_error()

    assert "snowflake" in ran.err
    assert "pip install dbt-snowflake" in ran.err
    assert ran.out == ""


@pytest.mark.long
def test_an_adapter_that_is_not_installed_says_what_to_install(user):
    user.write(
        "profiles.yml", "shop:\n  target: dev\n  outputs:\n    dev: {type: trino, host: x, schema: s}\n"
    )

    ran = user.aidbt("build").assert_one_clear_error()

    assert "pip install dbt-trino" in ran.err


HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("command", [["generate"], ["profile"]], ids=" ".join)
def test_a_locked_warehouse_names_the_process_that_holds_it(user, command):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(user.folder / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"

        ran = user.aidbt(*command).assert_one_clear_error()

        assert f"process {holder.pid}" in ran.err
        assert not user.files()
    finally:
        holder.communicate("")


@pytest.mark.long
def test_a_build_on_a_locked_warehouse_is_no_success(builder):
    assert (builder.folder / "target/run_results.json").exists()  # of a green run
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(builder.folder / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"

        ran = builder.aidbt("build")

        ran.assert_one_clear_error()
        assert f"in use by process {holder.pid}" in ran.err and not ran.out
    finally:
        holder.communicate("")


def test_a_warehouse_that_is_not_there_says_how_to_get_one(nobody):
    nobody.aidbt("init", ".")

    ran = nobody.aidbt("generate").assert_one_clear_error()

    assert "aidbt ingest run" in ran.err
    assert not (nobody.folder / "warehouse.duckdb").exists()


@pytest.mark.long
def test_a_file_that_is_no_database_says_so(nobody):
    nobody.aidbt("init", ".")
    nobody.write("warehouse.duckdb", b"this is not a database, it only has the name" * 50)

    ran = nobody.aidbt("generate").assert_one_clear_error()

    assert "cannot be opened as a DuckDB database" in ran.err


@pytest.mark.long
def test_names_that_differ_only_in_case_and_reserved_words_build(user):
    user.sql(
        'create table raw_crm."Group" as select 1 as "Order", 2 as "select", 3 as "user id", 4 as "é{{x"'
    )
    assert user.aidbt("generate").code == 0

    built = user.aidbt("build")

    assert built.code == 0, built.out + built.err


KILLED_WRITE = textwrap.dedent(
    """
    import os, signal, sys
    calls, limit, real = 0, int(sys.argv[1]), os.replace

    def replace(*arguments):
        global calls
        calls += 1
        if calls > limit:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*arguments)

    os.replace = replace
    sys.argv = ["aidbt", "generate"]
    from aidbt.cli.main import main
    main()
    """
)


# After any number of steps: tests/aidbt/core/test_patch.py.
@pytest.mark.parametrize("after", [3, *(pytest.param(n, marks=pytest.mark.long) for n in (0, 1, 2, 4, 5))])
@pytest.mark.long
def test_a_killed_generate_is_finished_or_undone_by_the_next_command(user, after):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WRITE, str(after)], cwd=user.folder, env=user.env, check=False
    )
    assert killed.returncode == -signal.SIGKILL

    assert user.aidbt("generate").code == 0
    finished = user.files()

    assert "aidbt/generated.lock" in finished
    assert len(finished) == 7
    assert user.aidbt("generate", "--check").code == 0
    assert not list((user.folder / ".aidbt").glob("staged/*"))


FULL_DISK = textwrap.dedent(
    """
    import resource, signal, sys
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.argv = ["aidbt", "generate"]
    from aidbt.cli.main import main
    import aidbt.core.patch as patch
    real = patch.apply_patch

    def with_no_room_left(*arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        return real(*arguments)

    import aidbt.generate.plan
    aidbt.generate.plan.apply_patch = with_no_room_left
    main()
    """
)


def test_a_file_that_cannot_be_written_whole_leaves_everything_as_it_was(user):
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK],
        cwd=user.folder,
        env=user.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2, ran.stderr
    assert "no file was changed" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert user.files() == {}


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk"
)
def test_a_full_disk_leaves_everything_as_it_was(user, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        for name in ("dbt_project.yml", "aidbt.yml"):
            (small / name).write_bytes((user.folder / name).read_bytes())
        profiles = user.read("profiles.yml").replace("{{ flags.PROFILES_DIR }}", str(user.folder))
        (small / "profiles.yml").write_text(profiles)
        (small / "aidbt.yml").write_text(f"store:\n  path: {user.folder}/state.db\n")
        (small / "filler").write_bytes(b"x" * 270_000)

        ran = user.aidbt("generate", cwd=small)

        ran.assert_one_clear_error()
        assert "the disk is full" in ran.err
        assert not (small / "models").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_two_processes_at_once_do_not_mix_their_files(user):
    hold = (
        "import sys; from pathlib import Path; from aidbt.core.patch import write_lock\n"
        "with write_lock(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(user.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"

        ran = user.aidbt("generate").assert_one_clear_error()

        assert "another aidbt process" in ran.err
        assert user.files() == {}
    finally:
        holder.communicate("")
    assert user.aidbt("generate").code == 0


@pytest.mark.long
def test_a_damaged_store_says_that_no_decision_is_lost(user):
    user.write(".aidbt/state.db", "not a database at all, sorry" * 100)

    ran = user.aidbt("generate").assert_one_clear_error()

    assert "no decision" in ran.err


def test_an_unknown_command_names_the_nearest(nobody):
    ran = nobody.aidbt("genrate")

    assert ran.code == 2
    assert "generate" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.long
def test_stopping_with_ctrl_c_says_so_and_writes_nothing(user):
    # Stopped where it cannot be done yet: while it waits for a key check over many rows.
    user.sql("create table raw_crm.big as select i, md5(i::varchar) as h from range(8000000) r(i)")
    running = subprocess.Popen(
        [sys.executable, "-m", "aidbt", "generate"],
        cwd=user.folder,
        env=user.env,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (user.folder / ".aidbt" / "state.db").exists():  # made just before the tables are looked at
        assert running.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=120)

    assert "Traceback" not in err
    assert running.returncode == 130, err
    assert user.files() == {}


def test_a_reader_that_goes_away_is_no_error(user):
    done = subprocess.run(
        f"{sys.executable} -m aidbt profile --why | head -1",
        shell=True,
        cwd=user.folder,
        env=user.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""


def test_a_missing_variable_of_a_connector_is_named(user):
    user.write("aidbt/connectors/c.yml", "connector: postgres\nurl: \"{{ env_var('NO_SUCH_URL') }}\"\n")

    ran = user.aidbt("ingest", "run").assert_one_clear_error()

    assert "NO_SUCH_URL" in ran.err


def test_a_source_that_cannot_be_reached_exits_2_and_lands_nothing(user):
    ran = user.aidbt("ingest", "run", "--source", "pg", "--from", "postgresql://u:secret@127.0.0.1:9/x")

    assert ran.code == 2
    assert "not reached" in ran.out
    assert "secret" not in ran.out + ran.err
    assert "Traceback" not in ran.out + ran.err
