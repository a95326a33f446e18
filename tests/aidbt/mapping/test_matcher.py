"""Proposing a match for every column of a declared target: bands, rivals, reasons, and honest answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match_tasks import decided, embed, profiled, task

from aidbt.core.config import MappingSettings
from aidbt.core.errors import UnknownName
from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, Target
from aidbt.mapping.matcher import ALTERNATIVES, accepted_from, is_castable, match
from aidbt.mapping.signals import MatchTask

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SETTINGS = MappingSettings()
CUSTOMER = task(
    [("cust_id", "INTEGER"), ("cust_nm", "VARCHAR"), ("dob", "DATE"), ("crt_dt", "TIMESTAMP"),
     ("zz9", "BOOLEAN")],
    [("customer_id", "integer"), ("customer_name", "varchar"), ("date_of_birth", "date"),
     ("created_at", "timestamp"), ("loyalty_points", "integer")],
)  # fmt: skip


def matches(matched: MatchTask, settings: MappingSettings = SETTINGS) -> dict[str, ColumnMatch]:
    """By target; only for targets whose names differ."""
    return {found.target: found for found in match(matched, settings)}


def probability(matched: MatchTask, source: str, target: str) -> float:
    """What a pair gets when everything is proposed, as the match or as an alternative."""
    found = matches(matched, MappingSettings(review=0.0))[target]
    return found.score if found.source == source else dict(found.alternatives).get(source, 0.0)


# --- bands --------------------------------------------------------------------------------------------


def test_every_target_column_gets_an_answer_in_the_targets_order():
    found = match(CUSTOMER, SETTINGS)

    assert [m.target for m in found] == [c.name for c in CUSTOMER.target.columns]
    sources = [m.source for m in found if m.source]
    assert len(sources) == len(set(sources))


def test_certain_matches_are_accepted():
    found = matches(CUSTOMER)

    for source, target in [
        ("cust_id", "customer_id"),
        ("cust_nm", "customer_name"),
        ("crt_dt", "created_at"),
    ]:
        assert (found[target].source, found[target].band) == (source, "accept")
    assert found["loyalty_points"].band != "accept"


@settings(max_examples=20, deadline=None)
@given(precision=st.floats(0.05, 1), review=st.floats(0, 1))
def test_the_bands_keep_to_the_precision_and_the_review_of_the_settings(precision, review):
    for found in match(CUSTOMER, MappingSettings(precision=precision, review=review)):
        assert (found.source is None) == (found.band == "none")
        # What is shown is cut to two digits; what is accepted is at most twice as doubtful as asked.
        if found.band == "accept":
            assert found.score > 1 - 2 * (1 - precision) - 0.011
        if found.band == "review":
            assert found.score > review - 0.011
            assert found.score <= precision + 0.005 or any(why.startswith("but ") for why in found.reasons)


def test_what_is_below_the_review_is_no_match_and_keeps_what_is_worth_a_look():
    strict = matches(task([("home_email", "VARCHAR"), ("work_email", "VARCHAR")], [("email", "varchar")]),
                     MappingSettings(review=1.0))  # fmt: skip

    assert (strict["email"].source, strict["email"].score, strict["email"].band) == (None, 0.0, "none")


def test_a_type_that_does_not_cast_is_never_accepted_unseen():
    found = matches(task([("scheduled_at", "INTEGER")], [("scheduled_at", "timestamp")]))

    assert found["scheduled_at"].band == "review"
    assert "but the type does not carry over: integer to timestamp" in found["scheduled_at"].reasons


def test_an_unknown_signal_in_the_settings_is_named():
    with pytest.raises(UnknownName, match="nmae"):
        match(CUSTOMER, MappingSettings(signals={"nmae": 1.0}))


@pytest.mark.parametrize(
    ("have", "want", "castable"),
    [
        ("INTEGER", "varchar", True),
        ("", "date", True),
        ("BOOLEAN", "", True),
        ("INTEGER", "timestamp", False),
        ("VARCHAR", "date", False),
        ("GEOMETRY", "geometry", True),
        ("GEOMETRY", "varchar", False),
    ],
)
def test_a_plain_cast_may_carry_over_what_keeps_its_meaning(have, want, castable):
    assert is_castable(task([("a", have)], [("b", want)]), 0, 0) is castable


def test_text_that_was_seen_to_hold_dates_casts_to_a_date():
    dates = profiled(ColumnProfile("a", "VARCHAR", 0, 90, formats={"date": 1.0}))

    assert is_castable(task([("a", "VARCHAR")], [("b", "date")], profile=dates), 0, 0)


# --- what is said about a match -----------------------------------------------------------------------


def test_two_good_sources_are_a_question_with_both_of_them():
    (found,) = match(
        task([("home_email", "VARCHAR"), ("work_email", "VARCHAR")], [("email", "varchar")]), SETTINGS
    )

    assert found.band == "review"
    assert found.source in ("home_email", "work_email")
    other = ({"home_email", "work_email"} - {found.source}).pop()
    assert [name for name, _ in found.alternatives] == [other]
    assert found.rival == f"{other} for email"
    assert found.margin == pytest.approx(found.score - found.alternatives[0][1], abs=0.021)


def test_a_rival_may_be_another_target_of_the_same_source():
    found = matches(task([("order_date", "DATE")], [("order_date", "date"), ("date_of_order", "date")]))

    assert found["order_date"].rival == "order_date for date_of_order"


def test_a_single_pair_has_no_rival():
    (found,) = match(task(["order_id"], ["order_id"]), SETTINGS)

    assert (found.rival, found.margin) == ("", found.score)


def test_alternatives_are_the_next_likeliest_sources_and_no_more_than_a_few():
    emails = [(f"{word}_email", "VARCHAR") for word in ("home", "work", "old", "new", "other", "billing")]

    (found,) = match(task(emails, [("email", "varchar")]), MappingSettings(review=0.0))

    scores = [score for _, score in found.alternatives]
    assert len(scores) == ALTERNATIVES
    assert scores == sorted(scores, reverse=True)
    assert found.source not in dict(found.alternatives)


def test_signals_without_evidence_are_not_listed():
    (found,) = match(task(["order_id"], ["order_id"]), SETTINGS)

    assert found.signals["same"] == 1
    assert not {"type", "values", "shapes", "meaning", "history"} & found.signals.keys()


@pytest.mark.parametrize(
    ("matched", "sentence"),
    [
        (task(["order_id"], ["orderId"]), "the names are the same"),
        (task(["id"], ["order_id"], name="order"),
         "the names are the same but for the words of their tables"),
        (task(["plate"], [Column("registration", synonyms=("plate",))]), "the target names it as a synonym"),
        (task(["cust_nm"], ["customer_name"]), "words in common: cust → customer, nm → name"),
        (task([("a", "DATE")], [("a", "date")]), "the type carries over: date to date"),
        (task(["a"], ["a"], values={"a": ("x1", "x2")}, target_values={"a": ("x1", "x2")}),
         "100% of their values are the same"),
        (task(["a"], ["a"], values={"a": ("x1", "x2")}, target_values={"a": ("y3", "y4")}),
         "but no value in common"),
        (task(["a"], ["a"], values={"a": ("S", "M", "D")},
              target_values={"a": ("Single", "Married", "Divorced")}),
         "the codes of one are the initials of the other's labels"),
        (task(["departure_lateness"], [Column("delay", description="Lateness at departure")]),
         "its description has the words of the source's name"),
        (task(["flurble"], ["grommet"], embed=embed), "the names mean much the same"),
        (task(["a"], [Column("a", constraints=("not_null", "unique"))],
              profile=profiled(ColumnProfile("a", "INTEGER", 0.9, 3, is_unique=False))),
         "but its rows break what the target declares"),
        (task(["cdt"], ["closed_at"], source_name="crm", history=decided(("cdt", "closed_at"))),
         "columns of this name became it in other tables"),
    ],
)  # fmt: skip
def test_the_reasons_say_what_speaks_for_a_pair_and_what_against_it(matched, sentence):
    (found,) = match(matched, MappingSettings(review=0.0))

    assert sentence in found.reasons


def test_what_speaks_against_a_pair_comes_last():
    (found,) = match(
        task([("a", "INTEGER")], [("a", "timestamp")], values={"a": ("1", "2")},
             target_values={"a": ("2024-01-01",)}),
        SETTINGS,
    )  # fmt: skip
    against = [reason.startswith("but ") for reason in found.reasons]

    assert against == sorted(against)
    assert 0 < sum(against) < len(against)


# --- what is known beside the names -------------------------------------------------------------------

STATES = {"a": ("open", "closed", "lost") * 5, "b": ("2024-01-01", "2024-02-01", "2024-03-01")}


def test_values_that_the_target_declares_find_its_source():
    def target(values: tuple[str, ...]) -> list[Column]:
        return [Column("state", values=values), Column("other")]

    declared = task(["b", "a"], target(("open", "closed", "lost")), values=STATES)
    undeclared = task(["b", "a"], target(()), values=STATES)

    assert matches(declared)["state"].source == "a"
    assert probability(declared, "a", "state") > probability(undeclared, "a", "state") + 0.2


def test_a_profile_without_samples_finds_what_fits_its_type():
    held = profiled(
        ColumnProfile("b", "VARCHAR", 0, 90, mean_length=20, top_values=(("some long remark", 0.1),)),
        ColumnProfile("a", "VARCHAR", 0, 90, mean_length=10, formats={"date": 1.0}),
    )
    source, target = [("b", "VARCHAR"), ("a", "VARCHAR")], [("born_on", "date"), ("remark", "varchar")]

    known, unknown = task(source, target, profile=held), task(source, target)

    assert probability(known, "a", "born_on") > probability(unknown, "a", "born_on")
    assert matches(known, MappingSettings(review=0.0))["born_on"].source == "a"


@pytest.mark.parametrize(
    ("short", "learned", "other"),
    [("prt", "parrot", "port"), ("cst", "castle", "cost"), ("pt", "patient", "point")],
)
def test_a_short_word_means_what_people_spelled_it_out_as_elsewhere(short, learned, other):
    history = decided((f"{short}_date", f"{learned}_date"), tables=["loads"])

    found = matches(task([f"{short}_code"], [f"{other}_code", f"{learned}_code"], history=history))

    assert found[f"{learned}_code"].source == f"{short}_code"
    assert found[f"{other}_code"].source is None


def test_what_only_a_model_of_meaning_knows_is_found_with_one():
    source, target = ["width", "flurble"], ["grommet", "width"]

    assert matches(task(source, target, embed=embed))["grommet"].source == "flurble"
    assert probability(task(source, target, embed=embed), "flurble", "grommet") > probability(
        task(source, target), "flurble", "grommet"
    )


def test_what_a_person_ruled_out_is_never_proposed():
    never = frozenset({("email", "email")})

    (found,) = match(task(["email", "mail"], ["email"], never=never), SETTINGS)
    (alone,) = match(task(["email"], ["email"], never=never), SETTINGS)

    assert found.source == "mail"
    assert "email" not in dict(found.alternatives)
    assert (alone.source, alone.band, alone.alternatives) == (None, "none", ())


# --- bad input gets an honest answer ------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0)])
def test_a_side_without_columns_has_no_match(shape):
    found = match(task("ab"[: shape[0]], "xy"[: shape[1]]), SETTINGS)

    assert [(m.source, m.band) for m in found] == [(None, "none")] * shape[1]


NOTHING_TELLS = {
    "names all alike": task(["value"] * 4, ["value"] * 4),
    "names and types all alike": task([("value", "VARCHAR")] * 4, [("value", "varchar")] * 3),
    "no names": task(["", ""], ["", ""]),
    "names of signs": task(["%%", "##"], ["$$", "!!"]),
    "two targets of one name": task([("email", "VARCHAR")], [("email", "varchar")] * 2),
    "two sources of one name": task([("email", "VARCHAR"), ("EMAIL", "VARCHAR")], [("email", "varchar")]),
    "other letters": task(["x" * 500, "y" * 500], ["z" * 500, "w" * 500]),
    "all null": task(
        [("x", "VARCHAR"), ("y", "VARCHAR")],
        [("a", "varchar"), ("b", "varchar")],
        profile=profiled(ColumnProfile("x", "VARCHAR", 1.0, 0), ColumnProfile("y", "VARCHAR", 1.0, 0)),
    ),
    "values of several megabytes": task(
        ["x", "y"], ["a", "b"], values={"x": ("lorem " * 500_000,), "y": ("ipsum " * 500_000,)}
    ),
    "nothing in common": task(["order_id", "qty"], ["temperature", "humidity", "wind_speed"]),
}


@pytest.mark.parametrize("case", NOTHING_TELLS)
def test_where_nothing_tells_columns_apart_nothing_is_accepted(case):
    assert all(found.band != "accept" for found in match(NOTHING_TELLS[case], SETTINGS))


def test_a_match_that_only_its_place_tells_from_another_says_so():
    found = match(NOTHING_TELLS["two targets of one name"], MappingSettings(precision=0.1, review=0.05))

    assert {m.band for m in found} <= {"review", "none"}
    assert "but nothing tells it from another pair" in found[0].reasons


def test_long_questions_of_a_survey_find_each_other_by_their_last_word():
    asked = "how satisfied are you with the following aspects of the service in our shop: "

    found = match(task([asked + "price", asked + "quality"], [asked + "quality", asked + "price"]), SETTINGS)

    assert [m.source for m in found] == [asked + "quality", asked + "price"]


def test_names_in_other_scripts_find_themselves():
    names = ["名前", "住所", "дата", "имя"]

    assert [m.source for m in match(task(names, names[::-1]), SETTINGS)] == names[::-1]


def test_infinite_figures_of_a_profile_are_no_error():
    endless = (-math.inf, 0.0, 1.0, 2.0, math.inf)
    held = profiled(ColumnProfile("rate", "DOUBLE", 0, 9, quantiles=endless))

    (found,) = match(
        MatchTask(
            Relation("raw", "t", (Column("rate", "DOUBLE"),)),
            Target("t", (Column("rate", "double"),)),
            profile=held,
            target_profile=held,
        ),
        SETTINGS,
    )

    assert found.source == "rate"


@settings(max_examples=25, deadline=None)
@given(
    source=st.lists(st.text(max_size=30), max_size=4),
    target=st.lists(st.text(max_size=30), max_size=4),
    values=st.lists(st.text(max_size=30), max_size=4),
)
def test_any_names_and_values_get_an_answer(source, target, values):
    matched = task(source, target, values={name: tuple(values) for name in source})

    found = match(matched, SETTINGS)

    assert [m.target for m in found] == target
    assert all(0 <= m.score <= 1 and m.source in [None, *source] for m in found)


@pytest.mark.parametrize(
    ("probabilities", "least"),
    [
        ([0.99, 0.99, 0.92], 0.92),
        ([0.99, 0.92, 0.91], 0.92),  # with 0.91 the mean falls below 0.95
        ([0.99, 0.99, 0.99, 0.89], 0.99),  # more than twice as doubtful as was asked for
        ([0.96], 0.96),
        ([0.94], np.inf),
        ([], np.inf),
    ],
)
def test_what_is_accepted_is_right_as_often_as_was_asked_for(probabilities, least):
    assert accepted_from(np.array(probabilities), 0.95) == pytest.approx(least)
