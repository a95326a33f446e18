"""`aidbt monitor replay`: what each detector would have told of the past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.options import (
    ManyValues,
    exclude_option,
    manifest_option,
    nodes_option,
    open_from,
    output_option,
    project_options,
)
from aidbt.cli.render import Progress, bold, count, dim, emit, table

if TYPE_CHECKING:
    from aidbt.monitors.feedback.replay import MemberReplay, Replay
    from aidbt.observability.replaying import Replayed

_WORDS = {"day": "days", "hour": "hours", "run": "runs"}


@click.command(cls=ManyValues)
@nodes_option
@exclude_option
@click.option("--detector", "detectors", multiple=True, metavar="NAME", help="Only that one beside yours.")
@click.option(
    "--false-alarms",
    "false_alarms",
    multiple=True,
    type=click.FloatRange(0, 100, min_open=True),
    metavar="N",
    help="Try monitors.false_alarms with that value, too.",
)
@manifest_option
@project_options
@output_option
def replay(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    detectors: tuple[str, ...],
    false_alarms: tuple[float, ...],
    manifest: Path | None,
    output: str,
    **where: Any,
) -> None:
    """Judge the past again by every detector.

    What each would have told stands beside what people said of it. Nothing is measured, told or kept.
    `aidbt monitor feedback` says what was real and what was a false alarm; `monitors.preset` chooses the
    detector, `monitors.false_alarms` how much is told.
    """
    from aidbt.cli.monitor import manifest_of
    from aidbt.monitors.feedback.file import load_feedback
    from aidbt.observability.replaying import replay_store

    session = open_from(**where)
    found = manifest_of(session, manifest)
    with Progress(is_shown=output == "text") as progress:
        replayed = replay_store(
            found,
            session.store,
            session.settings.values.monitors,
            detectors=detectors,
            false_alarms=false_alarms,
            feedback=load_feedback(session.project.root),
            select=select,
            exclude=exclude,
            on_step=progress.show,
        )
    emit(replayed, output=output, text=lambda: _lines(replayed))


def _lines(replayed: Replayed) -> Iterator[str]:
    from aidbt.monitors.feedback.replay import FIRST_JUDGED

    if not replayed.grains:
        yield f"{bold('nothing to replay')}: nothing is measured yet"
        yield f"{bold('next')}: aidbt monitor collect"
        return
    judged = {grain: found for grain, found in replayed.grains.items() if found.buckets}
    for grain, found in judged.items():
        yield from _grain_lines(_WORDS[grain], found)
    if not judged:
        yield f"{bold('nothing to replay')}: every detector learns from the first {FIRST_JUDGED} buckets"
        return
    for name, why in replayed.left_out.items():
        yield dim(f"not asked: {name} ({why})")
    if not replayed.judged:
        yield "nobody has said yet which alerts were real: without that only their number can be compared"
        yield f"{bold('next')}: aidbt monitor feedback"


def _grain_lines(word: str, found: Replay) -> Iterator[str]:
    yield f"{bold('replayed')} {count(found.monitors, 'monitor')} over {found.buckets:,} {word}"
    headings = ["detector", "alerts", "per 100 monitors a week", "real found", "false again", "only it", ""]
    yield from table([_row(member) for member in found.members], headings)


def _row(member: MemberReplay) -> list[str]:
    return [
        member.name,
        f"{member.alerts:,}",
        f"{member.per_week:.2f}",
        f"{member.real_found} of {member.real}" if member.real else "-",
        f"{member.false_told} of {member.false}" if member.false else "-",
        f"{member.alone:,}",
        member.verdict,
    ]
