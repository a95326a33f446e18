"""Slack's incoming webhooks. They cannot change a message, so only news is sent.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

from collections.abc import Callable

from aidbt.alerts.channel import Channel, Delivery, required_secret
from aidbt.alerts.http import send_json
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings
from aidbt.core.resilience import Deadline


def open_slack(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that posts blocks to the webhook in a variable."""
    return Posted(name, settings, templates, "slack.json.jinja")


class Posted:
    """A channel that posts what a template writes, and forgets it."""

    can_edit = False

    def __init__(self, name: str, settings: ChannelSettings, templates: Templates, template: str) -> None:
        self.name = name
        self._settings = settings
        self._templates = templates
        self._template = template

    def send(self, delivery: Delivery, until: Deadline) -> str:
        """Post it; see `Channel`."""
        url = required_secret(self._settings.url_env, self.name, "URL")
        send_json("POST", url, self._templates.json(self._template, delivery.message), until)
        return ""
