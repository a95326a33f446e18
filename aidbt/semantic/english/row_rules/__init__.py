"""Rules for phrases that say which rows are spoken of: nouns, verbs, roles, times and conditions."""
