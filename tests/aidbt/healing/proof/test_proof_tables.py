"""What speaks against a table that a mend built, and what a commit makes anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aidbt.core.table_state import ColumnState, GoodState, KeyedRows, TableState
from aidbt.healing.evidence.code_changes import CodeChanges, FileChange
from aidbt.healing.proof.building import Aside
from aidbt.healing.proof.changed import changed, with_below
from aidbt.healing.proof.expected import Mended, doubts_about
from aidbt.healing.proof.tables import UNKNOWN, activity, doubts
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


# --- what a night's load explains --------------------------------------------------------------------------


def table(rows: dict[int, tuple[int, ...]], total: int = 0, key: str = "id") -> TableState:
    """A table of (id, mail) whose rows have these hashes; `rows` are a sample of `total`."""
    keyed = KeyedRows((key,), 2**64 - 1, (key, "mail"), rows)
    columns = (ColumnState(key, "bigint"), ColumnState("mail", "varchar"))
    return TableState("main", "orders", columns, rows=total or len(rows), keyed=keyed)


def row(key: int, mail: int) -> dict[int, tuple[int, ...]]:
    return {key: (key, mail)}


NIGHT = {key: (key, 100 + key) for key in range(40)}
SOURCE = table(NIGHT)


def told(then: TableState, now: TableState, source_now: TableState, **more: Any) -> list[str]:
    sources = [activity(SOURCE, source_now)]
    return list(doubts("orders", then, now, is_same_code=True, sources=sources, **more))


def test_a_row_that_was_updated_in_the_source_may_be_another_one_and_no_other_row():
    updated = table(NIGHT | row(3, 999) | {key: (key, 7) for key in range(40, 52)})
    wrong = table({key: (key, 0) for key in range(40)})

    assert told(SOURCE, table(NIGHT | row(3, 999)), updated) == []
    assert told(SOURCE, wrong, updated) == ["orders.mail is another one in 39 of 39 rows of the same key"]


def test_a_table_at_another_grain_may_change_as_far_as_its_sources_did():
    totals = table({key: (key, 1) for key in range(1000, 1020)})
    few = table({key: (key, 2 if key < 1004 else 1) for key in range(1000, 1020)})
    all_of_it = table({key: (key, 2) for key in range(1000, 1020)})
    grown = table(NIGHT | {key: (key, 7) for key in range(40, 43)})

    assert told(totals, few, grown) == []  # three new rows touch four of twenty
    assert told(totals, all_of_it, grown) != []


def test_a_table_grows_and_shrinks_with_its_sources_and_no_further():
    doubled = table(NIGHT, total=80)

    assert told(SOURCE, table(NIGHT, total=100), doubled) == []
    assert "has 130 rows" in told(SOURCE, table(NIGHT, total=130), doubled)[0]
    assert "has 20 rows" in told(SOURCE, table(NIGHT, total=20), SOURCE)[0]
    assert told(table(NIGHT, total=3), table(NIGHT, total=12), SOURCE) == []  # of few rows nothing is said


def test_rows_that_are_set_aside_are_missing_and_a_snapshot_loses_none():
    fewer = table(NIGHT, total=24)

    assert told(SOURCE, fewer, SOURCE) != []
    assert told(SOURCE, fewer, SOURCE, moved=5) == []
    assert told(SOURCE, table(NIGHT, total=39), SOURCE, is_snapshot=True) != []
    assert told(SOURCE, table(NIGHT, total=80), SOURCE, is_snapshot=True) == []


def test_what_a_clock_changes_is_not_compared_but_its_texts_are():
    aged = replace(SOURCE, columns=(ColumnState("id", "bigint"), ColumnState("mail", "integer")))
    older = replace(aged, keyed=table({key: (key, 0) for key in range(40)}).keyed)

    assert told(aged, older, SOURCE) != []
    assert told(aged, older, SOURCE, reads_clock=True) == []


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


# --- a build beside the last good state ------------------------------------------------------------------


def looked_at(code: str, *, reads: tuple[str, ...] = (), files: tuple[FileChange, ...] = ()) -> list[str]:
    """What is said of a model whose values are all others, mended in one file."""
    model = replace(node("orders", reads=reads), path="models/orders.sql", raw={"raw_code": code})
    aside = Aside(
        tables={model.unique_id: table({key: (key, 0) for key in range(40)})},
        sources={"source.shop.crm.orders": SOURCE},
        changed=frozenset((model.unique_id,)), manifest=manifest(model),
    )  # fmt: skip
    good = GoodState(
        "prod", datetime(2026, 3, 1, tzinfo=UTC), "r1", texts={"models/orders.sql": "good"},
        tables={model.unique_id: SOURCE, "source.shop.crm.orders": SOURCE},
    )  # fmt: skip
    mended = Mended({"models/orders.sql": "mended"})
    return list(doubts_about(aside, good, CodeChanges(files), mended, None))


CHANGED = (FileChange("models/orders.sql", "modified", (), "good", "theirs"),)
SOURCED = ("source.shop.crm.orders",)


@pytest.mark.parametrize(
    ("code", "reads", "files", "is_doubted"),
    [
        ("select * from {{ source('crm', 'orders') }}", SOURCED, (), True),
        ("select * from {{ source('crm', 'orders') }}", SOURCED, CHANGED, False),  # people meant a change
        ("select 1 as id", (), (), True),
        ("select random() as mail", SOURCED, (), True),  # its texts are none of a clock's
    ],
)
def test_values_of_what_only_the_mend_changed_are_compared(
    code: str, reads: tuple[str, ...], files: tuple[FileChange, ...], is_doubted: bool
):
    assert bool(looked_at(code, reads=reads, files=files)) is is_doubted


def test_a_model_that_reads_what_nobody_declared_may_have_got_other_rows():
    said = [table(NIGHT | {key: (key, 0) for key in range(20)})]
    few = list(doubts("orders", SOURCE, said[0], is_same_code=True, sources=[UNKNOWN]))
    everything = table({key: (key, 0) for key in range(40)})

    assert few == []
    assert list(doubts("orders", SOURCE, everything, is_same_code=True, sources=[UNKNOWN])) != []
