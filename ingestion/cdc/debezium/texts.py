"""Columns of texts as matrices of their bytes, those of one length together, and back as Arrow arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.windows import windows


def present(array: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The values that are not null, and their rows."""
    if not array.null_count:
        return array, np.arange(len(array))
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    return array.drop_null(), rows


def by_length(texts: pa.Array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Texts of one length at a time: (their rows, their bytes as a matrix of shape (rows, length))."""
    if not len(texts):
        return []
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    lengths = np.diff(offsets)
    found = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        found.append((rows, _parts(data, offsets[rows], int(length))))
    return found


def _parts(data: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The bytes from each place on; shape (places, length)."""
    return windows(data, places, length) if length else np.empty((len(places), 0), np.uint8)


def validity(array: pa.Array) -> pa.Buffer | None:
    """The bitmap of which values are there, from bit 0 on."""
    if not array.null_count:
        return None
    is_there = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.py_buffer(np.packbits(is_there, bitorder="little"))
