"""The connectors, by the name that a connector file gives under `connector:`."""

from __future__ import annotations

from aidbt.core.registry import Registry

CONNECTORS = Registry(
    "connector",
    {
        "postgres": "ingestion.connectors.postgres.connector:PostgresConnector",
        "csv": "ingestion.connectors.csv:CsvConnector",
        "parquet": "ingestion.connectors.parquet:ParquetConnector",
        "json": "ingestion.connectors.json.source:JsonConnector",
        "sqlalchemy": "ingestion.connectors.sqlalchemy.source:SqlConnector",
        "debezium": "ingestion.connectors.debezium:DebeziumConnector",
    },
    extras=dict.fromkeys(("postgres", "sqlalchemy", "csv", "json", "parquet", "debezium"), "ingest"),
)
