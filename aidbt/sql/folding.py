"""What a dialect makes of a name that is written bare or in quotes, and when two names are one."""

from __future__ import annotations

import functools
from dataclasses import dataclass

# Bare names are lowered, quoted ones stay as they are written.
_LOWERS = frozenset({"postgres", "materialize", "risingwave"})
# Bare names are raised, quoted ones stay.
_RAISES = frozenset({"snowflake", "oracle", "exasol", "db2"})
# Every name is lowered, in quotes too (Redshift unless enable_case_sensitive_identifier is set).
_LOWERS_ALL = frozenset({"redshift", "trino", "presto", "athena", "hive", "dune"})
# Every name means just what is written.
_EXACT = frozenset({"clickhouse"})
# Names of tables are compared with their case, unlike those of columns.
_EXACT_TABLES = frozenset({"bigquery", "clickhouse"})


@dataclass(frozen=True, slots=True)
class Folding:
    """The rules of one dialect for names. In dialects not named above a name keeps its case and is found
    whatever its case.

    Example:
        >>> postgres, duckdb = folding("postgres"), folding("duckdb")
        >>> postgres.stored("OrderId", quoted=False), duckdb.stored("OrderId", quoted=False)
        ('orderid', 'OrderId')
        >>> duckdb.key("OrderId", quoted=True) == duckdb.key("ORDERID", quoted=False)
        True
    """

    dialect: str

    def stored(self, name: str, *, quoted: bool) -> str:
        """The name under which the system keeps what is written so."""
        if self.dialect in _LOWERS_ALL or (self.dialect in _LOWERS and not quoted):
            return name.lower()
        return name.upper() if self.dialect in _RAISES and not quoted else name

    def key(self, name: str, *, quoted: bool) -> str:
        """What two written names share when they mean the same column, alias or CTE."""
        return self.stored_key(self.stored(name, quoted=quoted))

    def stored_key(self, name: str) -> str:
        """The `key` of a name as the system keeps it."""
        return name if self.dialect in _LOWERS | _RAISES | _EXACT else name.lower()

    def table_key(self, name: str, *, quoted: bool) -> str:
        """What two written names share when they mean the same table, schema or database."""
        return self.stored_table_key(self.stored(name, quoted=quoted))

    def stored_table_key(self, name: str) -> str:
        """The `table_key` of a name as the system keeps it."""
        return name if self.dialect in _EXACT_TABLES else self.stored_key(name)


@functools.cache
def folding(dialect: str) -> Folding:
    """The rules of a sqlglot dialect; "" for what most dialects do."""
    return Folding(dialect)
