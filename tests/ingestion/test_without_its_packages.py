"""Somebody who installed aidbt alone: what needs `ingestion` says so, and the rest works without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.dbt_shop import new_shop

WITHOUT = "import sys; sys.modules['pyarrow'] = None; from aidbt.cli.main import main; main()"
CONNECTOR = "name: crm\nconnector: csv\npath: people.csv\n"


def aidbt(root: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-c", WITHOUT, *words, "--project-dir", str(root), "--profiles-dir", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", [("ingest", "run"), ("ingest", "status"), ("doctor",), ("heal", "run")])
def test_what_loads_is_named_with_the_extra_that_brings_it(tmp_path: Path, words: tuple[str, ...]):
    shop = new_shop(tmp_path / "shop", {"aidbt/connectors/crm.yml": CONNECTOR, "models/a.sql": "select 1"})

    code, said = aidbt(shop.root, *words)

    assert code in (1, 2)
    assert "landing data needs a package that is not installed" in said
    assert "pip install 'aidbt[ingest]'" in said
    assert "unexpectedly" not in said


def test_without_connectors_nothing_asks_for_it(tmp_path: Path):
    shop = new_shop(tmp_path / "shop", {"models/a.sql": "select 1 as id"})

    assert "landing data" not in aidbt(shop.root, "doctor")[1]
    assert "landing data" not in aidbt(shop.root, "heal", "run", "--from", "dead-letters")[1]
