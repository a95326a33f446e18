"""The last invocation in a log of dbt, or in what it printed, of whatever size: only the end is read."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from aidbt.core.errors import ArtifactError

_TAIL_BYTES = 24_000_000
_HEAD_BYTES = 64_000
_RULE = b"============================== "  # before an invocation, in a log of text
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\[\d{1,2}m")
_BEGINS = re.compile(r"^=+ [\d:.]+ \| (?P<id>[\w-]+) =+\s*$", re.MULTILINE)
# Where an invocation logs as text, and where events stand.
_FORMAT = re.compile(r"^(?:=+ [\d:.]+ \| [\w-]+ =+\s*$|(?P<event>\{\"(?:data|info)\":))", re.MULTILINE)
_LOG_LINE = re.compile(r"^[\d:.]{8,} \[(?P<level>\w+) *\] \[[^\]]*\]: (?P<text>.*)$")
_PRINTED_LINE = re.compile(r"^\d\d:\d\d:\d\d  ?(?P<text>.*)$")
_RUNNING = re.compile(r"^Running with dbt=(?P<version>\S+)")
_STARTS = re.compile(r"^(?=(?:\x1b\[\d*m)?\d\d:\d\d:\d\d  ?Running with dbt=)", re.MULTILINE)
_COMPLETED = re.compile(r"Command `(?P<words>[^`]*)` (?:succeeded|failed)")
_ASKED = re.compile(r"""['"]invocation_command['"]: (?P<quote>['"])(?P<words>.*?)(?P=quote)[,}]""")
_LOOKS_BACK = 12  # invocations
_BUILDS = frozenset(("build", "run", "seed", "snapshot", "retry", "clone", "run-operation", "source"))
_NO_MODELS = frozenset(("seed", "snapshot"))
_TESTS = frozenset(("test",))  # they say nothing of what could not be built right before
_LOOKS = frozenset(("parse", "compile", "list", "ls", "debug", "deps", "clean", "show", "docs", "init"))
_KINDS = (_BUILDS, _TESTS, _LOOKS)
_ID = re.compile(r'"invocation_id": ?"(?P<id>[\w-]+)"')
# Of the many lines of a JSON log only these are taken apart.
_TOLD = re.compile(
    r'"level": ?"(error|warn)"|"name": ?"(MainReportVersion|MainReportArgs|ArtifactWritten|CommandCompleted'
    r"|RunResultError|RunResultFailure|LogSkipBecauseError|SkippingDetails|LogModelResult|LogTestResult"
    r'|LogSeedResult|LogSnapshotResult|EndOfRunSummary|StatsLine|LogHookEndLine)"'
)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a log.

    Attributes:
        name: dbt's name of the event; "" in a log of text, which has none.
        level: debug, info, warn or error; "" where it is not said.
        unique_id: the node it is about; "" for none.
        status: how that node ended, e.g. "error"; "" where it is not said.
    """

    text: str
    level: str = ""
    name: str = ""
    unique_id: str = ""
    status: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class LastInvocation:
    """The last start of dbt that a log tells of.

    Attributes:
        invocation_id: "" where the text does not have it (what dbt prints).
        ended: whether it says how it ended; False for one that was killed, or that still runs.
        succeeded: None where it does not say.
        is_whole: False where its beginning was further back than is read.
        before: of `dbt test`, the run right before it where that failed; of `dbt run` that went well, and of
            the tests after it, `dbt seed` or `dbt snapshot` right before it where that failed.
        others: the ids of all invocations that the log tells of, as far back as it is read.
    """

    invocation_id: str
    lines: tuple[Told, ...]
    dbt_version: str = ""
    command: str = ""
    ended: bool = False
    succeeded: bool | None = None
    is_whole: bool = True
    before: LastInvocation | None = None
    others: frozenset[str] = frozenset()

    def named(self, *names: str) -> list[Told]:
        """The lines of these events."""
        return [line for line in self.lines if line.name in names]


