"""The main job by hand, from an empty folder to a built project."""

from __future__ import annotations

import json

import pytest


def test_from_an_empty_folder_to_a_built_project(nobody):
    nobody.write("exports/people.csv", "id,fullName,born\n1,Ada,1815-12-10\n2,Grace,1906-12-09\n")
    nobody.write("exports/visits.csv", "visit_id,person_id\n7,1\n8,1\n9,2\n")

    assert nobody.aidbt("init", ".").code == 0
    landed = nobody.aidbt("ingest", "run", "--source", "crm", "--from", "exports/*.csv")
    assert landed.code == 0, landed.err
    assert "every row read is accounted for" in landed.out

    generated = nobody.aidbt("generate")
    assert generated.code == 0, generated.err
    assert "wrote 6 files" in generated.out
    staging = nobody.read("models/silver/crm/stg_crm__people.sql")
    assert "cast(id as bigint)" not in staging  # an id is no quantity: its digits stay text
    assert "cast(born as date) as born" in staging

    built = nobody.aidbt("build")
    assert built.code == 0, built.out + built.err
    assert "model  2 success" in built.out

    again = nobody.aidbt("generate", "--check")
    assert again.code == 0
    assert "agree" in again.out


def test_a_failing_build_exits_1_and_names_the_node_its_file_and_the_reason(builder):
    builder.write("models/gold/broken.sql", "select nothing_here from {{ ref('stg_crm__users') }}")

    built = builder.aidbt("build")

    assert built.code == 1
    assert "model.shop.broken (models/gold/broken.sql)" in built.out
    assert "nothing_here" in built.out


def test_runs_are_recorded_for_later(builder):
    doctor = json.loads(builder.aidbt("doctor", "--output", "json").out)

    assert any("1 recorded runs" in check["detail"] for check in doctor["checks"])


@pytest.mark.long
def test_every_command_speaks_json(user):
    for command in (["profile"], ["generate"], ["review"], ["doctor"], ["build"]):
        ran = user.aidbt(*command, "--output", "json")
        assert ran.code == 0, ran.err
        json.loads(ran.out)


def test_a_dry_run_prints_a_diff_that_git_could_apply(user):
    ran = user.aidbt("generate", "--dry-run")

    assert ran.code == 0
    assert "--- /dev/null\n+++ b/models/silver/crm/stg_crm__users.sql\n" in ran.out
    assert not user.files()


def test_check_exits_1_on_drift(builder):
    (builder.folder / "models/silver/crm/stg_crm__users.sql").unlink()

    ran = builder.aidbt("generate", "--check")

    assert ran.code == 1
    assert "stg_crm__users.sql" in ran.out


@pytest.mark.long
def test_strict_exits_1_while_something_waits(user):
    user.sql(
        "create table raw_crm.tiers as select i as id, ['a', 'b'][1 + i % 2] as tier from range(900) r(i)"
    )

    assert user.aidbt("generate").code == 0
    assert user.aidbt("generate", "--strict").code == 1


@pytest.mark.long
def test_a_decision_goes_from_the_queue_into_the_model(user):
    user.write(
        "aidbt/targets/person.yml",
        "name: person\nsources: [crm.users]\ncolumns:\n  - {name: person_number, type: bigint}\n"
        "  - {name: login_name, type: varchar}\n  - {name: signed_up_at, type: timestamp}\n",
    )
    assert user.aidbt("generate").code == 0
    queue = json.loads(user.aidbt("review", "--output", "json").out)
    assert "crm.users.signed_up_at" in [item["selector"] for item in queue]

    ran = user.aidbt(
        "review",
        "choose",
        "crm.users.signed_up_at",
        "id",
        "--expression",
        "timestamp '2024-01-01' + to_hours(id)",
    )
    assert ran.code == 0, ran.err
    assert user.aidbt("generate").code == 0

    staging = user.read("models/silver/crm/stg_crm__users.sql")
    assert "timestamp '2024-01-01' + to_hours(id) as signed_up_at" in staging


def test_help_names_every_command(nobody):
    ran = nobody.aidbt("--help")

    assert ran.code == 0
    for command in ("init", "doctor", "ingest", "profile", "review", "generate", "build"):
        assert f"  {command} " in ran.out
