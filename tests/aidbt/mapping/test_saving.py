"""Saving decisions while others decide too: nothing is lost, and nobody is decided over."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import EditConflict, SettingsError, UsageError
from aidbt.core.patch import state_dir
from aidbt.core.schema import Mapping
from aidbt.mapping.files import load_mappings
from aidbt.mapping.queue import accept_all, choose_one, never_one, reject_all
from aidbt.mapping.saving import mapping_edit
from aidbt.mapping.sitting import Sitting

COLUMNS = tuple("abcdefgh")
PATH = "aidbt/mappings/s__t.yml"
HEAD = "source: {name: s, table: t}\ntarget: t\ncolumns:\n"
MAPPING = (
    HEAD
    + "".join(
        f"  - {{target: {c}, source: {c}1, type: TEXT, status: review, by: aidbt, score: 0.50,"
        f" alternatives: {{{c}2: 0.40}}}}\n"
        for c in COLUMNS
    )
    + f"unmapped: [{', '.join(f'{c}2' for c in COLUMNS)}]\n"
    + "tests:\n"
    + "".join(f"  - {{column: {c}, test: not_null, status: review, by: aidbt}}\n" for c in COLUMNS)
)


def write(root: Path, text: str = MAPPING) -> Path:
    (root / PATH).parent.mkdir(parents=True, exist_ok=True)
    (root / PATH).write_text(text)
    state_dir(root)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path)


def only(root: Path) -> Mapping:
    return load_mappings(root)["s.t"]


def sitting(root: Path) -> Sitting:
    return Sitting(root, dialect="duckdb")


def test_two_sittings_that_decide_different_columns_of_one_file_both_win(project):
    one, other = sitting(project), sitting(project)

    one.accept("s.t.a")
    other.choose("s.t.b", ["b2"])
    one.reject("s.t.c")

    found = {c.target: (c.status, c.sources) for c in only(project).columns}
    assert found["a"] == ("accepted", ("a1",))
    assert found["b"] == ("accepted", ("b2",))
    assert found["c"] == ("rejected", ("c1",))
    assert set(only(project).unmapped) == {"a2", "b1", "c1", "c2", "d2", "e2", "f2", "g2", "h2"}


def test_the_same_column_decided_otherwise_is_a_conflict_that_names_both(project):
    one, other = sitting(project), sitting(project)
    one.choose("s.t.a", ["a2"])
    saved = (project / PATH).read_text()

    with pytest.raises(EditConflict) as error:
        other.accept("s.t.a")

    assert "s.t.a was decided otherwise meanwhile: accepted from a2" in error.value.message
    assert "yours was not saved: accepted from a1" in error.value.message
    assert (project / PATH).read_text() == saved
    assert other.item("s.t.a") is None  # it knows what the other decided
    other.accept("s.t.b")


def test_the_same_column_decided_the_same_way_is_no_conflict(project):
    one, other = sitting(project), sitting(project)
    one.accept("s.t.a")
    other.accept("s.t.a")

    assert only(project).columns[0].status == "accepted"


def test_a_match_that_was_only_scored_again_is_decided_without_a_conflict(project):
    open_sitting = sitting(project)
    write(project, MAPPING.replace("score: 0.50", "score: 0.61", 1))

    open_sitting.accept("s.t.a")

    assert only(project).columns[0].status == "accepted"


def test_a_mapping_that_was_removed_meanwhile_is_not_made_again(project):
    open_sitting = sitting(project)
    (project / PATH).unlink()

    with pytest.raises(EditConflict, match="removed meanwhile"):
        open_sitting.accept("s.t.a")

    assert not (project / PATH).exists()


def test_a_file_that_changed_after_it_was_read_is_never_written_over(project):
    read = only(project)
    write(project, MAPPING.replace("status: review", "status: rejected", 1))

    with pytest.raises(EditConflict, match="was changed"):
        mapping_edit(read, project)


def test_the_mapping_of_another_table_is_never_written_over(project):
    # A person wrote another table into the file of s.t, which is there all the same and is mapped anew.
    fresh = replace(only(project), path="", digest="")
    write(project, MAPPING.replace("table: t}", "table: u}", 1))
    before = (project / PATH).read_bytes()

    with pytest.raises(SettingsError, match=r"^aidbt/mappings/s__t\.yml:1: it maps s\.u, but"):
        mapping_edit(fresh, project)

    assert (project / PATH).read_bytes() == before


Steps = list[tuple[str, str]]
VERBS: dict[str, Callable[[Sitting, str], None]] = {
    "accept": lambda s, c: s.accept(f"s.t.{c}"),
    "reject": lambda s, c: s.reject(f"s.t.{c}"),
    "choose": lambda s, c: s.choose(f"s.t.{c}", [f"{c}2"]),
    "compute": lambda s, c: s.choose(f"s.t.{c}", [], expression=f"{c}1 || {c}2"),
    "never": lambda s, c: s.never(f"s.t.{c}", f"{c}1"),
    "test": lambda s, c: s.accept(f"s.t.{c}:not_null"),
}
steps = st.lists(
    st.tuples(st.sampled_from(COLUMNS), st.sampled_from(sorted(VERBS))),
    max_size=6,
    unique_by=lambda step: step[0],
)
NOTED = MAPPING.replace("columns:\n", "columns:  # ours\n").replace("tests:\n", "# why\ntests:\n")
OWN = MAPPING.replace("{target: a, source: a1,", "{source: a1,   target: a,")


@settings(max_examples=10, deadline=None)
@given(steps, st.sampled_from([MAPPING, NOTED, OWN]))
def test_undoing_every_decision_gives_the_decisions_back(made: Steps, text: str):
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), text)
        before = only(root)
        at = sitting(root)
        for column, verb in made:
            VERBS[verb](at, column)
        assert sum(at.counts.values()) == len(made)
        for column, _ in reversed(made):
            assert at.undo().startswith(f"s.t.{column}")

        assert only(root) == before
        if text == MAPPING:
            assert (root / PATH).read_text() == text


@settings(max_examples=10, deadline=None)
@given(steps, steps, st.sampled_from([MAPPING, NOTED]))
def test_interleaved_sittings_save_every_decision_or_name_the_conflict(mine: Steps, theirs: Steps, text: str):
    theirs = [step for step in theirs if step[0] not in {column for column, _ in mine}]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as alone:
        root, reference = write(Path(folder), text), write(Path(alone), text)
        one, other = sitting(root), sitting(root)
        for number in range(max(len(mine), len(theirs))):
            for at, made in ((one, mine), (other, theirs)):
                for column, verb in made[number : number + 1]:
                    VERBS[verb](at, column)
        by_one = sitting(reference)
        for column, verb in (*mine, *theirs):
            VERBS[verb](by_one, column)

        merged, wanted = only(root), only(reference)
        assert merged.columns == wanted.columns
        assert set(merged.tests) == set(wanted.tests)
        assert set(merged.unmapped) == set(wanted.unmapped)


def test_nothing_is_undone_that_this_sitting_did_not_do(project):
    with pytest.raises(UsageError, match="nothing was decided"):
        sitting(project).undo()


def test_what_somebody_decided_after_it_is_not_undone(project):
    one = sitting(project)
    one.accept("s.t.a")
    reject_all(project, ["s.t.a"])

    with pytest.raises(EditConflict, match="decided otherwise"):
        one.undo()

    assert only(project).columns[0].status == "rejected"
    assert not one.counts


def test_threads_that_decide_at_the_same_time_all_win(project):
    deciders = [threading.Thread(target=accept_all, args=(project, [f"s.t.{c}"])) for c in COLUMNS]
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join()

    assert {c.status for c in only(project).columns} == {"accepted"}


def test_processes_that_decide_at_the_same_time_all_win(project):
    code = (
        "import sys; from pathlib import Path; from aidbt.mapping.queue import accept_all, reject_all\n"
        "root, verb, *columns = sys.argv[1:]\n"
        "for column in columns: {'accept': accept_all, 'reject': reject_all}[verb](Path(root), [column])"
    )
    halves = {"accept": COLUMNS[:4], "reject": COLUMNS[4:]}
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(project), verb, *(f"s.t.{c}" for c in columns)])
        for verb, columns in halves.items()
    ]

    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert [c.status for c in only(project).columns] == ["accepted"] * 4 + ["rejected"] * 4


def test_what_others_laid_out_their_way_stays_byte_for_byte(project):
    entry = "  - target: own   # in our way\n    source: x\n    status: accepted\n"
    text = MAPPING.replace("columns:\n", f"columns:\n{entry}")
    write(project, text.replace("unmapped: [a2, b2,", "unmapped: [ b2,   a2,"))

    choose_one(project, "s.t.a", ["a2"], dialect="duckdb")

    after = (project / PATH).read_text()
    assert entry in after
    assert "  - {target: a, source: a2, status: accepted, by: person}\n" in after


def test_an_entry_in_a_layout_of_its_own_is_written_anew_when_it_is_decided(project):
    own = "  - source: a1\n    target: a\n    status: review\n"
    start = MAPPING.index("  - {target: a")
    write(project, MAPPING[:start] + own + MAPPING[MAPPING.index("  - {target: b") :])

    choose_one(project, "s.t.a", [], expression="a1 || a2", dialect="duckdb")

    text = (project / PATH).read_text()
    assert "  - target: a\n    sources: [a1, a2]\n    expression: 'a1 || a2'\n    status: accepted\n" in text
    rest = MAPPING[MAPPING.index("  - {target: b") : MAPPING.index("unmapped:")]
    assert rest in text


def test_a_comment_inside_the_decided_entry_is_not_lost(project):
    own = "  - target: a\n    # ask finance\n    source: a1\n    status: review\n"
    start = MAPPING.index("  - {target: a")
    text = MAPPING[:start] + own + MAPPING[MAPPING.index("  - {target: b") :]
    write(project, text)

    with pytest.raises(EditConflict, match="laid out by hand"):
        accept_all(project, ["s.t.a"])

    assert (project / PATH).read_text() == text


def test_the_last_of_the_proposed_tests_may_go_from_a_commented_file(project):
    text = "# ours\n" + HEAD + "  - {target: a, source: a1, status: review, by: aidbt}\nunmapped: [a2]\n"
    write(project, text + "tests:\n  - {column: a, test: unique, status: review, by: aidbt}\n")

    choose_one(project, "s.t.a", ["a2"], dialect="duckdb")

    assert only(project).tests == ()
    assert (project / PATH).read_text().startswith("# ours\n")


def test_what_becomes_free_is_listed_though_the_file_left_the_empty_list_out(project):
    write(project, "# ours\n" + HEAD + "  - {target: a, source: a1, status: review, by: aidbt}\n")

    never_one(project, "s.t.a", dialect="duckdb")

    assert only(project).unmapped == ("a1",)
    assert (project / PATH).read_text().startswith("# ours\n")


def test_aidbt_by_itself_leaves_an_entry_in_a_layout_of_its_own_alone(project):
    write(project, OWN)
    read = only(project)
    changed = replace(read, columns=(replace(read.columns[0], score=0.7), *read.columns[1:]))

    with pytest.raises(EditConflict, match="laid out by hand"):
        mapping_edit(changed, project)
