"""What does not need a warehouse: which adapter is opened, literals, and errors in our words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import AidbtError, MissingExtra, WarehouseError
from aidbt.warehouse import adapter_version, open_warehouse, trust_of
from aidbt.warehouse.adapter import AdapterWarehouse, with_literals
from aidbt.warehouse.adapter_errors import missing_adapter, translate
from aidbt.warehouse.duckdb import DuckDBWarehouse

DIALECTS = ["postgres", "spark", "snowflake", "bigquery", "redshift", "databricks", "trino"]


def test_duckdb_stays_native_and_any_other_kind_goes_through_its_adapter():
    assert isinstance(open_warehouse("duckdb", schema="main"), DuckDBWarehouse)
    other = open_warehouse("postgres", schema="analytics", settings={"type": "postgres"})
    assert isinstance(other, AdapterWarehouse)
    assert (other.dialect, other.schema) == ("postgres", "analytics")


def test_an_adapter_that_is_not_installed_is_named_with_its_package():
    with pytest.raises(
        WarehouseError, match="'snowplough', but dbt's adapter for it is not installed"
    ) as caught:
        open_warehouse("snowplough", schema="x", settings={"type": "snowplough"}).relations()

    assert caught.value.hint == "pip install dbt-snowplough"
    assert adapter_version("snowplough") is None


def test_an_adapter_of_ours_that_is_not_installed_is_named_with_its_extra():
    error = missing_adapter("postgres")

    assert isinstance(error, MissingExtra)
    assert error.hint == "pip install 'aidbt[postgres]'"


def test_how_far_an_adapter_was_tried():
    assert {kind: trust_of(kind) for kind in ("duckdb", "spark", "trino", "sqlserver")} == {
        "duckdb": "proven",
        "spark": "proven",
        "trino": "rehearsed",
        "sqlserver": "untested",
    }


def test_neither_dbt_nor_a_driver_is_imported_before_a_connection():
    code = (
        "import sys; from aidbt.warehouse import open_warehouse;"
        "open_warehouse('postgres', schema='x', settings={'type': 'postgres'});"
        "print([m for m in ('dbt', 'psycopg2', 'pyspark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@settings(deadline=None, max_examples=60)
@given(st.text("'\\\"a?%\n", max_size=8), st.sampled_from(DIALECTS))
def test_any_text_becomes_a_literal_that_the_dialect_reads_back(text: str, dialect: str):
    written = with_literals("select ?, '?', ?", [text, 7], dialect)

    selected = sqlglot.parse_one(written, dialect=dialect).selects
    assert [value.name for value in selected] == [text, "?", "7"]


class Refused(Exception):
    """As dbt raises it: its own words stand in `msg`."""

    def __init__(self, msg: str) -> None:
        super().__init__(f"Database Error\n  {msg}")
        self.msg = msg


# Messages as the vendors write them → (what ours says, what its hint says).
MESSAGES = {
    'connection to server at "10.0.0.1", port 5432 failed: Connection refused\n\tIs the server running?': (
        "the warehouse cannot be reached: connection to server",
        "check host, port",
    ),
    'could not translate host name "db" to address: Name or service not known': (
        "cannot be reached",
        "check host",
    ),
    "250001 (08001): Failed to connect to DB. Incorrect username or password was specified.": (
        "does not let this user in",
        "check user and password",
    ),
    'FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "u", database "d"': (
        "does not let this user in",
        "",
    ),
    'FATAL:  database "shop" does not exist': ("no database called 'shop'", "profiles.yml"),
    "Catalog 'lake' not found": ("no database called 'lake'", "profiles.yml"),
    "permission denied for schema raw_shop": ("may not do that", "grant usage on schema raw_shop to ann"),
    "permission denied for database shop": ("may not do that", "grant create on database shop to ann"),
    'FATAL:  permission denied for database "shop"\nDETAIL:  User does not have CONNECT privilege.': (
        "may not do that",
        "grant connect on database shop to ann",
    ),
    'FATAL:  role "ann" is not permitted to log in': ("does not let this user in", "check user and password"),
    "permission denied for table orders": ("may not do that", "grant select on orders to ann"),
    "permission denied for materialized view days": ("may not do that", "grant select on days to ann"),
    "SQL access control error: Insufficient privileges to operate on table 'ORDERS'": (
        "may not do that",
        "ask for a grant of select",
    ),
    "403 Access Denied: Table p:raw.orders: User does not have permission to query table": (
        "may not do that",
        "ask for a grant of select",
    ),
    "canceling statement due to statement timeout": ("gave up", "raise its timeout"),
    "Query exceeded maximum time limit of 5.00m": ("gave up", "raise its timeout"),
    "Runtime Error\n  Runtime Error\n    [PARSE_SYNTAX_ERROR] Syntax error at or near 'x'.": (
        "spark refused: [PARSE_SYNTAX_ERROR]",
        "",
    ),
    "HiveException: java.lang.RuntimeException: Unable to instantiate org.x.SessionHiveMetaStoreClient": (
        "metastore cannot be opened; most likely another process holds it",
        "wait for it or close it",
    ),
    "": ("spark refused: it gave no reason", ""),
}


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_what_an_adapter_raises_is_one_clear_error(message: str):
    says, hint = MESSAGES[message]

    error: Any = translate(Refused(message) if message else Exception(), "spark", role="ann")

    assert isinstance(error, AidbtError)
    assert says in error.message
    assert hint in (error.hint or "")
    assert "\n" not in error.message


def test_a_message_without_end_is_cut():
    assert len(translate(Refused("x" * 10_000), "spark", role="ann").message) < 400
