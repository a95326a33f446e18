"""Which files can hold the mistake of a diagnosis, and what its messages name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.core.healing import Diagnosis
from aidbt.healing.diagnosis.finding import changes_above
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import FileChange
from aidbt.healing.remedies.remedy import Tools

_ANY = (".yml", ".yaml")
_MOST = 40  # files; each is rendered and parsed
_PROPOSED = re.compile(
    r"Candidate bindings|Candidate functions|Did you mean|Perhaps you meant|HINT:|^\s*LINE \d+:", re.M
)
_STRATEGY = re.compile(r"get_incremental_(\w+)_sql")  # how dbt names a strategy that it does not find


@dataclass(frozen=True, slots=True)
class Place:
    """A file that changed since the last good run and can be the cause.

    Attributes:
        before: its text then; now: its text as it will stand when the mend is made.
    """

    path: str
    before: str
    now: str


def places(diagnosis: Diagnosis, case: Case, tools: Tools) -> list[Place]:
    """The changed files that can be the cause, the one that the diagnosis names first; without new ones.

    Raises:
        WriteError: one of them cannot be read as text.
    """
    found: dict[str, FileChange] = {}
    named = case.code.of(diagnosis.facts.get("file", ""))
    above = [c for failure in diagnosis.failures if failure.unique_id
             for c in changes_above(case, failure.unique_id)]  # fmt: skip
    rest = [c for c in case.code.files if not above or c.path.endswith(_ANY)]
    for change in [*([named] if named else []), *above, *rest]:
        found.setdefault(change.path, change)
    result = []
    for change in list(found.values())[:_MOST]:
        now = tools.text(change.path)
        if change.before is not None and now is not None and now != change.before:
            result.append(Place(change.path, change.before, now))
    return result


def is_verdict_of_a_test(diagnosis: Diagnosis) -> bool:
    """Whether a test ran and found something: what the code should mean is then a person's."""
    return any(failure.status == "fail" for failure in diagnosis.failures)


def changes_unit_tests(path: str, now: str, after: str) -> bool:
    """Whether an edit changes what a unit test says: what it should ask is a person's."""
    if not path.endswith(_ANY):
        return False
    try:
        said = [parse_yaml(text, path, repeated_keys=True) for text in (now, after)]
    except SettingsError:
        return False  # what cannot be read now asks nothing
    return _unit_tests(said[0]) != _unit_tests(said[1])


def _unit_tests(said: object) -> object:
    return said.get("unit_tests") if isinstance(said, dict) else None


def named_words(diagnosis: Diagnosis) -> set[str]:
    """The words, folded, that the messages and the diagnosis name as wrong; what an engine proposes instead,
    and the line that it quotes, are left out."""
    texts = [_PROPOSED.split(failure.message)[0] for failure in diagnosis.failures]
    texts.append(diagnosis.facts.get("token", ""))
    words = {word.casefold() for text in texts for word in re.findall(r"\w+", text)}
    words |= {part for word in words if (found := _STRATEGY.fullmatch(word)) for part in found[1].split("_")}
    return words | {word.removeprefix("test_") for word in words}
