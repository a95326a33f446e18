"""One-to-one assignment: the best total, with "no match" as an answer."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aidbt.mapping.assign import assign, assigned_pairs
from aidbt.mapping.signals import Pairs

MATRICES = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(0, 20).map(lambda n: n / 20))
)


def best_total(worth: np.ndarray) -> float:
    """The highest sum that any one-to-one assignment reaches, found by trying all; pairs may be left out."""
    worth = np.maximum(worth if worth.shape[0] <= worth.shape[1] else worth.T, 0)
    rows = range(worth.shape[0])
    return max(sum(worth[i, j] for i, j in zip(rows, chosen, strict=True)) for chosen in
               permutations(range(worth.shape[1]), len(rows)))  # fmt: skip


@settings(deadline=None)
@given(scores=MATRICES, least=st.sampled_from([0.0, 0.3, 0.5]))
def test_no_other_assignment_is_worth_more(scores, least):
    taken = assign(scores, least=least)

    assert len(set(taken.values())) == len(taken)
    assert all(scores[i, j] > least for j, i in taken.items())
    assert sum(scores[i, j] - least for j, i in taken.items()) == pytest.approx(best_total(scores - least))


@settings(max_examples=80, deadline=None)
@given(scores=MATRICES, data=st.data())
def test_pairs_that_are_not_looked_at_are_never_taken(scores, data):
    kept = data.draw(arrays(bool, scores.shape))
    pairs = Pairs(*np.nonzero(kept))

    taken = assigned_pairs(pairs, scores[kept], scores.shape, least=0.0)

    assert taken.shape == (len(pairs),)
    assert scores[kept][taken].sum() == pytest.approx(best_total(np.where(kept, scores, 0)))


@settings(max_examples=60, deadline=None)
@given(scores=MATRICES, data=st.data())
def test_the_order_in_which_pairs_are_given_does_not_matter(scores, data):
    rows, columns = (found.ravel() for found in np.indices(scores.shape))
    order = np.array(data.draw(st.permutations(range(scores.size))))

    first = assigned_pairs(Pairs(rows, columns), scores.ravel(), scores.shape, least=0.1)
    again = assigned_pairs(Pairs(rows[order], columns[order]), scores.ravel()[order], scores.shape, least=0.1)

    assert scores.ravel()[first].sum() == pytest.approx(scores.ravel()[order][again].sum())


def test_assignment_takes_the_best_total_and_leaves_poor_pairs_out():
    scores = np.array([[0.9, 0.8, 0.0], [0.85, 0.1, 0.2]])

    assert assign(scores, least=0.3) == {1: 0, 0: 1}


def test_a_poor_pair_never_pushes_out_a_good_one():
    # 0.9 + 0.25 is less than 0.6 + 0.6, but 0.25 is no match.
    scores = np.array([[0.9, 0.25], [0.6, 0.0]])

    assert assign(scores, least=0.3) == {0: 0}


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)])
def test_equally_good_pairs_are_taken_in_their_order(shape):
    taken = assign(np.full(shape, 0.7), least=0.3)

    assert taken == {n: n for n in range(min(shape))}


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign_is_no_error(shape):
    assert assign(np.zeros(shape), least=0.3) == {}


def test_scores_at_the_least_are_no_match():
    assert assign(np.array([[0.3]]), least=0.3) == {}
