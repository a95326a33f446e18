"""Commits that broke the project, each of which carries a wanted change too."""

from __future__ import annotations

import shutil
from dataclasses import replace

from benchmarks.faults.fault import Edit, Fault
from benchmarks.faults.slot import Slot
from benchmarks.faults.troubles import fresh_container

_CUSTOMERS = "models/staging/stg_shop__customers.sql"
_TICKET_TIMES = "models/intermediate/int_ticket_times.sql"
_TICKET_SQL = """\
select
    ticket_id,
    customer_id,
    priority,
    opened_at,
    closed_at,
    date_diff('hour', opened_at, closed_at) as hours_open
from {{ ref('stg_crm__tickets') }}
"""


def _typo(
    name: str, leaf: str, title: str, edit: Edit, wanted: str, *accept: str, either: bool = False
) -> Fault:
    """One edit that is wrong, whose undoing is the mend."""
    return Fault(
        name, f"CODE/{leaf}", title, "either" if either else "mend", accept=accept, wanted=wanted,
        edits=(edit,), mend=(edit.undone(),),
    )  # fmt: skip


def _logic(
    name: str, leaf: str, title: str, wanted: str, *edits: Edit, accept: tuple[str, ...] = ()
) -> Fault:
    """What only a person can decide."""
    return Fault(name, f"CODE/{leaf}", title, "person", accept=accept, wanted=wanted, edits=edits)


NAMES = (
    _typo(
        "typo_in_ref", "COMPILATION", "ref('int_custmer_orders')",
        Edit("models/marts/dim_customers.sql", "ref('int_customer_orders')", "ref('int_custmer_orders')"),
        "weekday",
    ),
    _typo(
        "typo_in_source_table", "COMPILATION", "source('shop', 'custmers')",
        Edit(_CUSTOMERS, "source('shop', 'customers')", "source('shop', 'custmers')"), "net_amount",
    ),
    replace(
        _typo(
            "typo_in_source", "COMPILATION", "source('shp', 'orders'), deployed into a fresh container",
            Edit(
                "models/staging/stg_shop__orders.sql", "source('shop', 'orders')", "source('shp', 'orders')"
            ),
            "weekday",
        ),
        outside=(fresh_container,),
    ),
    _typo(
        "typo_in_macro", "COMPILATION", "clean_txt('first_name')",
        Edit(_CUSTOMERS, "clean_text('first_name')", "clean_txt('first_name')"), "country_names",
    ),
    _typo(
        "typo_in_package_macro", "COMPILATION", "money.cent_to_amount('discount_cents')",
        Edit(
            "models/staging/stg_shop__orders.sql", "money.cents_to_amount('discount_cents')",
            "money.cent_to_amount('discount_cents')",
        ), "weekday",
    ),
    _typo(
        "typo_in_column", "SQL_SEMANTIC", "products.catgory in an intermediate model",
        Edit("models/intermediate/int_order_items_priced.sql", "products.category,", "products.catgory,"),
        "net_amount", "SCHEMA_DRIFT/COLUMN_RENAMED", "SCHEMA_DRIFT/COLUMN_REMOVED",
    ),
    _typo(
        "typo_in_staging_column", "SQL_SEMANTIC", "safty_stock in staging",
        Edit(
            "models/staging/stg_erp__stock_levels.sql", "    safety_stock,",
            "    safty_stock as safety_stock,",
        ),
        "weekday", "SCHEMA_DRIFT/COLUMN_RENAMED", "SCHEMA_DRIFT/COLUMN_REMOVED",
    ),
    _typo(
        "typo_in_mart_column", "SQL_SEMANTIC", "tickets.hours_opn in a mart",
        Edit("models/marts/mart_support_load.sql", "avg(tickets.hours_open)", "avg(tickets.hours_opn)"),
        "country_names", "SCHEMA_DRIFT/COLUMN_RENAMED", "SCHEMA_DRIFT/COLUMN_REMOVED",
    ),
    _typo(
        "typo_in_function", "SQL_SEMANTIC", "date_dif, which no engine knows",
        Edit(_TICKET_TIMES, "date_diff('hour'", "date_dif('hour'"), "weekday", either=True,
    ),
    _typo(
        "typo_in_python_ref", "COMPILATION", "dbt.ref(\"fct_order\") in a Python model",
        Edit("models/marts/rpt_basket_size.py", 'dbt.ref("fct_orders")', 'dbt.ref("fct_order")'), "weekday",
    ),
    _typo(
        "typo_in_python_method", "PYTHON_EXCEPTION", "orders.agregate(…) in a Python model",
        Edit("models/marts/rpt_basket_size.py", "orders.aggregate(", "orders.agregate("), "net_amount",
        either=True,
    ),
    _typo(
        "typo_in_test_name", "COMPILATION", "a test called uniqe",
        Edit(
            "models/marts/marts.yml",
            "  - name: mart_stock_cover\n    columns:\n      - name: sku\n        data_tests: [unique]",
            "  - name: mart_stock_cover\n    columns:\n      - name: sku\n        data_tests: [uniqe]",
        ),
        "net_amount", "CODE/TEST_LOGIC", either=True,
    ),
)  # fmt: skip

