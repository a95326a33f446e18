"""What the fit of the matcher is made of: forms and pieces of tasks, and what is left out together."""

import pytest

from benchmarks.fit_matcher import described, family_of, fold_of, kind_of, pieces
from benchmarks.schema_tasks import ColumnEntry, TableEntry, Task


def task(name: str, *, description: str = "") -> Task:
    """A task of 30 columns that keep their names."""
    columns = tuple(ColumnEntry(f"c{n}", "integer", description) for n in range(30))
    truth = frozenset((("s", column.name), ("t", column.name)) for column in columns)
    return Task(name, (TableEntry("s", columns),), (TableEntry("t", columns),), truth)


@pytest.fixture
def tasks() -> list[Task]:
    return [task("shop__stg_shop__order"), task("shop__POOL"), task("legacy__bank"), task("gdc__cao")]


def test_only_tasks_whose_sources_have_descriptions_are_fitted_with_them():
    plain, told = task("shop__POOL"), task("shop__POOL", description="The key.")

    (form,) = described([plain, told])

    assert kind_of(form) == "package pools, described"
    assert (form.family, form.truth) == (told.family, told.truth)


def test_forms_and_pieces_of_a_task_are_left_out_together_with_it(tasks):
    forms = described([task(one.name, description="The key.") for one in tasks])
    parts = [part for part in pieces(tasks) if kind_of(part) == "small"]

    folds = {one.name: (family_of(one), fold_of(one)) for one in tasks}

    assert {kind_of(part) for part in parts} == {"small"}
    for part in (*forms, *parts):
        assert (family_of(part), fold_of(part)) == folds[part.name.partition("~")[0]]


@pytest.mark.long
def test_pieces_have_names_of_their_own(tasks):
    names = [part.name for part in pieces(tasks)]

    assert len(set(names)) == len(names)


@pytest.mark.long
def test_tables_that_have_nothing_to_do_with_each_other_have_no_truth(tasks):
    unrelated = [part for part in pieces(tasks) if kind_of(part) == "unrelated"]

    assert unrelated
    assert not any(part.truth for part in unrelated)
