"""Embeddings by sentence-transformers: the reference, and the way for models that are no plain BERT."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aidbt.llm.bert import broken
from aidbt.llm.weights import Weights

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# A row of the table that transformers 5 reports, or an item of the list in the sentence of transformers 4.
_MISSING = re.compile(r"^(\S+)\s*\|[^|\n]*MISSING|'([\w.]+)'", re.MULTILINE)


class TorchEmbedder:
    """A model of sentence-transformers on the CPU.

    Args:
        threads: CPU threads of torch, in the whole process.

    Raises:
        AidbtError: the model cannot be loaded; code that comes with a model is never run.
    """

    def __init__(self, weights: Weights, *, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self._folder = weights.folder
        self._model = _load(weights.folder)
        self.name = f"{weights.label}@{weights.digest[:16]} sentence-transformers"
        self.dimension = len(self._model.encode("", show_progress_bar=False))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32, shape (len(texts), dimension), each of length 1.

        Raises:
            AidbtError: the model's numbers are damaged.
        """
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        vectors = self._model.encode(
            clean, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
        )
        if not np.isfinite(vectors).all():
            raise broken(self._folder, "it gives values that are no numbers")
        return np.asarray(vectors, dtype=np.float32)


def _load(folder: Path) -> SentenceTransformer:
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    try:
        with _loader_report() as report:
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, SafetensorError) as error:
        raise broken(folder, f"{type(error).__name__}: {error}") from error
    made_up = _made_up_tensors("\n".join(report))
    if made_up:
        raise broken(folder, f"the tensor '{made_up[0]}' is missing")
    return model


@contextlib.contextmanager
def _loader_report() -> Iterator[list[str]]:
    """What transformers reports while it loads, instead of writing it and its progress to the terminal.

    A tensor that is missing in a file becomes random numbers there, and only this report says so.
    """
    from transformers.utils import logging as progress

    messages: list[str] = []
    logger = logging.getLogger("transformers")
    handlers, level, bars = logger.handlers, logger.level, progress.is_progress_bar_enabled()
    logger.handlers = [_Collect(messages)]
    logger.setLevel(logging.WARNING)
    progress.disable_progress_bar()
    try:
        yield messages
    finally:
        logger.handlers = handlers
        logger.setLevel(level)
        if bars:
            progress.enable_progress_bar()


class _Collect(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


def _made_up_tensors(report: str) -> list[str]:
    """Names of tensors that were in no file, but for the pooler, which sentence vectors do not use."""
    found = _MISSING.findall(report) if "newly initialized" in report else []
    return sorted(name for pair in found for name in pair if name and "pooler." not in name)
