"""What stands around a column: its description, its neighbours, and what was decided elsewhere."""

from __future__ import annotations

import re

import numpy as np

from aidbt.mapping.signals import Evidence, MatchTask
from aidbt.mapping.signals.name import score_names, words_of

_STOP_WORDS = frozenset(
    "a an and are as at by for from has in is it its of on or that the this to was when which with".split()
)


def context_signal(task: MatchTask) -> Evidence:
    """The better of two hints: words of the source's name or comment in the target's description, and
    neighbours that look alike. Without descriptions or neighbours it abstains. What people decided about
    columns of that name in other tables counts more than both.
    """
    described, described_mask = _description_overlap(task)
    neighbours, neighbours_mask = _neighbour_likeness(task)
    scores = np.where(
        described_mask & neighbours_mask,
        np.maximum(described, neighbours),
        np.where(described_mask, described, neighbours),
    )
    decided, decided_mask = _decided_elsewhere(task)
    scores = np.where(decided_mask, decided, scores)
    return Evidence(scores, described_mask | neighbours_mask | decided_mask)


def _decided_elsewhere(task: MatchTask) -> tuple[np.ndarray, np.ndarray]:
    """1 for the target column that source columns of that name became elsewhere, 0 for the others."""
    scores, mask = np.zeros(task.shape), np.zeros(task.shape, dtype=bool)
    places = {column.name: j for j, column in enumerate(task.target.columns)}
    for i, column in enumerate(task.source.columns):
        known = task.history.name_of(task.source_name, column.name) if task.history else None
        if known is not None and known.name in places:
            mask[i, :] = True
            scores[i, places[known.name]] = 1.0
    return scores, mask


def _description_overlap(task: MatchTask) -> tuple[np.ndarray, np.ndarray]:
    scores, mask = np.zeros(task.shape), np.zeros(task.shape, dtype=bool)
    said = [_content_words(column.description) for column in task.target.columns]
    for i, column in enumerate(task.source.columns):
        asked = (set(words_of(column.name)) | _content_words(column.description)) - _STOP_WORDS
        for j, words in enumerate(said):
            if words and asked:
                mask[i, j] = True
                # One shared word is half a hint: "minute" is in the description of every duration.
                scores[i, j] = len(asked & words) / max(min(len(asked), len(words)), 2)
    return scores, mask


def _content_words(text: str) -> set[str]:
    return {part for word in re.findall(r"\w+", text) for part in words_of(word)} - _STOP_WORDS


def _neighbour_likeness(task: MatchTask) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the names' likeness one place before and one place after."""
    rows, columns = task.shape
    scores, seen = np.zeros((rows, columns)), np.zeros((rows, columns))
    names = score_names([c.name for c in task.source.columns], [c.name for c in task.target.columns])
    if rows > 1 and columns > 1:
        scores[1:, 1:] += names[:-1, :-1]
        seen[1:, 1:] += 1
        scores[:-1, :-1] += names[1:, 1:]
        seen[:-1, :-1] += 1
    return np.divide(scores, seen, out=np.zeros_like(scores), where=seen > 0), seen > 0
