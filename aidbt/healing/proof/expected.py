"""Which tables of a build aside are not what was to be expected: the code's part of the comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.code_changes import CodeChanges
from aidbt.healing.proof.building import Aside
from aidbt.healing.proof.changed import with_below
from aidbt.healing.proof.tables import activity, doubts
from aidbt.project.manifest import Manifest, Node
from aidbt.project.selection import all_above

# Words of SQL and Jinja whose value depends on when, or how often, they are asked.
_CLOCK = re.compile(
    r"\b(current_(date|time|timestamp)|now\s*\(|today\s*\(|getdate|sysdate|localtime|localtimestamp"
    r"|run_started_at|invocation_id|random\s*\(|rand\s*\(|uuid|nextval|datetime\.(now|utcnow|today))",
    re.IGNORECASE,
)


def doubts_about(
    aside: Aside, good: GoodState, code: CodeChanges, mended: Mapping[str, str | None], moved: int
) -> Iterator[str]:
    """What speaks against the tables that were built aside, a sentence each.

    Args:
        code: what people changed since the last good state.
        mended: path → text of the files that the mends leave.
        moved: rows that the mends set aside.
    """
    manifest = aside.manifest
    if manifest is None:
        return
    meant = with_below(_meant(aside, good, code, mended), manifest)
    above = all_above(manifest)
    clocks = {node.unique_id for node in manifest.nodes.values() if _reads_clock(node, manifest)}
    clocked = with_below(clocks, manifest)
    moves = {name: activity(good.tables.get(name), now) for name, now in aside.sources.items()}
    for unique_id, now in aside.tables.items():
        then = good.tables.get(unique_id)
        if then is None:
            continue
        yield from doubts(
            now.name, then, now, is_same_code=unique_id not in meant,
            sources=[moves[name] for name in sorted(above.get(unique_id, ())) if name in moves],
            reads_clock=unique_id in clocked, moved=moved, is_snapshot=unique_id.startswith("snapshot."),
        )  # fmt: skip


def _meant(aside: Aside, good: GoodState, code: CodeChanges, mended: Mapping[str, str | None]) -> set[str]:
    """The nodes that people meant to change: they differ from the last good run, and not by a mend alone.

    A file that people changed, and a mend made what it was, was not meant to be another one. What of it is
    no model (a macro, YAML) may be behind every change that no other file explains.
    """
    manifest = aside.manifest
    assert manifest is not None
    theirs = {c.path for c in code.files if not _is_as_good(c.path, good, mended)}
    of_path = {name: node.path for name in aside.changed if (node := manifest.find(name)) is not None}
    models = {node.path for node in manifest.nodes.values() if node.resource_type != "test"}
    is_general = bool(theirs - models)
    explained = {path for path in mended if path in models}
    return {
        name
        for name, path in of_path.items()
        if path in theirs or (is_general and path not in explained)
    }  # fmt: skip


def _is_as_good(path: str, good: GoodState, mended: Mapping[str, str | None]) -> bool:
    return path in mended and mended[path] == good.texts.get(path)


def _reads_clock(node: Node, manifest: Manifest) -> bool:
    if node.resource_type not in ("model", "snapshot"):
        return False
    macros = manifest.raw.get("macros") or {}
    called = (node.raw.get("depends_on") or {}).get("macros") or ()
    own = [name for name in called if not str(name).startswith(("macro.dbt.", "macro.dbt_"))]
    texts = [str(node.raw.get("raw_code") or ""), *(str((macros.get(m) or {}).get("macro_sql")) for m in own)]
    return any(_CLOCK.search(text) for text in texts)
