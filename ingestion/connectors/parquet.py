"""Parquet as a source: types as they are in the files, nested values whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from aidbt.core.errors import SourceError
from aidbt.core.schema import Relation
from ingestion.connectors.base import Stream
from ingestion.connectors.files import File, FileConnector, FileSettings, FileSource, position, translated
from ingestion.records import ConnectorSettings

_BATCH_ROWS = 65_536
_READ_BYTES = 4 << 20  # of a column at a time, so that large row groups are never in memory whole
_MAX_DECIMAL = 38


class ParquetSettings(FileSettings):
    """`connector: parquet`."""


class ParquetSource(FileSource):
    """Parquet files."""

    extensions: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read(self, table: Relation) -> Stream:
        """All rows of a table's files.

        Raises:
            SourceError: a file is not Parquet, the files differ in their columns, or DuckDB has nothing
                for a column's type.
        """
        files = self.files_of(table)
        schemas = [self._schema(file) for file in files]
        for file, schema in zip(files, schemas, strict=True):
            if schema != schemas[0]:
                raise SourceError(
                    f"{file.path} has other columns than {files[0].path}: "
                    f"{'; '.join(_differences(schemas[0], schema))}",
                    hint="files of one table have the same columns; without 'table' each is a table",
                )
        landing = pa.schema([_landing(field, files[0]) for field in schemas[0]])
        return Stream(landing, self._all_rows(files, landing), position=position(files))

    def _open(self, file: File) -> pq.ParquetFile:
        # Old timestamps (INT96) as microseconds, which hold every year; as nanoseconds, Arrow's default,
        # 9999-12-31 silently becomes another day.
        handle = self.filesystem.open_input_file(file.path)
        try:
            return pq.ParquetFile(handle, coerce_int96_timestamp_unit="us", buffer_size=_READ_BYTES)
        except BaseException:
            handle.close()
            raise

    def _schema(self, file: File) -> pa.Schema:
        with translated(file.path), self._open(file) as parquet:
            return parquet.schema_arrow.remove_metadata()

    def _all_rows(self, files: Sequence[File], landing: pa.Schema) -> Iterator[pa.RecordBatch]:
        for file in files:
            yield from self._rows(file, landing)

    def _rows(self, file: File, landing: pa.Schema) -> Iterator[pa.RecordBatch]:
        with translated(file.path), self._open(file) as parquet:
            given = 0
            for batch in parquet.iter_batches(_BATCH_ROWS):
                given += batch.num_rows
                arrays = [
                    _landed(array, field, file) for array, field in zip(batch.columns, landing, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=landing)
            if given != parquet.metadata.num_rows:
                raise SourceError(
                    f"{file.path} holds {parquet.metadata.num_rows} rows, but {given} were read",
                    hint="the file is damaged; have it written again",
                )
        self.check_unchanged(file)


class ParquetConnector(FileConnector):
    """Parquet files, here or in an object store."""

    settings_class: ClassVar[type[ConnectorSettings]] = ParquetSettings
    source_class: ClassVar[type[FileSource]] = ParquetSource


def _landing(field: pa.Field, file: File) -> pa.Field:
    """The field as DuckDB can take it, without losing anything."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):  # a column in which nothing was ever written
        kind = pa.string()
    if pa.types.is_float16(kind):
        kind = pa.float32()
    if pa.types.is_duration(kind):
        kind = pa.duration("us")
    if pa.types.is_decimal256(kind):
        if kind.precision > _MAX_DECIMAL:
            raise SourceError(
                f"the column {field.name} of {file.path} is a {kind}; DuckDB holds 38 digits at most",
                hint="have it written with fewer digits, or as text",
            )
        kind = pa.decimal128(kind.precision, kind.scale)
    return pa.field(field.name, kind)


def _landed(array: pa.Array, field: pa.Field, file: File) -> pa.Array:
    if array.type == field.type:
        return array
    try:
        return array.cast(field.type)  # safe: what does not fit is an error
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"the column {field.name} of {file.path} cannot be landed exactly: {error}"
        ) from error


def _differences(first: pa.Schema, other: pa.Schema) -> Iterator[str]:
    for field in first:
        index = other.get_field_index(field.name)
        if index < 0:
            yield f"it lacks {field.name}"
        elif other.field(index).type != field.type:
            yield f"{field.name} is {other.field(index).type} instead of {field.type}"
    added = [name for name in other.names if first.get_field_index(name) < 0]
    if added:
        yield f"it adds {', '.join(added)}"
    if first.names != other.names and sorted(first.names) == sorted(other.names):
        yield "they stand in another order"
