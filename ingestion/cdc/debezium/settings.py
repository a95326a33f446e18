"""What `connector: debezium` is told."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from ingestion.cdc.debezium.types import Connect, declared
from ingestion.records import ConnectorSettings


class DebeziumSettings(ConnectorSettings):
    """`connector: debezium`.

    Attributes:
        path: a file, a folder, or a pattern, as for other connectors of files. One event a line, compressed
            with gzip or not; files may grow.
        endpoint: of a server that speaks S3 or GCS; "" for the cloud's own.
        types: table → column → its type, for events without a schema block, or in place of what that says: a
            name of Debezium's (`MicroTimestamp`), of Kafka Connect's (`int64`), of SQL's (`timestamptz`), or
            `decimal(p, s)`.
        key: table → the columns of its key, where no key stands beside the events.
        unavailable_value: Debezium's `unavailable.value.placeholder`.
    """

    path: str = Field(min_length=1)
    endpoint: str = ""
    types: dict[str, dict[str, str]] = Field(default_factory=dict)
    key: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unavailable_value: str = Field(default="__debezium_unavailable_value", min_length=1)

    @field_validator("types")
    @classmethod
    def _known(cls, types: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for table, columns in types.items():
            for column, text in columns.items():
                if declared(text) is None:
                    raise ValueError(
                        f"{table}.{column}: the type '{text}' is not known; some are MicroTimestamp, "
                        "ZonedTimestamp, decimal(12, 2), timestamptz, uuid, json, int64, text"
                    )
        return types

    def types_of(self, table_name: str) -> Mapping[str, Connect]:
        """The columns of a table whose types are declared, as `types.column_type` reads them."""
        for name in names_of(table_name):
            if name in self.types:
                return {column: declared(text) or {} for column, text in self.types[name].items()}
        return {}


def names_of(table_name: str) -> tuple[str, str]:
    """What a table may be called in the settings: with what is above it, and without."""
    return table_name, table_name.rpartition(".")[2]
