"""Edits of YAML that people wrote: the change is there, and nothing else."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import parse_yaml
from aidbt.core.errors import EditConflict, SettingsError
from aidbt.patching import AddItem, Flow, SetKey, YamlStyle, dump_yaml, edit_yaml, edit_yaml_where_possible
from tests.aidbt.patching.strategies import STYLES, values

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yml"))
VALUES: list[Any] = [
    "word",
    "A sentence: with a colon",
    "two\nlines\n",
    None,
    {"name": "x", "tests": ["unique", {"accepted_values": {"values": ["a", "no"]}}]},
    ["not_null"],
]
# The new text as a whole is compared, so values that YAML does not find equal to themselves are out.
LINE_ENDS = {
    "lf": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "bom": lambda text: "\ufeff" + text,
}


def value_of(text: str) -> Any:
    return parse_yaml(text, "x.yml", repeated_keys=True)


def same(one: Any, other: Any) -> bool:
    """Equal in type as well, and NaN to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


def places(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Everything that something can be added to: mappings, lists, and what is empty."""
    if isinstance(value, dict):
        yield steps, value
        for key, item in value.items():
            if isinstance(key, str):
                yield from places(item, (*steps, key))
    elif isinstance(value, list):
        yield steps, value
        for number, item in enumerate(value):
            yield from places(item, (*steps, number))
    elif value is None:
        yield steps, value


def insertions(value: Any) -> Iterator[SetKey | AddItem]:
    """Every change that adds something somewhere."""
    for number, (steps, here) in enumerate(places(value)):
        new = VALUES[number % len(VALUES)]
        if not isinstance(here, list):
            yield SetKey(steps, "added", new)
            yield SetKey(steps, "added", new, after=("name", "description"))
        if not isinstance(here, dict):
            yield AddItem(steps, new)


def intended(value: Any, change: SetKey | AddItem) -> Any:
    """The change made to the value, with nothing of the code under test."""
    top = {"": copy.deepcopy(value)}
    holder: Any = top
    *way, last = ("", *change.at)
    for step in way:
        holder = holder[step]
    if isinstance(change, SetKey):
        holder[last] = dict(holder[last] or {})  # what an alias repeats stays as it is
        holder[last][change.key] = change.value
    else:
        holder[last] = [*(holder[last] or []), change.value]
    return top[""]


def equal_but_for_order(one: Any, other: Any) -> bool:
    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value, key=repr)}
        return [ordered(item) for item in value] if isinstance(value, list) else value

    return same(ordered(one), ordered(other))


def is_kept(before: str, after: str, *, replaced: int = 0) -> bool:
    """Whether `after` is `before` with one piece put in (which may replace an empty value), or several."""
    start = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    rest, new_rest = before[start:][::-1], after[start:][::-1]
    end = next((n for n, (a, b) in enumerate(zip(rest, new_rest, strict=False)) if a != b), len(rest))
    if start + end >= len(before) - replaced:
        return True
    characters = iter(after)
    return all(char in characters for char in before)


@pytest.mark.parametrize("line_ends", LINE_ENDS)
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_insertion_keeps_every_byte_and_gives_the_intended_value(path: Path, line_ends: str):
    text = LINE_ENDS[line_ends](path.read_bytes().decode())
    before = value_of(text)
    made = 0

    for change in insertions(before):
        try:
            after = edit_yaml(text, [change], path=path.name)
        except EditConflict as error:
            assert refused_rightly(path, str(error)), (change, error)
            continue
        made += 1
        empty = not holder(before, change.at)
        assert is_kept(text, after, replaced=len(" null") if empty else 0), (change, after)
        assert equal_but_for_order(value_of(after), intended(before, change)), (change, after)
        assert after.count("\r") == (after.count("\n") if line_ends == "crlf" else 0)

    assert made > 5


def holder(value: Any, steps: tuple[Any, ...]) -> Any:
    for step in steps:
        value = value[step]
    return value


# What is refused, in the files that have it.
REFUSED = {"anchors_everywhere": ("repeated", "repetition", "merge"), "duplicate_keys": ("stands twice",)}


def refused_rightly(path: Path, message: str) -> bool:
    return any(words in message for words in REFUSED.get(path.stem, ()))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_all_insertions_of_a_file_can_be_made_at_once(path: Path):
    text = path.read_bytes().decode()
    value = value_of(text)
    changes, one_by_one = [], text
    for change in insertions(value):
        try:
            one_by_one = edit_yaml(one_by_one, [change], path=path.name)
        except EditConflict:
            continue
        changes.append(change)

    at_once = edit_yaml(text, changes, path=path.name)

    assert equal_but_for_order(value_of(at_once), value_of(one_by_one))
    characters = iter(at_once)
    assert all(
        char in characters
        for char in text.replace("~", "").replace("null", "").replace("[]", "").replace("{}", "")
    )


# --- what the change looks like ---------------------------------------------------------------------------


def edited(text: str, *changes: SetKey | AddItem, style: YamlStyle | None = None) -> str:
    return edit_yaml(text, changes, path="models/_models.yml", style=style)


MODEL = ("models", {"name": "a"})
COLUMN = (*MODEL, "columns", {"name": "id"})

LOOKS = {
    "a test goes behind the last one, before the comment of the next column": (
        "models:\n- name: a\n  columns:\n  - name: id\n    tests:\n    - unique  # slow\n\n"
        "  # money\n  - name: x\n",
        [AddItem((*COLUMN, "tests"), "not_null")],
        "models:\n- name: a\n  columns:\n  - name: id\n    tests:\n    - unique  # slow\n    - not_null\n\n"
        "  # money\n  - name: x\n",
    ),
    "a new entry goes behind the comments that belong to the one above": (
        "models:\n  - name: a\n    columns:\n      - name: id\n        # - not_null\n",
        [AddItem((*MODEL, "columns"), {"name": "x"}), AddItem(("models",), {"name": "b"})],
        "models:\n  - name: a\n    columns:\n      - name: id\n        # - not_null\n      - name: x\n\n"
        "  - name: b\n",
    ),
    "a key takes its place in dbt's order": (
        "models:\n  - name: a  # the first\n    columns: []\n",
        [
            SetKey(MODEL, "config", {"tags": Flow(["x", "z"])}, after=("name", "description")),
            SetKey(MODEL, "description", "What a is.", after=("name",)),
        ],
        "models:\n  - name: a  # the first\n    description: What a is.\n    config:\n      tags: [x, z]\n"
        "    columns: []\n",
    ),
    "a flow list stays one": (
        "models:\n  - name: a\n    tests: [ 'unique' ]  # short\n",
        [AddItem((*MODEL, "tests"), "not_null"), AddItem((*MODEL, "tests"), {"x": {"to": "ref('b')"}})],
        "models:\n  - name: a\n    tests: [ 'unique', 'not_null', {x: {to: \"ref('b')\"}} ]  # short\n",
    ),
    "a new short list is a flow list where those are the habit": (
        "models:\n  - name: a\n    tests: [unique]\n    columns:\n      - name: id\n",
        [SetKey(COLUMN, "tests", ["unique", "not_null"])],
        "models:\n  - name: a\n    tests: [unique]\n    columns:\n      - name: id\n"
        "        tests: [unique, not_null]\n",
    ),
    "an empty list becomes a block": (
        "models:\n  - name: a\n    columns: []  # none yet\n",
        [AddItem((*MODEL, "columns"), {"name": "id", "tests": ["unique"]})],
        "models:\n  - name: a\n    columns:  # none yet\n      - name: id\n        tests:\n"
        "          - unique\n",
    ),
    "a key with nothing behind it is filled": (
        "models:\n- name: a\n  config:  # none yet\n  columns:\n",
        [SetKey((*MODEL, "config"), "tags", "x"), AddItem((*MODEL, "columns"), {"name": "id"})],
        "models:\n- name: a\n  config:  # none yet\n    tags: x\n  columns:\n  - name: id\n",
    ),
    "what an earlier change brings can be changed": (
        "models:\n  - name: a\n",
        [
            SetKey(MODEL, "columns", []),
            AddItem((*MODEL, "columns"), {"name": "id", "tests": ["unique"]}),
            SetKey(COLUMN, "description", "The key.", after=("name",)),
            AddItem((*COLUMN, "tests"), "not_null"),
        ],
        "models:\n  - name: a\n    columns:\n      - name: id\n        description: The key.\n"
        "        tests:\n          - unique\n          - not_null\n",
    ),
    "the quotes and the blank lines are those of the file": (
        'models:\n  - name: "a"\n    description: "x y"\n\n  - name: "b"\n',
        [AddItem(("models",), {"name": "c", "description": "One row per c."})],
        'models:\n  - name: "a"\n    description: "x y"\n\n  - name: "b"\n\n'
        '  - name: "c"\n    description: "One row per c."\n',
    ),
    "a value is replaced and its comment stays": (
        "models:\n  - name: a\n    description: old   # by Ana\n    docs: {show: no}\n"
        "    meta: |\n      x\n\n",
        [
            SetKey(MODEL, "description", "new"),
            SetKey((*MODEL, "docs"), "show", True),
            SetKey(MODEL, "meta", {"owner": "b"}),
        ],
        "models:\n  - name: a\n    description: new   # by Ana\n    docs: {show: true}\n    meta:\n"
        "      owner: b\n\n",
    ),
    "a text that needs it is quoted, one with line breaks is a block": (
        "models:\n  - name: a\n",
        [
            SetKey(MODEL, "description", "{{ doc('a') }}"),
            SetKey(MODEL, "version", "1.10"),
            SetKey(MODEL, "access", "no"),
            SetKey(MODEL, "note", "one\n\n  two"),
        ],
        "models:\n  - name: a\n    description: \"{{ doc('a') }}\"\n    version: '1.10'\n    access: 'no'\n"
        "    note: |-\n      one\n\n        two\n",
    ),
    "a file that holds only comments is started": (
        "# ours\n",
        [SetKey((), "version", 2), SetKey((), "models", [{"name": "a"}])],
        "# ours\nversion: 2\n\nmodels:\n  - name: a\n",
    ),
    "a last line without its end stays without": (
        "models:\n  - name: a",
        [SetKey(MODEL, "description", "x\n")],
        'models:\n  - name: a\n    description: "x\\n"',
    ),
    "what says so already is left as it is": (
        "models:\n  - name: 'a'\n    config: {tags: [ x ]}\n",
        [SetKey(MODEL, "config", {"tags": ["x"]})],
        "models:\n  - name: 'a'\n    config: {tags: [ x ]}\n",
    ),
    "an entry with nothing in it is filled": (
        "a:\n  -   # first\n  - null\n  - []\n",
        [SetKey(("a", 0), "x", {"z": 1}), SetKey(("a", 1), "x", 1), AddItem(("a", 2), {"z": 1})],
        "a:\n  - x:   # first\n      z: 1\n  - x: 1\n  - - z: 1\n",
    ),
    "a new key comes last, behind a key that stands twice": (
        "a: 1\nb: 1\nb: 2\nc: 3\n",
        [SetKey((), "d", 4), SetKey((), "e", 5, after=("b",))],
        "a: 1\nb: 1\nb: 2\ne: 5\nc: 3\nd: 4\n",
    ),
    "an entry is found by two of its keys, or by what is merged into it": (
        'x: &x {name: a, v: "1"}\nmodels:\n  - <<: *x\n    v: 2\n  - name: a\n    v: 1\n',
        [SetKey(("models", {"name": "a", "v": "2"}), "d", "x"), SetKey(("models", {"v": "1"}), "d", "z")],
        'x: &x {name: a, v: "1"}\nmodels:\n  - <<: *x\n    v: 2\n    d: x\n  - name: a\n    v: 1\n    d: z\n',
    ),
    "a key of its own goes into an entry that merges others": (
        "x: &x {tests: [unique]}\nmodels:\n  - <<: *x\n    name: a\n",
        [SetKey(MODEL, "description", "own")],
        "x: &x {tests: [unique]}\nmodels:\n  - <<: *x\n    name: a\n    description: own\n",
    ),
}


@pytest.mark.parametrize("case", LOOKS)
def test_an_edit_reads_like_the_file_around_it(case: str):
    before, changes, after = LOOKS[case]

    assert edited(before, *changes) == after


def test_what_the_file_does_not_show_is_written_in_the_style_given():
    style = YamlStyle(list_indent=0, quote_text="double")

    after = edited("version: 2\n", SetKey((), "models", [{"name": "a", "description": "x y"}]), style=style)

    assert after == 'version: 2\n\nmodels:\n- name: a\n  description: "x y"\n'


def test_two_thousand_insertions_in_ten_thousand_lines_are_made_at_once():
    columns = "".join(
        f"      - name: c{n}\n        # the {n}th\n        tests:\n          - unique\n\n"
        for n in range(2000)
    )
    text = f"models:\n  - name: a\n    columns:\n{columns}"
    at = (*MODEL, "columns")

    after = edited(text, *(AddItem((*at, {"name": f"c{n}"}, "tests"), "not_null") for n in range(2000)))

    assert after == text.replace("- unique\n", "- unique\n          - not_null\n")


# --- what is refused --------------------------------------------------------------------------------------

REFUSALS = {
    "no YAML": ("a: [1\nb: 2\n", SetKey((), "c", 1), "models/_models.yml:2: ", "quotes"),
    "a tab": ("a:\n\tb: 1\n", SetKey((), "c", 1), "models/_models.yml:2: ", "spaces, not tabs"),
    "two documents": ("a: 1\n---\nb: 2\n", SetKey((), "c", 1), "models/_models.yml:2: ", "one document"),
    "a missing place": (
        "models:\n  - name: stg_orders\n",
        SetKey(("models", {"name": "stg_order"}), "x", 1),
        "models/_models.yml:2: 'models.stg_order' does not exist",
        "did you mean 'stg_orders'?",
    ),
    "a missing key": ("models: []\n", AddItem(("model",), 1), "'model' does not exist", "'models'"),
    "a missing entry of two keys": (
        "a: [{b: x, c: y}]\n",
        SetKey(("a", {"b": "x", "c": "z"}), "d", 1),
        "'a.x.z' does not exist",
        "did you mean 'x y'?",
    ),
    "an entry too far": ("a: [1]\n", SetKey(("a", 1), "x", 1), "'a.1' does not exist", None),
    "a name given twice": (
        "models:\n- name: a\n- name: a\n",
        SetKey(MODEL, "x", 1),
        "2 entries are 'models.a' (lines 2, 3)",
        "keep one",
    ),
    "a key given twice": (
        "a: 1\nb: {}\nb: {}\n",
        SetKey(("b",), "x", 1),
        ":3: the key 'b' stands twice",
        "join",
    ),
    "an alias": ("a: &x {}\nb: *x\n", SetKey(("b",), "y", 1), ":2: 'b' is *x, a repetition", "write it out"),
    "an anchor in use": ("a: &x {}\nb: *x\n", SetKey(("a",), "y", 1), ":1: 'a' is repeated as *x", "by hand"),
    "inside of an anchor in use": (
        "a: &x {b: {c: 1}}\nd: *x\n",
        SetKey(("a", "b"), "y", 1),
        ":1: 'a' is repeated as *x in line 2",
        "by hand",
    ),
    "a merged key": (
        "a: &x {t: [1]}\nb:\n  <<: *x\n",
        AddItem(("b", "t"), 2),
        ":3: 't' comes from a merge",
        "write 't' out",
    ),
    "an alias in place of a value": ("a: &x 1\nb: *x\n", SetKey((), "b", 2), ":2: ", "by hand"),
    "no mapping": ("a: [1]\n", SetKey(("a",), "x", 1), ":1: 'a' is no mapping", "indentation"),
    "no list": ("a: text\n", AddItem(("a",), "x"), ":1: 'a' is no list", "indentation"),
    "a comment in what is replaced": (
        "a:\n  - x  # mine\n  - y\n",
        SetKey((), "a", "z"),
        ":2: replacing 'a' would remove a comment",
        "by hand",
    ),
    "a block of text at the end without its line end": (
        "models:\n  - name: a\n    description: |\n      x",
        SetKey(MODEL, "y", 1),
        "would change more than it should",
        "line break",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_edited_safely_is_refused_with_a_hint(case: str):
    text, change, message, hint = REFUSALS[case]

    with pytest.raises(EditConflict) as refused:
        edited(text, change)

    assert message in refused.value.message
    assert refused.value.hint is None or (hint or "") in refused.value.hint


def test_one_place_cannot_become_a_list_and_a_mapping():
    with pytest.raises(EditConflict, match="both a list and a mapping"):
        edited("a:\n", SetKey(("a",), "x", 1), AddItem(("a",), 1))


def test_a_change_inside_of_what_another_one_replaces_is_refused():
    with pytest.raises(EditConflict):
        edited("a:\n  b:\n    - 1\n  c: 1\n", AddItem(("a", "b"), 2), SetKey((), "a", 3))


def test_what_is_refused_is_left_to_a_person_and_the_rest_is_made():
    text = "models:\n  - name: a\n    tests: &t\n      - x  # mine\n  - name: b\n    tests: *t\n  - name: c\n"
    changes = [
        SetKey(("models", {"name": "a"}), "description", "A."),
        AddItem(("models", {"name": "b"}, "tests"), "y"),
        SetKey(("models", {"name": "c"}), "columns", []),
        AddItem(("models", {"name": "c"}, "columns"), {"name": "id"}),
        SetKey(("models", {"name": "d"}), "columns", []),
    ]

    done = edit_yaml_where_possible(text, changes, path="x.yml")

    assert done.text == edit_yaml(text, [changes[0], changes[2], changes[3]], path="x.yml")
    assert [change for change, _ in done.refused] == [changes[1], changes[4]]
    assert "repetition" in str(done.refused[0][1])


def test_a_change_that_is_refused_when_it_is_made_does_not_stop_the_others():
    text = "a:\n  - x  # mine\n  - y\nb: 1\nc: 2\n"
    changes = [SetKey((), "b", 2), SetKey((), "a", "z"), SetKey((), "c", 3), SetKey((), "d", 4)]

    done = edit_yaml_where_possible(text, changes, path="x.yml")

    assert done.text == "a:\n  - x  # mine\n  - y\nb: 2\nc: 3\nd: 4\n"
    assert [change for change, _ in done.refused] == [changes[1]]


def test_of_a_text_that_is_no_yaml_every_change_is_refused():
    changes = [SetKey((), "b", 2), SetKey((), "c", 3)]

    done = edit_yaml_where_possible("a: [1\n", changes, path="x.yml")

    assert (done.text, [change for change, _ in done.refused]) == ("a: [1\n", changes)


def test_a_value_set_back_in_the_same_batch_is_not_taken_for_an_unchanged_one():
    with pytest.raises(EditConflict):
        edited("a:\n  b:\n    - 1\n", AddItem(("a", "b"), 2), SetKey(("a",), "b", [1]))
    assert edited("a: 1\n", SetKey((), "a", 2), SetKey((), "a", 1)) == "a: 1\n"


# --- generated files --------------------------------------------------------------------------------------

NAMES = st.sampled_from(["id", "name", "größe", "no", "a: b", "it's", "x y", "1", "夏"])
SCALARS = st.one_of(
    NAMES, st.text(max_size=12), st.integers(-5, 5), st.booleans(), st.none(), st.just("long text " * 12)
)


@st.composite
def commented(draw: st.DrawFn, text: str, line_end: str) -> str:
    """The text with comments and blank lines put between its lines, where they are no part of a value."""
    value = value_of(text)
    lines = text.split(line_end)
    for number in sorted(draw(st.sets(st.integers(0, len(lines) - 1), max_size=5)), reverse=True):
        extra = draw(st.sampled_from(["# mine", "      # - deep", "", "  # x: y", "#"]))
        with_it = [*lines[:number], extra, *lines[number:]]
        if same(read_or_none(line_end.join(with_it)), value):
            lines = with_it
    return line_end.join(lines)


def read_or_none(text: str) -> Any:
    try:
        return value_of(text)
    except SettingsError:
        return None


def check_an_insertion(data: st.DataObject) -> None:
    style = data.draw(STYLES)
    value = data.draw(values(SCALARS, NAMES).filter(lambda v: isinstance(v, dict | list)))
    text = data.draw(commented(dump_yaml(value, style), style.line_end))
    before = value_of(text)
    change = data.draw(st.sampled_from(list(insertions(before))))

    try:
        after = edit_yaml(text, [change], path="x.yml", style=data.draw(STYLES))
    except EditConflict as error:
        assert "line break behind it" in str(error)
        assert not text.endswith(("\n", "\r"))
        return

    empty = not holder(before, change.at)
    assert is_kept(text, after, replaced=len(" null") if empty else 0)
    assert equal_but_for_order(value_of(after), intended(before, change))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_insertion_into_any_generated_file_keeps_every_byte(data: st.DataObject):
    check_an_insertion(data)


@pytest.mark.long
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_any_insertion_into_many_generated_files_keeps_every_byte(data: st.DataObject):
    check_an_insertion(data)
