"""Failed runs that a real dbt left, diagnosed: the screens of `tests/golden/diagnosis` (see `diagnosis_cases`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aidbt.cli.diagnose import causes_of, lines
from aidbt.core.healing import Diagnosis
from aidbt.healing.diagnosis.facts import FACTS_OF, MEANINGS
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.keeping import keep_good_state
from aidbt.healing.evidence.reading import Readers, read_case
from aidbt.project import open_project
from aidbt.store import Store, open_store
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.diagnosis_cases import GOLDEN, SHOP, BrokenShop

CASES = sorted(path.name for path in GOLDEN.iterdir() if path.name != "shop")


class Diagnosed:
    """A case that was read and diagnosed."""

    def __init__(self, folder: Path, name: str, *, remembers: bool = True, asks: bool = True) -> None:
        shop = BrokenShop(folder)
        shop.make()
        project = open_project(folder, profiles_dir=folder)
        warehouse = DuckDBWarehouse(shop.database)
        self.store: Store = open_store(folder / "state.db")
        if remembers:
            kept = keep_good_state(
                project, warehouse, self.store, artifacts=SHOP / "good", scan_bytes=10**12
            )
            assert kept.state is not None, kept.why
        shop.break_as(GOLDEN / name)
        readers = Readers((lambda: warehouse) if asks else None, lambda: self.store)
        self.case: Case = read_case(project, GOLDEN / name / "artifacts", readers)
        self.causes: tuple[Diagnosis, ...] = causes_of(self.case)

    @property
    def screen(self) -> str:
        text = "\n".join(lines(self.case, self.causes, show_all=True)) + "\n"
        text = re.sub(r"\x1b\[\d*m", "", text)
        return re.sub(r"the good run of [\d -]+:\d\d UTC", "the good run of TODAY", text)


@pytest.mark.parametrize("name", CASES)
def test_the_screen_is_as_expected(name: str, tmp_path: Path, update_golden: bool):
    found = Diagnosed(tmp_path, name)
    path = GOLDEN / name / "screen.txt"
    if update_golden:
        path.write_text(found.screen)

    assert found.screen == path.read_text()
    for cause in found.causes:
        assert set(cause.facts) <= set(MEANINGS)
        if cause.confidence >= 0.75:
            assert set(FACTS_OF.get(cause.error_class, ())) <= set(cause.facts)
