"""Real faults of dbt projects on DuckDB: parsing, compiling, settings, tests, contracts, dependencies."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aidbt.core.failures import ErrorClass as E
from benchmarks.failure_messages import Example
from tests.dbt_shop import DBT_PROJECT, PROFILES, held_by_another_process, new_shop

_GONE = (E.COLUMN_RENAMED, E.COLUMN_REMOVED, E.SQL_SEMANTIC)
_TEST = (E.CONSTRAINT_VIOLATION, E.DUPLICATE_KEY, E.NULL_VIOLATION, E.REFERENTIAL_INTEGRITY)
_FILES = {
    "seeds/raw_orders.csv": "id,customer_id,amount,status\n1,1,10.5,paid\n2,2,7,open\n",
    "models/stg_orders.sql": "select id, customer_id, amount, status from {{ ref('raw_orders') }}",
    "models/orders.sql": "select id, customer_id, sum(amount) as amount from {{ "
    "ref('stg_orders') }} group by all",
}


@dataclass(frozen=True)
class Break:
    """One way to break the project."""

    label: E
    files: Mapping[str, str | None]
    accept: tuple[E, ...] = ()
    command: Sequence[str] = ("build",)
    first: Sequence[str] | None = None
    then: Mapping[str, str] = field(default_factory=dict)


def _model(sql: str) -> dict[str, str | None]:
    return {"models/orders.sql": sql}


def _test(column: str, test: str) -> dict[str, str | None]:
    return {
        "models/schema.yml": f"models:\n  - name: orders\n    columns:\n      - name: "
        f"{column}\n        data_tests: [{test}]\n"
    }


def _contract(columns: str) -> dict[str, str | None]:
    return {
        "models/schema.yml": "models:\n  - name: orders\n    config: {contract: {enforced: "
        "true}}\n    columns:\n" + columns
    }


def _unit(given: str, expect: str) -> dict[str, str | None]:
    return {
        "models/unit.yml": "unit_tests:\n  - name: sums_amounts\n    model: orders\n    given:\n"
        f"      - input: ref('stg_orders')\n        rows: [{given}]\n    expect:\n      rows: [{expect}]\n"
    }


_INCREMENTAL = (
    "{{ config(materialized='incremental', on_schema_change='%s', unique_key='id') }}\n"
    "select %s from {{ ref('stg_orders') }}"
)
BREAKS: tuple[Break, ...] = (
    Break(E.COMPILATION, _model("select * from {{ ref('stg_order') }}")),
    Break(E.COMPILATION, _model("select * from {{ source('crm', 'customers') }}")),
    Break(E.COMPILATION, _model("select {{ no_such_macro('x') }}")),
    Break(
        E.COMPILATION,
        _model("select {{ dbt_utils.star(ref('stg_orders')) }} from {{ ref('stg_orders') }}"),
        (E.MISSING_DEPENDENCY,),
    ),
    Break(E.COMPILATION, _model("{% if true %} select 1 as id")),
    Break(E.COMPILATION, _model("{% for x in [1, 2] %} select {{ x }} as id {% endif %}")),
    Break(E.COMPILATION, _model("select {{ 1 + }} as id")),
    Break(E.COMPILATION, _model("select {{ 'x' | no_such_filter }} as id")),
    Break(E.COMPILATION, _model("select {{ undefined_thing.upper() }} as id")),
    Break(E.COMPILATION, _model("select * from {{ ref('stg_orders', 'x', 'y') }}")),
    Break(E.COMPILATION, _model("select * from {{ ref() }}")),
    Break(E.COMPILATION, _model("select * from {{ ref('orders') }}")),
    Break(E.COMPILATION, _model("{{ config(materialized='tabel') }} select 1 as id")),
    Break(
        E.COMPILATION,
        _model("{{ config(materialized='incremental', incremental_strategy='upsert') }} select 1 as id"),
        first=("build",),
    ),
    Break(E.COMPILATION, _model("{{ exceptions.raise_compiler_error('amount must be positive') }} select 1")),
    Break(E.COMPILATION, {"macros/m.sql": "{% macro cents(x) %} {{ x }} / 100"}),
    Break(
        E.COMPILATION,
        {
            "macros/m.sql": "{% macro cents(x) %}{{ x }}{% endmacro %}",
            **_model("select {{ cents() }} as id, {{ cents('a', 'b', 'c') }} as b"),
        },
    ),
    Break(E.COMPILATION, {"models/schema.yml": "models:\n  - name: orders\n   columns: [\n"}),
    Break(E.COMPILATION, {"models/schema.yml": "models:\n\t- name: orders\n"}),
    Break(E.COMPILATION, {"models/schema.yml": "models:\n  - nam: orders\n"}),
    Break(E.COMPILATION, {"models/schema.yml": "models: orders\n"}),
    Break(
        E.COMPILATION,
        {"models/schema.yml": "models:\n  - name: orders\n    description: \"{{ doc('nothing') }}\"\n"},
    ),
    Break(E.COMPILATION, _test("id", "not_nul")),
    Break(E.COMPILATION, {"models/a/orders.sql": "select 1 as id"}),
    Break(
        E.COMPILATION,
        {
            "models/schema.yml": "models:\n  - name: orders\n",
            "models/schema2.yml": "models:\n  - name: orders\n",
        },
    ),
    Break(
        E.COMPILATION, {"models/sources.yml": "sources:\n  - name: crm\n    tables: [{name: a}, {name: a}]\n"}
    ),
    Break(E.COMPILATION, {"snapshots/s.sql": "{% snapshot s %} select 1 as id {% endsnapshot %}"}),
    Break(E.COMPILATION, {"models/schema.yml": "models:\n  - name: orders\n    config: {enabled: maybe}\n"}),
    Break(E.COMPILATION, {"dbt_project.yml": DBT_PROJECT + "models:\n  shop: {+materialized: [table]}\n"}),
    Break(
        E.COMPILATION,
        {
            "models/exposure.yml": "exposures:\n  - name: board\n    type: dashboard\n    "
            "depends_on: [ref('nothing')]\n    owner: {name: a}\n"
        },
    ),
    Break(E.MISSING_SETTING, {"dbt_project.yml": DBT_PROJECT.replace("profile: shop", "profile: shopp")}),
    Break(E.MISSING_SETTING, {"profiles.yml": PROFILES.replace("type: duckdb, ", "")}),
    Break(E.MISSING_SETTING, {"profiles.yml": PROFILES.replace("target: dev", "target: prod")}),
    Break(
        E.MISSING_SETTING,
        {"profiles.yml": PROFILES.replace("{{ flags.PROFILES_DIR }}", "{{ env_var('WAREHOUSE_DIR') }}")},
    ),
    Break(E.MISSING_SETTING, {"profiles.yml": "shop: {outputs\n"}, (E.COMPILATION,)),
    Break(
        E.MISSING_SETTING,
        {"profiles.yml": PROFILES.replace("type: duckdb", "type: duckdbb")},
        (E.MISSING_DEPENDENCY,),
    ),
    Break(
        E.MISSING_DEPENDENCY,
        {"profiles.yml": PROFILES.replace("type: duckdb", "type: snowflake")},
        (E.MISSING_SETTING,),
    ),
    Break(E.MISSING_SETTING, _model("select {{ var('start_date') }} as id"), (E.COMPILATION,)),
    Break(E.MISSING_SETTING, _model("select '{{ env_var('REGION_OF_SHOP') }}' as id"), (E.COMPILATION,)),
    Break(E.MISSING_SETTING, {"dbt_project.yml": None}),
    Break(
        E.MISSING_SETTING,
        {"dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodel-path: [models]\n"},
        (E.COMPILATION,),
    ),
    Break(
        E.MISSING_SETTING,
        {"dbt_project.yml": DBT_PROJECT.replace("name: shop", "name: my-shop")},
        (E.COMPILATION,),
    ),
    Break(E.MISSING_SETTING, {"dbt_project.yml": DBT_PROJECT + "vars: [a\n"}, (E.COMPILATION,)),
    Break(
        E.MISSING_DEPENDENCY,
        {"packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"},
    ),
    Break(
        E.MISSING_DEPENDENCY,
        {"packages.yml": "packages:\n  - local: ../nowhere\n"},
        (E.MISSING_SETTING,),
        ("deps",),
    ),
    Break(
        E.MISSING_DEPENDENCY,
        {"dbt_project.yml": DBT_PROJECT + "require-dbt-version: '>=9.0.0'\n"},
        (E.MISSING_SETTING,),
    ),
    Break(E.SQL_SYNTAX, _model("selec id from {{ ref('stg_orders') }}")),
    Break(E.SQL_SYNTAX, _model("select id,, amount from {{ ref('stg_orders') }}")),
    Break(E.SQL_SYNTAX, _model("select id from {{ ref('stg_orders') }};\nselect 2 as id")),
    Break(E.SQL_SYNTAX, _model("select id from {{ ref('stg_orders') }} wher amount > 3")),
    Break(E.SQL_SYNTAX, _model("select (id from {{ ref('stg_orders') }}")),
    Break(E.SQL_SEMANTIC, _model("select no_function(id) as id from {{ ref('stg_orders') }}")),
    Break(E.SQL_SEMANTIC, _model("select id, sum(amount) as a from {{ ref('stg_orders') }}")),
    Break(
        E.SQL_SEMANTIC,
        _model("select status + 1 as id from {{ ref('stg_orders') }}"),
        (E.TYPE_CHANGED, E.TYPE_COERCION_FAILURE),
    ),
    Break(
        E.COLUMN_RENAMED, {"seeds/raw_orders.csv": "id,customer_id,amount_chf,status\n1,1,10.5,paid\n"}, _GONE
    ),
    Break(
        E.COLUMN_RENAMED,
        {"seeds/raw_orders.csv": "order_id,customer_id,amount,status\n1,1,10.5,paid\n"},
        _GONE,
    ),
    Break(E.COLUMN_REMOVED, {"seeds/raw_orders.csv": "id,customer_id,status\n1,1,paid\n"}, _GONE),
    Break(E.COLUMN_REMOVED, _model("select id, discount from {{ ref('stg_orders') }}"), _GONE),
    Break(
        E.TABLE_RENAMED,
        {
            "models/sources.yml": "sources:\n  - name: crm\n    tables: [{name: customers}]\n",
            **_model("select * from {{ source('crm', 'customers') }}"),
        },
    ),
    Break(E.TABLE_RENAMED, _model("select * from main.raw_order")),
    Break(
        E.TYPE_COERCION_FAILURE,
        {
            "seeds/raw_orders.csv": "id,customer_id,amount,status\n1,1,EUR 10,paid\n",
            **_model(
                "{{ config(materialized='table') }} select id, cast(amount as decimal(10, 2)) "
                "as a from {{ ref('stg_orders') }}"
            ),
        },
        (E.TYPE_CHANGED,),
    ),
    Break(
        E.TYPE_COERCION_FAILURE,
        _model(
            "{{ config(materialized='table') }} select cast(status as date) as id from {{ "
            "ref('stg_orders') }}"
        ),
        (E.TYPE_CHANGED,),
    ),
    Break(
        E.TYPE_COERCION_FAILURE,
        {
            "seeds/raw_orders.csv": "id,customer_id,amount,status\nx,1,10,paid\n",
            "seeds/s.yml": "seeds:\n  - name: raw_orders\n    config: {column_types: {id: integer}}\n",
        },
        (E.TYPE_CHANGED,),
    ),
    Break(
        E.COLUMN_ADDED,
        {"seeds/raw_orders.csv": "id,customer_id,amount,status\n1,1,10,paid,extra\n"},
        (E.TYPE_COERCION_FAILURE, E.COMPILATION),
    ),
    Break(
        E.NULL_VIOLATION,
        {
            "seeds/raw_orders.csv": "id,customer_id,amount,status\n1,,10.5,paid\n",
            **_test("customer_id", "not_null"),
        },
        _TEST,
    ),
    Break(
        E.DUPLICATE_KEY,
        {
            "seeds/raw_orders.csv": "id,customer_id,amount,status\n1,1,1,paid\n1,2,1,x\n",
            **_test("id", "unique"),
        },
        _TEST,
    ),
    Break(E.CONSTRAINT_VIOLATION, _test("amount", "{accepted_values: {arguments: {values: [1]}}}"), _TEST),
    Break(
        E.REFERENTIAL_INTEGRITY,
        _test("customer_id", "{relationships: {arguments: {to: ref('stg_orders'), field: amount}}}"),
        _TEST,
    ),
    Break(
        E.CONSTRAINT_VIOLATION,
        {"tests/no_small_amounts.sql": "select * from {{ ref('orders') }} where amount < 8"},
        _TEST,
    ),
    Break(E.COLUMN_REMOVED, _test("discount", "not_null"), _GONE),
    Break(
        E.SQL_SYNTAX,
        {"tests/broken.sql": "select * from {{ ref('orders') }} were amount < 8"},
        (E.TEST_LOGIC,),
    ),
    Break(E.TEST_LOGIC, _unit("{id: 1, customer_id: 1, amount: 3}", "{id: 1, customer_id: 1, amount: 4}")),
    Break(
        E.TEST_LOGIC,
        _unit("{id: 1, customer_id: 1, amountt: 3}", "{id: 1, customer_id: 1, amount: 3}"),
        (*_GONE, E.COMPILATION),
    ),
    Break(
        E.TYPE_CHANGED,
        {
            **_contract(
                "      - {name: id, data_type: varchar}\n      - {name: customer_id, data_type: "
                "integer}\n      - {name: amount, data_type: double}\n"
            )
        },
    ),
    Break(
        E.COLUMN_REMOVED,
        {
            **_contract(
                "      - {name: id, data_type: integer}\n      - {name: customer_id, data_type: integer}\n"
                "      - {name: amount, data_type: double}\n      - {name: fee, data_type: double}\n"
            )
        },
        (E.COLUMN_ADDED, E.TYPE_CHANGED, E.COLUMN_RENAMED),
    ),
    Break(
        E.COLUMN_ADDED,
        {**_contract("      - {name: id, data_type: integer}\n      - {name: amount, data_type: double}\n")},
        (E.COLUMN_REMOVED, E.TYPE_CHANGED),
    ),
    Break(E.COMPILATION, {**_contract("      - {name: id}\n")}, (E.COLUMN_REMOVED, E.MISSING_SETTING)),
    Break(
        E.NULL_VIOLATION,
        {
            "seeds/raw_orders.csv": "id,customer_id,amount,status\n,1,10.5,paid\n",
            **_contract(
                "      - {name: id, data_type: integer, constraints: [{type: not_null}]}\n"
                "      - {name: customer_id, data_type: integer}\n      - {name: amount, data_type: double}\n"
            ),
            **_model(
                "{{ config(materialized='table') }} select id::int as id, customer_id::int as "
                "customer_id, amount::double as amount from {{ ref('stg_orders') }}"
            ),
        },
    ),
    Break(
        E.COLUMN_ADDED,
        _model(_INCREMENTAL % ("fail", "id")),
        (E.COLUMN_REMOVED, E.TYPE_CHANGED),
        first=("build",),
        then={"models/orders.sql": _INCREMENTAL % ("fail", "id, status")},
    ),
    Break(
        E.COLUMN_REMOVED,
        _model(_INCREMENTAL % ("fail", "id, status")),
        (E.COLUMN_ADDED, E.TYPE_CHANGED),
        first=("build",),
        then={"models/orders.sql": _INCREMENTAL % ("fail", "id")},
    ),
    Break(
        E.TYPE_CHANGED,
        _model(_INCREMENTAL % ("fail", "id, 1 as a")),
        (E.COLUMN_ADDED, E.COLUMN_REMOVED),
        first=("build",),
        then={"models/orders.sql": _INCREMENTAL % ("fail", "id, 'x' as a")},
    ),
    Break(E.CONCURRENCY_CONFLICT, {}, (E.RESOURCE_EXHAUSTION,)),
    Break(
        E.STALE,
        {
            "models/sources.yml": "sources:\n  - name: main\n    schema: main\n    tables:\n    "
            "  - name: raw_orders\n        config:\n"
            "          loaded_at_field: \"timestamp '2020-01-01'\"\n          freshness: "
            "{error_after: {count: 1, period: day}}\n"
        },
        command=("source", "freshness"),
        first=("seed",),
    ),
    Break(
        E.PYTHON_EXCEPTION,
        {"models/py.py": "def model(dbt, session):\n    raise ValueError('no rows for this month')\n"},
        (E.UNCLASSIFIED_ERROR,),
    ),
    Break(
        E.PYTHON_EXCEPTION,
        {"models/py.py": "def model(dbt, session):\n    return undefined_name\n"},
        (E.UNCLASSIFIED_ERROR, E.COMPILATION),
    ),
    Break(
        E.PYTHON_EXCEPTION,
        {"models/py.py": "def model(dbt, session):\n    return None.df()\n"},
        (E.UNCLASSIFIED_ERROR,),
    ),
    Break(
        E.COMPILATION,
        {"models/py.py": "def model(dbt, session)\n    return 1\n"},
        (E.PYTHON_EXCEPTION, E.SQL_SYNTAX),
    ),
    Break(
        E.MISSING_DEPENDENCY,
        {"models/py.py": "import xgboost_of_nobody\ndef model(dbt, session):\n    return 1\n"},
        (E.PYTHON_EXCEPTION,),
    ),
    Break(
        E.RESOURCE_EXHAUSTION,
        {
            "profiles.yml": PROFILES.replace(
                "threads: 2", "threads: 1, settings: {memory_limit: 20MB, temp_directory: ''}"
            ),
            **_model(
                "{{ config(materialized='table') }} select i, repeat('x', 200) s from "
                "range(3000000) t(i) order by random()"
            ),
        },
    ),
)


def dbt_faults(folder: Path) -> list[Example]:
    """What dbt says of each break: of its results, or of its log where it could not run."""
    found = []
    for number, one in enumerate(BREAKS):
        root = folder / f"p{number}"
        shop = new_shop(
            root, {**_FILES, **{name: text for name, text in one.files.items() if text is not None}}
        )
        for name, text in one.files.items():
            if text is None:
                (root / name).unlink()
        if one.first:
            _run(root, one.first)
            shop.write(dict(one.then))
        how = f"dbt {' '.join(one.command)}: {json.dumps({**one.files, **one.then})}"
        if one.label is E.CONCURRENCY_CONFLICT:
            with held_by_another_process(shop.database):
                messages = _run(root, one.command)
            how = "dbt build while another process holds the database"
        else:
            messages = _run(root, one.command)
        if not messages:
            print(f"nothing failed: {one.label} {how[:200]}")
        found += [
            Example(message.replace(str(root), "/srv/shop"), one.label, "dbt", "dbt", one.accept, how)
            for message in messages[:1]
        ]
        shutil.rmtree(root)
    return found


def _run(root: Path, command: Sequence[str]) -> list[str]:
    """The messages of what failed in one run."""
    import contextlib
    import io

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    messages: list[str] = []

    def listen(event: object) -> None:
        if event.info.level == "error":  # type: ignore[attr-defined]
            messages.append(event.info.msg)  # type: ignore[attr-defined]

    here = Path.cwd()
    os.chdir(root)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            result = dbtRunner(callbacks=[listen]).invoke(
                [
                    *command,
                    "--project-dir",
                    str(root),
                    "--profiles-dir",
                    str(root),
                    "--log-level",
                    "none",
                    "--no-partial-parse",
                ]
            )
    finally:
        os.chdir(here)
        DuckDBConnectionManager.close_all_connections()
    if result.exception is not None:
        return [str(result.exception)]
    results = getattr(result.result, "results", result.result) or []
    failed = [
        f"{one.message or one.status}"
        for one in results
        if str(one.status) in ("error", "fail", "runtime error")
    ]
    named = [
        f"Failure in test {one.node.name}: {one.message}"
        if str(one.status) == "fail"
        else str(one.message or "")
        for one in results
        if str(one.status) in ("error", "fail", "runtime error")
    ]
    return [message for message in named if message] or messages or failed
