"""What is tested: a model's query over stand-ins of the relations that it reads, in DuckDB's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp

Value = str | int | float | bool | None
"""A cell as it stands in the YAML; dbt and the sandbox cast it to the type of its column alike."""
Row = tuple[Value, ...]
Case = tuple[tuple[Row, ...], ...]
"""The rows of each input of a subject, in the order of its inputs and their columns."""


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One column of a relation that a model reads.

    Attributes:
        data_type: in DuckDB's words.
        is_used: whether the model reads it; one that it does not stays NULL.
    """

    name: str
    data_type: str
    is_used: bool = True


@dataclass(frozen=True, slots=True)
class Input:
    """One relation that a model reads.

    Attributes:
        table: its name in the sandbox.
        given: how dbt's YAML names it: "ref('orders')", "source('shop', 'orders')", "this".
        needs_sql: whether dbt may find no relation of it to read its columns from, so that only SQL can stand
            for its rows: an ephemeral model, and what an incremental one has made before.
    """

    table: str
    given: str
    columns: tuple[InputColumn, ...]
    needs_sql: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """One query of a model. An incremental model has two: one for its first run, one for the others.

    Attributes:
        model: its name in dbt.
        version: of a versioned model; None for any other.
        tree: reads the tables of `inputs`, and nothing else.
        overrides: what dbt has to put in the place of macros, by their names.
        variant: tells the queries of a model apart: "", "first_run" or "incremental".
        digest: of the query and of the columns that it reads: the same means the same tests.
        written: the same as `tree` in the words of the project's own warehouse; None where that is not known.
    """

    model: str
    inputs: tuple[Input, ...]
    tree: exp.Query
    version: str | int | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ""
    digest: str = ""
    written: exp.Query | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model gets no unit tests.

    Attributes:
        hint: what a person can do about it; "" for nothing.
    """

    model: str
    why: str
    hint: str = ""
