"""JSON as a source: keys become columns, nested values land whole, nothing is dropped or rounded.

Numbers and truth values get a type when all values of all files agree on one; everything else is text. A
record that is no JSON object, or has a key twice, is kept word for word, or the load is refused.
"""

from __future__ import annotations

import codecs
import contextlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow as pa
from pydantic import Field, field_validator

from aidbt.core.errors import SourceError
from aidbt.core.schema import Relation
from ingestion.connectors.base import DeadLetter, KnownLoad, Stream
from ingestion.connectors.files import File, FileConnector, FileSettings, FileSource, position, translated
from ingestion.connectors.inference import TEXT, Evidence, Inferred, infer, inferred_field, landed_type, said
from ingestion.connectors.json.blocks import Block, blocks
from ingestion.connectors.json.columns import DoesNotFit, evidence_of, landed
from ingestion.connectors.json.kept import Kept
from ingestion.connectors.json.scan import NotJson, Scanned, scan
from ingestion.records import ConnectorSettings

_NAMED = 3  # malformed records that a message names
_LINES = (".jsonl", ".ndjson")


class JsonSettings(FileSettings):
    """`connector: json`.

    Attributes:
        format: `lines` with a record on each, or one `document`; `auto` tells by the file.
        records: the keys that lead to the list of records inside a document, e.g. data.items.
        encoding: a name that Python knows, e.g. latin-1 or utf-16.
        as_text: columns, as table.column (patterns allowed), that land as text whatever they hold.
        max_rejected_rows: how many malformed records a table's load may have; they are kept beside it.
        type_confidence: below it a number or truth value stays text (`ingest.type_confidence`).
    """

    format: Literal["auto", "lines", "document"] = "auto"
    records: str | None = Field(default=None, min_length=1)
    encoding: str = "utf-8"
    as_text: tuple[str, ...] = ()
    max_rejected_rows: int = Field(default=0, ge=0)
    type_confidence: float = Field(default=0.2, ge=0, le=1)

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError("no such encoding; some are utf-8, latin-1, cp1252, utf-16") from error


@dataclass(slots=True)
class _Rejects:
    """Records that are no rows, of one load."""

    allowed: int
    letters: list[DeadLetter] = field(default_factory=list)

    def add(self, letter: DeadLetter) -> None:
        self.letters.append(letter)
        if len(self.letters) > self.allowed:
            named = "; ".join(f"{found.place}: {found.reason}" for found in self.letters[:_NAMED])
            raise SourceError(
                f"{letter.origin} has more than {self.allowed} records that are no JSON objects, at line or "
                f"number {named}",
                hint="correct the file, or allow some with max_rejected_rows; they are then kept in "
                "_aidbt_dead_letters",
            )


class JsonSource(FileSource):
    """JSON files, compressed or not."""

    extensions: ClassVar[tuple[str, ...]] = (".json", *_LINES)

    def __init__(self, settings: JsonSettings, root: Path) -> None:
        super().__init__(settings, root)
        self._settings = settings

    def read(self, table: Relation) -> Stream:
        """All records of a table's files.

        Files that are as they were at the last load are read once; others twice, first for their types.

        Raises:
            SourceError: a file is not JSON, has too many malformed records, or no list where `records` says.
        """
        files = self.files_of(table)
        last = self.last_loads.get(table.name)
        rejects = _Rejects(self._settings.max_rejected_rows)
        unchanged = _unchanged(files, last)
        kept = Kept()
        try:
            evidence: dict[str, Evidence] = {}
            for file in files:
                if file not in unchanged:
                    self._look_at(file, rejects, evidence, kept)
            columns = self._decided(table, evidence, last, has_unchanged=bool(unchanged))
            if not columns:
                raise SourceError(
                    f"there are no keys in {files[0].path}, so the table {table.name} has no columns yet",
                    hint="it lands as soon as there is a record; after that, an empty file is an empty batch",
                )
            schema = pa.schema([inferred_field(name, found) for name, found in columns.items()])
            rows = self._rows(files, schema, rejects, kept)
        except BaseException:
            kept.close()
            raise
        return Stream(
            schema, rows, position=position(files), rejected=rejects.letters, close=kept.close,
            notes=tuple(undecided(columns)),
        )  # fmt: skip

    def _decided(
        self,
        table: Relation,
        evidence: dict[str, Evidence],
        last: KnownLoad | None,
        *,
        has_unchanged: bool,
    ) -> dict[str, Inferred]:
        """What each column lands as, in the order in which they come."""
        before = last.columns if last else {}
        columns: dict[str, Inferred] = {}
        is_empty = not any(found.seen for found in evidence.values())
        for name in dict.fromkeys([*(before if has_unchanged or is_empty else ()), *evidence]):
            if any(fnmatchcase(f"{table.name}.{name}", pattern) for pattern in self._settings.as_text):
                columns[name] = Inferred(TEXT)
            elif name in evidence:
                enough = self._settings.type_confidence
                columns[name] = infer(evidence[name], enough=enough, landed=before.get(name))
            if name in before and (name not in columns or pa.types.is_null(columns[name].type)):
                columns[name] = Inferred(landed_type(before[name]))
        return columns

    def _look_at(self, file: File, rejects: _Rejects, evidence: dict[str, Evidence], kept: Kept) -> None:
        for scanned in self._scanned(file, rejects):
            tokens = {name: scanned.column(number) for number, name in enumerate(scanned.names)}
            for name, values in tokens.items():
                evidence[name] = evidence.get(name, Evidence()) + evidence_of(values)
            kept.keep(file.path, scanned.lines, tokens)
        self.check_unchanged(file)

    def _rows(
        self, files: Sequence[File], schema: pa.Schema, rejects: _Rejects, kept: Kept
    ) -> Iterator[pa.RecordBatch]:
        for file in files:
            if file.path in kept.files:
                pieces = kept.of(file.path)
            else:
                pieces = self._pieces(file, rejects)
            for lines, tokens in pieces:
                yield _batch(file, schema, lines, tokens)
            self.check_unchanged(file)

    def _pieces(self, file: File, rejects: _Rejects) -> Iterator[tuple[int, dict[str, pa.Array]]]:
        for scanned in self._scanned(file, rejects):
            yield scanned.lines, {name: scanned.column(number) for number, name in enumerate(scanned.names)}

    def _scanned(self, file: File, rejects: _Rejects) -> Iterator[Scanned]:
        """The blocks of a file, without the records that are no rows."""
        records = self._settings.records
        is_lines = {"auto": None, "lines": True, "document": False}[self._settings.format]
        if is_lines is None and _is_called_lines(file):
            is_lines = True
        with translated(file.path), _decoded(file, self._settings.encoding), closing(self._open(file)) as raw:
            path = records.split(".") if records else None
            for block in blocks(raw, file.path, records=path, is_lines=is_lines):
                yield from _good(file, block, rejects)

    def _open(self, file: File) -> pa.NativeFile:
        """The file as UTF-8, unpacked."""
        stream = self.filesystem.open_input_stream(file.path, compression="detect")
        if self._settings.encoding == "utf-8":
            return stream
        return pa.transcoding_input_stream(stream, self._settings.encoding, "utf-8")


