"""Options and fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

# Where tests start servers, dbt and commands: minutes in few files.
SLOW = (
    "tests/benchmarks/test_faults.py",
    *(
        f"tests/{folder}/"
        for folder in ("end_to_end", "ingestion", "aidbt/project", "aidbt/review", "aidbt/warehouse")
    ),
)


def pytest_configure(config: pytest.Config) -> None:
    # Tests start hundreds of Python processes, which must not compile everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # pytest-xdist would begin with the files of many tests, and those of a few slow ones would come last.
    config.option.loadscopereorder = False
    # A property that does not say how often it is tried: often enough to notice, and all in `make test-all`.
    hypothesis.settings.register_profile("quick", max_examples=20, deadline=None)
    hypothesis.settings.register_profile("whole", max_examples=200, deadline=None)
    hypothesis.settings.load_profile("quick" if "not long" in config.option.markexpr else "whole")
    # Whoever runs the tests in the background ignores Ctrl-C, and what tests start inherits that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first: of the processes that share them, none then ends long before the others."""
    first = SLOW[:1]  # the slowest of all
    items.sort(key=lambda item: (not item.nodeid.startswith(first), not item.nodeid.startswith(SLOW)))


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
