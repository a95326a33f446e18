"""Packages that nobody installed, with a real `dbt deps`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.remedies.installed_packages import InstalledPackages
from aidbt.healing.remedies.remedy import Tools
from aidbt.warehouse import Warehouse
from tests.dbt_shop import new_shop, no_profiles

MISSING = Diagnosis(
    "packages", ErrorClass.MISSING_DEPENDENCY, 0.97, Stage.DEPS, "project", facts={"packages": "money"}
)
LOCAL = "packages:\n  - local: packages/money\n"


def proposed(root: Path, packages: str) -> Mend | Declined:
    shop = new_shop(root).write({"packages.yml": packages})
    tools = Tools(shop.open(), Settings(), lambda: cast(Warehouse, None), lambda: 0, profiles=no_profiles)
    return InstalledPackages().propose(MISSING, Case("shop", root, FailedRun(Stage.DEPS)), tools)


def test_versions_that_nothing_fixes_are_a_persons(tmp_path: Path):
    declined = proposed(tmp_path, "packages:\n  - package: dbt-labs/dbt_utils\n    version: ['>=1.0.0']\n")

    assert isinstance(declined, Declined) and "which version of dbt-labs/dbt_utils" in declined.why


@pytest.mark.parametrize(
    ("revision", "is_fixed"), [("release2024", False), ("main", False), ("v1.2.0", True), ("a" * 40, True)]
)
def test_a_branch_is_no_version(tmp_path: Path, revision: str, is_fixed: bool):
    found = proposed(tmp_path, f"packages:\n  - git: https://git.example/x.git\n    revision: {revision}\n")

    assert isinstance(found, Mend) is is_fixed


@pytest.mark.long
def test_packages_are_installed_and_no_lock_is_left_behind(tmp_path: Path):
    package = {"packages/money/dbt_project.yml": "name: money\nversion: '1.0'\n"}
    new_shop(tmp_path, package)
    mend = proposed(tmp_path, LOCAL)

    assert isinstance(mend, Mend) and mend.before_run is not None and mend.patch is None
    for is_green in (False, True):  # the run after it; where that is red, what was installed is gone again
        done = mend.before_run()
        assert done.holds and (tmp_path / "dbt_packages" / "money" / "dbt_project.yml").exists()
        done.end(is_green)
        assert (tmp_path / "dbt_packages").exists() is is_green
        assert not (tmp_path / "package-lock.yml").exists()


@pytest.mark.long
def test_what_cannot_be_installed_leaves_everything_as_it_was(tmp_path: Path):
    mend = proposed(tmp_path, LOCAL)
    kept = {"dbt_packages/other/dbt_project.yml": "name: other\n", "package-lock.yml": "packages: []\n"}
    for name, text in kept.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert isinstance(mend, Mend) and mend.before_run is not None
    checked = mend.before_run()
    assert not checked.holds and "dbt deps failed" in checked.found
    assert {name: (tmp_path / name).read_text() for name in kept} == kept
    assert [path.name for path in (tmp_path / "dbt_packages").iterdir()] == ["other"]
