"""Logs of changes, read as micro-batches."""
