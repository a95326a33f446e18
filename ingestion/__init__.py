"""Lands raw data in bronze: what `aidbt ingest` runs.

Connectors (`connectors/`) read a source as a stream of Arrow batches, writers (`bronze/`) land a stream as
one complete batch, and `pipeline.run_loads` runs many of them at once and reports what happened.
"""
