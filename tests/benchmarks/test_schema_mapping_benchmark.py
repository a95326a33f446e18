"""The benchmark of schema mapping: tasks are read as documented, and its figures mean what it says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import schema_mapping
from benchmarks.schema_mapping import arguments, chosen_tasks, predict, results
from benchmarks.schema_mapping_peers import kept_folder, matchers
from benchmarks.schema_tasks import (
    Pair,
    Prediction,
    Task,
    read_predictions,
    read_task,
    read_tasks,
    write_predictions,
)
from benchmarks.schema_tasks.made import write_task
from benchmarks.schema_tasks.metrics import (
    assignment,
    auto_accepted,
    best_threshold,
    judge,
    one_to_one,
)

TABLES = {"tables": [{"name": "t", "description": "All.", "columns": [{"name": "a", "description": "One."}]}]}


def pair(source: str, target: str) -> Pair:
    return ("s", source), ("t", target)


def task(*truth: Pair, name: str = "shop__orders") -> Task:
    return Task(name, (), (), frozenset(truth))


def judged(*truth: Pair, scored=None, assigned=None, name: str = "shop__orders"):
    return judge(task(*truth, name=name), Prediction(scored or {}, assigned or {}))


def write_folder(folder: Path, name: str, source: object = TABLES, values: str = "") -> Path:
    path = folder / name
    (path / "source").mkdir(parents=True)
    (path / "source.json").write_text(source if isinstance(source, str) else json.dumps(source))
    (path / "target.json").write_text(json.dumps(TABLES))
    if values:
        (path / "source" / "t.csv").write_text(values)
    return path


# --- figures ----------------------------------------------------------------------------------------------


def test_the_rank_is_that_of_the_best_true_target():
    found = judged(
        pair("a", "x"), pair("a", "y"), scored={pair("a", "x"): 0.2, pair("a", "y"): 0.8, pair("a", "z"): 0.9}
    )

    assert found.ranks == (1 / 2,)


def test_a_tie_counts_against_the_matcher_by_half():
    found = judged(pair("a", "x"), scored={pair("a", "x"): 0.9, pair("a", "y"): 0.9, pair("a", "z"): 0.9})

    assert found.ranks == (1 / 2,)


def test_a_column_that_was_not_ranked_counts_as_nothing_found():
    assert judged(pair("a", "x")).ranks == (0.0,)


def test_a_column_whose_name_stays_but_for_its_case_and_signs_is_not_hard():
    found = judged(pair("Order_ID", "orderid"), pair("qty", "quantity"))

    assert (len(found.ranks), len(found.hard_ranks)) == (2, 1)


def test_recall_at_truth_takes_its_expected_value_where_a_tie_is_cut():
    scored = {pair("a", "x"): 0.9, pair("b", "y"): 0.5, pair("b", "z"): 0.5, pair("c", "z"): 0.5}

    found = judged(pair("a", "x"), pair("b", "y"), scored=scored)

    assert found.recall_at_truth == pytest.approx((1 + 1 / 3) / 2)


def test_a_mapping_is_asked_for_no_more_pairs_than_one_to_one_can_hold():
    truth = (pair("a", "x"), pair("a", "y"), pair("b", "x"))

    found = judged(*truth, assigned={pair("a", "y"): 0.9, pair("b", "x"): 0.8})

    assert found.findable == 2
    assert assignment([found], 0.0) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_pairs_below_the_threshold_are_not_in_the_mapping():
    found = judged(pair("a", "x"), pair("b", "y"), assigned={pair("a", "x"): 0.9, pair("b", "z"): 0.3})

    assert assignment([found], 0.5) == pytest.approx({"precision": 1.0, "recall": 0.5, "f1": 2 / 3})


def test_pairs_are_accepted_unseen_over_all_tasks_while_precision_lasts():
    sure = judged(*(pair(c, c) for c in "abcd"), assigned={pair(c, c): 0.9 for c in "abcd"})
    unsure = judged(pair("e", "e"), pair("f", "f"), assigned={pair("e", "x"): 0.8, pair("f", "f"): 0.7})

    assert auto_accepted([sure, unsure]) == pytest.approx(4 / 6)
    assert auto_accepted([sure, unsure], precision=0.8) == pytest.approx(5 / 6)


def test_a_wrong_pair_of_the_same_score_keeps_a_right_one_from_being_accepted():
    tied = judged(pair("a", "a"), pair("b", "b"), assigned={pair("a", "a"): 0.9, pair("b", "x"): 0.9})

    assert auto_accepted([tied]) == 0.0


def test_nothing_assigned_is_no_error():
    empty = judged(pair("a", "x"))

    assert best_threshold([empty]) == 0.0
    assert assignment([empty], 0.0)["f1"] == 0.0
    assert auto_accepted([empty]) == 0.0


columns = st.sampled_from("abcde")
scores = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
pairs = st.builds(pair, columns, columns)


@settings(deadline=None, max_examples=50)
@given(st.sets(pairs, min_size=1, max_size=8), st.dictionaries(pairs, scores, max_size=20))
def test_every_figure_is_a_share(truth: set[Pair], scored: dict[Pair, float]):
    found = judged(*truth, scored=scored, assigned=one_to_one(scored))

    figures = results([found.task], {found.task.name: Prediction(scored, one_to_one(scored))})

    names = ("mrr", "mrr_hard", "recall_gt", "precision", "recall", "f1", "f1_tuned", "auto95")
    assert all(figures[name] is None or 0 <= figures[name] <= 1 for name in names)


@settings(deadline=None, max_examples=50)
@given(st.sets(pairs, min_size=1, max_size=8))
def test_who_says_the_truth_finds_all_that_can_be_found(truth: set[Pair]):
    scored = dict.fromkeys(truth, 1.0)

    found = judged(*truth, scored=scored, assigned=one_to_one(scored))

    assert set(found.ranks) == {1.0}
    assert found.recall_at_truth == 1.0
    assert assignment([found], 1.0)["f1"] == 1.0
    assert auto_accepted([found]) == 1.0


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.builds(pair, st.sampled_from("abc"), st.sampled_from("xyz")), scores, min_size=9))
def test_one_to_one_has_the_highest_total(scored: dict[Pair, float]):
    best = max(
        sum(scored[pair(s, t)] for s, t in zip("abc", targets, strict=True))
        for targets in permutations("xyz")
    )

    assigned = one_to_one(scored)

    assert sum(assigned.values()) == pytest.approx(best)
    assert len({s for s, _ in assigned}) == len({t for _, t in assigned}) == len(assigned)


def test_the_tasks_are_told_apart_by_their_names():
    names = ["shop__stg_shop__order", "shop__POOL", "gdc__cao", "legacy__bank"]

    assert [task(name=name).kind for name in names] == ["package tables", "package pools", "gdc", "legacy"]


def test_a_task_without_a_truth_is_answered_but_not_judged():
    asked = [task(), task(pair("a", "x"), name="shop__known")]
    said = {pair("a", "x"): 0.9}

    figures = results(asked, {one.name: Prediction(said, said) for one in asked})

    assert (figures["tasks"], figures["mrr"]) == (1, 1.0)
    assert "no task has a ground_truth.csv" in results(asked[:1], {})["judged"]


# --- tasks and predictions --------------------------------------------------------------------------------


def test_the_descriptions_of_the_source_are_withheld_unless_asked_for(tmp_path: Path):
    path = write_folder(tmp_path, "shop__orders")

    withheld, given_too = read_task(path), read_task(path, descriptions=True)

    assert (withheld.sources[0].description, withheld.sources[0].columns[0].description) == ("", "")
    assert (given_too.sources[0].description, given_too.sources[0].columns[0].description) == ("All.", "One.")
    assert withheld.targets[0].columns[0].description == "One."


def test_values_are_text_without_empty_ones_and_foreign_columns(tmp_path: Path):
    path = write_folder(tmp_path, "shop__orders", values='a,other\n1,x\n,y\n"two, three",z\n')

    assert read_task(path).sources[0].values == {"a": ("1", "two, three")}


def test_a_value_of_megabytes_is_read(tmp_path: Path):
    path = write_folder(tmp_path, "shop__orders", values="a\n" + "x" * 3_000_000 + "\n")

    assert len(read_task(path).sources[0].values["a"][0]) == 3_000_000


def test_a_folder_that_is_no_task_is_skipped_with_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_folder(tmp_path, "shop__orders")
    (tmp_path / "notes").mkdir()

    assert [found.name for found in read_tasks(tmp_path)] == ["shop__orders"]
    assert "notes: skipped" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["missing", "."])
def test_without_tasks_it_says_so_and_fails(tmp_path: Path, folder: str):
    with pytest.raises(SystemExit, match="no tasks"):
        read_tasks(tmp_path / folder)


@pytest.mark.parametrize(
    "source", ["{", "[]", '{"tables": [{"columns": []}]}', '{"tables": [{"name": "t"}]}']
)
def test_a_schema_that_is_none_is_named(tmp_path: Path, source: str):
    path = write_folder(tmp_path, "shop__orders", source=source)

    with pytest.raises(SystemExit, match=r"source\.json: not the schema of a task"):
        read_task(path)


def test_predictions_are_read_as_they_were_written(tmp_path: Path):
    said = {pair("a, b", 'x"'): 1 / 3, pair("ä", "y\nz"): 1e-17}
    written = {"one": Prediction(said, dict(list(said.items())[:1]), 0.25, 0.5)}

    write_predictions(tmp_path, written)

    assert read_predictions(tmp_path) == written


def test_a_task_that_a_peer_failed_on_has_no_predictions(tmp_path: Path):
    write_predictions(tmp_path, {"one": Prediction({}, {}, 1.0, 1.0, failure="out of memory")})

    assert [path.name for path in tmp_path.iterdir()] == ["_times.csv"]
    assert read_predictions(tmp_path)["one"].failure


# --- peers ------------------------------------------------------------------------------------------------


def test_a_peer_sees_one_wide_table_whose_columns_lead_back_to_theirs(tmp_path: Path):
    tables = [{"name": "a", "columns": ["b.id", "id"]}, {"name": "a.b", "columns": ["id"]}]
    job, answers = tmp_path / "job.json", tmp_path / "answers.jsonl"
    job.write_text(json.dumps([{"name": "one", "source": tables, "target": tables}]))

    subprocess.run([sys.executable, matchers.__file__, "trigrams", job, answers], check=True, timeout=60)

    (answer,) = map(json.loads, answers.read_text().splitlines())
    places = {("a", "b.id"), ("a", "id"), ("a.b", "id")}
    assert (
        {tuple(row[:2]) for row in answer["pairs"]} == {tuple(row[2:4]) for row in answer["pairs"]} == places
    )
    assert (answer["task"], answer["failure"]) == ("one", "")


def test_a_column_of_the_only_table_keeps_its_name_for_a_peer():
    assert matchers._side([{"name": "t", "columns": ["Age in Month", "id"]}]) == {
        "Age in Month": ("t", "Age in Month"),
        "id": ("t", "id"),
    }


def test_what_a_peer_said_counts_for_the_very_same_files_only(tmp_path: Path):
    one, same = (write_folder(tmp_path / side, "shop__orders", values="a\n1\n") for side in ("one", "same"))
    other = write_folder(tmp_path / "other", "shop__orders", values="a\n2\n")

    kept, again, changed = (kept_folder("Coma", [read_task(path)]) for path in (one, same, other))

    assert kept == again != changed
    assert kept != kept_folder("Coma with instances", [read_task(one)])


# --- made schemas, and ours on them -----------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(60, 45), (40, 200), (300, 30)])
def test_made_schemas_have_the_sizes_asked_for_and_a_truth_that_stands_in_them(
    tmp_path: Path, sizes: tuple[int, int]
):
    write_task(tmp_path / "made", source_columns=sizes[0], target_columns=sizes[1], seed=7)

    made = read_task(tmp_path / "made")

    sides = [
        [(table.name, column.name) for table in side for column in table.columns]
        for side in (made.sources, made.targets)
    ]
    assert tuple(map(len, sides)) == sizes
    assert all(len(set(side)) == len(side) for side in sides)
    assert all(
        len({table.name.lower() for table in side}) == len(side) for side in (made.sources, made.targets)
    )
    assert made.truth and all(source in sides[0] and target in sides[1] for source, target in made.truth)
    assert all(len(table.values) == len(table.columns) for table in (*made.sources, *made.targets))


def test_the_same_seed_makes_the_same_files(tmp_path: Path):
    for name in ("one", "two"):
        write_task(tmp_path / name, source_columns=50, target_columns=50, seed=3)

    files = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two")
    ]

    assert files[0] == files[1] and len(files[0]) >= 5


def test_the_quick_form_takes_small_tasks_of_every_kind(tmp_path: Path):
    for name in ("a__stg_a__1", "a__stg_a__2", "a__stg_a__3", "a__POOL", "gdc__1"):
        write_folder(tmp_path, name)

    chosen = chosen_tasks(arguments(["--quick", f"--data={tmp_path}"]))

    assert sorted(one.name for one in chosen) == ["a__POOL", "a__stg_a__1", "a__stg_a__2", "gdc__1"]


def test_ours_answers_with_columns_of_the_task_and_writes_it_for_the_scorer(tmp_path: Path):
    write_task(tmp_path / "tasks" / "made__one", source_columns=40, target_columns=40, seed=5)
    out = tmp_path / "predictions"

    words = [f"--data={tmp_path / 'tasks'}", "--lexical", "--combiner=fixed", f"--predict={out}"]
    schema_mapping.predict_all(arguments(words))

    made = read_task(tmp_path / "tasks" / "made__one")
    known = {(table.name, column.name) for table in made.targets for column in table.columns}
    with (out / "made__one.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["target_table"], row["target_column"]) for row in rows} <= known
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    found = judge(made, read_predictions(out)["made__one"])
    assert sum(true for _, true in found.assigned) >= found.findable / 2


def test_the_same_task_is_answered_in_the_same_way_again(tmp_path: Path):
    write_task(tmp_path / "made__one", source_columns=30, target_columns=30, seed=6)
    made, fixed = read_task(tmp_path / "made__one"), schema_mapping.MappingSettings(combiner="fixed")

    assert predict(made, fixed, None).scored == predict(made, fixed, None).scored
