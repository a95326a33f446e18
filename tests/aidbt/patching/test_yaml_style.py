"""YAML as a person would write it, in the style of the files that are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import parse_yaml
from aidbt.core.errors import WriteError
from aidbt.patching import Flow, YamlStyle, dump_yaml, infer_style
from aidbt.patching.yaml_style import plain
from tests.aidbt.patching.strategies import STYLES, values

CORPUS = Path(__file__).parent / "corpus"

SHOP = {
    "version": 2,
    "models": [
        {
            "name": "stg_orders",
            "description": "One row per order: {{ doc('orders') }}",
            "columns": [
                {"name": "id", "data_tests": ["unique", "not_null"]},
                {
                    "name": "status",
                    "description": "Where it is.\n\nSee the shop's manual.\n",
                    "data_tests": [
                        {"accepted_values": {"arguments": {"values": Flow(["new", "paid", "no"])}}}
                    ],
                },
            ],
        },
        {"name": "stg_items", "config": Flow({"tags": ["a", "b, c"], "enabled": False}), "columns": []},
    ],
}

LABS = """\
version: 2

models:
  - name: stg_orders
    description: "One row per order: {{ doc('orders') }}"
    columns:
      - name: id
        data_tests:
          - unique
          - not_null
      - name: status
        description: |
          Where it is.

          See the shop's manual.
        data_tests:
          - accepted_values:
              arguments:
                values: [new, paid, 'no']

  - name: stg_items
    config: {tags: [a, 'b, c'], enabled: false}
    columns: []
"""

OTHERS = """\
version: 2
models:
- name: "stg_orders"
  description: "One row per order: {{ doc('orders') }}"
  columns:
  - name: "id"
    data_tests: ["unique", "not_null"]

  - name: "status"
    description: |
        Where it is.

        See the shop's manual.
    data_tests:
    - accepted_values:
          arguments:
              values: ["new", "paid", "no"]
- name: "stg_items"
  config: {tags: ["a", "b, c"], enabled: false}
  columns: []
