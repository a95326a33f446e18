"""Queries in plain English: what a person reads to see whether they were understood."""
