"""The SQL of a model that dbt has not compiled, where its text needs no rendering: its refs and sources are
put in, and nothing else is guessed."""

from __future__ import annotations

from aidbt.lineage.graph import KnownFrom
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.jinja import JinjaTag, NotPlain, read_jinja

EPHEMERAL = "__dbt__cte__"


def sql_as_written(
    text: str, node: Node, manifest: Manifest, dialect: str
) -> tuple[str | None, KnownFrom, str]:
    """(the model's SQL with its relations in place, "written sql", ""), or (None, "nothing", the reason).

    Lines stay where they are. A block of Jinja that only filters rows, such as `is_incremental()`, is left
    out, as dbt does on a first run.
    """
    model = read_jinja(text)
    if isinstance(model, NotPlain):
        return None, "nothing", f"dbt has not compiled it, and {model.reason}"
    sql = model.sql
    for tag in model.tags:
        if tag.kind == "expression":
            return None, "nothing", f"dbt has not compiled it, and only dbt can render '{_short(tag.inner)}'"
        read = _node_of(tag, node, manifest)
        if read is None:
            return None, "nothing", f"dbt has not compiled it, and '{_short(tag.inner)}' is not known"
        sql = sql.replace(tag.placeholder, _relation(read, dialect))
    return sql, "written sql", ""


def _node_of(tag: JinjaTag, node: Node, manifest: Manifest) -> Node | None:
    """The node that a ref or source means: one of those that dbt knows the model reads."""
    read = [found for name in node.depends_on if (found := manifest.find(name)) is not None]
    if tag.kind == "source":
        named = [r for r in read if (r.source_name, r.name) == tag.names]
    else:
        named = [
            r
            for r in read
            if r.name == tag.names[-1]
            and (len(tag.names) == 1 or r.package == tag.names[0])
            and _is_version(r, tag.version.strip("'\""))
        ]
    return named[0] if len(named) == 1 else None


def _is_version(node: Node, wanted: str) -> bool:
    """Whether a ref to that version, "" for none, means a node; without one it means the latest."""
    version = node.raw.get("version")
    if version is None:
        return not wanted
    return str(version) == (wanted or str(node.raw.get("latest_version")))


def _relation(node: Node, dialect: str) -> str:
    from sqlglot import exp

    name = node.identifier or node.name
    if node.config.get("materialized") == "ephemeral":
        table = exp.table_(EPHEMERAL + name, quoted=True)
    else:
        table = exp.table_(name, db=node.schema or None, catalog=node.database or None, quoted=True)
    return table.sql(dialect=dialect or None)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"
