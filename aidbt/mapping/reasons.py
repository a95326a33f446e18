"""Why two columns match, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from aidbt.core.words import letters_of
from aidbt.mapping.names import Names, Phrase
from aidbt.mapping.signals import SchemaPair


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
        (said.get("personal", 0) == 1, "both hold the same kind of personal data"),
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
    """Which words of the source's name were taken for which of the target's, or of a synonym with more."""
    names = task.names
    synonyms = (phrase for column, phrase in names.synonyms if column == j)
    of_name = _partners(names, i, names.target, j)
    of_synonyms = [_partners(names, i, phrase, 0) for phrase in synonyms]
    found = max([of_name, *of_synonyms], key=len)
    if not found:
        return ""
    where = "" if found is of_name else " with a synonym"
    return f"words in common{where}: {', '.join(found)}"


def _partners(names: Names, i: int, phrase: Phrase, j: int) -> list[str]:
    """The words of the i-th source's name that have a partner in the j-th of a phrase, with that one."""
    found = []
    for place, word in enumerate(names.source.words[i]):
        row = names.likeness[names.source.ids[i, place], phrase.ids[j]]
        best = int(row.argmax())
        if row[best] >= 0.5:
            other = phrase.words[j][best]
            found.append(word if word == other else f"{word} → {other}")
    return found