def last_invocation(path: Path) -> LastInvocation | None:
    """The last invocation in a file that dbt wrote or that its output was led into; None for an empty one.

    Commands that went well and build nothing (`dbt ls`, `dbt debug`, of whoever looked what was wrong) are
    passed over where a run is told of before them.

    Raises:
        ArtifactError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = _head(file, size - _TAIL_BYTES) if size > _TAIL_BYTES else b""
            file.seek(max(size - _TAIL_BYTES, 0))
            text = (head + file.read()).decode("utf-8", "replace")
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
    if not text.strip():
        return None
    before: LastInvocation | None = None
    found: LastInvocation | None = None
    latest = islice(_latest_first(text, size <= _TAIL_BYTES), _LOOKS_BACK)
    for one in latest:
        kind = _kind(one)
        if found is None:
            found = one
        elif kind is not _LOOKS:
            before = one
        if kind is _BUILDS:
            before = _went_on_after(one, latest) or before
            break
    if found is None:
        return None
    others = frozenset(match["id"] for form in (_ID, _BEGINS) for match in form.finditer(text))
    if before is None:
        return replace(found, others=others)
    if _kind(found) is _LOOKS:
        return replace(before, others=others)
    return replace(found, before=before if before.succeeded is False else None, others=others)


def _went_on_after(run: LastInvocation, earlier: Iterator[LastInvocation]) -> LastInvocation | None:
    """`dbt seed` or `dbt snapshot` that failed right before a `dbt run` that went well, of a script that goes
    on all the same."""
    if _word(run) != "run" or run.succeeded is not True:
        return None
    one = next((one for one in earlier if _kind(one) is not _LOOKS), None)
    return one if one is not None and _word(one) in _NO_MODELS and one.succeeded is False else None


def _head(file: BinaryIO, end: int) -> bytes:
    """The first lines of the invocation that logs as text at a place of a file: they say which one it is."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        begin = whole.rfind(_RULE, 0, end)
        if begin < 0:
            return b""
        lines = whole[begin : min(begin + _HEAD_BYTES, end)]
    return lines[: lines.rfind(b"\n") + 1]


def _latest_first(text: str, is_whole: bool) -> Iterator[LastInvocation]:
    """The invocations in a text, the last one first."""
    parts = _by_format(text)
    for place, (part, is_json) in reversed(list(enumerate(parts))):
        begun = is_whole or place > 0  # only the first part may be cut off
        yield from _of_json(part, begun) if is_json else _of_written(part, begun)


def _by_format(text: str) -> list[tuple[str, bool]]:
    """(a part of a log, whether it is one of events): runs of one project may log in both formats."""
    starts: list[tuple[int, bool]] = []
    for match in _FORMAT.finditer(text):
        is_json = match["event"] is not None
        if not starts or starts[-1][1] is not is_json:
            starts.append((match.start(), is_json))
    starts = [(0, starts[0][1]), *starts[1:]] if starts else [(0, False)]
    ends = [*(start for start, _ in starts[1:]), len(text)]
    return [(text[start:end], is_json) for (start, is_json), end in zip(starts, ends, strict=True)]


def _of_written(text: str, is_whole: bool) -> Iterator[LastInvocation]:
    """The invocations in a log of text, or in what was printed, the last one first."""
    begins = list(_BEGINS.finditer(text))
    ends = [*(match.start() for match in begins), len(text)][1:]
    for begin, end in reversed(list(zip(begins, ends, strict=True))):
        begun = is_whole or begin.start() > 0  # the middle of the first may be left out
        yield _of_text(begin["id"], text[begin.end() : end], _LOG_LINE, begun)
    if not begins:
        first = _ANSI.sub("", text[:_HEAD_BYTES]).splitlines()
        form = _LOG_LINE if any(map(_LOG_LINE.match, first)) else _PRINTED_LINE
        parts = _STARTS.split(text)
        yield from (_of_text("", part, form, is_whole) for part in reversed(parts) if part.strip())


def _word(one: LastInvocation) -> str:
    """The command of an invocation without its options, e.g. "run"; "" where it is not told."""
    return next((word for word in one.command.split() if any(word in kind for kind in _KINDS)), "")


def _kind(one: LastInvocation) -> frozenset[str]:
    """Which commands an invocation is one of; one that looks and failed is taken for one that builds."""
    word = _word(one)
    kind = next((kind for kind in _KINDS if word in kind), _BUILDS)
    return _BUILDS if kind is _LOOKS and one.succeeded is not True else kind


