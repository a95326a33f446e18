"""What one start of dbt gave, whichever way it was started. What it means is decided in `dbt_report`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aidbt.project.scrub import Scrub

OnEvent = Callable[[str], None]

# The last lines of text that is not an event; enough for a traceback.
KEPT_LINES = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One line of dbt's structured log.

    Attributes:
        name: dbt's name of the event, e.g. "MainReportVersion".
        level: debug, info, warn or error.
        data: the event's own fields that are read here.
    """

    name: str
    level: str
    message: str
    invocation_id: str
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one start of dbt gave.

    Attributes:
        exit_code: 0 fine, 1 something failed, 2 could not run; in process the code dbt would have had.
        events: warnings, errors, and the few others that are read; in the order they came.
        output: text that is no event: usage errors, tracebacks, prints.
        error: the exception that ended it, in its own words; "" when it gave a result.
    """

    exit_code: int
    events: tuple[Event, ...]
    output: str = ""
    error: str = ""

    @property
    def invocation_id(self) -> str:
        """The id of this invocation; "" when dbt did not get as far as having one (usage errors)."""
        started = [event for event in self.events if event.name == "MainReportVersion"]
        return next((event.invocation_id for event in [*started, *self.events] if event.invocation_id), "")

    def named(self, name: str) -> list[Event]:
        """The events of that name."""
        return [event for event in self.events if event.name == name]


# The fields of an event's data that anything here reads.
FIELDS = ("exc", "version", "artifact_type", "artifact_path")


def is_kept(name: str, level: str) -> bool:
    """Whether an event says something that the report needs."""
    return level in ("warn", "error") or name in ("MainReportVersion", "ArtifactWritten", "JinjaLogInfo")


def is_progress(name: str, level: str) -> bool:
    """Whether an event tells that a node or hook started or ended."""
    return level != "debug" and (name.startswith("Log") or name == "SkippingDetails")


class Collector:
    """Keeps the events that matter and tells `on_event` about nodes; called from several threads."""

    def __init__(self, on_event: OnEvent | None, scrub: Scrub) -> None:
        self.events: list[Event] = []
        self._on_event = on_event
        self._scrub = scrub
        self._broken: BaseException | None = None

    def add(self, event: Event) -> None:
        if is_kept(event.name, event.level):
            self.events.append(event)
        if self._on_event is None or self._broken or not is_progress(event.name, event.level):
            return
        line = re.sub(r" \.{2,} ?", " ", self._scrub(event.message)).strip()
        if not line:
            return
        try:
            self._on_event(line)
        except Exception as error:  # noqa: BLE001 - whatever breaks in a display must not break dbt's run
            self._broken = error

    def raise_if_broken(self) -> None:
        """Raises what `on_event` raised, now that dbt has ended undisturbed."""
        if self._broken:
            raise self._broken
