"""Changes of PostgreSQL: the replication stream of its output plugin pgoutput, and what reads it."""
