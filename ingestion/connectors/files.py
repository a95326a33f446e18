"""Files as a source: finding them, here or in an object store, and telling which belong to which table."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import pyarrow as pa
from pyarrow import fs
from pydantic import Field

from aidbt.core.errors import SourceError, SourceUnavailable
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import Operation
from aidbt.core.schema import Relation
from ingestion.connectors.base import KnownLoad, Stream
from ingestion.records import ConnectorSettings

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]+)://")
_WILD = re.compile(r"[*?\[]")
_COMPRESSED = re.compile(r"\.(gz|bz2|zst|lz4)$", re.IGNORECASE)
_DEFAULT_REGION = "us-east-1"
_PATIENCE_S = 30

_NO_ACCESS = re.compile(
    r"ACCESS_DENIED|InvalidAccessKeyId|SignatureDoesNotMatch|credentials|OAuth2 access token|"
    r"UNAUTHENTICATED|PERMISSION_DENIED|HTTP status 40[13]|Forbidden",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|bucket does not exist|NOT_FOUND", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"NETWORK_CONNECTION|could not connect|timed? ?out|UNAVAILABLE|SLOW_DOWN|INTERNAL_FAILURE|"
    r"HTTP status 5\d\d|connection reset|Input/output error",
    re.IGNORECASE,
)


class FileSettings(ConnectorSettings):
    """What every connector of files is told.

    Attributes:
        path: a file, a folder, or a pattern (`*`, `?`, `[ab]`, and `**` for folders between), relative to the
            dbt project; or the same behind `s3://`, `gs://` or another scheme that fsspec knows.
        table: all files are this one table; without it each file is a table of its own, named by its stem.
        endpoint: of a server that speaks S3 or GCS, e.g. http://127.0.0.1:9000; "" for the cloud's own.
    """

    path: str = Field(min_length=1)
    table: str | None = Field(default=None, min_length=1)
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file, as it was listed.

    Attributes:
        path: as its file system knows it.
        modified: its time of change in ISO form; "" when the file system does not tell.
    """

    path: str
    size_bytes: int
    modified: str

    @property
    def stem(self) -> str:
        """Its name without folders, compression and extension."""
        return PurePosixPath(_COMPRESSED.sub("", self.path)).stem


