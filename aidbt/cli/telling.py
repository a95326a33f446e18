"""Telling people of incidents, and what is known around them: what all commands about incidents share."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from aidbt.core.errors import ArtifactError

if TYPE_CHECKING:
    from aidbt.monitors.incidents.desk import Delivered
    from aidbt.monitors.incidents.surroundings import Surroundings
    from aidbt.session import Session


def deliver_due(session: Session, *, now_too: bool = False) -> Delivered:
    """Send what is due; what cannot be sent is said, and no error."""
    from aidbt.monitors.incidents.desk import deliver

    return deliver(
        session.store,
        session.settings.values,
        root=session.project.root,
        project=session.project.name,
        say=say,
        now_too=now_too,
    )


def say(text: str) -> None:
    click.echo(text, err=True)


def around_of(session: Session, *, ill: Collection[str] = ()) -> Surroundings:
    """What dbt's last manifest says of the nodes; nothing where there is none.

    Args:
        ill: connectors ("connector.crm") of which something is known to be wrong, beside those of which an
            incident is open: what they land reads them.
    """
    from aidbt.cli.fed_sources import feeds_of, ill_connectors
    from aidbt.monitors.incidents.surroundings import Surroundings, surroundings, with_feeds
    from aidbt.project.compiled import MANIFEST_FILE
    from aidbt.project.manifest import read_manifest

    try:
        manifest = read_manifest(session.project.target_path / MANIFEST_FILE)
    except ArtifactError:
        return Surroundings()
    connectors = ill_connectors(session).union(ill)
    return with_feeds(surroundings(manifest), feeds_of(session, manifest, connectors) if connectors else {})


def me() -> str:
    """Who runs the command, as the system knows them."""
    from aidbt.core.config import environment

    env = environment()
    return env.get("USER") or env.get("USERNAME") or "a person"
