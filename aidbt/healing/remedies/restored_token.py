"""Code that cannot be read any more gets the one token back that was lost, or loses the one that came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import FileEdit, Patch, digest
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.code.guided import guided_edits
from aidbt.healing.remedies.code.names import renamed_on_purpose
from aidbt.healing.remedies.code.one_edit import OneEdit, applied, undone_indents, undone_slips
from aidbt.healing.remedies.code.other_meanings import other_meaning
from aidbt.healing.remedies.code.places import Place, asks_for, is_verdict_of_a_test, places
from aidbt.healing.remedies.code.reading import Reader, Reading
from aidbt.healing.remedies.remedy import Tools

NAME = "restored_token"
_UNREADABLE = frozenset(("syntax", "jinja", "yaml"))
_INDENTED = (".yml", ".yaml", ".py")
_MOST_PAIRS = 12  # slips in one file of which two together are tried


@dataclass(frozen=True, slots=True)
class _Found:
    """What mends a file.

    Attributes:
        before, now, after: what its texts give; None where they cannot be read here.
        tried: how many edits could have been meant.
    """

    place: Place
    edits: tuple[OneEdit, ...]
    tried: int
    before: Reading | None = None
    now: Reading | None = None
    after: Reading | None = None

    @property
    def text(self) -> str:
        return applied(self.edits, self.place.now)


class RestoredToken:
    """For a comma, bracket, quote, keyword or tag that was lost, doubled or mistyped."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The one edit after which the file can be read again, with every column it had."""
        if diagnosis.error_class.family != "CODE":
            return Declined(NAME, "the failure is not about code", is_concerned=False)
        if is_verdict_of_a_test(diagnosis):
            return Declined(NAME, "a test found something: what the code should mean is a person's")
        reader = Reader(case, tools, tuple(failure.unique_id for failure in diagnosis.failures))
        changed, why = places(diagnosis, case, tools), ""
        for place in changed:
            found = _found(place, reader)
            if isinstance(found, _Found):
                renamed = _renames(found, case)
                return Declined(NAME, renamed, draft=_patch(found)) if renamed else _mend(found, tools)
            why = found or why
        if not why and diagnosis.facts.get("what", "") in _UNREADABLE:
            only = _only_slip(changed, reader)
            if only is not None:
                return _mend(only, tools)
        nothing = "no file that changed was readable at the last good run and is not now"
        return Declined(NAME, why or nothing, is_concerned=bool(why))


def _only_slip(changed: Sequence[Place], reader: Reader) -> _Found | None:
    """Where only dbt sees what is wrong: the one slip in all that changed, if there is no other."""
    slips = [(place, edit) for place in changed for edit in _slips(place)]
    if len(slips) != 1:
        return None
    place, edit = slips[0]
    before, after = reader.read(place.path, place.before), reader.read(place.path, edit.applied(place.now))
    is_readable = not any(reading is not None and reading.problem for reading in (before, after))
    return _Found(place, (edit,), 1) if is_readable else None


def _slips(place: Place) -> list[OneEdit]:
    """What may be undone in a file; where indentation means something, also that of single lines."""
    slips = undone_slips(place.before, place.now)
    if not place.path.endswith(_INDENTED):
        return slips
    known = {(edit.start, edit.end) for edit in slips}
    return slips + [e for e in undone_indents(place.before, place.now) if (e.start, e.end) not in known]


def _found(place: Place, reader: Reader) -> _Found | str:
    """What mends a file, or why nothing does; "" where the file is not the cause."""
    slips = _slips(place)
    before, now = reader.read(place.path, place.before), reader.read(place.path, place.now)
    if before is None or now is None or before.problem or not _is_worse(now, before):
        return ""
    ways: Sequence[tuple[OneEdit, ...]] = [(edit,) for edit in slips]
    good = _good(ways, place, reader, before)
    if not good and 1 < len(slips) <= _MOST_PAIRS:
        ways = [pair for pair in combinations(slips, 2) if pair[0].end <= pair[1].start]
        good = _good(ways, place, reader, before)
        other = next((name for edits, _ in good if (name := _other_name(edits, place, reader))), "")
        if other:
            return f"without {other} {place.path} can be read as well: whether that was meant is a person's"
    if not good and now.is_wrong_sql:
        ways = [(edit,) for edit in guided_edits(place.before, place.now)]
        good = _good(ways, place, reader, before)
    if not good:
        return f"no single edit makes {place.path} readable again with all its columns"
    if len({after.query for _, after in good}) > 1:
        shown = "; ".join(str(edits[0]) for edits, _ in good[:3])
        return f"several edits make {place.path} readable again: {shown}"
    edits, after = good[0]
    lost = _lost(edits, place, reader, before, after)
    return lost or _Found(place, edits, len(ways), before, now, after)


