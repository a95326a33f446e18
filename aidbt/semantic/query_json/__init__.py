"""Queries as JSON and YAML: their written form, read with every name checked, and its schema."""
