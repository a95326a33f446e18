"""The resolver beside what its golden files say: answers for odd queries, and what stays on the tree."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aidbt.core.schema import Column
from aidbt.sql.folding import folding
from aidbt.sql.grain import fan_outs, unique_keys
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import binding, data_type, resolve, selects
from aidbt.sql.resolved import ROW_USES, KnownRelation, ResolvedQuery, SqlProblem
from aidbt.sql.spelling import nearest_names

GOLDEN = Path(__file__).parents[2] / "golden" / "resolve"
ORDERS = KnownRelation(
    "orders",
    (Column("id", "INTEGER"), Column("customer_id", "INTEGER"), Column("amount", "DECIMAL(10,2)")),
    unique=(("id",),),
)
CUSTOMERS = KnownRelation(
    "customers", (Column("id", "INTEGER"), Column("name", "VARCHAR")), unique=(("id",),)
)
SHOP = [("db", "shop", "orders", ORDERS), ("db", "shop", "customers", CUSTOMERS)]


def tree_of(text: str, dialect: str = "duckdb") -> exp.Query:
    tree = parse_sql(text, dialect).tree
    assert tree is not None
    return tree


def resolved(text: str) -> ResolvedQuery:
    return resolve(tree_of(text), RelationIndex(SHOP, "duckdb"), "duckdb", text=text)


# --- what stays on the tree -------------------------------------------------------------------------------


def test_every_column_of_a_tree_is_bound_to_its_source():
    text = (
        "with c as (select id, name as n from customers) select o.amount, c.n from orders o join c using (id)"
    )
    tree = tree_of(text)
    resolve(tree, RelationIndex(SHOP, "duckdb"), "duckdb", text=text)

    bound = {column.sql(): binding(column) for column in tree.find_all(exp.Column)}

    assert {
        name: (one.source.name, one.column.name) for name, one in bound.items() if one and one.source
    } == {
        "id": ("customers", "id"),
        "name": ("customers", "name"),
        "o.amount": ("o", "amount"),
        "c.n": ("c", "n"),
    }


def test_every_select_tells_its_sources_and_groups():
    text = "select customer_id, sum(amount) as s from (select * from orders) o group by 1"
    tree = tree_of(text)
    resolve(tree, RelationIndex(SHOP, "duckdb"), "duckdb", text=text)

    outer, inner = selects(tree)

    assert [(source.name, source.kind) for source in outer.sources] == [("o", "subquery")]
    assert [(source.name, source.kind) for source in inner.sources] == [("orders", "relation")]
    assert (outer.is_aggregated, inner.is_aggregated) == (True, False)
    assert outer.group is not None and inner.group is None
    assert [column.name for column in outer.fields] == ["customer_id", "s"]


def test_every_expression_of_a_tree_has_its_type():
    text = "select amount * 2 > 1 as x from orders where id = 1"
    tree = tree_of(text)
    resolve(tree, RelationIndex(SHOP, "duckdb"), "duckdb", text=text)

    assert data_type(tree.selects[0], "duckdb") == "BOOLEAN"
    assert data_type(tree.find(exp.Mul), "duckdb") == "DECIMAL(18,2)"
    assert data_type(tree.find(exp.Where).this.this, "duckdb") == "INTEGER"


def test_a_tree_is_not_changed_and_can_be_copied_and_resolved_again():
    text = "with recursive r as (select id from orders union all select r.id + 1 from r) select r.*, 1 from r"
    tree = tree_of(text)
    before = tree.sql("duckdb")
    first = resolve(tree, RelationIndex(SHOP, "duckdb"), "duckdb", text=text)

    assert tree.sql("duckdb") == before
    assert resolve(tree.copy(), RelationIndex(SHOP, "duckdb"), "duckdb", text=text) == first


def test_without_its_text_a_query_has_problems_without_places():
    (problem,) = resolve(
        tree_of("select nmae from customers"), RelationIndex(SHOP, "duckdb"), "duckdb"
    ).problems

    assert (problem.line, problem.start, problem.end, problem.replacement) == (0, 0, 0, "")
    assert problem.nearest == ("name",)


def test_the_replacement_of_a_misspelt_name_mends_the_text():
    text = 'select c."Nmae" from customers c'
    (problem,) = resolved(text).problems

    mended = text[: problem.start] + problem.replacement + text[problem.end :]

    assert mended == "select c.name from customers c"
    assert resolved(mended).problems == ()


@pytest.mark.parametrize(
    "expressions",
    [
        ["count(*)", "max(amount)", "id", "1"],
        ["cast(id as bigint)", "id::varchar", "-amount", "(id + 1) * (2)", "not (id = 1)"],
        ["case when id > 1 then 'a, b' else \"id\" || ')' end", "sum(amount) over (partition by id, amount)"],
        ["date_trunc('month', now())", "extract(year from now())", "[1, 2][1]", "{'a': id, 'b': [id]}"],
        ["(select max(id) from customers)", "id /* from */ + 1", "coalesce(id, 1)"],
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "select {}",
        "select distinct {}",
        "select distinct on (id, (amount)) {}",
        "with c as (select 1) select {}",
    ],
)
def test_each_expression_is_kept_as_it_is_written(expressions: list[str], form: str):
    listed = ",\n  ".join(
        f"{text}{alias}" for text, alias in zip(expressions, (" as a", " b", ""), strict=False)
    )
    listed += "".join(f", -- more\n {text}" for text in expressions[3:])
    query = resolved(form.format(listed) + "\nfrom orders -- select")

    assert [column.text for column in query.columns] == expressions


# --- relations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "dialect", "found"),
    [
        ("orders", "duckdb", "orders"),
        ("ORDERS", "duckdb", "orders"),
        ('"Orders"', "duckdb", "orders"),
        ("shop.orders", "duckdb", "orders"),
        ("db.shop.orders", "duckdb", "orders"),
        ("other.orders", "duckdb", "relation.unknown"),
        ("ordrs", "duckdb", "relation.unknown"),
        ("Orders", "postgres", "orders"),
        ('"Orders"', "postgres", "relation.unknown"),
        ("orders", "snowflake", "relation.unknown"),
        ('"orders"', "snowflake", "relation.unknown"),
        ('"shop"."orders"', "snowflake", "relation.unknown"),
        ('"db"."shop"."orders"', "snowflake", "orders"),
        ("Orders", "bigquery", "relation.unknown"),
        ("`db.shop.orders`", "bigquery", "orders"),
        ("[ORDERS]", "tsql", "orders"),
    ],
)
def test_a_relation_is_found_by_the_rules_of_its_dialect(written: str, dialect: str, found: str):
    entries = [("db", "shop", "orders", ORDERS)]
    if written in ('"orders"', '"shop"."orders"'):
        entries = [("db", "shop", "ORDERS", ORDERS)]
    table = tree_of(f"select 1 as a from {written}", dialect).find(exp.Table)
    assert table is not None

    answer = RelationIndex(entries, dialect).find(table)

    assert (answer.code if isinstance(answer, SqlProblem) else answer.key) == found


def test_a_name_of_two_schemas_is_ambiguous_and_one_of_an_unknown_schema_is_not():
    other = KnownRelation("other")
    index = RelationIndex([*SHOP, ("db", "crm", "customers", other), ("", "", "anywhere", other)], "duckdb")

    def find(name: str) -> str:
        answer = index.find(exp.to_table(name, dialect="duckdb"))
        return answer.code if isinstance(answer, SqlProblem) else answer.key

    assert find("customers") == "relation.ambiguous"
    assert find("crm.customers") == "other"
    assert find("whatever.anywhere") == "other"


def test_an_entry_gives_way_to_what_is_known_later():
    index = RelationIndex(SHOP, "duckdb")
    index.put("db", "shop", "orders", KnownRelation("orders", (Column("new"),)))

    answer = index.find(exp.to_table("orders"))

    assert isinstance(answer, KnownRelation)
    assert [column.name for column in answer.columns] == ["new"]


@pytest.mark.parametrize(
    ("dialect", "bare", "quoted"),
    [
        ("duckdb", "Ab", "Ab"),
        ("postgres", "ab", "Ab"),
        ("redshift", "ab", "ab"),
        ("snowflake", "AB", "Ab"),
        ("bigquery", "Ab", "Ab"),
        ("clickhouse", "Ab", "Ab"),
    ],
)
def test_names_are_stored_as_the_dialect_stores_them(dialect: str, bare: str, quoted: str):
    rules = folding(dialect)

    assert (rules.stored("Ab", quoted=False), rules.stored("Ab", quoted=True)) == (bare, quoted)


def test_no_name_is_proposed_where_several_are_as_near():
    assert nearest_names("amount_3", ["amount_1", "amount_2", "total"]) == (("amount_1", "amount_2"), "")
    assert nearest_names("x", ["amount"]) == ((), "")


# --- whatever is asked ------------------------------------------------------------------------------------

DEEP = {
    "brackets": "select " + "(" * 500 + "id" + ")" * 500 + " as a from orders",
    "subqueries": "select * from (" * 500 + "select id as a from orders" + ")" * 500,
    "case": "select " + "case when id > 1 then " * 500 + "id" + " end" * 500 + " as a from orders",
    "a union of 2,000 queries": " union all ".join(["select id as a from orders"] * 2000),
    "3,000 terms": "select id as a from orders where " + " and ".join(["id = 1"] * 3000),
    "600 CTEs": "with c0 as (select id as a from orders)"
    + "".join(f", c{n} as (select * from c{n - 1})" for n in range(1, 600))
    + " select * from c599",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long_queries_are_resolved(name: str):
    text = DEEP[name]
    tree = tree_of(text)

    query = resolve(tree, RelationIndex(SHOP, "duckdb"), "duckdb", text=text)

    assert query.problems == ()
    assert [(column.name, column.data_type) for column in query.columns] == [("a", "INTEGER")]
    assert {use.column for use in query.columns[0].uses} == {"id"}
    assert fan_outs(tree, text=text) == []
    assert len(unique_keys(tree)) <= 1


def _texts() -> list[tuple[str, str]]:
    """(dialect, text) of all queries that the golden files hold."""
    found = []
    for path in sorted((GOLDEN / "cases").glob("*.sql")):
        text = path.read_text()
        head = re.search(r"^-- dialect: (\w+)", text, re.MULTILINE)
        found.append((head[1] if head else "duckdb", re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)))
    lines = (GOLDEN / "duckdb" / "queries.sql").read_text().splitlines()
    return [*found, *(("duckdb", line.removesuffix(";")) for line in lines if not line.startswith("--"))]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 10**9),
    st.sampled_from([None, "duckdb", "snowflake", "bigquery", "postgres", "spark", "tsql"]),
)
def test_no_query_is_too_odd_to_be_answered(seed: int, dialect: str | None):
    """Queries with words left out, doubled, swapped and taken from another one."""
    chance = random.Random(seed)
    own, text = chance.choice(_texts())
    words = re.findall(r"'[^']*'|\w+|\s+|.", text)
    for _ in range(chance.randrange(4)):
        at, other = chance.randrange(len(words)), chance.randrange(len(words))
        change = chance.randrange(3)
        if change == 0:
            del words[at]
        elif change == 1:
            words.insert(at, words[other])
        else:
            words[at], words[other] = words[other], words[at]
    text, spoken = "".join(words), dialect or own
    parsed = parse_sql(text, spoken)
    if parsed.tree is None:
        return

    query = resolve(parsed.tree, RelationIndex(SHOP, spoken), spoken, text=text)

    for problem in (*query.problems, *fan_outs(parsed.tree, claimed=[("id",)], text=text)):
        assert 0 <= problem.start <= problem.end <= len(text)
    names = {column.name for column in query.columns}
    assert all(name in names for key in unique_keys(parsed.tree) for name in key)
    for column in query.columns:
        assert (column.made == "unknown") <= bool(column.why)
        if column.made in ("constant", "generated"):
            assert all(use.how in ROW_USES for use in column.uses)


def test_a_column_that_is_only_passed_on_says_what_defines_it():
    text = (
        "with a as (select id, sum(amount) as s from orders group by id), b as (select * from a)"
        " select b.s as total, b.s + 1 as more, * from b"
    )
    relations = RelationIndex(
        [("db", "main", "orders", KnownRelation("o", (Column("id", "INTEGER"), Column("amount", "DOUBLE"))))],
        "duckdb",
    )
    tree = parse_sql(text, "duckdb").tree
    assert tree is not None

    query = resolve(tree, relations, "duckdb", text=text)

    assert [(c.name, c.text, c.defined) for c in query.columns] == [
        ("total", "b.s", "sum(amount)"),
        ("more", "b.s + 1", ""),
        ("id", "", ""),
        ("s", "", "sum(amount)"),
    ]
