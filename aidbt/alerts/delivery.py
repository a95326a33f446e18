"""Sending: every channel by itself, so that one that is down or hangs holds up neither others nor us."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from aidbt.alerts.channel import CHANNELS, Channel, unset_variables
from aidbt.alerts.parcels import Parcel
from aidbt.alerts.writing import Templates
from aidbt.core.config import AlertSettings, ChannelSettings
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import POLICIES, CircuitBreaker, Clock, Deadline, retry

_GRACE_S = 0.5  # for a channel to say itself that its time was up


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went with one message.

    Attributes:
        reference: what the channel calls it.
        error: why it was not taken; None when it was.
        is_tried: False where the channel had just failed, so that it was not even tried.
    """

    parcel: Parcel
    reference: str = ""
    error: AidbtError | None = None
    is_tried: bool = True


def send_all(
    parcels: Sequence[Parcel],
    settings: AlertSettings,
    templates: Templates,
    *,
    say: Callable[[str], None],
    clock: Clock,
    deadline_s: float,
    rng: Random | None = None,
) -> Iterator[Sent]:
    """Send messages, each channel in its own thread; yields each as it is done.

    Ends when all are done, or after `deadline_s`: what is still on its way then is not yielded, but may
    arrive. What is imported and read before anything can be sent does not count.
    """
    by_channel: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        by_channel.setdefault(parcel.channel, []).append(parcel)
    done: queue.SimpleQueue[Sent] = queue.SimpleQueue()
    _load([settings.channels[name].kind for name in by_channel], templates)
    until = Deadline.after(deadline_s, clock, setting="alerts.deadline_s")
    for name, mine in by_channel.items():
        line = _Line(name, settings.channels[name], templates, say, clock, until, rng or Random())
        # A daemon: what hangs in a name server or a mail server does not keep the command from ending.
        threading.Thread(target=line.send, args=(mine, done.put), name=f"alerts {name}", daemon=True).start()
    for _ in parcels:
        try:
            yield done.get(timeout=until.remaining() + _GRACE_S)
        except queue.Empty:
            return


def _load(kinds: Collection[str], templates: Templates) -> None:
    """Import what channels of these kinds need, before any clock runs: on a busy computer that takes long."""
    for kind in kinds:
        with contextlib.suppress(AidbtError):  # which each message says for itself
            CHANNELS.load(kind)
    if kinds:
        templates.load()


class _Line:
    """One channel and how it is treated."""

    def __init__(
        self,
        name: str,
        settings: ChannelSettings,
        templates: Templates,
        say: Callable[[str], None],
        clock: Clock,
        until: Deadline,
        rng: Random,
    ) -> None:
        self._name = name
        self._settings = settings
        self._templates = templates
        self._say = say
        self._clock = clock
        self._until = until
        self._rng = rng
        self._breaker = CircuitBreaker(f"the channel '{name}'", clock=clock)

    def send(self, parcels: Sequence[Parcel], done: Callable[[Sent], None]) -> None:
        """Send one after the other; when one cannot be sent because the channel is down, the rest waits."""
        down: AidbtError | None = None
        for parcel in parcels:
            if down is not None:
                done(Sent(parcel, error=down, is_tried=False))
                continue
            try:
                done(Sent(parcel, reference=self._send(parcel)))
            except AidbtError as error:
                done(Sent(parcel, error=error))
                down = error if error.retryable else None

    def _send(self, parcel: Parcel) -> str:
        channel = open_channel(self._name, self._settings, self._templates, self._say)
        until = Deadline.after(
            self._settings.timeout_s, self._clock, setting=f"alerts.channels.{self._name}.timeout_s"
        )
        if self._until.at < until.at:
            until = self._until
        return retry(
            lambda: channel.send(parcel.delivery, until),
            POLICIES["api"],
            clock=self._clock,
            rng=self._rng,
            deadline=until,
            breaker=self._breaker,
        )


def open_channel(
    name: str, settings: ChannelSettings, templates: Templates, say: Callable[[str], None]
) -> Channel:
    """The channel that settings describe.

    Raises:
        UnknownName: no channel is of that kind.
        SettingsError: the settings do not do for it.
    """
    opened: Channel = CHANNELS.load(settings.kind)(name, settings, templates, say)
    return opened


def check_channel(name: str, settings: ChannelSettings, templates: Templates) -> None:
    """Look whether a channel could send, and send nothing.

    Raises:
        UnknownName: no channel is of that kind.
        SettingsError: the settings do not do for it, or a variable that they name is not set.
    """
    open_channel(name, settings, templates, lambda text: None)
    unset = unset_variables(settings)
    if unset:
        raise SettingsError(
            f"the variable {unset[0]} is not set", hint=f"export {unset[0]}=… where alerts are sent from"
        )


def unready_channels(settings: AlertSettings, templates: Templates) -> tuple[Finding, ...]:
    """A finding for each channel that could send nothing as things are: before there is something to tell."""
    found = []
    for name, channel in settings.channels.items():
        try:
            check_channel(name, channel, templates)
        except AidbtError as error:
            hint = f" ({error.hint})" if error.hint else ""
            said = f"nobody can be told: {error.message}{hint}; what it is to be told waits until then"
            found.append(Finding("alerts.channel_not_ready", Severity.WARN, f"alerts.channels.{name}", said))
    return tuple(found)
