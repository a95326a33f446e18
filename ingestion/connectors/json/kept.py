"""What was read of files to find their types, kept until the types are known: in memory, then on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from typing import IO

import pyarrow as pa

from aidbt.core.errors import WriteError

_IN_MEMORY_BYTES = 64 << 20
_LINES = b"lines"


class Kept:
    """Values as they are written, block by block; at most 64 MB of them in memory."""

    def __init__(self) -> None:
        self.files: dict[str, list[pa.RecordBatch | int]] = {}  # a place in the file where it is no batch
        self._size_bytes = 0
        self._spilled: IO[bytes] | None = None

    def keep(self, path: str, lines: int, tokens: Mapping[str, pa.Array]) -> None:
        """Add a block of the file `path`; `tokens` may be none where all objects are empty.

        Raises:
            WriteError: the folder for temporary files cannot be written.
        """
        schema = pa.schema(
            [(name, pa.large_binary()) for name in tokens], metadata={_LINES: str(lines).encode()}
        )
        batch = pa.RecordBatch.from_arrays(list(tokens.values()), schema=schema)
        pieces = self.files.setdefault(path, [])
        if self._size_bytes + batch.nbytes <= _IN_MEMORY_BYTES:
            self._size_bytes += batch.nbytes
            pieces.append(batch)
            return
        try:
            pieces.append(self._spill(batch))
        except OSError as error:
            raise WriteError(
                f"{tempfile.gettempdir()} cannot be written: {error}",
                hint="free some space there, or set TMPDIR to another folder",
            ) from error

    def _spill(self, batch: pa.RecordBatch) -> int:
        if self._spilled is None:
            self._spilled = tempfile.TemporaryFile(prefix="aidbt-json-")  # noqa: SIM115 closed in close()
        place = self._spilled.seek(0, 2)
        # A stream of its own, because each block has columns of its own.
        with pa.ipc.new_stream(self._spilled, batch.schema) as writer:
            writer.write_batch(batch)
        return place

    def of(self, path: str) -> Iterator[tuple[int, dict[str, pa.Array]]]:
        """(number of records, the values of each key) of each block of a file, in order."""
        for piece in self.files[path]:
            batch = self._read(piece) if isinstance(piece, int) else piece
            yield (
                int(batch.schema.metadata[_LINES]),
                dict(zip(batch.schema.names, batch.columns, strict=True)),
            )

    def _read(self, place: int) -> pa.RecordBatch:
        assert self._spilled is not None
        self._spilled.seek(place)
        return pa.ipc.open_stream(self._spilled).read_next_batch()

    def close(self) -> None:
        """Let everything go."""
        self.files.clear()
        if self._spilled is not None:
            self._spilled.close()
