"""Debezium's change events in files: one JSON envelope a line, with or without its Kafka Connect schema.

From bytes to rows:

- `source` is the change source; `files` opens the files, `blocks` reads their lines and cuts off the schema
  blocks, which `schemas` knows;
- `cutting` finds where the parts of each line begin, `lines` gives these parts, `ordering` puts the lines in
  order by what `positions` reads of them (`alike` many at once);
- `reader` joins what makes rows of them: `objects` and `fields` (through `windows`) read columns of JSON,
  `values` (with `texts`, `times`, `decimals`) makes them what they mean, `rows` makes Arrow rows of them;
- `tables` knows the columns and keys of tables, as `columns` and `types` say them;
- `careful` reads single lines that are not plain, `outcome` accounts for every line, and `encoded` notices
  numbers that land as text, and `retyped` columns whose type was declared after they had landed.
"""
