"""What the ladder asks of an engine, as values: the connection itself is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from aidbt.core.schema import Column, Relation

Failure = Literal["refused", "deadline", "memory", "unavailable"]


class Answer(Protocol):
    """How an engine answered one statement.

    Attributes:
        columns: of the result.
        row_count: how many rows were read of it.
        failure: None when it ran; "refused" is the engine's own verdict on the query, "deadline" and "memory"
            that it was stopped, "unavailable" that the engine cannot be asked this, e.g. for a relation that
            is not built yet.
        message: why, in one line; of a refusal the engine's words.
        offset: of a refusal, the character of the query that it is about, from 0; None when not told.
        note: what the answer does not rest on, e.g. that the tables were empty copies; "" for nothing.
    """

    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def row_count(self) -> int: ...
    @property
    def failure(self) -> Failure | None: ...
    @property
    def message(self) -> str: ...
    @property
    def offset(self) -> int | None: ...
    @property
    def note(self) -> str: ...


class Engine(Protocol):
    """A connection on which a query can do no harm: it reads only, under a deadline and with caps.

    A query is one statement without a semicolon or a comment behind it. No method raises for what is wrong
    with it. `stand_ins` are the relations that the query reads, with their columns: an engine that cannot
    reach or lacks one of them, or has it as it was before, may ask its question of empty tables like them.

    Attributes:
        stands_in: whether it does so.
    """

    stands_in: bool

    def explain(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """Whether the engine would run the query; nothing is read."""
        ...

    def describe(self, query: str, stand_ins: Sequence[Relation] = ()) -> Answer:
        """The columns that the engine gives it, none where it does not tell; no row is read."""
        ...

    def sample(self, query: str, rows: int) -> Answer:
        """How many rows it gives, up to a number; each value of them is made."""
        ...

    def duplicates(self, query: str, key: Sequence[str]) -> Answer:
        """Whether two rows of it have the same values of these columns, none of them NULL: `row_count` is 1
        then, else 0.
        """
        ...
