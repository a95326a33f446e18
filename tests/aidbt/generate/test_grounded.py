"""A project made ready for questions: which tables are asked about, what is left out, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aidbt.core.errors import BudgetExceeded, WarehouseError
from aidbt.generate.grounded import Grounded, ground
from aidbt.session import Session, open_session
from tests.aidbt.cli.asked_shop import FILES, build_without_dbt
from tests.dbt_shop import Shop, new_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = new_shop(tmp_path, FILES)
    build_without_dbt(shop)
    return shop


@pytest.fixture
def session(shop: Shop) -> Iterator[Session]:
    session = open_session(shop.root, profiles_dir=shop.root)
    yield session
    session.close()


def grounded(session: Session, **how: object) -> Grounded:
    parts = (session.project, session.settings, session.warehouse, session.profiles)
    return ground(*parts, **how)  # type: ignore[arg-type]


def test_the_tables_of_the_project_are_known_with_what_it_says_of_them(session: Session):
    found = grounded(session)

    assert set(found.relations) == set(found.profiles) == {"customers", "orders"}
    assert [r.evidence for r in found.grounding.graph.relationships] == ["tested"]
    assert found.grounding.graph.table("orders").column("amount").unit == "eur"
    assert found.grounding.semantic is not None
    assert found.notes == ()


def test_tables_that_hold_every_load_are_left_out_and_said(shop: Shop, session: Session):
    manifest = shop.root / "target/manifest.json"
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("create table landed as select 1 as a, 'b' as _aidbt_batch_id")
        connection.execute("create table _aidbt_loads as select 1 as batch")
    manifest.write_text(manifest.read_text().replace('"alias": "days"', '"alias": "landed"'))

    found = grounded(session)

    assert "landed" not in found.relations
    assert found.notes == ("left out, since they hold every load and not the rows as they are: main.landed",)


def test_a_model_is_not_asked_about_itself(session: Session):
    assert set(grounded(session, without="orders").relations) == {"customers"}


def test_a_time_spine_is_asked_about_only_where_it_says_something_of_its_days(shop: Shop, session: Session):
    assert "days" not in grounded(session).relations
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("alter table days add column is_holiday boolean")

    assert "days" in grounded(session).relations


def test_an_empty_warehouse_is_said_before_dbt_is_asked(tmp_path: Path):
    shop = new_shop(tmp_path, {"models/broken.sql": "{{ nonsense("})
    duckdb.connect(str(shop.database)).close()
    session = open_session(shop.root, profiles_dir=shop.root)

    with pytest.raises(WarehouseError, match="has no tables to ask about"):
        grounded(session)
    session.close()


def test_a_scan_over_the_budget_is_refused(shop: Shop):
    session = open_session(shop.root, profiles_dir=shop.root, flags={"budget.scan_bytes": 1})

    with pytest.raises(BudgetExceeded, match="nothing was scanned"):
        grounded(session)
    assert grounded(session, approve=lambda plan: True).relations
    session.close()


def test_a_view_is_profiled_again_only_when_the_file_of_the_warehouse_changed(shop: Shop):
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("alter table orders rename to raw_orders")
        connection.execute("create view orders as from raw_orders where order_id < 5")
    session = open_session(shop.root, profiles_dir=shop.root)
    assert grounded(session).profiles["orders"].row_count == 5
    scanned: list[object] = []
    session.warehouse.profile = lambda relations, **_: scanned.extend(relations) or iter(())  # type: ignore[method-assign]
    grounded(session)
    assert scanned == []
    session.close()

    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("create or replace view orders as from raw_orders where order_id < 7")
    session = open_session(shop.root, profiles_dir=shop.root)
    assert grounded(session).profiles["orders"].row_count == 7
    session.close()


def test_what_is_kept_of_columns_are_numbers_and_never_texts(session: Session):
    first = grounded(session, cache=session.cache)
    kept = [value for (entity, _), value in session.cache.get_all("reading").items() if entity == "grounding"]
    again = grounded(session, cache=session.cache)

    assert kept
    assert all(isinstance(item, int | None) for rows in kept for row in rows for item in row)
    assert "Germany" not in str(kept)
    assert again.grounding.fingerprint == first.grounding.fingerprint
