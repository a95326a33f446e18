"""The connectors, by the name that a connector file gives under `connector:`."""

from __future__ import annotations

from aidbt.core.registry import Registry

CONNECTORS = Registry(
    "connector",
    {
        "postgres": "ingestion.connectors.postgres.connector:PostgresConnector",
        "csv": "ingestion.connectors.csv:CsvConnector",
        "parquet": "ingestion.connectors.parquet:ParquetConnector",
    },
    extras={"postgres": "ingest", "csv": "ingest", "parquet": "ingest"},
)
