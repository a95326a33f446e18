"""The judge of answers: lucky queries are found out, honest ones are not."""

from __future__ import annotations

import json

import duckdb
import pytest

from benchmarks import nl2sql
from benchmarks.database_instances import Reference, instances
from benchmarks.nl2sql import Answer, _judge

SCHEMA = """
create table customers (id integer primary key, name varchar not null, city varchar);
create table orders (id integer primary key, customer_id integer references customers (id),
    amount decimal(9, 2), status varchar, placed_on date);
"""
ROWS = """
insert into customers values (1, 'Ann', 'Bonn'), (2, 'Bob', 'Kiel'), (3, 'Eve', null);
insert into orders values (1, 1, 10.50, 'paid', '2025-01-03'), (2, 2, 20.00, 'paid', '2025-02-03'),
    (3, 3, 30.25, 'open', '2025-03-03');
"""
COLUMNS = """
select table_name, column_name, data_type from duckdb_columns() where not internal order by all
"""
OF = [Reference("orders", "customer_id", "customers", "id")]


@pytest.fixture
def shop():
    connection = duckdb.connect()
    connection.execute(SCHEMA)
    connection.execute(ROWS)
    return connection


def judged(shop, sql, *gold):
    case = {"id": "1", "question": "how many", "gold": list(gold)}
    return _judge(Answer(case, sql, "", 0.0), shop, list(instances(shop, OF, count=4, seed=1)))


def test_instances_keep_columns_keys_and_references(shop):
    for one, other in instances(shop, OF, count=3, seed=1):
        described = (
            "select table_name, column_name, data_type from duckdb_columns() where not internal order by all"
        )
        assert one.execute(described).fetchall() == shop.execute(described).fetchall()
        count, keys, orphans = one.execute(
            "select count(*), count(distinct o.id), count(*) - count(c.id) from orders o"
            " left join customers c on c.id = o.customer_id"
        ).fetchone()
        assert count == keys > 3
        assert orphans == 0
        rows = "select * from orders order by id"
        assert one.execute(rows).fetchall() == other.execute(rows).fetchall()


def test_instances_are_the_same_for_the_same_seed(shop):
    first, again = (
        [one.execute("select * from orders").fetchall() for one, _ in instances(shop, OF, count=2, seed=5)]
        for _ in range(2)
    )
    assert first == again
    assert first[0] != first[1]


def test_a_query_that_is_right_by_luck_is_found_out(shop):
    found = judged(shop, "select count(*) from orders", "select count(distinct customer_id) from orders")
    assert found.is_right
    assert not found.is_right_everywhere


def test_another_way_to_write_the_gold_is_right_everywhere(shop):
    found = judged(
        shop,
        "select name, sum(amount) from customers c join orders o on customer_id = c.id group by c.id, name",
        "select min(name), sum(amount) from orders join customers c on c.id = customer_id"
        " group by customer_id",
    )
    assert found.is_right
    assert found.is_right_everywhere


def test_what_the_gold_leaves_to_the_order_of_rows_decides_nothing(shop):
    found = judged(shop, "select status from orders limit 1", "select status from orders limit 1")
    assert found.is_right_everywhere


@pytest.mark.parametrize("sql", ["select 4", "select nothing from orders"])
def test_a_wrong_answer_is_wrong(shop, sql):
    assert not judged(shop, sql, "select count(*) from orders").is_right


def test_the_benchmark_answers_refuses_and_counts(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "db" / "shop"
    folder.mkdir(parents=True)
    (folder / "schema.sql").write_text(SCHEMA)
    (folder / "load.sql").write_text(ROWS)
    questions = [
        {"id": "a", "db": "shop", "category": "count", "question": "How many orders are there?",
         "gold": ["select count(*) from orders"]},
        {"id": "b", "db": "shop", "category": "other", "question": "How many flurbles are there?",
         "gold": ["select 1"]},
    ]  # fmt: skip
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)))
    none = {"id": "u", "db": "shop", "category": "off", "question": "What is the weather like?"}
    (tmp_path / "unanswerable.jsonl").write_text(json.dumps(none))
    predictions = tmp_path / "predictions.jsonl"
    monkeypatch.setattr(
        "sys.argv",
        ["nl2sql", "--data", str(tmp_path), "--predict", str(predictions), "--output", "json"],
    )
    nl2sql.main()
    ours = json.loads(capsys.readouterr().out)["ours"]
    assert (ours["questions"], ours["answered"], ours["right_everywhere"]) == (2, 1, 1)
    assert (ours["rightly_refused"], ours["RS(10)"]) == (1, 66.7)
    said = {line["id"]: line for line in map(json.loads, predictions.read_text().splitlines())}
    assert "orders" in said["a"]["sql"]
    assert said["b"]["sql"] is None
    assert "flurbles" in said["b"]["reason"]
