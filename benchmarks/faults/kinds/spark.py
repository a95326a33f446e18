"""A few faults on Spark, where a column of a Parquet table cannot be renamed in place."""

from __future__ import annotations

from benchmarks.faults.fault import UPSTREAM, Edit, Fault, Quarantine

_STG_CUSTOMERS = "models/staging/stg_shop__customers.sql"
_PAYMENTS = "    select * from {{ source('pay', 'payments') }}\n"
_NO_NUMBER = "try_cast(amount as decimal(12, 2)) is null"

FAULTS = (
    Fault(
        "spark_column_renamed", "SCHEMA_DRIFT/COLUMN_RENAMED", "customers was landed anew with email_address",
        "mend",
        engine="spark", touches=UPSTREAM, accept=("SCHEMA_DRIFT/COLUMN_REMOVED",),
        land=(
            "create table raw_shop.customers_new using parquet as select id, first_name, last_name,"
            " email as email_address, country, newsletter, created_at, updated_at, _loaded_at"
            " from raw_shop.customers",
            "drop table raw_shop.customers",
            "alter table raw_shop.customers_new rename to raw_shop.customers",
        ),
        mend=(Edit(_STG_CUSTOMERS, "lower(email)", "lower(email_address)"),),
    ),
    Fault(
        "spark_few_bad_casts", "DATA_QUALITY/TYPE_COERCION_FAILURE", "four payments have the amount n/a",
        "mend",
        engine="spark", touches=UPSTREAM, accept=("DATA_QUALITY/NULL_VIOLATION", "SCHEMA_DRIFT/TYPE_CHANGED"),
        land=(
            "insert into raw_pay.payments select concat('pay_bad_', id), cast(900000 + id as int),"
            " 'card', 'n/a', 'EUR', 'failed', timestamp '{now}', timestamp '{now}' from range(4)",
        ),
        quarantine=Quarantine(("pay_bad_0", "pay_bad_3"), 4),
        mend=(
            Edit(
                "models/staging/stg_pay__payments.sql", _PAYMENTS,
                f"{_PAYMENTS}    where not ({_NO_NUMBER})\n"
            ),
            Edit(
                "models/staging/stg_pay__payments__quarantine.sql", None,
                "{{ config(materialized='table') }}\n\nselect *, 'amount is no number' as reason\n"
                f"from {{{{ source('pay', 'payments') }}}}\nwhere {_NO_NUMBER}\n",
            ),
        ),
    ),
    Fault(
        "spark_table_dropped", "SCHEMA_DRIFT/TABLE_RENAMED",
        "the payments are gone, and nothing is like them",
        "person", engine="spark", land=("drop table raw_pay.payments",),
        accept=("CODE/SQL_SEMANTIC",),
    ),
)  # fmt: skip
