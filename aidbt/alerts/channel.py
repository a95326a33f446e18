"""A way to people: what every channel can do, and how it says that it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from aidbt.alerts.message import Message
from aidbt.core.config import ChannelSettings, secret
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.registry import Registry
from aidbt.core.resilience import Deadline

# Each is a function (name, settings, templates, say) → Channel: its name in the settings, those settings,
# what writes its messages, and what shows a text to the person who runs the command.
CHANNELS = Registry(
    "alert channel",
    {
        "console": "aidbt.alerts.channels.console:open_console",
        "webhook": "aidbt.alerts.channels.webhook:open_webhook",
        "slack": "aidbt.alerts.channels.slack:open_slack",
        "teams": "aidbt.alerts.channels.teams:open_teams",
        "email": "aidbt.alerts.channels.email:open_email",
        "github": "aidbt.alerts.channels.github:open_github",
    },
)
# Those that change what they sent, so that they are also told what is no news.
EDITABLE = frozenset({"webhook", "github"})


class ChannelUnavailable(AidbtError):
    """A channel could not be reached, or is overloaded.

    Attributes:
        may_have_arrived: whether the message may have been taken all the same.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        retry_after: float | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.may_have_arrived = may_have_arrived


class ChannelRefused(AidbtError):
    """A channel does not take the message as things are: its address, its key, what it is sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way.

    Attributes:
        reference: what the channel gave for the last message about the incident; "" when there was none.
        is_repeated: whether it was tried before and may have arrived then.
    """

    message: Message
    reference: str = ""
    is_repeated: bool = False


class Channel(Protocol):
    """A way to people.

    Attributes:
        name: in the settings.
        can_edit: whether a later message about an incident replaces the one before. Such a channel gets one
            incident at a time; to others, several may be told at once.
    """

    name: str
    can_edit: bool

    def send(self, delivery: Delivery, until: Deadline) -> str:
        """Send a message, once, and return what the channel calls it, for the next one about the incident.

        Raises:
            ChannelUnavailable: not now, perhaps later.
            ChannelRefused, SettingsError: not until somebody changes something.
        """
        ...


def unset_variables(settings: ChannelSettings) -> tuple[str, ...]:
    """The variables that the settings of a channel name and that are not set."""
    named = [settings.url_env, settings.secret_env, settings.user_env, settings.password_env]
    named += [settings.token_env] if settings.kind == "github" else []
    return tuple(name for name in named if name and secret(name) is None)


def required_secret(variable: str, channel: str, what: str) -> SecretStr:
    """The secret in the variable that a channel's settings name.

    Raises:
        SettingsError: it is not set.
    """
    found = secret(variable) if variable else None
    if found is None:
        raise SettingsError(
            f"the channel '{channel}' has no {what}: the variable {variable} is not set",
            hint=f"export {variable}=…",
        )
    return found
