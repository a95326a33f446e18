"""What generating promises: idempotent, stable, whole or not at all, and never over a person's edit."""

from __future__ import annotations

import pytest

from aidbt.core.errors import SettingsError, UsageError
from aidbt.core.patch import digest
from aidbt.mapping.queue import accept_all, choose_one

STAGING = "models/silver/crm/stg_crm__users.sql"


def test_a_second_run_writes_nothing(filled_shop):
    filled_shop.generate()
    before = filled_shop.texts()

    plan = filled_shop.generate()

    assert not plan.patch.edits
    assert filled_shop.texts() == before


def test_the_same_decisions_give_the_same_bytes_in_another_clone(filled_shop):
    filled_shop.generate()
    before = filled_shop.texts()
    for path in before:
        if path.startswith("models/") or path.endswith(".lock"):
            (filled_shop.root / path).unlink()

    filled_shop.generate()

    assert filled_shop.texts() == before


def test_a_dry_run_writes_nothing(filled_shop):
    plan = filled_shop.generate(write=False)

    assert plan.written
    assert not (filled_shop.root / "models").exists()
    assert not (filled_shop.root / "aidbt").exists()


def test_check_needs_no_warehouse_and_finds_drift(filled_shop):
    filled_shop.generate()
    filled_shop.database.rename(filled_shop.root / "gone.duckdb")

    assert not filled_shop.check().is_drift

    (filled_shop.root / STAGING).unlink()
    assert filled_shop.check().deleted == (STAGING,)
    assert filled_shop.check().is_drift


def test_a_persons_edit_of_a_generated_model_stays(filled_shop):
    filled_shop.generate()
    edited = filled_shop.read(STAGING) + "-- ours now\n"
    filled_shop.write(STAGING, edited)

    plan = filled_shop.generate()

    assert filled_shop.read(STAGING) == edited
    assert plan.edited == (STAGING,)
    assert not plan.proposals


def test_what_is_new_goes_in_beside_a_persons_edit(filled_shop):
    filled_shop.generate()
    filled_shop.write(STAGING, filled_shop.read(STAGING) + "-- ours now\n")
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")

    plan = filled_shop.generate()

    assert plan.merged == (STAGING,)
    assert "id as login" in filled_shop.read(STAGING)
    assert filled_shop.read(STAGING).endswith("-- ours now\n")
    assert not plan.proposals
    assert not filled_shop.generate().patch.edits


def test_a_conflict_shows_both_sides_and_writes_neither(filled_shop):
    filled_shop.generate()
    edited = filled_shop.read(STAGING).replace(
        "        login,\n        active", "        upper(login) as login,\n        active"
    )
    assert edited != filled_shop.read(STAGING)
    filled_shop.write(STAGING, edited)
    choose_one(filled_shop.root, "crm.users.login", ["login"], expression="lower(login)", dialect="duckdb")

    plan = filled_shop.generate()

    assert filled_shop.read(STAGING) == edited
    # What documents the model waits with it: it would describe columns that the kept SQL does not have.
    assert set(plan.proposals) == {STAGING, "models/silver/crm/_crm__models.yml"}
    (conflict,) = plan.files[STAGING].conflicts
    assert "upper(login) as login," in conflict.yours[0]
    assert "lower(login) as login," in conflict.aidbt[0]
    proposal = filled_shop.read(f".aidbt/proposals/{STAGING}")
    assert "<<<<<<< yours" in proposal
    assert plan.is_drift


def test_without_the_text_that_was_written_an_edit_gets_a_proposal(filled_shop):
    filled_shop.generate()
    edited = filled_shop.read(STAGING) + "-- ours now\n"
    filled_shop.write(STAGING, edited)
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")
    (filled_shop.root / ".aidbt" / "state.db").unlink()

    plan = filled_shop.generate()

    assert filled_shop.read(STAGING) == edited
    assert "id as login" in plan.proposals[STAGING]


def test_in_another_clone_the_text_that_was_written_comes_from_git(filled_shop):
    filled_shop.generate()
    filled_shop.git("init", "-q")
    filled_shop.git("add", "models", "aidbt")
    filled_shop.git("commit", "-qm", "generated")
    filled_shop.write(STAGING, filled_shop.read(STAGING) + "-- ours now\n")
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")
    (filled_shop.root / ".aidbt" / "state.db").unlink()

    plan = filled_shop.generate()

    assert plan.merged == (STAGING,)


