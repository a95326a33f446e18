"""`aidbt map --check-decisions` asks afresh about what is decided, and says how often that agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner, Result

import aidbt
from aidbt.cli.main import cli
from aidbt.cli.map_check import verdict
from aidbt.core.errors import AidbtError, BudgetExceeded, SettingsError, StatementRefused, UsageError
from aidbt.core.schema import ColumnMatch
from aidbt.generate.agreement import Meaning, check_decisions
from aidbt.mapping.agreement import Share

PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH, schema: analytics}}}\n"
CUSTOMER = """\
name: customer
sources: [crm.people]
columns:
  - {name: customer_id, type: bigint}
  - {name: email, type: varchar}
  - {name: birth_date, type: date}
  - {name: grommet, type: bigint}
  - {name: nickname, type: varchar}
"""
PEOPLE = """\
source: {name: crm, table: people, schema: raw_crm}
target: customer
columns:
  - {target: customer_id, source: customer_id, type: BIGINT, status: accepted, by: aidbt}
  - {target: email, source: email, type: VARCHAR, status: accepted, by: person}
  - {target: birth_date, source: birth_date, type: DATE, status: accepted, by: person}
  - {target: grommet, source: flurble, type: BIGINT, status: accepted, by: person}
  - {target: nickname, status: rejected, by: person}
"""
RAW = """
create schema raw_crm;
create table raw_crm.people as
    select i as customer_id, 'u' || i as email, date '1970-01-01' + cast(i as int) as birth_date,
        i * 7 as flurble
    from range(300) r(i);
