"""The facts that a diagnosis carries for remedies, by name: what each class has, and what the values mean.

All values are text. A fact that is not known is absent, never empty. `source` is a unique_id; a column is
spelled as the warehouse stores it, or stored it at the last good run.
"""

from __future__ import annotations

from aidbt.core.failures import ErrorClass as E

# name → what it says
MEANINGS = {
    "source": "unique_id of the source or seed the cause is at",
    "relation": "its relation, schema.name",
    "column": "the column the cause is at",
    "columns": "of a key of several columns: their names, with commas between; then there is no `column`",
    "old": "name of the column, table or word that was there",
    "new": "name of the one that is there instead",
    "how": "of a renamed column: 'gone' (the old one is), or 'null_since' (it is there and turned null)",
    "since": "when the first row with the new column was loaded",
    "loaded_by": "the column that says when rows were loaded",
    "conflicts": "rows with both columns filled and different values",
    "alternatives": "other candidates that the values do not tell apart, with commas between",
    "agreement": "0..1, share of rows with the same key whose values are the same",
    "share": "0..1, share of the different values then that are there now",
    "new_schema": "of a renamed table or schema: the schema it stands in now",
    "new_table": "the table's name now",
    "schema": "of a renamed schema: its old name",
    "sources": "unique_ids of all sources it concerns, with commas between",
    "type_old": "type of the column at the last good run",
    "type_new": "type of the column now",
    "type_wanted": "type that a model casts the column to",
    "bad": "rows that break the rule",
    "bad_then": "rows that did at the last good run",
    "rows": "rows of the table now",
    "rows_then": "rows of the table at the last good run",
    "parent": "of orphans: unique_id of the source that should hold the keys",
    "parent_column": "its column",
    "test": "unique_id of the failed test",
    "test_kind": "what a test asks, whichever package it is of: not_null, unique, relationships,"
    " accepted_values, combination, range, expression, proportion, recency, volume, singular, unit or other",
    "test_on": "unique_id of what the test is about",
    "test_column": "the column of it that is tested",
    "node": "unique_id of the node the cause is in",
    "file": "path of the file the cause is in, relative to the project",
    "lines": "where the changed lines stand now, e.g. '4-6, 9'",
    "what": "of code: ref, source, macro, argument, variable, column, function, package, syntax, jinja, yaml,"
    " logic, file, seed",
    "missing_model": "unique_id of a model or seed that is read and does not stand in the warehouse",
    "token": "the word that is wrong",
    "macro": "of an argument that is wrong: whose it is",
    "replacement": "the word that stood there, or the only near name that the last good manifest knows",
    "commit": "commit of the last good state",
    "holder": "who holds a lock, e.g. 'process 4711 (python3)'",
    "pid": "its process id",
    "held": "the tables it holds, with commas between, where it does not hold the whole warehouse",
    "is_over": "'yes' when the warehouse could be asked while this was diagnosed",
    "variable": "name of the environment variable or dbt variable that is missing",
    "profile": "name of the profile or target that is missing",
    "packages": "packages that are asked for and not installed, with commas between",
    "mappings": "of sources whose staging aidbt generates: source.table, with commas between",
    "incident": "id of the incident that monitors opened",
    "code": "of a connector's health check",
    "readers": "unique_ids of the models that read the column or table directly, with commas between",
}

# What a remedy for a class can rely on, when the confidence is at the gate or above.
FACTS_OF = {
    E.COLUMN_RENAMED: ("source", "relation", "old", "new", "how"),
    E.COLUMN_REMOVED: ("source", "relation", "column", "readers"),
    E.COLUMN_ADDED: ("source", "relation", "new"),  # or `mappings` and `new`, where nothing fails of it
    E.TYPE_CHANGED: ("source", "relation", "column"),
    E.TABLE_RENAMED: ("source", "old"),  # or `missing_model` alone, where no source is concerned
    E.NULL_VIOLATION: ("source", "column", "bad", "rows", "test"),
    E.DUPLICATE_KEY: ("source", "bad", "rows"),  # with `column` or `columns`
    E.REFERENTIAL_INTEGRITY: ("source", "column", "bad", "rows", "parent", "parent_column"),
    E.CONSTRAINT_VIOLATION: ("source", "column"),
    E.TYPE_COERCION_FAILURE: ("source", "column", "type_wanted", "bad", "rows"),
    E.VOLUME: ("source", "rows", "rows_then"),
    E.STALE: ("source",),
    E.COMPILATION: ("what", "file"),
    E.SQL_SYNTAX: ("file", "lines"),
    E.SQL_SEMANTIC: ("file",),
    E.MISSING_DEPENDENCY: ("packages",),
    E.MISSING_SETTING: (),
    E.CONCURRENCY_CONFLICT: (),
}
