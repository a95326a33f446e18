"""The ladder: which rungs are asked in which order, what each finds, and what it does not rest on."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from aidbt.core.findings import Severity
from aidbt.core.schema import Column, Relation
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation
from aidbt.sql.validate import RUNGS, validate_sql
from aidbt.warehouse.validating import Answer, GuardedDuckDB, Limits
from benchmarks.validate_corpus import make_shop, shop_queries, texts

ORDERS = (Column("order_id", "INTEGER"), Column("amount", "DOUBLE"), Column("status", "VARCHAR"))
INDEX = RelationIndex(
    [("db", "main", "orders", KnownRelation("orders", ORDERS, unique=(("order_id",),)))], "duckdb"
)


@dataclass
class ScriptedEngine:
    """Answers as it is told and keeps what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    stands_in: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def _answer(self, rung, query):
        self.asked.append((rung, query))
        return self.answers.get(rung, Answer())

    def explain(self, query, stand_ins=()):
        return self._answer("explain", query)

    def describe(self, query, stand_ins=()):
        return self._answer("describe", query)

    def sample(self, query, rows):
        return self._answer("sample", query)

    def duplicates(self, query, key):
        return self._answer("keys", query)


def outcomes(validation):
    return {rung.rung: rung.outcome for rung in validation.rungs}


def test_a_good_query_passes_every_rung():
    validation = validate_sql(
        "select order_id, amount from orders",
        dialect="duckdb",
        relations=INDEX,
        engine=ScriptedEngine(),
        upto="keys",
        keys=[["order_id"]],
    )

    assert outcomes(validation) == dict.fromkeys(RUNGS, "passed")
    assert validation.reached == "keys"
    assert [column.name for column in validation.columns] == ["order_id", "amount"]


@pytest.mark.parametrize(
    ("text", "rung", "code"),
    [
        ("", "parse", "sql.empty"),
        ("selec 1", "parse", "sql.syntax"),
        ("select {{ x }}", "parse", "sql.template"),
        ("select 1; select 2", "parse", "sql.several_statements"),
        ("drop table orders", "parse", "sql.not_a_query"),
        ("with d as (delete from orders returning *) select * from d", "read_only", "sql.not_read_only"),
        ("select getenv('HOME')", "allowed", "function.refused"),
        ("select * from order_items", "allowed", "relation.unknown"),
        ("select * from 'x.csv'", "allowed", "relation.outside"),
        ("select * from range(1000000000000)", "allowed", "query.endless"),
        ("select amout from orders", "names", "column.unknown"),
        ("select a.amount from orders as a join orders as b on status = 'x'", "names", "column.ambiguous"),
        ("select order_id from orders where amount = 'many'", "names", "type.mismatch"),
    ],
)
def test_the_first_rung_that_fails_ends_the_ladder(text, rung, code):
    engine = ScriptedEngine()

    validation = validate_sql(text, dialect="duckdb", relations=INDEX, engine=engine)

    assert not validation.is_valid
    assert [problem.code for problem in validation.problems] == [code]
    assert validation.rung(rung).outcome == "failed"
    above = RUNGS[RUNGS.index(rung) + 1 : RUNGS.index("sample") + 1]
    assert [validation.rung(name).why for name in above] == [f"'{rung}' failed"] * len(above)
    assert engine.asked == []


def test_no_rung_above_the_one_asked_for_is_climbed():
    engine = ScriptedEngine()

    validation = validate_sql("select 1 as a", dialect="duckdb", engine=engine, upto="explain")

    assert [rung.rung for rung in validation.rungs][-1] == "explain"
    assert [rung for rung, _ in engine.asked] == ["explain"]


def test_without_relations_or_engine_their_rungs_are_skipped_and_say_so():
    validation = validate_sql("select a from t", dialect="duckdb")

    assert validation.is_valid
    assert validation.reached == "allowed"
    assert validation.rung("names").why == "it is not known which relations there are"
    assert validation.rung("sample").why == "no engine was asked"


def test_the_engine_gets_the_query_without_what_follows_it():
    engine = ScriptedEngine()

    validate_sql(
        "-- a model\nselect ';' as a ;  -- the end\n", dialect="duckdb", engine=engine, upto="explain"
    )

    assert engine.asked == [("explain", "-- a model\nselect ';' as a")]