class FileSource:
    """Files grouped into tables. Subclasses read them.

    Attributes:
        extensions: which files of a folder are meant, without compression.
        last_loads: the last load of each table, by its name.
    """

    extensions: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: FileSettings, root: Path) -> None:
        self.where = settings.path
        self.last_loads: Mapping[str, KnownLoad] = {}
        self.filesystem, path = file_system(settings, root)
        self._tables = self._grouped(self._listed(path), settings.table)

    def tables(self) -> Sequence[Relation]:
        """The tables, by name; their columns are known when they are read."""
        return [Relation(schema="", name=name) for name in self._tables]

    def read(self, table: Relation) -> Stream:
        """All rows of a table's files, in the order of their paths.

        Raises:
            SourceError: a file cannot be read, or the files differ in their columns.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Nothing stays open between reads."""

    def standing(self, table: Relation) -> Mapping[str, Any] | None:
        """Which files the table has, and how they were when they were listed."""
        files = self._tables[table.name]
        return position(files) if all(file.modified for file in files) else None

    def files_of(self, table: Relation) -> list[File]:
        """The table's files as they are now."""
        return [self._now(file) for file in self._tables[table.name]]

    def check_unchanged(self, file: File) -> None:
        """Check that a file is still the one that was listed.

        Raises:
            SourceError: it changed while it was read.
        """
        if self._now(file) != file:
            raise SourceError(
                f"{file.path} changed while it was read; nothing of it was kept",
                hint="run this again when whoever writes it has finished",
            )

    def check(self, tables: Sequence[Relation]) -> Iterator[Finding]:
        """Files that cannot be read, or are written right now; none is read further than its first byte."""
        for table in tables:
            for file in self._tables[table.name]:
                try:
                    with translated(file.path), self.filesystem.open_input_stream(file.path) as stream:
                        stream.read(1)
                    self.check_unchanged(file)
                except SourceError as error:
                    message = f"{error.message}; {error.hint}" if error.hint else error.message
                    yield Finding("ingest.not_readable", Severity.ERROR, file.path, message)

    def _now(self, file: File) -> File:
        with translated(file.path):
            return _file(self.filesystem.get_file_info(file.path))

    def _listed(self, path: str) -> list[File]:
        with translated(self.where):
            info = self.filesystem.get_file_info(path)
            if info.type == fs.FileType.File:
                return [_file(info)]
            if _WILD.search(path):
                folder, pattern = _folder_and_rest(path)
                infos = self._inside(folder, recursive="/" in pattern)
                fits = re.compile(_regex(pattern))
                return [_file(info) for info in infos if fits.fullmatch(info.path[len(folder) :].strip("/"))]
            infos = self._inside(path, recursive=False)
            return [_file(info) for info in infos if _is_meant(info.base_name, self.extensions)]

    def _inside(self, folder: str, *, recursive: bool) -> list[fs.FileInfo]:
        selector = fs.FileSelector(folder, recursive=recursive)
        infos = [info for info in self.filesystem.get_file_info(selector) if info.type == fs.FileType.File]
        return sorted(infos, key=lambda info: info.path)

    def _grouped(self, files: Sequence[File], table: str | None) -> dict[str, list[File]]:
        if not files:
            raise SourceError(
                f"there is no file at {self.where}",
                hint=f"looked for {', '.join('*' + extension for extension in self.extensions)}; "
                "a relative path is relative to the dbt project",
            )
        if table is not None:
            return {table: list(files)}
        tables: dict[str, list[File]] = {}
        for file in files:
            tables.setdefault(file.stem, []).append(file)
        for name, several in tables.items():
            if len(several) > 1:
                raise SourceError(
                    f"{several[0].path} and {several[1].path} would both be the table '{name}'",
                    hint=f"add 'table: {name}' if all files are one table, or make the path more exact",
                )
        return dict(sorted(tables.items()))


class FileConnector:
    """What the connectors of files share. Subclasses name their settings and their source."""

    settings_class: ClassVar[type[ConnectorSettings]] = FileSettings
    source_class: ClassVar[type[FileSource]] = FileSource
    operation: ClassVar[Operation] = "files"

    def __init__(self, settings: Any, root: Path) -> None:
        self.settings = settings
        self._root = root

    def open(self) -> FileSource:
        """The files, listed.

        Raises:
            SourceUnavailable: the store does not answer now.
            SourceError: there are none, or the store refused.
        """
        return self.source_class(self.settings, self._root)


def file_system(settings: FileSettings, root: Path) -> tuple[fs.FileSystem, str]:
    """The file system that a path lies in, and the path as that knows it.

    Raises:
        SourceError: the scheme is not known or needs a package that is not installed, or the store refused.
    """
    match = _SCHEME.match(settings.path)
    if match is None:
        return fs.LocalFileSystem(), (root / settings.path).absolute().as_posix()
    scheme = match["scheme"].lower()
    with translated(settings.path):
        if scheme == "file":
            return fs.LocalFileSystem(), settings.path[match.end() :]
        if scheme == "s3":
            return _s3(settings, settings.path[match.end() :])
        if scheme in ("gs", "gcs"):
            return _gcs(settings, settings.path[match.end() :])
    return _fsspec(settings.path, scheme)


