"""Failed runs that a real dbt left, diagnosed: the screens of `tests/golden/diagnosis`."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.cli.diagnose import causes_of, lines
from aidbt.core.healing import Diagnosis
from aidbt.core.table_state import ColumnState
from aidbt.healing.diagnosis.facts import FACTS_OF, MEANINGS
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.keeping import keep_good_state
from aidbt.healing.evidence.reading import Readers, read_case
from aidbt.project import open_project
from aidbt.store import open_store
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.diagnosis_cases import CAFE, GOLDEN, SHOP, BrokenShop, cases_of, handed_over

# Some cases stand for all; `make test-all` takes the others too.
QUICK = frozenset(
    ("column_renamed", "column_renamed_beside_a_decoy", "column_turned_null", "duplicates", "few_orphans")
    + ("join_that_multiplies", "nothing_wrong", "syntax_error", "table_renamed_beside_a_backup", "two_causes")
    + ("type_with_currency", "typo_in_column")
)
QUICK_OF_CAFE = frozenset(
    ("bad_cast_rows_and_commit", "bool_decoy", "combination", "file_halved", "mart_dropped")
    + ("new_cast_in_mart", "only_stdout", "parsed_after", "test_severity_up")
)


def marked(base: Path, quick: frozenset[str]) -> list[Any]:
    names = cases_of(base)
    return [pytest.param(name, marks=() if name in quick else pytest.mark.long, id=name) for name in names]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop after its good run, and a store that remembers that."""
    return after_a_good_run(SHOP, tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="module")
