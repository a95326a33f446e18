"""What is decided beside what the matcher says afresh: what counts as agreement, and how sure that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from aidbt.core.schema import Band, Column, ColumnMatch, MappedColumn, Mapping, Relation
from aidbt.mapping.agreement import Answer, Share, agreement, changes, compare, disagreements

USERS = Relation("raw", "users", tuple(Column(name) for name in ("id", "mail", "phone", "_aidbt_batch_id")))


def match(source: str | None, target: str, score: float = 0.97, band: Band = "accept") -> ColumnMatch:
    return ColumnMatch(source, target, score if source else 0.0, band if source else "none")


def mapping(*columns: MappedColumn) -> Mapping:
    return Mapping("crm", "users", columns, target="customer")


def answer(
    decided: str | None,
    fresh: str | None,
    *,
    target: str = "t",
    score: float = 0.97,
    band: Band = "accept",
    by: str = "person",
) -> Answer:
    return Answer("crm.users", target, decided, by, match(fresh, target, score, band))  # type: ignore[arg-type]


# --- what is compared ---------------------------------------------------------------------------------


def test_a_column_agrees_when_the_matcher_takes_the_decided_source():
    decided = mapping(MappedColumn("key", ("id",)), MappedColumn("email", ("mail",), by="person"))

    answers, left_out = compare(decided, USERS, [match("id", "key"), match("phone", "email")])

    assert [(a.target, a.decided, a.by, a.agrees) for a in answers] == [
        ("key", "id", "aidbt", True),
        ("email", "mail", "person", False),
    ]
    assert left_out == {}


def test_a_rejected_column_was_decided_to_have_no_source():
    rejected = mapping(MappedColumn("email", ("mail",), status="rejected", by="person"))

    (none,), _ = compare(rejected, USERS, [match(None, "email")])
    (some,), _ = compare(rejected, USERS, [match("mail", "email")])

    assert (none.decided, none.agrees, some.agrees) == (None, True, False)


def test_what_waits_for_a_person_is_not_decided():
    waiting = mapping(MappedColumn("email", ("mail",), status="review"))

    assert compare(waiting, USERS, [match("mail", "email")]) == ([], {})


def test_what_the_matcher_cannot_answer_is_left_out_with_the_reason():
    decided = mapping(
        MappedColumn("contact", ("mail", "phone"), expression="mail || phone", by="person"),
        MappedColumn("fax", ("fax_no",), by="person"),
        MappedColumn("batch", ("_aidbt_batch_id",), by="person"),
        MappedColumn("dropped", ("id",), by="person"),
    )
    asked = [match("mail", "contact"), match("phone", "fax"), match("id", "batch")]

    answers, left_out = compare(decided, USERS, asked)

    assert answers == []
    assert left_out == {
        "contact": "it is made by an expression",
        "fax": "its source column is gone",
        "batch": "its source column was added by loading",
        "dropped": "its target column is not declared any more",
    }


# --- figures ------------------------------------------------------------------------------------------


def test_people_and_aidbt_are_counted_apart_by_what_the_matcher_would_do():
    answers = [
        answer("id", "id", score=0.99),
        answer("mail", "phone", score=0.95),
        answer("mail", "mail", score=0.6, band="review"),
        answer("mail", None),
        answer(None, None),
        answer("id", "id", by="aidbt"),
    ]

    people, aidbt = agreement(answers, "person"), agreement(answers, "aidbt")

    assert (people.accept, people.review) == (Share(2, 1, 0.97), Share(1, 1, 0.6))
    assert people.none == Share(2, 1)
    assert people.overall == Share(5, 3)
    assert aidbt.overall == Share(1, 1)


def test_a_share_of_nothing_has_no_rate():
    nothing = agreement([], "person")

    assert nothing.overall == Share(0, 0)
    assert (nothing.accept.rate, nothing.accept.expected) == (None, None)
    assert nothing.accept.interval == (0.0, 1.0)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_interval_is_wilsons(drawn: tuple[int, int]):
    columns, agreed = drawn

    low, high = Share(columns, agreed).interval

    expected = binomtest(agreed, columns).proportion_ci(confidence_level=0.95, method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-4)
    assert high == pytest.approx(expected.high, abs=1e-4)


# --- what is shown ------------------------------------------------------------------------------------


def test_disagreements_begin_with_peoples_and_with_what_the_matcher_is_surest_of():
    answers = [
        answer("id", "id", target="fine"),
        answer("id", "mail", target="ours", score=0.99, by="aidbt"),
        answer("id", "mail", target="doubtful", score=0.4, band="review"),
        answer("id", "mail", target="sure", score=0.98),
    ]

    assert [a.target for a in disagreements(answers)] == ["sure", "doubtful", "ours"]


def test_a_change_is_another_source_or_another_way_to_decide():
    one = [
        answer("id", "id", target="same", score=0.99),
        answer("id", "mail", target="mended"),
        answer("id", "id", target="spoilt"),
        answer("id", "id", target="now_asked", score=0.96),
        answer("id", "id", target="ours", by="aidbt"),
    ]
    other = [
        answer("id", "id", target="same", score=0.96),
        answer("id", "id", target="mended"),
        answer("id", None, target="spoilt"),
        answer("id", "id", target="now_asked", score=0.9, band="review"),
        answer("id", "mail", target="ours", by="aidbt"),
    ]

    found = changes(one, other)

    assert [c.one.target for c in found] == ["spoilt", "now_asked", "mended", "ours"]
    assert [(c.one.agrees, c.other.agrees) for c in found][:3] == [(True, False), (True, True), (False, True)]


def test_a_model_compared_with_itself_changes_nothing():
    answers = [answer("id", "id", target="a"), answer("id", None, target="b")]

    assert changes(answers, answers) == []