def test_a_deleted_model_stays_deleted_with_all_that_describes_it_until_it_is_selected(filled_shop):
    filled_shop.generate()
    assert "ref('stg_crm__users')" in filled_shop.read("models/silver/crm/_crm__models.yml")
    (filled_shop.root / STAGING).unlink()

    plan = filled_shop.generate()
    assert plan.deleted == (STAGING,)
    assert not (filled_shop.root / STAGING).exists()
    assert "stg_crm__users" not in filled_shop.read("models/silver/crm/_crm__models.yml")
    assert "name: users" in filled_shop.read("models/bronze/crm/_crm__sources.yml")
    assert not filled_shop.generate().patch.edits
    assert not filled_shop.check().is_drift

    filled_shop.generate(select=["users"])
    assert (filled_shop.root / STAGING).exists()
    assert "ref('stg_crm__users')" in filled_shop.read("models/silver/crm/_crm__models.yml")


def test_a_model_that_somebody_took_over_under_another_name_is_theirs(filled_shop):
    filled_shop.generate()
    filled_shop.write("models/mine/users.sql", filled_shop.read(STAGING))
    (filled_shop.root / STAGING).unlink()

    filled_shop.generate()

    text = filled_shop.read("models/silver/crm/_crm__models.yml")
    assert "ref('users')" in text
    assert "stg_crm__users" not in text
    assert not filled_shop.generate().patch.edits


def test_a_moved_file_is_followed(filled_shop):
    filled_shop.generate()
    moved = "models/staging_crm/stg_crm__users.sql"
    filled_shop.write(moved, filled_shop.read(STAGING))
    (filled_shop.root / STAGING).unlink()
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")

    plan = filled_shop.generate()

    assert moved in plan.updated
    assert "id as login" in filled_shop.read(moved)
    assert not (filled_shop.root / STAGING).exists()
    assert not filled_shop.generate().patch.edits


def test_another_version_of_aidbt_changes_no_file_unless_it_is_told_to(filled_shop, monkeypatch):
    filled_shop.generate()
    before = filled_shop.texts()
    from aidbt.generate import changes

    written = changes.property_file
    monkeypatch.setattr(changes, "property_file", lambda *args: "# newer\n" + written(*args))

    plan = filled_shop.generate()
    assert set(plan.older) == {"models/bronze/crm/_crm__sources.yml", "models/silver/crm/_crm__models.yml"}
    assert not plan.is_drift
    assert filled_shop.texts() == before

    filled_shop.generate(upgrade=True)
    assert filled_shop.read("models/bronze/crm/_crm__sources.yml").startswith("# newer\n")


def test_entries_go_into_a_file_that_was_there_and_every_byte_of_it_stays(filled_shop):
    path = "models/bronze/crm/_crm__sources.yml"
    mine = "version: 2  # mine\n\nexposures: []   # none yet\n# the end\n"
    filled_shop.write(path, mine)

    plan = filled_shop.generate()

    assert path in plan.updated
    text = filled_shop.read(path)
    at = 0
    for line in mine.splitlines(keepends=True):
        at = text.index(line, at) + len(line)
    assert "- name: users" in text
    assert not filled_shop.generate().patch.edits


def test_a_model_that_was_there_before_is_never_overwritten(filled_shop):
    filled_shop.write(STAGING, "select 1 as mine\n")

    plan = filled_shop.generate()

    assert filled_shop.read(STAGING) == "select 1 as mine\n"
    assert "exists and was not written by aidbt" in {s.table: s.reason for s in plan.skipped}["crm.users"]


def test_a_decision_changes_only_the_files_it_is_about(filled_shop):
    filled_shop.generate()
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")

    plan = filled_shop.generate()

    assert set(plan.updated) == {STAGING, "models/silver/crm/_crm__models.yml"}


def test_a_new_source_column_is_added_at_the_end_and_nothing_else_moves(filled_shop):
    filled_shop.generate()
    before = filled_shop.read("aidbt/mappings/crm__users.yml").splitlines()
    filled_shop.sql("alter table raw_crm.users add column phone varchar")

    filled_shop.generate()

    after = filled_shop.read("aidbt/mappings/crm__users.yml").splitlines()
    assert [line for line in after if line not in before] == [
        "  - {target: phone, source: phone, type: VARCHAR, status: accepted, by: aidbt}"
    ]
    assert [line for line in before if line not in after] == []


