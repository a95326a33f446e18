"""Real faults of a Spark session, as dbt-spark's session method shows them."""

from __future__ import annotations

from pathlib import Path

from aidbt.core.failures import ErrorClass as E
from benchmarks.failure_messages import Example
from benchmarks.failure_messages.capturing.statements import FAULTS

_SETUP = (
    "create table customers (id int, email string, age int, city string, joined_on date) using parquet",
    "create table orders (id int, customer_id int, amount decimal(6, 2), status string, "
    "ordered_at timestamp) using parquet",
    "create table raw_events (event_id string, happened string, payload string, qty string) using parquet",
    "insert into customers values (1, 'ann@example.com', 31, 'Basel', date '2024-01-02')",
    "insert into orders values (10, 1, 12.50, 'paid', timestamp '2024-03-01 10:00:00')",
    "insert into raw_events values ('e1', '2024-13-45', '{', 'twelve')",
)
_MORE: tuple[tuple[E, str, tuple[E, ...]], ...] = (
    (E.COLUMN_RENAMED, "select id, cty from customers", (E.COLUMN_REMOVED, E.SQL_SEMANTIC)),
    (E.COLUMN_REMOVED, "select c.phone_number from customers c", (E.COLUMN_RENAMED, E.SQL_SEMANTIC)),
    (E.TABLE_RENAMED, "select * from landing.customers", ()),
    (E.TABLE_RENAMED, "insert into ledger select 1", ()),
    (E.TABLE_RENAMED, "select * from parquet.`/srv/landing/gone`", (E.ENDPOINT_CHANGED,)),
    (
        E.COLUMN_ADDED,
        "insert into raw_events select 'a', 'b', 'c', 'd', 'e'",
        (E.TYPE_CHANGED, E.SQL_SEMANTIC),
    ),
    (
        E.COLUMN_REMOVED,
        "insert into raw_events select 'a', 'b'",
        (E.COLUMN_ADDED, E.SQL_SEMANTIC, E.TYPE_CHANGED),
    ),
    (E.TYPE_COERCION_FAILURE, "select cast('x1' as int)", ()),
    (E.TYPE_COERCION_FAILURE, "select cast('n/a' as date)", ()),
    (E.TYPE_COERCION_FAILURE, "select to_timestamp('x', 'yyyy-MM-dd')", ()),
    (E.TYPE_COERCION_FAILURE, "select cast(10000000000L as int)", (E.CONSTRAINT_VIOLATION,)),
    (E.TYPE_COERCION_FAILURE, "select cast(12345.6 as decimal(4, 2))", (E.CONSTRAINT_VIOLATION,)),
    (E.TYPE_COERCION_FAILURE, "select 2147483647 + 1", (E.CONSTRAINT_VIOLATION,)),
    (E.CONSTRAINT_VIOLATION, "select 1 / 0", (E.TYPE_COERCION_FAILURE, E.SQL_SEMANTIC)),
    (E.CONSTRAINT_VIOLATION, "select (select explode(array(1, 2)))", (E.SQL_SEMANTIC,)),
    (
        E.TYPE_CHANGED,
        "insert into orders select id, customer_id, array(1), status, ordered_at from orders",
        (E.SQL_SEMANTIC, E.COLUMN_ADDED),
    ),
    (E.TYPE_CHANGED, "select id from customers union all select array(1)", (E.SQL_SEMANTIC,)),
    (E.DUPLICATE_KEY, "select map('a', 1, 'a', 2)", ()),
    (E.NULL_VIOLATION, "select map(null, 1)", ()),
    (
        E.NULL_VIOLATION,
        "select assert_true(null), raise_error('x')",
        (E.CONSTRAINT_VIOLATION, E.UNCLASSIFIED_ERROR),
    ),
    (E.SQL_SEMANTIC, "select array(1, 'a', date '2024-01-01') + 1", (E.TYPE_CHANGED,)),
    (E.SQL_SEMANTIC, "select * from customers c join customers d on id = id", ()),
    (E.SQL_SEMANTIC, "merge into orders using customers on true when matched then delete", ()),
    (E.SQL_SEMANTIC, "update orders set status = 'x'", ()),
    (E.SQL_SEMANTIC, "create table customers (id int) using parquet", (E.CONCURRENCY_CONFLICT,)),
    (E.MISSING_DEPENDENCY, "create table d (a int) using delta", ()),
    (E.MISSING_DEPENDENCY, "create table d (a int) using iceberg", ()),
    (E.MISSING_SETTING, "set spark.sql.shuffle.partitions = many", (E.TYPE_COERCION_FAILURE,)),
    (E.MISSING_SETTING, "set spark.executor.memory = 2g", ()),
)
_SKIPPED = {E.NULL_VIOLATION, E.DUPLICATE_KEY, E.REFERENTIAL_INTEGRITY, E.CONSTRAINT_VIOLATION}


def spark_faults(folder: Path) -> list[Example]:
    """Spark's, with ANSI mode on as Databricks has it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    found: list[Example] = []
    faults = [
        (f.label, f.sql, f.accept)
        for f in FAULTS
        if not f.before and not f.engines and f.label not in _SKIPPED
    ]
    for sql in _SETUP:
        session.sql(sql)
    for label, sql, accept in (*faults, *_MORE):
        try:
            session.sql(sql).collect()
        except (PySparkException, Py4JError) as error:
            found.append(
                Example(str(error).split("\nJVM stacktrace")[0].strip(), label, "spark", "spark", accept, sql)
            )
    bad = folder / "bad"
    bad.mkdir()
    (bad / "x.parquet").write_bytes(b"no parquet at all" * 30)
    (bad / "x.csv").write_text("a,b\n1,2\nx,3\n")
    try:
        session.read.schema("a int").parquet(str(bad / "x.parquet")).collect()
    except (PySparkException, Py4JError) as error:
        found.append(
            Example(str(error)[:2000], E.CORRUPT_DATA, "spark", "spark", (), "a file that is no parquet")
        )
    try:
        session.read.schema("a int, b int").option("header", True).option("mode", "FAILFAST").csv(
            str(bad / "x.csv")
        ).collect()
    except (PySparkException, Py4JError) as error:
        found.append(
            Example(
                str(error)[:2000],
                E.TYPE_COERCION_FAILURE,
                "spark",
                "spark",
                (),
                "letters in a number, FAILFAST",
            )
        )
    session.stop()
    return found