"""


def test_the_default_style_is_dbt_labs_own():
    assert dump_yaml(SHOP, YamlStyle()) == LABS


def test_every_part_of_another_style_is_kept():
    style = YamlStyle(
        indent=4, list_indent=0, quote_word="double", quote="double", flow_lists=True, blank_lines=(0, 0, 1)
    )

    assert dump_yaml(SHOP, style) == OTHERS


@pytest.mark.parametrize("text", [LABS, OTHERS, LABS.replace("\n", "\r\n"), OTHERS.rstrip()])
def test_the_style_of_a_text_is_found_again(text: str):
    assert dump_yaml(SHOP, infer_style([text])) == text


def test_the_majority_of_files_decides():
    windows = LABS.replace("\n", "\r\n")

    assert infer_style([OTHERS, LABS, windows.rstrip(), windows]).line_end == "\r\n"
    assert infer_style([OTHERS, OTHERS, LABS]).list_indent == 0
    assert infer_style([OTHERS, LABS, LABS]).list_indent == 2


def test_a_tie_and_what_no_file_shows_are_as_in_the_default():
    assert infer_style([]) == YamlStyle()
    assert infer_style(["a:\n- x\n", "a:\n  - x\n"]).list_indent == 2
    team = YamlStyle(list_indent=0, quote="double", blank_lines=(2,))
    assert infer_style(["a: 1\n"], default=team) == team


def test_a_file_that_is_no_yaml_teaches_nothing():
    assert infer_style(["{% if x %}", "a: 1\n---\nb:\n- x\n", "a: [1", "a:\n- x\n"]).list_indent == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("snapshots_macros", {"flow_lists": True, "flow_exceptions": frozenset()}),
        ("labs_staging", {"indent": 2, "list_indent": 2, "blank_lines": (1, 1)}),
        ("indentless_quoted", {"list_indent": 0, "quote_word": "double", "quote_text": "double"}),
        ("deep_and_wide", {"indent": 4, "list_indent": 4, "entry_indent": 4, "blank_lines": (1, 2, 1)}),
        ("flow_style", {"flow_lists": True}),
        ("comments_anywhere", {"flow_lists": False, "line_end": "\n", "quote_word": "plain"}),
        ("no_final_newline", {"final_newline": False}),
        ("semantic_layer", {"list_indent": 0, "quote_word": "plain"}),
    ],
)
def test_the_styles_people_write_in_are_recognised(name: str, expected: dict[str, Any]):
    found = infer_style([(CORPUS / f"{name}.yml").read_text()])

    assert found == replace(found, **expected)


def test_a_long_text_is_written_as_the_files_do():
    text = "A description of more than eighty characters, as those who care about their readers write them."

    assert dump_yaml({"description": text}) == f"description: {text}\n"
    assert dump_yaml({"description": text}, YamlStyle(long_text="|")) == f"description: |-\n  {text}\n"
    folded = dump_yaml({"description": text}, YamlStyle(long_text=">"))
    assert folded == (
        "description: >-\n"
        "  A description of more than eighty characters, as those who care about their\n"
        "  readers write them.\n"
    )
    assert infer_style([folded]).long_text == ">"


def test_a_flow_list_that_is_too_long_is_written_with_dashes():
    values = Flow([f"value_{n}" for n in range(5)])

    assert dump_yaml({"values": values}) == "values: [value_0, value_1, value_2, value_3, value_4]\n"
    assert dump_yaml({"values": values}, YamlStyle(flow_width=20)).startswith("values:\n  - value_0\n")


@pytest.mark.parametrize(
    "text",
    "yes No ON off y N true null ~ 1 1.5 1e3 0x1f 0755 1_000 12:30:45 2024-01-31 .inf .NaN - ? : , [ ] { }"
    " # & * ! | > ' \" % @ ` = <<".split()
    + [
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "a:",
        "- a",
        "{{ x }}",
        "{% x %}",
        "...",
        "---",
        "a\tb",
        "\ufeffa",
        "\x00",
    ],
)
def test_a_text_that_yaml_would_read_as_something_else_is_quoted(text: str):
    for value in (text, {"a": text}, [text], {text: 1}, Flow([text, text]), Flow({text: text})):
        written = dump_yaml(value)

        assert parse_yaml(written, "x") == plain(value)
        assert "'" in written or '"' in written


@pytest.mark.parametrize(
    "text",
    ["a-b", "a:b", "ref('x')", "it's", "größer 夏", "decimal(18,2)", "a {{ x }} b", "Über #1? No: never!"],
)
def test_a_text_that_needs_no_quotes_gets_none(text: str):
    if ": " in text or " #" in text:
        assert dump_yaml({"a": text}) == f"a: '{text}'\n"
    else:
        assert dump_yaml({"a": text}) == f"a: {text}\n"


@pytest.mark.parametrize("value", [object(), {"a": b"x"}, {1: "x"}, {"k" * 2000: 1}, "\ud800", [{1, 2}]])
def test_what_yaml_files_do_not_hold_is_refused(value: Any):
    with pytest.raises(WriteError):
        dump_yaml(value)


TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="ab \n\t'\"#:-{}[],|>\\", max_size=20),
    st.sampled_from(
        ["word " * 30, "one\n\n two \n", "a\n \nb\n", "x\n\n", "\n", "http://a.b/c#d", "a\r\nb\u2028c"]
    ),
)
LEAVES = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.just([]), st.just({})
)
VALUES = values(LEAVES, TEXTS)


def check_a_value(value: Any, style: YamlStyle, indent: int) -> None:
    written = dump_yaml(value, style, indent=indent)

    assert parse_yaml(written, "x") == plain(value)
    assert yaml.load(written, Loader=yaml.SafeLoader) == plain(value)  # PyYAML's own parser, not libyaml's
    assert dump_yaml(value, style, indent=indent) == written
    if isinstance(value, dict):
        assert list(parse_yaml(written, "x")) == list(value)


@settings(deadline=None)
@given(VALUES, STYLES, st.integers(0, 3))
def test_what_is_written_reads_as_the_value(value: Any, style: YamlStyle, indent: int):
    check_a_value(value, style, indent)


@pytest.mark.long
@settings(max_examples=2000, deadline=None)
@given(VALUES, STYLES, st.integers(0, 3))
def test_whatever_is_written_reads_as_the_value(value: Any, style: YamlStyle, indent: int):
    check_a_value(value, style, indent)


@settings(max_examples=50, deadline=None)
@given(VALUES, STYLES)
def test_the_style_inferred_from_what_was_written_writes_it_again(value: Any, style: YamlStyle):
    value = {"models": [{"name": "a", "columns": [{"name": "b", "x": value}]}]}
    written = dump_yaml(value, style)

    assert parse_yaml(dump_yaml(value, infer_style([written])), "x") == plain(value)
