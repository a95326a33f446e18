"""An incremental model rendered for its first run and for the others, without dbt: what dbt compiled is only
one of the two, depending on what the warehouse held."""

from __future__ import annotations

from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from aidbt.lineage.uncompiled import EPHEMERAL
from aidbt.project.manifest import Manifest, Node


class NotRendered(Exception):
    """Why only dbt can render a model."""


def render_model(node: Node, manifest: Manifest, *, is_incremental: bool, dialect: str) -> str:
    """The SQL of a model that uses `ref`, `source`, `this`, `config`, `is_incremental` and plain Jinja.

    Raises:
        NotRendered: it uses more than that, or what it refers to is not known.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    read = [found for name in node.depends_on if (found := manifest.find(name)) is not None]
    context: dict[str, Any] = {
        "ref": lambda *names, **version: _ref(read, names, version, dialect),
        "source": lambda source, table: _source(read, source, table, dialect),
        "this": _relation(node, dialect),
        "config": _Config(node.config),
        "is_incremental": lambda: is_incremental,
    }
    try:
        return environment.from_string(str(node.raw.get("raw_code") or "")).render(context)
    except (TemplateError, TypeError, ValueError) as error:
        raise NotRendered(str(error)) from error


class _Config:
    """`{{ config(…) }}` prints nothing; `config.get` reads what dbt made of it."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __call__(self, *_: object, **__: object) -> str:
        return ""

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)


def _ref(read: list[Node], names: tuple[str, ...], version: dict[str, Any], dialect: str) -> str:
    wanted = version.get("v", version.get("version"))
    found = [
        node
        for node in read
        if node.resource_type != "source"
        and node.name == names[-1]
        and (len(names) == 1 or node.package == names[0])
        and (wanted is None or str(node.raw.get("version")) == str(wanted))
    ]
    if len(found) != 1:
        raise NotRendered(f"ref {', '.join(names)} is not known")
    return _relation(found[0], dialect)


def _source(read: list[Node], source: str, table: str, dialect: str) -> str:
    found = [node for node in read if (node.source_name, node.name) == (source, table)]
    if not found:
        raise NotRendered(f"source {source}.{table} is not known")
    return _relation(found[0], dialect)


def _relation(node: Node, dialect: str) -> str:
    from sqlglot import exp

    name = node.identifier or node.name
    if node.config.get("materialized") == "ephemeral":
        table = exp.table_(EPHEMERAL + name, quoted=True)
    else:
        table = exp.table_(name, db=node.schema or None, catalog=node.database or None, quoted=True)
    return table.sql(dialect=dialect or None)
