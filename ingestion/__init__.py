"""Lands raw data in bronze: what `aidbt ingest` runs.

Connectors (`connectors/`) read a source as a stream of Arrow batches, writers (`bronze/`) land a stream as
one complete batch, and `pipeline.run_loads` runs many of them at once and reports what happened.

Raises:
    MissingExtra: its packages are not installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from aidbt.core.errors import MissingExtra

if find_spec("pyarrow") is None:
    raise MissingExtra("landing data", "ingest")
