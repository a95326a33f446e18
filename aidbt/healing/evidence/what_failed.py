"""What of a run failed, as its results, its log or what it printed tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aidbt.core.findings import RunFailure
from aidbt.core.healing import Stage
from aidbt.project.artifacts import NodeResult, RunResults, SourceFreshness, Sources
from aidbt.project.dbt_log_tail import LastInvocation, Told
from aidbt.project.dbt_report import FAILING
from aidbt.project.manifest import Manifest

# Our own words, where dbt has none.
KILLED = "dbt was ended from outside before it was done: its log breaks off"
INTERRUPTED = "dbt was interrupted (Ctrl-C) before it was done"
ENDED_FROM_OUTSIDE = (KILLED, INTERRUPTED)
NOT_TOLD = "nothing that the run left says how it ended"
_CONNECTING = re.compile(
    r"could not set lock|could not connect|connection refused|connection to server|failed to connect"
    r"|unable to connect|authentication failed|could not translate host|no such host|login failed"
    r"|access denied for user|name or service not known|io error: (could|cannot)"
    r"|cannot open (file|database)|database .* does not exist|role .* does not exist|ssl",
    re.IGNORECASE,
)
_PARSING = re.compile(
    r"parsing error|yaml|could not find profile|env var required|is not a valid|dbt_project\.yml"
    r"|invalid .* config|depends on a (node|source|macro) named|profiles?\.yml",
    re.IGNORECASE,
)
_DEPS = re.compile(r"dbt deps|packages?\.yml|package .* (was not found|not found)|packages? installed", re.I)
_FAILURE = re.compile(r"^(?:Failure|Error) in (?P<kind>[\w-]+(?: test)?) (?P<name>\S+) \((?P<path>[^)]+)\)")
_HINT = re.compile(r"Check for typos and/or install package dependencies with \"dbt deps\"\.?")
_NOISE = re.compile(r"^\s*(compiled code at|See test failures|Done\. PASS|Command `)")


def failures_of(
    results: RunResults | Sources | None,
    log: LastInvocation | None,
    printed: LastInvocation | None,
    manifest: Manifest | None,
) -> list[RunFailure]:
    """What failed, in the run and in one that its tests came after; nothing where it went well."""
    before = log.before if log is not None else None
    earlier = told_failures(before, manifest) if before is not None else []
    if results is not None:
        found = [
            RunFailure(r.unique_id, r.status, _said(r, log or printed), _path(r.unique_id, manifest))
            for r in results.results
            if r.status in FAILING
        ]
        if found:
            return [*earlier, *found]
    # What is printed says more than a log that breaks off.
    breaks_off = log is not None and not log.ended and printed is not None and printed.ended
    for told in (printed, log) if breaks_off else (log, printed):
        if told is None:
            continue
        found = told_failures(told, manifest)
        if found:
            return [*earlier, *found] if told is log else found
        if told.succeeded:
            return earlier
    if results is not None:
        return []
    begun = any(told is not None and told.dbt_version for told in (log, printed))
    ended = any(told is not None and told.ended for told in (log, printed))
    return [RunFailure("", "error", KILLED if begun and not ended else NOT_TOLD)]


def _said(result: NodeResult | SourceFreshness, told: LastInvocation | None) -> str:
    """What a result says; of an operation, whose result says nothing, what the log does."""
    if result.message:
        return _without_logging(result.message)
    if isinstance(result, SourceFreshness) and result.max_loaded_at is not None:
        hours = f", {result.age_s / 3600:,.0f} hours before it was asked" if result.age_s else ""
        return f"the newest row is of {result.max_loaded_at:%Y-%m-%d %H:%M} UTC{hours}"
    return _whole_message(told) if told is not None else ""


# What engines and dbt say of a node that was stopped because another one failed (`--fail-fast`).
_CUT_OFF = re.compile(
    r"INTERRUPT Error: Interrupted|canceling statement due to user request|Skipping due to fail_fast"
)


def without_cut_off(failures: list[RunFailure]) -> tuple[list[RunFailure], tuple[str, ...]]:
    """The failures, and unique_ids of those that only were stopped when another one failed."""
    own = [failure for failure in failures if not _CUT_OFF.search(failure.message)]
    if not own:  # then nothing of the run itself says why
        return failures, ()
    return own, tuple(f.unique_id for f in failures if f not in own and f.unique_id)


_GUESS = re.compile(
    r"An error occurred during execution of unit test '[^']*'\. There may be an error in the unit test"
    r" definition: check the data types\.\s*(?=\S)"
)
_LOGGING = re.compile(r"^--- Logging error ---$.*?^(?P<last>\w+(?:Error|Exception): [^\n]*)", re.M | re.S)


def _without_logging(message: str) -> str:
    """A message with nothing but the last line of what Python printed while it could not write its log, and
    without what dbt guesses of every unit test that could not be run, whatever the engine says."""
    return _GUESS.sub("", _LOGGING.sub(lambda match: match["last"], message))


def is_ended_from_outside(message: str) -> bool:
    """Whether a failure says only that somebody stopped the run, or a query of it."""
    return message in ENDED_FROM_OUTSIDE or "INTERRUPT Error: Interrupted" in message


_CTRL_C = re.compile(r"^KeyboardInterrupt\s*\Z", re.M)


def told_failures(told: LastInvocation, manifest: Manifest | None) -> list[RunFailure]:
    """The failures that a log tells of: of its nodes where it names them, else of the run as a whole."""
    nodes: dict[str, RunFailure] = {}
    for line in told.named("RunResultError", "RunResultFailure"):
        if line.unique_id and (line.name == "RunResultError" or line.unique_id not in nodes):
            status = "fail" if line.unique_id.startswith(("test.", "unit_test.")) else "error"
            path = _path(line.unique_id, manifest) or line.path
            nodes[line.unique_id] = RunFailure(line.unique_id, status, _without_logging(line.text), path)
    if not nodes:
        nodes = {failure.unique_id: failure for failure in _printed_failures(told.lines, manifest)}
    if nodes:
        return list(nodes.values())
    if any(_CTRL_C.search(line.text) for line in told.lines):
        return [RunFailure("", "error", INTERRUPTED)]
    message = _whole_message(told)
    return [RunFailure("", "error", message, path_in(message))] if message else []


def _printed_failures(lines: Sequence[Told], manifest: Manifest | None) -> list[RunFailure]:
    """ "Failure in model orders (models/orders.sql)" and the message that comes after it."""
    found = []
    for line, following in zip(lines, [*lines[1:], Told("")], strict=False):
        match = _FAILURE.match(line.text)
        if match is None:
            continue
        message = _without_logging(following.text if not _FAILURE.match(following.text) else line.text)
        kind = match["kind"].replace(" test", "")
        unique_id = _unique_id(kind, match["name"], match["path"], manifest)
        status = "fail" if kind == "test" and "Got " in message else "error"
        found.append(RunFailure(unique_id, status, message, match["path"]))
    return found


def _unique_id(kind: str, name: str, path: str, manifest: Manifest | None) -> str:
    for node in (*manifest.nodes.values(), *manifest.others.values()) if manifest is not None else ():
        if node.name == name and (node.path == path or node.resource_type == "test"):
            return node.unique_id
    return f"{kind}.?.{name}"


def _whole_message(told: LastInvocation) -> str:
    """What stopped the run as a whole, in dbt's words."""
    encountered = [line.text for line in told.named("MainEncounteredError")]
    for place, line in enumerate(told.lines):
        if line.text.startswith("Encountered an error"):
            rest = line.text.partition("\n")[2].strip()
            follows = told.lines[place + 1].text if place + 1 < len(told.lines) else ""
            encountered.append(rest or follows)
    errors = [
        line.text
        for line in told.lines
        if line.level == "error" and not line.text.startswith("Traceback") and not _NOISE.match(line.text)
    ]
    for texts in (encountered, errors):
        plain = [text for text in dict.fromkeys(texts) if text.strip()]
        if plain:
            return "\n".join(plain[:4])
    if told.succeeded:
        return ""
    usage = [line.text for line in told.lines if re.search(r"^(Error|Usage): |Traceback", line.text, re.M)]
    return usage[-1] if usage else ""


