"""SQL as text that people keep: identifiers and what dbt's Jinja would otherwise read as its own."""
