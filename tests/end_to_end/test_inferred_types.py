"""From files to a question: what stayed text in bronze because its values disagree is asked about."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.mapping.question_files import answer
from tests.aidbt.generate.conftest import Shop


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")


def run(shop, *arguments):
    place = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, [*arguments, *place])


@pytest.mark.long
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


@pytest.mark.long
def test_what_is_mostly_numbers_or_dates_is_asked_about_and_read_as_answered(shop, tmp_path):
    stays = list(range(1, 101))
    sizes = [f"{n}.5" if n % 10 else "tall" for n in stays]
    days = [f"2026-03-{n % 28 + 1:02}" if n % 25 else "soon" for n in stays]
    few = [{"id": n, "rank": n} for n in range(1, 4)]
    records = [
        {"id": n, "visits": n * 3 if n % 50 else "many", "note": "a, b" if n % 2 else str(n)} for n in stays
    ]
    (tmp_path / "orders.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    (tmp_path / "ranks.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in few))
    lines = [f"{n},{size},{day}" for n, size, day in zip(stays, sizes, days, strict=True)]
    (tmp_path / "stays.csv").write_text("\n".join(["id,size,day", *lines, ""]))
    connectors = shop.root / "aidbt" / "connectors"
    connectors.mkdir(parents=True)
    (connectors / "hub.yml").write_text(f"connector: json\npath: {tmp_path}/*.jsonl\ntype_confidence: 0.9\n")
    (connectors / "inn.yml").write_text(f"connector: csv\npath: {tmp_path}/stays.csv\n")

    landed = run(shop, "ingest", "run")
    assert landed.exit_code == 0, landed.output
    assert "hub.ranks: rank stayed text: 3 of 3 values are BIGINT (confidence 0.44)" in landed.output
    assert run(shop, "generate").exit_code == 0

    asked = json.loads(run(shop, "review", "--output", "json").output)
    evidence = {
        where: said
        for item in asked
        if item["kind"] == "question" and item["question"]["id"].startswith("mostly:")
        for where, said in item["about"].items()
    }
    assert evidence == {
        "hub.orders.visits": "98 of 100 values are bigint; 2 would become null with others_null",
        "inn.stays.size": "90 of 100 values are decimal(18, 2); 10 would become null with others_null",
        "inn.stays.day": "96 of 100 values are date; 4 would become null with others_null",
    }

    for source in ("hub", "inn"):
        answer(shop.root, f"mostly:{source}", "others_null")
    assert run(shop, "generate").exit_code == 0
    built = run(shop, "build", "--no-count")
    assert built.exit_code == 0, built.output
    (kept,) = shop.rows(
        "select typeof(any_value(visits)), count(visits), sum(visits) from analytics.stg_hub__orders"
    )
    assert kept == ("BIGINT", 98, sum(n * 3 for n in stays if n % 50))
    # Too few to be sure of, but every row proves it.
    assert shop.rows("select distinct typeof(rank) from analytics.stg_hub__ranks") == [("BIGINT",)]
