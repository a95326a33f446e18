"""What the generator knows of a project: its relations, and by construction what each column is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

ColumnOf = tuple[str, str]
"""A column of a node: ("model.shop.stg_orders_1", "id")."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a node's columns are made of.

    Attributes:
        edges: output column → the columns of other nodes that its values are made of.
        either: output column → sets of columns that are always equal there; one at least must be said.
        rows: the columns that decide which rows there are.
        free: edges that no run can show, and that may be said all the same; "(rows)" for those of the rows.
    """

    edges: dict[str, frozenset[ColumnOf]]
    either: dict[str, frozenset[frozenset[ColumnOf]]] = field(default_factory=dict)
    rows: frozenset[ColumnOf] = frozenset()
    free: dict[str, frozenset[ColumnOf]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relation:
    """One source, seed, model or snapshot.

    Attributes:
        call: how dbt's Jinja names it: "{{ ref('stg_orders_1') }}".
        stored: how SQL names it: '"shop"."main"."stg_orders_1"'.
        columns: name → DuckDB type, in order.
        shape: the table of the corpus that it has exactly the columns of; "" when of none.
        truth: None where dbt or a person says what the columns are, as for a source.
        level: how many models stand above it.
    """

    unique_id: str
    call: str
    stored: str
    columns: dict[str, str]
    shape: str = ""
    truth: Truth | None = None
    level: int = 0

    @property
    def name(self) -> str:
        """What dbt calls it."""
        return self.unique_id.rpartition(".")[2]


def quoted(name: str) -> str:
    """An identifier as SQL takes it always."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
