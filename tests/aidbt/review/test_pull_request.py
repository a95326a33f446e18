"""The review of a branch: a real repository, a real dbt on DuckDB, and the edits that people make."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from branches import MAIN, back_to_main, edited, shop_on_a_branch
from dbt_shop import DBT, Shop

from aidbt.core.config import ReviewSettings, Settings
from aidbt.core.errors import ProjectError, UnknownName, UsageError
from aidbt.project.private_messages import without_values
from aidbt.review.checks import CHECKS
from aidbt.review.pull_request import BothSides, Review, read_both, review
from aidbt.review.slim_ci import Built, build_both, compare_schemas
from aidbt.warehouse import Warehouse, open_warehouse
from tests.kit import PostgresServer


@pytest.fixture(scope="module")
def on_a_branch(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_on_a_branch(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def shop(on_a_branch: Shop) -> Iterator[Shop]:
    """The shop on its branch, with nothing changed yet. One folder for all tests: dbt parses it once."""
    back_to_main(on_a_branch)
    yield on_a_branch
    back_to_main(on_a_branch)


def read(shop: Shop) -> BothSides:
    return read_both(shop.open(), Settings(), "main")


def reviewed(shop: Shop) -> Review:
    return review(read(shop), shop.open(), Settings())


def codes(found: Review) -> list[str]:
    return [finding.code.removeprefix("check.") for finding in found.checked.introduced]


def warehouse_of(shop: Shop) -> Warehouse:
    return open_warehouse("duckdb", path=shop.database, schema="main")


@pytest.fixture(scope="module")
def busy(on_a_branch: Shop) -> tuple[Shop, BothSides]:
    """A branch on which much was done: unsafe casts, a model, a test taken away. The tests of it come first,
    while its files are there.
    """
    edited(
        on_a_branch,
        "models/marts/fct_eu_orders.sql",
        ("select\n", "-- a line more\nselect\n"),
        (
            "    o.amount\n",
            "    cast(o.amount as integer) as amount,\n"
            "    cast(o.amount as bigint) as whole, -- aidbt: allow lossy_cast because prices are whole\n"
            "    cast(o.amount as smallint) as small -- aidbt: allow lossy_cast\n",
        ),
    )
    on_a_branch.write(
        {"models/marts/fct_days.sql": "select ordered_at as day from {{ ref('stg_orders') }}\n"}
    )
    edited(on_a_branch, "models/models.yml", ("        data_tests: [unique]\n", ""))
    return on_a_branch, read(on_a_branch)


@pytest.fixture
def busy_review(busy: tuple[Shop, BothSides]) -> Review:
    return review(busy[1], busy[0].open(), Settings())


@pytest.mark.long
def test_unsafe_patterns_are_found_at_their_lines_and_what_was_there_before_is_folded(busy_review: Review):
    casts = [f for f in busy_review.checked.introduced if f.code == "check.lossy_cast"]

    assert [f.where for f in casts] == [f"models/marts/fct_eu_orders.sql:{line}:10" for line in (4, 6)]
    assert [f.code for f in busy_review.checked.before] == ["check.left_join_undone"]


@pytest.mark.long
def test_a_comment_with_a_reason_allows_a_check_and_one_without_does_not(busy_review: Review):
    [allowed] = busy_review.checked.allowed
    last = [f for f in busy_review.checked.introduced if f.code == "check.lossy_cast"][-1]

    assert allowed.evidence["because"] == "prices are whole"
    assert last.message.endswith("(the comment that allows it gives no reason)")


def test_a_new_model_is_asked_for_the_key_and_the_words_that_the_others_have(busy_review: Review):
    about = [
        f.code.removeprefix("check.")
        for f in busy_review.checked.introduced
        if f.evidence["node"] == "model.shop.fct_days"
    ]

    assert about == ["missing_key_test", "missing_description", "missing_description"]
    assert ("fct_days", "added") in [(node.name, node.kind) for node in busy_review.changed]


def test_a_test_that_is_taken_away_is_said(busy_review: Review):
    [gone] = [f for f in busy_review.checked.introduced if f.code == "check.test_removed"]

    assert gone.message == "the test unique on customer_id is gone, and what it tested is still there"
    assert busy_review.verdict.word == "needs a look"


def test_checks_can_be_turned_off_and_made_blocking(busy: tuple[Shop, BothSides]):
    shop, sides = busy

    def with_level(**checks: Any) -> Review:
        return review(sides, shop.open(), Settings(review=ReviewSettings(checks=checks)))

    assert "lossy_cast" not in codes(with_level(lossy_cast="off"))
    assert with_level(lossy_cast="error").verdict.word == "blocks"
    with pytest.raises(UnknownName, match="did you mean 'lossy_cast'"):
        with_level(lossy_casts="off")


def test_a_plain_off_in_yaml_is_the_word():
    assert ReviewSettings.model_validate({"checks": {"fan_out": False}}).checks == {"fan_out": "off"}


def test_what_damages_data_is_told_before_what_is_only_missing(busy_review: Review):
    told = [reason.code for reason in busy_review.verdict.reasons if reason.topic == "check"]

    assert told == sorted(told, key=lambda code: CHECKS.names().index(code.removeprefix("check.")))
    assert told[0] == "check.lossy_cast"


def test_a_branch_that_changes_nothing_has_nothing_found(shop: Shop):
    found = reviewed(shop)

    assert (found.changed, found.verdict.word, found.verdict.reasons) == ((), "nothing found", ())


@pytest.mark.long
def test_reformatting_is_seen_and_is_no_reason(shop: Shop):
    edited(shop, "models/marts/fct_orders.sql", ("select\n    o.order_id", "-- tidier\nSELECT o.order_id"))

    found = reviewed(shop)

    assert [(node.name, node.what) for node in found.changed] == [("fct_orders", ("SQL, reformatted",))]
    assert found.verdict.word == "nothing found"


def test_a_column_that_is_gone_and_still_read_blocks_with_the_way_that_proves_it(shop: Shop):
    edited(shop, "models/staging/stg_orders.sql", (",\n    amount\n", "\n"))
    edited(shop, "models/marts/fct_orders.sql", (",\n    o.amount\n", "\n"))  # mended in the same change

    blocking = {reason.where: reason for reason in reviewed(shop).verdict.of_weight("blocks")}

    line = "models/marts/dim_customers.sql:7"
    assert blocking[line].path == ("stg_orders.amount", "dim_customers")
    assert [where for where in blocking if "dim_customers" in where] == [line]
    assert not any("fct_orders" in where for where in blocking)


def test_sql_that_names_what_is_not_there_blocks_and_the_rest_is_reviewed(shop: Shop):
    edited(shop, "models/marts/fct_orders.sql", ("    o.amount\n", "    o.amuont\n"))
    edited(shop, "models/marts/dim_customers.sql", ("count(o.order_id)", "count(distinct o.order_id)"))

    found = reviewed(shop)

    assert [finding.code for finding in found.wrong] == ["column.unknown"]
    assert found.verdict.word == "blocks"
    assert {node.name for node in found.changed} == {"fct_orders", "dim_customers"}


def test_a_base_that_git_does_not_know_is_one_clear_error(shop: Shop):
    with pytest.raises(ProjectError, match="git knows no branch, tag or commit 'mian'"):
        read_both(shop.open(), Settings(), "mian")


# --- data -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def production(on_a_branch: Shop) -> Shop:
    """The shop with main built."""
    root = on_a_branch.root
    subprocess.run([DBT, "build", "--quiet", "--project-dir", root, "--profiles-dir", root], check=True)
    return on_a_branch


def built(shop: Shop, *, keep: bool = False) -> tuple[BothSides, Built]:
    project, settings = shop.open(), Settings()
    sides = read_both(project, settings, "main")
    return sides, build_both(sides, project, settings, warehouse_of(shop), keep=keep)


def schemas(shop: Shop) -> set[str]:
    with warehouse_of(shop).connect() as connection:
        return {
            name for (name,) in connection.rows("select schema_name from duckdb_schemas() where not internal")
        }


@pytest.mark.long
def test_what_changed_is_built_twice_compared_by_its_key_and_dropped(production: Shop, shop: Shop):
    edited(
        shop,
        "models/marts/fct_orders.sql",
        ("    o.amount\n", "    o.amount * 2 as amount\n"),
        ("as o\n", "as o cross join range(if(o.order_id = 3, 2, 1)) as twice\n"),
    )
    edited(shop, "models/marts/dim_customers.sql", ("    c.email,\n", "    upper(c.email) as email,\n"))
    before = schemas(shop)

    sides, found = built(shop)

    assert schemas(shop) == before
    data = {one.name: one.diff for one in found.data}
    assert set(data) == {"fct_orders", "dim_customers"}
    assert data["fct_orders"].keys == ("order_id",)
    assert [(c.name, c.changed.count) for c in data["dim_customers"].columns if c.changed] == [("email", 3)]
    assert "example.com" not in repr(found.data).lower()  # addresses are personal data
    assert [name for name, _ in found.failures] == ["unique_fct_orders_order_id"]
    shown = review(sides, shop.open(), Settings(), data=found.data, failures=found.failures)
    assert shown.verdict.word == "blocks"
    assert {"build", "data"} <= {reason.topic for reason in shown.verdict.reasons}


IGNORES_THE_TARGET = """\
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or 'main' }}
{%- endmacro %}
"""


@pytest.mark.long
def test_a_project_that_ignores_the_targets_schema_is_refused_before_anything_is_built(
    production: Shop, shop: Shop
):
    shop.write({"macros/schema.sql": IGNORES_THE_TARGET})
    edited(shop, "models/marts/dim_customers.sql", ("sum(o.amount)", "sum(o.amount) + 1"))
    before = _rows(shop)

    with pytest.raises(UsageError, match="dim_customers would go into 'main'"):
        built(shop)

    assert _rows(shop) == before


def _rows(shop: Shop) -> Sequence[tuple[object, ...]]:
    with warehouse_of(shop).connect() as connection:
        return connection.rows("select * from main.dim_customers order by all")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Runtime Error in model a (a.sql)\n  Could not convert string 'bob@x.com' to INT32\n  LINE 1: bob",
         "Runtime Error in model a (a.sql) Could not convert string '…' to INT32"),
        ('invalid input syntax for type integer: "bob@x.com"', 'invalid input syntax for type integer: "…"'),
        ('column "email" does not exist', 'column "email" does not exist'),
        ("Bad double value: bob@x.com; while reading", "Bad double value: …"),
        ("a text that is cut in 'bob@x", "a text that is cut in '…'"),
    ],
)  # fmt: skip
def test_what_a_database_says_is_shown_without_the_values_of_rows(message: str, shown: str):
    assert without_values(message, {"email"}) == shown


SNAPSHOT = """\
{% snapshot customers_history %}
{{ config(target_schema='history', unique_key='customer_id', strategy='check', check_cols='all') }}
select * from {{ ref('stg_customers') }}
{% endsnapshot %}
"""


@pytest.mark.long
def test_a_snapshot_that_always_goes_elsewhere_is_left_out_and_said(production: Shop, shop: Shop):
    shop.write({"snapshots/history.sql": SNAPSHOT})
    edited(shop, "models/staging/stg_customers.sql", ("    region\n", "    upper(region) as region\n"))

    _, found = built(shop)

    assert "customers_history was not built: it always goes into 'history'" in found.not_done
    assert "history" not in schemas(shop)
    assert {one.name for one in found.data} == {
        "stg_customers",
        "fct_orders",
        "fct_eu_orders",
        "dim_customers",
    }


@pytest.mark.long
def test_slim_ci_builds_compares_and_drops_on_postgres(
    postgres: PostgresServer, postgres_target: Callable[..., dict[str, Any]], tmp_path: Path
):
    name = "slim_ci"
    postgres.create_database(name)
    profiles = yaml.safe_dump(
        {"shop": {"target": "dev", "outputs": {"dev": postgres_target(name, threads=2)}}}
    )
    shop = shop_on_a_branch(tmp_path, {"profiles.yml": profiles, **MAIN})
    dbt = [DBT, "build", "--quiet", "--project-dir", tmp_path, "--profiles-dir", tmp_path]
    subprocess.run(dbt, check=True)
    edited(shop, "models/marts/dim_customers.sql", ("    c.email,\n", "    upper(c.email) as email,\n"))
    project, settings = shop.open(), Settings()

    warehouse = open_warehouse("postgres", schema="analytics", settings=project.profile().settings)
    found = build_both(read_both(project, settings, "main"), project, settings, warehouse)

    [data] = found.data
    assert [(c.name, c.respaced) for c in data.diff.columns if c.changed] == [("email", 3)]
    left = postgres.psql("select schema_name from information_schema.schemata", name).split()
    assert not [schema for schema in left if "_pr_" in schema]


@pytest.mark.long
def test_kept_schemas_are_named_and_can_be_compared_again(production: Shop, shop: Shop):
    edited(shop, "models/marts/dim_customers.sql", ("sum(o.amount)", "sum(o.amount) + 1"))

    sides, found = built(shop, keep=True)

    base, head = found.kept
    assert {base, head} <= schemas(shop)
    project, settings, warehouse = shop.open(), Settings(), warehouse_of(shop)
    again = compare_schemas(sides, project, settings, warehouse, base_schema=base, head_schema=head)
    assert [one.sentences for one in again.data] == [one.sentences for one in found.data]
    with pytest.raises(UsageError, match="schema 'nowhere' has none"):
        compare_schemas(sides, project, settings, warehouse, base_schema="nowhere", head_schema=head)


@pytest.mark.long
def test_a_base_that_cannot_be_built_leaves_the_rest_of_the_review(production: Shop, shop: Shop):
    edited(shop, "models/marts/dim_customers.sql", ("sum(o.amount)", "sum(o.amount) + 1"))
    project, settings = shop.open(), Settings()
    sides = read(shop)
    gone = replace(sides, base=replace(sides.base, commit="0" * 40))

    found = build_both(gone, project, settings, warehouse_of(shop))

    [said] = found.not_done
    assert said.startswith("the data was not compared: git cannot give the files")
    assert review(sides, project, settings, not_done=found.not_done).not_done == (said,)
