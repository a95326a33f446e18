"""Names that a project gives to things that stand in no list of dbt's: arguments of macros, variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError
from aidbt.project.manifest import Manifest

_SIGNATURE = re.compile(r"\{%-?\s*(?:macro|test)\s+\w+\s*\((?P<arguments>.*?)\)\s*-?%\}", re.DOTALL)
_NESTED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|'[^']*'|\"[^\"]*\"")


def arguments_of(manifest: Manifest | None, macro: str) -> list[str]:
    """What the macros of a name call their arguments, as their own lines say; [] for none.

    Args:
        macro: without its package.
    """
    known = (manifest.raw.get("macros") or {}).values() if manifest is not None else ()
    found: dict[str, None] = {}
    for one in known:
        signature = _SIGNATURE.search(str(one.get("macro_sql") or "")) if one.get("name") == macro else None
        text = signature["arguments"] if signature is not None else ""
        while (plain := _NESTED.sub("", text)) != text:
            text = plain
        names = (part.partition("=")[0].strip() for part in text.split(","))
        found |= dict.fromkeys(name for name in names if name.isidentifier())
    return list(found)


def variables_of(project_file: str) -> list[str]:
    """The variables that a dbt_project.yml gives values to, those of one package too; [] where it cannot be
    read."""
    try:
        value = parse_yaml(project_file, "dbt_project.yml", repeated_keys=True)
    except SettingsError:
        return []
    own = value.get("vars") if isinstance(value, Mapping) else None
    if not isinstance(own, Mapping):
        return []
    inner = [name for one in own.values() if isinstance(one, Mapping) for name in one]
    return [str(name) for name in dict.fromkeys([*own, *inner])]