def test_a_column_that_is_gone_or_retyped_is_a_finding_and_the_model_stays(filled_shop):
    filled_shop.generate()
    before = filled_shop.read(STAGING)
    filled_shop.sql(
        "alter table raw_crm.users drop column login; alter table raw_crm.users alter active type varchar"
    )

    plan = filled_shop.generate()

    assert {finding.code for finding in plan.findings} == {"source.column_gone", "source.column_retyped"}
    assert plan.has_errors
    gone = next(finding for finding in plan.findings if finding.code == "source.column_gone")
    assert gone.message.endswith("to leave it out: aidbt review reject crm.users.login")
    assert filled_shop.read(STAGING) == before


def test_a_column_that_was_renamed_waits_under_its_new_name_and_nothing_else_changes(filled_shop):
    filled_shop.generate()
    before = filled_shop.read("aidbt/mappings/crm__users.yml").splitlines()
    filled_shop.sql("alter table raw_crm.users rename column login to user_login")

    (renamed,) = filled_shop.generate().findings

    assert renamed.code == "source.column_renamed"
    assert renamed.message.endswith("to take it over: aidbt review accept crm.users.login")
    after = filled_shop.read("aidbt/mappings/crm__users.yml").splitlines()
    (changed,) = [line for line in after if line not in before]
    assert "target: login, source: user_login, type: VARCHAR, status: review, by: aidbt" in changed
    assert len(after) == len(before)
    accept_all(filled_shop.root, ["crm.users.login"])
    assert not filled_shop.generate().has_errors


def test_a_key_that_no_longer_holds_is_a_finding_and_the_test_stays(filled_shop):
    filled_shop.generate()
    filled_shop.sql("insert into raw_crm.users values (1, 'again', true)")

    plan = filled_shop.generate()

    assert [finding.code for finding in plan.findings] == ["test.unique_no_longer_holds"]
    assert not plan.patch.edits


def test_a_test_that_a_person_rejected_does_not_come_back(filled_shop):
    filled_shop.generate()
    path = "aidbt/mappings/crm__visits.yml"
    relationship = next(line for line in filled_shop.read(path).splitlines() if "relationships" in line)
    rejected = relationship.replace("status: accepted, by: aidbt", "status: rejected, by: person")
    filled_shop.write(path, filled_shop.read(path).replace(relationship, rejected))

    filled_shop.generate()
    plan = filled_shop.generate()

    assert "relationships" not in filled_shop.read("models/silver/crm/_crm__models.yml")
    assert not plan.patch.edits


def test_foreign_keys_are_verified_on_every_row(shop):
    shop.sql(
        "create schema raw_s; create table raw_s.teams as select i as team_id from range(100) r(i);"
        "create table raw_s.players as select i as player_id, i % 101 as team_id from range(5000) r(i);"
    )

    plan = shop.generate()

    assert "relationships" not in shop.read("models/silver/s/_s__models.yml")
    (finding,) = plan.findings
    assert (finding.code, finding.where) == ("relationship.does_not_hold", "s.players.team_id")
    assert "49 of 5,000 rows" in finding.message


def test_selecting_leaves_the_rest_alone(filled_shop):
    plan = filled_shop.generate(select=["source:crm.users"])

    assert plan.mappings.keys() == {"crm.users"}
    assert STAGING in plan.written
    assert not any("visits" in path for path in plan.written)


@pytest.mark.parametrize("selector", ["users", "stg_crm__users", "source:crm.us*", "crm.users", "u*"])
def test_a_table_can_be_selected_in_every_usual_way(filled_shop, selector):
    assert filled_shop.generate(select=[selector], write=False).mappings.keys() == {"crm.users"}


def test_selecting_nothing_is_an_error(filled_shop):
    with pytest.raises(UsageError, match="nothing is selected"):
        filled_shop.generate(select=["usres"])


def test_selecting_one_table_keeps_what_was_generated_for_the_others(filled_shop):
    filled_shop.generate()
    before = filled_shop.texts()

    plan = filled_shop.generate(select=["users"])

    assert not plan.patch.edits
    assert filled_shop.texts() == before


