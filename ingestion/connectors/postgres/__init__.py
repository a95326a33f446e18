"""PostgreSQL, read through ADBC by the types of its catalog, all tables under one snapshot."""
