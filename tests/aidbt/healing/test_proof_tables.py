"""What speaks against a table that a mend built, and what a commit makes anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.healing.proof.changed import changed, with_below
from aidbt.healing.proof.tables import doubts
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

COLUMNS = (ColumnState("id", "bigint"), ColumnState("mail", "varchar"))
KEYED = KeyedRows(("id",), 2**64 - 1, ("id", "mail"), {1: (1, 7), 2: (2, 8)})
THEN = TableState("main", "orders", COLUMNS, rows=100, keyed=KEYED)


def said(now: TableState, *, is_same_code: bool = True) -> list[str]:
    return list(doubts("orders", THEN, now, is_same_code=is_same_code))


def test_a_table_as_before_or_with_more_rows_and_columns_is_not_doubted():
    more = replace(KEYED, values={**KEYED.values, 3: (3, 9)})
    grown = replace(THEN, rows=140, columns=(*COLUMNS, ColumnState("new", "bigint")), keyed=more)

    assert said(THEN) == said(grown) == []


OTHER_VALUE = replace(THEN, keyed=replace(KEYED, values={1: (1, 7), 2: (2, None)}))
RETYPED = replace(THEN, columns=(COLUMNS[0], ColumnState("mail", "bigint")))


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (replace(THEN, columns=COLUMNS[:1]), "has no column mail any more"),
        (RETYPED, "of another type: mail"),
        (replace(THEN, rows=0), "has 0 rows, at the last good run 100"),
        (replace(THEN, rows=60), "has 60 rows"),
        (replace(THEN, rows=151), "has 151 rows"),
        (replace(THEN, keyed=None), "is not unique by id any more"),
        (OTHER_VALUE, "orders.mail is another one in 1 of 2 rows of the same key"),
        (replace(THEN, is_measured=False), "could not be measured"),
    ],
)
def test_what_is_not_as_before_is_doubted(now: TableState, why: str):
    assert any(why in doubt for doubt in said(now))


def test_where_people_meant_a_change_values_and_types_may_be_others():
    assert said(OTHER_VALUE, is_same_code=False) == said(RETYPED, is_same_code=False) == []
    assert said(replace(THEN, rows=0), is_same_code=False) != []


def node(name: str, checksum: str = "1", reads: tuple[str, ...] = (), macros: tuple[str, ...] = ()) -> Node:
    raw = {"depends_on": {"macros": list(macros)}}
    return Node(f"model.shop.{name}", "model", name, "", depends_on=reads, checksum=checksum, raw=raw)


def manifest(*nodes: Node, macros: dict[str, str] | None = None, table: str = "orders") -> Manifest:
    source = Node("source.shop.crm.orders", "source", "orders", "", identifier=table)
    raw = {"macros": {k: {"macro_sql": v, "depends_on": {"macros": ["m.low"] if k == "m.top" else []}}
                      for k, v in (macros or {}).items()}}  # fmt: skip
    metadata = ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {})
    return Manifest(metadata, {n.unique_id: n for n in nodes}, {source.unique_id: source}, {}, raw)


STG = node("stg", reads=("source.shop.crm.orders",))
TOP = node("top", reads=("model.shop.stg",), macros=("m.top",))
MACROS = {"m.top": "a", "m.low": "b"}


def test_own_text_macros_however_deep_and_the_place_of_a_source_make_a_node_anew():
    good = manifest(STG, TOP, macros=MACROS)

    assert changed(good, manifest(STG, TOP, macros=MACROS)) == set()
    assert changed(good, manifest(replace(STG, checksum="2"), TOP, macros=MACROS)) == {"model.shop.stg"}
    assert changed(good, manifest(STG, TOP, macros={**MACROS, "m.low": "c"})) == {"model.shop.top"}
    assert changed(good, manifest(STG, TOP, macros=MACROS, table="orders_v2")) == {"model.shop.stg"}
    assert changed(good, manifest(STG, TOP, node("new"), macros=MACROS)) == {"model.shop.new"}


def test_what_hangs_on_it_is_built_too():
    assert with_below({"model.shop.stg"}, manifest(STG, TOP)) == {"model.shop.stg", "model.shop.top"}
