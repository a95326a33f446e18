"""A review as GitHub's workflow commands, which its log shows as annotations of the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.findings import Finding, Severity
from aidbt.review.formats.sarif import place_of
from aidbt.review.formats.words import headline
from aidbt.review.pull_request import Review
from aidbt.review.verdict import Reason

_COMMANDS = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.INFO: "notice"}
_OF_FINDINGS = frozenset({"sql", "check"})


def workflow_commands(review: Review, *, prefix: str = "") -> Iterator[str]:
    """One line for each finding of the change, for each other reason, and for the verdict.

    Args:
        prefix: the project's folder in the repository, with a slash at its end; "" for the root.
    """
    for finding in (*review.wrong, *review.checked.introduced):
        yield _of_finding(finding, prefix)
    for reason in review.verdict.reasons:
        if reason.topic not in _OF_FINDINGS:
            yield _of_reason(reason)
    yield _command("notice", {"title": "aidbt"}, headline(review))


def _of_finding(finding: Finding, prefix: str) -> str:
    path, line, column = place_of(finding.where)
    place = {"file": prefix + path if path else "", "line": str(line or ""), "col": str(column or "")}
    return _command(_COMMANDS[finding.severity], {**place, "title": finding.code}, finding.message)


def _of_reason(reason: Reason) -> str:
    command = "error" if reason.weight == "blocks" else "warning"
    return _command(command, {"title": reason.where or reason.topic}, reason.text)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{f' {given}' if given else ''}::{_data(message)}"


def _data(text: str) -> str:
    """What a command says, with the characters escaped that would end it: a message is one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