SYNTAX = (
    _typo(
        "missing_comma", "SQL_SYNTAX", "no comma between two columns",
        Edit("models/intermediate/int_order_items_priced.sql", "    items.sku,\n", "    items.sku\n"),
        "weekday",
    ),
    _typo(
        "missing_bracket", "SQL_SYNTAX", "coalesce(payments.paid_amount, 0 as paid_amount",
        Edit(
            "models/intermediate/int_orders_enriched.sql", "coalesce(payments.paid_amount, 0) as",
            "coalesce(payments.paid_amount, 0 as",
        ), "net_amount",
    ),
    _typo(
        "two_commas", "SQL_SYNTAX", "two commas in a row",
        Edit("models/marts/dim_products.sql", "    category,\n", "    category,,\n"), "country_names",
    ),
    _typo(
        "misspelt_keyword", "SQL_SYNTAX", "gruop by",
        Edit("models/intermediate/int_customer_orders.sql", "group by", "gruop by"), "weekday",
    ),
    _typo(
        "case_without_end", "SQL_SYNTAX", "a macro whose case has no end",
        Edit("macros/text.sql", "else 'EMEA' end", "else 'EMEA'"), "net_amount", either=True,
    ),
    _typo(
        "if_without_endif", "COMPILATION", "{% if is_incremental() %} without its end",
        Edit("models/marts/fct_sessions.sql", "from {{ this }})\n{% endif %}", "from {{ this }})"),
        "net_amount", either=True,
    ),
    _typo(
        "unclosed_jinja", "COMPILATION", "{{ ref('dim_products') } in a mart",
        Edit(
            "models/marts/mart_stock_cover.sql", "{{ ref('dim_products') }}", "{{ ref('dim_products') }",
        ), "weekday", either=True,
    ),
    _typo(
        "bad_yaml", "COMPILATION", "a YAML file whose indentation is wrong",
        Edit(
            "models/marts/marts.yml", "  - name: fct_refunds\n    columns:",
            "  - name: fct_refunds\n   columns:"
        ), "weekday", either=True,
    ),
)  # fmt: skip


def _without_packages(slot: Slot) -> None:
    shutil.rmtree(slot.project / "dbt_packages")


FILES = (
    Fault(
        "deleted_model", "CODE/COMPILATION", "a model that others read was deleted", "either",
        wanted="weekday",
        accept=("CODE/MISSING_DEPENDENCY",), edits=(Edit(_TICKET_TIMES, _TICKET_SQL, None),),
        mend=(Edit(_TICKET_TIMES, None, _TICKET_SQL),),
    ),
    Fault(
        "packages_not_installed", "CODE/MISSING_DEPENDENCY", "nobody ran dbt deps where this is deployed",
        "mend",
        wanted="net_amount", outside=(_without_packages,), mend_outside=("deps",),
    ),
    _logic(
        "package_that_is_nowhere", "MISSING_DEPENDENCY", "a package is required that stands nowhere",
        "weekday",
        Edit(
            "packages.yml", "  - local: packages/money\n",
            "  - local: packages/money\n  - local: ../shared-macros\n",
        ),
        accept=("CONFIGURATION/ENDPOINT_CHANGED",),
    ),
)  # fmt: skip

