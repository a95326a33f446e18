"""What may never run is refused from its tree, and what harmless SQL looks like it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from aidbt.sql.parse import parse_sql
from aidbt.sql.validate import Allowed, validate_sql
from aidbt.sql.validate.functions import _REFUSED_CLASSES, function_problems
from aidbt.sql.validate.generators import generator_problems
from aidbt.sql.validate.read_only import read_only_problems
from aidbt.sql.validate.relations import relation_problems
from benchmarks.validate_corpus import cases, shop_queries, texts

DIALECTS = sorted({dialect for dialect, _ in cases("attacks")})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_attack_is_refused_before_an_engine_sees_it(dialect):
    missed = [text for text in texts("attacks", dialect) if validate_sql(text, dialect=dialect).is_valid]

    assert missed == []


@pytest.mark.parametrize("dialect", sorted({dialect for dialect, _ in cases("honest")}))
def test_no_honest_query_is_refused(dialect):
    refused = {
        text: [problem.message for problem in validation.problems]
        for text in texts("honest", dialect)
        if not (validation := validate_sql(text, dialect=dialect)).is_valid
    }

    assert refused == {}


def test_no_query_of_the_shop_is_refused():
    assert [
        name for name, text in shop_queries().items() if not validate_sql(text, dialect="duckdb").is_valid
    ] == []


# Where a whole query can stand in another one.
WRAPPERS = (
    "select * from ({}) as inside",
    "with inside as ({}) select * from inside",
    "select 1 as a where exists ({})",
    "select (select count(*) from ({}) as inside) as n",
    "select 1 as a union all select count(*) from ({}) as inside",
    "select a from (select 1 as a) as t order by (select count(*) from ({}) as inside)",
    "with a as (select 1 as x), b as (with c as ({}) select * from c) select * from a, b",
)
READING = [
    text for text in texts("attacks", "duckdb") if re.match(r"(select|from|with) ", text) and ";" not in text
]


@given(st.sampled_from(READING), st.lists(st.sampled_from(WRAPPERS), max_size=3))
def test_an_attack_is_refused_wherever_it_stands_in_a_query(attack, wrappers):
    text = attack
    for wrapper in wrappers:
        text = wrapper.format(text)

    assert not validate_sql(text, dialect="duckdb").is_valid


@given(st.sampled_from(READING), st.data())
def test_neither_case_nor_blanks_nor_comments_hide_a_call(attack, data):
    def disguised(found):
        name = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in found[1])
        return name + data.draw(st.sampled_from(["(", " (", "\n(", "/* x */("]))

    # A space before the parenthesis of VALUES and the like changes nothing either.
    assert not validate_sql(re.sub(r"\b(\w+)\(", disguised, attack), dialect="duckdb").is_valid


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "spark", "trino", "tsql"])
def test_no_statement_of_a_dialect_is_taken_for_a_query(dialect):
    """Every word that sqlglot starts a statement with, and that begins no query."""
    reader = Dialect.get_or_raise(dialect)
    words = {word for word, kind in reader.tokenizer_class.KEYWORDS.items() if kind in _statements(reader)}
    taken = [word for word in sorted(words) if validate_sql(f"{word} x", dialect=dialect).is_valid]

    assert taken == []


def _statements(reader):
    queries = {TokenType.PIVOT, TokenType.UNPIVOT, TokenType.FROM, TokenType.SEMICOLON, TokenType.STRING}
    return {*reader.parser_class.STATEMENT_PARSERS, *reader.tokenizer_class.COMMANDS} - queries


# Classes that only compute though their names have one of the words.
HARMLESS = frozenset(
    {
        "ArrayInsert", "CurrentSession", "ExplodingGenerateSeries", "GenerateDateArray",
        "GenerateSeries", "GenerateTimestampArray", "Generator", "JSONArrayInsert",
        "JSONBDeleteAtPath", "MapDelete", "MapInsert", "ObjectInsert", "ParseUrl", "Search",
        "SearchIp", "SessionUser", "Translate", "VectorSearch",
    }
)  # fmt: skip
SUSPICIOUS = re.compile(
    r"Read|File|Url|Http|Secret|Env|Exec|Sleep|^AI|^ML|Model|Extern|Stage|Scan|Query|Predict|Generat|Embed"
    r"|Search|Delete|Insert|Update|Session|NextVal|Forecast|Translate|Features|Dynamic|Setting|Eval|Call"
)


def test_no_function_class_of_a_suspicious_name_is_taken_without_having_been_judged():
    """A new version of sqlglot may bring a class for a function that does harm."""
    functions = {kind for kind in vars(exp).values() if isinstance(kind, type) and issubclass(kind, exp.Func)}
    suspicious = {kind.__name__ for kind in functions if SUSPICIOUS.search(kind.__name__)}
    judged = (
        {kind.__name__ for kind in _REFUSED_CLASSES} | HARMLESS | {"LogicalOr", "Lower", "Log", "Translate"}
    )

    assert sorted(suspicious - judged) == []


def test_a_refused_function_is_told_with_its_place_and_what_it_does():
    parsed = parse_sql("select a,\n  getenv('HOME') as home\nfrom t", "duckdb")

    (problem,) = function_problems(parsed)

    assert (problem.line, problem.column, parsed.text[problem.start : problem.end]) == (2, 3, "getenv")
    assert (
        problem.message
        == "a query may not call getenv(): it tells of the server, its settings or its secrets"
    )


def test_a_function_that_nobody_knows_is_told_with_the_nearest_one():
    (problem,) = function_problems(parse_sql("select list_agregate(xs, 'sum') from t", "duckdb"))

    assert problem.code == "function.unknown"
    assert problem.nearest[0] == "list_aggregate"


def test_a_project_allows_functions_of_its_own_and_of_one_schema_alone():
    text = "select my_udf(a), tools.cents(a) from t"

    assert function_problems(parse_sql(text, "duckdb"), Allowed(frozenset({"my_udf", "tools.cents"}))) == []
    assert (
        len(function_problems(parse_sql(text, "duckdb"), Allowed(frozenset({"other.cents", "my_udf"})))) == 1
    )


def test_a_dialect_without_a_list_only_warns_of_what_it_does_not_know():
    unknown, refused = (validate_sql(text, dialect="") for text in ("select my_udf(1)", "select getenv('x')"))

    assert unknown.is_valid
    assert not refused.is_valid


def test_what_a_cte_is_called_is_no_file():
    assert (
        relation_problems(parse_sql('with "a.csv" as (select 1 as x) select * from "a.csv"', "duckdb")) == []
    )


def test_a_cte_reads_the_file_of_its_own_name():
    text = 'with "a.csv" as (select * from "a.csv") select * from "a.csv"'

    (problem,) = relation_problems(parse_sql(text, "duckdb"))

    assert (problem.code, problem.start) == ("relation.outside", text.index('"a.csv")'))


def test_a_cte_that_is_only_called_recursive_reads_the_file_of_its_name():
    text = 'with recursive "a.csv" as (select * from "a.csv") select * from "a.csv"'

    assert len(relation_problems(parse_sql(text, "duckdb"))) == 1


def test_a_part_that_writes_is_told_by_its_name():
    text = "select * from (select * from t for update) as x"

    (problem,) = read_only_problems(parse_sql(text, "postgres"))

    assert problem.message == "a query may not lock rows with FOR UPDATE or FOR SHARE"


@given(st.integers(min_value=1, max_value=10**13))
def test_a_series_is_refused_from_its_bound_on_and_not_below(rows):
    found = generator_problems(parse_sql(f"select * from range({rows})", "duckdb"))

    assert bool(found) == (rows > 100_000_000)


@pytest.mark.parametrize(
    "condition",
    ["where i < 10", "where i <> 10", "group by i", "qualify row_number() over () < 3", "limit 5"],
)
def test_a_recursion_with_anything_that_could_end_it_is_left_to_the_deadline(condition):
    text = f"with recursive n as (select 1 as i union all select i + 1 from n {condition}) select * from n"

    assert generator_problems(parse_sql(text, "duckdb")) == []


def test_a_recursion_that_opens_lists_until_there_are_none_is_left_to_the_deadline():
    text = "with recursive t as (select xs from lists union all select unnest(xs) from t) select * from t"

    assert generator_problems(parse_sql(text, "duckdb")) == []


def test_a_number_hidden_in_a_deep_sum_neither_breaks_nor_refuses():
    assert generator_problems(parse_sql(f"select * from range({' + '.join(['1'] * 3000)})", "duckdb")) == []