def _s3(settings: FileSettings, path: str) -> tuple[fs.FileSystem, str]:
    # Keys and region come from the environment or the machine's role, as for every AWS program.
    if not settings.endpoint:
        bucket = path.split("/", 1)[0]
        return fs.S3FileSystem(region=fs.resolve_s3_region(bucket)), path.rstrip("/")
    scheme, _, server = settings.endpoint.rpartition("://")
    filesystem = fs.S3FileSystem(
        endpoint_override=server.rstrip("/"),
        scheme=scheme or "https",
        region=_DEFAULT_REGION,
        connect_timeout=10,
        request_timeout=60,
    )
    return filesystem, path.rstrip("/")


def _gcs(settings: FileSettings, path: str) -> tuple[fs.FileSystem, str]:
    scheme, _, server = settings.endpoint.rpartition("://")
    more = {"endpoint_override": server.rstrip("/"), "scheme": scheme or "https"} if settings.endpoint else {}
    # Its own limit is fifteen minutes, also when there are no credentials at all.
    patience = timedelta(seconds=_PATIENCE_S)
    return fs.GcsFileSystem(retry_time_limit=patience, **more), path.rstrip("/")


def _fsspec(path: str, scheme: str) -> tuple[fs.FileSystem, str]:
    try:
        import fsspec
    except ImportError as error:
        raise SourceError(f"{scheme}:// is read through fsspec", hint="pip install fsspec") from error
    try:
        found, inside = fsspec.core.url_to_fs(path)
    except ValueError as error:
        known = ", ".join(["s3", "gs", *sorted(fsspec.available_protocols())[:8]])
        raise SourceError(f"no file system is known for {scheme}://", hint=f"some are: {known}") from error
    except ImportError as error:
        raise SourceError(f"{scheme}:// needs a package that is not installed: {error}") from error
    return fs.PyFileSystem(fs.FSSpecHandler(found)), inside.rstrip("/")


def position(files: Sequence[File]) -> dict[str, Any]:
    """Which files were read, and how they were, as JSON values."""
    return {"files": [{"path": f.path, "size": f.size_bytes, "modified": f.modified} for f in files]}


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """The errors of file systems and of Arrow as ours, naming the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceError(
            f"there is nothing at {where}",
            hint="check the path: that is where it was looked for",
        ) from error
    except PermissionError as error:
        raise SourceError(f"{where} may not be read", hint="check the file's permissions") from error
    except (OSError, pa.ArrowException) as error:
        raise _translation(str(error), where) from error


def _translation(text: str, where: str) -> SourceError:
    words = text.split("\n")[0].split(" (Request ID")[0]
    if _NO_BUCKET.search(text):
        return SourceError(f"{where}: there is no such bucket", hint="check its name, and the endpoint")
    if _NO_ACCESS.search(text):
        return SourceError(
            f"{where}: the store refused: {words}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), for gs:// "
            "GOOGLE_APPLICATION_CREDENTIALS",
        )
    if _TRANSIENT.search(text):
        return SourceUnavailable(
            f"{where} cannot be reached: {words}", hint="check the endpoint and try again"
        )
    return SourceError(f"{where} cannot be read: {words}")


def _file(info: fs.FileInfo) -> File:
    modified = info.mtime.isoformat() if info.mtime is not None else ""
    return File(info.path, info.size or 0, modified)


def _is_meant(name: str, extensions: Sequence[str]) -> bool:
    """Whether a file of a folder is data; hidden ones and Spark's _SUCCESS are not."""
    return not name.startswith((".", "_")) and _COMPRESSED.sub("", name).lower().endswith(tuple(extensions))


def _folder_and_rest(path: str) -> tuple[str, str]:
    """The folder above the first pattern, and what comes below it."""
    parts = path.split("/")
    first = next(number for number, part in enumerate(parts) if _WILD.search(part))
    return "/".join(parts[:first]), "/".join(parts[first:])


def _regex(pattern: str) -> str:
    """A pattern as a regular expression: `*` and `?` stay inside a folder, `**/` is any folders or none."""
    found = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", pattern)
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(part) or (part.replace("[!", "[^", 1) if number % 2 else re.escape(part))
        for number, part in enumerate(found)
    )
