"""Failed runs of a small shop, as they were left: recorded once from a real dbt, diagnosed again in tests.

`tests/golden/diagnosis/shop` holds the project, what its loader landed (`land.sql`) and the manifest and
results of a good run. Each other folder there is a case: what broke it (`break.sql`, and files of the
project under `project`, an empty one deletes), what the failed run left (`artifacts`), and the screen that is
expected.

    python -m tests.diagnosis_cases CASE…    run dbt and record what it leaves; all without names
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt_shop import DBT, DBT_PROJECT, PROFILES

GOLDEN = Path(__file__).parent / "golden" / "diagnosis"
SHOP = GOLDEN / "shop"
KEPT_ARTIFACTS = ("run_results.json", "manifest.json", "dbt.log", "stdout.txt")


@dataclass(frozen=True)
class BrokenShop:
    """The shop of one case, in a folder of its own."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "shop.duckdb"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def make(self) -> None:
        """The healthy project and what was landed."""
        shutil.copytree(SHOP / "project", self.root, dirs_exist_ok=True)
        (self.root / "dbt_project.yml").write_text(DBT_PROJECT)
        (self.root / "profiles.yml").write_text(PROFILES)
        self.execute(SHOP / "land.sql")

    def break_as(self, case: Path) -> None:
        """What happened before the failed run."""
        if (case / "break.sql").exists():
            self.execute(case / "break.sql")
        for path in sorted((case / "project").rglob("*")) if (case / "project").exists() else ():
            there = self.root / path.relative_to(case / "project")
            if path.is_file() and path.stat().st_size == 0:
                there.unlink()
            elif path.is_file():
                shutil.copy2(path, there)

    def execute(self, path: Path) -> None:
        with duckdb.connect(str(self.database)) as database:
            database.execute(path.read_text())

    def dbt(self) -> str:
        """What `dbt build` prints."""
        done = subprocess.run(
            [str(DBT), "--no-use-colors", "--log-format-file", "json", "build", "--profiles-dir", "."],
            cwd=self.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout


def record(names: list[str]) -> None:
    """Run each case with a real dbt, and keep what that leaves; the good run only where none is kept."""
    with tempfile.TemporaryDirectory() as folder:
        shop, healthy = BrokenShop(Path(folder) / "shop"), Path(folder) / "healthy"
        shop.make()
        shop.dbt()
        if not (SHOP / "good").exists():
            _keep(shop, SHOP / "good", "")
        shutil.rmtree(shop.root / "logs")
        shutil.copytree(shop.root, healthy)
        for name in names:
            shutil.rmtree(shop.root)
            shutil.copytree(healthy, shop.root)
            shop.break_as(GOLDEN / name)
            _keep(shop, GOLDEN / name / "artifacts", shop.dbt())


def _keep(shop: BrokenShop, into: Path, printed: str) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in KEPT_ARTIFACTS:
        path = shop.root / ("logs" if name == "dbt.log" else "target") / name
        if not path.exists() or (name == "dbt.log" and not printed):
            continue
        text = path.read_text().replace(str(shop.root), "/shop")
        if name.endswith(".json"):
            text = json.dumps(_short(json.loads(text)), separators=(",", ":")) + "\n"
        else:
            text = "".join(line for line in text.splitlines(keepends=True) if '"level": "debug"' not in line)
        (into / name).write_text(text)
    if printed:
        (into / "stdout.txt").write_text(printed.replace(str(shop.root), "/shop"))


def _short(artifact: dict[str, Any]) -> dict[str, Any]:
    """Without the macros of dbt itself, and what else nobody reads here."""
    macros = artifact.get("macros") or {}
    short = {name: macro for name, macro in macros.items() if macro["package_name"] == "shop"}
    kept = {**artifact, **({"macros": short} if macros else {})}
    for name in ("docs", "parent_map", "child_map", "disabled", "group_map"):
        if name in kept:
            kept[name] = {}
    return kept


if __name__ == "__main__":
    record(sys.argv[1:] or [path.name for path in sorted(GOLDEN.iterdir()) if path.name != "shop"])
