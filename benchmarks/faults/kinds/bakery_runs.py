"""The bakery's bad commits, and what goes on around its runs: other commands than `dbt build`, artifacts that
are cut short or missing, somebody who drops a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks.faults.fault import Edit, Fault
from benchmarks.faults.kinds.bakery import FAULTS as SOURCES
from benchmarks.faults.slot import Slot
from benchmarks.faults.troubles import locked

_BY_NAME = {fault.name: fault for fault in SOURCES}


def _bakery(name: str, label: str, title: str, expects: str, **more: object) -> Fault:
    return Fault(f"bakery_{name}", label, title, expects, project="bakery", **more)  # type: ignore[arg-type]


def _typo(
    name: str,
    leaf: str,
    title: str,
    edit: Edit,
    wanted: str,
    *accept: str,
    expects: str = "mend",
    mend: tuple[Edit, ...] = (),
) -> Fault:
    """One edit that is wrong, whose undoing is the mend where no other is named."""
    more = {"wanted": wanted, "edits": (edit,), "accept": accept, "mend": mend or (edit.undone(),)}
    return _bakery(name, f"CODE/{leaf}", title, expects, **more)  # fmt: skip


_DRIFT = ("SCHEMA_DRIFT/COLUMN_RENAMED", "SCHEMA_DRIFT/COLUMN_REMOVED")
_STORES_SQL = (Path(__file__).parents[1] / "project_bakery/models/staging/stg_stores.sql").read_text()

COMMITS = (
    _typo(
        "typo_in_ref", "COMPILATION", "ref('stg_custmers') in a CTE that imports",
        Edit("models/marts/customers.sql", "ref('stg_customers')", "ref('stg_custmers')"), "price_band",
    ),
    _typo(
        "typo_in_macro", "COMPILATION", "cents_to_dollar('price')",
        Edit("models/staging/stg_products.sql", "cents_to_dollars('price')", "cents_to_dollar('price')"),
        "first_names",
    ),
    _typo(
        "typo_in_cte", "SQL_SEMANTIC", "a mart reads its own CTE by a name with a typo",
        Edit("models/marts/orders.sql", "    from compute_booleans\n", "    from compute_boleans\n"),
        "price_band", "SCHEMA_DRIFT/TABLE_RENAMED", "CODE/COMPILATION", expects="either",
    ),
    _typo(
        "typo_in_window", "SQL_SEMANTIC", "partition by custmer_id",
        Edit("models/marts/orders.sql", "partition by customer_id", "partition by custmer_id"), "first_names",
        *_DRIFT,
    ),
    _typo(
        "typo_in_config", "COMPILATION", "{{ confg(materialized='view') }}",
        Edit("models/staging/stg_products.sql", "{{ config(", "{{ confg("), "price_band", expects="either",
    ),
    _typo(
        "typo_in_argument", "COMPILATION", "a macro is called with precison=2",
        Edit(
            "models/staging/stg_products.sql", "cents_to_dollars('price')",
            "cents_to_dollars('price', precison=2)",
        ), "first_names", expects="either",
    ),
    _typo(
        "no_comma_between_ctes", "SQL_SYNTAX", "no comma between two CTEs",
        Edit("models/marts/customers.sql", "),\n\norders as", ")\n\norders as"), "price_band",
    ),
    _typo(
        "cte_without_bracket", "SQL_SYNTAX", "a CTE whose bracket is not closed",
        Edit("models/marts/order_items.sql", "    group by sku\n)\n", "    group by sku\n"), "first_names",
    ),
    _typo(
        "misspelt_from", "SQL_SYNTAX", "form {{ ref('stg_supplies') }}",
        Edit(
            "models/marts/order_items.sql", "    from {{ ref('stg_supplies') }}",
            "    form {{ ref('stg_supplies') }}",
        ), "price_band",
    ),
    _typo(
        "for_without_endfor", "COMPILATION", "a loop of Jinja without its end",
        Edit("models/marts/supplies.sql", "    {% endfor -%}\n", ""), "first_names", expects="either",
        mend=(
            Edit(
                "models/marts/supplies.sql", "as supply_{{ column }},\n",
                "as supply_{{ column }},\n    {% endfor -%}\n",
            ),
        ),
    ),
    _typo(
        "not_grouped", "SQL_SEMANTIC", "a column is neither grouped nor aggregated",
        Edit("models/marts/top_products.sql", "group by product_id, product_name", "group by product_id"),
        "price_band", expects="either",
    ),
    _bakery(
        "model_renamed", "CODE/COMPILATION", "a model has a new name, and who reads it was forgotten",
        "either",
        wanted="price_band", accept=("CODE/MISSING_DEPENDENCY",),
        edits=(
            Edit("models/staging/stg_locations.sql", None, _STORES_SQL),
            Edit("models/staging/stg_stores.sql", _STORES_SQL, None),
        ),
        mend=(
            Edit("models/staging/stg_stores.sql", None, _STORES_SQL),
            Edit("models/staging/stg_locations.sql", _STORES_SQL, None),
        ),
    ),
    _bakery(
        "column_dropped_from_staging", "CODE/SQL_SEMANTIC", "staging drops a column that marts read",
        "either", wanted="first_names", accept=_DRIFT,
        edits=(
            Edit(
                "models/staging/stg_products.sql",
                "    coalesce(type = 'jaffle', false) as is_food_item,\n    coalesce(",
                "    coalesce(",
            ),
        ),
        mend=(
            Edit(
                "models/staging/stg_products.sql", "    coalesce(",
                "    coalesce(type = 'jaffle', false) as is_food_item,\n    coalesce(",
            ),
        ),
    ),
    _bakery(
        "join_that_multiplies", "CODE/SQL_SEMANTIC", "items are joined to each of their supplies", "person",
        wanted="price_band", accept=("DATA_QUALITY/DUPLICATE_KEY", "CODE/TEST_LOGIC"),
        edits=(
            Edit("models/marts/order_items.sql", "sum(cost) / 100.0", "cost / 100.0"),
            Edit("models/marts/order_items.sql", "    group by sku\n", ""),
        ),
    ),
    _bakery(
        "unit_test_notices", "CODE/TEST_LOGIC", "every order counts as one with food; a unit test notices",
        "person", wanted="first_names", accept=("CODE/SQL_SEMANTIC",),
        edits=(Edit("models/marts/orders.sql", "count_food_items > 0", "count_food_items >= 0"),),
    ),
    _bakery(
        "good_commit", "NONE/HEALTHY", "a commit that people wanted, and nothing is wrong", "none",
        green=True, wanted="price_band",
    ),
)  # fmt: skip


def _cut(name: str, share: float) -> Callable[[Path], None]:
    """An artifact ends in its middle: whoever copied it was interrupted."""

    def change(folder: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return change


def _without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink(missing_ok=True)

    return change


def _like(name: str, source: str, title: str, **more: object) -> Fault:
    """A fault in a source, met under other circumstances."""
    return replace(_BY_NAME[f"bakery_{source}"], name=f"bakery_{name}", title=title, **more)  # type: ignore[arg-type]


def _run_first(*words: str) -> Callable[[Slot], None]:
    def step(slot: Slot) -> None:
        slot.dbt(["dbt", *words], slot.env())

    return step


def _drop(relation: str) -> Callable[[Slot], None]:
    def step(slot: Slot) -> None:
        with duckdb.connect(slot.database) as database:
            database.execute(f"drop table {relation}")

    return step


def _folder_instead_of_database(slot: Slot) -> None:
    (slot.work / "volume").mkdir()


_WITHOUT_STAGING = "dbt build --exclude staging"
_CUSTOMERS_ONLY = "dbt build --select +customers"

RUNS = (
    _bakery(
        "locked_for_seconds", "TRANSIENT/CONCURRENCY_CONFLICT", "a notebook has the database open", "mend",
        run=locked(), heal=locked(5),
    ),
    _bakery(
        "locked_and_free_again", "TRANSIENT/CONCURRENCY_CONFLICT", "a notebook had the database open", "mend",
        run=locked(),
    ),
    _bakery(
        "killed_half_way", "TRANSIENT/TEMPORARY_UNAVAILABLE", "kill -9 while the marts were built", "mend",
        under=("-m", "benchmarks.faults.broken_run", "kill", "OK created sql table model analytics.orders",
               "SIGKILL"),
        accept=("TRANSIENT/RESOURCE_EXHAUSTION", "TRANSIENT/CONNECTION_RESET", "UNKNOWN/UNCLASSIFIED_ERROR"),
    ),
    _bakery(
        "database_is_a_folder", "CONFIGURATION/ENDPOINT_CHANGED",
        "the path of the database leads to a folder", "person",
        accept=("CONFIGURATION/MISSING_SETTING",), outside=(_folder_instead_of_database,),
        env=(("SHOP_DATABASE", "../volume"),),
    ),
    _bakery(
        "staging_dropped", "CODE/MISSING_DEPENDENCY", "somebody dropped a staging table before marts ran",
        "either", command=_WITHOUT_STAGING,
        accept=("SCHEMA_DRIFT/TABLE_RENAMED", "CODE/SQL_SEMANTIC", "CONFIGURATION/ENDPOINT_CHANGED"),
        outside=(_run_first("build", "--select", "staging"), _drop("analytics_staging.stg_orders")),
        mend_outside=("build", "--select", "staging"),
    ),
    _bakery(
        "mart_dropped", "NONE/HEALTHY", "somebody dropped a mart, and the run built it anew", "none",
        green=True, outside=(_drop("analytics.locations"),),
    ),
    _like(
        "results_cut_short", "name_renamed", "a renamed column; run_results.json ends in its middle",
        expects="either", left=(_cut("run_results.json", 0.5),),
    ),
    _like(
        "no_log", "price_as_text", "a changed type; there is no dbt.log", left=(_without("dbt.log"),),
    ),
    _like(
        "only_printed", "spreadsheet_column_renamed",
        "a renamed column; nothing is left but what dbt printed",
        left=(_without("dbt.log", "run_results.json", "manifest.json"),),
    ),
    _like(
        "run_of_models_only", "renamed_beside_a_net_total", "a renamed column; production runs `dbt run`",
        command="dbt run", healthy="dbt run",
    ),
    _like(
        "tests_after_a_run", "few_orders_of_nobody",
        "orders of nobody; production runs `dbt run`, then `dbt test`, which fails",
        command="dbt test", outside=(_run_first("run"),), mend_outside=("run",),
    ),
    _like(
        "stops_at_the_first_failure", "renamed_below_a_star", "a renamed column; production fails fast",
        command="dbt build --fail-fast",
    ),
    _like(
        "some_models_only", "name_renamed", "a renamed column; production builds what customers needs",
        command=_CUSTOMERS_ONLY, healthy=_CUSTOMERS_ONLY,
    ),
)  # fmt: skip

FAULTS = (*COMMITS, *RUNS)
