"""sqlglot's dialect for a dbt adapter."""

from __future__ import annotations

# Adapters whose SQL sqlglot knows under another name.
_OTHER_NAMES = {
    "sqlserver": "tsql",
    "synapse": "tsql",
    "glue": "spark",
    "fabricspark": "spark",
    "postgresql": "postgres",
    "alloydb": "postgres",
    "greenplum": "postgres",
    "materialize": "postgres",
    "timescaledb": "postgres",
    "impala": "hive",
}


def sqlglot_dialect(name: str) -> str:
    """The dialect's name in sqlglot; "" (what most dialects share) for one that sqlglot does not know.

    Example:
        >>> sqlglot_dialect("snowflake"), sqlglot_dialect("synapse"), sqlglot_dialect("vertica")
        ('snowflake', 'tsql', '')
    """
    from sqlglot.dialects.dialect import Dialect

    known = _OTHER_NAMES.get(name.lower(), name.lower())
    return known if Dialect.get(known) is not None else ""