def test_a_source_that_is_declared_is_not_declared_again(filled_shop):
    filled_shop.write(
        "models/sources.yml",
        "sources:\n  - name: legacy\n    schema: raw_crm\n"
        "    tables:\n      - name: people\n        identifier: users\n",
    )

    plan = filled_shop.generate()

    assert "legacy.users" in plan.mappings
    staging = filled_shop.read("models/silver/legacy/stg_legacy__users.sql")
    assert "source('legacy', 'people')" in staging
    assert not (filled_shop.root / "models/bronze/legacy").exists()


def test_a_table_that_a_model_reads_already_is_left_out_with_the_reason(filled_shop):
    filled_shop.write("models/sources.yml", "sources:\n  - name: raw_crm\n    tables:\n      - name: users\n")
    filled_shop.write("models/my_users.sql", "select * from {{ source('raw_crm', 'users') }}")

    plan = filled_shop.generate()

    assert [item.table for item in plan.skipped] == ["raw_crm.users"]
    assert "already staged" in plan.skipped[0].reason


def test_a_learned_reading_of_numbers_as_times_is_not_written_around_a_time(shop):
    shop.sql(
        "create schema raw_crm;"
        "create table raw_crm.users as"
        " select i as id, timestamp '2024-01-01' as created_at from range(200) r(i)"
    )
    shop.write("aidbt.yml", "conventions: {expressions: {timestamp: to_timestamp(<column>)}}")

    shop.generate()

    assert "to_timestamp" not in shop.read("models/silver/crm/stg_crm__users.sql")


def test_new_tables_of_a_schema_with_two_sources_go_to_the_one_that_declares_most_of_it(shop):
    shop.sql(
        "create schema landing;"
        + "".join(
            f"create table landing.{name} as select i as id from range(200) r(i);"
            for name in ("accounts", "orders", "users", "visits")
        )
    )
    shop.write(
        "models/s.yml",
        "sources:\n"
        "  - {name: app, schema: landing, tables: [{name: orders}, {name: users}]}\n"
        "  - {name: crm, schema: landing, tables: [{name: accounts}]}\n",
    )

    shop.generate(select=["source:crm"])
    shop.generate(select=["source:app"])
    before = shop.texts()

    assert {p for p in before if p.startswith("aidbt/mappings/")} == {
        "aidbt/mappings/crm__accounts.yml",
        *(f"aidbt/mappings/app__{name}.yml" for name in ("orders", "users", "visits")),
    }
    assert not shop.generate().patch.edits


def test_a_table_whose_source_is_disabled_is_left_out_with_the_reason(filled_shop):
    text = """\
sources:
  - name: crm
    schema: raw_crm
    tables: [{name: users}, {name: visits, config: {enabled: false}}]
"""
    filled_shop.write("models/crm.yml", text)

    result = filled_shop.generate()

    assert [(item.table, item.reason) for item in result.skipped] == [
        ("crm.visits", "its source is disabled")
    ]
    assert not list(filled_shop.root.rglob("stg_crm__visits.sql"))
    assert filled_shop.read("models/crm.yml") == text


def test_a_raw_schema_named_after_the_one_dbt_builds_into_is_listed_where_a_source_names_it(shop):
    shop.sql(
        "create schema analytics_raw;"
        "create table analytics_raw.users as select i as id from range(200) r(i);"
        "create table analytics_raw.visits as select i as id from range(200) r(i);"
    )
    shop.write("models/s.yml", "sources: [{name: app, schema: analytics_raw, tables: [{name: users}]}]")

    result = shop.generate()

    assert (shop.root / "models/silver/app/stg_app__users.sql").is_file()
    (left,) = result.skipped
    assert (left.table, left.detail) == ("app.visits", "to stage it: -s source:app.visits")
    assert not shop.generate().written

    shop.generate(select=["source:app.visits"])

    assert (shop.root / "models/silver/app/stg_app__visits.sql").is_file()


def test_a_model_of_a_person_with_that_name_is_left_alone(filled_shop):
    filled_shop.write("models/mine/stg_crm__users.sql", "select 1 as id")

    plan = filled_shop.generate()

    assert any("was not written by aidbt" in item.reason for item in plan.skipped)
    assert STAGING not in plan.written


def test_a_project_with_a_staging_folder_keeps_its_layers(filled_shop):
    filled_shop.write("models/staging/web/stg_web__x.sql", "select 1 as id")

    plan = filled_shop.generate()

    assert "models/staging/crm/stg_crm__users.sql" in plan.written
    assert "models/staging/crm/_crm__sources.yml" in plan.written


