"""Every matching signal: what each must do, then what each says."""

import numpy as np
import pytest

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.signals import SIGNALS, MatchTask
from aidbt.mapping.signals.name import score_names, word_likeness
from aidbt.mapping.signals.type import carries_over


def task(sources, targets, **profiles) -> MatchTask:
    columns = tuple(Column(*item) if isinstance(item, tuple) else Column(item) for item in sources)
    wanted = tuple(item if isinstance(item, Column) else Column(item) for item in targets)
    return MatchTask(Relation("raw", "t", columns), Target("t", wanted), **profiles)


def profile(*columns: ColumnProfile) -> TableProfile:
    return TableProfile("raw", "t", 100, 100, "x", columns)


ODD_TASKS = {
    "nothing": task([], []),
    "no target": task(["a"], []),
    "one each": task(["a"], ["a"]),
    "unicode": task(["größe", "名前", ""], [Column("size", "varchar"), Column("名前", "varchar")]),
    "long": task(["x" * 500], ["y" * 500]),
    "typed": task([("a", "INTEGER"), ("b", "STRUCT(x INT)")], [Column("a", "date"), Column("b", "varchar")]),
}


@pytest.mark.parametrize("name", SIGNALS.names())
@pytest.mark.parametrize("case", ODD_TASKS)
def test_a_signal_returns_scores_between_0_and_1_and_a_mask_of_the_same_shape(name, case):
    said = SIGNALS.load(name)(ODD_TASKS[case])

    assert said.scores.shape == said.mask.shape == ODD_TASKS[case].shape
    assert said.mask.dtype == bool
    assert ((said.scores >= 0) & (said.scores <= 1)).all()


@pytest.mark.parametrize("name", SIGNALS.names())
def test_a_signal_says_the_same_every_time(name):
    first, second = (SIGNALS.load(name)(ODD_TASKS["typed"]) for _ in range(2))

    assert np.array_equal(first.scores, second.scores)
    assert np.array_equal(first.mask, second.mask)


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        ("cust_email", "email", "id"),
        ("tailnum", "tail_number", "flight_number"),
        ("dep_delay", "departure_delay_minutes", "arrival_delay_minutes"),
        ("dep_delay", "departure_delay_minutes", "departure_time"),
        ("qty", "quantity", "quality"),
        ("customerID", "customer_id", "customer_name"),
        ("dob", "birth_date", "order_date"),
        ("amt", "amount", "account"),
        ("lat", "latitude", "lateness_flag"),
    ],
)
def test_the_right_name_is_closer(source, right, wrong):
    scores = score_names([source], [right, wrong])

    assert scores[0, 0] > scores[0, 1]


def test_the_same_name_scores_1_whatever_its_style():
    assert score_names(["firstName"], ["first_name"])[0, 0] == 1


def test_a_prefix_that_every_column_has_says_little():
    names = ["cust_name", "cust_mail", "cust_zip", "cust_city"]

    alike = score_names(names, ["customer_name", "customer_postal_code"])

    assert alike[0, 0] > alike[1, 0] + 0.3


def test_an_abbreviation_keeps_the_order_of_the_letters():
    assert word_likeness("arr", "arrival") > 0.5
    assert word_likeness("rra", "arrival") == 0


@pytest.mark.parametrize(
    ("source", "target", "at_least", "below"),
    [
        ("integer", "integer", 1, 1.1),
        ("integer", "number", 0.9, 1),
        ("integer", "timestamp", 0, 0.5),
        ("timestamp", "date", 0.5, 1),
        ("boolean", "date", 0, 0.1),
    ],
)
def test_types_carry_over_as_far_as_a_plain_cast_keeps_the_value(source, target, at_least, below):
    assert at_least <= carries_over(source, target, None) < below


def test_text_counts_as_what_it_is_seen_to_hold():
    dates = ColumnProfile("d", "VARCHAR", 0, 50, formats={"date": 1.0})

    assert carries_over("text", "date", dates) > 0.8
    assert carries_over("text", "integer", dates) == 0


def test_an_unknown_type_is_no_evidence():
    said = SIGNALS.load("type")(task([("a", "")], [Column("a", "integer")]))

    assert not said.mask.any()


def test_without_a_profile_statistics_abstain():
    assert not SIGNALS.load("statistics")(task(["a"], ["a"])).mask.any()


def test_a_column_with_nulls_does_not_fit_a_key():
    key = Column("id", constraints=("primary_key",))
    held = profile(
        ColumnProfile("full", "INTEGER", 0, 100, is_unique=True), ColumnProfile("holes", "INTEGER", 0.4, 60)
    )

    said = SIGNALS.load("statistics")(task(["full", "holes"], [key], profile=held))

    assert said.scores[0, 0] == 1
    assert said.scores[1, 0] < 0.5


def test_one_shared_word_of_a_description_is_half_a_hint():
    target = Column("delay", description="Minutes of delay at departure")

    said = SIGNALS.load("context")(task(["minute", "delay_departure"], [target]))

    assert said.scores[1, 0] > said.scores[0, 0]
    assert said.scores[0, 0] <= 0.5


def test_what_people_decided_about_other_tables_tells_a_match():
    from aidbt.core.schema import MappedColumn, Mapping
    from aidbt.mapping.history import history_of

    decided = [
        Mapping("crm", table, (MappedColumn("closed_at", ("cdt",), by="person"),))
        for table in ("deals", "tickets")
    ]
    source = Relation("raw", "orders", (Column("cdt"), Column("note")))
    target = Target("orders", (Column("created_at"), Column("closed_at")))

    said = SIGNALS.load("context")(MatchTask(source, target, source_name="crm", history=history_of(decided)))

    assert said.scores[0].tolist() == [0.0, 1.0]
    assert said.mask[0].all()


def test_a_decision_of_one_table_or_of_aidbt_itself_tells_nothing():
    from aidbt.core.schema import MappedColumn, Mapping
    from aidbt.mapping.history import history_of

    once = [Mapping("crm", "deals", (MappedColumn("closed_at", ("cdt",), by="person"),))]
    ours = [Mapping("crm", t, (MappedColumn("closed_at", ("cdt",)),)) for t in ("deals", "tickets")]

    assert history_of(once).name_of("crm", "cdt") is None
    assert history_of(ours).name_of("crm", "cdt") is None
