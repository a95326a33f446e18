"""Lineage as Mermaid and DOT: what is drawn, that no name can break it, and how much is too much."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aidbt.core.errors import UsageError
from aidbt.lineage.exports import dot, mermaid
from aidbt.lineage.graph import Lineage, NodeLineage
from tests.aidbt.lineage.lineages import column, layered, shop

PICTURES = {
    "a_column": ("dim_customer.total_eur", {}),
    "a_column_with_rows": ("fct_orders.email", {"rows": True}),
    "a_column_upstream": ("fct_orders.amount_eur", {"downstream": False, "depth": 1}),
    "a_node": ("stg_crm__users", {}),
    "the_project": (None, {}),
}


@pytest.mark.parametrize(("draw", "ending"), [(mermaid, "mmd"), (dot, "dot")])
@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_as_it_was_reviewed(draw, ending, name, golden: Path, update_golden: bool):
    text, options = PICTURES[name]
    lineage = shop()
    file = golden / "lineage_pictures" / f"{name}.{ending}"

    picture = draw(lineage, lineage.find(text) if text else None, **options)

    if update_golden:
        file.write_text(picture)
    assert picture == file.read_text()


def test_a_column_that_nothing_is_made_of_is_a_picture_of_itself():
    lineage = shop()

    assert mermaid(lineage, lineage.find("stg_crm__users.loaded_by")) == (
        "flowchart LR\n"
        '  subgraph n0["stg_crm__users"]\n'
        '    n0c0["loaded_by"]\n'
        "  end\n"
        "  classDef focus stroke-width:3px\n"
        "  class n0c0 focus\n"
    )


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(1, {"n0", "n1", "n2"}), (2, {"n0", "n1", "n2", "n3", "n4"})],
)
def test_steps_around_a_node_are_counted(depth: int, expected: set[str]):
    lineage = shop()

    picture = mermaid(lineage, lineage.find("stg_crm__users"), depth=depth)

    assert set(re.findall(r"^  (n\d+)\W*\"", picture, re.MULTILINE)) == expected


def test_a_parent_that_is_no_node_is_left_out_of_a_picture_of_nodes():
    node = NodeLineage("model.a", "a", "model", parents=("external.x", "model.a"))
    lineage = Lineage({node.unique_id: node})

    assert "-->" not in mermaid(lineage)
    assert "->" not in dot(lineage, lineage.find("a"))


# --- names --------------------------------------------------------------------------------------------

# What each of the two reads inside of a label, and what once went wrong in other tools.
AWKWARD = [
    'a"b', "%%{init: {}}%%", "style: a#b;", "`code`", "#quot;", "&lt;", "a\\nb", "a\nb", "1. x", "- y", "end",
    "__x__", "</script>", "Größe 数量", "👩‍👩‍👧", "\ud800", "\x00", "x" * 500, " ", "; click n0 call f()",
]  # fmt: skip


def one_column(name: str) -> Lineage:
    source = NodeLineage("source.a", name, "source", columns=(column(name),))
    model = NodeLineage("model.b", "b", "model", columns=(column("x", ("source.a", name, "rename")),))
    return Lineage({source.unique_id: source, model.unique_id: model})


def all_awkward(test):
    for name in AWKWARD:
        test = example(name)(test)
    return test


@all_awkward
@given(st.text(min_size=1))
def test_no_name_ends_a_label_of_mermaid_or_means_anything_in_it(name: str):
    lineage = one_column(name)

    lines = mermaid(lineage, lineage.find("model.b.x")).splitlines()

    assert lines[0] == "flowchart LR"
    label = re.fullmatch(r'  subgraph n0\["(.*)"\]', lines[1])
    assert label is not None
    assert lines[2] == f'    n0c0["{label[1]}"]'
    plain = re.sub(r"#\d+;", "#", label[1])
    assert all(letter.isalnum() or letter in " _.-#" for letter in plain)
    for run in re.finditer(r"[_.-]+", plain):
        around = plain[: run.start()][-1:], plain[run.end() :][:1]
        assert all(letter.isalnum() for letter in around), "it stands where Markdown may mean something"
    label[1].encode()


@all_awkward
@given(st.text(min_size=1))
def test_no_name_ends_a_label_of_dot_or_means_anything_in_it(name: str):
    lineage = one_column(name)

    lines = dot(lineage, lineage.find("model.b.x")).splitlines()

    label = re.fullmatch(r'    label="((?:[^"\\]|\\["\\])*)";', lines[5])
    assert label is not None
    assert lines[6] == f'    n0c0 [label="{label[1]}"];'
    assert not re.search(r"&(?!amp;)", label[1])
    label[1].encode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("stg_crm__orders", "stg_crm__orders"),
        ("crm.orders-2 b", "crm.orders-2 b"),
        ("_loaded_at_", "#95;loaded_at#95;"),
        ('a"b', "a#34;b"),
        ("1. x", "1#46; x"),
        (" ", "#40;no name#41;"),
        ("x" * 500, f"{'x' * 40}#8230;{'x' * 19}"),
    ],
)
def test_names_stay_readable_in_mermaid(name: str, shown: str):
    lineage = one_column(name)

    assert mermaid(lineage, lineage.find("model.b.x")).splitlines()[1] == f'  subgraph n0["{shown}"]'


# --- how much -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("draw", "most"), [(mermaid, "500"), (dot, "5,000")])
def test_more_than_a_tool_draws_is_refused_with_what_to_do(draw, most: str):
    lineage = layered(3_000, 1, width=100)

    with pytest.raises(UsageError, match=f"more than {most} are not drawn") as caught:
        draw(lineage)

    assert "--depth" in str(caught.value.hint)
    assert "-->" in mermaid(lineage, lineage.find("layer_3_model_4"), depth=2)


def test_text_longer_than_mermaid_reads_is_refused():
    names = [f"{number:03}_{'long_' * 30}" for number in range(300)]
    source = NodeLineage("source.a", "a", "source", columns=tuple(column(name) for name in names))
    uses = [("source.a", name, "expression") for name in names]
    model = NodeLineage("model.b", "b", "model", columns=(column("x", *uses),))
    wide = Lineage({source.unique_id: source, model.unique_id: model})
    assert len(mermaid(wide, wide.find("b.x"))) <= 50_000

    more = {f"source.{n}": NodeLineage(f"source.{n}", "#" * 60, "source") for n in range(300)}
    with pytest.raises(UsageError, match="characters"):
        mermaid(Lineage(more))
