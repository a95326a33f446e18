"""Scores of hand-made projects, each number checked by hand, and what holds of all of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import UsageError
from aidbt.core.incidents import key_of
from aidbt.core.measured import Monitor
from aidbt.observability.quality.advice import mending, shares
from aidbt.observability.quality.dimensions import Dimension
from aidbt.observability.quality.evidence import Evidence, lost_by, of_test
from aidbt.observability.quality.judging import below, points_of
from aidbt.observability.quality.known import Measured, Rows, Seen
from aidbt.observability.quality.scores import (
    dimension_weights,
    losses_of,
    parts_by,
    project_part,
    score_node,
)
from aidbt.observability.quality.weights import Subject
from tests.aidbt.observability.quality.made import (
    NOW,
    anomaly,
    check,
    incident,
    judged,
    known,
    model,
    project,
    source,
)

ORDERS = "model.shop.orders"
KEY = check("unique", "orders", "id")
FILLED = check("not_null", "orders", "id")
EMAIL = check("not_null", "orders", "email")


def test_a_share_of_rows_is_lost_not_all_of_it() -> None:
    manifest = project([model("orders"), KEY, FILLED, EMAIL])
    results = {KEY.unique_id: ("fail", 5), FILLED.unique_id: "pass", EMAIL.unique_id: ("fail", 100)}
    quality = judged(manifest, known(results, {"orders": 1000}))

    (orders,) = quality.nodes
    # 5 values stand behind at least 10 of 1,000 rows; of completeness id weighs 3, email 1 and lacks 10 %.
    assert orders.dimensions[Dimension.UNIQUENESS].value == pytest.approx(99.0)
    assert orders.dimensions[Dimension.COMPLETENESS].value == pytest.approx((3 * 100 + 90) / 4)
    assert orders.total.value == pytest.approx((99.0 + 97.5) / 2)


def test_a_test_of_unknown_rows_is_passed_or_not() -> None:
    quality = judged(project([model("orders"), KEY]), known({KEY.unique_id: ("fail", 5)}))

    assert quality.project.total.value == 0
    assert [finding.code for finding in quality.findings] == ["quality.rows_unknown"]


@pytest.mark.parametrize(
    "config",
    [
        {"where": "ordered_at > current_date - 3"},
        {"fail_calc": "sum(n_records)"},
        {"limit": 100},
    ],
)
def test_failures_that_are_no_share_of_all_rows_are_not_taken_for_one(config: dict[str, object]) -> None:
    test = check("not_null", "orders", "email", config=config)
    found = of_test(test, ORDERS, Seen("fail", NOW, 100), Rows(1000), {})

    assert (found.lost, found.bad) == (1.0, None)


def test_a_warning_loses_half_and_what_could_not_run_all() -> None:
    rows = Rows(1000)
    lost = [
        of_test(EMAIL, ORDERS, seen, rows, {}).lost
        for seen in (Seen("warn", NOW, 100), Seen("pass", NOW, 100), Seen("pass", NOW, 0), Seen("error", NOW))
    ]
    # A test that passes since it tolerates some rows has found them all the same.
    assert lost == pytest.approx([0.05, 0.05, 0, 1])


def test_what_a_database_said_is_told_without_the_values_that_it_quotes() -> None:
    said = "Database Error in test x (models/a.yml)\n  Could not convert string 'bob@example.org' to 'id'"
    results = {KEY.unique_id: Seen("error", NOW, message=said)}
    quality = judged(project([model("orders"), model("id"), KEY]), replace(known({}), results=results))

    assert quality.losses[0].evidence[0].said == "could not run: Could not convert string '…' to 'id'"


def test_values_that_monitors_counted_make_a_share_of_accepted_values() -> None:
    test = check("accepted_values", "orders", "status", values=["open", "paid"])
    counted = Measured(values={"status": {"open": 60, "paid": 20, "lost": 15}}, nulls={"status": 1}, rows=100)
    found = of_test(test, ORDERS, Seen("fail", NOW, 1), Rows(100), {}, counted)

    # 100 rows, 1 null and 80 accepted: the most that can be odd are 19, as the rarest values are not known.
    assert (found.lost, found.bad) == (pytest.approx(0.19), 19)
    assert of_test(test, ORDERS, Seen("fail", NOW, 1), Rows(100), {}).lost == 1


def test_values_that_are_counted_in_another_spelling_are_not_all_odd() -> None:
    gift = check("accepted_values", "orders", "is_gift", values=[True])
    grade = check("accepted_values", "orders", "grade", values=[1, 2])
    values = {"is_gift": {"true": 95.0, "false": 5.0}, "grade": {"1.0": 60.0, "2.0": 30.0, "7.0": 10.0}}
    counted = Measured(values=values, nulls={"is_gift": 0, "grade": 0}, rows=100)

    of_gift, of_grade = (
        of_test(test, ORDERS, Seen("fail", NOW, 1), Rows(100), {}, counted) for test in (gift, grade)
    )

    assert (of_gift.lost, of_gift.bad) == (pytest.approx(0.05), 5)
    assert of_grade.bad is None and of_grade.said == "1 value is not accepted, of how many rows is not known"


def test_what_nothing_is_known_of_has_no_score_and_is_in_no_mean() -> None:
    quality = judged(project([model("orders"), model("other"), KEY]), known({KEY.unique_id: "pass"}))

    other, orders = reversed(quality.parts("model"))
    assert (orders.label, orders.total.value) == ("orders", 100)
    assert (other.label, other.total.value, other.total.coverage) == ("other", None, 0)
    assert quality.project.total.value == 100
    assert quality.project.measured == 1
    # One of five dimensions of one of two models of the same weight.
    assert quality.project.total.coverage == pytest.approx(100 / 5 / 2)


def test_a_test_without_a_result_counts_as_nothing_and_is_named() -> None:
    quality = judged(project([model("orders"), KEY, EMAIL]), known({KEY.unique_id: "pass"}))

    assert Dimension.COMPLETENESS not in quality.nodes[0].dimensions
    (finding,) = quality.findings
    assert (finding.code, finding.where) == ("quality.no_result", "1 test")
    assert any(way.action.startswith("run the test without a result") for way in quality.measure)


def test_coverage_of_completeness_is_of_the_columns_that_there_are() -> None:
    manifest = project([model("orders"), KEY, FILLED, EMAIL])
    what = known({KEY.unique_id: "pass", FILLED.unique_id: "pass"}, columns={ORDERS: ("ID", "email", "note")})
    (orders,) = judged(manifest, what).nodes

    # id weighs 3 of 5; uniqueness is known, of validity, consistency and timeliness nothing is.
    assert orders.covered[Dimension.COMPLETENESS] == pytest.approx(3 / 5)
    assert orders.total.coverage == pytest.approx(100 * (3 / 5 + 1) / 5)


def test_critical_models_and_those_that_others_are_made_of_count_more() -> None:
    nodes = [
        model("base"),
        model("middle", reads=["model.shop.base"]),
        model("end", reads=["model.shop.middle"], meta={"criticality": "high"}),
        model("scratch", meta={"aidbt": {"criticality": "low"}}),
        model("shown"),
    ]
    board = replace(
        model("x"), unique_id="exposure.shop.b", resource_type="exposure", depends_on=("model.shop.shown",)
    )
    weights = {s.subject.name: s.subject.weight for s in judged(project(nodes, [board]), known({})).nodes}

    assert weights == pytest.approx(
        {"base": 1 + math.log2(3) / 2, "middle": 1.5, "end": 3, "scratch": 1 / 3, "shown": 2}
    )


def test_an_old_source_makes_all_that_is_made_of_it_old() -> None:
    raw = source("orders")
    manifest = project([raw, model("orders", reads=[raw.unique_id]), model("other")])
    seen = Seen("error", NOW, age_s=3 * 86_400)
    quality = judged(manifest, replace(known({}), results={raw.unique_id: seen}))

    scores = {part.label: part.total.value for part in quality.parts("model")}
    assert scores == {"raw.orders": 0, "orders": 0, "other": None}
    (way,) = quality.mend
    assert way.action == "load raw.orders, then dbt source freshness: its newest row was 3 days old"
    assert way.points == pytest.approx(100)
    assert set(way.nodes) == {raw.unique_id, ORDERS}


def test_a_model_that_was_skipped_is_blamed_on_what_failed_above_it() -> None:
    middle = model("middle", reads=[ORDERS])
    manifest = project([model("orders"), middle, model("end", reads=[middle.unique_id]), KEY])
    results = {KEY.unique_id: ("fail", 5), middle.unique_id: "skipped", "model.shop.end": "skipped"}
    quality = judged(manifest, known(results, {"orders": 1000}))

    assert [way.cause for way in quality.mend] == [KEY.unique_id]
    assert set(quality.mend[0].nodes) == {ORDERS, "model.shop.middle", "model.shop.end"}
    assert quality.mend[0].points == pytest.approx(100 - (quality.project.total.value or 0))


def test_what_several_failing_tests_kept_from_being_built_is_shared_by_them() -> None:
    other = check("not_null", "orders", "id")
    manifest = project([model("orders"), model("end", reads=[ORDERS]), KEY, other])
    results = {KEY.unique_id: ("fail", 5), other.unique_id: ("fail", 5), "model.shop.end": "skipped"}
    quality = judged(manifest, known(results, {"orders": 1000}))

    of_end = [loss for loss in quality.losses if loss.node == "model.shop.end"]
    assert [{item.cause for item in loss.evidence} for loss in of_end] == [{KEY.unique_id, other.unique_id}]
    assert {way.cause for way in quality.mend} == {KEY.unique_id, other.unique_id}
    assert sum(way.points for way in quality.mend) == pytest.approx(100 - (quality.project.total.value or 0))


def test_what_failed_in_another_run_is_not_to_blame() -> None:
    other = check("not_null", "orders", "id")
    manifest = project([model("orders"), model("end", reads=[ORDERS]), KEY, other])
    results = {KEY.unique_id: ("fail", 5), other.unique_id: ("fail", 5), "model.shop.end": "skipped"}
    found = known(results, {"orders": 1000})
    long_ago = replace(found.results[other.unique_id], at=NOW - timedelta(days=5))
    quality = judged(manifest, replace(found, results={**found.results, other.unique_id: long_ago}))

    [loss] = [loss for loss in quality.losses if loss.node == "model.shop.end"]
    assert [item.cause for item in loss.evidence] == [KEY.unique_id]


def test_an_open_incident_loses_what_it_is_off_by_and_one_that_passed_nothing() -> None:
    watched = tuple(
        Monitor(ORDERS, metric, column)
        for metric, column in (("row_count", ""), ("null_rate", "email"), ("mean", "amount"))
    )
    odd = (
        anomaly("orders", "row_count", value=400, expected=1000),
        anomaly("orders", "null_rate", "email", value=0.30, expected=0.05),
        anomaly("orders", "mean", "amount", value=3, expected=2),
    )
    measured = {ORDERS: Measured(NOW, watched, ("email", "amount"))}
    found = incident(*odd, well=[key_of(odd[2].monitor)])
    (orders,) = judged(project([model("orders")]), known({}, measured=measured, incidents=(found,))).nodes

    # The node as a whole weighs 3 and lacks 0.6, email weighs 1 and lacks 0.25.
    assert orders.dimensions[Dimension.COMPLETENESS].value == pytest.approx((3 * 40 + 75) / 4)
    assert orders.dimensions[Dimension.VALIDITY].value == 100
    assert lost_by(odd[2]) == 1


def test_groups_are_the_weighted_means_of_their_models() -> None:
    nodes = [
        model("a", layer="staging", meta={"owner": "Ann", "criticality": "high"}),
        model("b", layer="staging", meta={"owner": "Bo"}),
        model("c", layer="marts", meta={"owner": "Ann"}),
    ]
    tests = [check("unique", name, "id") for name in "abc"]
    results = {test.unique_id: ("fail", found) for test, found in zip(tests, (10, 0, 5), strict=True)}
    rows = {"a": 100, "b": 100, "c": 100}
    quality = judged(project([*nodes, *tests]), known(results, rows))

    layers = {part.label: part.total.value for part in quality.parts("layer")}
    owners = {part.label: part.total.value for part in quality.parts("owner")}
    assert layers == pytest.approx({"staging": (3 * 80 + 100) / 4, "marts": 90})
    assert owners == pytest.approx({"Ann": (3 * 80 + 90) / 4, "Bo": 100})
    assert quality.project.total.value == pytest.approx((3 * 80 + 100 + 90) / 5)


def test_a_dimension_without_weight_is_left_out() -> None:
    manifest = project([model("orders"), KEY, EMAIL])
    what = known({KEY.unique_id: ("fail", 5), EMAIL.unique_id: "pass"})
    quality = judged(manifest, what, weights={"uniqueness": 0})

    assert (quality.project.total.value, quality.losses) == (100, ())


def test_what_is_below_the_gate_is_named_and_nothing_measured_is_no_pass() -> None:
    manifest = project([model("orders"), model("other"), KEY])
    quality = judged(manifest, known({KEY.unique_id: ("fail", 5)}, {"orders": 100}))

    (found,) = below(quality, "model", min_score=95, min_coverage=0)
    assert (found.part.label, found.value) == ("orders", pytest.approx(90))
    uncovered = below(quality, "model", min_score=0, min_coverage=10)
    assert [(one.part.label, one.what) for one in uncovered] == [("other", "coverage")]
    with pytest.raises(UsageError, match="nothing is measured"):
        below(judged(manifest, known({})), "model", min_score=95, min_coverage=0)


def test_missing_tests_of_keys_are_proposed_with_whether_they_hold_today() -> None:
    to = check("relationships", "orders", "customer_id", to="ref('customers')")
    customers = [model("customers"), check("unique", "customers", "customer_id")]
    refunds = model("refunds")
    manifest = project([model("orders"), to, *customers, refunds])
    measured = Measured(NOW, columns=("id", "customer_id"), filled=frozenset({"id", "customer_id"}))
    what = known(
        {to.unique_id: "pass"},
        measured={ORDERS: measured},
        columns={ORDERS: ("id", "customer_id"), refunds.unique_id: ("refund_id", "customer_id")},
    )
    actions = [way.action for way in judged(manifest, what).measure]

    assert "add not_null on orders.customer_id (holds today)" in actions
    assert "add unique on orders.id (see first that it holds)" in actions
    assert "add unique on refunds.refund_id (see first that it holds)" in actions
    assert "add relationships on refunds.customer_id to customers (see first that it holds)" in actions


def test_what_is_kept_of_a_day_has_every_dimension_of_the_project_and_the_total_of_each_model() -> None:
    quality = judged(project([model("orders"), KEY]), known({KEY.unique_id: "pass"}))
    points = {(p.scope, p.name, p.dimension): p.score for p in points_of(quality, NOW)}

    assert (
        points["project", "", ""] == points["project", "", "uniqueness"] == points["model", ORDERS, ""] == 100
    )


# --- what holds of all ------------------------------------------------------------------------------------

SUBJECTS = [
    Subject(
        f"model.shop.{name}",
        name,
        "model",
        "",
        "",
        weight,
        {c: c for c in "abc"},
        frozenset("a"),
        tuple(Dimension),
        frozenset(),
    )
    for name, weight in (("one", 1.0), ("two", 2.5), ("three", 1 / 3))
]
LOST = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


@st.composite
def evidences(draw: st.DrawFn) -> list[Evidence]:
    size = draw(st.integers(1, 8))
    return [
        Evidence(
            draw(st.sampled_from([s.node for s in SUBJECTS])),
            draw(st.sampled_from(["", "a", "b", "c"])),
            draw(st.sampled_from(list(Dimension))),
            draw(LOST),
            f"cause{number}",
            draw(st.sampled_from(["test", "freshness", "run", "monitor"])),
            "what on it",
            "said",
            draw(st.none() | st.integers(0, 10**6)),
        )
        for number in range(size)
    ]


WEIGHTS = dimension_weights({"validity": 3, "timeliness": 0.5})


def value_of(evidence: list[Evidence]) -> float:
    found = project_part(scored(evidence)).total.value
    assert found is not None
    return found


def scored(evidence: list[Evidence]) -> list:  # type: ignore[type-arg]
    return [score_node(s, [e for e in evidence if e.node == s.node], WEIGHTS) for s in SUBJECTS]


@settings(max_examples=50)
@given(evidences())
def test_scores_are_0_to_100_and_each_lost_point_has_one_reason(evidence: list[Evidence]) -> None:
    scores = scored(evidence)
    losses = losses_of(scores, WEIGHTS)

    for part in (*parts_by(scores, "model"), *parts_by(scores, "column"), project_part(scores)):
        assert part.total.value is None or -1e-9 <= part.total.value <= 100 + 1e-9
        assert 0 <= part.total.coverage <= 100 + 1e-9
    lacking = 100 - value_of(evidence)
    assert sum(loss.points for loss in losses) == pytest.approx(lacking, abs=1e-6)
    assert sum(way.points for way in mending(losses)) == pytest.approx(lacking, abs=1e-6)
    assert all(way.points >= -1e-9 and way.effort >= 1 for way in mending(losses))
    for score in scores:
        own = sum(loss.node_points for loss in losses if loss.node == score.subject.node)
        assert score.total.value is None or own == pytest.approx(100 - score.total.value, abs=1e-6)


@settings(max_examples=50)
@given(evidences(), st.data())
def test_worse_evidence_never_raises_a_score(evidence: list[Evidence], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(evidence) - 1))
    worse = data.draw(st.floats(evidence[place].lost, 1))
    changed = [*evidence[:place], replace(evidence[place], lost=worse), *evidence[place + 1 :]]

    assert value_of(changed) <= value_of(evidence) + 1e-9


@settings(max_examples=50)
@given(evidences(), LOST, st.data())
def test_more_evidence_of_what_is_measured_never_raises_a_score(
    evidence: list[Evidence], lost: float, data: st.DataObject
) -> None:
    like = data.draw(st.sampled_from(evidence))

    assert value_of([*evidence, replace(like, lost=lost, cause="more")]) <= value_of(evidence) + 1e-9


@given(
    st.sampled_from(["not_null", "unique", "accepted_values", "of_our_own"]),
    st.integers(0, 200),
    st.one_of(st.none(), st.integers(1, 100)),
)
def test_a_failing_test_never_counts_more_than_one_that_warns_or_passes(
    name: str, failures: int, rows: int | None
) -> None:
    test = check(name, "orders", "id")
    known_rows = Rows(rows) if rows else None
    passed, warned, failed, error = (
        of_test(test, ORDERS, Seen(status, NOW, failures), known_rows, {}).lost
        for status in ("pass", "warn", "fail", "error")
    )

    assert 0 <= passed <= warned <= failed <= error == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_shares_of_causes_add_up_and_the_worse_has_no_less(lost: list[float]) -> None:
    ordered = sorted(lost, reverse=True)
    found = shares(ordered)

    assert sum(found) == pytest.approx(ordered[0])
    assert all(one >= other - 1e-12 for one, other in itertools.pairwise(found))
