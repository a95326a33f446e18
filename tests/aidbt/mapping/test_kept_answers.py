"""What was kept of an earlier question changes nothing about the answer to the next one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Column, Relation
from aidbt.llm.embeddings import cached
from aidbt.mapping.schemas import SchemaMatch, match_schemas
from aidbt.mapping.sides import TableSide
from aidbt.store.cache import Cache
from aidbt.store.db import open_store
from aidbt.store.vectors import VectorTable

NAMES = ("customer_name", "cust_email", "order_total", "created_at", "city", "postal_code", "status", "qty")
TARGETS = ("name", "email_address", "total_amount", "creation_time", "town", "zip", "state", "quantity")


class LetterEmbedder:
    """Vectors of a text's trigrams, which are the same whatever they are made with."""

    name, dimension = "letters", 32

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for start in range(len(text) + 1):
                vectors[row, zlib.crc32(f" {text} "[start : start + 3].encode()) % self.dimension] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def side(table: str, names: Sequence[str]) -> list[TableSide]:
    values = {name: tuple(f"{name[n % len(name)]}{n}" for n in range(6)) for name in names}
    return [TableSide(Relation("raw", table, tuple(Column(name, "varchar") for name in names)), values)]


class Kept:
    """A matcher that keeps answers and vectors in a file."""

    def __init__(self, path: Path) -> None:
        self.embedder = LetterEmbedder()
        store = open_store(path)
        self.cache = Cache(store)
        self.embed = cached(self.embedder, VectorTable(store)).encode

    def match(self, sources: list[TableSide], targets: list[TableSide]) -> SchemaMatch:
        return match_schemas(sources, targets, MappingSettings(), embed=self.embed, cache=self.cache)


def anew(sources: list[TableSide], targets: list[TableSide]) -> SchemaMatch:
    return match_schemas(sources, targets, MappingSettings(), embed=LetterEmbedder().encode)


@settings(max_examples=20, deadline=None)
@given(
    changed=st.integers(0, len(NAMES) - 1),
    name=st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8})?", fullmatch=True).filter(lambda name: name not in NAMES),
)
def test_after_one_column_changed_the_answer_is_the_one_that_nothing_kept_gives(
    tmp_path_factory, changed: int, name: str
):
    kept, targets = Kept(tmp_path_factory.mktemp("kept") / "state.db"), side("wanted", TARGETS)
    kept.match(side("given", NAMES), targets)
    sources = side("given", [name if n == changed else old for n, old in enumerate(NAMES)])

    assert kept.match(sources, targets) == anew(sources, targets)


def test_the_same_question_is_answered_from_the_store_of_another_process(tmp_path: Path):
    sources, targets = side("given", NAMES), side("wanted", TARGETS)
    first = Kept(tmp_path / "state.db").match(sources, targets)
    again = Kept(tmp_path / "state.db")

    assert again.match(sources, targets) == first == anew(sources, targets)
    assert again.embedder.encoded == []


def test_after_one_column_changed_only_texts_with_its_name_are_encoded(tmp_path: Path):
    sources, targets = side("given", NAMES), side("wanted", TARGETS)
    Kept(tmp_path / "state.db").match(sources, targets)
    again = Kept(tmp_path / "state.db")
    columns = (Column("parcel_weight", "varchar"), *sources[0].relation.columns[1:])

    again.match([replace(sources[0], relation=replace(sources[0].relation, columns=columns))], targets)

    assert again.embedder.encoded
    assert all("parcel weight" in text for text in again.embedder.encoded)
