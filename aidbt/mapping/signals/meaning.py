"""How near the meanings of two names are, by a model of sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aidbt.mapping.facts import Facts
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Embed, Evidence, Pairs, SchemaPair

# The nearest texts of the other side that tell how crowded the neighbourhood of a text is.
_NEIGHBOURS = 10
_BLOCK = 2_000
_DESCRIPTION = 240
_COLUMNS = 20
_VALUES, _VALUE = 10, 40
# Of so many columns together all that is known is compared: long texts take a model ten times as long. Of
# more the texts of the nearest names are, as far as the same number goes; of very many not the tables either.
_WIDE, _VERY_WIDE = 1_300, 1_800
_WORDED = ("word", "phrase", "code", "boolean")
MEASURES = (
    "meaning", "meaning_near", "meaning_in_table", "meaning_described", "meaning_valued", "meaning_told",
    "table_meaning",
)  # fmt: skip


def meaning_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Cosines of embeddings, 0 where negative. Measures: `meaning` of the names, abbreviations spelled out;
    `meaning_in_table` with the tables' names in front; `meaning_described` with descriptions behind, only
    for targets that have one; `meaning_near` is `meaning` less how crowded both neighbourhoods are (the
    cross-domain similarity local scaling of Conneau et al., "Word translation without parallel data", 2018),
    0.5 where it is as near as the nearest ones usually are; `table_meaning` of the tables with the names of
    their columns, where one side has several; `meaning_valued` of the names with some of their values, where
    both are lists of words; `meaning_told` of the source's name and values with all that is known of the
    target; in wide tasks the long texts are compared where names are nearest. Without a model it abstains.
    """
    found = Evidence()
    source, target, embed = task.source, task.target, task.embed
    nothing = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool)
    if embed is None or not len(pairs):
        for measure in MEASURES:
            found.add(measure, *nothing)
        return found
    names = [[" ".join(words) or "?" for words in side] for side in task.names.spelled]
    cosines, crowded = _cosines(embed, names, pairs)
    found.add("meaning", cosines)
    found.add("meaning_near", 0.5 + cosines - (crowded[0][pairs.source] + crowded[1][pairs.target]) / 2)
    for measure, (texts, mask) in _questions(task, names, pairs, _near(task, pairs, cosines)).items():
        if mask.any():
            found.add(measure, _cosines(embed, texts, pairs)[0], mask)
        else:
            found.add(measure, *nothing)
    if len(source.tables) > 1 or len(target.tables) > 1:
        vectors = [embed(_told(side, texts)) for side, texts in zip((source, target), names, strict=True)]
        alike = vectors[0] @ vectors[1].T
        found.add("table_meaning", alike[source.table_of[pairs.source], target.table_of[pairs.target]])
    else:
        found.add("table_meaning", *nothing)
    return found


def _near(task: SchemaPair, pairs: Pairs, cosines: np.ndarray) -> np.ndarray:
    """The pairs whose long texts are compared, shape (pairs,): all of them unless the task is wide, else as
    many nearest targets of each source as keep the number of texts within `_WIDE`; none for wide sources.
    """
    sources, targets = task.shape
    near = np.full(len(pairs), sources + targets <= _WIDE)
    count = (_WIDE - sources) // max(sources, 1)
    if sources + targets > _WIDE and count > 0:
        order = np.lexsort((pairs.target, -cosines, pairs.source))
        rank = np.arange(len(order)) - np.searchsorted(pairs.source[order], pairs.source[order])
        near[order[rank < count]] = True
    return near


