"""`aidbt model` as a library call: what is written, kept, merged, refused; on a real DuckDB."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import yaml

import aidbt
from aidbt.core.errors import AidbtError, EditConflict, SettingsError, UsageError
from aidbt.core.patch import apply_patch
from aidbt.core.schema import Column, Relation
from aidbt.generate.bases import Bases
from aidbt.generate.english_models import draft
from aidbt.generate.english_models.check import check_models
from aidbt.generate.english_models.draft import ModelRefused
from aidbt.generate.english_models.ground import Ground, Request, Sentence
from aidbt.generate.english_models.parents import Parent
from aidbt.generate.english_models.places import NameTaken
from aidbt.generate.english_models.plan import ModelPlan, WouldReplace, plan_model, run_model
from aidbt.generate.english_models.witnesses import Witnesses, find_witnesses
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.planning.rendering import render_query
from aidbt.semantic.query import (
    Grain,
    InPeriod,
    Measure,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
)
from aidbt.warehouse.validating import GuardedDuckDB
from tests.aidbt.generate.english_shop import (
    AMOUNT,
    CALLS,
    COUNTRY,
    IS_PAID,
    MONTH,
    NAME,
    ORDERS,
    PLACED,
    REVENUE,
    SHOP,
    grouped,
)

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n"
PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH}}}\n"
ROWS = """
create schema till;
create table stg_customers(id integer, name varchar, country varchar);
insert into stg_customers values (1, 'ann', 'fr'), (2, 'bob', 'de'), (3, 'cleo', 'de');
create table stg_orders(
    id integer, customer_id integer, amount decimal(10, 2), status varchar, placed_at timestamp);
insert into stg_orders values
    (1, 1, 10, 'paid', '2013-02-03'), (2, 1, 5, 'open', '2013-03-03'), (3, 2, 7, 'paid', '2012-03-03');
create table till.payments(order_id integer, amount double, paid_on date);
"""
PER_COUNTRY = grouped((COUNTRY, "country"), measures={"orders": ORDERS})
PER_MONTH = grouped((NAME, "name"), (MONTH, "month"), measures={"revenue": REVENUE})
YEAR = InPeriod(PLACED, TimePoint(dt.datetime(2013, 1, 1)), TimePoint(dt.datetime(2014, 1, 1)))
RECENT = InPeriod(PLACED, TimePoint(cut_to=Grain.DAY, shift=-30))
READINGS = {
    "orders per country": PER_COUNTRY,
    "orders per country, only paid": replace(PER_COUNTRY, where=IS_PAID),
    "revenue per customer and month": PER_MONTH,
    "revenue per month": grouped((MONTH, "month"), measures={"revenue": REVENUE}),
    "recent orders per country": replace(PER_COUNTRY, where=RECENT),
    "odd names": grouped((COUNTRY, "Order"), measures={"Number Of": ORDERS, "number_of": REVENUE}),
    "the best": grouped(
        (NAME, "name"), measures={"revenue": REVENUE}, order_by=(Order(OutputRef("revenue"), True),), limit=1
    ),
}
OWN_TEST = """\
  - name: mine
    model: m
    given: []
    expect: {rows: []}
