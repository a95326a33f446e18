"""The names under which loads are written in bronze: columns on every row, and the tables of loads.

A bronze table is append-only and one of two kinds. A *table of batches* gets one complete batch with every
load; its rows now are those of the latest batch. A *change log* gets rows that say what happened to a key;
its rows now are the latest per key, by position and sequence. It is known by its column `_aidbt_op`.

`_aidbt_loads` stands in the same schema and is written in the same transaction as the rows, so a batch is
listed there exactly when all of its rows are there. `_aidbt_streams` says how far each stream has landed, in
the same transaction too.
"""

from __future__ import annotations

LOADED_AT = "_aidbt_loaded_at"
BATCH_ID = "_aidbt_batch_id"
LOAD_COLUMNS = (LOADED_AT, BATCH_ID)

# What a change log has besides. Operations are Debezium's letters.
OPERATION = "_aidbt_op"  # r read by a snapshot, c created, u updated, d deleted, t all rows before are gone
POSITION = "_aidbt_position"  # BIGINT that ascends in the source, e.g. the LSN of the commit
SEQUENCE = "_aidbt_sequence"  # BIGINT, the order within a position; a snapshot begins with a row `t` at -1
EVENT_AT = "_aidbt_event_at"  # when whoever read the source's log saw the change
COMMITTED_AT = "_aidbt_committed_at"  # when the source committed it
UNCHANGED = "_aidbt_unchanged"  # names of columns whose value was not sent because it did not change; or NULL
CHANGE_COLUMNS = (OPERATION, POSITION, SEQUENCE, EVENT_AT, COMMITTED_AT, UNCHANGED)

# What our macros add where they keep the rows of a change log as they are now, deleted ones among them.
IS_DELETED = "_aidbt_is_deleted"

READ, CREATED, UPDATED, DELETED, TRUNCATED = "r", "c", "u", "d", "t"

LOADS_TABLE = "_aidbt_loads"
STREAMS_TABLE = "_aidbt_streams"
DEAD_LETTERS_TABLE = "_aidbt_dead_letters"
REJECTS_TABLE = "_aidbt_rejects"
OWN_TABLES = (LOADS_TABLE, STREAMS_TABLE, DEAD_LETTERS_TABLE, REJECTS_TABLE)

# The columns of LOADS_TABLE that others read: which table, which batch, when, and its columns as JSON (name,
# type, whether they are of the key). Batch ids of one table ascend.
LOADS_TABLE_NAME = "table_name"
LOADS_BATCH_ID = "batch_id"
LOADS_LOADED_AT = "loaded_at"
LOADS_COLUMNS = "columns"
LOADS_CONNECTOR = "connector"