def _lost(edits: tuple[OneEdit, ...], place: Place, reader: Reader, before: Reading, after: Reading) -> str:
    """Why edits that make code readable may lose a part of what was wanted; "" where they do not."""
    if not place.path.endswith((".sql", ".py")):
        return ""
    dialect = reader.case.dialect if place.path.endswith(".sql") else ""
    lost = other_meaning(edits, place.now, lambda text: reader.read(place.path, text), before, after, dialect)
    said = f"{edits[0]} makes {place.path} readable, and so does {lost} that may have been lost"
    return f"{said}: which was meant is a person's" if lost else ""


def _good(
    ways: Sequence[tuple[OneEdit, ...]], place: Place, reader: Reader, before: Reading
) -> list[tuple[tuple[OneEdit, ...], Reading]]:
    """The ways after which the file can be read and has every column that it had, each with its reading."""
    found = []
    for edits in ways:
        after = reader.read(place.path, applied(edits, place.now))
        if after is not None and not _is_worse(after, before):
            found.append((edits, after))
    return found


def _other_name(edits: Sequence[OneEdit], place: Place, reader: Reader) -> str:
    """Of two edits the one that only gives something its old name back: another one makes the file readable,
    and the new name may be a part of what was wanted."""
    for edit in edits:
        if not (edit.now.isidentifier() and edit.then.isidentifier()):
            continue
        rest = reader.read(place.path, applied([one for one in edits if one is not edit], place.now))
        if rest is not None and not rest.problem:
            return f"'{edit.then}' for '{edit.now}'"
    return ""


def _renames(found: _Found, case: Case) -> str:
    """Why a mistyped column may well be a new name that was meant; "" where it can only be a slip."""
    words = [edit for edit in found.edits if edit.now.isidentifier() and edit.then.isidentifier()]
    if found.now is None or found.before is None or found.now.problem:
        return ""
    made = {name.casefold() for columns in found.now.columns.values() for name in columns}
    for edit in words:
        if edit.now.casefold() not in made:
            continue
        why = renamed_on_purpose(edit.now, edit.then, found.place.path, case)
        if why:
            return why
    return ""


def _is_worse(now: Reading, before: Reading) -> bool:
    return bool(now.problem or now.loses(before))


def _patch(found: _Found) -> Patch:
    place = found.place
    edit = FileEdit(place.path, digest(place.now), found.text, _said(found), undo=place.now)
    return Patch((edit,), f"{place.path} cannot be read as it is")


def _said(found: _Found) -> str:
    return " and ".join(str(edit) for edit in found.edits).replace("\n", " ")


def _mend(found: _Found, tools: Tools) -> Mend:
    place, said = found.place, _said(found)
    title = f"{said[:1].upper()}{said[1:]} in {place.path}"
    return Mend(
        NAME,
        title if len(title) <= 100 else f"Put back what was lost in {place.path}",
        patch=_patch(found),
        claims=_claims(found),
        risk=Risk.LOW,
        restores=not any(edit.is_guess for edit in found.edits),
        asks=asks_for(place.path, place.now, found.text, tools),
    )


def _claims(found: _Found) -> tuple[Claim, ...]:
    if found.before is None or found.now is None or found.after is None:
        only = Checked(found.tried == 1, "nothing else in it looks like a slip of the hand")
        return (Claim("the edit undoes the only slip since the last good run", lambda: only),)
    gone = found.now.loses(found.before)
    was = Checked(not found.before.problem, found.now.problem or f"it has no column {gone} any more")
    count = f"{found.tried:,} edit{'s' if found.tried != 1 else ''} could be meant"
    lost = found.after.loses(found.before)
    columns = Checked(not lost and not found.after.problem, lost or _columns_said(found.after))
    return (
        Claim(f"{found.place.path} could be read at the last good run, and not now", lambda: was),
        Claim("only one edit of one token makes it readable", lambda: Checked(True, count)),
        Claim("every query in it has the columns it had", lambda: columns),
    )


def _columns_said(after: Reading) -> str:
    count = sum(len(columns) for columns in after.columns.values())
    queries = len(after.columns)
    of = "one query" if queries == 1 else f"{queries:,} queries"
    return f"{count:,} columns in {of}" if count else "its columns are not known"
