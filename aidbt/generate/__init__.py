"""Writing dbt files from decisions: sources, staging models, tests and docs, as patches."""
