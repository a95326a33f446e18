"""`aidbt monitor`: the group of its commands, each from its own file."""

from __future__ import annotations

import click

from aidbt.cli.monitor import collect, status
from aidbt.cli.monitor_check import check, run
from aidbt.cli.monitor_feedback import feedback
from aidbt.cli.monitor_replay import replay


@click.group()
def monitor() -> None:
    """Watch the models: measure them, learn what is usual, say what is odd."""


for _command in (collect, check, run, status, feedback, replay):
    monitor.add_command(_command)
