"""Debezium's change events in files: one JSON envelope a line, with or without its Kafka Connect schema.

`lines` cuts a block of bytes into envelopes, `positions` reads what orders them (`alike` many at once),
`columns`, `types` and `values` say what their columns are, `fields` reads rows that are alike side by side
(through `windows`), `rows` makes Arrow rows of them, `careful` reads single lines that are not plain,
`reader` joins these, and `source` is the change source over files; `encoded` notices numbers that land as
text.
"""
