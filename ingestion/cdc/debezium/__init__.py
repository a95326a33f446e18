"""Debezium's change events in files: one JSON envelope a line, with or without its Kafka Connect schema.

`lines` cuts a block of bytes into envelopes, `positions` reads what orders them, `columns`, `types` and
`values` say what their columns are, `rows` makes Arrow rows of them at once, `careful` reads single lines
that are not plain, `reader` joins these, and `source` is the change source over files.
"""
