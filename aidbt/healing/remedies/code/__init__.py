"""What remedies for code look at: single edits between two texts, words that are slips, texts read without
dbt."""