def test_what_dbt_builds_is_no_source(filled_shop):
    filled_shop.sql("create schema analytics; create table analytics.mart as select 1 as id")

    assert "analytics.mart" not in filled_shop.generate(write=False).mappings


def test_two_schemas_that_would_be_one_source_are_refused(filled_shop):
    filled_shop.sql("create schema bronze_crm; create table bronze_crm.users as select 1 as id")

    with pytest.raises(UsageError, match=r"two tables would be crm\.users"):
        filled_shop.generate()


def test_a_lock_in_a_merge_conflict_says_what_to_do(filled_shop):
    filled_shop.generate()
    filled_shop.write("aidbt/generated.lock", "<<<<<<< ours\nversion: 1\n=======\n>>>>>>> theirs\n")

    with pytest.raises(SettingsError) as error:
        filled_shop.generate()

    assert "aidbt generate" in error.value.hint


def test_the_lock_holds_the_git_blob_id_of_what_was_written(filled_shop):
    filled_shop.generate()

    assert f"'{digest(filled_shop.read(STAGING))}'" in filled_shop.read("aidbt/generated.lock")


@pytest.mark.long
def test_a_wide_table_of_2000_columns_is_staged_whole(shop):
    columns = ", ".join(f"{number} as column_{number}" for number in range(2000))
    shop.sql(f"create schema raw_wide; create table raw_wide.everything as select {columns}")

    shop.generate()

    staging = shop.read("models/silver/wide/stg_wide__everything.sql")
    assert staging.count("column_") == 2 * 2000


def test_an_empty_table_is_staged_only_when_it_is_named_and_without_tests(shop):
    shop.sql("create schema raw_s; create table raw_s.later (id integer, seen timestamp)")

    assert [item.table for item in shop.generate().skipped] == ["s.later"]
    shop.generate(select=["later"])

    models = shop.read("models/silver/s/_s__models.yml")
    assert "stg_s__later" in models
    assert "data_tests" not in models


def test_staging_reads_the_latest_complete_batch_even_when_it_is_empty(shop):
    shop.sql(
        "create schema bronze_s; create table bronze_s.t (id integer, _aidbt_loaded_at timestamptz,"
        " _aidbt_batch_id varchar);"
        "create table bronze_s._aidbt_loads (table_name varchar, batch_id varchar, loaded_at timestamptz);"
        "insert into bronze_s.t values (1, now(), 'a'), (2, now(), 'b'), (3, now(), 'b');"
        "insert into bronze_s._aidbt_loads values ('t', 'a', now()), ('t', 'b', now())"
    )
    shop.generate()
    query = shop.read("models/silver/s/stg_s__t.sql")
    query = query.replace("{{ source('s', 't') }}", "bronze_s.t")
    query = query.replace("{{ source('s', '_aidbt_loads') }}", "bronze_s._aidbt_loads")

    assert sorted(shop.rows(query)) == [(2,), (3,)]

    shop.sql("insert into bronze_s._aidbt_loads values ('t', 'c', now())")
    assert shop.rows(query) == []


def test_accepting_a_proposed_test_writes_it(shop):
    shop.sql(
        "create schema raw_s; create table raw_s.t as"
        " select i as id, ['a', 'b'][1 + i % 2] as kind from range(500) r(i)"
    )
    shop.generate()
    assert "accepted_values" not in shop.read("models/silver/s/_s__models.yml")

    accept_all(shop.root, ["s.t.kind:accepted_values"])
    shop.generate()

    assert "values: [a, b]" in shop.read("models/silver/s/_s__models.yml")


def test_arguments_stand_where_the_projects_dbt_wants_them(filled_shop):
    project = filled_shop.read("dbt_project.yml")
    filled_shop.write(
        "dbt_project.yml",
        project.replace("flags:\n", "flags:\n  require_generic_test_arguments_property: false\n"),
    )

    filled_shop.generate()

    models = filled_shop.read("models/silver/crm/_crm__models.yml")
    assert "arguments:" not in models
    assert "              to: ref('stg_crm__users')" in models


