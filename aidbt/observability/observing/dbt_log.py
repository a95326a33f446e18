"""What dbt's log says of the invocations in it: a run that could not start leaves no results, only this.

Both forms of `dbt.log` are read: text, where a line of equals signs with the invocation's id begins each
invocation, and JSON, where each line has the id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aidbt.observability.recorded import asked_in

# dbt begins a new log at 10 MB.
_MOST_BYTES = 64_000_000
_MOST_RUNS = 30
_TAIL_BYTES = 65_536
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\[0m")
_BEGINS = re.compile(r"^=+ [\d:.]+ \| (?P<id>[\w-]+) =+\s*$", re.MULTILINE)
_COMMAND = re.compile(r"""['"]invocation_command['"]:\s*['"](?:\S*\bdbt\b)?\s*(?P<words>[^'"]*)""")
_ENDED = re.compile(r"Command `(?:cli|dbt)? ?(?P<words>[^`]*)` (?P<how>succeeded|failed)")
_MEMORY = re.compile(r"""["']process_mem_max_rss["']:\s*["']?(?P<kb>\d+)""")
_LINE = re.compile(r"^[\d:.]+ \[(?P<level>\w+) *\] \[[^\]]*\]: (?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One invocation in a log.

    Attributes:
        command: e.g. "build"; "" when the log does not say.
        succeeded: None when it has not ended, or was killed.
        message: what dbt said last was wrong.
        ended_at: when the log was written last; older invocations in it ended before.
        target: as it was asked for; "" where it was not.
    """

    invocation_id: str
    command: str
    succeeded: bool | None
    message: str
    ended_at: datetime
    memory_bytes: int | None = None
    target: str = ""


def logged_runs(places: Iterable[Path]) -> tuple[LoggedRun, ...]:
    """The invocations in the first of these files that is a log of dbt, oldest first, the newest of many."""
    for path in places:
        try:
            if not path.is_file() or path.stat().st_size > _MOST_BYTES:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError:
            continue
        found = [*_of_text(text, ended_at)] or [*_of_json(text, ended_at)]
        if found:
            return tuple(found)
    return ()


def last_memory(path: Path, since: datetime) -> int | None:
    """The most memory, in bytes, that the last run in a log used; None where it was written before."""
    try:
        stat = path.stat()
        if stat.st_mtime < since.timestamp():
            return None
        with path.open("rb") as file:
            file.seek(max(stat.st_size - _TAIL_BYTES, 0))
            tail = file.read().decode("utf-8", "replace")
    except OSError:
        return None
    found = _MEMORY.findall(tail)
    return int(found[-1]) * 1024 if found else None


def last_after(runs: Sequence[LoggedRun], invocation_id: str, commands: Collection[str]) -> LoggedRun | None:
    """The last run of one of these commands after an invocation; of a log without that one only the last."""
    place = next((place for place, run in enumerate(runs) if run.invocation_id == invocation_id), None)
    later = runs[-1:] if place is None else runs[place + 1 :]
    return next((run for run in reversed(later) if run.command in commands), None)


def log_places(results: Path, log_path: str = "") -> list[Path]:
    """Where the log of the run that wrote these results may be, the likeliest first."""
    folder = results.parent
    near = [folder / "dbt.log", folder / "logs" / "dbt.log", folder.parent / "logs" / "dbt.log"]
    return [*([Path(log_path) / "dbt.log"] if log_path else []), *near]


def _of_text(text: str, ended_at: datetime) -> Iterator[LoggedRun]:
    begins = list(_BEGINS.finditer(text))
    ends = [*(match.start() for match in begins), len(text)][1:]
    for begin, end in list(zip(begins, ends, strict=True))[-_MOST_RUNS:]:
        told: list[tuple[str, str]] = []
        for line in _ANSI.sub("", text[begin.end() : end]).splitlines():
            match = _LINE.match(line)
            if match:
                told.append((match["level"], match["text"]))
            elif told and line.strip():  # a message of several lines
                told[-1] = told[-1][0], f"{told[-1][1]}\n{line}"
        yield _logged(begin["id"], told, ended_at)


def _of_json(text: str, ended_at: datetime) -> Iterator[LoggedRun]:
    told: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        info = event.get("info") if isinstance(event, dict) else None
        if isinstance(info, dict) and info.get("invocation_id"):
            said = f"{info.get('msg') or ''} {_data(event)}".strip()
            lines = told.setdefault(str(info["invocation_id"]), [])
            lines.append((str(info.get("level")), _ANSI.sub("", said)))
    for invocation_id, lines in list(told.items())[-_MOST_RUNS:]:
        yield _logged(invocation_id, lines, ended_at)


def _data(event: dict[str, object]) -> str:
    """The one field of an event's data that is read and does not stand in its message."""
    data = event.get("data")
    memory = data.get("process_mem_max_rss") if isinstance(data, dict) else None
    return f'"process_mem_max_rss": {memory}' if memory else ""


def _logged(invocation_id: str, told: Sequence[tuple[str, str]], ended_at: datetime) -> LoggedRun:
    everything = "\n".join(text for _, text in told)
    ended = list(_ENDED.finditer(everything))
    asked = _COMMAND.search(everything)
    # What dbt was started by may be another program, which only the last lines do not repeat.
    words = (ended[-1]["words"] if ended else "") or (asked["words"] if asked else "")
    errors = [text.strip() for level, text in told if level == "error" and text.strip()]
    memory = _MEMORY.search(everything)
    return LoggedRun(
        invocation_id=invocation_id,
        command=command_in(words.split()),
        succeeded=ended[-1]["how"] == "succeeded" if ended else None,
        message=_told_error(errors),
        ended_at=ended_at,
        memory_bytes=int(memory["kb"]) * 1024 if memory else None,
        target=asked_in(words.split()).target,
    )


def _told_error(errors: Sequence[str]) -> str:
    """What was wrong: dbt says "Encountered an error:" first, and a stack trace last."""
    plain = [text for text in errors if not text.startswith("Traceback")]
    return "\n".join(dict.fromkeys(text.removeprefix("Encountered an error:").strip() for text in plain))


_COMMANDS = frozenset(
    ("build", "clone", "compile", "debug", "deps", "docs", "init", "list", "ls", "parse", "retry", "run")
    + ("run-operation", "seed", "show", "snapshot", "source", "sql", "test", "clean")
)


def command_in(words: Sequence[str]) -> str:
    """dbt's command among the words of a command line; "" when none is.

    Example:
        >>> command_in(["--quiet", "source", "freshness"]), command_in(["build", "-s", "run"])
        ('source freshness', 'build')
    """
    place = next((place for place, word in enumerate(words) if word in _COMMANDS), None)
    if place is None:
        return ""
    follows = words[place + 1 : place + 2]
    return f"source {follows[0]}" if words[place] == "source" and follows else words[place]
