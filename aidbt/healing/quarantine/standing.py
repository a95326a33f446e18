"""The quarantines of a project, and which of them somebody should have looked at by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from aidbt.project.manifest import Manifest
from aidbt.project.own_settings import own_setting


@dataclass(frozen=True, slots=True)
class Standing:
    """One quarantine, as its YAML declares it.

    Attributes:
        owner: whose rows they are; "" where nobody says it.
        until: the day until which somebody should look at the rows.
    """

    model: str
    source: str
    owner: str
    since: date
    until: date

    def is_late(self, today: date) -> bool:
        """Whether that day is over."""
        return today > self.until


def quarantines(manifest: Manifest) -> list[Standing]:
    """Every quarantine of a project, those that are due first; an entry without its days is no quarantine."""
    found = []
    for node in manifest.of_type("model"):
        said = own_setting(node.raw, "quarantine")
        since, until = _day(said, "since"), _day(said, "until")
        if since is not None and until is not None:
            owner = str(said.get("owner") or "")
            found.append(Standing(node.name, str(said.get("source") or ""), owner, since, until))
    return sorted(found, key=lambda one: (one.until, one.model))


def _day(said: Any, name: str) -> date | None:
    value = said.get(name) if isinstance(said, Mapping) else None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def late_lines(found: list[Standing], today: date) -> list[str]:
    """A sentence for each quarantine whose day is over."""
    return [
        f"{one.model} holds rows of {one.source or 'a source'} since {one.since}; somebody was to look"
        f" at them until {one.until}{f' ({one.owner})' if one.owner else ''}"
        for one in found
        if one.is_late(today)
    ]
