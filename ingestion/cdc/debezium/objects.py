"""Objects of JSON as columns: of those that are alike at once, of the others by a parser."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.fields import read_fields
from ingestion.cdc.debezium.types import NotExact


def as_columns(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    """The columns of rows: of those that are alike at once, of the others as a parser reads them.

    Raises:
        ArrowException, NotExact: as `parsed` does.
    """
    fields = read_fields(texts, types)
    if fields is None:
        return _arrays(parsed(texts, types))
    if len(fields.which) == len(texts):
        return fields.columns
    odd = np.delete(np.arange(len(texts)), fields.which)
    others = _arrays(parsed(texts.take(pa.array(odd)), types))
    order = pa.array(np.argsort(np.concatenate((fields.which, odd)), kind="stable"))
    return {name: pa.concat_arrays([fields.columns[name], others[name]]).take(order) for name in types}


def check(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> None:
    """Check that texts are rows of these columns.

    Raises:
        ArrowException, NotExact: as `parsed` does.
    """
    if not len(texts):
        return
    fields = read_fields(texts, types)
    odd = np.delete(np.arange(len(texts)), [] if fields is None else fields.which)
    if len(odd):
        parsed(texts.take(pa.array(odd)), types)


def _arrays(rows: pa.Table) -> dict[str, pa.Array]:
    return {name: rows.column(name).combine_chunks() for name in rows.column_names}


def parsed(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Objects of JSON as rows.

    Raises:
        ArrowException: one is no JSON, names another column, or holds a value of another type.
        NotExact: there are not as many rows as texts.
    """
    import pyarrow.json as pj

    text = _text_of(texts)
    found = pj.read_json(
        pa.BufferReader(text),
        # One block, so that its rows are one chunk; a line is never cut.
        read_options=pj.ReadOptions(use_threads=False, block_size=max(len(text) + 1, 1024)),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema(list(types.items())), unexpected_field_behavior="error"
        ),
    )
    if found.num_rows != len(texts):
        raise NotExact(f"{len(texts)} lines gave {found.num_rows} rows")
    return found


def _text_of(texts: pa.LargeBinaryArray) -> pa.Buffer:
    """Texts one behind another."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)
    first, last = int(offsets[texts.offset]), int(offsets[texts.offset + len(texts)])
    return texts.buffers()[2].slice(first, last - first)
