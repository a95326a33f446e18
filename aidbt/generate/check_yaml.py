"""Checking the YAML we write against the JSON schema that dbt-core bundles."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aidbt.core.config import parse_yaml

_SCHEMA = "jsonschemas/resources/latest.json"


@lru_cache(maxsize=1)
def _validator() -> Any | None:
    """dbt's schema, compiled; None where dbt is not in this environment. dbt itself is not imported."""
    spec = find_spec("dbt")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _SCHEMA
        if path.is_file():
            import jsonschema_rs

            return jsonschema_rs.validator_for(json.loads(path.read_text(encoding="utf-8")))
    return None


def check_dbt_yaml(text: str, *, nested_arguments: bool = True) -> str | None:
    """The first thing dbt's schema objects to in a property file, or None when it is fine.

    Args:
        nested_arguments: whether data tests keep their arguments under `arguments:`. The schema knows no
            other form, so the older one is only read as YAML.
    """
    content = parse_yaml(text, "generated file")
    validator = _validator() if nested_arguments else None
    if validator is None:
        return None
    for error in validator.iter_errors(_with_severities_as_the_schema_knows_them(content)):
        where = ".".join(str(part) for part in error.instance_path)
        return f"{where}: {error.message}"
    return None


def _with_severities_as_the_schema_knows_them(value: Any) -> Any:
    """dbt takes `severity: warn` in any case; the schema of dbt 1.11 knows "Warn" and "Error" only."""
    if isinstance(value, list):
        return [_with_severities_as_the_schema_knows_them(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(item).capitalize() if key == "severity" else _with_severities_as_the_schema_knows_them(item)
        for key, item in value.items()
    }
