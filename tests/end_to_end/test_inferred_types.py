"""From JSON to a question: what stayed text in bronze because its values disagree is asked about."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from tests.aidbt.generate.conftest import Shop


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")


def run(shop, *arguments):
    place = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, [*arguments, *place])


def test_a_column_that_stayed_text_comes_up_in_review(shop, tmp_path):
    records = [{"id": n, "visits": n * 3 if n % 50 else "N/A"} for n in range(1, 301)]
    (tmp_path / "orders.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))

    landed = run(shop, "ingest", "run", "--source", "hub", "--from", str(tmp_path / "orders.jsonl"))
    assert landed.exit_code == 0, landed.output
    note = "hub.orders: visits stayed text: 294 of 300 values are BIGINT (confidence 0.96)"
    assert note in landed.output

    again = run(
        shop, "ingest", "run", "--source", "hub", "--from", str(tmp_path / "orders.jsonl"), "--changed"
    )
    assert again.exit_code == 0, again.output
    assert "left out 1 table as at the last load: hub.orders" in again.output

    assert run(shop, "generate").exit_code == 0

    reviewed = run(shop, "review")
    assert "visits" in reviewed.output
    assert "N/A" in reviewed.output
