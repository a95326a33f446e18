"""`aidbt map` brings the mappings up to date; with --drift it says what changed and follows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

import aidbt
from aidbt.cli.main import cli
from aidbt.core.errors import (
    AidbtError,
    BudgetExceeded,
    SettingsError,
    StatementRefused,
    UsageError,
    WarehouseError,
)
from tests.openai_server import MODEL, OpenAIServer, failing

PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH, schema: analytics}}}\n"
TARGET = """\
name: deal
sources: [crm.deals]
columns:
  - {name: deal_id, type: bigint}
  - {name: close_date, type: date}
  - {name: amount, type: bigint}
"""
RAW = """
create schema raw_crm;
create table raw_crm.users as
    select i as id, 'u' || i as login, i % 7 as grp, (i * 1.5)::decimal(10, 2) as balance
    from range(300) r(i);
create table raw_crm.visits as select i as visit_id, i % 300 as user_id from range(400) r(i);
create table raw_crm.deals as
    select i as deal_id, date '2021-01-01' + cast(i % 300 as int) as close_date, i * 2 as amount
    from range(200) r(i);
"""
USERS = "aidbt/mappings/crm__users.yml"
DEALS = "aidbt/mappings/crm__deals.yml"


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
        (root / "profiles.yml").write_text(PROFILES.replace("PATH", str(root / "w.duckdb")))
        self.write("aidbt/targets/deal.yml", TARGET)
        self.sql(RAW)

    def sql(self, text: str) -> None:
        with duckdb.connect(str(self.root / "w.duckdb")) as connection:
            connection.execute(text)

    def aidbt(self, *arguments: str, **env: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--project-dir", str(self.root)], env=env)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.aidbt(*arguments, "--output", "json").stdout)

    def error(self, *arguments: str, **env: str) -> AidbtError:
        raised = self.aidbt(*arguments, **env).exception
        assert isinstance(raised, AidbtError)
        return raised

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        before = (self.root / path).read_text()
        assert old in before
        self.write(path, before.replace(old, new))

    def texts(self) -> dict[str, str]:
        found = [p for folder in ("models", "aidbt") for p in sorted((self.root / folder).rglob("*.*"))]
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in found}

    def line(self, path: str, target: str) -> str:
        lines = (self.root / path).read_text().splitlines()
        return next(line for line in lines if f"target: {target}," in line)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def mapped(shop: Shop) -> Shop:
    """Every column of the shop decided."""
    ran = shop.aidbt("map", "--precision", "0.5", "--strict")
    assert ran.exit_code == 0, ran.stdout
    return shop


# --- mapping ------------------------------------------------------------------------------------------


def test_a_result_without_the_language_model_that_was_wanted_is_a_reduced_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.write("aidbt/targets/deal.yml", TARGET.replace("amount", "deal_worth"))
    assert shop.json("map", "--dry-run")["level"] == "full"

    with OpenAIServer(failing(401)) as server:
        providers = [{"name": "only", "base_url": server.url, "model": MODEL}]
        monkeypatch.setenv("AIDBT_LLM_PROVIDERS", json.dumps(providers))
        levels = [shop.json(command, "--dry-run")["level"] for command in ("map", "generate")]

    assert server.calls > 0
    assert levels == ["reduced", "reduced"]


def test_map_writes_the_mappings_and_no_dbt_file(shop: Shop):
    ran = shop.aidbt("map", "--precision", "0.5")

    assert sorted(path for path in shop.texts() if path.endswith(".yml") and "targets" not in path) == [
        DEALS,
        USERS,
        "aidbt/mappings/crm__visits.yml",
    ]
    assert not (shop.root / "models").exists()
    first, second, *_ = ran.stdout.splitlines()
    assert first == "found 3 tables in 1 source: crm (3); 9 columns"
    assert second == "  9 accepted · 0 waiting for review · 0 without a match · 0 source columns left out"
    assert "wrote 3 files" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "next: aidbt generate"


def test_map_decides_what_generate_would(shop: Shop, tmp_path_factory: pytest.TempPathFactory):
    other = Shop(tmp_path_factory.mktemp("other"))
    shop.aidbt("map")
    other.aidbt("generate")

    for path in (USERS, DEALS):
        assert shop.texts()[path] == other.texts()[path]


def test_a_second_run_changes_nothing(mapped: Shop):
    before = mapped.texts()

    assert mapped.json("map")["written"] == []
    assert mapped.texts() == before


def test_a_dry_run_shows_the_diff_and_writes_nothing(shop: Shop):
    before = shop.texts()

    ran = shop.aidbt("map", "--dry-run")

    assert f"+++ b/{USERS}" in ran.stdout
    assert "+  - {target: login, source: login, type: VARCHAR, status: accepted, by: aidbt}" in ran.stdout
    assert "would write 3 files" in ran.stdout
    assert shop.texts() == before


def test_precision_says_from_when_a_match_is_accepted(shop: Shop):
    shop.sql("alter table raw_crm.deals rename column close_date to close_dt")

    strict = shop.json("map", "--dry-run", "--precision", "1")["tables"]["crm.deals"]
    lenient = shop.json("map", "--dry-run", "--precision", "0.3")["tables"]["crm.deals"]

    assert strict["accepted"] < lenient["accepted"]
    assert shop.aidbt("map", "--precision", "1.5").exit_code == 2


def test_what_waits_exits_0_and_with_strict_1(shop: Shop):
    shop.replace("aidbt/targets/deal.yml", "{name: amount,", "{name: favourite_colour,")

    assert shop.aidbt("map").exit_code == 0
    assert shop.aidbt("map", "--strict").exit_code == 1
    assert "next: aidbt review, then aidbt generate" in shop.aidbt("map").stdout


def test_what_is_printed_and_strict_about_are_the_selected_tables(shop: Shop):
    ran = shop.aidbt("map", "-s", "crm.visits")

    assert ran.stdout.splitlines()[0] == "found 1 table in 1 source: crm (1); 2 columns"
    shop.aidbt("map", "--precision", "1")
    assert shop.aidbt("map", "--strict").exit_code == 1
    assert shop.aidbt("map", "--strict", "-s", "crm.visits").exit_code == 0
    assert shop.aidbt("map", "-s", "crm.visits").stdout.splitlines()[0] == ran.stdout.splitlines()[0]
    found = shop.json("map", "-s", "crm.visits")
    assert (list(found["tables"]), found["waiting"]) == (["crm.visits"], [])


def test_a_target_that_is_not_declared_is_said_in_the_same_words_by_every_command(mapped: Shop):
    (mapped.root / "aidbt/targets/deal.yml").rename(mapped.root / "aidbt/targets/deals.yml")
    mapped.replace("aidbt/targets/deals.yml", "name: deal\n", "name: deals\n")

    said = [mapped.json(*command)["findings"] for command in (["map"], ["map", "--drift"], ["generate"])]

    messages = [[f["message"] for f in found if f["code"] == "mapping.unknown_target"] for found in said]
    assert messages[0] == messages[1] == messages[2]
    assert "not declared; was it renamed to deals?" in messages[0][0]


def test_a_target_with_another_name_takes_no_other_table(mapped: Shop):
    mapped.sql("create table raw_crm.old_deals as select * from raw_crm.deals")
    mapped.aidbt("map")
    mapped.replace("aidbt/targets/deal.yml", "name: deal\nsources: [crm.deals]", "name: deals")
    before = mapped.texts()

    ran = mapped.aidbt("map")

    assert mapped.texts() == before
    assert ran.exit_code == 1
    assert "was it renamed to deals?" in ran.stdout


def test_over_the_budget_nothing_is_scanned_unless_yes(shop: Shop):
    small = {"AIDBT_BUDGET_SCAN_BYTES": "1000"}

    assert isinstance(shop.error("map", **small), BudgetExceeded)
    assert not (shop.root / "aidbt" / "mappings").exists()
    assert shop.aidbt("map", "--yes", **small).exit_code == 0


# --- drift --------------------------------------------------------------------------------------------


def test_without_a_change_there_is_no_drift(mapped: Shop):
    ran = mapped.aidbt("map", "--drift", "--strict")

    assert ran.exit_code == 0
    assert ran.stdout == "no drift: compared 3 mapped tables, 9 columns; all are as they were decided\n"


def test_a_rename_is_followed_in_the_mapping_and_in_the_tests_that_refer_to_it(mapped: Shop):
    mapped.aidbt("generate")
    mapped.sql("alter table raw_crm.users rename column id to user_no")
    mapped.sql("alter table raw_crm.users rename column login to handle")
    before = mapped.texts()

    shown = mapped.aidbt("map", "--drift", "--dry-run")
    assert mapped.texts() == before
    ran = mapped.aidbt("map", "--drift")

    assert (shown.exit_code, ran.exit_code) == (0, 0)
    assert "-  - {target: login, source: login, type: VARCHAR, status: accepted, by: aidbt}" in shown.stdout
    assert "+  - {target: login, source: handle, type: VARCHAR, status: accepted, by: aidbt}" in shown.stdout
    assert ran.stdout.startswith("drift in 1 table: 2 renamed; compared 3 mapped tables, 9 columns")
    assert "login is called handle now (97 %" in ran.stdout
    assert "to: crm.users, field: user_no" in mapped.texts()["aidbt/mappings/crm__visits.yml"]
    mapped.aidbt("generate")
    after = mapped.texts()
    assert "handle as login" in after["models/silver/crm/stg_crm__users.sql"]
    told = [text["models/silver/crm/_crm__models.yml"].splitlines() for text in (before, after)]
    was, now = ([line for line in lines if "description: From" not in line] for lines in told)
    assert now == was
    assert mapped.aidbt("map", "--drift", "--strict").exit_code == 0


def test_what_is_gone_waits_for_a_person_and_then_is_no_drift(mapped: Shop):
    mapped.sql("alter table raw_crm.users drop column grp")

    ran = mapped.aidbt("map", "--drift")

    assert ran.exit_code == 1
    assert "note: the source has no grp any more" in mapped.line(USERS, "grp")
    assert ran.stdout.splitlines()[-1] == "next: aidbt review, then aidbt generate"
    # Staging reads it until somebody decides.
    assert mapped.aidbt("map", "--drift").exit_code == 1
    mapped.replace(USERS, mapped.line(USERS, "grp"), "  - {target: grp, source: grp, status: rejected}")
    assert mapped.aidbt("map", "--drift", "--strict").exit_code == 0


def test_what_is_new_is_mapped_as_generate_would(mapped: Shop):
    mapped.sql("alter table raw_crm.users add column phone varchar")

    found = mapped.json("map", "--drift")

    assert found["tables"]["crm.users"]["source"]["added"] == ["phone"]
    assert [finding["code"] for finding in found["findings"]] == ["source.column_added"]
    assert "source: phone, type: VARCHAR, status: accepted" in mapped.line(USERS, "phone")
    assert mapped.aidbt("map", "--drift", "--strict").exit_code == 0


def test_types_are_widened_cast_or_asked_about(mapped: Shop):
    mapped.sql(
        "alter table raw_crm.users alter id type hugeint;"
        "alter table raw_crm.users alter balance type varchar;"
        "alter table raw_crm.users alter grp type varchar;"
        "update raw_crm.users set grp = 'none' where id = 5"
    )

    found = mapped.json("map", "--drift")

    kinds = {item["column"]: item["kind"] for item in found["tables"]["crm.users"]["source"]["retyped"]}
    assert kinds == {"id": "widened", "balance": "compatible", "grp": "incompatible"}
    assert "type: VARCHAR, cast: 'decimal(10,2)', status: accepted" in mapped.line(USERS, "balance")
    assert "1 rows would lose their value by a cast to bigint" in mapped.line(USERS, "grp")
    codes = {f["code"]: f["patch"]["edits"][0]["path"] for f in found["findings"]}
    assert codes == {"source.column_retyped": USERS}


def test_a_target_that_declares_other_columns_is_drift(mapped: Shop):
    target = "aidbt/targets/deal.yml"
    mapped.replace(target, "{name: close_date, type: date}", "{name: closing_date, type: date}")
    mapped.replace(target, "{name: amount, type: bigint}", "{name: amount, type: double}")

    found = mapped.json("map", "--drift")["tables"]["crm.deals"]["target"]

    assert [(item["old"], item["new"]) for item in found["renamed"]] == [("close_date", "closing_date")]
    assert [(item["column"], item["kind"]) for item in found["retyped"]] == [("amount", "compatible")]
    assert "source: close_date" in mapped.line(DEALS, "closing_date")
    assert "cast: double, status: accepted" in mapped.line(DEALS, "amount")


def test_a_target_or_a_table_that_vanished_is_an_error_that_loses_nothing(mapped: Shop):
    before = mapped.texts()[DEALS]
    (mapped.root / "aidbt/targets/deal.yml").unlink()
    mapped.sql("alter table raw_crm.users rename to people")

    ran = mapped.aidbt("map", "--drift")

    assert ran.exit_code == 1
    assert "crm.deals is mapped to the target 'deal', which is not declared" in ran.stdout
    assert "has no table users in raw_crm any more" in ran.stdout
    assert "was it renamed to crm.people?" in ran.stdout
    assert "not mapped yet: 1 table" in ran.stdout
    assert mapped.texts()[DEALS] == before


def test_a_file_laid_out_by_hand_gets_a_proposal(mapped: Shop):
    text = mapped.texts()[USERS].replace("  - {target: login", "  -   {target: login")
    mapped.write(USERS, text)
    mapped.sql("alter table raw_crm.users rename column login to handle")

    ran = mapped.aidbt("map", "--drift")

    assert ran.exit_code == 1
    assert mapped.texts()[USERS] == text
    assert "source: handle" in (mapped.root / ".aidbt/proposals" / USERS).read_text()


def test_only_tables_whose_columns_changed_are_read(mapped: Shop, monkeypatch: pytest.MonkeyPatch):
    from aidbt.generate.drift import find_drift

    mapped.sql(
        "alter table raw_crm.users add column phone varchar; insert into raw_crm.visits values (999, 1)"
    )
    session = aidbt.open(mapped.root)
    read: list[str] = []
    profile = session.warehouse.profile

    def reading(relations, **options):
        read.extend(relation.name for relation in relations)
        return profile(relations, **options)

    monkeypatch.setattr(session.warehouse, "profile", reading)
    find_drift(session.project, session.settings, session.warehouse, session.profiles)
    session.close()

    assert read == ["users"]


def test_a_table_that_may_not_be_read_is_compared_by_its_names(mapped: Shop, monkeypatch: pytest.MonkeyPatch):
    from aidbt.generate.drift import find_drift

    mapped.sql(
        "alter table raw_crm.users drop column grp; alter table raw_crm.users add column phone varchar"
    )
    session = aidbt.open(mapped.root)

    def refusing(relations, *, sample_rows, on_refused):
        for relation in relations:
            on_refused(relation, StatementRefused("permission denied"))
        return iter(())

    monkeypatch.setattr(session.warehouse, "profile", refusing)
    found = find_drift(session.project, session.settings, session.warehouse, session.profiles)
    session.close()

    assert {"table.unreadable", "source.column_gone"} <= {finding.code for finding in found.findings}
    assert "phone" not in {column.target for column in found.mappings["crm.users"].columns}


def test_drift_that_has_to_read_over_the_budget_is_refused(mapped: Shop):
    mapped.sql("alter table raw_crm.users add column phone varchar")

    assert isinstance(mapped.error("map", "--drift", AIDBT_BUDGET_SCAN_BYTES="10"), BudgetExceeded)


def test_a_column_whose_expression_cannot_follow_is_not_mapped_a_second_time(mapped: Shop):
    written = (
        "  - target: login\n    sources: [login]\n    expression: '{{ clean(login) }}'\n"
        "    status: accepted\n    by: person"
    )
    mapped.replace(USERS, mapped.line(USERS, "login"), written)
    mapped.sql("alter table raw_crm.users rename column login to handle")
    mapped.sql("alter table raw_crm.users add column phone varchar")

    ran = mapped.aidbt("map", "--drift")

    assert ran.exit_code == 1
    text = mapped.texts()[USERS]
    assert "{{ clean(login) }}" in text
    assert "handle" not in text.replace("login seems to be handle now", "")
    assert "source: phone" in text


def test_generate_never_keeps_a_renamed_column_twice(mapped: Shop):
    mapped.aidbt("generate")
    mapped.sql("alter table raw_crm.deals rename column close_date to closed_on")
    mapped.sql("alter table raw_crm.users rename column login to user_login")

    ran = mapped.aidbt("generate")

    assert ran.exit_code == 1
    for path, target, new in ((USERS, "login", "user_login"), (DEALS, "close_date", "closed_on")):
        text = mapped.texts()[path]
        assert text.count(new) == 1 + text.count(f"called {new} now?")
        assert f"source: {new}" in mapped.line(path, target)
        assert "status: review" in mapped.line(path, target)
    assert "to take it over: aidbt review accept crm.users.login" in ran.stdout


# --- bad input ----------------------------------------------------------------------------------------


def test_nothing_mapped_yet_is_said(shop: Shop):
    ran = shop.aidbt("map", "--drift")

    assert ran.exit_code == 0
    assert ran.stdout.splitlines() == [
        "nothing to compare: no table is mapped yet",
        "not mapped yet: 3 tables  →  aidbt map",
    ]


def test_a_warehouse_without_tables_is_said(shop: Shop):
    shop.sql("drop schema raw_crm cascade")

    assert shop.aidbt("map").stdout.startswith("found no raw tables")


@pytest.mark.parametrize("mode", [[], ["--drift"]])
def test_a_mapping_file_of_nonsense_is_named_with_its_line(mapped: Shop, mode: list[str]):
    mapped.replace(USERS, mapped.line(USERS, "grp"), "  - {target: grp, sorce: grp}")
    before = mapped.texts()

    error = mapped.error("map", *mode)

    assert isinstance(error, SettingsError)
    assert f"{USERS}:5" in error.message
    assert "source" in (error.hint or "")
    assert mapped.texts() == before


@pytest.mark.parametrize("mode", [[], ["--drift"]])
def test_a_selector_that_matches_nothing_is_an_error(mapped: Shop, mode: list[str]):
    assert isinstance(mapped.error("map", *mode, "-s", "usres"), UsageError)


def test_a_warehouse_that_is_not_there_is_one_error(mapped: Shop):
    (mapped.root / "w.duckdb").write_text("no database")

    assert isinstance(mapped.error("map", "--drift"), WarehouseError)


def test_drift_and_refresh_exclude_each_other(shop: Shop):
    assert isinstance(shop.error("map", "--drift", "--refresh"), UsageError)
