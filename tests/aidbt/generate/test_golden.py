"""Golden cases: raw tables and targets in, the written files out; every case is built by a real dbt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aidbt.project import open_project
from aidbt.project.dbt import run_dbt

CASES = Path(__file__).parents[2] / "golden" / "generate"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.name, marks=[] if path.name == "to_a_target" else pytest.mark.long)
        for path in sorted(CASES.iterdir())
    ],
)
def test_the_files_are_as_they_were_reviewed_and_dbt_builds_them(name, shop, update_golden):
    case = CASES / name
    shop.sql((case / "tables.sql").read_text())
    if (case / "targets").is_dir():
        shutil.copytree(case / "targets", shop.root / "aidbt" / "targets")

    plan = shop.generate()

    written = {path: text for path, text in shop.texts().items() if not path.startswith("aidbt/targets")}
    written["aidbt/generated.lock"] = _without_macros(written["aidbt/generated.lock"])
    written["left_out_and_found.txt"] = "".join(
        [f"left out {item.table}: {item.reason}\n" for item in plan.skipped]
        + [f"{item.severity} {item.code} {item.where}: {item.message}\n" for item in plan.findings]
    )
    expected = case / "expected"
    if update_golden:
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in written.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    kept = {p.relative_to(expected).as_posix(): p.read_text() for p in expected.rglob("*") if p.is_file()}
    assert written == kept

    report = run_dbt(open_project(shop.root), "build")
    assert report.status == "success", report.failures
    assert not report.warnings, report.warnings


def _without_macros(lock: str) -> str:
    """The lock without the hashes of our macros, which are reviewed as what they are."""
    return "".join(line for line in lock.splitlines(keepends=True) if not line.startswith("  'macros/"))


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_the_sql_passes_sqlfluff(name, tmp_path):
    from sqlfluff.core import FluffConfig, Linter

    from aidbt.generate.templates import render

    config = tmp_path / ".sqlfluff"
    config.write_text(render("project/sqlfluff.jinja", dialect="duckdb"))
    linter = Linter(config=FluffConfig.from_path(str(tmp_path)))

    for path in sorted((CASES / name / "expected").rglob("*.sql")):
        linted = linter.lint_string(path.read_text())
        assert not linted.get_violations(), (path.name, linted.get_violations())
