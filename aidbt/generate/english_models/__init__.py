"""Models from English: a sentence, read, becomes a reviewed and tested dbt model."""
