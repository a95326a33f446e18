"""What codes and documented words say, the surest first; messages are written for these tests."""

import pytest

from aidbt.core.failures import ErrorClass as E
from aidbt.healing.classification.marks import Failed, Mark, marked
from aidbt.healing.classification.rulebook.codes import tables
from aidbt.healing.classification.rulebook.phrases import phrases
from aidbt.healing.classification.rules import ruled


def class_of(message: str, adapter: str = "", **given: str) -> E | None:
    ruling = ruled(marked(Failed(message, adapter, **given)))
    return ruling.error_class if ruling else None


@pytest.mark.parametrize(
    ("message", "mark"),
    [
        ("000904 (42000): SQL compilation error", Mark("snowflake", "000904")),
        ("[42S02] [Microsoft][ODBC][SQL Server]Invalid (208) (SQLExecDirectW)", Mark("sqlserver", "208")),
        ("(1062, \"Duplicate entry\")", Mark("mysql", "1062")),
        ("[CAST_INVALID_INPUT] The value", Mark("spark", "CAST_INVALID_INPUT")),
        ("TrinoUserError(type=USER_ERROR, name=TABLE_NOT_FOUND)", Mark("trino", "TABLE_NOT_FOUND")),
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x'", Mark("trino", "COLUMN_NOT_FOUND")),
        ("Code: 241. DB::Exception: (MEMORY_LIMIT_EXCEEDED)", Mark("clickhouse", "MEMORY_LIMIT_EXCEEDED")),
        ("ORA-00904: \"X\"", Mark("oracle", "ORA-00904")),
        ("see limits, reason: rateLimitExceeded", Mark("bigquery", "rateLimitExceeded")),
        ("An error occurred (SlowDown) when calling the PutObject operation", Mark("aws", "SlowDown")),
        ("An error occurred (403) when calling the ListBuckets operation", Mark("http", "403")),
        ("psycopg2.errors.UndefinedColumn: column", Mark("psycopg", "UndefinedColumn")),
        ("failed. SQLSTATE: 42703", Mark("sqlstate", "42703")),
        ("{'S': 'ERROR', 'C': '42P01', 'M': 'x'}", Mark("sqlstate", "42P01")),
        ("Binder Error: x", Mark("duckdb", "Binder")),
        ("429 Client Error: Too Many", Mark("http", "429")),
        ("java.net.SocketTimeoutException: Read", Mark("exception", "SocketTimeoutException")),
    ],
)  # fmt: skip
def test_the_code_of_each_engine_is_found_in_its_message(message: str, mark: Mark):
    assert mark in marked(Failed(message)).marks


def test_what_the_driver_gave_beside_the_message_decides():
    assert class_of("Spalte fehlt", "postgres", sqlstate="42703") is E.COLUMN_REMOVED
    assert class_of("Spalte fehlt", "snowflake", code="000904") is E.COLUMN_REMOVED
    assert class_of("nicht gefunden", exception="UndefinedTable") is None


def test_a_spent_quota_is_no_rate_limit():
    assert class_of("403 Exceeded rate limits: too many concurrent queries") is E.RATE_LIMIT_EXCEEDED
    assert class_of("403 Quota exceeded: your project exceeded quota for bytes scanned") is E.QUOTA_EXCEEDED
    assert class_of("429: you exceeded your current quota, check your billing details") is E.QUOTA_EXCEEDED
    assert E.QUOTA_EXCEEDED.needs_person and not E.RATE_LIMIT_EXCEEDED.needs_person


def test_a_missing_column_may_be_a_renamed_one_and_is_called_so_where_one_much_like_it_is_named():
    plain = ruled(marked(Failed('column "city" does not exist', "postgres")))
    like = class_of(
        'Binder Error: Referenced column "cust_name" not found! Candidate bindings: "customer_name"'
    )
    unlike = class_of('Binder Error: Referenced column "discount" not found! Candidate bindings: "id"')

    assert plain and plain.error_class is E.COLUMN_REMOVED and E.COLUMN_RENAMED in plain.alternatives
    assert (like, unlike) == (E.COLUMN_RENAMED, E.COLUMN_REMOVED)


def test_a_table_nobody_may_see_may_be_a_missing_one():
    ruling = ruled(
        marked(Failed("002003 (42S02): Object 'X' does not exist or not authorized.", "snowflake"))
    )

    assert ruling and ruling.error_class is E.TABLE_RENAMED and E.PERMISSION_DENIED in ruling.alternatives


@pytest.mark.parametrize(
    ("changed", "error_class"),
    [
        ("Source columns not in target: ['utm'] Target columns not in source: []", E.COLUMN_ADDED),
        ("Source columns not in target: [] Target columns not in source: ['city']", E.COLUMN_REMOVED),
        ("Source columns not in target: [] Target columns not in source: [] New column types: "
         "[{'a': 'int'}]", E.TYPE_CHANGED),
    ],
)  # fmt: skip
def test_what_dbt_lists_of_an_incremental_model_says_what_changed(changed: str, error_class: E):
    assert (
        class_of(f"The source and target schemas on this incremental model are out of sync! {changed}")
        is error_class
    )


def test_the_name_of_a_failing_test_says_what_it_found():
    def failure(test: str) -> E | None:
        return class_of(f"Failure in test {test} (models/s.yml)\n  Got 3 results, configured to fail if != 0")

    assert failure("not_null_orders_id") is E.NULL_VIOLATION
    assert failure("unique_orders_id") is E.DUPLICATE_KEY
    assert failure("relationships_orders_customer_id__id__ref_customers_") is E.REFERENTIAL_INTEGRITY
    assert failure("assert_sums") is E.CONSTRAINT_VIOLATION


def test_a_test_that_could_not_run_is_no_result_of_a_test():
    message = 'Database Error in test not_null_orders_fee (models/s.yml)\n  column "fee" does not exist'

    assert class_of(message, "postgres") is E.COLUMN_REMOVED


def test_what_decided_is_told_without_the_values_in_it():
    ruling = ruled(marked(Failed("could not convert string 'bob@example.com' to integer", "duckdb")))

    assert ruling and ruling.error_class is E.TYPE_COERCION_FAILURE and "bob" not in ruling.why


def test_nothing_is_decided_where_nothing_is_said():
    assert class_of("see the log") is None


def test_every_table_and_every_phrase_of_the_rulebook_can_be_read():
    assert {"sqlstate", "snowflake", "spark", "http"} <= tables().keys()
    for stage in phrases().values():
        for phrase in stage:
            assert phrase.words and phrase.where and phrase.found_in("zzz") == ""


@pytest.mark.parametrize(
    ("said", "error_class"),
    [
        ('role "dbt" does not exist', E.CREDENTIAL_EXPIRED),
        ('pg_hba.conf rejects connection for host "10.0.0.7", user "dbt"', E.CREDENTIAL_EXPIRED),
        ('database "shp" does not exist', E.ENDPOINT_CHANGED),
        ('role "dbt" is not permitted to log in', E.PERMISSION_DENIED),
        ('too many connections for role "dbt"', E.RESOURCE_EXHAUSTION),
        ("the database system is starting up", E.TEMPORARY_UNAVAILABLE),
    ],
)
def test_why_postgres_lets_nobody_in(said: str, error_class: E):
    message = f'connection to server at "10.0.0.1", port 5432 failed: FATAL:  {said}'
    assert class_of(message, "postgres") is error_class
