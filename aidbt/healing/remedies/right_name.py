"""A name that does not exist becomes the one that was meant: one word, all else of the commit stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.code.names import all_names, names_known, renamed_on_purpose
from aidbt.healing.remedies.code.one_edit import OneEdit, applied, replaced_by_slip, tokens
from aidbt.healing.remedies.code.places import (
    Place,
    asks_for,
    is_test_file,
    is_verdict_of_a_test,
    named_words,
    places,
)
from aidbt.healing.remedies.code.slips import is_plural, is_slip, nearest_slip, slips
from aidbt.healing.remedies.remedy import Tools

NAME = "right_name"
_CONTRACT = "enforced contract"
_DEFINED = ("source", "macro", "variable")
_KINDS = ("ref", "source", "macro", "argument", "variable", "column", "function", "relation")


@dataclass(frozen=True, slots=True)
class _Word:
    """A wrong word in a file, and the one that was meant."""

    path: str
    text: str
    word: str
    meant: str
    edits: tuple[OneEdit, ...]


class RightName:
    """For a name with a slip of the hand: of a model, source, macro, variable, column, function, test."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The word that stood in its place at the last good run, else the only known name it can be."""
        facts = diagnosis.facts
        if diagnosis.error_class.family != "CODE":
            return Declined(NAME, "the failure is not about a name that does not exist", is_concerned=False)
        if is_verdict_of_a_test(diagnosis):
            return Declined(NAME, "a test found something: what the code should mean is a person's")
        if any(_CONTRACT in failure.message for failure in diagnosis.failures):
            return Declined(NAME, "a contract says otherwise: which of the two is meant is a person's")
        changed = places(diagnosis, case, tools)
        found = [word for place in changed for word in _put_back(place, diagnosis, case)]
        if not found and facts.get("what") in _DEFINED:
            found = [word for place in changed for word in _defined(place, diagnosis, case)]
        told = [word for word in found if word.word.casefold() == facts.get("token", "").casefold()]
        for chosen in (told, found):
            if len({(word.word, word.meant) for word in chosen}) == 1:
                first = chosen[0]
                if len(chosen) > 1 and is_plural(first.word, first.meant):
                    said = f"{first.meant} is called {first.word} in {len(chosen)} files now"
                    return Declined(NAME, f"{said}: it looks as if that was meant")
                return _mend(chosen, _claims_of_then(chosen), tools)
        if found:
            named = ", ".join(f"'{word.word}'" for word in found[:3])
            return Declined(NAME, f"several words may be the mistyped one: {named}")
        return _by_known_names(diagnosis, case, tools)


def _put_back(place: Place, diagnosis: Diagnosis, case: Case) -> list[_Word]:
    """The words of a file that the messages name and that were written for another one they are a slip of;
    without those whose own words people use there: `order_rate` may be meant where `order_date` stood."""
    wanted, vocabulary = named_words(diagnosis), all_names(case)
    by_pair: dict[tuple[str, str], list[OneEdit]] = {}
    for edit in replaced_by_slip(place.before, place.now):
        if edit.now.casefold() in wanted:
            by_pair.setdefault((edit.now, edit.then), []).append(edit)
    found = []
    for (word, meant), edits in by_pair.items():
        if nearest_slip(word, [meant], vocabulary=vocabulary) is None or _is_nearer(word, meant, vocabulary):
            continue
        # Then it is wrong wherever it stands, unless the file makes it itself.
        if not _stands(word, place.before) and not _is_made(word, place.now):
            edits = _everywhere(place.now, word, meant)
        found.append(_Word(place.path, place.now, word, meant, tuple(edits)))
    return found


def _is_nearer(word: str, meant: str, vocabulary: Sequence[str]) -> bool:
    """Whether a word is nearer to another name than to the one that stood there: it may be wanted now."""
    most = slips(word.casefold(), meant.casefold())
    return any(is_slip(word, name) and slips(word.casefold(), name.casefold()) < most for name in vocabulary)


def _defined(place: Place, diagnosis: Diagnosis, case: Case) -> list[_Word]:
    """The name that a file gave to what is missing now, and that was written another way."""
    token = diagnosis.facts.get("token", "").casefold()
    edits = [e for e in replaced_by_slip(place.before, place.now) if e.then.casefold() == token]
    if len(edits) != 1 or renamed_on_purpose(edits[0].now, edits[0].then, place.path, case):
        return []
    return [_Word(place.path, place.now, edits[0].now, edits[0].then, tuple(edits))]