def _questions(
    task: SchemaPair, names: Sequence[Sequence[str]], pairs: Pairs, near: np.ndarray
) -> dict[str, tuple[Sequence[Sequence[str]], np.ndarray]]:
    """By measure the texts of both sides that are compared, and the mask of the pairs it speaks about."""
    source, target = task.source, task.target
    in_table = [_in_table(side, texts) for side, texts in zip((source, target), names, strict=True)]
    is_told = np.full(len(pairs), len(source) + len(target) <= _VERY_WIDE)
    has_text = np.array([bool(column.description) for column in target.columns])[pairs.target]
    lists = [[_word_list(facts) for facts in side.facts] for side in (source, target)]
    has_list = [np.array([bool(text) for text in side], dtype=bool) for side in lists]
    both = has_list[0][pairs.source] & has_list[1][pairs.target]
    described = [_described(side, texts) for side, texts in zip((source, target), in_table, strict=True)]
    valued = [_with_lists(texts, values) for texts, values in zip(names, lists, strict=True)]
    told = [valued[0], _with_lists(_described(target, names[1]), lists[1])]
    long = {
        "meaning_described": (described, has_text & near),
        "meaning_valued": (valued, both & near),
        "meaning_told": (told, (both | has_text) & near),
    }
    return {"meaning_in_table": (in_table, is_told)} | {
        measure: (_only_asked(texts, mask, pairs), mask) for measure, (texts, mask) in long.items()
    }


def _only_asked(texts: Sequence[Sequence[str]], mask: np.ndarray, pairs: Pairs) -> list[list[str]]:
    """The texts of the columns that stand in some pair of the mask; a placeholder for the others."""
    asked = [set(ends[mask].tolist()) for ends in (pairs.source, pairs.target)]
    return [
        [text if n in wanted else "?" for n, text in enumerate(side)]
        for side, wanted in zip(texts, asked, strict=True)
    ]


def _word_list(facts: Facts) -> str:
    """Some of a column's values as text, where most of them are words; "" otherwise."""
    if sum(facts.shapes.get(shape, 0.0) for shape in _WORDED) < 0.5:
        return ""
    words = [value[:_VALUE] for value in sorted(facts.values) if _is_telling(value)][:_VALUES]
    return ", ".join(words) if len(words) > 1 else ""


def _is_telling(value: str) -> bool:
    return len(value) > 1 and not value.replace(".", "").isdigit()


def _with_lists(texts: Sequence[str], lists: Sequence[str]) -> list[str]:
    return [f"{text}: {values}" if values else text for text, values in zip(texts, lists, strict=True)]


def _told(side: Side, names: Sequence[str]) -> list[str]:
    """Each table in one text: its name, what is said about it, and the names of its columns."""
    return [
        ". ".join(
            filter(
                None,
                (
                    " ".join(side.table_words[n]),
                    table.relation.description[:_DESCRIPTION],
                    ", ".join(dict.fromkeys(names[side.rows_of(n)][:_COLUMNS])),
                ),
            )
        )
        or "?"
        for n, table in enumerate(side.tables)
    ]


def _in_table(side: Side, names: Sequence[str]) -> list[str]:
    tables = [" ".join(words) for words in side.table_words]
    return [f"{tables[table]} {name}" for table, name in zip(side.table_of, names, strict=True)]


def _described(side: Side, names: Sequence[str]) -> list[str]:
    return [
        f"{name}: {column.description[:_DESCRIPTION]}" if column.description else name
        for name, column in zip(names, side.columns, strict=True)
    ]


def _cosines(
    embed: Embed, texts: Sequence[Sequence[str]], pairs: Pairs
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The cosine of each pair, and for each text the mean cosine of its nearest texts on the other side.

    Args:
        texts: one per source column, and one per target column.
    """
    left, right = texts
    unique = sorted({*left, *right})
    places = {text: n for n, text in enumerate(unique)}
    vectors = embed(unique)
    a = vectors[[places[text] for text in left]]
    b = vectors[[places[text] for text in right]]
    found = np.zeros(len(pairs), dtype=np.float32)
    near_left = np.zeros(len(left), dtype=np.float32)
    top = np.full((len(right), 0), 0.0, dtype=np.float32)
    for start in range(0, len(left), _BLOCK):
        block = a[start : start + _BLOCK] @ b.T
        at = np.flatnonzero((pairs.source >= start) & (pairs.source < start + len(block)))
        found[at] = block[pairs.source[at] - start, pairs.target[at]]
        near_left[start : start + len(block)] = _highest(block, _NEIGHBOURS).mean(axis=1)
        top = _highest(np.concatenate([top, block.T], axis=1), _NEIGHBOURS)
    return found, (near_left, top.mean(axis=1))


def _highest(values: np.ndarray, count: int) -> np.ndarray:
    """The `count` highest values of each row, in no order."""
    if values.shape[1] <= count:
        return values
    return np.partition(values, -count, axis=1)[:, -count:]
