"""What surrounds the rows of a stream: transactions, their positions and times, and the order within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingestion.cdc.postgres import messages as pg
from ingestion.cdc.postgres.columns import Messages

IS_ROW = np.zeros(256, bool)
IS_ROW[[pg.INSERT, pg.UPDATE, pg.DELETE]] = True
_IS_KNOWN = np.zeros(256, bool)
_IS_KNOWN[list(pg.KINDS)] = True


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that has begun.

    Attributes:
        position: the LSN of its commit.
        committed_at: in microseconds since 1970.
        sequence: the last number that was given out in it.
    """

    position: int
    committed_at: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """Arrays with an element for each message.

    Attributes:
        kinds: the first byte.
        positions, committed_at: of the transaction in which it lies.
        sequences: its first number in the transaction, from 1.
        event_at: when the server sent it, in microseconds since 1970; None when nobody noted it.
    """

    kinds: npt.NDArray[np.uint8]
    positions: npt.NDArray[np.int64]
    committed_at: npt.NDArray[np.int64]
    sequences: npt.NDArray[np.int64]
    event_at: npt.NDArray[np.int64] | None


def envelope(
    messages: Messages,
    event_at: Sequence[int] | npt.NDArray[np.int64] | None,
    before: Transaction | None,
) -> tuple[Envelope, Transaction | None]:
    """The envelope of some messages, and the transaction that is open behind them.

    Args:
        messages: at least one.
        before: the transaction that is open before them.

    Raises:
        SourceError: an unknown or empty message, or transactions that do not fit together.
    """
    starts = messages.starts
    kinds = _kinds(messages)
    begins, commits = np.flatnonzero(kinds == pg.BEGIN), np.flatnonzero(kinds == pg.COMMIT)
    is_open = _is_open_behind(kinds, before)
    _check_sizes(messages, begins, pg.BEGIN_BYTES)
    _check_sizes(messages, commits, pg.COMMIT_BYTES)

    first = before or Transaction(0, 0, 0)  # element 0 of what follows
    positions = np.concatenate(([first.position], messages.int64_at(starts[begins] + 1)))
    times = np.concatenate(([first.committed_at], messages.int64_at(starts[begins] + 9) + pg.EPOCH))
    transaction = np.cumsum(kinds == pg.BEGIN)
    used = _numbers_used(messages, kinds)
    used_before = np.cumsum(used) - used
    used_at_begin = np.concatenate(([-first.sequence], used_before[begins]))
    sequences = used_before - used_at_begin[transaction] + 1
    last = Transaction(int(positions[-1]), int(times[-1]), int(sequences[-1] + used[-1] - 1))
    found = Envelope(
        kinds,
        positions[transaction],
        times[transaction],
        sequences,
        None if event_at is None else np.asarray(event_at, np.int64),
    )
    return found, last if is_open else None


def _kinds(messages: Messages) -> npt.NDArray[np.uint8]:
    if (messages.starts == messages.ends).any():
        raise pg.malformed("a message is empty")
    kinds = messages.bytes_at(messages.starts)
    is_known = _IS_KNOWN[kinds]
    if not is_known.all():
        raise pg.malformed(f"a message is of the unknown kind {chr(kinds[~is_known][0])!r}")
    return kinds


def _check_sizes(messages: Messages, numbers: npt.NDArray[np.int64], size: int) -> None:
    if (messages.ends[numbers] - messages.starts[numbers] != size).any():
        raise pg.malformed(f"a Begin or Commit message has not {size} bytes")


def _is_open_behind(kinds: npt.NDArray[np.uint8], before: Transaction | None) -> bool:
    """Whether a transaction is open at the end; they follow one another, and rows lie within them."""
    steps = (kinds == pg.BEGIN).astype(np.int8) - (kinds == pg.COMMIT).astype(np.int8)
    depth = np.cumsum(steps) + (before is not None)
    if depth.min() < 0 or depth.max() > 1:
        raise pg.malformed("a transaction begins or ends twice")
    if (IS_ROW[kinds] | (kinds == pg.TRUNCATE))[depth == 0].any():
        raise pg.malformed("a row lies outside of all transactions")
    return bool(depth[-1])


def _numbers_used(messages: Messages, kinds: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many sequence numbers each message takes, which depends on nothing but the message.

    An update that carries the old row takes two, whether or not its key was changed.
    """
    used = IS_ROW[kinds].astype(np.int64)
    updates = np.flatnonzero(kinds == pg.UPDATE)
    used[updates] += messages.bytes_at(messages.starts[updates] + 5) != pg.NEW_TUPLE
    truncates = np.flatnonzero(kinds == pg.TRUNCATE)
    used[truncates] = messages.uint32_at(messages.starts[truncates] + 1)
    return used
