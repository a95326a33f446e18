"""Models from English are asked about only where a question names them; else what they were made of is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from aidbt.generate.grounded import Grounded, ground
from aidbt.semantic.query import Clock
from aidbt.session import open_session
from tests.aidbt.cli.asked_shop import FILES, build_without_dbt
from tests.dbt_shop import new_shop


@pytest.fixture(scope="module")
def grounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounded]:
    """A shop with a model from English that is built: amounts by country, with a column of its own."""
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    build_without_dbt(shop)
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(
            "create table amount_by_country as select country, sum(amount) as amount, 'x' as grandeur"
            " from orders join customers using (customer_id) group by country"
        )
    shop.write({"aidbt/models/amount_by_country.yml": "sentence: amount by country\nreading: {}\n"})
    for name in ("amount_by_country", "parcels"):
        _with_node(shop.root / "target/manifest.json", name)
    session = open_session(shop.root, profiles_dir=shop.root)
    yield ground(session.project, session.settings, session.warehouse, session.profiles)
    session.close()


def _with_node(path: Path, name: str) -> None:
    manifest = json.loads(path.read_text())
    orders = manifest["nodes"]["model.shop.orders"]
    node = orders | {"unique_id": f"model.shop.{name}", "name": name, "alias": name, "columns": {}}
    node["depends_on"] = {"nodes": ["model.shop.orders", "model.shop.customers"]}
    manifest["nodes"][node["unique_id"]] = node
    later = datetime.now(UTC) + timedelta(hours=1)
    manifest["metadata"]["generated_at"] = later.isoformat()
    path.write_text(json.dumps(manifest))
    os.utime(path, (later.timestamp(), later.timestamp()))


@pytest.mark.parametrize(
    ("question", "has_it"),
    [
        ("average amount by country", False),
        ("total amount by country", False),
        ("number of amount_by_country", True),
        ("number of rows in amount by country", True),
        ("the grandeur of each country", True),
        ("number of bananas", True),
    ],
)
def test_a_model_from_english_is_asked_when_it_is_named_or_alone_has_a_word(
    grounded: Grounded, question: str, has_it: bool
):
    found = grounded.about(question, Clock())

    assert ("amount_by_country" in found.relations) is has_it
    assert {"orders", "customers"} <= found.relations.keys()


def test_what_names_its_tables_is_answered_from_all_of_them(grounded: Grounded):
    assert grounded.derived == ("amount_by_country",)
    assert "amount_by_country" not in grounded.relations
    widened = grounded.widened()
    assert "amount_by_country" in widened.relations
    assert widened.widened() is widened


def test_what_is_not_built_yet_is_said_where_a_question_is_not_understood(grounded: Grounded):
    absent = replace(grounded, not_built=tuple("abcdefg"), notes=("a note",))

    assert grounded.not_built == ("parcels",)
    assert absent.notes_of_refusal == (
        "a note",
        "not in the warehouse, or not yours to read: a, b, c, d, e and 2 more; try 'aidbt build'",
    )
    assert replace(grounded, not_built=()).notes_of_refusal == ()
