"""A text classifier for messages that no rule knows: letters that stand together, weighed by regression.

TF-IDF over the groups of 2 to 5 letters inside of words (Salton and Buckley 1988; sublinear counts, length 1)
and multinomial logistic regression. The model is one file of arrays, fitted by `python -m
benchmarks.fit_classifier` and read without scikit-learn.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from aidbt.core.errors import AidbtError, MissingExtra
from aidbt.core.failures import ErrorClass
from aidbt.healing.classification.messages import normal_form

MODEL_FILE = "classifier.npz"
VERSION = 1
_SHORTEST, _LONGEST = 2, 5
_MOST_WORDS = 150  # of a normal form; what comes later is echo and traceback


@dataclass(frozen=True, eq=False, slots=True)
class TextModel:
    """A fitted classifier.

    Attributes:
        vocabulary: group of letters → its row.
        idf: shape (rows,).
        weights: shape (rows, classes).
        bias: shape (classes,).
    """

    classes: tuple[ErrorClass, ...]
    vocabulary: dict[str, int]
    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, message: str) -> np.ndarray:
        """The chance of each class, shape (classes,), together 1."""
        rows, values = self._vector(message)
        logits = values @ self.weights[rows].astype(np.float32) + self.bias
        shares = np.exp(logits - logits.max())
        return np.asarray(shares / shares.sum())

    def likeliest(self, message: str, count: int = 3) -> list[tuple[ErrorClass, float]]:
        """The likeliest classes with their chances, the best first."""
        chances = self.probabilities(message)
        best = np.argsort(-chances, kind="stable")[:count]
        return [(self.classes[place], float(chances[place])) for place in best]

    def _vector(self, message: str) -> tuple[np.ndarray, np.ndarray]:
        counts = Counter(self.vocabulary[g] for g in letter_groups(message) if g in self.vocabulary)
        rows = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = np.array([1 + math.log(n) for n in counts.values()], dtype=np.float32) * self.idf[rows]
        length = float(np.sqrt((values**2).sum()))
        return rows, values / length if length else values


def letter_groups(message: str) -> Iterator[str]:
    """Every group of letters inside a word of the normal form, a space before and after the word."""
    for word in normal_form(message).split()[:_MOST_WORDS]:
        padded = f" {word} "
        for size in range(_SHORTEST, _LONGEST + 1):
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
            if size >= len(padded):
                break


# --- its file ---------------------------------------------------------------------------------------------


def save_model(model: TextModel, path: Path) -> None:
    """Write a model; the same model gives the same bytes."""
    groups = sorted(model.vocabulary, key=model.vocabulary.__getitem__)
    arrays = {
        "classes": np.array([str(c) for c in model.classes]),
        "groups": np.frombuffer("\n".join(groups).encode(), dtype=np.uint8),
        "idf": model.idf.astype(np.float16),
        "weights": model.weights.astype(np.float16),
        "bias": model.bias.astype(np.float32),
        "version": np.array(VERSION),
    }
    np.savez_compressed(path, digest=np.array(_digest(arrays)), **arrays)  # type: ignore[arg-type]


def load_model(path: Path) -> TextModel:
    """A model from its file.

    Raises:
        AidbtError: it is damaged, or of another version.
    """
    hint = "reinstall aidbt; a model of your own is made by fitting it again"
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        digest = str(arrays.pop("digest"))
        if int(arrays["version"]) != VERSION or digest != _digest(arrays):
            raise AidbtError(f"the classifier {path.name} is not what was written", hint=hint)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise AidbtError(f"the classifier {path.name} cannot be read: {error}", hint=hint) from error
    groups = bytes(arrays["groups"]).decode().split("\n")
    return TextModel(
        tuple(ErrorClass(str(name)) for name in arrays["classes"]),
        {group: row for row, group in enumerate(groups)},
        arrays["idf"].astype(np.float32),
        arrays["weights"],
        arrays["bias"],
    )


@lru_cache(maxsize=1)
def shipped_model() -> TextModel:
    """The model that comes with aidbt.

    Raises:
        AidbtError: it is damaged.
    """
    with as_file(files(__package__) / MODEL_FILE) as path:
        return load_model(path)


def _digest(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()


# --- fitting ----------------------------------------------------------------------------------------------


def fit_text_model(
    messages: Sequence[str],
    labels: Sequence[ErrorClass],
    *,
    most_groups: int = 12_000,
    strength: float = 30.0,
) -> TextModel:
    """A model of messages whose class is known.

    Args:
        most_groups: of the groups of letters those in most messages are kept.
        strength: scikit-learn's `C`, how far the data may pull.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    from scipy.sparse import csr_matrix

    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtra("fitting the text model of failures", "monitors") from error

    counted = [Counter(letter_groups(message)) for message in messages]
    spread = Counter(group for counts in counted for group in counts)
    kept = sorted(sorted(g for g, n in spread.items() if n > 1), key=lambda g: -spread[g])[:most_groups]
    vocabulary = {group: row for row, group in enumerate(sorted(kept))}
    idf = np.zeros(len(vocabulary), dtype=np.float32)
    for group, row in vocabulary.items():
        idf[row] = math.log((1 + len(messages)) / (1 + spread[group])) + 1
    empty = TextModel((), vocabulary, idf, np.zeros((0, 0)), np.zeros(0))
    vectors = [empty._vector(message) for message in messages]
    matrix = csr_matrix(
        (
            np.concatenate([values for _, values in vectors]),
            np.concatenate([rows for rows, _ in vectors]),
            np.cumsum([0, *(len(rows) for rows, _ in vectors)]),
        ),
        shape=(len(messages), len(vocabulary)),
    )
    regression = LogisticRegression(C=strength, max_iter=300, tol=1e-4)
    regression.fit(matrix, [str(label) for label in labels])
    weights, bias = regression.coef_.T, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn gives the log odds of the second only
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return TextModel(
        tuple(ErrorClass(str(name)) for name in regression.classes_),
        vocabulary,
        idf,
        weights.astype(np.float32),
        bias.astype(np.float32),
    )
