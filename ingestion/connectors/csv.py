"""CSV as a source: every value lands as the text it is; casts are decided later, in staging.

An empty value is NULL, a quoted empty value is empty text, and 007 and 3.70 stay as they are written. What is
no row, a record with too few or too many fields, is kept word for word, or the load is refused.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.csv as arrow_csv
from pydantic import Field, field_validator

from aidbt.core.errors import SourceError
from aidbt.core.schema import Relation
from ingestion.connectors.base import DeadLetter, Stream
from ingestion.connectors.csv_text import Body, Header, line_numbers, read_header
from ingestion.connectors.files import (
    File,
    FileConnector,
    FileSettings,
    FileSource,
    position,
    translated,
)
from ingestion.records import ConnectorSettings

_BLOCK_BYTES = 4 << 20  # a record has to fit in one block
_NAMED = 3  # malformed records that a message names


class CsvSettings(FileSettings):
    """`connector: csv`.

    Attributes:
        delimiter: None for a tab in .tsv files and a comma in all others.
        null_values: what stands for NULL where it is not quoted.
        encoding: a name that Python knows, e.g. latin-1 or utf-16.
        max_rejected_rows: how many malformed records a table's load may have; they are kept beside it.
    """

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    null_values: tuple[str, ...] = ("",)
    encoding: str = "utf-8"
    max_rejected_rows: int = Field(default=0, ge=0)

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError("no such encoding; some are utf-8, latin-1, cp1252, utf-16") from error


class CsvSource(FileSource):
    """CSV files, compressed or not."""

    extensions: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __init__(self, settings: CsvSettings, root: Path) -> None:
        super().__init__(settings, root)
        self._settings = settings

    def read(self, table: Relation) -> Stream:
        """All rows of a table's files, every column as text.

        Raises:
            SourceError: a file is empty, not text or not CSV, or the files have different headers.
        """
        files = self.files_of(table)
        headers = [self._header(file) for file in files]
        names = headers[0].names
        for file, header in zip(files, headers, strict=True):
            if header.names != names:
                raise SourceError(
                    f"{file.path} has other columns than {files[0].path}: {_difference(names, header.names)}",
                    hint="files of one table have the same header; without 'table' each is a table",
                )
        rejected: list[DeadLetter] = []
        schema = pa.schema([(name, pa.string()) for name in names])
        rows = self._all_rows(files, schema, rejected)
        return Stream(schema, rows, position=position(files), rejected=rejected)

    def _all_rows(
        self, files: Sequence[File], schema: pa.Schema, rejected: list[DeadLetter]
    ) -> Iterator[pa.RecordBatch]:
        for file in files:
            yield from self._rows(file, schema, rejected)

    def _delimiter(self, file: File) -> str:
        is_tsv = re.search(r"\.tsv(\.\w+)?$", file.path, re.IGNORECASE)
        return self._settings.delimiter or ("\t" if is_tsv else ",")

    def _open(self, file: File) -> pa.NativeFile:
        """The file as UTF-8, unpacked."""
        stream = self.filesystem.open_input_stream(file.path, compression="detect")
        if self._settings.encoding == "utf-8":
            return stream
        return pa.transcoding_input_stream(stream, self._settings.encoding, "utf-8")

    def _header(self, file: File) -> Header:
        with translated(file.path), _decoded(file, self._settings.encoding), closing(self._open(file)) as raw:
            return read_header(raw, file.path, self._delimiter(file), self._settings.quote)

    def _rows(self, file: File, schema: pa.Schema, rejected: list[DeadLetter]) -> Iterator[pa.RecordBatch]:
        """The rows of one file; malformed records go to `rejected`, with their lines, at its end."""
        token = uuid.uuid4().hex
        allowed = self._settings.max_rejected_rows - len(rejected)
        found: list[arrow_csv.InvalidRow] = []

        def on_invalid(row: arrow_csv.InvalidRow) -> str:
            found.append(row)
            return "skip" if len(found) <= allowed else "error"

        with translated(file.path), _decoded(file, self._settings.encoding), closing(self._open(file)) as raw:
            header = read_header(raw, file.path, self._delimiter(file), self._settings.quote)
            body = Body(header.rest, raw, last_line=self._last_line(file, token, len(schema)))
            try:
                reader = self._reader(file, body, schema, on_invalid)
                last = None
                for batch in reader:
                    if last is not None:
                        yield last
                    last = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            except pa.ArrowInvalid as error:
                raise self._not_csv(file, error, found, len(schema)) from error
        # The added last line is the last row, unless a quote that was never closed has swallowed it.
        if last is None or not last.num_rows or last.column(0)[-1].as_py() != token:
            raise SourceError(
                f"{file.path} ends inside a quoted value",
                hint="a quote is opened and never closed: the file is cut off, or its quotes are not doubled",
            )
        yield last.slice(0, last.num_rows - 1)
        rejected.extend(self._as_rejected(file, found, len(schema)))
        self.check_unchanged(file)

    def _reader(
        self, file: File, body: Body, schema: pa.Schema, on_invalid: Any
    ) -> arrow_csv.CSVStreamingReader:
        # Columns go by number, because names may repeat.
        columns = [f"f{number}" for number in range(len(schema))]
        return arrow_csv.open_csv(
            body,
            # One thread, because the number of a malformed record is known to a single one only.
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=columns
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter(file),
                quote_char=self._settings.quote,
                newlines_in_values=True,
                # In a single column an empty line is a value.
                ignore_empty_lines=len(columns) > 1,
                invalid_row_handler=on_invalid,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=list(self._settings.null_values),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def _last_line(self, file: File, token: str, width: int) -> bytes:
        return (token + self._delimiter(file) * (width - 1) + "\n").encode()

    def _as_rejected(self, file: File, rows: Sequence[arrow_csv.InvalidRow], width: int) -> list[DeadLetter]:
        if not rows:
            return []
        with closing(self._open(file)) as raw:
            lines = line_numbers(
                raw, [row.number for row in rows], self._delimiter(file), self._settings.quote, width=width
            )
        return [
            DeadLetter(file.path, line, "wrong_field_count", _reason(row), row.text)
            for row, line in zip(rows, lines, strict=True)
        ]

    def _not_csv(
        self, file: File, error: pa.ArrowInvalid, rows: Sequence[arrow_csv.InvalidRow], width: int
    ) -> SourceError:
        text = str(error)
        if "invalid UTF8" in text:
            return _not_text(file, self._settings.encoding)
        if rows and text.startswith("CSV parse error"):
            named = [f"line {r.place} ({r.reason})" for r in self._as_rejected(file, rows[:_NAMED], width)]
            return SourceError(
                f"{file.path} has more than {self._settings.max_rejected_rows} malformed records: "
                f"{', '.join(named)}",
                hint="correct the file, or allow some with max_rejected_rows; they are then kept in "
                "_aidbt_dead_letters",
            )
        if "straddling object" in text:
            return SourceError(
                f"{file.path} has a record of more than {_BLOCK_BYTES >> 20} MB",
                hint="a quote that is opened and never closed looks like that",
            )
        return SourceError(f"{file.path} is not CSV that can be read: {text.splitlines()[0]}")


class CsvConnector(FileConnector):
    """CSV files, here or in an object store."""

    settings_class: ClassVar[type[ConnectorSettings]] = CsvSettings
    source_class: ClassVar[type[FileSource]] = CsvSource


@contextlib.contextmanager
def _decoded(file: File, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise _not_text(file, encoding) from error


def _not_text(file: File, encoding: str) -> SourceError:
    return SourceError(
        f"{file.path} is not {encoding} text",
        hint="set its encoding, for example 'encoding: latin-1', 'cp1252' or 'utf-16'",
    )


def _reason(row: arrow_csv.InvalidRow) -> str:
    fields = "1 field" if row.actual_columns == 1 else f"{row.actual_columns} fields"
    return f"{fields} instead of {row.expected_columns}"


def _difference(first: Sequence[str], other: Sequence[str]) -> str:
    missing = [name for name in first if name not in other]
    added = [name for name in other if name not in first]
    parts = [f"it lacks {', '.join(missing)}"] * bool(missing) + [f"it adds {', '.join(added)}"] * bool(added)
    return " and ".join(parts) or "they stand in another order"