def _by_known_names(diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
    """A word without a past: of the names that the last good state knew only one can be meant."""
    kind, token = diagnosis.facts.get("what", ""), diagnosis.facts.get("token", "")
    path = diagnosis.facts.get("file", "")
    if kind not in _KINDS or not token or not path:
        return Declined(NAME, "no word that was mistyped is found in what changed", is_concerned=False)
    if not path.endswith((".sql", ".py")) or is_test_file(path, tools):
        return Declined(NAME, f"'{token}' stands in {path}, and tests are a person's")
    known = names_known(kind, diagnosis, case, tools.text(path) or "")
    vocabulary = all_names(case)
    meant = nearest_slip(token, known, vocabulary=vocabulary)
    if not known and case.good is None:
        return Declined(NAME, "no good run is remembered, so nobody knows which names there are")
    if meant is None:
        return Declined(NAME, f"no known {kind}, or not one alone, is '{token}' with a slip of the hand")
    stood = diagnosis.facts.get("replacement", "")
    if stood and stood.casefold() != meant.casefold():
        return Declined(NAME, f"'{stood}' stood there or is as near, and not '{meant}'")
    content, change = tools.text(path), case.code.of(path)
    if content is None or change is None:
        return Declined(NAME, f"'{token}' stands in {path}, which did not change")
    edits = _everywhere(content, token, meant)
    if not edits or _stands(token, change.before or ""):
        return Declined(NAME, f"'{token}' stood in {path} at the last good run too")
    word = _Word(path, content, token, meant, tuple(edits))
    return _mend(
        [word],
        (
            Claim(f"there was no {kind} '{token}' at the last good run", lambda: _absent(token, known)),
            Claim(f"'{token}' is '{meant}' mistyped", lambda: _mistyped(token, meant)),
            Claim(
                f"of the names of then only '{meant}' can be meant",
                lambda: _only_one(token, meant, known, vocabulary),
            ),
        ),
        tools,
    )


def _mend(words: Sequence[_Word], claims: Sequence[Claim], tools: Tools) -> Mend:
    first = words[0]
    said = f"{first.word} → {first.meant}"
    edits = tuple(
        FileEdit(word.path, digest(word.text), applied(word.edits, word.text), said, undo=word.text)
        for word in words
    )
    asks = [asks_for(word.path, word.text, applied(word.edits, word.text), tools) for word in words]
    where = first.path if len(words) == 1 else f"{len(words)} files"
    return Mend(
        NAME,
        f"Write {first.meant} instead of {first.word} in {where}",
        patch=Patch(edits, f"{first.word} is {first.meant} mistyped"),
        claims=tuple(claims),
        risk=Risk.LOW,
        restores=True,
        asks=next(filter(None, asks), ""),
    )


def _claims_of_then(words: Sequence[_Word]) -> tuple[Claim, ...]:
    word, count = words[0], sum(len(item.edits) for item in words)
    times = f"{count} times" if count > 1 else "once"
    stood = Checked(True, f"'{word.meant}' stood in its place before; it is written {times}")
    return (
        Claim(f"'{word.word}' is '{word.meant}' mistyped", lambda: _mistyped(word.word, word.meant)),
        Claim(f"'{word.meant}' was there at the last good run", lambda: stood),
    )


def _everywhere(text: str, word: str, meant: str) -> list[OneEdit]:
    """The edits that write one word for another wherever it stands."""
    found = [(w, start) for w, start in tokens(text) if w.casefold() == word.casefold()]
    return [OneEdit(start, start + len(w), meant, w, meant) for w, start in found]


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _is_made(word: str, text: str) -> bool:
    """Whether a text gives something this name: a column, a query, a variable."""
    name = re.escape(word)
    made = rf"\bas\s+[\"`]?{name}(?!\w)|(?<!\w){name}[\"`]?\s+as\b|\b(set|for|macro|def)\s+{name}(?!\w)"
    return re.search(made, text, re.IGNORECASE) is not None


def _absent(token: str, known: Sequence[str]) -> Checked:
    if not known:
        return Checked(False, "no good run is remembered")
    is_absent = token.casefold() not in {name.casefold() for name in known}
    return Checked(is_absent, f"{len(known):,} names known")


def _mistyped(token: str, meant: str) -> Checked:
    """Whether one word is the other with a slip of the hand."""
    found = slips(token.casefold(), meant.casefold())
    said = f"{found} letter{'s' if found != 1 else ''} differ{'s' * (found == 1)}"
    return Checked(is_slip(token, meant), said)


def _only_one(token: str, meant: str, known: Sequence[str], vocabulary: Sequence[str]) -> Checked:
    """Whether no other name is like it, and its own words are none that people use there."""
    found = nearest_slip(token, known, vocabulary=vocabulary)
    if found is None or found.casefold() != meant.casefold():
        return Checked(False, f"'{meant}' is not the only one")
    return Checked(True, f"of {len(known):,} names it is the only one")
