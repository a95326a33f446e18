"""Why two columns match, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from aidbt.mapping.signals import SchemaPair
from aidbt.mapping.words import letters_of


def reasons(task: SchemaPair, i: int, j: int, said: Mapping[str, float]) -> tuple[str, ...]:
    """The sentences that speak for a pair, the strongest first, then what speaks against it.

    Args:
        i, j: the source and the target column.
        said: measure → what it said about the pair, 0..1; measures without evidence are absent.
    """
    source, target = task.source.columns[i], task.target.columns[j]
    types = f"{source.data_type.lower()} to {target.data_type.lower()}"
    short, long = sorted((source.name, target.name), key=lambda name: len(letters_of(name)))
    common = _words_in_common(task, i, j)
    is_synonym = said.get("same", 0) == 1 and letters_of(source.name) != letters_of(target.name)
    speaks_for = [
        (said.get("history", 0) == 1, "columns of this name became it in other tables"),
        (said.get("same", 0) == 1 and not is_synonym, "the names are the same"),
        (is_synonym, "the target names it as a synonym"),
        (said.get("same", 0) == 0.9, "the names are the same but for the words of their tables"),
        (said.get("same", 0) < 0.9, common),
        # Without a word that is known, the letters in their order are what a cryptic name is matched by.
        (said.get("shortened", 0) >= 0.6 and not common, f"{short} may be short for {long}"),
        (said.get("codes", 0) >= 0.6, "the codes of one are the initials of the other's labels"),
        (said.get("values", 0) >= 0.2, f"{said.get('values', 0):.0%} of their values are the same"),
        (said.get("described", 0) >= 0.5, "its description has the words of the source's name"),
        (said.get("descriptions", 0) >= 0.3, "the descriptions share rare words"),
        (said.get("meaning", 0) >= 0.6 and said.get("same", 0) < 0.9, "the names mean much the same"),
        (said.get("type", 0) >= 0.9 and source.data_type != "", f"the type carries over: {types}"),
    ]
    speaks_against = [
        ("values" in said and said["values"] == 0 and said.get("codes", 0) == 0, "no value in common"),
        (said.get("type", 1) < 0.5, f"the type does not carry over: {types}"),
        (said.get("shapes", 1) < 0.2, "their values are written differently"),
        (said.get("constraints", 1) < 0.5, "its rows break what the target declares"),
        (said.get("history", 1) == 0, "columns of this name became something else in other tables"),
    ]
    found = [sentence for holds, sentence in speaks_for if holds and sentence]
    return (*found, *(f"but {sentence}" for holds, sentence in speaks_against if holds))


def _words_in_common(task: SchemaPair, i: int, j: int) -> str:
    """Which words of the source's name were taken for which of the target's."""
    left, right = task.names.source, task.names.target
    found = []
    for place, word in enumerate(left.words[i]):
        row = task.names.likeness[left.ids[i, place], right.ids[j]]
        best = int(row.argmax())
        if row[best] >= 0.5:
            other = right.words[j][best]
            found.append(word if word == other else f"{word} → {other}")
    return f"words in common: {', '.join(found)}" if found else ""