def _path(unique_id: str, manifest: Manifest | None) -> str:
    node = manifest.find(unique_id) if manifest is not None else None
    return node.path if node is not None else ""


_FILE = re.compile(r"[\w./\\-]+\.(?:sql|ya?ml|py|csv|md)\b")


def path_in(message: str) -> str:
    """The first file of a project that a message names; "" for none."""
    named = [match[0] for match in _FILE.finditer(message) if "site-packages" not in match[0]]
    return next((name for name in named if not name.startswith("/")), named[0] if named else "")


def stage_of(failure: RunFailure) -> Stage:
    """How far dbt was when this failed."""
    kind = failure.unique_id.partition(".")[0]
    message = failure.message
    if kind in ("test", "unit_test"):
        return Stage.TEST
    if kind in ("operation", "macro"):
        return Stage.HOOK
    if kind == "source":
        return Stage.FRESHNESS
    if failure.unique_id:
        return Stage.COMPILE if message.lstrip().startswith("Compilation Error") else Stage.NODE
    if _CONNECTING.search(message):
        return Stage.CONNECT
    if _DEPS.search(_HINT.sub("", message)):
        return Stage.DEPS
    if _PARSING.search(message) or not message.lstrip().startswith("Compilation Error"):
        return Stage.PARSE
    return Stage.COMPILE
