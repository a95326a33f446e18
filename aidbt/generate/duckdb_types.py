"""Which types DuckDB has: rows of unit tests are worked out there, whatever the warehouse is."""

from __future__ import annotations

from functools import cache


@cache
def has_type(data_type: str) -> bool:
    """Whether DuckDB has a type, in DuckDB's words.

    Example:
        >>> has_type("DECIMAL(4, 1)"), has_type("MONEY")
        (True, False)
    """
    import duckdb
    from sqlglot import exp

    null = exp.cast(exp.null(), exp.DataType.build(data_type, dialect="duckdb", udt=True))
    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute(exp.select(null).sql("duckdb"))
        except duckdb.Error:
            return False
    return True
