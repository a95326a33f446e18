"""The data of changed tables, as two schemas hold them, compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.config import BudgetSettings
from aidbt.core.errors import AidbtError
from aidbt.core.schema import Column, Relation
from aidbt.lineage.graph import ColumnRef, Lineage, NodeLineage
from aidbt.lineage.schemas import PII_TAG
from aidbt.review.data_diff import compare_relations
from aidbt.review.diff_values import DataDiff
from aidbt.review.diff_words import describe
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve, Purpose, RunsAs, require_approval, scan_plan
from aidbt.warehouse.pii import guess_pii

# What dbt writes into snapshots when it runs: two builds never agree in it.
_OF_THE_RUN = frozenset({"dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"})


@dataclass(frozen=True, slots=True)
class Pair:
    """One node as two schemas hold it; None where one does not have it."""

    unique_id: str
    name: str
    base: Relation | None
    head: Relation | None


@dataclass(frozen=True, slots=True)
class NodeData:
    """What became of the data of one changed node.

    Attributes:
        diff: None where it could not be compared; `why` says why not.
        sentences: what differs, ranked by weight; values of personal data are in none of them.
    """

    unique_id: str
    name: str
    diff: DataDiff | None = None
    sentences: tuple[str, ...] = ()
    why: str = ""


def compare_pairs(
    warehouse: Warehouse,
    pairs: Sequence[Pair],
    base: Lineage,
    head: Lineage,
    *,
    budget: BudgetSettings,
    runs_as: RunsAs,
    approve: Approve | None = None,
    sample_above_rows: int,
    sample_rows: int,
) -> list[NodeData]:
    """The data diff of each pair, matched by the key that both sides declare.

    Raises:
        BudgetExceeded: the scans cost more than is allowed, and nobody agreed.
        WarehouseError: the warehouse cannot be opened. A table that it refuses is said and left out.
    """
    found: dict[str, NodeData] = {}
    whole: list[tuple[Pair, Relation, Relation]] = []
    for pair in pairs:
        if pair.base is None or pair.head is None:
            side = "base" if pair.base is None else "head"
            found[pair.unique_id] = NodeData(pair.unique_id, pair.name, why=f"it is not there on {side}")
        else:
            whole.append((pair, pair.base, pair.head))
    if whole:
        scanned = [relation for _, *relations in whole for relation in relations]
        wanted: list[tuple[Relation, tuple[Purpose, ...]]] = [
            (relation, ("profile",)) for relation in scanned
        ]
        require_approval(scan_plan(wanted, runs_as=runs_as), budget, approve)
        with warehouse.connect() as connection:
            for pair, one, other in whole:
                try:
                    diff = compare_relations(
                        connection,
                        one,
                        other,
                        keys=_key(base.nodes.get(pair.unique_id), head.nodes.get(pair.unique_id)),
                        sample_above_rows=sample_above_rows,
                        sample_rows=sample_rows,
                        ignore=[c for c in one.column_names if c.casefold() in _OF_THE_RUN],
                        pii=sorted(pii_columns(pair, (base, head))),
                    )
                except AidbtError as error:
                    found[pair.unique_id] = NodeData(pair.unique_id, pair.name, why=error.message)
                else:
                    sentences = tuple(describe(diff))
                    found[pair.unique_id] = NodeData(pair.unique_id, pair.name, diff, sentences)
    return [found[pair.unique_id] for pair in pairs]


def pii_columns(pair: Pair, lineages: Iterable[Lineage]) -> set[str]:
    """The columns of a pair that hold personal data: tagged here or upstream, or so by their name."""
    columns = {c.name: c for side in (pair.base, pair.head) if side is not None for c in side.columns}
    found = {name for name, column in columns.items() if _is_guessed(column, pair.name, columns)}
    for lineage in lineages:
        node = lineage.nodes.get(pair.unique_id)
        for column in node.columns if node is not None else ():
            tags = lineage.carried_tags.get(ColumnRef(pair.unique_id, column.name), {})
            if PII_TAG in tags:
                found |= {name for name in columns if name.casefold() == column.name.casefold()}
    return found


def _is_guessed(column: Column, table: str, siblings: Collection[str]) -> bool:
    return guess_pii(column, [], table=table, siblings=list(siblings)) is not None


def _key(base: NodeLineage | None, head: NodeLineage | None) -> tuple[str, ...]:
    """The smallest key that both sides declare, else the head's; () without any."""
    keys = list(_keys(head))
    shared = [key for key in keys if set(key) in [set(other) for other in _keys(base)]]
    return min(shared or keys, key=lambda key: (len(key), key), default=())


def _keys(node: NodeLineage | None) -> Iterator[tuple[str, ...]]:
    for key in node.unique if node is not None else ():
        columns = [node.column(name) for name in key] if node is not None else []
        # As the columns are written, where they are known.
        yield tuple(column.name if column else name for column, name in zip(columns, key, strict=True))
