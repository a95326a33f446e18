"""The names under which loads are written in bronze: columns on every row, and the table of loads.

A bronze table is append-only: every load adds one complete batch. `_aidbt_loads` stands in the same schema
and is written in the same transaction, so a batch is listed there exactly when all of its rows are there.
"""

from __future__ import annotations

LOADED_AT = "_aidbt_loaded_at"
BATCH_ID = "_aidbt_batch_id"
LOAD_COLUMNS = (LOADED_AT, BATCH_ID)

LOADS_TABLE = "_aidbt_loads"
REJECTS_TABLE = "_aidbt_rejects"
OWN_TABLES = (LOADS_TABLE, REJECTS_TABLE)

# The columns of LOADS_TABLE that others read: which table, which batch. Batch ids of one table ascend.
LOADS_TABLE_NAME = "table_name"
LOADS_BATCH_ID = "batch_id"
LOADS_LOADED_AT = "loaded_at"
