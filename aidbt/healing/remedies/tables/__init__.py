"""Which relation of the warehouse is a table that is gone, and how its source says so."""
