"""What the engine says today of the SQL of the last good run: where that fails too, no commit is why."""

from __future__ import annotations

import re

from aidbt.core.errors import WarehouseError
from aidbt.healing.evidence.case import Case
from aidbt.warehouse import Connection

# Bound and planned, no row is read.
_BEFORE, _AFTER = "select * from (\n", "\n) as then_code limit 0"
_QUERY = re.compile(r"\s*(--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|with)\b", re.I | re.S)


def refused_today(case: Case, connection: Connection) -> dict[str, str]:
    """unique_id of a failed model, or of a unit test of one → the engine's refusal of the SQL that the model
    had at the last good run; only where its code changed since, and a source above has a column of another
    type."""
    if case.good_manifest is None or not case.code.is_since_good:
        return {}
    found = {}
    for failure in case.run.failures:
        meaning = case.tests.get(failure.unique_id)
        name = meaning.node if meaning is not None else failure.unique_id
        node = case.good_manifest.find(name)
        above = [case.tables[one] for one in case.ancestors(name) if one in case.tables]
        if node is None or failure.status == "fail" or not any(change.retyped for change in above):
            continue
        text = str(node.raw.get("compiled_code") or "").strip().rstrip(";")
        if case.code.of(node.path) is None or not _QUERY.match(text):
            continue
        try:
            connection.rows(_BEFORE + text + _AFTER)
        except WarehouseError as error:
            found[failure.unique_id] = error.message
    return found
