"""What an embedding says of candidates, and that nothing depends on there being one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
import pytest

from aidbt.core.errors import MissingExtra
from aidbt.semantic.answering import understand
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.grounding import Grounding
from aidbt.semantic.ranking import Embed, ranked_by
from tests.aidbt.semantic.english.small_shop import CLOCK, world

VECTORS = {"order dat": (1.0, 0.0), "ordered on": (0.6, 0.8), "orders": (0.8, 0.6), "status": (-1.0, 0.0)}


def embed(texts: Sequence[str]) -> np.ndarray:
    return np.array([VECTORS[text] for text in texts], dtype=np.float32)


def test_names_are_compared_as_words_by_their_cosine() -> None:
    rank = ranked_by(lambda: embed)

    assert rank("order_dat", ["ordered_on", "orders", "status"]) == pytest.approx([0.6, 0.8, 0.0])


def test_without_an_embedding_or_with_one_that_cannot_be_opened_all_are_as_near() -> None:
    def missing() -> Embed | None:
        raise MissingExtra("the embedding model 'x'", "embeddings")

    for open_embed in (lambda: None, missing):
        assert ranked_by(open_embed)("order", ["orders", "status"]) == [0.0, 0.0]


def test_an_embedding_is_opened_for_several_candidates_and_for_nothing_else() -> None:
    opened: list[bool] = []

    def count() -> Embed | None:
        opened.append(True)
        return None

    def asked(question: str) -> bool:
        opened.clear()
        graph, lexicon = world()
        grounding = Grounding(graph, lexicon, None, "")
        with contextlib.suppress(Refused):
            understand(question, grounding, CLOCK, dialect="duckdb", rank=ranked_by(count))
        return bool(opened)

    assert not asked("how many customers per country")
    assert not asked("how many zzzzqqq")
    assert asked("how many custmers")
