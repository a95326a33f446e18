"""Whether healing is paused in a project, by whom and why."""

from __future__ import annotations

from aidbt.core.errors import UsageError
from aidbt.store import Store
from aidbt.store.audit import Audit

_KIND, _KEY = "heal", "pause"


def paused(store: Store) -> str:
    """Who paused it, and why; "" when it is not.

    Raises:
        StoreError: the store cannot be read.
    """
    record = store.get(_KIND, _KEY)
    if record is None or not record.value.get("who"):
        return ""
    why = record.value.get("why")
    return f"by {record.value['who']}" + (f": {why}" if why else "")


def pause(store: Store, *, who: str, why: str = "") -> None:
    """Let nothing be mended in the project until somebody resumes it.

    Raises:
        StoreError: the store cannot be written.
    """
    before = paused(store)
    store.put(_KIND, _KEY, {"who": who, "why": why})
    Audit(store).add(who=who, what="paused", subject="project", before=before, after=paused(store))


def resume(store: Store, *, who: str, approvers: frozenset[str]) -> None:
    """Let causes be mended again.

    Raises:
        UsageError: it is for others to say so.
        StoreError: the store cannot be written.
    """
    if approvers and who not in approvers:
        raise UsageError(
            f"'{who}' may not resume healing", hint=f"heal.approvers are {', '.join(sorted(approvers))}"
        )
    before = paused(store)
    store.put(_KIND, _KEY, {})
    Audit(store).add(who=who, what="resumed", subject="project", before=before)
