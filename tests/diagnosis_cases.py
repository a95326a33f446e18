"""Failed runs of two small projects, as they were left: recorded once from a real dbt, diagnosed in tests.

`tests/golden/diagnosis` holds the cases of `shop`, `tests/golden/diagnosis_cafe` those of `cafe`, a project
in another style: tests of its own and of packages, a seed, a snapshot, an incremental and a Python model,
hooks, a file as source. The folder `shop` (`cafe`) there holds the project, what its loader landed
(`land.sql`) and the manifest and results of a good run. Each other folder is a case: what broke it
(`break.sql`, and files of the project under `project`, an empty one deletes), what dbt was asked (`commands`,
one a line; else `build`), which artifacts were not handed over (`without`), what the failed run left
(`artifacts`; of cafe's manifest what differs from the good one), and the screen that is expected.

    python -m tests.diagnosis_cases CASE…    run dbt and record what it leaves; all without names
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt_shop import DBT, DBT_PROJECT, PROFILES

GOLDEN = Path(__file__).parent / "golden" / "diagnosis"
SHOP = GOLDEN / "shop"
CAFE = Path(__file__).parent / "golden" / "diagnosis_cafe" / "cafe"
KEPT_ARTIFACTS = ("run_results.json", "sources.json", "manifest.json", "dbt.log", "stdout.txt")
_SECTIONS = ("nodes", "sources", "macros", "exposures", "metrics", "semantic_models", "unit_tests")


@dataclass(frozen=True)
class BrokenShop:
    """The project of one case, in a folder of its own."""

    root: Path
    base: Path = SHOP

    @property
    def database(self) -> Path:
        return self.root / "shop.duckdb"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def make(self) -> None:
        """The healthy project and what was landed."""
        shutil.copytree(self.base / "project", self.root, dirs_exist_ok=True)
        for name, text in (("dbt_project.yml", DBT_PROJECT), ("profiles.yml", PROFILES)):
            if not (self.root / name).exists():
                (self.root / name).write_text(text)
        self.execute(self.base / "land.sql")

    def break_as(self, case: Path) -> None:
        """What happened before the failed run."""
        if (case / "break.sql").exists():
            self.execute(case / "break.sql")
        for path in sorted((case / "project").rglob("*")) if (case / "project").exists() else ():
            there = self.root / path.relative_to(case / "project")
            if path.is_file() and path.stat().st_size == 0:
                there.unlink()
            elif path.is_file():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, there)

    def execute(self, path: Path) -> None:
        with duckdb.connect(str(self.database)) as database:
            database.execute(path.read_text())

    def dbt(self, commands: Iterable[str] = ("build",)) -> str:
        """What the last of these commands prints."""
        printed = ""
        for command in commands:
            words = ["--no-use-colors", "--log-format-file", "json", *shlex.split(command)]
            done = subprocess.run(
                [str(DBT), *words, "--profiles-dir", "."],
                cwd=self.root, capture_output=True, text=True, check=False,
            )  # fmt: skip
            printed = done.stdout
        return printed


def cases_of(base: Path) -> list[str]:
    """The names of the cases of a project."""
    return sorted(path.name for path in base.parent.iterdir() if path != base and path.is_dir())


def handed_over(base: Path, name: str, into: Path) -> Path:
    """The artifacts of a case in a folder, the manifest whole again."""
    shutil.copytree(base.parent / name / "artifacts", into)
    path = into / "manifest.json"
    if path.exists() and base == CAFE:
        path.write_text(json.dumps(_whole(json.loads(path.read_text()), base)))
    return into


def record(names: list[str], base: Path) -> None:
    """Run each case with a real dbt, and keep what that leaves; the good run only where none is kept."""
    with tempfile.TemporaryDirectory() as folder:
        shop, healthy = BrokenShop(Path(folder) / "shop", base), Path(folder) / "healthy"
        shop.make()
        shop.dbt()
        if not (base / "good").exists():
            _keep(shop, base / "good", "")
        shutil.rmtree(shop.root / "logs")
        shutil.copytree(shop.root, healthy)
        for name in names:
            shutil.rmtree(shop.root)
            shutil.copytree(healthy, shop.root)
            case = base.parent / name
            shop.break_as(case)
            _keep(shop, case / "artifacts", shop.dbt(_lines(case / "commands") or ("build",)))
            for left_out in _lines(case / "without"):
                (case / "artifacts" / left_out).unlink()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _keep(shop: BrokenShop, into: Path, printed: str) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in KEPT_ARTIFACTS:
        path = shop.root / ("logs" if name == "dbt.log" else "target") / name
        if not path.exists() or (name == "dbt.log" and not printed):
            continue
        text = _of_no_machine(path.read_text(), shop)
        if name.endswith(".json"):
            artifact = _short(json.loads(text))
            if printed and "nodes" in artifact and shop.base == CAFE:
                artifact = _difference(artifact, shop.base)
            text = json.dumps(artifact, separators=(",", ":")) + "\n"
        else:
            text = "".join(line for line in text.splitlines(keepends=True) if _is_telling(line))
        (into / name).write_text(text)
    if printed:
        (into / "stdout.txt").write_text(_of_no_machine(printed, shop))


def _of_no_machine(text: str, shop: BrokenShop) -> str:
    """Paths of the project and of installed packages as they are called everywhere."""
    return (
        text.replace(str(shop.root), "/shop")
        .replace(sysconfig.get_path("stdlib"), "/usr/lib/python")
        .replace(str(Path(sysconfig.get_path("purelib")).parent), "/usr/lib/python")
    )


def _is_telling(line: str) -> bool:
    """Whether a line of a log is kept: of the debugging ones those that say what was run and how it ended."""
    if "Command `" in line or '"CommandCompleted"' in line:
        return True
    is_going = re.search(r'"node_status": "(started|compiling|executing|success|pass)"', line)
    return '"level": "debug"' not in line and " [debug] " not in line and not is_going


def _short(artifact: dict[str, Any]) -> dict[str, Any]:
    """Without the macros of dbt itself, and what else nobody reads here."""
    macros = artifact.get("macros") or {}
    short = {name: macro for name, macro in macros.items() if not macro["package_name"].startswith("dbt")}
    short |= {name: macro for name, macro in macros.items() if macro["package_name"] == "dbt_utils"}
    kept = {**artifact, **({"macros": short} if macros else {})}
    for result in kept.get("results") or ():
        result.pop("compiled_code", None)
    for name in ("docs", "parent_map", "child_map", "disabled", "group_map"):
        if name in kept:
            kept[name] = {}
    return kept


# --- a manifest, by what differs from the good run's --------------------------------------------------


@cache
def _good(base: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((base / "good" / "manifest.json").read_text())
    return found


def _difference(manifest: dict[str, Any], base: Path) -> dict[str, Any]:
    short = {**manifest}
    for section in _SECTIONS:
        then, now = _good(base).get(section) or {}, manifest.get(section) or {}
        short[section] = {k: v for k, v in now.items() if k not in then or _plain(v) != _plain(then[k])}
        short[section] |= {name: None for name in then if name not in now}
    return short


def _whole(manifest: dict[str, Any], base: Path) -> dict[str, Any]:
    whole = {**manifest}
    for section in _SECTIONS:
        merged = {**(_good(base).get(section) or {}), **(manifest.get(section) or {})}
        whole[section] = {name: entry for name, entry in merged.items() if entry is not None}
    return whole


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("created_at", "build_path")}


if __name__ == "__main__":
    for base in (SHOP, CAFE):
        asked = [name for name in cases_of(base) if name in sys.argv[1:] or not sys.argv[1:]]
        if asked:
            record(asked, base)
