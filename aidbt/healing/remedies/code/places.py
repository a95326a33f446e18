"""Which files can hold the mistake of a diagnosis, and what its messages name."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def asks_for(path: str, now: str, after: str, tools: Tools) -> str:
    """Why a person has to agree to an edit of a file: it changes a test; "" where it does not."""
    if is_test_file(path, tools) or _test_macros(now) != _test_macros(after):
        return EDITS_A_TEST
    if not path.endswith(_ANY):
        return ""
    try:
        said = [parse_yaml(text, path, repeated_keys=True) for text in (now, after)]
    except SettingsError:
        return ""  # of what cannot be read no test is known
    return EDITS_A_TEST if list(_tests_in(said[0])) != list(_tests_in(said[1])) else ""


EDITS_A_TEST = "it edits a test: a person has to agree"
_TEST_MACRO = re.compile(r"\{%[-+]?\s*test\s.*?(?:\{%[-+]?\s*endtest\s*[-+]?%\}|\Z)", re.DOTALL)
_TESTS = ("tests", "data_tests", "unit_tests")


def is_test_file(path: str, tools: Tools) -> bool:
    """Whether a file is in one of the project's folders of tests."""
    folders = tools.project.config.get("test-paths") or ["tests"]
    return any(path.startswith(f"{str(folder).strip('/')}/") for folder in folders)


def _test_macros(text: str) -> list[str]:
    return _TEST_MACRO.findall(text)


def _tests_in(said: object, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """(the names of what is tested, its tests) of all that a YAML file tests."""
    if isinstance(said, dict):
        own = (*where, str(said["name"])) if "name" in said else where
        for key, value in said.items():
            if key in _TESTS:
                yield own, value
            else:
                yield from _tests_in(value, own)
    elif isinstance(said, list):
        for item in said:
            yield from _tests_in(item, where)


def named_words(diagnosis: Diagnosis) -> set[str]:
    """The words, folded, that the messages and the diagnosis name as wrong; what an engine proposes instead,
    and the line that it quotes, are left out."""
    texts = [_PROPOSED.split(failure.message)[0] for failure in diagnosis.failures]
    texts.append(diagnosis.facts.get("token", ""))
    words = {word.casefold() for text in texts for word in re.findall(r"\w+", text)}
    words |= {part for word in words if (found := _STRATEGY.fullmatch(word)) for part in found[1].split("_")}
    return words | {word.removeprefix("test_") for word in words}
