"""What `aidbt init` makes of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import UsageError
from aidbt.generate.scaffold import scaffold


def test_no_second_project_is_started_above_or_inside_of_one(tmp_path: Path):
    project = tmp_path / "repo" / "data team"
    (project / "models").mkdir(parents=True)
    (project / "models" / "a.sql").write_text("select 1")
    (project / "dbt_project.yml").write_text("name: shop")

    for folder, where in ((project.parent, "'data team'"), (project / "models", f"'{project}'")):
        with pytest.raises(UsageError, match="there is a dbt project in") as caught:
            scaffold(folder)
        assert f"aidbt init {where};" in (caught.value.hint or "")


def test_a_new_folder_inside_of_a_project_may_be_one(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: package")
    (tmp_path / "integration_tests").mkdir()

    assert scaffold(tmp_path / "integration_tests").is_new
    assert scaffold(tmp_path / "examples").is_new
