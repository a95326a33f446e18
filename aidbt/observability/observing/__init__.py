"""Taking in what a run of dbt left, wherever it ran."""
