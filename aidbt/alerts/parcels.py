"""What is waiting, made into messages: what comes together goes together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from aidbt.alerts.channel import EDITABLE, Delivery
from aidbt.alerts.message import Message, item_of
from aidbt.core.config import AlertSettings
from aidbt.core.incidents import Incident, What


class Waiting(Protocol):
    """One thing that one channel is to be told; see `store.outbox.Posting`."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def incident(self) -> str: ...
    @property
    def what(self) -> What: ...
    @property
    def is_digest(self) -> bool: ...
    @property
    def tries(self) -> int: ...
    @property
    def reference(self) -> str: ...


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one channel, with all that it settles."""

    channel: str
    postings: tuple[Waiting, ...]
    delivery: Delivery


def parcels(
    postings: Sequence[Waiting],
    incidents: Mapping[str, Incident],
    settings: AlertSettings,
    *,
    project: str,
    now: datetime,
) -> tuple[Parcel, ...]:
    """The messages that tell everything that is waiting, in its order.

    What is due for a channel's digest is one message. So are several incidents, where the channel cannot
    change what it sent and there are more than `alerts.together`.

    Args:
        incidents: by id, as they are now; postings of others are left out.
    """
    by_channel: dict[tuple[str, bool], list[Waiting]] = defaultdict(list)
    for posting in postings:
        if posting.incident in incidents:
            by_channel[posting.channel, posting.is_digest].append(posting)
    found = []
    for (channel, is_digest), all_of_it in by_channel.items():
        for group in _groups(channel, all_of_it, is_digest, settings):
            items = tuple(item_of(incidents[posting.incident], posting.what) for posting in group)
            # The oldest names the message: it is the same at every try, whatever has come since.
            message = Message(group[0].id, items, project, now, is_digest)
            is_single = len(group) == 1 and not is_digest
            delivery = Delivery(
                message,
                reference=group[0].reference if is_single else "",
                is_repeated=any(posting.tries > 1 for posting in group),
            )
            found.append(Parcel(channel, tuple(group), delivery))
    return tuple(found)


def _groups(
    channel: str, postings: list[Waiting], is_digest: bool, settings: AlertSettings
) -> Iterator[list[Waiting]]:
    can_edit = settings.channels[channel].kind in EDITABLE
    if is_digest or (not can_edit and len(postings) > settings.together):
        yield postings
    else:
        yield from ([posting] for posting in postings)
