"""Columns that came to tables that aidbt mapped: staging is proposed with them, and nobody is disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aidbt.core.healing import Diagnosis
    from aidbt.healing.controller.healing import Healed
    from aidbt.healing.evidence.case import Case
    from aidbt.session import Session


def healed_of_new_columns(session: Session, case: Case, *, pushes: bool = False) -> list[Healed]:
    """The new columns that can be mapped for certain, taken as far as they get; those that fit nothing are
    named, and left to `aidbt generate` and its review.

    Args:
        case: of a run in which nothing failed.
        pushes: see `heal_case`.

    Raises:
        StoreError: the store cannot be read or written.
    """
    from aidbt.cli.healing_calls import heal_case, means_of
    from aidbt.core.errors import AidbtError, StoreError
    from aidbt.healing.controller.healing import OF_NEW_COLUMNS, end_what_passed

    try:
        cause = _cause(session, case)
    except StoreError:
        raise
    except AidbtError as error:
        click.echo(f"new columns were not looked at: {error.message}", err=True)
        return []
    healed = heal_case(session, case, [cause], pushes=pushes, tells=False) if cause is not None else []
    if cause is None:
        end_what_passed(means_of(session), [OF_NEW_COLUMNS], ())
    return healed


def _cause(session: Session, case: Case) -> Diagnosis | None:
    """The cause that new columns are of which mappings can take some in; None where there are none.

    Raises:
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    from aidbt.generate.new_columns import with_new_columns
    from aidbt.healing.triggers.new_columns import cause_of_new_columns, tables_with_new_columns
    from aidbt.mapping.files import load_mappings, load_targets

    project, dialect = session.project, session.project.profile().type
    mappings = load_mappings(project.root, dialect)
    if not mappings:
        return None
    found = list(tables_with_new_columns(case, mappings, load_targets(project.root, dialect)))
    new = {f"{source.source_name}.{source.name}": (source, names) for source, names in found}
    if not new:
        return None
    extended = with_new_columns(
        project, session.settings, session.warehouse_at_once, session.profiles, new.keys()
    )
    for key, why in extended.left.items():
        click.echo(f"{key} has {', '.join(new[key][1])}: {why}; aidbt generate asks", err=True)
    made = {key: new[key] for key in extended.made}
    return cause_of_new_columns(case, made) if made else None