def test_a_refusal_of_the_engine_is_an_error_at_its_place():
    refusal = Answer(failure="refused", message="no such function", offset=9)

    validation = validate_sql(
        "select 1\n+ f", dialect="duckdb", engine=ScriptedEngine({"explain": refusal}), upto="sample"
    )

    (problem,) = validation.problems
    assert (problem.code, problem.line, problem.column) == ("engine.refused", 2, 1)
    assert validation.rung("sample").outcome == "skipped"


@pytest.mark.parametrize("failure", ["deadline", "memory"])
def test_a_query_that_was_stopped_is_warned_of_and_not_refused(failure):
    engine = ScriptedEngine({"sample": Answer(failure=failure, message="it did not end")})

    validation = validate_sql("select 1 as a", dialect="duckdb", engine=engine, upto="keys", keys=[["a"]])

    assert validation.is_valid
    assert validation.reached == "describe"
    assert [(p.code, p.severity) for p in validation.problems] == [(f"query.{failure}", Severity.WARN)]
    assert validation.rung("keys").outcome == "skipped"


def test_what_the_engine_cannot_be_asked_is_skipped_with_its_reason():
    away = Answer(failure="unavailable", message="the file is locked")
    engine = ScriptedEngine({"explain": away, "describe": away, "sample": away})

    validation = validate_sql("select 1 as a", dialect="duckdb", engine=engine)

    assert validation.is_valid
    assert {rung.why for rung in validation.rungs if rung.outcome == "skipped"} >= {"the file is locked"}


def test_what_is_there_by_the_projects_sql_and_not_in_the_warehouse_is_only_warned_of():
    refusal = Answer(failure="refused", message='column "amount" does not exist')
    engine = ScriptedEngine({"explain": refusal})

    validation = validate_sql("select amount from orders", dialect="duckdb", relations=INDEX, engine=engine)

    assert validation.is_valid
    assert "what is built is older" in validation.problems[0].message


def test_an_engine_that_stands_in_for_what_is_older_has_the_last_word():
    refusal = Answer(failure="refused", message='column "amount" does not exist')
    engine = ScriptedEngine({"explain": refusal}, stands_in=True)
    orders = Relation("main", "orders", ORDERS, "db")

    validation = validate_sql(
        "select amount from orders",
        dialect="duckdb",
        relations=INDEX,
        engine=engine,
        stand_ins={"orders": orders},
    )

    assert not validation.is_valid


def test_a_key_that_does_not_hold_is_an_error():
    engine = ScriptedEngine({"keys": Answer(row_count=1)})

    validation = validate_sql("select 1 as a", dialect="duckdb", engine=engine, upto="keys", keys=[["a"]])

    assert [problem.code for problem in validation.problems] == ["key.not_unique"]
    assert validation.problems[0].message == "two rows have the same a, which is declared unique"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    index = make_shop(path)
    with GuardedDuckDB(path, limits=Limits(timeout_s=10)) as engine:
        yield index, engine


@pytest.mark.parametrize("name", shop_queries())
def test_every_query_of_the_shop_passes_up_to_its_rows(shop, name):
    index, engine = shop

    validation = validate_sql(shop_queries()[name], dialect="duckdb", relations=index, engine=engine)

    assert validation.problems == ()
    assert validation.reached == "sample"


def test_every_honest_query_passes_up_to_its_rows(shop):
    index, engine = shop

    refused = {
        text: [problem.message for problem in validation.problems]
        for text in texts("honest", "duckdb")
        if not (validation := validate_sql(text, dialect="duckdb", relations=index, engine=engine)).is_valid
    }

    assert refused == {}


def test_the_columns_are_those_that_the_engine_gives(shop):
    index, engine = shop

    validation = validate_sql(
        "select sum(amount) as total from orders", dialect="duckdb", relations=index, engine=engine
    )

    assert validation.columns == (Column("total", "DECIMAL(38,2)"),)


def test_a_cast_that_fails_on_the_rows_is_found_by_the_sample_alone(shop):
    index, engine = shop

    validation = validate_sql(
        "select cast(status as integer) as s from orders", dialect="duckdb", relations=index, engine=engine
    )

    assert [(p.code, p.column) for p in validation.problems] == [("query.fails", 8)]
    assert validation.reached == "describe"


