"""Teams: a workflow that posts to a channel when it receives a webhook request, with an adaptive card.

https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook
"""

from __future__ import annotations

from collections.abc import Callable

from aidbt.alerts.channel import Channel
from aidbt.alerts.channels.slack import Posted
from aidbt.alerts.writing import Templates
from aidbt.core.config import ChannelSettings


def open_teams(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """A channel that posts a card to the workflow's URL in a variable."""
    return Posted(name, settings, templates, "teams.json.jinja")
