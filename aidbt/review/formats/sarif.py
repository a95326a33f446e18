"""A review as SARIF 2.1.0 (OASIS, 2020), for GitHub's code scanning and other readers of static analysis."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from aidbt.core.findings import Finding, Severity
from aidbt.review.checks import CHECKS
from aidbt.review.checks.check import Check
from aidbt.review.checks.run import CODE
from aidbt.review.pull_request import Review

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.INFO: "note"}
_WHERE = re.compile(r"(?P<path>.*?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?(?: \(compiled line \d+\))?\Z")


def sarif(review: Review, *, version: str = "", prefix: str = "", docs_url: str = "") -> dict[str, Any]:
    """The findings of a review as one SARIF log: those that the change made, and those that a comment
    allows, as suppressed.

    Args:
        version: of aidbt.
        prefix: the project's folder in the repository, with a slash at its end; "" for the root.
        docs_url: where docs/ can be read, which the rules link to; "" leaves the links out.
    """
    results = [
        *(_result(finding, prefix) for finding in (*review.wrong, *review.checked.introduced)),
        *(_suppressed(finding, prefix) for finding in review.checked.allowed),
    ]
    checks = {CODE + name: CHECKS.load(name) for name in CHECKS.names()}
    used = sorted({result["ruleId"] for result in results} | checks.keys())
    places = {rule: place for place, rule in enumerate(used)}
    for result in results:
        result["ruleIndex"] = places[result["ruleId"]]
    driver: dict[str, Any] = {
        "name": "aidbt",
        "rules": [_rule(rule, checks.get(rule), docs_url.rstrip("/")) for rule in used],
    }
    if version:
        driver["version"] = version
    if docs_url:
        driver["informationUri"] = f"{docs_url.rstrip('/')}/pull_requests.md"
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _rule(code: str, check: Check | None, docs_url: str) -> dict[str, Any]:
    page = f"{docs_url}/checks/{check.name}.md" if check is not None else f"{docs_url}/pull_requests.md"
    rule: dict[str, Any] = {"id": code, **({"helpUri": page} if docs_url else {})}
    if check is None:
        return {**rule, "shortDescription": {"text": code}}
    return {
        **rule,
        "name": check.name,
        "shortDescription": {"text": check.title},
        "help": {"text": check.mend},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
    }


def _result(finding: Finding, prefix: str) -> dict[str, Any]:
    mend = finding.evidence.get("mend")
    text = finding.message + (f" ({mend})" if mend else "")
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        # The same finding on another line is the same: code scanning closes and reopens by this.
        "partialFingerprints": {"aidbt/v1": _fingerprint(finding)},
    }
    locations = list(_locations(finding, prefix))
    if locations:
        result["locations"] = locations
    return result


def _suppressed(finding: Finding, prefix: str) -> dict[str, Any]:
    why = finding.evidence.get("because", "")
    return {**_result(finding, prefix), "suppressions": [{"kind": "inSource", "justification": why}]}


def _locations(finding: Finding, prefix: str) -> Iterator[dict[str, Any]]:
    path, line, column = place_of(finding.where)
    if not path:
        return
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(prefix + path), "uriBaseId": "%SRCROOT%"}}
    if line:
        physical["region"] = {"startLine": line, **({"startColumn": column} if column else {})}
    yield {"physicalLocation": physical}


def place_of(where: str) -> tuple[str, int, int]:
    """(path, line, column) that a finding's place names; 0 for what it does not say.

    Example:
        >>> place_of("models/a.sql:3:14"), place_of("models/a.sql (compiled line 9)")
        (('models/a.sql', 3, 14), ('models/a.sql', 0, 0))
    """
    found = _WHERE.match(where)
    if found is None:
        return where, 0, 0
    return found["path"], int(found["line"] or 0), int(found["column"] or 0)


def _fingerprint(finding: Finding) -> str:
    path = place_of(finding.where)[0]
    return hashlib.sha256(repr((finding.code, path, finding.message)).encode()).hexdigest()[:32]