LOGIC = (
    _logic(
        "unit_test_notices_a_sum", "TEST_LOGIC", "failed payments count as paid; a unit test notices",
        "weekday",
        Edit(
            "models/intermediate/int_order_payments.sql",
            "sum(case when payments.status = 'settled' then payments.amount else 0 end)",
            "sum(payments.amount)",
        ),
        accept=("CODE/SQL_SEMANTIC",),
    ),
    _logic(
        "unit_test_notices_a_filter", "TEST_LOGIC",
        "cancelled orders are worth something; a unit test notices",
        "net_amount",
        Edit(
            "models/intermediate/int_customer_orders.sql",
            "case when status <> 'cancelled' then order_total else 0 end",
            "order_total",
        ),
        accept=("CODE/SQL_SEMANTIC",),
    ),
    _logic(
        "inner_join_for_left", "SQL_SEMANTIC", "dim_customers loses whoever has no account", "weekday",
        Edit(
            "models/marts/dim_customers.sql", "left join {{ ref('stg_crm__accounts') }}",
            "inner join {{ ref('stg_crm__accounts') }}",
        ),
        accept=("DATA_QUALITY/REFERENTIAL_INTEGRITY", "CODE/TEST_LOGIC"),
    ),
    _logic(
        "wrong_join_key", "SQL_SEMANTIC", "items are joined to products by their name", "country_names",
        Edit(
            "models/intermediate/int_order_items_priced.sql", "on items.sku = products.sku",
            "on items.sku = products.product_name",
        ),
        accept=("DATA_QUALITY/NULL_VIOLATION", "CODE/TEST_LOGIC"),
    ),
    _logic(
        "join_that_multiplies", "SQL_SEMANTIC", "stock is joined to products by nothing", "weekday",
        Edit(
            "models/intermediate/int_orders_enriched.sql",
            "left join items on orders.order_id = items.order_id",
            "left join {{ ref('int_order_items_priced') }} as items on orders.order_id = items.order_id",
        ),
        Edit(
            "models/intermediate/int_orders_enriched.sql", "coalesce(items.item_count, 0)",
            "coalesce(items.quantity, 0)",
        ),
        accept=("DATA_QUALITY/DUPLICATE_KEY", "CODE/TEST_LOGIC"),
    ),
    _logic(
        "circle_of_refs", "COMPILATION", "two models read each other", "weekday",
        Edit(
            "models/staging/stg_crm__tickets.sql", "from source\n",
            "from source\nwhere id in (select ticket_id from {{ ref('int_ticket_times') }})\n",
        ),
    ),
    _logic(
        "column_outside_the_contract", "COMPILATION",
        "dim_customers has a column that its contract does not name",
        "country_names",
        Edit(
            "models/marts/dim_customers.sql", "    codes.region,\n",
            "    codes.region,\n    customers.created_at,\n",
        ),
        accept=("SCHEMA_DRIFT/COLUMN_ADDED", "SCHEMA_DRIFT/TYPE_CHANGED", "CODE/SQL_SEMANTIC"),
    ),
    _logic(
        "test_too_strict", "TEST_LOGIC", "a commit forbids tablets, which there always were", "weekday",
        Edit("models/marts/marts.yml", "values: [desktop, phone, tablet]", "values: [desktop, phone]"),
        accept=("DATA_QUALITY/CONSTRAINT_VIOLATION",),
    ),
    _logic(
        "test_of_no_column", "TEST_LOGIC", "a new test names a column that is not there", "net_amount",
        Edit(
            "models/marts/marts.yml", "  - name: rpt_basket_size\n    columns:\n",
            "  - name: rpt_basket_size\n    columns:\n      - name: basket_value\n"
            "        data_tests: [not_null]\n",
        ),
        accept=("CODE/SQL_SEMANTIC",),
    ),
    Fault(
        "good_commit", "NONE/HEALTHY", "a commit that people wanted, and nothing is wrong", "none",
        green=True,
        wanted="weekday",
    ),
)  # fmt: skip

FAULTS = (*NAMES, *SYNTAX, *FILES, *LOGIC)
