"""The examples in docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent

# Top-level packages that an extra brings; without them a module of that extra cannot be imported.
OPTIONAL = {"adbc_driver_manager", "adbc_driver_postgresql", "dbt", "duckdb", "pyarrow", "sklearn", "torch"}


def modules_with_examples() -> list[str]:
    """Every module of aidbt and ingestion that has `>>>` in it."""
    paths = [path for top in ("aidbt", "ingestion") for path in sorted((REPOSITORY / top).rglob("*.py"))]
    return [
        path.relative_to(REPOSITORY)
        .as_posix()
        .removesuffix(".py")
        .removesuffix("/__init__")
        .replace("/", ".")
        for path in paths
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_hold(name: str):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in OPTIONAL:
            raise
        pytest.skip(f"needs {error.name}")

    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)

    assert result.attempted > 0
    assert result.failed == 0


def test_the_examples_were_found():
    assert {"aidbt.core.errors", "aidbt.core.patch", "aidbt.project.conventions"} <= set(
        modules_with_examples()
    )
