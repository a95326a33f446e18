"""Mapping source columns to the columns people want: evidence, assignment, decisions."""
