"""Which tables of a build aside are not what was to be expected: the code's part of the comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.code_changes import CodeChanges
from aidbt.healing.proof.building import Aside
from aidbt.healing.proof.changed import with_below
from aidbt.healing.proof.tables import UNKNOWN, activity, doubts
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import ROWS, ColumnRef
from aidbt.project.manifest import Manifest, Node
from aidbt.project.selection import all_above

# Words of SQL and Jinja whose value depends on when, or how often, they are asked.
_CLOCK = re.compile(
    r"\b(current_(date|time|timestamp)|now\s*\(|today\s*\(|getdate|sysdate|localtime|localtimestamp"
    r"|run_started_at|invocation_id|random\s*\(|rand\s*\(|uuid|nextval|datetime\.(now|utcnow|today))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mended:
    """What the mends of a commit do.

    Attributes:
        texts: path → text of the files that they leave.
        moved: rows that they set aside.
        changes: (source, column) whose values become others because a person declared so.
    """

    texts: Mapping[str, str | None]
    moved: int = 0
    changes: tuple[tuple[str, str], ...] = ()


def doubts_about(
    aside: Aside, good: GoodState, code: CodeChanges, mended: Mended, good_manifest: Manifest | None
) -> Iterator[str]:
    """What speaks against the tables that were built aside, a sentence each.

    Args:
        code: what people changed since the last good state.
        good_manifest: of the last good run, with its compiled SQL.
    """
    manifest = aside.manifest
    if manifest is None:
        return
    meant = with_below(_meant(aside, good, code, mended.texts), manifest)
    declared = _declared(mended.changes, good, good_manifest) if mended.changes else {}
    meant |= {name for name, columns in declared.items() if ROWS in columns}
    above = all_above(manifest)
    clocks = {node.unique_id for node in manifest.nodes.values() if _reads_clock(node, manifest)}
    clocked = with_below(clocks, manifest)
    read = manifest.sources.keys()
    moves = {name: activity(good.tables.get(name), now) for name, now in aside.sources.items()}
    outside = with_below({n.unique_id for n in manifest.nodes.values() if _reads_undeclared(n)}, manifest)
    for unique_id, now in aside.tables.items():
        then = good.tables.get(unique_id)
        if then is None:
            continue
        yield from doubts(
            now.name, then, now, is_same_code=unique_id not in meant,
            sources=[
                *(moves.get(name, UNKNOWN) for name in sorted(above.get(unique_id, ())) if name in read),
                *([UNKNOWN] if unique_id in outside else []),
            ],
            reads_clock=unique_id in clocked, moved=mended.moved,
            is_snapshot=unique_id.startswith("snapshot."), declared=declared.get(unique_id, ()),
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


def _declared(
    changes: Iterable[tuple[str, str]], good: GoodState, manifest: Manifest | None
) -> dict[str, set[str]]:
    """unique_id → columns, in lower case, that are made of what a person declared to be otherwise; with ROWS
    where it decides which rows there are."""
    if manifest is None:
        return {}
    above = all_above(manifest)
    below = with_below({source for source, _ in changes}, manifest)
    wanted = below | {parent for name in below for parent in above.get(name, ())}
    part = replace(
        manifest,
        nodes={name: node for name, node in manifest.nodes.items() if name in wanted},
        sources={name: node for name, node in manifest.sources.items() if name in wanted},
        others={},
    )
    lineage = project_lineage(part, seen={name: table.relation for name, table in good.tables.items()})
    found: dict[str, set[str]] = {}
    for source, column in changes:
        for edge in lineage.downstream(ColumnRef(source, column)):
            found.setdefault(edge.target.node, set()).add(edge.target.column.casefold())
    of_rows = with_below({name for name, columns in found.items() if ROWS in columns}, manifest)
    for name in of_rows:
        found.setdefault(name, set()).add(ROWS)
    return found


def _is_as_good(path: str, good: GoodState, mended: Mapping[str, str | None]) -> bool:
    return path in mended and mended[path] == good.texts.get(path)


def _reads_undeclared(node: Node) -> bool:
    """Whether a model reads tables or files nobody declared: it reads, and names no node."""
    if node.resource_type != "model" or node.depends_on:
        return False
    return re.search(r"\bfrom\b|\bread_\w+\(", str(node.raw.get("raw_code") or ""), re.IGNORECASE) is not None


def _reads_clock(node: Node, manifest: Manifest) -> bool:
    if node.resource_type not in ("model", "snapshot"):
        return False
    macros = manifest.raw.get("macros") or {}
    called = (node.raw.get("depends_on") or {}).get("macros") or ()
    own = [name for name in called if not str(name).startswith(("macro.dbt.", "macro.dbt_"))]
    texts = [str(node.raw.get("raw_code") or ""), *(str((macros.get(m) or {}).get("macro_sql")) for m in own)]
    return any(_CLOCK.search(text) for text in texts)
