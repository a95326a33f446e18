"""Options and fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _lexical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Projects of tests are matched without an embedding model, unless a test names one: the last digit of a
    score may differ between processors.
    """
    monkeypatch.setenv("AIDBT_EMBEDDINGS_MODEL", "none")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def golden() -> Path:
    return Path(__file__).parent / "golden"