def _of_json(text: str, is_whole: bool) -> Iterator[LastInvocation]:
    """The invocations in a log of events, the last one first."""
    lines: dict[str, list[str]] = {}
    plain: list[str] = []  # what dbt prints without an event (a traceback, a usage error) has no id
    for line in text.splitlines():
        match = _ID.search(line) if line.startswith("{") else None
        if match is None:
            plain.append(line)
            continue
        own = lines.pop(match["id"], [])
        if not own:
            plain = []
        if not own or _TOLD.search(line):
            own.append(line)
        lines[match["id"]] = own
    for place, (invocation_id, own) in enumerate(reversed(lines.items())):
        yield _of_events(invocation_id, [*own, *plain] if place == 0 else own, is_whole)
    if not lines:
        yield _of_events("", plain, is_whole)


def _of_events(last: str, own: Sequence[str], is_whole: bool) -> LastInvocation:
    told: list[Told] = []
    version = command = asked = ""
    ended, succeeded = False, None
    for line in own:
        event = _event(line)
        if event is None:
            if line.strip() and not line.startswith("{"):
                told.append(Told(_ANSI.sub("", line)))
            continue
        info, data = event
        name = str(info.get("name") or "")
        if name == "MainReportVersion":
            version = str(data.get("version") or "").lstrip("=")
            is_whole = True
        if name == "MainReportArgs":
            asked = str((data.get("args") or {}).get("invocation_command") or "")
        if name == "CommandCompleted":
            ended, succeeded = True, bool(data.get("success"))
            command = str(data.get("command") or "")
        told.append(_told(info, data, name))
    command = _with_options(asked, command)
    return LastInvocation(last, tuple(told), version, command, ended, succeeded, is_whole)


def _with_options(asked: str, command: str) -> str:
    """The command as it was given: the event of its end names it without options. Where dbt ran within
    another program `asked` is that one's.

    Example:
        >>> _with_options("dbt build -s orders+", "dbt build"), _with_options("airflow run", "dbt build")
        ('dbt build -s orders+', 'dbt build')
    """
    own = command.split()[1:]
    return asked if asked and all(word in asked.split() for word in own) else command


def _event(line: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:  # the last line of a run that was killed
        return None
    info, data = event.get("info"), event.get("data")
    return (info, data if isinstance(data, dict) else {}) if isinstance(info, dict) else None


def _told(info: dict[str, Any], data: dict[str, Any], name: str) -> Told:
    node = data.get("node_info")
    node = node if isinstance(node, dict) else {}
    text = str(data.get("exc") or info.get("msg") or "")
    return Told(
        _ANSI.sub("", text).strip(),
        str(info.get("level") or ""),
        name,
        str(node.get("unique_id") or ""),
        str(node.get("node_status") or data.get("status") or ""),
        str(data.get("path") or node.get("node_path") or ""),
    )


def _of_text(invocation_id: str, text: str, form: re.Pattern[str], is_whole: bool) -> LastInvocation:
    told: list[Told] = []
    version = ""
    for line in _messages(_ANSI.sub("", text).splitlines(), form):
        running = _RUNNING.match(line.text)
        if running is not None:
            version = running["version"].lstrip("=")
            if not invocation_id:  # what is printed may hold several runs
                is_whole, told = True, []
        told.append(line)
    everything = [line.text for line in told]
    ended = _ending(everything)
    asked, completed = _ASKED.search(text), _COMPLETED.search(text)
    words = (" ".join(found["words"].split()) if found else "" for found in (asked, completed))
    command = _with_options(*words)
    return LastInvocation(invocation_id, tuple(told), version, command, ended is not None, ended, is_whole)


def _messages(lines: Sequence[str], form: re.Pattern[str]) -> Iterator[Told]:
    """A message each, with the lines that follow it without a time of their own."""
    level, parts = "", list[str]()
    for line in lines:
        match = form.match(line)
        if match is None:
            parts.append(line)
            continue
        if any(part.strip() for part in parts):
            yield Told("\n".join(parts).strip(), level)
        level, parts = match.groupdict().get("level") or "", [match["text"]]
    if any(part.strip() for part in parts):
        yield Told("\n".join(parts).strip(), level)


def _ending(texts: Sequence[str]) -> bool | None:
    for text in reversed(texts):
        if match := re.search(r"Command `[^`]*` (succeeded|failed)", text):
            return match[1] == "succeeded"
        if text.startswith(("Encountered an error", "Completed with")):
            return False
        if text.startswith("Completed successfully"):
            return True
    return None