def test_a_key_is_looked_at_again_when_its_profile_may_be_older_than_the_rows(shop):
    shop.sql("create schema raw_s; create table raw_s.t as select i as id, i as other from range(100) r(i)")
    shop.generate(write=False)  # profiles are known now
    shop.sql("update raw_s.t set id = 1 where id = 2")  # nothing in the catalog tells of it

    shop.generate()

    assert "unique" not in shop.read("aidbt/mappings/s__t.yml")


def test_a_cast_that_a_later_load_breaks_is_an_error(shop):
    shop.sql(
        "create schema raw_s;"
        "create table raw_s.t as select i as id, (i * 1.5)::varchar as amount from range(50) r(i)"
    )
    shop.generate()
    assert "cast(amount as decimal(18, 2))" in shop.read("models/silver/s/stg_s__t.sql")
    shop.sql("insert into raw_s.t values (99, 'abc')")

    plan = shop.generate()

    assert [finding.code for finding in plan.findings] == ["cast.no_longer_holds"]
    assert plan.has_errors


def test_a_target_declared_later_takes_a_table_that_nobody_decided_on(filled_shop):
    filled_shop.generate()
    filled_shop.write(
        "aidbt/targets/person.yml",
        "name: person\nsources: [crm.users]\ncolumns: [{name: user_number, synonyms: [id]}, {name: login}]\n",
    )

    filled_shop.generate()

    assert "id as user_number" in filled_shop.read(STAGING)


def test_a_target_declared_later_does_not_take_what_people_decided(filled_shop):
    filled_shop.generate()
    choose_one(filled_shop.root, "crm.users.login", ["id"], dialect="duckdb")
    filled_shop.write(
        "aidbt/targets/person.yml", "name: person\nsources: [crm.users]\ncolumns: [{name: user_number}]\n"
    )

    plan = filled_shop.generate()

    assert [finding.code for finding in plan.findings] == ["target.no_table"]
    assert "is mapped already" in plan.findings[0].message
    assert "id as login" in filled_shop.read(STAGING)


def test_a_lost_lock_finds_its_files_again(filled_shop):
    filled_shop.generate()
    before = filled_shop.texts()
    (filled_shop.root / "aidbt/generated.lock").unlink()

    plan = filled_shop.generate()

    assert not plan.proposals
    assert filled_shop.texts() == before


def test_line_ends_that_git_changed_are_no_edit(filled_shop):
    filled_shop.generate()
    path = filled_shop.root / STAGING
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    plan = filled_shop.generate()

    assert not plan.edited
    assert not plan.patch.edits


@pytest.mark.parametrize("folder", ["../outside", "notmodels", "/tmp"])
def test_a_folder_where_dbt_reads_no_models_is_refused(filled_shop, folder):
    filled_shop.write("aidbt.yml", f"generate:\n  models_file: {folder}/_models.yml\n")

    with pytest.raises(SettingsError, match=r"where dbt reads no models|relative to the dbt project"):
        filled_shop.generate()


def test_loaders_own_tables_are_left_out(shop):
    shop.sql("create schema raw_s; create table raw_s._fivetran_log as select 1 as id")

    plan = shop.generate()

    assert [item.reason for item in plan.skipped] == ["a loader's own table"]


def test_a_handful_of_different_values_is_no_proof_of_a_key(shop):
    shop.sql("create schema raw_s; create table raw_s.t as select i as id, i * 3 as size from range(4) r(i)")

    shop.generate()

    tests = shop.read("aidbt/mappings/s__t.yml").partition("tests:")[2]
    assert "column: t_id" in tests
    assert "column: size" not in tests


def test_amounts_that_happen_to_differ_are_no_key(shop):
    shop.sql(
        "create schema raw_s; create table raw_s.prices as"
        " select i % 20 as product, (i * 0.5)::decimal(10, 2) as price, i * 0.1::double as weight"
        " from range(200) r(i)"
    )

    shop.generate()

    assert "unique," not in shop.read("aidbt/mappings/s__prices.yml")


def test_the_row_id_of_dlt_is_the_key_and_not_its_link_to_another_table(shop):
    shop.sql(
        "create schema raw_s; create table raw_s.issues__labels as"
        " select 'p' || i as _dlt_parent_id, i as _dlt_list_idx, 'r' || i as _dlt_id from range(200) r(i)"
    )

    shop.generate()

    tests = shop.read("aidbt/mappings/s__issues__labels.yml").partition("tests:")[2]
    assert "column: dlt_id, test: unique" in tests
    assert "dlt_parent_id" not in tests


