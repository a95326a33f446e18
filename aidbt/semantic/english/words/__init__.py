"""Words as they are written: tokens, word lists, names of tables and values, numbers, units and periods."""