class JsonConnector(FileConnector):
    """JSON files, here or in an object store."""

    settings_class: ClassVar[type[ConnectorSettings]] = JsonSettings
    source_class: ClassVar[type[FileSource]] = JsonSource


def undecided(columns: dict[str, Inferred]) -> Iterator[str]:
    """The columns that stayed text though most of their values look like something else, in words."""
    for name, found in columns.items():
        if found.likely is not None:
            yield (
                f"{name} stayed text: {found.agreeing:,} of {found.seen:,} values are {said(found.likely)} "
                f"(confidence {found.confidence:.2f})"
            )


def _unchanged(files: Sequence[File], last: KnownLoad | None) -> set[File]:
    """The files that are as they were at the last load, of which all columns are known."""
    if last is None or not last.columns:
        return set()
    before = last.position.get("files", [])
    return {file for file in files if position([file])["files"][0] in before}


def _good(file: File, block: Block, rejects: _Rejects) -> Iterator[Scanned]:
    """The block, scanned; in parts where records had to be left out."""
    if not block.places:
        return
    try:
        scanned = scan(block.lines, len(block.places))
    except NotJson as error:
        yield from _good_parts(file, block, rejects, str(error))
        return
    if not scanned.repeated:
        yield scanned
        return
    lines = block.lines.split(b"\n")[:-1]
    repeated = set(scanned.repeated)
    for number in scanned.repeated:
        raw = lines[number].decode()
        rejects.add(DeadLetter(file.path, block.places[number], "duplicate_key", "a key stands twice", raw))
    rest = [line + b"\n" for number, line in enumerate(lines) if number not in repeated]
    if rest:
        yield scan(b"".join(rest), len(rest))


def _good_parts(file: File, block: Block, rejects: _Rejects, reason: str) -> Iterator[Scanned]:
    """A block in which a line is no object: without blank lines, or by halves."""
    if not block.is_list:
        records = block.without_blank_lines()
        if len(records.places) < len(block.places):
            yield from _good(file, records, rejects)
            return
    if len(block.places) == 1:
        rejects.add(_letter(file, block.places[0], block.lines[:-1], reason))
        return
    half = len(block.places) // 2
    yield from _good(file, block.part(slice(None, half)), rejects)
    yield from _good(file, block.part(slice(half, None)), rejects)


def _letter(file: File, place: int, line: bytes, reason: str) -> DeadLetter:
    raw = line.decode(errors="backslashreplace")
    try:
        found = json.loads(line)
    except UnicodeDecodeError:
        return DeadLetter(file.path, place, "not_utf8", "it is not UTF-8 text", raw)
    except json.JSONDecodeError as error:
        where = f"{error.msg}, at character {error.pos + 1}"
        return DeadLetter(file.path, place, "malformed_json", where, raw)
    except (ValueError, RecursionError):
        return DeadLetter(file.path, place, "malformed_json", reason, raw)
    if not isinstance(found, dict):
        return DeadLetter(file.path, place, "not_an_object", "it is no object", raw)
    return DeadLetter(file.path, place, "malformed_json", reason, raw)


def _batch(file: File, schema: pa.Schema, lines: int, tokens: dict[str, pa.Array]) -> pa.RecordBatch:
    arrays = {column.name: pa.nulls(lines, column.type) for column in schema if column.name not in tokens}
    for name, values in tokens.items():
        # A key that never had a value has no column yet.
        kind = schema.field(name).type if name in schema.names else pa.null()
        try:
            arrays[name] = landed(values, kind)
        except (DoesNotFit, pa.ArrowInvalid) as error:
            raise SourceError(f"the column {name} of {file.path} is no {kind}: {error}") from error
    return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _is_called_lines(file: File) -> bool:
    return any(extension in file.path.lower() for extension in _LINES)


@contextlib.contextmanager
def _decoded(file: File, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise SourceError(
            f"{file.path} is not {encoding} text",
            hint="set its encoding, for example 'encoding: latin-1', 'cp1252' or 'utf-16'",
        ) from error
