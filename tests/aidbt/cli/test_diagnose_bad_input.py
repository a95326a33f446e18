"""What is broken or missing: `aidbt diagnose` says what it cannot know, and nothing crashes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.healing.evidence.what_failed import NOT_TOLD
from tests.diagnosis_cases import SHOP, BrokenShop, handed_over

Break = Callable[[BrokenShop], object]
ALL = ("run_results.json", "manifest.json", "dbt.log", "stdout.txt")


def in_each(change: Callable[[bytes], bytes], *names: str) -> Break:
    """Change the bytes of some artifacts."""

    def broken(shop: BrokenShop) -> None:
        for name in names:
            path = shop.artifacts / name
            path.write_bytes(change(path.read_bytes()))

    return broken


def replaced(old: str, new: str, *names: str) -> Break:
    return in_each(lambda text: re.sub(old.encode(), new.encode(), text, count=1), *names)


def a_folder_for(name: str) -> Break:
    def broken(shop: BrokenShop) -> None:
        (shop.artifacts / name).unlink()
        (shop.artifacts / name).mkdir()

    return broken


def dated(when: str) -> Break:
    def broken(shop: BrokenShop) -> None:
        path = shop.artifacts / "run_results.json"
        results = json.loads(path.read_text())
        results["metadata"]["generated_at"] = when
        path.write_text(json.dumps(results))

    return broken


def project_file(name: str, text: str) -> Break:
    return lambda shop: (shop.root / name).write_text(text)


def linked(shop: BrokenShop) -> None:
    """The artifacts behind a link, and a folder of models that holds itself."""
    shop.artifacts.rename(shop.root / "elsewhere")
    shop.artifacts.symlink_to(shop.root / "elsewhere")
    (shop.root / "models" / "again").symlink_to(shop.root / "models")
    (shop.root / "models" / "dead.sql").symlink_to("/nowhere/dead.sql")


def padded(shop: BrokenShop) -> None:
    """A log of 30 MB, which ends as it did."""
    path = shop.artifacts / "dbt.log"
    text = path.read_bytes()
    path.write_bytes(b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 300_000 + text)


FOUND = "crm.customers.email"  # the column that was renamed
PROFILE = "shop: {target: dev, outputs: {dev: {type: duckdb, path: \"{{ env_var('NOT_SET_HERE') }}\"}}}"
CASES: dict[str, tuple[Break, str]] = {
    "random bytes": (in_each(lambda text: os.urandom(900), *ALL), NOT_TOLD),
    "empty files": (in_each(lambda text: b"", *ALL), NOT_TOLD),
    "truncated": (in_each(lambda text: text[: len(text) // 2], *ALL[:3]), "is not complete JSON"),
    "json that is no artifact": (in_each(lambda text: b"[1]", *ALL[:2]), "is not an artifact of dbt"),
    "an old dbt": (replaced(r"/v6\.json", "/v2.json", "run_results.json"), "only v6 and newer"),
    "another encoding": (in_each(lambda text: text.decode().encode("utf-16"), "dbt.log"), FOUND),
    "a folder for a file": (a_folder_for("run_results.json"), FOUND),
    "dated in the future": (dated("2093-01-01T00:00:00Z"), "clocks differ"),
    "no date at all": (dated("yesterday"), "does not say when it was written"),
    "links": (linked, FOUND),
    "a long log": (padded, FOUND),
    "a profile that asks for a variable": (project_file("profiles.yml", PROFILE), "NOT_SET_HERE is not set"),
    "a profile that is no YAML": (project_file("profiles.yml", "shop: ["), "the profile cannot be read"),
    "no warehouse": (lambda shop: shop.database.unlink(), "the warehouse could not be asked"),
    "a warehouse of noise": (lambda shop: shop.database.write_bytes(os.urandom(900)), "could not be asked"),
    "a store of noise": (project_file(".aidbt/state.db", "noise" * 99), "is damaged"),
    "no models": (lambda shop: shutil.rmtree(shop.root / "models"), FOUND),
    "letters of another code": (
        lambda shop: (shop.root / "models" / "odd.sql").write_bytes("select 'ü'".encode("latin-1")), FOUND
    ),
}  # fmt: skip
QUICK = ("random bytes", "truncated", "links", "a profile that asks for a variable", "a store of noise")


@pytest.fixture
def shop(tmp_path: Path) -> BrokenShop:
    made = BrokenShop(tmp_path / 'Bäckerei & "Söhne"')
    made.make()
    made.break_as(SHOP.parent / "column_renamed")
    handed_over(SHOP, "column_renamed", made.artifacts)
    (made.root / ".aidbt").mkdir()
    return made


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in CASES]
)
def test_it_is_said_and_never_a_crash(name: str, shop: BrokenShop):
    broken, said = CASES[name]
    broken(shop)

    done = CliRunner().invoke(
        cli,
        ["diagnose", "--artifacts", str(shop.artifacts), "--all"]
        + ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)],
    )

    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1
    assert said in done.stdout