def healthy_cafe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of the cafe."""
    return after_a_good_run(CAFE, tmp_path_factory.mktemp("cafe"))


def after_a_good_run(base: Path, folder: Path) -> Path:
    shop = BrokenShop(folder, base)
    shop.make()
    with closing(open_store(shop.root / "state.db")) as store:
        kept = keep_good_state(
            open_project(shop.root, profiles_dir=shop.root),
            DuckDBWarehouse(shop.database),
            store,
            artifacts=base / "good",
            scan_bytes=10**12,
            now=datetime(2026, 3, 1, 5, tzinfo=UTC),
        )
    assert kept.state is not None, kept.why
    return shop.root


class Diagnosed:
    """A case that was read and diagnosed.

    Args:
        remembers: whether the store knows the good run.
        artifacts: of the failed run, where not those of the case.
        also: SQL of what happened besides.
    """

    def __init__(
        self,
        healthy: Path,
        folder: Path,
        name: str,
        *,
        base: Path = SHOP,
        remembers: bool = True,
        artifacts: Path | None = None,
        also: str = "",
    ) -> None:
        shutil.copytree(healthy, folder, dirs_exist_ok=True)
        shop = BrokenShop(folder, base)
        if not remembers:
            (folder / "state.db").unlink()
        shop.break_as(base.parent / name)
        with duckdb.connect(str(shop.database)) as database:
            database.execute(also or "select 1")
        project = open_project(folder, profiles_dir=folder)
        with closing(open_store(folder / "state.db")) as store:
            readers = Readers(lambda: DuckDBWarehouse(shop.database), lambda: store)
            left = artifacts or handed_over(base, name, folder / "left")
            self.case: Case = read_case(project, left, readers)
        self.causes: tuple[Diagnosis, ...] = causes_of(self.case)

    @property
    def screen(self) -> str:
        text = "\n".join(lines(self.case, self.causes, show_all=True)) + "\n"
        text = re.sub(r"\x1b\[\d*m", "", text)
        return re.sub(r"(dbt [a-z -]+|the good run) of [\d-]+ [\d:]+ UTC", r"\1 of TODAY", text)


@pytest.mark.parametrize("name", marked(SHOP, QUICK))
def test_the_screen_is_as_expected(name: str, healthy: Path, tmp_path: Path, update_golden: bool):
    compare(Diagnosed(healthy, tmp_path, name), GOLDEN / name / "screen.txt", update_golden)


@pytest.mark.parametrize("name", marked(CAFE, QUICK_OF_CAFE))
def test_in_a_project_of_another_style_too(
    name: str, healthy_cafe: Path, tmp_path: Path, update_golden: bool
):
    found = Diagnosed(healthy_cafe, tmp_path, name, base=CAFE)

    compare(found, CAFE.parent / name / "screen.txt", update_golden)


def compare(found: Diagnosed, path: Path, update_golden: bool) -> None:
    if update_golden:
        path.write_text(found.screen)
    assert found.screen == path.read_text()
    for cause in found.causes:
        assert set(cause.facts) <= set(MEANINGS)
        if cause.confidence >= 0.75 and "missing_model" not in cause.facts:
            assert set(FACTS_OF.get(cause.error_class, ())) <= set(cause.facts)


def test_without_a_good_state_it_says_less_and_says_so(healthy: Path, tmp_path: Path):
    (cause,) = Diagnosed(healthy, tmp_path, "column_renamed", remembers=False).causes

    assert cause.error_class == "SCHEMA_DRIFT/COLUMN_REMOVED"
    assert cause.confidence < 0.75
    assert "whether crm.customers ever had it: no good run was kept" in cause.unknown


def test_two_orders_of_the_same_failures_give_the_same_keys(healthy: Path, tmp_path: Path):
    found = Diagnosed(healthy, tmp_path, "two_causes")
    run = replace(found.case.run, failures=found.case.run.failures[::-1])

    again = causes_of(replace(found.case, run=run))

    assert {cause.key for cause in again} == {cause.key for cause in found.causes}
    assert len(again) == 2


def test_a_new_column_and_a_changed_file_in_one_night_leave_it_open_which_broke_a_union(
    healthy: Path, tmp_path: Path
):
    case = Diagnosed(healthy, tmp_path, "syntax_error").case
    (failure,) = case.run.failures
    said = "Set operations can only apply to expressions with the same number of result columns"
    run = replace(case.run, failures=(replace(failure, message=said),))
    wider = {
        name: replace(
            change, now=replace(change.now, columns=(*change.now.columns, ColumnState("note", "text")))
        )
        for name, change in case.tables.items()
        if change.now is not None
    }
    of_both = replace(case, run=run, tables=wider)

    (both,) = causes_of(of_both)
    (column,) = causes_of(replace(of_both, code=replace(case.code, files=())))
    (code,) = causes_of(replace(of_both, tables=case.tables))

    assert (both.error_class, both.confidence) == ("SCHEMA_DRIFT/COLUMN_ADDED", 0.6)
    assert (column.error_class, column.confidence) == ("SCHEMA_DRIFT/COLUMN_ADDED", 0.9)
    assert (code.error_class, code.confidence) == ("CODE/SQL_SEMANTIC", 0.9)


@pytest.mark.parametrize(
    "name",
    [
        "column_renamed",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("typo_in_column", "typo_in_ref")),
    ],
)
def test_a_halved_source_is_told_beside_whatever_else_failed(name: str, healthy: Path, tmp_path: Path):
    (alone,) = Diagnosed(healthy, tmp_path / "alone", name).causes

    also = "delete from crm.orders where id % 2 = 0"
    first, beside = Diagnosed(healthy, tmp_path / "halved", name, also=also).causes

    assert (first.key, first.error_class, first.confidence) == (
        alone.key, alone.error_class, alone.confidence,
    )  # fmt: skip
    assert (beside.error_class, beside.failures) == ("DATA_QUALITY/VOLUME", ())
    assert beside.proof[0].text == ("crm.orders has 50% fewer rows: 500 rows, 1,000 at the last good run")
    assert "model.shop.fct_orders" in beside.blast_radius


def test_a_night_like_others_beside_a_failure_is_one_cause(healthy: Path, tmp_path: Path):
    also = (
        "insert into crm.orders select id + 1000, customer_id, amount, status, loaded_at + interval 60 day"
        " from crm.orders where id < 50; delete from crm.orders where id < 30;"
        "update crm.orders set status = 'paid' where id % 3 = 0;"
        "update crm.customers set country = 'uk', updated_at = now() where id % 5 = 0"
    )

    assert len(Diagnosed(healthy, tmp_path, "typo_in_column", also=also).causes) == 1


def broken_artifacts(folder: Path, name: str, **texts: str) -> Path:
    """The artifacts of a case with other texts for some of the files; "" leaves one out."""
    shutil.copytree(GOLDEN / name / "artifacts", folder)
    for key, text in texts.items():
        path = folder / {"results": "run_results.json", "manifest": "manifest.json", "log": "dbt.log"}[key]
        if text:
            path.write_text(text)
        else:
            path.unlink()
    return folder


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"results": '{"metadata": {'}, "is not complete JSON"),
        ({"manifest": '{"metadata": {}}'}, "is not an artifact of dbt"),
        ({"log": ""}, ""),
        ({"results": ""}, ""),
    ],
    ids=["truncated results", "no manifest", "no log", "no results"],
)
def test_what_cannot_be_read_is_said_and_the_rest_still_tells(
    texts: dict[str, str], said: str, healthy: Path, tmp_path: Path
):
    artifacts = broken_artifacts(tmp_path / "artifacts", "column_renamed", **texts)

    found = Diagnosed(healthy, tmp_path / "shop", "column_renamed", artifacts=artifacts)

    assert [cause.error_class for cause in found.causes] == ["SCHEMA_DRIFT/COLUMN_RENAMED"]
    assert any(said in line for line in found.case.unknown) if said else found.case.unknown == ()


def test_artifacts_of_another_project_do_not_count(healthy: Path, tmp_path: Path):
    text = (GOLDEN / "column_renamed" / "artifacts" / "run_results.json").read_text()
    artifacts = broken_artifacts(
        tmp_path / "artifacts",
        "column_renamed",
        results=text.replace(".shop.", ".other."),
        manifest="",
        log="",
    )
    (artifacts / "stdout.txt").unlink()

    found = Diagnosed(healthy, tmp_path / "shop", "column_renamed", artifacts=artifacts)

    assert any("of another project (other)" in line for line in found.case.unknown)
    assert not found.case.run.wrote_results
