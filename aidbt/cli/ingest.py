"""`aidbt ingest`: landing data in bronze."""

from __future__ import annotations

import click

from aidbt.cli.ingest_cdc import cdc
from aidbt.cli.ingest_replay import replay
from aidbt.cli.ingest_run import run
from aidbt.cli.ingest_status import status


@click.group()
def ingest() -> None:
    """Land tables, files and changes in bronze, append-only, complete or not at all."""


for command in (run, cdc, status, replay):
    ingest.add_command(command)
