"""What a query's columns really depend on, seen by running it: an oracle of lineage that reads no SQL.

A case is a file of tests/golden/lineage: a query over small DuckDB tables. One input column at a time is
changed, in many ways (its values moved between the rows, made NULL, made new, made extreme, one cell or all
of them), the query is run again, and the output columns that differ are the ones that depend on it.

What decides *which rows there are* is told from what values are made of by a second query, `rows`, that a
person writes beside the first: it gives, by DuckDB's `rowid`, the input rows that stand behind each output
row. While its answer stays the same, a changed output column is made of the changed input column. When its
answer changes, the input column decides the rows.
"""

from __future__ import annotations

from tests.lineage_oracle.case import (
    CASES,
    Case,
    CaseError,
    Input,
    Lineage,
    case_names,
    parse_case,
    read_case,
    write_lineage,
)
from tests.lineage_oracle.observer import Observer, tables_after

__all__ = [
    "CASES",
    "Case",
    "CaseError",
    "Input",
    "Lineage",
    "Observer",
    "case_names",
    "parse_case",
    "read_case",
    "tables_after",
    "write_lineage",
]
