"""Whether a table can be loaded by the cursor that the settings name, and where reading begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from aidbt.core.errors import SettingsError, SourceError, nearest
from aidbt.core.schema import Relation
from ingestion.bronze.base import Destination, ReadKeys
from ingestion.records import CursorSettings


def check_same(kept: Mapping[str, Any], settings: CursorSettings, to: Destination) -> None:
    """Check that key and cursor are those with which the table was loaded before.

    Args:
        kept: the position of the last load.

    Raises:
        SettingsError: one is not.
    """
    for what, was, now in (
        ("key", ", ".join(kept["key"]), ", ".join(settings.key)),
        ("cursor", kept["cursor"], settings.cursor),
    ):
        if was != now:
            raise SettingsError(
                f"the {what} of {to.source_table} is {now} in the connector file of '{to.source}', but {to} "
                f"was loaded with {was}",
                hint="put it back, or read the table anew: "
                f"aidbt ingest run {to.source} --table {to.source_table} --full",
            )


def check_same_kind(highest: Any, before: Any, settings: CursorSettings, to: Destination) -> None:
    """Check that the greatest cursor that was read can be compared with the one before.

    Times with and without a zone, dates, and numbers cannot be compared with each other.

    Raises:
        SourceError: the cursor has another type now.
    """
    kinds = [
        (isinstance(value, datetime), getattr(value, "tzinfo", None) is None, isinstance(value, date))
        for value in (highest, before)
    ]
    if highest is not None and kinds[0] != kinds[1]:
        raise SourceError(
            f"the cursor {to.source_table}.{settings.cursor} has another type than when {to} was loaded",
            hint=f"read the table anew: aidbt ingest run {to.source} --table {to.source_table} --full",
        )


def begins_at(highest: Any, settings: CursorSettings, to: Destination) -> Any:
    """The cursor at which reading begins: the greatest in the log less the lag; None for all rows.

    Raises:
        SourceError: the lag does not fit the cursor's type.
    """
    lag = settings.lag
    if isinstance(highest, datetime | date):
        if lag == 0:
            return highest
        if isinstance(lag, timedelta):
            is_time = isinstance(highest, datetime)
            try:
                return highest - (lag if is_time else timedelta(days=-(-lag // timedelta(days=1))))
            except OverflowError:
                return None
    elif isinstance(highest, int | Decimal) and not isinstance(lag, timedelta):
        return highest - lag
    raise _bad_lag(settings, to.source_table)


def _bad_lag(settings: CursorSettings, table: str) -> SourceError:
    return SourceError(
        f"the lag of {table} does not fit its cursor {settings.cursor}",
        hint='dates and times take a span, e.g. lag: "2 hours"; numbers take a number, e.g. lag: 1000',
    )


def check_keys(found: ReadKeys, settings: CursorSettings, table: Relation) -> None:
    """Check that the key identifies the rows that were read.

    Raises:
        SourceError: it does not.
    """
    key = ", ".join(settings.key)
    hint = f"give columns under 'key' that identify a row of {table.name}, none of them NULL"
    if found.without_key:
        raise SourceError(
            f"{table.name} has rows whose key ({key}) is NULL: {found.without_key:,}", hint=hint
        )
    if found.twice is not None:
        values = ", ".join(str(value) for value in found.twice)
        raise SourceError(f"{table.name} has more than one row with the key ({key}) = ({values})", hint=hint)


def check_column(name: str, names: Sequence[str], table: Relation) -> None:
    """Check that a table has a column, once.

    Raises:
        SourceError: it has none, or several.
    """
    if names.count(name) != 1:
        close = nearest(name, names)
        raise SourceError(
            f"the table {table.name} has no column '{name}', which its load by cursor needs",
            hint=f"did you mean '{close}'?" if close else f"it has: {', '.join(names[:12])}",
        )


def check_cursor_type(field: pa.Field, settings: CursorSettings, table: Relation) -> None:
    """Check that values of a column have one order everywhere, and that the lag can be taken from them.

    Raises:
        SourceError: it cannot be a cursor, or not with this lag.
    """
    of = field.type
    is_time = pa.types.is_date(of) or pa.types.is_timestamp(of)
    if not (is_time or pa.types.is_integer(of) or pa.types.is_decimal(of)):
        raise SourceError(
            f"{table.name}.{field.name} cannot be a cursor: it lands as {of}, and only whole or decimal "
            "numbers, dates and timestamps have one order in every system",
            hint="choose another cursor, or take the table out of 'incremental' to load it in full",
        )
    if settings.lag != 0 and isinstance(settings.lag, timedelta) != is_time:
        raise _bad_lag(settings, table.name)