def test_refresh_decides_again_what_nobody_decided(filled_shop):
    filled_shop.generate()
    filled_shop.sql("insert into raw_crm.users values (1, 'again', true)")
    assert [finding.code for finding in filled_shop.generate().findings] == ["test.unique_no_longer_holds"]

    plan = filled_shop.generate(refresh=True)

    assert "user_id" not in {test.column for test in plan.mappings["crm.users"].tests}
    assert not [finding for finding in plan.findings if finding.code.startswith("test.")]


def test_refresh_follows_conventions_that_were_changed_and_keeps_what_people_decided(filled_shop):
    filled_shop.generate()
    choose_one(filled_shop.root, "crm.users.login", ["login"], expression="lower(login)", dialect="duckdb")
    path = "aidbt/mappings/crm__users.yml"
    rejected = filled_shop.read(path).replace(
        "unique, status: accepted, by: aidbt", "unique, status: rejected, by: person"
    )
    filled_shop.write(path, rejected)
    filled_shop.write("aidbt.yml", "conventions:\n  key: '{entity}_key'\n  boolean: 'flag_{name}'\n")
    filled_shop.generate()
    assert "is_active" in filled_shop.read(path)

    filled_shop.generate(refresh=True)

    text = filled_shop.read(path)
    assert "user_key" in text
    assert "flag_active" in text
    assert "lower(login)" in text
    assert "test: unique, status: rejected, by: person" in text
    assert not filled_shop.generate(refresh=True).patch.edits


@pytest.mark.parametrize(
    ("conventions", "said"),
    [
        ("expressions: {email: 'lower(<column>'}", "conventions.expressions.email': it is not SQL"),
        ("expressions: {email: lower(email)}", "it does not say where its <column> stands"),
        ("where: {deleted: delete from x}", "conventions.where.deleted': it is no condition"),
        ("where: {deleted: 'not deleted; drop table x'}", "it is no condition"),
        ("where: {deleted: 'id in (select id from y)'}", "it reads another table"),
        ("where: {deleted: 'not deleted limit 3'}", "it is no condition"),
    ],
)
def test_a_convention_that_cannot_stand_in_a_model_is_refused(filled_shop, conventions, said):
    filled_shop.write("aidbt.yml", f"conventions:\n  {conventions}\n")

    with pytest.raises(SettingsError) as caught:
        filled_shop.generate()

    assert said in str(caught.value)
    assert not (filled_shop.root / "models").exists()


def _land_users(shop, batch, columns):
    """A complete load of the table of users, as the writer notes it."""
    landed = ", ".join(f'{{"name": "{name}"}}' for name in columns)
    values = ", ".join(f"'{name} ' || i as {name}" for name in columns[1:])
    shop.sql(
        "create schema if not exists bronze_crm;"
        "create table if not exists bronze_crm._aidbt_loads (table_name varchar, batch_id varchar,"
        " connector varchar, columns varchar);"
        f"create or replace temp view batch as select i as id, {values}, now() as _aidbt_loaded_at,"
        f" '{batch}' as _aidbt_batch_id from range(100) r(i);"
        "create table if not exists bronze_crm.users as select * from batch limit 0;"
        + "".join(f"alter table bronze_crm.users add column if not exists {n} varchar;" for n in columns[1:])
        + "insert into bronze_crm.users by name select * from batch;"
        f"insert into bronze_crm._aidbt_loads values ('users', '{batch}', 'postgres', '[{landed}]')"
    )


def test_a_column_that_the_latest_load_has_no_more_is_gone_although_bronze_keeps_it(shop):
    _land_users(shop, "b1", ["id", "mail", "login"])
    shop.generate()
    _land_users(shop, "b2", ["id", "login"])

    plan = shop.generate()

    assert [found.code for found in plan.findings] == ["source.column_gone"]
    assert plan.findings[0].where == "crm.users.mail"


def test_a_column_that_was_renamed_between_two_loads_is_proposed_as_renamed(shop):
    _land_users(shop, "b1", ["id", "mail", "login"])
    shop.generate()
    _land_users(shop, "b2", ["id", "e_mail", "login"])

    plan = shop.generate()

    assert [found.code for found in plan.findings] == ["source.column_renamed"]
    assert "source: e_mail" in shop.read("aidbt/mappings/crm__users.yml")
