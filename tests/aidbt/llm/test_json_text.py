"""JSON found in what a model wrote."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.llm.json_text import NOT_JSON, read_json, schema_problems

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), VALUES, max_size=4)


@settings(deadline=None)
@given(OBJECTS, st.text(st.characters(exclude_characters="{<>")), st.text())
def test_an_object_is_found_whatever_stands_around_it(value: dict[str, object], before: str, after: str):
    text = before + json.dumps(value) + after.replace("</think>", "")

    assert read_json(text, {}) == (value, [])


@settings(deadline=None)
@given(st.text(alphabet='{}[]":,a\\1 ', max_size=200))
def test_any_text_gives_an_object_or_a_problem(text: str):
    value, problems = read_json(text, {"type": "object"})

    assert problems == [] if isinstance(value, dict) else problems == [NOT_JSON]


def test_a_hostile_text_takes_no_longer_than_a_long_one():
    for text in ("{" * 10**6, '{"a":' * 10**5, '{"a":' * 300 + "[" * 10**6, "[" * 10**6 + '{"a": 1'):
        started = time.process_time()
        assert read_json(text, {}) == (None, [NOT_JSON])
        assert time.process_time() - started < 5


def test_numbers_and_characters_that_no_json_has_are_problems():
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}

    assert read_json('{"a": Infinity}', schema) == (None, [NOT_JSON])
    assert read_json('{"a": "\\ud800"}', schema)[1] == [
        "the answer holds half of a surrogate pair, which is no character"
    ]
    assert read_json('{"a": %s}' % ("9" * 5_000), schema) == (None, [NOT_JSON])


@pytest.mark.parametrize("depth", [10, 300, 900, 5_000])
def test_a_deeply_nested_answer_is_read_or_a_problem(depth: int):
    value, problems = read_json('{"a":' * depth + "1" + "}" * depth, {"type": "object"})

    assert (value is None) == bool(problems)
    assert depth > 10 or isinstance(value, dict)


def test_problems_say_where_and_are_few_and_short():
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}

    problems = schema_problems(dict.fromkeys("abcdefghij", "x" * 1_000), schema)

    assert len(problems) == 5
    assert problems[0].startswith("a: ")
    assert max(map(len, problems)) <= 300
