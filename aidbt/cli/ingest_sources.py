"""Which sources a command of `aidbt ingest` is about, and words that its screens share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from aidbt.core.errors import AidbtError, SettingsError, UsageError
from aidbt.core.findings import Finding, Severity

_ANSWER_WITHIN_S = 10.0


def configured(session: Any, names: Sequence[str]) -> list[Any]:
    """The connectors of the project's connector files, all or those that are named.

    Raises:
        UsageError: there is none.
    """
    from ingestion.settings import load_connectors

    settings = session.settings.values.ingest
    found: list[Any] = load_connectors(
        session.project.root,
        names,
        schema_prefix=settings.schema_prefix,
        type_confidence=settings.type_confidence,
    )
    if not found:
        raise UsageError(
            f"no connector in {session.project.aidbt_dir / 'connectors'}",
            hint="write one (see docs/reference.md), or: aidbt ingest run --source NAME --from FILE_OR_URL",
        )
    return found


def has_connectors(session: Any) -> bool:
    """Whether the project has connector files; nothing of `ingestion` is needed for it."""
    folder = session.project.aidbt_dir / "connectors"
    return any(path for pattern in ("*.yml", "*.yaml") for path in folder.glob(pattern))


def checked_sources(session: Any) -> dict[str, list[Finding]]:
    """What stands in the way of each source that a connector file configures, the file itself included.

    Raises:
        MissingExtra: there are such files, and what loads them is not installed.
    """
    if not has_connectors(session):
        return {}
    from ingestion.settings import sources_of
    from ingestion.status import statuses

    found: dict[str, list[Finding]] = {}
    connectors: list[Any] = []
    for name, problem in sources_of(session.project.root).items():
        try:
            if problem is not None:
                raise problem
            connectors += configured(session, [name])
        except AidbtError as error:
            message = f"{error.message}; {error.hint}" if error.hint else error.message
            found[name] = [Finding("ingest.settings", Severity.ERROR, name, message)]
    stand = statuses(connectors, lambda: session.warehouse, lambda: session.store, within_s=_ANSWER_WITHIN_S)
    return found | {status.source: list(status.findings) for status in stand}


def is_streamed(connector: Any) -> bool:
    """Whether changes of its tables are read by `aidbt ingest cdc`."""
    return bool(getattr(connector, "is_streamed", False))


def streamed_tables(connectors: Sequence[Any]) -> dict[str, list[str]]:
    """Source → names and patterns of its tables whose changes are streamed; of those that stream any."""
    from ingestion.discovery import streamed

    return {c.settings.name: list(streamed(c)) for c in connectors if is_streamed(c)}


def streaming(session: Any, names: Sequence[str]) -> list[Any]:
    """The connectors that read changes.

    Raises:
        UsageError: one that is named does not, or none does.
    """
    connectors = configured(session, names)
    not_streamed = [connector.settings.name for connector in connectors if not is_streamed(connector)]
    if names and not_streamed:
        raise UsageError(
            f"the source '{not_streamed[0]}' streams no changes",
            hint="add a section cdc: to its connector file (see docs/reference.md), "
            f"or load it: aidbt ingest run {not_streamed[0]}",
        )
    found = [connector for connector in connectors if is_streamed(connector)]
    if not found:
        raise UsageError(
            f"none of {len(connectors)} sources streams changes",
            hint="add a section cdc: to a connector file (see docs/reference.md)",
        )
    return found


def next_step(session: Any, landed: Iterable[tuple[str, str]], *, has_changed: bool) -> str:
    """The command that takes what has landed further: building it, once models are made of all of it.

    Args:
        landed: schema and name of tables in bronze.
        has_changed: whether their columns did.
    """
    from aidbt.mapping.files import load_mappings

    try:
        mapped = {(known.schema, known.table) for known in load_mappings(session.project.root).values()}
    except SettingsError:  # which generate says better
        mapped = set()
    return "aidbt generate" if has_changed or not mapped.issuperset(landed) else "aidbt build"


def table_name(table: str) -> str:
    """A table as a screen calls it; records that cannot be read say of no table."""
    return table or "(no table)"


def error_lines(what: str, where: str, error: str, hint: str | None) -> Iterator[str]:
    """A failure in a result, with its hint."""
    yield f"{click.style(what, fg='red')} {where}: {error}"
    if hint:
        yield f"  {click.style('hint:', fg='cyan')} {hint}"
