"""What passes by itself is waited for, then what did not get through runs again. Nobody's lock is broken."""

from __future__ import annotations

import glob
import time
from contextlib import suppress
from pathlib import Path

from aidbt.core.errors import AidbtError
from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Declined, Diagnosis, Mend, Risk, Stage, Wait
from aidbt.healing.evidence.case import Case
from aidbt.healing.kept_rows import replaces_nothing
from aidbt.healing.remedies.remedy import Tools
from aidbt.warehouse.holders import holders

NAME = "wait_and_run_again"
_FRESH_S, _SETTLES_S = 5.0, 0.5  # a file changed so lately is looked at again after that
_PASSES = frozenset(
    (E.NETWORK_TIMEOUT, E.CONNECTION_RESET, E.RATE_LIMIT_EXCEEDED, E.TEMPORARY_UNAVAILABLE,
     E.CONCURRENCY_CONFLICT, E.RESOURCE_EXHAUSTION)
)  # fmt: skip


class WaitAndRunAgain:
    """For locks, lost connections, throttling, files that come late, and what was short for a while."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Wait at most five times for what is in the way, then let dbt run what did not get through."""
        if diagnosis.error_class not in _PASSES:
            return Declined(NAME, f"{diagnosis.error_class} does not pass by itself", is_concerned=False)
        adding = adds_again(diagnosis, case)
        if adding:
            return Declined(NAME, adding)
        wait = _wait(diagnosis, case, tools)
        return Mend(NAME, f"Wait for {wait.for_what}, then run again", waits=wait, risk=Risk.LOW)


def _wait(diagnosis: Diagnosis, case: Case, tools: Tools) -> Wait:
    facts = diagnosis.facts
    file = facts.get("file", "")
    if file and diagnosis.error_class is E.TEMPORARY_UNAVAILABLE:
        return Wait(f"the file {Path(file).name}", is_over=lambda: is_there(case.root, file))
    holder, tables = facts.get("holder", ""), facts.get("held", "")
    if tables:
        return Wait(f"{tables}, held by {holder}", is_over=lambda: is_let_go(tools, tables, facts["pid"]))
    if holder:
        return Wait(f"the warehouse, held by {holder}")
    if diagnosis.error_class is E.RESOURCE_EXHAUSTION and diagnosis.stage is Stage.CONNECT:
        return Wait("a place at the server")
    if diagnosis.error_class is E.RESOURCE_EXHAUSTION:
        return Wait("memory and disk to be free again")
    return Wait("the warehouse to answer again")


def is_let_go(tools: Tools, tables: str, pid: str) -> bool:
    """Whether a process of the server holds none of some tables any more.

    Args:
        tables: "schema.name", with commas between.
    """
    try:
        with tools.warehouse().connect() as connection:
            held = {f"{one.schema}.{one.table}" for one in holders(connection) if str(one.pid) == pid}
    except AidbtError:
        return False
    return held.isdisjoint(tables.split(", "))


def is_there(root: Path, pattern: str) -> bool:
    """Whether a file, or one of a pattern, is there and holds something, and none is just being written;
    relative to the project."""
    before = _sizes(root, pattern)
    if any(time.time() - changed < _FRESH_S for _, changed in before.values()):
        time.sleep(_SETTLES_S)
        if _sizes(root, pattern) != before:
            return False
    return any(size > 0 for size, _ in before.values())


def _sizes(root: Path, pattern: str) -> dict[Path, tuple[int, float]]:
    """File → (bytes, when it was changed)."""
    found: dict[Path, tuple[int, float]] = {}
    for path in map(Path, glob.glob(str(root / pattern))):
        with suppress(OSError):  # it went away meanwhile
            if path.is_file():
                found[path] = (path.stat().st_size, path.stat().st_mtime)
    return found


def adds_again(diagnosis: Diagnosis, case: Case) -> str:
    """Why what failed may not run again; "" when it may. Who only adds rows may have added some before it
    failed: not every engine takes them back, and which ones are newer is then no answer either."""
    there = [(f.unique_id, case.node(f.unique_id)) for f in diagnosis.failures if f.unique_id]
    names = [name for name, node in there if node is not None and replaces_nothing(node)]
    return f"{names[0]} adds rows without a unique_key: run again, it might add them twice" if names else ""