create table raw_crm.visits as select i as visit_id, i % 300 as customer_id from range(400) r(i);
"""
MAPPING = "aidbt/mappings/crm__people.yml"


class Shop:
    """A project with one target, everything of it decided, and no embedding model."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n")
        self.write("profiles.yml", PROFILES.replace("PATH", str(root / "w.duckdb")))
        self.write("aidbt.yml", "embeddings: {model: none}\n")
        self.write("aidbt/targets/customer.yml", CUSTOMER)
        self.write(MAPPING, PEOPLE)
        self.sql(RAW)

    def sql(self, text: str) -> None:
        with duckdb.connect(str(self.root / "w.duckdb")) as connection:
            connection.execute(text)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        before = (self.root / path).read_text()
        assert old in before
        self.write(path, before.replace(old, new))

    def files(self) -> dict[str, str]:
        found = [path for path in sorted(self.root.rglob("*.*ml")) if ".aidbt" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in found}

    def aidbt(self, *arguments: str, **env: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--project-dir", str(self.root)], env=env)

    def check(self, *arguments: str, **env: str) -> Result:
        return self.aidbt("map", "--check-decisions", *arguments, **env)

    def json(self, *arguments: str) -> Any:
        ran = self.check(*arguments, "--output", "json")
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def error(self, *arguments: str, **env: str) -> AidbtError:
        raised = self.aidbt("map", *arguments, **env).exception
        assert isinstance(raised, AidbtError)
        return raised


@pytest.fixture(autouse=True)
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is noted about the folders of models stays in the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user_cache"))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


# --- what is asked ------------------------------------------------------------------------------------


def test_every_decided_column_with_a_target_is_asked_about(shop: Shop):
    found = shop.json()

    assert found["tables"] == 1
    assert found["current"]["people"]["overall"]["columns"] == 4
    by_aidbt = found["current"]["aidbt"]["accept"]
    assert (by_aidbt["columns"], by_aidbt["agreed"], by_aidbt["rate"]) == (1, 1, 1.0)
    assert by_aidbt["expected"] >= found["precision"]


def test_nothing_is_written_into_the_project(shop: Shop):
    before = shop.files()

    assert shop.check().exit_code == 0

    assert shop.files() == before


def test_a_disagreement_shows_both_answers_and_the_reasons(shop: Shop):
    swapped = "target: email, source: email, type: VARCHAR, status: accepted, by: person"
    shop.replace(MAPPING, swapped, "target: email, source: flurble, status: accepted, by: person")
    shop.replace(
        MAPPING, "{target: grommet, source: flurble, type: BIGINT,", "{target: grommet, source: email,"
    )

    ran = shop.check()

    line = next(line for line in ran.stdout.splitlines() if "crm.people.email:" in line)
    assert "a person decided flurble; it would accept email 9" in line
    assert "the names are the same" in line
    assert "next: where a decision is wrong: aidbt review choose crm.people.email SOURCE_COLUMN" in ran.stdout


def test_what_is_decided_about_a_table_does_not_teach_the_matcher_about_it(shop: Shop):
    shop.sql("alter table raw_crm.people rename column flurble to fl_qx")
    shop.replace("aidbt/targets/customer.yml", "{name: grommet,", "{name: flight_quux,")
    shop.replace(MAPPING, "{target: grommet, source: flurble,", "{target: flight_quux, source: fl_qx,")
    decided = fresh_matches(shop)
    shop.replace(MAPPING, "source: fl_qx, type: BIGINT, status: accepted", "source: fl_qx, status: rejected")

    assert fresh_matches(shop) == decided


def test_what_a_person_never_wants_to_see_again_may_be_the_answer(shop: Shop):
    accepted = "source: email, type: VARCHAR, status: accepted"
    shop.replace(MAPPING, accepted, "status: rejected, never: [email]")

    (wrong,) = shop.json()["current"]["disagreements"]

    assert (wrong["column"], wrong["decided"], wrong["answer"]) == ("crm.people.email", None, "email")
    assert "crm.people.email: a person decided that it has no source; it would accept email" in (
        shop.check().stdout
    )


def test_what_other_tables_teach_counts(shop: Shop):
    other = PEOPLE.replace("table: people", "table: {}").replace("target: customer\n", "", 1)
    before = fresh_matches(shop)["grommet"]
    for table in ("staff", "guests"):
        shop.write(f"aidbt/mappings/crm__{table}.yml", other.replace("{}", table))

    after = fresh_matches(shop)["grommet"]

    said = "columns of this name became it in other tables"
    assert (said in before.reasons, said in after.reasons) == (False, True)
    assert (before.signals.get("history"), after.signals["history"]) == (None, 1.0)


def fresh_matches(shop: Shop) -> dict[str, ColumnMatch]:
    """What the matcher says of every decided column, without an embedding model."""
    session = aidbt.open(shop.root)
    found = check_decisions(
        session.project, session.settings, session.warehouse, session.profiles, current=Meaning("none")
    )
    session.close()
    return {answer.target: answer.fresh for answer in found.current.answers}


def test_what_cannot_be_compared_is_said_with_the_reason(shop: Shop):
    made = "expression: 'email || 1', source: email, status: accepted, by: person"
    shop.replace(MAPPING, "source: email, type: VARCHAR, status: accepted, by: person", made)
    shop.sql("alter table raw_crm.people drop column flurble")
    shop.write(
        "aidbt/mappings/crm__old.yml",
        "source: {name: crm, table: old, schema: raw_crm}\ntarget: customer\n"
        "columns: [{target: email, source: mail, status: accepted, by: person}]\n",
    )
    shop.write(
        "aidbt/mappings/crm__visits.yml",
        "source: {name: crm, table: visits, schema: raw_crm}\ntarget: visit\n"
        "columns: [{target: visit_id, source: visit_id, status: accepted, by: person}]\n",
    )

    assert shop.json()["left_out"] == {
        "crm.old": "its table is gone",
        "crm.people.email": "it is made by an expression",
        "crm.people.grommet": "its source column is gone",
        "crm.visits": "its target is not declared any more",
    }
    assert "not compared: 1: " in shop.check().stdout


@pytest.mark.parametrize(
    ("columns", "agreed", "said"),
    [
        (0, 0, "people have decided nothing yet"),
        (
            500,
            473,
            "people agree with 94.6 %, likely 92.3 % to 96.3 %: the 95 % of mapping.precision is possible",
        ),
        (500, 450, "less than the 95 % of mapping.precision"),
        (500, 499, "the 95 % of mapping.precision is kept"),
    ],
)
def test_the_promise_is_judged_by_what_so_many_columns_can_tell(columns: int, agreed: int, said: str):
    assert said in verdict(Share(columns, agreed), 0.95)


# --- cost ---------------------------------------------------------------------------------------------


def test_a_table_whose_profile_is_known_is_not_read_again(shop: Shop):
    assert shop.json()["scanned"] == 1
    assert shop.json()["scanned"] == 0
    assert shop.check(AIDBT_BUDGET_SCAN_BYTES="10").exit_code == 0


def test_over_the_budget_nothing_is_read_unless_yes(shop: Shop):
    small = {"AIDBT_BUDGET_SCAN_BYTES": "10"}

    assert isinstance(shop.error("--check-decisions", **small), BudgetExceeded)
    assert shop.check("--yes", **small).exit_code == 0


def test_a_table_that_may_not_be_read_is_said_and_exits_1(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    from aidbt.warehouse.duckdb import DuckDBWarehouse

    def refusing(self, relations, *, sample_rows, on_refused):
        for relation in relations:
            on_refused(relation, StatementRefused("permission denied"))
        return iter(())

    monkeypatch.setattr(DuckDBWarehouse, "profile", refusing)

    ran = shop.check()

    assert ran.exit_code == 1
    assert "crm.people cannot be read: permission denied" in ran.stdout


# --- over time ----------------------------------------------------------------------------------------


def test_the_figures_of_earlier_checks_are_shown_the_last_first(shop: Shop):
    assert shop.json()["before"] == []
    shop.replace(MAPPING, "source: email,", "source: flurble,")
    shop.replace(MAPPING, "grommet, source: flurble", "grommet, source: email")
    shop.check()

    before = shop.json()["before"]

    agreed = [kept["people"]["overall"]["agreed"] for kept in before]
    assert len(agreed) == 2 and agreed[0] < agreed[1]
    assert {(kept["model"], kept["combiner"], kept["precision"]) for kept in before} == {
        ("none", "evidence", 0.95)
    }
    shown = [line for line in shop.check().stdout.splitlines() if " of 4 columns of people, " in line]
    assert len(shown) == 3
    assert before[0]["at"][:10] in shown[0]


def test_only_the_last_few_are_shown_and_a_dry_run_is_none(shop: Shop):
    for _ in range(6):
        shop.check()
    shop.check("--dry-run")

    before = shop.json("--dry-run")["before"]

    assert len(before) == 5
    assert before == sorted(before, key=lambda kept: kept["at"], reverse=True)


def test_a_selection_is_noted_beside_its_figures(shop: Shop):
    shop.check("-s", "people")

    assert "(-s people)" in shop.check().stdout


def test_figures_that_another_version_kept_in_another_form_are_passed_over(shop: Shop):
    session = aidbt.open(shop.root)
    session.store.put("agreement", "2030-01-01T00:00:00.000000+00:00", {"form": 99})
    session.close()
    shop.check()

    (kept,) = shop.json()["before"]

    assert kept["version"] == aidbt.__version__


# --- another embedding model --------------------------------------------------------------------------


def two_strange_columns(shop: Shop) -> None:
    """Add a column like the one that no dictionary knows, so that only the meaning tells them apart."""
    shop.sql("create or replace table raw_crm.people as select customer_id, email, birth_date,"
             " flurble + 1 as quib, flurble from raw_crm.people")  # fmt: skip
    shop.replace(
        "aidbt/targets/customer.yml",
        "  - {name: nickname",
        "  - {name: zorp, type: bigint}\n  - {name: nickname",
    )
    shop.replace(
        MAPPING,
        "  - {target: nickname",
        "  - {target: zorp, source: quib, by: person}\n  - {target: nickname",
    )


def words(texts: Any) -> np.ndarray:
    """A model that knows what a flurble is, and tells everything else apart."""
    vectors = np.zeros((len(texts), 512), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.replace("_", " ").split() or ["?"]:
            known = "grommet" if word == "flurble" else word
            vectors[row, sum(map(ord, known)) % 512] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_another_model_is_asked_beside_the_current_one(shop: Shop):
    two_strange_columns(shop)
    session = aidbt.open(shop.root)

    found = check_decisions(
        session.project, session.settings, session.warehouse, session.profiles,
        current=Meaning("none"), other=Meaning("words", words),
    )  # fmt: skip
    session.close()

    assert found.other is not None
    assert (found.current.model, found.other.model) == ("none", "words")
    (change,) = [change for change in found.changes if change.one.target == "grommet"]
    assert (change.one.decided, change.one.agrees, change.other.agrees) == ("flurble", False, True)
    assert change.other.fresh.source == "flurble"


def test_the_columns_that_another_model_would_change_are_listed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    two_strange_columns(shop)
    model = knowing_words(shop, monkeypatch)

    ran = shop.check("--embeddings", model)
    found = shop.json("--embeddings", model)

    assert ran.exit_code == 0, ran.output
    assert f"would change with {model}:" in ran.stdout
    assert "crm.people.grommet: a person decided flurble; now " in ran.stdout
    assert {change["column"] for change in found["changes"]} >= {"crm.people.grommet"}
    agreed = [found[which]["people"]["overall"]["agreed"] for which in ("current", "other")]
    assert agreed[0] < agreed[1]
    assert {kept["model"] for kept in found["before"]} == {"none"}


def knowing_words(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder that opens as the model `words`."""
    from aidbt.llm import embeddings

    class Words:
        name, dimension, encode = "words", 512, staticmethod(words)

    (shop.root / "words").mkdir()
    monkeypatch.setattr(embeddings, "_open", lambda weights, settings: Words())
    return "words"


def test_a_model_that_was_changed_is_said_by_map(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    shop.check()
    assert "embedding model" not in shop.aidbt("map").stderr
    changed = {"AIDBT_EMBEDDINGS_MODEL": knowing_words(shop, monkeypatch)}

    ran = shop.aidbt("map", **changed)

    assert (
        "the embedding model changed from none to words:"
        " aidbt map --check-decisions --embeddings none shows what that changes" in ran.stderr
    )
    shop.check(**changed)
    assert "embedding model" not in shop.aidbt("map", **changed).stderr


def test_without_a_declared_target_a_changed_model_is_no_news(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    shop.check()
    (shop.root / MAPPING).unlink()
    (shop.root / "aidbt/targets/customer.yml").unlink()

    ran = shop.aidbt("map", AIDBT_EMBEDDINGS_MODEL=knowing_words(shop, monkeypatch))

    assert ran.exit_code == 0
    assert "embedding model" not in ran.stderr


# --- bad input ----------------------------------------------------------------------------------------


def test_a_model_that_is_not_there_is_the_usual_error(shop: Shop):
    assert isinstance(shop.error("--check-decisions", "--embeddings", "./nowhere"), SettingsError)


def test_the_model_of_now_is_nothing_to_compare_with(shop: Shop):
    error = shop.error("--check-decisions", "--embeddings", "none")

    assert isinstance(error, UsageError)
    assert "'none' is the embedding model already" in error.message


def test_a_model_that_is_not_installed_is_not_taken_for_none(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("aidbt.llm.embeddings.offline_folder", lambda: None)
    env = {"AIDBT_EMBEDDINGS_MODEL": str(shop.root)}

    error = shop.error("--check-decisions", "--embeddings", "auto", **env)

    assert "there is no embedding model to compare with" in error.message


@pytest.mark.parametrize("other", ["--drift", "--refresh", "--strict"])
def test_a_check_cannot_be_combined_with_what_changes_decisions(shop: Shop, other: str):
    assert isinstance(shop.error("--check-decisions", other), UsageError)


def test_another_model_needs_the_check(shop: Shop):
    assert isinstance(shop.error("--embeddings", "none"), UsageError)


def test_a_selector_that_matches_no_mapping_is_an_error(shop: Shop):
    assert isinstance(shop.error("--check-decisions", "-s", "peple"), UsageError)


def test_a_project_without_decisions_has_nothing_to_compare(shop: Shop):
    (shop.root / MAPPING).unlink()

    ran = shop.check()

    assert ran.exit_code == 0
    assert ran.stdout == "nothing to compare: no column with a declared target is decided\n"
    assert shop.json()["before"] == []
