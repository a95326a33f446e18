"""What somebody has to be granted who was denied something: PostgreSQL names it without its schema."""

from __future__ import annotations

import re

from aidbt.core.findings import RunFailure
from aidbt.healing.evidence.case import Case
from aidbt.project.manifest import Node

_DENIED = re.compile(
    r"permission denied for (?P<kind>table|view|materialized view|foreign table|relation|schema|database)"
    r" \"?(?P<name>[^\"\n]+?)\"?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_OWNER = re.compile(
    r"must be owner of [a-z ]+? \"?(?P<name>[^\"\n ]+)\"?\s*$", re.IGNORECASE | re.MULTILINE
)
_ROLE = "the role that dbt runs as"


def grant_asked_for(case: Case, failure: RunFailure) -> str:
    """The next step after a failed node was denied something; "" where its message does not say what."""
    owned = _NOT_OWNER.search(failure.message)
    if owned is not None:
        return f"make {_ROLE} the owner of {_place(case, failure, owned['name'])} again"
    denied = _DENIED.search(failure.message)
    if denied is None:
        return ""
    kind, name = denied["kind"].casefold(), denied["name"]
    if kind == "database":
        return f"grant create on the database {name} to {_ROLE}"
    if kind == "schema":
        own = case.node(failure.unique_id)
        is_own = own is not None and own.schema == name and own.resource_type != "test"
        return f"grant {'usage and create' if is_own else 'usage'} on the schema {name} to {_ROLE}"
    return f"grant select on {_place(case, failure, name)} to {_ROLE}"


def _place(case: Case, failure: RunFailure, name: str) -> str:
    """A relation of the failed node or above it with its schema, where one is called so."""
    nodes = [case.node(one) for one in (failure.unique_id, *case.ancestors(failure.unique_id))]
    found = next((node for node in nodes if node is not None and _called(node) == name), None)
    return f"{found.schema}.{name}" if found is not None else name


def _called(node: Node) -> str:
    return node.identifier or node.name