@pytest.mark.parametrize(
    "text", ["select sum(status) as s from orders", "select order_id from orders where amount > ordered_at"]
)
def test_a_wrong_type_is_found_by_the_engine_at_the_latest(shop, text):
    index, engine = shop

    validation = validate_sql(text, dialect="duckdb", relations=index, engine=engine, upto="explain")

    assert {problem.code for problem in validation.problems} <= {"type.mismatch", "engine.refused"}
    assert not validation.is_valid


def test_a_join_that_multiplies_what_is_added_up_is_warned_of(shop):
    index, _ = shop
    text = "select sum(o.amount) as total from orders as o join payments as p on p.order_id = o.order_id"

    validation = validate_sql(text, dialect="duckdb", relations=index)

    (problem,) = validation.problems
    assert (problem.code, problem.severity, problem.line) == ("join.fans_out", Severity.WARN, 1)
    assert validation.is_valid


def test_a_broken_key_is_found_among_all_rows(shop):
    index, engine = shop
    text = "select customer_id, order_id from orders"

    def keys_hold(*keys):
        return validate_sql(
            text, dialect="duckdb", relations=index, engine=engine, upto="keys", keys=keys
        ).is_valid

    assert keys_hold(["order_id"], ["customer_id", "order_id"])
    assert not keys_hold(["customer_id"])


def test_a_relation_that_is_not_built_is_stood_in_for_by_its_columns(shop):
    index, engine = shop
    missing = Relation("main", "not_built", (Column("id", "INTEGER"),), "shop")
    index = RelationIndex([("shop", "main", "not_built", KnownRelation("m", missing.columns))], "duckdb")

    validation = validate_sql(
        "select id + 1 as next from not_built",
        dialect="duckdb",
        relations=index,
        engine=engine,
        stand_ins={"m": missing},
    )

    assert validation.is_valid
    assert validation.columns == (Column("next", "INTEGER"),)
    assert "does not exist" in validation.rung("sample").why


MARTS = RelationIndex([("db", "marts", "Orders", KnownRelation("orders", ORDERS))], "duckdb")
PLACES = {"orders": Relation("marts", "Orders", ORDERS, "db")}
BARE = "with o as (select * from orders) select o.amount from o -- orders"


class BySchema(ScriptedEngine):
    """Finds relations only by a name with their schema, or not at all."""

    def __init__(self, *, is_built=True):
        super().__init__()
        self._is_built = is_built

    def explain(self, query, stand_ins=()):
        if self._is_built and "marts." in query:
            return super().explain(query)
        self.asked.append(("explain", query))
        return Answer(failure="unavailable", message="Table orders does not exist")


def test_a_name_that_is_found_only_with_its_schema_is_an_error_with_its_patch():
    validation = validate_sql(BARE, dialect="duckdb", relations=MARTS, engine=BySchema(), stand_ins=PLACES)

    (problem,) = validation.problems
    assert (problem.code, problem.severity) == ("relation.unqualified", Severity.ERROR)
    assert BARE[problem.start : problem.end] == "orders"
    assert (problem.line, problem.column, problem.replacement) == (1, 26, 'marts."Orders"')


def test_a_relation_that_is_not_built_proves_nothing_of_its_name():
    engine = BySchema(is_built=False)

    validation = validate_sql(BARE, dialect="duckdb", relations=MARTS, engine=engine, stand_ins=PLACES)

    assert validation.is_valid and validation.problems == ()
    assert outcomes(validation)["explain"] == "skipped"


def test_an_unknown_relation_has_its_place():
    validation = validate_sql("select 1\nfrom main.order_s", dialect="duckdb", relations=INDEX)

    (problem,) = validation.problems
    assert (problem.code, problem.line, problem.column) == ("relation.unknown", 2, 11)


def test_a_refusal_says_once_who_refuses():
    engine = ScriptedEngine({"explain": Answer(failure="refused", message="postgres refused: no such cast")})

    validation = validate_sql("select 1 as a", dialect="postgres", engine=engine)

    assert [p.message for p in validation.problems] == ["postgres refuses it: no such cast"]
