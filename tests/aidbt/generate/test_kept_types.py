"""Types as each dialect writes them: proposed, asked about and kept in the same words."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, ColumnProfile, Relation
from aidbt.core.types import TYPE_NAMES, has_time_zone, is_same_type, type_family, type_name
from aidbt.mapping.mapper import needed_cast, usual_expression
from aidbt.project.conventions import wanted_casts
from aidbt.sql.expressions import is_type
from aidbt.warehouse.checks import rows_lost_by_casts
from aidbt.warehouse.dialects import DIALECTS
from tests.aidbt.generate.kept import FORMS, Decided

WORDS = (
    "bigint", "double", "boolean", "date", "timestamp", "timestamp with time zone", "decimal(18, 2)",
    "decimal(28, 9)", "varchar", "integer",
)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("word", WORDS)
def test_a_type_s_name_means_the_same_in_every_dialect(dialect, word):
    own = type_name(word, dialect)

    assert is_type(own, dialect)
    assert type_family(own) == type_family(word)
    assert exp.DataType.build(own, dialect=dialect).sql(dialect)
    if word == "timestamp with time zone":
        assert has_time_zone(own, dialect)
    if word == "timestamp" and dialect not in ("spark", "databricks"):
        assert not has_time_zone(own, dialect)
        assert not is_same_type(own, type_name("timestamp with time zone", dialect), dialect)


class Asked:
    """A connection on which nothing is lost."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    def rows(self, sql: str, parameters: object = ()) -> list[tuple[int, ...]]:
        [tree] = sqlglot.parse(sql, dialect=self.dialect)
        return [tuple(0 for _ in tree.selects)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_warehouse_is_asked_for_the_very_words_that_are_kept(dialect):
    decided = Decided(dialect)
    text = type_name("varchar", dialect)
    relation = Relation("raw_shop", "orders", tuple(Column(name, text) for name in FORMS))
    casts = [(name, cast) for name in FORMS for cast in decided.casts(name)]

    proven = rows_lost_by_casts(Asked(dialect), relation, casts)

    # Redshift casts no text to a boolean.
    missing = {("is_gift", "boolean")} if dialect == "redshift" else set()
    assert set(casts) - set(proven) == missing


def test_the_team_s_own_spelling_comes_first_and_stays():
    rules = ConventionSettings(casts={"timestamp": "TIMESTAMP_LTZ(6)"})
    held = ColumnProfile("created_at", "TEXT", 0, 9, formats={"timestamp": 1.0})

    casts = wanted_casts(Column("CREATED_AT", "TEXT"), held, rules, dialect="snowflake")

    assert casts == ("TIMESTAMP_LTZ(6)", "timestamp_ntz", "timestamp_tz")


@pytest.mark.parametrize(
    ("have", "want", "dialect", "cast"),
    [
        ("DATETIME", "timestamp", "bigquery", "timestamp"),
        ("TIMESTAMP", "timestamp", "bigquery", None),
        ("FLOAT", "double precision", "snowflake", None),
        ("NUMBER(18,2)", "decimal(18, 2)", "snowflake", None),
        ("timestamp_ntz", "timestamp", "spark", "timestamp"),
        ("double precision", "float8", "postgres", None),
        ("INT64", "bigint", "bigquery", None),
    ],
)
def test_a_cast_is_needed_where_the_words_mean_another_type_in_this_dialect(have, want, dialect, cast):
    assert needed_cast(Column("a", have), Column("a", want), dialect) == cast


def test_the_team_s_own_expression_names_the_column_as_the_dialect_does():
    rules = ConventionSettings(expressions={"text": "trim(<column>)", "timestamp": "to_utc(<column>)"})

    def made(name: str, data_type: str, dialect: str) -> str | None:
        return usual_expression(Column(name, data_type), rules, dialect)

    assert made("CREATED_AT", "TIMESTAMP_NTZ", "snowflake") == "to_utc(created_at)"
    assert made("createdAt", "timestamp", "postgres") == 'to_utc("createdAt")'
    assert made("Created At", "TIMESTAMP", "bigquery") == "to_utc(`Created At`)"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_name_that_a_dialect_knows_is_a_type_there(dialect):
    assert [name for name in TYPE_NAMES[dialect] if not is_type(name, dialect)] == []


@pytest.mark.parametrize(
    ("data_type", "dialect"),
    [
        ("double", "postgres"), ("string", "postgres"), ("float64", "snowflake"), ("varchar", "bigquery"),
        ("timestamptz", "bigquery"), ("text", "spark"), ("timestamp_tz", "postgres"), ("int64", "trino"),
        ("hugeint", "redshift"), ("strng", "bigquery"),
    ],
)  # fmt: skip
def test_a_word_of_another_dialect_is_no_type(data_type, dialect):
    assert not is_type(data_type, dialect)
    assert is_type(data_type) == (data_type != "strng")
