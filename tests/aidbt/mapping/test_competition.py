"""What the other pairs say about a pair: shares, rivals, order, and the tables around it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from match_tasks import schemas, table

from aidbt.mapping.competition import best_other, log_shares, second_look

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

GROUPED = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        arrays(float, size, elements=st.integers(-24, 24).map(lambda n: n / 2)),
        arrays(np.int64, size, elements=st.integers(0, 3)),
    )
)


@settings(deadline=None)
@given(GROUPED)
def test_the_shares_of_a_group_and_of_no_match_add_up_to_1(grouped):
    logits, groups = grouped

    shares = np.exp(log_shares(logits, groups, 4, 0.0))

    for group in set(groups.tolist()):
        none = 1 / (1 + np.exp(logits[groups == group]).sum())
        assert shares[groups == group].sum() + none == pytest.approx(1)


def test_shares_of_hopeless_and_of_certain_pairs_are_numbers():
    logits = np.array([-1e6, 1e6, 1e6])

    found = log_shares(logits, np.array([0, 1, 1]), 2, 0.0)

    assert found.tolist() == pytest.approx([-1e6, np.log(0.5), np.log(0.5)])


@settings(deadline=None)
@given(GROUPED)
def test_the_best_other_is_the_best_of_the_group_without_the_pair_itself(grouped):
    scores, groups = grouped

    found = best_other(scores, groups, 4, -12.0)

    for k in range(len(scores)):
        others = [scores[m] for m in range(len(scores)) if groups[m] == groups[k] and m != k]
        assert found[k] == max([*others, -12.0])


def looked(pair, logits) -> dict[str, np.ndarray]:
    """The second look at every pair, as arrays of shape (sources, targets)."""
    found = second_look(pair, pair.every_pair, np.asarray(logits, dtype=float).ravel())
    return {name: values.reshape(pair.shape) for name, values in found.items()}


def one_table(size: int):
    names = [f"c{n}" for n in range(size)]
    return schemas([table(*names)], [table(*names)])


def matrix(size: int, chosen: list[int], high: float = 6.0, low: float = -6.0) -> np.ndarray:
    """Logits by which each source n likes the target chosen[n] best."""
    logits = np.full((size, size), low)
    logits[np.arange(size), chosen] = high
    return logits


@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0), (1, 1)])
def test_a_second_look_at_nothing_is_no_error(shape):
    pair = schemas([table(*"ab"[: shape[0]])], [table(*"ab"[: shape[1]])])

    found = looked(pair, np.zeros(shape))

    assert all(np.isfinite(values).all() for values in found.values())


def test_one_of_two_equal_rivals_has_half_of_the_share_and_no_lead():
    found = looked(schemas([table("a")], [table("x", "y")]), [[9.0, 9.0]])

    assert np.exp(found["share_of_source"][0] * 12) == pytest.approx([0.5, 0.5], abs=0.01)
    assert found["ahead_of_source"][0].tolist() == [0, 0]
    assert found["ahead_of_target"][0].tolist() == [1, 1]


def test_columns_that_kept_their_order_speak_for_their_neighbours():
    in_order = looked(one_table(8), matrix(8, list(range(8))))
    shuffled = looked(one_table(8), matrix(8, [3, 6, 0, 5, 1, 7, 2, 4]))

    assert in_order["neighbours"][3, 3] > 0.4
    assert in_order["place"][3, 3] > in_order["place"][3, 7]
    assert shuffled["neighbours"].max() < 0.1
    assert shuffled["place"].max() < 0.4


def test_two_likely_pairs_are_no_proof_of_an_order():
    found = looked(one_table(2), matrix(2, [0, 1]))

    assert found["place"].max() < 0.3


def test_with_one_table_on_each_side_tables_say_nothing():
    found = looked(one_table(3), matrix(3, [0, 1, 2]))

    for name in ("tables", "tables_of_source", "tables_of_target", "same_names"):
        assert not found[name].any()


def test_tables_whose_columns_fit_each_other_are_near():
    sides = [[table("a", "b", name="one"), table("c", "d", name="two")] for _ in range(2)]

    found = looked(schemas(*sides), matrix(4, [0, 1, 2, 3]))

    assert found["tables"][0, 1] > 0.9
    assert found["tables"][0, 2] < 0.1
    assert found["tables_of_source"][0, 0] == pytest.approx(1)
    assert found["tables_of_target"][0, 0] == pytest.approx(1)


def test_what_a_name_became_in_one_table_it_became_in_the_others():
    source = [table("key", "x", name="a"), table("key", "y", name="b")]
    target = [table("uid", "x", name="a"), table("uid", "y", name="b")]
    logits = np.full((4, 4), -6.0)
    logits[0, 0] = logits[1, 1] = logits[3, 3] = 6.0  # `key` of the table b is in doubt

    found = looked(schemas(source, target), logits)

    assert found["same_names"][2, 2] > 0.3
    assert found["same_names"][2, 3] < 0.1
    assert found["same_names"][1, 1] == 0


def test_tables_without_columns_are_near_nothing():
    pair = schemas(
        [table(name="empty"), table("a", name="one")], [table("a", name="one"), table(name="none")]
    )

    found = looked(pair, [[6.0]])

    assert found["tables"][0, 0] > 0.9
