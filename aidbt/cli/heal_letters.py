"""Dead letters as causes: replayed where they are rows now, else a setting is proposed that makes them so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidbt.core.healing import Checked
    from aidbt.core.patch import Patch
    from aidbt.healing.controller.attempt import Tried
    from aidbt.healing.controller.means import Means
    from aidbt.healing.triggers.dead_letters import Letters
    from aidbt.healing.triggers.source_hands import Offer, SourceHands
    from aidbt.session import Session


@dataclass(frozen=True, slots=True)
class _Fix:
    """A setting that may make rows of dead letters, as an edit of the connector's file and as a connector."""

    remedy: str
    title: str
    patch: Patch
    connector: Any


def dead_letters(session: Session, connectors: Sequence[Any]) -> list[tuple[Any, Letters]]:
    """The groups of dead letters that wait, each with its connector and with what reading it again gives.

    Raises:
        WarehouseError: the warehouse cannot be asked.
    """
    from ingestion.status import statuses

    found: list[tuple[Any, Letters]] = []
    by_name = {connector.settings.name: connector for connector in connectors}
    for status in statuses(connectors, lambda: session.warehouse, lambda: session.store):
        connector = by_name[status.source]
        for group in status.letters:
            if group.waiting:
                found.append((connector, _tried(session, connector, group)))
    return found


def _tried(session: Session, connector: Any, group: Any) -> Letters:
    from aidbt.core.errors import AidbtError
    from aidbt.healing.triggers.dead_letters import Letters

    last = group.example
    letters = Letters(
        group.source, group.source_table, group.cause, group.waiting, group.first_batch_id,
        group.last_batch_id, last.reason, last.origin, last.place,
    )  # fmt: skip
    try:
        tried = _again(session, connector, letters)
    except AidbtError:  # the source cannot be opened: nothing is known of them then
        return letters
    return letters if tried is None else replace(letters, dead=tried.dead, columns=tried.columns)


def _again(session: Session, connector: Any, letters: Letters) -> Any:
    """What a group would become with a connector; None where that cannot be tried, or none waits."""
    from aidbt.core.patch import state_dir
    from ingestion.dead_letters import try_again

    folder = state_dir(session.project.root)
    where = {"cause": letters.cause, "table": letters.table or None}
    found = try_again(connector, lambda: session.warehouse, folder, **where)
    return next((one for one in found if one.table == letters.table), None)


def hands_of_letters(session: Session, means: Means, connector: Any, letters: Letters) -> SourceHands:
    """The hands on one group of dead letters."""
    from aidbt.healing.triggers.dead_letters import cause_of
    from aidbt.healing.triggers.source_hands import SourceHands

    def still() -> str:
        found = [one for _, one in dead_letters(session, [connector]) if one.key == letters.key]
        return f"{found[0].waiting} {found[0].last} {found[0].dead}" if found else ""

    return SourceHands(
        cause_of(letters), means, still,
        lambda: list(_offers(session, connector, letters)), message=letters.form,
    )  # fmt: skip


def _offers(session: Session, connector: Any, letters: Letters) -> Iterator[Offer]:
    from aidbt.core.healing import Claim, Mend, Risk
    from aidbt.healing.triggers.source_hands import Offer

    by_hand = f"aidbt ingest replay {letters.source} --cause {letters.cause}"
    where = f"{letters.source}.{letters.table}" if letters.table else letters.source
    if letters.dead == 0:
        title = f"Replay {letters.waiting:,} dead letters of {where}"
        claim = Claim(
            "every stored record of the group is a row now", lambda: _all_rows(session, connector, letters)
        )
        mend = Mend("replay", title, claims=(claim,), risk=Risk.LOW)
        yield Offer(mend, lambda: _replayed(session, connector, letters), by_hand)
        return
    for fix in _fixes(session, connector, letters):
        claim = Claim(
            "every stored record of the group is a row with it",
            lambda fix=fix: _all_rows(session, fix.connector, letters),  # type: ignore[misc]
        )
        if claim.check().holds:
            yield Offer(Mend(fix.remedy, fix.title, patch=fix.patch, claims=(claim,), risk=Risk.MEDIUM))


