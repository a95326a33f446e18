"""Merging what a person and aidbt made of one text: nothing lost, nothing made up, conflicts said."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.patching import Conflict, merge_texts

SELECT = "select\n    a,\n    b,\n    c\nfrom t\n"

CLEAN = {
    "only the person changed it": (SELECT, SELECT.replace("b,", "b as bee,"), SELECT),
    "only the tool changed it": (SELECT, SELECT, SELECT.replace("b,", "b as bee,")),
    "both made the same change": (SELECT, SELECT.replace("b", "x"), SELECT.replace("b", "x")),
}


@pytest.mark.parametrize("case", CLEAN)
def test_a_change_of_one_side_or_the_same_of_both_is_taken(case: str):
    base, ours, theirs = CLEAN[case]

    assert merge_texts(base, ours, theirs).text == (ours if ours != base else theirs)


MERGES = {
    "lines that are merely adjacent": (
        "a\nb\nc\n", "a\nB\nc\n", "a\nb\nC\n", "a\nB\nC\n"
    ),
    "a line put in behind one that the other side changed": (
        "  a,\n  b,\n  c\n", "  a,\n  b as bee,\n  c\n", "  a,\n  b,\n  new,\n  c\n",
        "  a,\n  b as bee,\n  new,\n  c\n",
    ),
    "a line put in behind one that the other side removed": (
        "a\nb\nc\n", "a\nc\n", "a\nb\nnew\nc\n", "a\nnew\nc\n"
    ),
    "lines put in at two places": (
        "a\nb\n", "mine\na\nb\n", "a\nb\nyours\n", "mine\na\nb\nyours\n"
    ),
    "a last column added to a list whose last column was changed": (
        "a,\n b", "a,\n b as bee", "a,\n b,\n c", "a,\n b as bee,\n c"
    ),
    "the same, the sides swapped": (
        "a,\n b", "a,\n b,\n c", "a,\n b as bee", "a,\n b as bee,\n c"
    ),
    "a last column added, and the line below it changed": (
        "select\n  a,\n  b\nfrom t\n", "select\n  a,\n  b\nfrom u\n", "select\n  a,\n  b,\n  c\nfrom t\n",
        "select\n  a,\n  b,\n  c\nfrom u\n",
    ),
    "a first column added where commas lead": (
        "select\n    a\n  , b\nfrom t\n", "select\n    a as ay\n  , b\nfrom t\n",
        "select\n    x\n  , a\n  , b\nfrom t\n", "select\n    x\n  , a as ay\n  , b\nfrom t\n",
    ),
    "a last column added where commas lead": (
        "  a\n  , b\n", "  a\n  , b as bee\n", "  a\n  , b\n  , c\n", "  a\n  , b as bee\n  , c\n"
    ),
    "a new entry and a changed one in YAML": (
        "columns:\n  - name: a\n  - name: b\n", "columns:\n  - name: a\n    description: mine\n  - name: b\n",
        "columns:\n  - name: a\n  - name: b\n    tests: [unique]\n",
        "columns:\n  - name: a\n    description: mine\n  - name: b\n    tests: [unique]\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MERGES)
def test_changes_of_different_lines_are_both_taken(case: str):
    base, ours, theirs, expected = MERGES[case]

    merged = merge_texts(base, ours, theirs)

    assert (merged.text, merged.conflicts, merged.marked) == (expected, (), expected)


CONFLICTS = {
    "one line changed in two ways": ("a\nb\nc\n", "a\nB\nc\n", "a\nx\nc\n"),
    "changed here, removed there": ("a\nb\nc\n", "a\nB\nc\n", "a\nc\n"),
    "put in at the same place": ("a\nb\n", "a\nmine\nb\n", "a\nnew\nb\n"),
    "put in at the end": ("a\n", "a\nmine\n", "a\nnew\n"),
    "two last columns": ("a,\n b", "a,\n b,\n mine", "a,\n b,\n new"),
    "put in at the border of what became longer": ("a\nb\nc\n", "a\nB\nmore\nc\n", "a\nb\nnew\nc\n"),
    "a last column added behind one that was removed": ("a,\nb\n", "a\n", "a,\nb,\nc\n"),
    "a comma that would become part of a comment": ("a,\nb\n", "a,\nb -- the last\n", "a,\nb,\nc\n"),
    "a comma taken away and the line changed": ("a,\nb,\nc\n", "a,\nb\n", "a,\nb as bee,\nc\n"),
    "indented here, changed there": ("a\n b\n", "a\n   b\n", "a\n b,\n c\n"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_real_overlap_is_a_conflict(case: str):
    base, ours, theirs = CONFLICTS[case]

    merged = merge_texts(base, ours, theirs)

    assert merged.text is None
    assert len(merged.conflicts) == 1
    assert merge_texts(base, theirs, ours).text is None


def test_a_conflict_shows_both_sides_and_where_they_stand():
    merged = merge_texts("a\nb\nc\nd\n", "new\na\nmine\nc\nd\n", "a\nhers\ntoo\nc\nD\n")

    assert merged.conflicts == (Conflict(("mine",), ("hers", "too"), 3, 2),)
    assert merged.marked == "new\na\n<<<<<<< yours\nmine\n=======\nhers\ntoo\n>>>>>>> aidbt\nc\nD\n"


def test_the_line_ends_and_the_mark_of_the_persons_file_are_kept():
    merged = merge_texts("a\nb\nc\n", "\ufeffa\r\nb\r\nC\r\n", "x\na\nb\nc\n")
    assert merged.text == "\ufeffx\r\na\r\nb\r\nC\r\n"
    conflict = merge_texts("a\n", "mine\r\n", "b\n")
    assert conflict.marked == "<<<<<<< yours\r\nmine\r\n=======\r\nb\r\n>>>>>>> aidbt\r\n"
    assert merge_texts("a\nb\nc\n", "a\r\nb\nc\n", "a\nb\nC\n").text == "a\r\nb\nC\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("a", "a", "a\n", "a\n"),
        ("a\n", "a", "a\n", "a"),
        ("a", "a\n", "a", "a\n"),
        ("a", "a", "a\nb", "a\nb"),
        ("", "", "a\n", "a\n"),
        ("a\n", "", "a\n", ""),
        ("", "", "", ""),
    ],
)
def test_the_end_of_the_last_line_is_merged_like_any_other(base: str, ours: str, theirs: str, expected: str):
    assert merge_texts(base, ours, theirs).text == expected


# --- any texts --------------------------------------------------------------------------------------------

LINES = st.lists(
    st.sampled_from(["a", "b", "c", " a,", " b,", " b", " , a", "x", "", ",", "# -- ,"]), max_size=8
)
TEXTS = LINES.map("\n".join) | LINES.map(lambda lines: "".join(f"{line}\n" for line in lines))


def without_commas(text: str) -> Counter[str]:
    return Counter(line.replace(",", "").strip() for line in text.splitlines())


def check_three_texts(base: str, ours: str, theirs: str) -> None:
    merged = merge_texts(base, ours, theirs)

    assert merge_texts(base, theirs, ours).text == merged.text
    assert (merged.text is None) == bool(merged.conflicts)
    result = without_commas(merged.marked)
    b, o, t = map(without_commas, (base, ours, theirs))
    for line in o | t:
        assert result[line] >= min(o[line], t[line]) or line in b
        # What only one side has added is there; what both have kept is there.
        assert result[line] >= max(o[line] - b[line], t[line] - b[line], 0)
    if not merged.conflicts:
        for line in result:
            assert line in o or line in t


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_line_of_either_side_is_lost_and_none_is_made_up(base: str, ours: str, theirs: str):
    check_three_texts(base, ours, theirs)


@pytest.mark.long
@settings(max_examples=4_000, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_no_line_of_any_text_is_lost(base: str, ours: str, theirs: str):
    check_three_texts(base, ours, theirs)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_side_that_changed_nothing_changes_nothing(base: str, other: str):
    assert merge_texts(base, base, other).text == other
    assert merge_texts(base, other, base).text == other
    assert merge_texts(base, other, other).text == other


@st.composite
def apart(draw: st.DrawFn) -> tuple[list[str], list[str], list[str], list[str]]:
    """A base, two sides that change different lines of it, and what both changes give."""
    base, ours, theirs, both = [], [], [], []
    for number in range(draw(st.integers(0, 12))):
        line = f"line {number}"
        base.append(line)
        what = draw(st.sampled_from(["kept", "kept", "changed", "removed", "followed"]))
        new = {
            "kept": [line],
            "changed": [f"new {number}"],
            "removed": [],
            "followed": [line, f"new {number}"],
        }[what]
        mine = draw(st.booleans())
        ours += new if mine else [line]
        theirs += [line] if mine else new
        both += new
        # A line between that nobody touches: what meets there is not ambiguous.
        for lines in (base, ours, theirs, both):
            lines.append(f"between {number}")
    return base, ours, theirs, both


@settings(deadline=None)
@given(apart())
def test_changes_that_are_apart_are_all_taken_in_order(texts: tuple[list[str], ...]):
    base, ours, theirs, both = ("".join(f"{line}\n" for line in lines) for lines in texts)

    assert merge_texts(base, ours, theirs).text == both


NAMES = ["id", "name", "amount", "status", "created_at"]


@settings(deadline=None)
@given(
    st.integers(1, 5),
    st.sets(st.integers(0, 4)),
    st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True),
    st.booleans(),
)
def test_a_select_list_with_edited_columns_takes_new_last_columns(
    size: int, edited: set[int], new: list[str], leading: bool
):
    def query(columns: list[str]) -> str:
        if leading:
            lines = [f"{'    ' if n == 0 else '  , '}{column}" for n, column in enumerate(columns)]
        else:
            lines = [f"    {column}," for column in columns]
            lines[-1] = lines[-1].removesuffix(",")
        return "\n".join(["select", *lines, "from t", ""])

    base = NAMES[:size]
    ours = [f"{name} as my_{name}" if n in edited else name for n, name in enumerate(base)]

    merged = merge_texts(query(base), query(ours), query([*base, *new]))

    assert merged.text == query([*ours, *new])
