from __future__ import annotations

import pytest

from aidbt.healing.diagnosis.symptoms import symptom_of

SAID = {
    # DuckDB
    'Binder Error: Referenced column "mail" not found in FROM clause!': ("missing_column", "mail"),
    "Binder Error: Referenced column changed_at not found in FROM clause and can't find in alias map.": (
        "missing_column",
        "changed_at",
    ),
    "Invalid column name: 'mail' in unit test fixture for 'orders'.\n Accepted columns": (
        "missing_column",
        "mail",
    ),
    'Not able to get columns for unit test \'o\' from relation "raw"."orders" because the relation'
    " doesn't exist": ("missing_relation", 'raw"."orders'),
    'Binder Error: Table "o" does not have a column named "amuont"': ("missing_column", "amuont"),
    "Catalog Error: Table with name orders does not exist!\nDid you mean orders_old?": (
        "missing_relation",
        "orders",
    ),
    'Conversion Error: Could not convert string "n/a" to DECIMAL(10,2)': ("bad_cast", ""),
    'IO Error: Could not set lock on file "/w.duckdb": Conflicting lock is held in /usr/bin/python': (
        "lock",
        "",
    ),
    'IO Error: No files found that match the pattern "/in/rates.csv"': ("missing_file", "/in/rates.csv"),
    'IO Error: Cannot open file "/mnt/shop.duckdb": No such file or directory': (
        "missing_file",
        "/mnt/shop.duckdb",
    ),
    "dbt encountered an error while trying to read your profiles.yml file.": ("missing_profile", ""),
    "Binder Error: Set operations can only apply to expressions with the same number of result columns": (
        "set_operation",
        "",
    ),
    'Binder Error: Referenced table "ordres" not found!': ("missing_relation", "ordres"),
    'IO Error: Could not read from file "/mnt/volume": Is a directory': ("missing_file", "/mnt/volume"),
    # dbt
    "Compilation Error\n  'test_uniqe' is undefined. This can happen when calling": (
        "missing_macro",
        "uniqe",
    ),
    "Unable to find model 'shop.fct_ordres' for unit test 'sums' in models/a.yml": (
        "missing_ref",
        "fct_ordres",
    ),
    "The source and target schemas on this incremental model are out of sync!": ("set_operation", ""),
    # PostgreSQL
    'missing FROM-clause entry for table "o"': ("missing_relation", "o"),
    'column "mail" does not exist\nLINE 3:     mail': ("missing_column", "mail"),
    "column o.mail does not exist": ("missing_column", "mail"),
    'column "Discount %" does not exist\nLINE 5:     "Discount %" as discount_pct': (
        "missing_column",
        "Discount %",
    ),
    "column g.Loyalty Tier does not exist\nLINE 11:     g.": ("missing_column", "Loyalty Tier"),
    'relation "crm.orders" does not exist': ("missing_relation", "crm.orders"),
    'invalid input syntax for type numeric: "n/a"': ("bad_cast", ""),
    "operator does not exist: text = integer": ("type_mismatch", ""),
    "argument of CASE/WHEN must be type boolean, not type text": ("type_mismatch", ""),
    'column "paid_on" is of type date but expression is of type text': ("type_mismatch", ""),
    "cannot cast type boolean to date": ("type_mismatch", ""),
    'invalid input value for enum room_kind: "dormitory"': ("bad_cast", ""),
    # Snowflake, BigQuery, Spark, Trino
    "000904 (42000): SQL compilation error: error line 3\ninvalid identifier 'MAIL'": (
        "missing_column",
        "MAIL",
    ),
    "Unrecognized name: mail; Did you mean email? at [3:5]": ("missing_column", "mail"),
    "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `mail` cannot be resolved": (
        "missing_column",
        "mail",
    ),
    "line 3:5: Column 'mail' cannot be resolved": ("missing_column", "mail"),
    "Object 'SHOP.CRM.ORDERS' does not exist or not authorized.": ("missing_relation", "SHOP.CRM.ORDERS"),
    # dbt
    "Model 'model.shop.a' (models/a.sql) depends on a node named 'b' which was not found": (
        "missing_ref",
        "b",
    ),
    "Model 'model.shop.a' (models/a.sql) depends on a source named 'crm.ordrs' which was not found": (
        "missing_source",
        "crm.ordrs",
    ),
    "'claen' is undefined. This can happen when calling a macro that does not exist.": (
        "missing_macro",
        "claen",
    ),
    "Env var required but not provided: 'PGPASSWORD'": ("missing_variable", "PGPASSWORD"),
    "Could not find profile named 'shop'": ("missing_profile", "shop"),
    "dbt found 2 package(s) specified in packages.yml, but only 1 package(s) installed in dbt_packages. "
    'Run "dbt deps" to install package dependencies.': ("missing_package", ""),
    "This model has an enforced contract that failed.": ("contract", ""),
    "Something that nobody ever said": ("other", ""),
}


@pytest.mark.parametrize(("message", "expected"), SAID.items(), ids=[text[:40] for text in SAID])
def test_what_a_message_names(message: str, expected: tuple[str, str]):
    found = symptom_of(message)

    assert (found.what, found.name) == expected


def test_the_file_the_token_and_the_code_are_read_too():
    found = symptom_of(
        "Runtime Error in model stg_orders (models/stg_orders.sql)\n"
        '  Parser Error: syntax error at or near "cast"\n\n  LINE 4: cast(amount'
    )

    assert (found.path, found.token, found.line, found.code) == (
        "models/stg_orders.sql", "cast", 4, "Parser Error",
    )  # fmt: skip
