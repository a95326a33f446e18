"""What a person says of an incident, asked about before it is said of more than one thing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from aidbt.cli.render import count, table
from aidbt.core.errors import UsageError

if TYPE_CHECKING:
    from aidbt.core.incidents import Incident
    from aidbt.core.measured import Monitor

only_option = click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help='Of some of what it holds: "orders row_count", or "orders.amount" and "orders" for all there.',
)
whole_option = click.option("--whole", is_flag=True, help="Of all that it holds, without asking.")
_SHOWN = 20


def meant_monitors(
    incident: Incident, verdict: str, only: Sequence[str], *, whole: bool
) -> tuple[Monitor, ...] | None:
    """Of what in an incident something is said; None for all of it.

    Of one thing it goes without saying. Of several a person is shown what they are, and asked; where nobody
    can be asked it has to be said.

    Raises:
        UnknownName: the incident has nothing of a name.
        UsageError: it holds several things, and it was not said which are meant.
    """
    from aidbt.monitors.incidents.dismissing import things_of
    from aidbt.observability.giving_feedback import monitors_named

    if only:
        return monitors_named(incident, only)
    held = things_of(incident)
    if whole or len(held) <= 1:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        named = ", ".join(f"'{name}'" for name in held[:3])
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        raise UsageError(
            f"{incident.id} holds {count(len(held), 'thing')}: {named}{more}",
            hint=f"say which are meant: --only '{held[0]}', or --whole; aidbt incidents show {incident.id}",
        )
    for line in _held_lines(incident, held, verdict):
        click.echo(line, err=True)
    click.confirm("of all of it?", err=True, abort=True)
    return None


def _held_lines(incident: Incident, held: Sequence[str], verdict: str) -> Iterator[str]:
    said = {str(anomaly.monitor): anomaly.message for anomaly in incident.anomalies}
    yield f"{incident.id} holds {count(len(held), 'thing')}, all {verdict}?"
    yield from table([[name, said.get(name, "failed in a run of dbt")] for name in held[:_SHOWN]])
    if len(held) > _SHOWN:
        yield f"  … and {len(held) - _SHOWN} more (aidbt incidents show {incident.id} --all)"
    yield "  (--only NAME says it of some)"
