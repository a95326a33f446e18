"""The terminal of whoever runs the command."""

from __future__ import annotations

from collections.abc import Callable

from aidbt.alerts.channel import Channel, Delivery
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings
from aidbt.core.resilience import Deadline


def open_console(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that hands its texts to `say`."""
    return _Console(name, templates, say)


class _Console:
    can_edit = False

    def __init__(self, name: str, templates: Templates, say: Callable[[str], None]) -> None:
        self.name = name
        self._templates = templates
        self._say = say

    def send(self, delivery: Delivery, until: Deadline) -> str:
        self._say(self._templates.text("text.txt.jinja", delivery.message).rstrip())
        return ""