def _all_rows(session: Session, connector: Any, letters: Letters) -> Checked:
    from aidbt.core.healing import Checked

    tried = _again(session, connector, letters)
    if tried is None:
        return Checked(False, "no dead letter of the group waits any more")
    found = f"{tried.letters - tried.dead:,} of {tried.letters:,}"
    return Checked(tried.dead == 0, found)


def _replayed(session: Session, connector: Any, letters: Letters) -> Tried:
    from aidbt.core.patch import state_dir
    from aidbt.healing.controller.attempt import Tried
    from ingestion.dead_letters import replay

    report = replay(
        [connector], lambda: session.warehouse, session.store, state_dir(session.project.root),
        cause=letters.cause, table=letters.table or None, settings=session.settings.values.ingest,
    )  # fmt: skip
    for done in report.tables:
        if done.error is not None:
            return Tried(False, f"{letters.source}.{done.table} was not replayed: {done.error}")
        if done.batch_id:
            session.cache.invalidate(f"{done.source}.{done.bronze_table}", "data_load")
    rows = sum(done.rows_landed for done in report.tables)
    dead = sum(dead.letters for done in report.tables for dead in done.still_dead)
    if dead:
        return Tried(False, f"{dead:,} of them are still dead; {rows:,} rows landed")
    return Tried(True, f"{rows:,} rows landed of the dead letters, in one transaction with their marks")


# --- settings that may mend -------------------------------------------------------------------------------


def _fixes(session: Session, connector: Any, letters: Letters) -> Iterator[_Fix]:
    """Settings under which the records may be rows, the smallest change first."""
    from ingestion.cdc.debezium.settings import DebeziumSettings, names_of
    from ingestion.cdc.debezium.wider import wider

    settings, columns = connector.settings, letters.columns
    if len(columns) != 1 or not letters.table:
        return
    column = columns[0]
    if isinstance(settings, DebeziumSettings) and letters.cause == "wrong_type":
        name = next((name for name in names_of(letters.table) if column in settings.types.get(name, {})), "")
        for new in wider(settings.types[name][column]) if name else ():
            types = {**settings.types, name: {**settings.types[name], column: new}}
            yield from _fix(
                session, connector, "wider_type", f"Read {name}.{column} of {letters.source} as {new}",
                ("types", name), column, new, {"types": types},
            )  # fmt: skip
    elif hasattr(settings, "as_text") and letters.cause == "not_exact":
        named = f"{letters.table.rpartition('.')[2]}.{column}"
        if named not in settings.as_text:
            wanted = [*settings.as_text, named]
            yield from _fix(
                session, connector, "as_text", f"Land {named} of {letters.source} as text",
                (), "as_text", wanted, {"as_text": tuple(wanted)},
            )  # fmt: skip


def _fix(
    session: Session, connector: Any, remedy: str, title: str, at: tuple[str, ...], key: str, value: Any,
    changed: dict[str, Any],
) -> Iterator[_Fix]:  # fmt: skip
    """The fix, where the connector's file can be edited without losing anything of it."""
    from pydantic import ValidationError

    from aidbt.core.errors import AidbtError
    from aidbt.core.patch import FileEdit, Patch, digest, read_or_none
    from aidbt.patching.yaml_edit import SetKey, edit_yaml
    from ingestion.settings import file_of

    root, settings = session.project.root, connector.settings
    path = file_of(root, settings.name)
    text = read_or_none(path) if path is not None else None
    if path is None or text is None:
        return
    name = path.relative_to(root).as_posix()
    try:
        after = edit_yaml(text, [SetKey(at, key, value)], path=name)
        new = type(settings).model_validate({**settings.model_dump(), **changed})
    except (AidbtError, ValidationError):
        return
    patch = Patch((FileEdit(name, digest(text), after, title, undo=text),), title)
    yield _Fix(remedy, title, patch, type(connector)(new, root))
