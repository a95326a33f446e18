"""Mistyped names of variables and of macros' arguments: diagnosed and mended, or handed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Mend, Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.project_names import arguments_of, variables_of
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.right_name import RightName
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Warehouse
from tests.dbt_shop import new_shop, no_profiles

NOON = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = "models/totals.sql"
SETTINGS = "dbt_project.yml"
CENTS = "{% macro cents(column, scale=2, of=[1, 2], mark=')') -%} {{ column }} {%- endmacro %}"
THEN = {
    SETTINGS: "name: shop\nvars:\n  first_day: '2026-01-01'\n  shop:\n    last_day: x\n",
    MODEL: "select {{ cents('a') }} as a\nfrom t\nwhere day > '{{ var('first_day') }}'\n",
}
UNKNOWN_ARGUMENT = "macro 'dbt_macro__cents' takes no keyword argument '{}'"
NO_VALUE = "Required var '{}' not found in config:\nVars supplied to totals = {}"


def manifest() -> Manifest:
    macro = {
        "name": "cents",
        "package_name": "shop",
        "macro_sql": CENTS,
        "original_file_path": "macros/c.sql",
    }
    totals = Node("model.shop.totals", "model", "totals", MODEL, "shop", schema="main")
    metadata = ArtifactMetadata(12, "", NOON, "", {})
    return Manifest(metadata, {totals.unique_id: totals}, {}, {}, {"macros": {"macro.shop.cents": macro}})


def mended(root: Path, message: str, path: str, right: str, wrong: str) -> tuple[E, str]:
    """(class, text after the mend or why there is none) of a commit that wants another column, too."""
    now = {**THEN, MODEL: THEN[MODEL].replace("from t", ", b\nfrom t")}
    now[path] = now[path].replace(right, wrong)
    shop = new_shop(root, now)
    code = CodeChanges(tuple(changed_files(THEN, now)), "the last good state", is_since_good=True)
    failure = RunFailure("model.shop.totals", "error", message)
    run = replace(FailedRun(Stage.NODE, manifest=manifest()), failures=(failure,))
    good = GoodState("dev", NOON, "r", texts=THEN)
    case = Case("shop", root, run, "duckdb", "duckdb", manifest(), good, manifest(), code=code)
    (cause,) = diagnose(case)
    tools = Tools(shop.open(), Settings(), lambda: cast(Warehouse, None), lambda: 0, profiles=no_profiles)
    mend = RightName().propose(cause, case, tools)
    if not isinstance(mend, Mend) or mend.patch is None:
        return cause.error_class, getattr(mend, "why", "")
    assert all(claim.check().holds for claim in mend.claims)
    (edit,) = mend.patch.edits
    assert edit.path == path
    return cause.error_class, (edit.after or "").replace(", b\nfrom t", "from t")


@pytest.mark.parametrize(
    ("message", "path", "right", "wrong"),
    [
        (NO_VALUE.format("frist_day", "{}"), MODEL, "var('first_day')", "var('frist_day')"),
        (NO_VALUE.format("first_day", "{}"), SETTINGS, "first_day:", "frist_day:"),
    ],
)
def test_a_mistyped_variable_is_the_one_that_was_meant(
    tmp_path: Path, message: str, path: str, right: str, wrong: str
):
    assert mended(tmp_path, message, path, right, wrong) == (E.COMPILATION, THEN[path])


def test_a_mistyped_argument_is_the_macros_own(tmp_path: Path):
    wrong = "cents('a', scael=3)"
    error_class, text = mended(tmp_path, UNKNOWN_ARGUMENT.format("scael"), MODEL, "cents('a')", wrong)

    assert (error_class, "cents('a', scale=3)" in text) == (E.COMPILATION, True)


@pytest.mark.parametrize(
    ("message", "right", "wrong", "error_class"),
    [
        # a variable that nobody gave a value yet, and an argument that the macro does not have
        (NO_VALUE.format("since", "{}"), "var('first_day')", "var('since')", E.MISSING_SETTING),
        (UNKNOWN_ARGUMENT.format("places"), "cents('a')", "cents('a', places=3)", E.COMPILATION),
    ],
)
def test_what_is_no_slip_is_a_persons(tmp_path: Path, message: str, right: str, wrong: str, error_class: E):
    found, why = mended(tmp_path, message, MODEL, right, wrong)

    assert found is error_class and why and "select" not in why


def test_names_are_read_from_the_macros_own_line_and_the_projects_file():
    assert arguments_of(manifest(), "cents") == ["column", "scale", "of", "mark"]
    assert arguments_of(manifest(), "other") == []
    assert variables_of(THEN[SETTINGS]) == ["first_day", "shop", "last_day"]
    assert variables_of("a: [") == variables_of("- 1") == []