"""
SQL = "models/gold/m.sql"
YML = "models/gold/m.yml"
KEPT = "aidbt/models/m.yml"


@dataclass
class Shop:
    """A project whose models are read, compiled and checked without dbt and without English."""

    root: Path
    compile: Callable[[str], str] | None = None
    relations: dict[str, Relation] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    has_engine: bool = False

    def model(self, sentence: str = "", *, name: str = "m", write: bool = True, **asked: Any) -> ModelPlan:
        session = aidbt.open(self.root)
        bases = Bases(lambda: session.store, self.root)
        request = Request(name, sentence, **asked)
        with contextlib.ExitStack() as stack:
            stack.callback(session.close)
            path = self.root / "w.duckdb"
            engine = stack.enter_context(GuardedDuckDB(path)) if self.has_engine else None
            ground = self.ground(engine)
            return run_model(session.project, session.settings, request, ground, bases, write=write)

    def ground(self, engine: Any) -> Ground:
        raw = {"project_name": "shop"}
        metadata = ArtifactMetadata(12, "1.11", "", dt.datetime(2025, 1, 1), "duckdb", raw)
        return Ground(
            SHOP,
            self.relations,
            {table: Parent(f"model.shop.{table}", call) for table, call in CALLS.items()},
            Manifest(metadata, self.nodes, {}, {}, {}),
            None,
            self._read,
            self.compile or compiled,
            engine,
            self._rows,
        )

    def _read(self, sentence: str) -> Sentence:
        if sentence not in READINGS:
            raise Refused(f"not understood: '{sentence}'", spans=[sentence])
        return Sentence(READINGS[sentence])

    def _rows(self, query: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.root / "w.duckdb"), read_only=True) as connection:
            return connection.execute(render_query(query, "duckdb")).fetchall()

    def texts(self) -> dict[str, str]:
        """Every file of ours, by path."""
        return {
            path.relative_to(self.root).as_posix(): path.read_text()
            for folder in ("models", "aidbt")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))

    def yaml(self, path: str = YML) -> Any:
        return yaml.safe_load((self.root / path).read_text())


def compiled(text: str) -> str:
    """What dbt makes of a model, as far as these models go."""
    for call, relation in (
        ("ref('stg_customers')", '"w"."main"."stg_customers"'),
        ("ref('stg_orders')", '"w"."main"."stg_orders"'),
        ("source('till', 'payments')", '"w"."till"."payments"'),
        ("dbt.current_timestamp()", "now()"),
    ):
        text = text.replace("{{ " + call + " }}", relation)
    text = re.sub(r"\{\{\s*config\(.*?\)\s*\}\}", "", text, flags=re.DOTALL)
    return re.sub(r"\{% if is_incremental\(\) %\}.*?\{% endif %\}", "", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(ROWS)
    return path


@pytest.fixture
def shop(tmp_path: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(PROFILES.replace("PATH", str(tmp_path / "w.duckdb")))
    shutil.copy(warehouse, tmp_path)
    # The real search, once for each question.
    monkeypatch.setattr(
        draft,
        "find_witnesses",
        lambda query, _, dialect, others: _found(query, dialect, tuple(others.items())),
    )
    yield Shop(tmp_path)


@functools.cache
def _found(query: SemanticQuery, dialect: str, others: tuple[tuple[str, SemanticQuery], ...]) -> Witnesses:
    return find_witnesses(query, SHOP, dialect, dict(others))


def test_a_model_is_its_sql_its_yaml_and_its_kept_reading(shop: Shop):
    shop.has_engine = True

    found = shop.model("orders per country")

    assert sorted(shop.texts()) == ["aidbt/generated.lock", KEPT, SQL, YML]
    assert found.rungs[-1] == "keys"
    model = shop.yaml()["models"][0]
    assert model["description"].startswith("Orders per country. The number of orders per country")
    assert [(c["name"], c["data_type"], c.get("data_tests")) for c in model["columns"]] == [
        ("country", "varchar", ["not_null", "unique"]),
        ("orders", "bigint", None),
    ]
    unit_test = shop.yaml()["unit_tests"][0]
    assert [given["input"] for given in unit_test["given"]] == ["ref('stg_customers')", "ref('stg_orders')"]
    assert unit_test["expect"]["rows"]


def test_a_second_run_changes_nothing(shop: Shop):
    shop.model("orders per country")
    before = shop.texts()

    again, from_kept = shop.model("orders per country"), shop.model()

    assert not again.patch.edits
    assert not from_kept.patch.edits
    assert shop.texts() == before


def test_a_dry_run_writes_nothing(shop: Shop):
    assert shop.model("orders per country", write=False).patch.edits
    assert shop.texts() == {}


def test_another_sentence_takes_the_place_of_the_kept_one_only_where_that_is_asked_for(shop: Shop):
    shop.model("orders per country")
    before = shop.texts()

    with pytest.raises(WouldReplace) as caught:
        shop.model("orders per country, only paid")

    assert "kept:  orders per country\n" in caught.value.message
    assert "asked: orders per country, only paid\n" in caught.value.message
    assert "--replace" in str(caught.value.hint)
    assert shop.texts() == before
    found = shop.model("orders per country, only paid", replace=True)
    assert found.replaced == "orders per country"
    assert found.in_state("updated") == [SQL, YML]
    assert "where orders.status = 'paid'" in shop.texts()[SQL]
    assert shop.yaml(KEPT)["sentence"] == "orders per country, only paid"


def test_a_phrase_refines_what_is_kept(shop: Shop):
    shop.model("orders per country")

    shop.model(refine=("only paid",))

    assert "where orders.status = 'paid'" in shop.texts()[SQL]
    kept = shop.yaml(KEPT)
    assert (kept["sentence"], kept["refined"]) == ("orders per country", ["only paid"])
    assert shop.yaml()["models"][0]["description"].startswith("Orders per country, only paid. ")


def test_another_sentence_that_reads_the_same_changes_nothing(shop: Shop):
    shop.model("orders per country")
    shop.model(refine=("only paid",))
    before = shop.texts()

    for write in (False, True):
        found = shop.model("orders per country, only paid", write=write)

        assert not found.patch.edits
        assert not found.replaced
    assert shop.texts() == before


def test_a_phrase_that_is_asked_for_twice_is_there_once(shop: Shop):
    shop.model("orders per country")
    shop.model(refine=("only paid",))
    before = shop.texts()

    assert not shop.model(refine=("only paid",)).patch.edits
    assert shop.texts() == before


def test_a_reading_that_a_person_changed_is_not_lost_to_its_own_sentence(shop: Shop):
    shop.model("orders per country")
    shop.edit(KEPT, "  group_by:", "  where: {missing: orders.amount}\n  group_by:")

    with pytest.raises(WouldReplace, match="amount"):
        shop.model("orders per country")
    shop.edit(KEPT, "  where: {missing: orders.amount}\n", "  where:  # none\n")
    shop.model("orders per country")


def test_columns_and_grain_follow_a_reading_that_a_person_changed(shop: Shop):
    shop.model("orders per country")
    shop.edit(KEPT, "group_by: [customers.country]", "group_by: [customers.country, customers.name]")
    shop.edit(KEPT, "    - customers.country\n", "    - customers.country\n    - customers.name\n")

    shop.model()

    model = shop.yaml()["models"][0]
    assert [column["name"] for column in model["columns"]] == ["country", "name", "orders"]
    assert model["data_tests"][0]["aidbt_unique_combination"]["arguments"]["columns"] == ["country", "name"]


def test_a_reading_that_a_person_changed_is_drift_until_the_model_follows(shop: Shop):
    shop.model("orders per country")
    assert check_models(shop.root) == (["m"], [])
    shop.edit(
        KEPT,
        "  group_by: [customers.country]",
        "  where: {missing: orders.amount}\n  group_by: [customers.country]",
    )
    shop.edit(KEPT, "sentence: ", "# mine\nsentence: ")

    assert [finding.code for finding in check_models(shop.root, ["m"])[1]] == ["model.stale"] * 2
    shop.model()

    assert check_models(shop.root) == (["m"], [])
    assert "where orders.amount is null" in shop.texts()[SQL]
    assert "# mine\n" in shop.texts()[KEPT]


def test_a_person_s_edit_stays_and_what_is_new_goes_beside_it(shop: Shop):
    shop.model("orders per country")
    shop.edit(SQL, "with customers as (", "-- a note of mine\nwith customers as (")

    assert shop.model().in_state("edited") == [SQL]
    found = shop.model(refine=("only paid",))

    assert found.in_state("merged") == [SQL]
    assert shop.texts()[SQL].startswith("-- a note of mine\n")
    assert "status = 'paid'" in shop.texts()[SQL]


def test_where_both_touch_the_same_line_sql_and_yaml_are_proposed_together(shop: Shop):
    shop.model("orders per country")
    shop.edit(
        SQL, "    group by customers.country", "    where orders.id > 1\n    group by customers.country"
    )
    before = shop.texts()

    found = shop.model(refine=("only paid",))

    assert sorted(found.proposals) == [SQL, YML]
    assert found.reasons == {YML: "it belongs together with m.sql"}
    assert {path: shop.texts()[path] for path in (SQL, YML)} == {path: before[path] for path in (SQL, YML)}
    assert (shop.root / ".aidbt/proposals" / SQL).exists()
    assert [finding.code for finding in check_models(shop.root)[1]] == ["model.stale"] * 2


def test_when_the_person_took_the_proposal_over_the_rest_follows(shop: Shop):
    shop.model("orders per country")
    shop.edit(SQL, "count(*) as orders", "count(*) filter (true) as orders")
    proposed = shop.model(refine=("only paid",)).proposals
    assert not proposed
    shop.edit(YML, "  - name: m\n", "  - name: m\n    # ask Ann first\n")

    found = shop.model()

    assert not found.proposals
    assert "filter (true)" in shop.texts()[SQL]
    assert "# ask Ann first" in shop.texts()[YML]


def test_the_rows_of_a_unit_test_are_written_anew_beside_a_person_s_words(shop: Shop):
    shop.model("orders per country")
    described = shop.yaml()["models"][0]["description"]
    shop.edit(YML, described, "Where our orders come from.")
    shop.edit(YML, "unit_tests:\n", "unit_tests:\n" + OWN_TEST)

    found = shop.model(refine=("only paid",))

    assert found.in_state("updated", "merged") == [SQL, YML]
    assert shop.yaml()["models"][0]["description"] == "Where our orders come from."
    tests = {test["name"]: test for test in shop.yaml()["unit_tests"]}
    assert tests["mine"] == yaml.safe_load(OWN_TEST)[0]
    assert any(row.get("status") == "paid" for row in tests["m_on_witness_rows"]["given"][1]["rows"])
    assert not shop.model().patch.edits


def test_a_model_of_a_person_s_in_the_same_file_is_another_one(shop: Shop):
    shop.model("orders per country")
    other = "  - name: other\n    description: Theirs.\n    columns: [{name: orders, description: Theirs.}]\n"
    shop.edit(YML, "unit_tests:\n", f"{other}\nunit_tests:\n")

    shop.model(refine=("only paid",))

    ours, theirs = shop.yaml()["models"]
    assert ours["description"].startswith("Orders per country, only paid. ")
    assert ours["columns"][1]["description"] == "The number of orders."
    assert [theirs] == yaml.safe_load(other)


def test_a_unit_test_that_a_person_changed_holds_the_model_and_says_what_to_do(shop: Shop):
    shop.model("orders per country")
    shop.edit(YML, "- input: ref('stg_orders')", "- format: dict\n        input: ref('stg_orders')")
    before = shop.texts()

    found = shop.model(refine=("only paid",))

    assert sorted(found.proposals) == [SQL, YML]
    assert "you changed m_on_witness_rows" in found.reasons[YML]
    assert {path: shop.texts()[path] for path in (SQL, YML)} == {path: before[path] for path in (SQL, YML)}
    shop.edit(YML, "- name: m_on_witness_rows\n", "- name: mine\n")

    found = shop.model()

    assert not found.proposals
    assert [test["name"] for test in shop.yaml()["unit_tests"]] == ["mine"]
    assert "status = 'paid'" in shop.texts()[SQL]


def test_somebody_else_s_model_is_not_touched(shop: Shop):
    theirs = shop.root / "models/other/M.sql"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("select 1 as a\n")

    with pytest.raises(NameTaken, match=r"models/other/M\.sql"):
        shop.model("orders per country")
    assert theirs.read_text() == "select 1 as a\n"
    assert sorted(shop.texts()) == ["models/other/M.sql"]


def test_a_seed_s_name_is_taken_too(shop: Shop):
    shop.nodes["seed.shop.m"] = Node("seed.shop.m", "seed", "m", "seeds/m.csv")

    with pytest.raises(NameTaken, match=r"seeds/m\.csv"):
        shop.model("orders per country")


@pytest.mark.parametrize("name", ["", "a b", "1st", "m.sql", "../m", "naïve", "x" * 64, "m;drop"])
def test_a_name_that_no_model_can_have_is_refused(shop: Shop, name: str):
    with pytest.raises(UsageError):
        shop.model("orders per country", name=name)
    assert shop.texts() == {}


@pytest.mark.parametrize("folder", ["seeds", "../elsewhere", "/", "aidbt/models"])
def test_a_folder_in_which_dbt_reads_no_models_is_refused(shop: Shop, folder: str):
    with pytest.raises(UsageError, match="reads no models"):
        shop.model("orders per country", folder=folder)
    assert shop.texts() == {}


def test_a_folder_is_chosen_as_the_project_has_it(shop: Shop):
    (shop.root / "models/marts").mkdir(parents=True)

    assert shop.model("orders per country", write=False).in_state("written")[0] == "models/marts/m.sql"
    found = shop.model("orders per country", folder="models/sales/core")
    assert found.in_state("written")[0] == "models/sales/core/m.sql"
    with pytest.raises(UsageError, match="git mv"):
        shop.model(folder="models/marts")


def test_a_model_that_was_moved_is_written_where_it_stands(shop: Shop):
    shop.model("orders per country")
    (shop.root / "models/core").mkdir()
    for path in (SQL, YML):
        (shop.root / path).rename(shop.root / path.replace("gold", "core"))

    shop.model(refine=("only paid",))

    assert "status = 'paid'" in shop.texts()["models/core/m.sql"]
    assert SQL not in shop.texts()


def test_a_sentence_that_is_not_understood_writes_nothing(shop: Shop):
    with pytest.raises(Refused):
        shop.model("bananas per country")
    assert shop.texts() == {}


def test_without_a_sentence_there_has_to_be_a_model(shop: Shop):
    with pytest.raises(UsageError, match="no model m yet"):
        shop.model()


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: compiled(text).replace("customers.country", "customers.county"),
        lambda text: compiled(text) + "\n; drop table stg_orders",
        lambda text: compiled(text).replace('"w"."main"."stg_orders"', '"w"."main"."stg_order"'),
        lambda text: compiled(text).replace("count(*)", "getenv('HOME')"),
    ],
    ids=["a column", "two statements", "a relation", "a function"],
)
def test_sql_that_does_not_hold_is_not_written(shop: Shop, broken: Callable[[str], str]):
    shop.compile, shop.has_engine = broken, True

    with pytest.raises(ModelRefused, match="does not hold"):
        shop.model("orders per country")
    assert shop.texts() == {}


def test_a_contract_has_every_type_and_needs_the_warehouse(shop: Shop):
    shop.has_engine = True

    shop.model("orders per country", contract=True)

    model = shop.yaml()["models"][0]
    assert model["config"] == {"contract": {"enforced": True}}
    assert all(column["data_type"] for column in model["columns"])
    shop.has_engine = False
    with pytest.raises(UsageError, match="types"):
        shop.model("revenue per month", name="other", contract=True)


def test_without_an_engine_it_is_said_that_the_sql_was_not_tried(shop: Shop):
    assert any("was not asked" in note for note in shop.model("orders per country").notes)


def test_columns_get_names_that_need_no_quotes(shop: Shop):
    shop.model("odd names")

    names = [column["name"] for column in shop.yaml()["models"][0]["columns"]]
    assert names == ["order_value", "number_of", "number_of_2"]


def test_what_is_seen_from_today_is_said_and_pinned_in_the_unit_test(shop: Shop):
    found = shop.model("recent orders per country")

    assert any("by themselves" in note for note in found.notes)
    assert "{{ dbt.current_timestamp() }}" in shop.texts()[SQL]
    overrides = shop.yaml()["unit_tests"][0]["overrides"]["macros"]
    assert list(overrides) == ["dbt.current_timestamp"]


def test_a_large_parent_makes_a_table_and_it_stays_one(shop: Shop):
    columns = (Column("id", "INTEGER"),)
    shop.relations["orders"] = Relation("main", "stg_orders", columns, size_bytes=40_000_000_000)

    found = shop.model("orders per country")
    shop.relations.clear()

    assert found.materialized.materialized == "table"
    assert "40 GB" in found.materialized.reason
    assert "materialized='table'" in shop.texts()[SQL]
    assert shop.model().materialized.materialized == "table"
    assert shop.model(refresh=True).materialized.materialized == "view"


def test_what_the_folder_says_is_not_said_again(shop: Shop):
    (shop.root / "dbt_project.yml").write_text(
        PROJECT + "models: {shop: {+materialized: view, gold: {+materialized: table}}}\n"
    )

    assert "config(" not in shop.model("orders per country", write=False).sql
    assert "materialized='view'" in shop.model("orders per country", write=False, materialized="view").sql


def test_an_incremental_model_works_its_last_period_out_anew(shop: Shop):
    shop.model("revenue per month", materialized="incremental")

    assert "unique_key='month'" in shop.texts()[SQL]
    assert "placed_at >= (" in shop.texts()[SQL]
    last = shop.yaml()["unit_tests"][-1]
    assert last["name"] == "m_grows_by_its_last_period"
    assert last["given"][-1]["format"] == "sql"
    assert len(last["expect"]["rows"]) == 1


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("orders per country", "not grouped by a time"),
        ("recent orders per country", "not grouped by a time"),
        ("the best", "not grouped by a time"),
    ],
)
def test_what_cannot_grow_is_not_incremental(shop: Shop, sentence: str, why: str):
    with pytest.raises(UsageError, match=why):
        shop.model(sentence, materialized="incremental")
    assert shop.texts() == {}


def test_the_grain_of_several_columns_is_tested_by_the_project_s_own_test(shop: Shop):
    (shop.root / "packages.yml").write_text("packages: [{package: dbt-labs/dbt_utils, version: 1.3.0}]\n")
    shop.model("revenue per customer and month")

    test = shop.yaml()["models"][0]["data_tests"][0]
    assert test["dbt_utils.unique_combination_of_columns"]["arguments"] == {
        "combination_of_columns": ["name", "month"]
    }
    assert not (shop.root / "macros").exists()


def test_where_the_project_has_none_our_test_of_several_columns_is_written_with_the_model(shop: Shop):
    found = shop.model("revenue per customer and month")
    again = shop.model()

    assert found.in_state("written") == ["macros/aidbt/unique_combination.sql", SQL, YML]
    assert "{% test aidbt_unique_combination(" in (shop.root / found.in_state("written")[0]).read_text()
    assert shop.yaml()["models"][0]["data_tests"] == [
        {"aidbt_unique_combination": {"arguments": {"columns": ["name", "month"]}}}
    ]
    assert not again.patch.edits
    assert not shop.model("orders per country", name="n").in_state("written")[2:]


def test_a_kept_file_with_an_error_is_named(shop: Shop):
    shop.model("orders per country")
    right = shop.texts()[KEPT]
    for old, new, why in (
        ("customers.country", "customers.county", "did you mean 'country'"),
        ("sentence:", "sentense:", "did you mean 'sentence'"),
        ("materialized: view", "materialized: viewed", "not possible"),
        ("tests: [not_null, unique]", "tests: [mine]", "not a test"),
        ("grain: [country]", "grain: country", "no list"),
        ("reading:\n", "reading: {}\nx:\n", "unknown key 'x'"),
    ):
        shop.edit(KEPT, old, new)
        before = shop.texts()
        with pytest.raises(SettingsError) as caught:
            shop.model()
        assert KEPT in str(caught.value)
        assert why in str(caught.value)
        assert shop.texts() == before
        (shop.root / KEPT).write_text(right)


def test_what_the_reading_says_wins_over_the_name_of_a_measure(shop: Shop):
    query = SemanticQuery((Output(Measure("max", "orders", AMOUNT), "count"),))
    READINGS["the largest"] = query
    try:
        assert "max(amount) as count" in shop.model("the largest", write=False).sql
    finally:
        del READINGS["the largest"]


def test_every_refusal_says_what_to_do(shop: Shop):
    with pytest.raises(AidbtError) as caught:
        shop.model("orders per country", folder="seeds")
    assert caught.value.hint


def test_rows_that_the_joins_leave_out_are_told_when_the_model_is_decided_on(shop: Shop):
    with duckdb.connect(str(shop.root / "w.duckdb")) as connection:
        connection.execute(
            "insert into stg_orders values (4, 9, 1, 'paid', '2013-02-03'), (5, null, 1, '', null)"
        )

    said = [note for note in shop.model("orders per country").notes if "left out" in note]

    assert said == ["2 of 5 rows of orders have no row in customers, and are left out"]
    assert not [note for note in shop.model("revenue per month", name="n").notes if "left out" in note]


def test_where_every_row_has_its_partner_nothing_is_said_of_rows_left_out(shop: Shop):
    assert not [note for note in shop.model("orders per country").notes if "left out" in note]


def test_a_name_that_differs_only_in_case_from_one_of_ours_is_taken(shop: Shop):
    shop.model("orders per country")
    before = shop.texts()

    with pytest.raises(NameTaken, match=r"models/gold/m\.sql"):
        shop.model("revenue per month", name="M")
    assert shop.texts() == before


def test_a_model_that_generate_wrote_is_not_taken_over(shop: Shop):
    shop.model("orders per country", name="stg_mine")
    (shop.root / "aidbt/models/stg_mine.yml").unlink()  # as a staging model: in the lock, without a sentence
    before = shop.texts()

    with pytest.raises(NameTaken, match=r"models/gold/stg_mine\.sql"):
        shop.model("revenue per month", name="stg_mine")
    assert shop.texts() == before


def test_the_name_of_a_model_that_was_removed_is_free_again(shop: Shop):
    shop.model("orders per country")
    for path in (SQL, YML, KEPT):
        (shop.root / path).unlink()

    shop.model("revenue per month")

    assert "sum(amount) as revenue" in shop.texts()[SQL]


def test_a_model_without_rows_is_told(shop: Shop):
    with duckdb.connect(str(shop.root / "w.duckdb")) as connection:
        connection.execute("delete from stg_orders")

    assert any("no rows now" in note for note in shop.model("orders per country").notes)


def test_of_two_who_write_the_same_model_at_once_one_is_told(shop: Shop):
    session = aidbt.open(shop.root)
    bases = Bases(lambda: session.store, shop.root)
    request = Request("m", "revenue per month")
    first = plan_model(session.project, session.settings, request, shop.ground(None), bases.get)
    shop.model("orders per country")
    before = shop.texts()

    with pytest.raises(EditConflict):
        apply_patch(first.patch, shop.root)
    assert shop.texts() == before
    session.close()


def test_a_sentence_keeps_its_quotes_and_braces_and_dbt_reads_them_as_text(shop: Shop):
    sentence = """orders per "country": {{ 'x' }}, it's #1"""
    READINGS[sentence] = PER_COUNTRY
    try:
        shop.model(sentence)
    finally:
        del READINGS[sentence]

    assert shop.yaml(KEPT)["sentence"] == sentence
    rendered = jinja2.Environment().from_string(shop.yaml()["models"][0]["description"]).render()
    assert rendered.startswith("""Orders per "country": {{ 'x' }}, it's #1. """)


def test_a_reading_of_a_column_that_is_gone_is_named_and_nothing_is_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.model("orders per country")
    before = shop.texts()
    customers = SHOP.table("customers")
    fewer = replace(customers, columns=tuple(c for c in customers.columns if c.name != "country"))
    tables = tuple(fewer if table.name == "customers" else table for table in SHOP.tables)
    ground = shop.ground(None)
    monkeypatch.setattr(shop, "ground", lambda engine: replace(ground, graph=replace(SHOP, tables=tables)))

    with pytest.raises(SettingsError, match="country"):
        shop.model(refine=("only paid",))
    assert shop.texts() == before


def test_a_person_s_edit_of_the_yaml_stays_with_what_is_new(shop: Shop):
    shop.model("orders per country")
    shop.edit(YML, "  - name: m\n", "  - name: m\n    # ask Ann first\n")

    found = shop.model(refine=("only paid",))

    assert "# ask Ann first" in shop.texts()[YML]
    assert shop.yaml()["models"][0]["description"].startswith("Orders per country, only paid. ")
    assert found.in_state("merged") == [YML]
