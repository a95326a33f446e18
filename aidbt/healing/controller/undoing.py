"""Taking back a mend that was deployed and green: the tables of before, and the commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import UsageError
from aidbt.healing.controller.attempt import resource_of
from aidbt.healing.controller.outcomes import past_case
from aidbt.healing.controller.standing import forget, kept_file, run_file
from aidbt.healing.controller.states import Event, moved
from aidbt.patching import commits
from aidbt.store import Store
from aidbt.store.attempts import Attempts
from aidbt.store.cases import Cases
from aidbt.store.good_states import GoodStates
from aidbt.store.leases import Leases
from aidbt.warehouse import Warehouse
from aidbt.warehouse.kept_tables import put_back


def undo(
    store: Store, root: Path, warehouse: Callable[[], Warehouse], id: str, *, who: str, last_run: str,
    why: str = "",
) -> tuple[list[Attempt], list[str]]:  # fmt: skip
    """Take back what was deployed for an attempt, and for those it was deployed together with.

    Args:
        last_run: invocation id of the last run of dbt; when it is another than the mend's, somebody has built
            since and nothing is done.

    Returns:
        The attempts, which are a person's now and of whom somebody is yet to be told; and the views that
        could not be made again as they were.

    Raises:
        UsageError: it is not deployed, its tables are not kept, or somebody built or committed since.
        EditConflict, ProjectError: git cannot take the commit back; then nothing was changed.
        WarehouseError: the tables cannot be put back; then nothing was changed.
        LeaseTaken: a healer is at work on it.
        StoreError: the store cannot be read or written.
    """
    attempts, leases = Attempts(store, who), Leases(store)
    wanted = attempts.get(id)
    _check(root, wanted)
    alive = attempts.all(states=(AttemptState.PROMOTED,))
    whole = [one for one in alive if one.id == wanted.id or (one.commit and one.commit == wanted.commit)]
    keeper = _keeper(root, whole)
    run = _run_of(root, keeper, last_run)
    with leases.leased([resource_of(one) for one in whole], who) as held:
        branch = commits.head(root).branch if wanted.commit else ""
        left = put_back(warehouse(), kept_file(root, keeper))
        if wanted.commit:
            text = f"Take back {wanted.id}\n"
            undoing = commits.commit_undoing(
                root, wanted.commit, base=wanted.base, message=text, at=wanted.opened_at
            )
            commits.follow(root, undoing, branch=branch, base=wanted.commit)
        said = why or f"{who} took it back"
        taken = []
        for one in whole:
            token = held.token(resource_of(one))
            back = moved(one, Event.ROLLED_BACK, at=attempts.now(), why=said)
            back = attempts.save(one, back, token=token, what="taken back")
            handed = moved(back, Event.HANDED_OVER, at=attempts.now())
            taken.append(attempts.save(back, handed, token=token, what=str(Event.HANDED_OVER)))
        Cases(store, who).add(past_case(wanted, "wrong", said))
        # Else what was taken back would be what stood there when all was well, and be put back as that.
        GoodStates(store).forget(wanted.target, run)
        forget(root, keeper)
    return taken, left


def _keeper(root: Path, whole: list[Attempt]) -> Attempt:
    """The attempt that deployed: what it kept is there."""
    kept = [one for one in whole if kept_file(root, one).exists()]
    if not kept:
        raise UsageError(
            f"the tables from before {whole[0].id} are not kept",
            hint="they are kept on DuckDB until the next green build; take the commit back with git",
        )
    return kept[0]


def _run_of(root: Path, keeper: Attempt, last_run: str) -> str:
    """The run that replaced the tables; "" where it is not known."""
    file = run_file(root, keeper)
    run = file.read_text(encoding="utf-8") if file.exists() else ""
    if run and last_run and run != last_run:
        raise UsageError(
            f"somebody has built since {keeper.id}: its tables are no longer the last ones",
            hint="take the commit back with git, and build",
        )
    return run


def _check(root: Path, attempt: Attempt) -> None:
    if attempt.state is not AttemptState.PROMOTED:
        said = attempt.state.replace("_", " ")
        raise UsageError(f"{attempt.id} is {said}: only what is deployed can be taken back")
    if not attempt.commit:
        return
    now = commits.head(root)
    if now.commit != attempt.commit or now.dirty:
        found = "there are changes that are not committed" if now.dirty else "somebody has committed since"
        raise UsageError(f"{found}, so {attempt.id} is not taken back", hint="git revert does it by hand")
