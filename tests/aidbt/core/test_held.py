"""What this process keeps to itself is given back before another program needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import DbtError
from aidbt.core.held import give_back, hold
from aidbt.project.dbt_executable import run_executable


def test_all_is_given_back_once_the_last_first():
    given: list[str] = []
    hold(lambda: given.append("first"))
    hold(lambda: given.append("second"))

    give_back()
    give_back()

    assert given == ["second", "first"]


def test_it_is_given_back_before_dbt_runs_as_another_program(tmp_path: Path):
    given: list[str] = []
    hold(lambda: given.append("it"))

    with pytest.raises(DbtError):
        run_executable(
            str(tmp_path / "no_dbt"), ["build"], folder=tmp_path, variables={}, on_event=None, scrub=str
        )

    assert given == ["it"]
