"""Every combiner: what each must do; then the weighted mean, and what the fitted one promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from match_tasks import columns, decided, embed, schemas, table

from aidbt.core.config import MappingSettings
from aidbt.core.errors import UnknownName
from aidbt.core.schema import Column
from aidbt.mapping.combine import (
    COMBINERS,
    Calibration,
    Weights,
    calibrated,
    first_basis,
    first_logits,
    fitted_weights,
    gather,
    measures,
)
from aidbt.mapping.schemas import score
from aidbt.mapping.sides import TableSide
from aidbt.mapping.signals import SIGNALS, Pairs, SchemaPair

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SHOP = (
    [
        table(("ord_id", "INTEGER"), ("cust_nm", "VARCHAR"), ("qty", "INTEGER"), ("amt", "DOUBLE"),
              name="ord", values={"qty": ("1", "2"), "cust_nm": ("Ann", "Bob")}),
        table(("id", "INTEGER"), ("mail", "VARCHAR"), ("dob", "VARCHAR"), name="cust",
              values={"dob": ("1990-01-31",)}),
    ],
    [
        table(("customer_id", "integer"), ("email", "varchar"), ("birth_date", "date"), name="customer"),
        table(("order_id", "integer"), ("customer_name", "varchar"), ("quantity", "integer"),
              Column("amount", "double", description="What was paid for the order"), name="order",
              values={"quantity": ("2", "3"), "customer_name": ("Ann",)}),
    ],
)  # fmt: skip
ODD = {
    "nothing": schemas([], []),
    "no source": schemas([], [table("a")]),
    "no target": schemas([table("a")], []),
    "no columns": schemas([table(), table("a")], [table("a"), table()]),
    "one each": schemas([table("a")], [table("a")]),
    "alike": schemas([table(*["value"] * 3)], [table(*["value"] * 4)]),
    "no names": schemas([table("", "%%")], [table("", "##", "")]),
    "ruled out": schemas([table("a")], [table("a")], never=frozenset({("t", "a", "t", "a")})),
    "shop": schemas(*SHOP, history=decided(("ord_id", "order_id"))),
    "shop, with meaning": schemas(*SHOP, embed=embed),
}
NAMES = st.lists(st.text(max_size=20), max_size=4)


def settings_of(combiner: str, **signals: float) -> MappingSettings:
    return MappingSettings(combiner=combiner, signals=signals)


def probabilities(pair: SchemaPair, combiner: str, **signals: float) -> np.ndarray:
    """Shape (sources, targets), NaN for pairs that are not looked at."""
    pairs, scores = score(pair, settings_of(combiner, **signals))
    found = np.full(pair.shape, np.nan)
    found[pairs.source, pairs.target] = scores.probability
    return found


# --- what every combiner must do ----------------------------------------------------------------------


@pytest.mark.parametrize("combiner", COMBINERS.names())
@pytest.mark.parametrize("case", ODD)
def test_every_pair_gets_a_probability(combiner, case):
    pairs, scores = score(ODD[case], settings_of(combiner))

    assert scores.probability.shape == (len(pairs),)
    assert ((scores.probability >= 0) & (scores.probability <= 1)).all()
    assert set(scores.evidence) <= set(SIGNALS.names())


@settings(max_examples=25, deadline=None)
@given(source=NAMES, target=NAMES)
def test_any_names_get_probabilities(source, target):
    for combiner in COMBINERS.names():
        for model in (None, embed):
            found = probabilities(schemas([table(*source)], [table(*target)], embed=model), combiner)
            assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("combiner", COMBINERS.names())
def test_the_same_task_gets_the_same_probabilities(combiner):
    first, second = (probabilities(schemas(*SHOP, embed=embed), combiner) for _ in range(2))

    assert np.array_equal(first, second)


# One pair at most is likely: no order of columns is proven, so that where a column stands says nothing.
UNORDERED = [("ship_city", "VARCHAR"), ("cust_nm", "VARCHAR"), ("qqq", "BOOLEAN"), ("zip", "VARCHAR")]
WANTED = [("customer_name", "varchar"), ("humidity", "double"), ("note", "varchar")]


@pytest.mark.parametrize("combiner", COMBINERS.names())
@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]])
def test_the_order_of_the_source_columns_does_not_matter_where_no_order_was_kept(combiner, order):
    def found(named: list[tuple[str, str]]) -> np.ndarray:
        return probabilities(schemas([table(*named)], [table(*WANTED)]), combiner)

    assert found([UNORDERED[n] for n in order]) == pytest.approx(found(UNORDERED)[order], abs=1e-5)


@pytest.mark.parametrize("combiner", COMBINERS.names())
def test_the_order_of_the_tables_does_not_matter(combiner):
    source, target = SHOP

    plain = probabilities(schemas(source, target), combiner)
    turned = probabilities(schemas(source[::-1], target), combiner)

    sizes = [len(side.relation.columns) for side in source]
    assert np.concatenate([turned[sizes[1] :], turned[: sizes[1]]]) == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("combiner", COMBINERS.names())
def test_the_right_pair_is_the_likeliest(combiner):
    found = probabilities(schemas(*SHOP), combiner)
    names = [[c.name for side in sides for c in side.relation.columns] for sides in SHOP]

    for source, target in [("qty", "quantity"), ("mail", "email"), ("ord_id", "order_id")]:
        i, j = names[0].index(source), names[1].index(target)
        assert found[i].argmax() == j
        assert found[:, j].argmax() == i


@pytest.mark.parametrize("combiner", COMBINERS.names())
def test_an_unknown_signal_is_an_error_that_offers_the_nearest_one(combiner):
    with pytest.raises(UnknownName, match="nmae") as error:
        score(ODD["one each"], settings_of(combiner, nmae=1.0))

    assert error.value.hint == "did you mean 'name'?"


def test_an_unknown_combiner_is_an_error_that_offers_the_nearest_one():
    with pytest.raises(UnknownName, match="evidnce") as error:
        score(ODD["one each"], MappingSettings.model_construct(combiner="evidnce", signals={}))

    assert error.value.hint == "did you mean 'evidence'?"


# --- the weighted mean --------------------------------------------------------------------------------


def test_missing_evidence_counts_as_a_half_in_the_weighted_mean():
    # The names are the same, the types are the same, and nothing else is known.
    found = probabilities(schemas([table(("a", "INTEGER"))], [table(("a", "integer"))]), "fixed")

    assert found[0, 0] == pytest.approx(0.4 * 1 + 0.2 * 1 + 0.25 * 0.5 + 0.15 * 0.5)


def test_the_weights_of_the_mean_are_those_of_the_settings_and_are_divided_by_their_sum():
    pair = schemas([table(("a", "BOOLEAN"))], [table(("a", "date"))])

    assert probabilities(pair, "fixed", name=2.0, type=6.0)[0, 0] == pytest.approx(0.25)
    assert probabilities(pair, "fixed", name=1.0)[0, 0] == pytest.approx(1)
    assert probabilities(pair, "fixed", statistics=1.0)[0, 0] == pytest.approx(0.5)


def test_weights_of_nothing_make_nothing_likely():
    assert probabilities(ODD["one each"], "fixed", name=0.0)[0, 0] == 0


# --- the fitted combiner ------------------------------------------------------------------------------


def test_every_measure_that_has_a_weight_is_one_that_its_signal_says():
    said = gather(ODD["shop"], ODD["shop"].every_pair)

    assert all(measure in said[signal].scores for signal, measure in measures())


@pytest.mark.parametrize("is_meaningful", [False, True])
def test_the_shipped_weights_fit_the_features(is_meaningful):
    pair = ODD["shop"]
    basis = first_basis(pair, pair.every_pair, gather(pair, pair.every_pair))

    weights = fitted_weights(is_meaningful=is_meaningful)

    assert basis.shape == (len(pair.every_pair), len(weights.first))
    assert all(np.isfinite(part).all() for part in (weights.first, weights.second, weights.taken))


def test_the_logits_of_the_first_look_are_its_features_times_the_weights():
    pair = ODD["shop"]
    evidence, weights = gather(pair, pair.every_pair), fitted_weights(is_meaningful=False).first

    logits = first_logits(pair, pair.every_pair, evidence, weights, {})

    assert logits == pytest.approx(first_basis(pair, pair.every_pair, evidence) @ weights, abs=1e-3)


def test_a_signal_with_the_factor_0_says_nothing():
    target = [table(Column("state", "varchar", values=("open", "closed")), ("note", "varchar"))]

    def found(held: tuple[str, ...], **signals: float) -> np.ndarray:
        source = [table(("a", "VARCHAR"), ("b", "VARCHAR"), values={"a": held})]
        return probabilities(schemas(source, target), "evidence", **signals)

    silent = {"values": 0.0, "statistics": 0.0, "type": 0.0}
    assert not np.allclose(found(("open", "closed")), found(("apple", "pear")), atol=1e-3)
    assert found(("open", "closed"), **silent) == pytest.approx(found(("apple", "pear"), **silent))


def test_evidence_that_is_missing_is_not_counted_as_half_of_it():
    known = probabilities(schemas([table(("a_b", "INTEGER"))], [table(("a_b", "integer"))]), "evidence")
    unknown = probabilities(schemas([table("a_b")], [table("a_b")]), "evidence")

    assert min(known[0, 0], unknown[0, 0]) > 0.95


def test_the_names_of_a_small_table_that_stay_the_same_are_near_certain():
    named = columns(("order_id", "INTEGER"), ("amount", "DOUBLE"), ("status", "VARCHAR"))

    found = probabilities(schemas([table(*named)], [table(*named)]), "evidence")

    assert found.diagonal().min() > 0.98
    assert (found - np.diag(found.diagonal())).max() < 0.05


def test_what_a_model_of_meaning_knows_makes_a_pair_likelier():
    def found(model) -> float:
        sides = (
            [TableSide(table("flurble", "width").relation)],
            [TableSide(table("grommet", "width").relation)],
        )
        return probabilities(schemas(*sides, embed=model), "evidence")[0, 0]

    assert found(embed) > found(None)


def test_what_people_decided_elsewhere_nearly_settles_a_match():
    sides = [table("cdt", "xdt")], [table("closed_at", "opened_at", name="deal")]
    history = decided(("cdt", "closed_at"))

    without = score(schemas(*sides), MappingSettings())[1].probability
    with_it = score(schemas(*sides, history=history), MappingSettings())[1].probability

    assert without[0] < 0.5
    assert with_it[0] > 0.85


def test_a_type_that_cannot_become_the_other_is_no_match_whatever_the_name():
    pair = schemas([table(("order_date", "BOOLEAN"))], [table(("order_date", "date"))])

    assert score(pair, MappingSettings())[1].probability[0] == 0


def test_a_declared_synonym_shares_its_probability_with_no_name_that_is_only_near():
    wanted = Column("timezone_name", "varchar", synonyms=("tzone",))
    pair = schemas([table(("tz", "BIGINT"), ("tzone", "VARCHAR"))], [table(wanted)], embed=embed)

    assert score(pair, MappingSettings())[1].probability[1] > 0.9


def test_two_equally_good_sources_leave_no_room_for_certainty():
    pair = schemas([table("login_x", "login_y")], [table("login")])

    found = score(pair, MappingSettings())[1].probability

    assert found.sum() < 1.3
    assert found.max() < 0.9


@given(
    st.lists(st.floats(-10, 10), min_size=2, max_size=6, unique=True),
    st.floats(0.01, 0.4),
    st.floats(1, 3),
    st.data(),
)
@settings(deadline=None)
def test_the_candidates_of_a_source_stand_in_the_order_of_the_ranking(ranks, sure, shared, data):
    taken = np.zeros(len(ranks), dtype=bool)
    taken[data.draw(st.integers(0, len(ranks) - 1))] = True
    seen = Calibration(np.array(ranks)[:, None], taken, np.array([[np.log(sure / (1 - sure))]]), np.zeros(1))
    weights = Weights(np.zeros(0), np.zeros(0), np.ones(1), np.ones(1))
    pairs = Pairs(np.zeros(len(ranks), dtype=int), np.arange(len(ranks)))

    found = calibrated(pairs, seen, weights, np.full(len(ranks), shared))

    assert (np.diff(found[np.argsort(ranks)]) >= 0).all()
    assert found[taken][0] == pytest.approx(sure / shared)
