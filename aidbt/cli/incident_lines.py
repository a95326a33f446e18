"""What `aidbt incidents` says: the list, one incident, and what became of a word of a person's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aidbt.cli.incident_cause import cause_lines, next_of
from aidbt.cli.incident_findings import found_lines
from aidbt.cli.render import bold, count, dim, duration, table

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.incidents import Incident, IncidentChange
    from aidbt.core.patch import Patch
    from aidbt.monitors.incidents.desk import Delivered
    from aidbt.store.outbox import Posting

_COLOURS = {"error": "red", "warn": "yellow", "info": "blue"}
_MOST_LINES = 20
_MOST_NODES = 10


def list_lines(
    found: Sequence[Incident], ended: int, waiting: Sequence[Posting], *, owner: str | None, others: int
) -> Iterator[str]:
    """The open ones, the worst first, and channels that were not told."""
    alive = [one for one in found if not one.state.is_over]
    over = f", {ended:,} over" if ended else ""
    whose = f" of {owner}" if owner is not None else ""
    more = f", {others:,} of others" if others else ""
    if alive:
        yield f"{bold('found')} {count(len(alive), 'incident')}{whose} open{over}{more}"
    elif owner is not None:
        yield f"{bold('nothing is open')}{whose}{more}"
    else:
        yield f"{bold('nothing is wrong')} that is known{over}"
    now = datetime.now(UTC)
    rows = [
        [
            one.id,
            one.state.value if one.state.is_over else one.severity.value,
            _age(one, now),
            one.owner,
            one.title,
        ]
        for one in found[:_MOST_LINES]
    ]
    if rows:
        yield from table(rows, ["id", "", "since", "owner", "what"])
    if len(found) > _MOST_LINES:
        yield dim(f"  … and {len(found) - _MOST_LINES} more (--output json shows all)")
    yield from _waiting_lines(waiting)
    if alive:
        yield f"{bold('next')}: aidbt incidents show {alive[0].id}"


def _age(incident: Incident, now: datetime) -> str:
    state = " (ack)" if incident.state.value == "acknowledged" else ""
    return f"{duration((now - incident.opened_at).total_seconds())}{state}"


def _waiting_lines(waiting: Sequence[Posting]) -> Iterator[str]:
    """Channels that did not take what they were to be told."""
    problems = {posting.channel: posting for posting in waiting if posting.problem}
    for channel, posting in problems.items():
        late = sum(1 for other in waiting if other.channel == channel and other.problem)
        said = f"{channel}: {count(late, 'message')} not sent yet: {posting.problem}"
        yield f"  {click.style('waiting', fg='yellow')} {said}"
    if problems:
        yield dim("  nothing is lost: it is tried again by every run, or now by aidbt incidents send")


def show_lines(
    incident: Incident,
    attempt: Attempt | None,
    said: Sequence[str],
    parents: Mapping[str, Collection[str]],
    *,
    show_all: bool,
) -> Iterator[str]:
    """All that is known of one."""
    colour = "green" if incident.state.is_over else _COLOURS[incident.severity.value]
    word = click.style(f"{incident.severity.value}, {incident.state.value}", fg=colour)
    yield f"{bold(incident.id)} {word}: {incident.title}"
    most = None if show_all else _MOST_NODES
    rows = [["begins at", incident.root]]
    rows += [["affected", _some(incident.affected[1:], most)]] if incident.affected[1:] else []
    rows += [["may be wrong too", _some(incident.exposed, most)]] if incident.exposed else []
    rows += [["failed", _some(incident.failures, most)]] if incident.failures else []
    rows += [["owner", incident.owner]] if incident.owner else []
    yield from table(rows)
    if incident.found is not None:
        yield from cause_lines(incident.found, attempt, show_all=show_all)
    yield from found_lines(incident, parents, show_all=show_all)
    if said:
        yield bold("at the same time")
        yield from (f"  {line}" for line in said)
    yield bold("happened (UTC)")
    yield from table(
        [[f"{event.at:%Y-%m-%d %H:%M}", event.what, event.by, event.note] for event in incident.timeline]
    )
    if not incident.state.is_over:
        if incident.found is not None:
            yield f"{bold('next')}: {next_of(incident, attempt)}"
        yield f"{'      ' if incident.found else bold('next') + ': '}{_next(incident)}"


def _next(incident: Incident) -> str:
    ack = "" if incident.state.value == "acknowledged" else f"aidbt incidents ack {incident.id}; "
    return f"{ack}when it is none: aidbt incidents resolve {incident.id} --as false-alarm"


def _some(names: Sequence[str], most: int | None) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if most is not None and len(names) > most else shown


def ended_lines(
    change: IncidentChange, delivered: Delivered, learned: Patch | None, builds: str
) -> Iterator[str]:
    """What a verdict did, and what was learned of it."""
    after = change.after
    if after.state.is_over:
        yield f"{bold('ended')} {after.id}: {after.title}"
    else:
        yield f"{bold('noted')}; {after.id} stays open for the rest: {after.title}"
    if learned is not None:
        yield f"wrote {', '.join(learned.paths())}: the next check follows it"
    if builds:
        yield builds
    yield from _delivered_lines(delivered)
    if learned is not None:
        yield f"{bold('next')}: commit it, so that it holds for everybody"


def acknowledged_lines(change: IncidentChange, delivered: Delivered) -> Iterator[str]:
    """Who was told that somebody looks after it."""
    yield f"{bold('acknowledged')} {change.after.id}: {change.after.title}"
    yield from _delivered_lines(delivered)


def sent_lines(delivered: Delivered) -> Iterator[str]:
    """What was sent, and what waits."""
    total = sum(delivered.sent.values())
    yield f"{bold('sent')} {count(total, 'message')}" if total else bold("nothing was sent")
    yield from _delivered_lines(delivered, quiet=True)
    if delivered.waiting:
        yield dim(f"{count(delivered.waiting, 'notice')} waiting (aidbt incidents list says of what)")


def _delivered_lines(delivered: Delivered, *, quiet: bool = False) -> Iterator[str]:
    if delivered.sent and not quiet:
        yield f"told {', '.join(sorted(delivered.sent))}"
    for channel, problem in sorted(delivered.problems.items()):
        yield f"{click.style('not sent', fg='yellow')} to {channel}: {problem}; it is tried again later"
