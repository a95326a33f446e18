"""`aidbt incidents`: what is wrong, since when, who looks after it, and who was told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aidbt.cli.heal_undo import undo_command
from aidbt.cli.incident_cause import attempt_of
from aidbt.cli.incident_lines import acknowledged_lines, ended_lines, list_lines, sent_lines, show_lines
from aidbt.cli.incident_verdicts import meant_monitors, only_option, whole_option
from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, emit, plain
from aidbt.cli.telling import around_of, deliver_due, me, say
from aidbt.core.errors import UsageError

if TYPE_CHECKING:
    from aidbt.core.incidents import Incident
    from aidbt.core.measured import Monitor
    from aidbt.core.patch import Patch
    from aidbt.monitors.incidents.desk import Verdict
    from aidbt.session import Session
    from aidbt.store.outbox import Posting


@click.group(invoke_without_command=True)
@click.pass_context
def incidents(context: click.Context) -> None:
    """What is wrong with the data or its runs, one incident for each cause; without a command the list."""
    if context.invoked_subcommand is None:
        with list_command.make_context("list", [], parent=context) as inner:
            list_command.invoke(inner)


incidents.add_command(undo_command)


@incidents.command("list")
@click.option("--all", "show_all", is_flag=True, help="Those that are over, too.")
@click.option("--owner", metavar="NAME", help="Only those of an owner.")
@project_options
@output_option
def list_command(show_all: bool, owner: str | None, output: str, **where: Any) -> None:
    """List the incidents that are open, the worst first. Exits 0 whatever there is."""
    from aidbt.core.incidents import ALIVE, OVER
    from aidbt.monitors.incidents.changes import open_ones
    from aidbt.store.incidents import Incidents
    from aidbt.store.outbox import Outbox

    session = open_from(**where)
    kept = Incidents(session.store)
    found = [*open_ones(kept.all(states=ALIVE))]
    if show_all:
        found += sorted(kept.all(states=OVER), key=_ended, reverse=True)
    others = 0
    if owner is not None:
        mine = [one for one in found if one.owner.casefold() == owner.casefold()]
        others = sum(not one.state.is_over for one in found) - sum(not one.state.is_over for one in mine)
        found = mine
    over = kept.count(states=OVER) if owner is None else 0
    waiting = Outbox(session.store).waiting()
    emit(
        {"incidents": [_summary(one) for one in found], "waiting": [_told(one) for one in waiting]},
        output=output,
        text=lambda: list_lines(found, over, waiting, owner=owner, others=others),
    )


def _ended(incident: Incident) -> datetime:
    return incident.ended_at or incident.updated_at


def _summary(incident: Incident) -> dict[str, Any]:
    """What a list says of an incident, for programs; `show` says all."""
    return {
        "id": incident.id,
        "state": incident.state,
        "severity": incident.severity,
        "title": incident.title,
        "root": incident.root,
        "cause": _cause(incident),
        "owner": incident.owner,
        "affected": incident.affected,
        "exposed": incident.exposed,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "ended_at": incident.ended_at,
    }


def _told(posting: Posting) -> dict[str, Any]:
    return {
        "channel": posting.channel,
        "incident": posting.incident,
        "what": posting.what,
        "due_at": posting.due_at,
        "tries": posting.tries,
        "problem": posting.problem,
    }


@incidents.command()
@click.argument("id")
@click.option("--all", "show_all", is_flag=True, help="Every finding and every node.")
@project_options
@output_option
def show(id: str, show_all: bool, output: str, **where: Any) -> None:
    """Say all that is known of the incident ID: where it begins, what it reaches, what happened when."""
    from aidbt.observability.coinciding import coinciding
    from aidbt.store.incidents import Incidents

    session = open_from(**where)
    incident = Incidents(session.store).get(id)
    attempt = attempt_of(session, incident)
    settings, parents = session.settings.values.monitors, around_of(session).parents
    said = coinciding([incident], session.store, settings, parents).get(incident.id, ())
    emit(
        {
            **plain(incident),
            "cause": _cause(incident),
            "attempt": plain(attempt) if attempt is not None else None,
            "at_the_same_time": said,
        },
        output=output,
        text=lambda: show_lines(incident, attempt, said, parents, show_all=show_all),
    )


def _cause(incident: Incident) -> dict[str, str]:
    """What a program goes by that is to mend it."""
    kind, column = incident.cause
    return {"kind": kind, "node": incident.root, "column": column}


_by_option = click.option("--by", metavar="NAME", default="", help="Who says so; you by default.")
_note_option = click.option("--note", default="", help="What others should know.")


@incidents.command()
@click.argument("id")
@_note_option
@_by_option
@project_options
@output_option
def ack(id: str, note: str, by: str, output: str, **where: Any) -> None:
    """Say that you look after the incident ID, so that nobody else is called."""
    from aidbt.monitors.incidents.desk import acknowledge

    session = open_from(**where)
    change = acknowledge(
        session.store, id, session.settings.values, around_of(session), by=by or me(), note=note
    )
    delivered = deliver_due(session)
    emit(change.after, output=output, text=lambda: acknowledged_lines(change, delivered))


@incidents.command()
@click.argument("id")
@click.option(
    "--as",
    "verdict",
    type=click.Choice(["resolved", "false-alarm", "expected"]),
    default="resolved",
    show_default=True,
    help="It is mended; it never was one; or it is right so from now on.",
)
@click.option(
    "--feedback/--no-feedback",
    default=True,
    show_default=True,
    help="Let the monitors learn from it: aidbt/feedback.yml.",
)
@only_option
@whole_option
@_note_option
@_by_option
@project_options
@output_option
def resolve(
    id: str,
    verdict: Verdict,
    feedback: bool,
    only: tuple[str, ...],
    whole: bool,
    note: str,
    by: str,
    output: str,
    **where: Any,
) -> None:
    """End the incident ID by hand; what passes by itself is ended by itself.

    That it was none is said of what it held when you were asked, and of what you name with --only.
    """
    from aidbt.cli.letting_through import let_builds_through
    from aidbt.core.patch import apply_patch
    from aidbt.monitors.incidents.desk import end
    from aidbt.store.incidents import Incidents

    session = open_from(**where)
    settings, who = session.settings.values, by or me()
    if verdict == "resolved" and only:
        raise UsageError("what is mended is the whole incident", hint="--as false-alarm or expected of some")
    seen = Incidents(session.store).get(id)
    is_none = verdict != "resolved" and not seen.state.is_over
    monitors = meant_monitors(seen, verdict, only, whole=whole) if is_none else None
    # Made before anything is changed: a file that cannot be added to is an error of the whole.
    learned = _learned(session, seen, verdict, monitors, who, note) if feedback and is_none else None
    change = end(
        session.store,
        id,
        settings,
        around_of(session),
        by=who,
        verdict=verdict,
        note=note,
        monitors=monitors,
        seen=seen,
    )
    builds = ""
    if learned is not None:
        apply_patch(learned, session.project.root)
        builds = let_builds_through(session)
    delivered = deliver_due(session)
    emit(change.after, output=output, text=lambda: ended_lines(change, delivered, learned, builds))


def _learned(
    session: Session,
    incident: Incident,
    verdict: Verdict,
    monitors: Collection[Monitor] | None,
    by: str,
    note: str,
) -> Patch | None:
    """What is added to the feedback; None where no monitor found the incident."""
    from aidbt.monitors.feedback.file import Said, feedback_patch
    from aidbt.observability.giving_feedback import meant_incident

    if not incident.anomalies or verdict == "resolved":
        return None
    meant = meant_incident(session.store, incident.id, verdict, only=monitors)
    if not meant.of:  # a table or a column that is gone: nothing is learned of that
        return None
    said = Said(verdict, meant.of, by, datetime.now(UTC), note, incident.id)
    return feedback_patch(session.project.root, said)


@incidents.command()
@click.option("--now", "now_too", is_flag=True, help="Also what waits for a digest or after a failure.")
@click.option("--test", "test", metavar="CHANNEL", help="Only a message that says that it is a test.")
@project_options
@output_option
def send(now_too: bool, test: str | None, output: str, **where: Any) -> None:
    """Send what is due: messages, digests, and calls for help where nobody has acknowledged.

    For cron, where no monitor runs. Exits 1 when a channel did not take what it was sent; nothing is lost.
    """
    from aidbt.monitors.incidents.desk import escalate

    session = open_from(**where)
    if test is not None:
        _test(session, test, output)
    escalate(session.store, session.settings.values)
    delivered = deliver_due(session, now_too=now_too)
    emit(delivered, output=output, text=lambda: sent_lines(delivered))
    raise SystemExit(1 if delivered.problems else 0)


def _test(session: Session, channel: str, output: str) -> NoReturn:
    from aidbt.monitors.incidents.desk import try_channel

    project = session.project
    problem = try_channel(channel, session.settings.values, root=project.root, project=project.name, say=say)
    said = f"{click.style('not sent', fg='red')}: {problem}" if problem else f"{bold('sent')} to {channel}"
    emit({"channel": channel, "problem": problem}, output=output, text=lambda: [said])
    raise SystemExit(1 if problem else 0)


@incidents.command()
@click.option("--hours", type=click.IntRange(1, 24 * 90), default=24, show_default=True, help="How far back.")
@project_options
@output_option
def digest(hours: int, output: str, **where: Any) -> None:
    """Show what is open and what ended lately, in the words of a digest; nothing is sent."""
    from aidbt.alerts.message import Message, item_of
    from aidbt.alerts.writing import Templates
    from aidbt.core.incidents import ALIVE, OVER
    from aidbt.monitors.incidents.changes import open_ones
    from aidbt.store.incidents import Incidents

    session = open_from(**where)
    now = datetime.now(UTC)
    kept = Incidents(session.store)
    ended = [one for one in kept.all(states=OVER) if _ended(one) >= now - timedelta(hours=hours)]
    found = [*open_ones(kept.all(states=ALIVE)), *ended]
    items = tuple(item_of(one, _last_said(one)) for one in found)
    message = Message("digest", items, session.project.name, now, is_digest=True)
    templates = Templates(session.project.root)
    emit(
        {"incidents": [_summary(one) for one in found]},
        output=output,
        text=lambda: templates.text("text.txt.jinja", message).rstrip().splitlines(),
    )


def _last_said(incident: Incident) -> Any:
    return incident.timeline[-1].what if incident.timeline else "opened"
