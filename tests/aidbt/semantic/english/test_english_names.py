"""What words of a question name: tables, columns, values, traits and roles."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.semantic.english.grounding.lexicon import (
    ColumnName,
    Defined,
    Lexicon,
    MetricName,
    RoleName,
    TableName,
    Trait,
    ValueName,
    lexicon,
)
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import Best, Number, Top
from aidbt.semantic.english.meanings.phrases import Amount, Columns
from aidbt.semantic.english.number_rules.asked_sentences import asked_of
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.layer.named import NamedMetric
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Comparison,
    Matches,
    Measure,
    Missing,
    OneOf,
    Value,
    parts,
)
from aidbt.semantic.tables.catalog import graph_of
from aidbt.semantic.tables.naming import named_tables

_TABLES: dict[str, dict[str, str]] = {
    "subj": {"subj_id": "VARCHAR", "site_id": "VARCHAR", "sex": "VARCHAR", "age_yrs": "INTEGER",
             "wt_kg": "DOUBLE", "rand_dt": "DATE", "home_ctry": "VARCHAR"},
    "adv_evt": {"ae_id": "VARCHAR", "subj_id": "VARCHAR", "ae_term": "VARCHAR", "ser_flg": "VARCHAR",
                "st_dt": "DATE", "en_dt": "DATE"},
    "site": {"site_id": "VARCHAR", "site_nm": "VARCHAR", "state": "VARCHAR", "opened_on": "DATE"},
    "staff": {"staff_id": "INTEGER", "first_name": "VARCHAR", "last_name": "VARCHAR", "job_title": "VARCHAR",
              "manager_id": "INTEGER", "is_active": "BOOLEAN", "left_on": "DATE",
              "hire_date": "DATE"},
    "salaries": {"salary_id": "INTEGER", "staff_id": "INTEGER", "amount": "INTEGER"},
    "flights": {"flight_id": "INTEGER", "flight_number": "INTEGER", "num_seats": "INTEGER",
                "flown_on": "DATE", "ship_city": "VARCHAR"},
}  # fmt: skip
_KEYS = {"subj": "subj_id", "adv_evt": "ae_id", "site": "site_id", "staff": "staff_id",
         "salaries": "salary_id", "flights": "flight_id"}  # fmt: skip
_CODES = {"ser_flg": ("Y", "N")}
_VALUES = {
    ("subj", "home_ctry"): ["DE", "FR", "IT", "US"],
    ("site", "state"): ["AZ", "CA"],
    ("site", "site_nm"): ["Zürich Nord", "Lyon"],
    ("adv_evt", "ae_term"): ["adverse event", "headache", "success"],
}


@cache
def words() -> Lexicon:
    relations = [
        Relation("main", name, tuple(Column(column, kind) for column, kind in columns.items()))
        for name, columns in _TABLES.items()
    ]
    profiles = [_profile(relation) for relation in relations]
    graph = graph_of(relations, profiles, lambda child, parent: 1.0)
    metric = NamedMetric("screen_rate", "simple", label="Screening rate", synonyms=("share screened",))
    return lexicon(graph, named_tables(relations), _VALUES, metrics=[metric])


def _profile(relation: Relation) -> TableProfile:
    columns = tuple(
        ColumnProfile(
            c.name,
            c.data_type,
            0.2 if c.name in ("left_on", "en_dt") else 0.0,
            5,
            top_values=tuple((code, 0.5) for code in _CODES.get(c.name, ())),
            pii="gender" if c.name == "sex" else "",
        )
        for c in relation.columns
    )
    return TableProfile("main", relation.name, 10, 10, "", columns, keys=(_KEYS[relation.name],))


def named(text: str) -> set[object]:
    """What a text may name as a whole: ("table", name), ("column", table, column), …"""
    sentence = tokens(text)
    said: set[object] = set()
    for length, meanings in words().found(sentence, 0):
        for meaning in meanings if length == len(sentence) else ():
            match meaning:
                case TableName(table):
                    said.add(table)
                case ColumnName(table, column):
                    said.add((table, column))
                case ValueName(table, column, value):
                    said.add((table, column, value))
                case RoleName(relationship):
                    said.add(("role", relationship))
                case MetricName(name):
                    said.add(("metric", name))
    return said


@pytest.mark.parametrize(
    ("text", "table"),
    [("subjects", "subj"), ("patients", "subj"), ("adverse events", "adv_evt"), ("sites", "site"),
     ("staff", "staff"),
     ("employees", "staff"), ("colleagues", "staff")],
)  # fmt: skip
def test_tables_go_by_what_their_names_stand_for(text: str, table: str) -> None:
    assert table in named(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("age", ("subj", "age_yrs")),
        ("weight", ("subj", "wt_kg")),
        ("body weight", ("subj", "wt_kg")),
        ("term", ("adv_evt", "ae_term")),
        ("AE id", ("adv_evt", "ae_id")),
        ("adverse event term", ("adv_evt", "ae_term")),
        ("start date", ("adv_evt", "st_dt")),
        ("opening date", ("site", "opened_on")),
        ("date of opening", ("site", "opened_on")),
        ("randomization date", ("subj", "rand_dt")),
        ("site name", ("site", "site_nm")),
        ("job title", ("staff", "job_title")),
        ("surname", ("staff", "last_name")),
        ("hire date", ("staff", "hire_date")),
        ("salary", ("salaries", "amount")),
        ("number of seats", ("flights", "num_seats")),
        ("flight number", ("flights", "flight_number")),
        ("rand_dt", ("subj", "rand_dt")),
        ("country", ("subj", "home_ctry")),
        ("shipping city", ("flights", "ship_city")),
    ],
)
def test_columns_go_by_their_names_in_full_and_by_other_words(text: str, column: tuple[str, str]) -> None:
    assert column in named(text)


def test_a_number_that_identifies_is_no_count() -> None:
    assert ("flights", "flight_number") not in named("number of flights")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("German", ("subj", "home_ctry", "DE")),
        ("France", ("subj", "home_ctry", "FR")),
        ("Americans", ("subj", "home_ctry", "US")),
        ("IT", ("subj", "home_ctry", "IT")),
        ("Arizona", ("site", "state", "AZ")),
        ("californian", ("site", "state", "CA")),
        ("zurich nord", ("site", "site_nm", "Zürich Nord")),
        ("'Lyon'", ("site", "site_nm", "Lyon")),
        ("headaches", ("adv_evt", "ae_term", "headache")),
        ("successful", ("adv_evt", "ae_term", "success")),
    ],
)
def test_values_are_named_by_their_words_codes_places_and_stems(
    text: str, value: tuple[str, str, str]
) -> None:
    assert value in named(text)


def test_a_code_is_no_word_of_the_language() -> None:
    assert ("subj", "home_ctry", "IT") not in named("it")
    assert ("subj", "home_ctry", "US") not in named("us")


def test_the_name_of_a_table_is_that_before_it_is_a_value() -> None:
    weights = {type(m): m.weight for _, found in words().found(tokens("adverse event"), 0) for m in found}

    assert weights[TableName] > weights[ValueName]


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("serious", Comparison("=", Attribute("adv_evt", "ser_flg"), Value("Y"))),
        ("non serious", Comparison("=", Attribute("adv_evt", "ser_flg"), Value("N"))),
        ("inactive", Comparison("=", Attribute("staff", "is_active"), Value(False))),
        ("current", Missing(Attribute("staff", "left_on"))),
        ("ongoing", Missing(Attribute("adv_evt", "en_dt"))),
    ],
)
def test_traits_say_what_holds_of_rows(text: str, predicate: object) -> None:
    sentence = tokens(text)
    found = [m for n, ms in words().found(sentence, 0) for m in ms if n == len(sentence)]

    assert predicate in [meaning.predicate for meaning in found if isinstance(meaning, Trait)]


def test_the_codes_of_a_personal_column_are_not_looked_at_but_guessed() -> None:
    traits = [m for _, ms in words().found(tokens("women"), 0) for m in ms if isinstance(m, Trait)]

    (predicate,) = {trait.predicate for trait in traits if trait.table == "subj"}
    assert isinstance(predicate, OneOf)
    assert predicate.ignores_case
    assert Value("F") in predicate.values


def test_a_reference_that_is_no_noun_of_its_target_is_a_role() -> None:
    assert ("role", "staff.manager_id") in named("manager")
    assert ("role", "staff.manager_id") in named("boss")


def test_metrics_go_by_name_label_and_synonym() -> None:
    for text in ("screen rate", "screening rate", "share screened"):
        assert ("metric", "screen_rate") in named(text)


def test_headcount_counts_the_staff() -> None:
    (meaning,) = [m for _, ms in words().found(tokens("headcount"), 0) for m in ms]

    assert isinstance(meaning, Defined)
    assert meaning.category == "Number"
    assert words().is_person("staff")
    assert not words().is_person("flights")


def test_a_person_is_named_by_either_name_or_by_both() -> None:
    texts = {part.text for part in parts(words().named("staff", "Ada Lovelace")) if isinstance(part, Matches)}

    assert texts == {"Ada Lovelace", "Ada", "Lovelace"}
    assert words().named("salaries", "Ada") is None


def test_only_what_is_known_whole_is_known_not_to_be_there() -> None:
    assert words().knows("site", "site_nm", "lyon") is True
    assert words().knows("site", "site_nm", "Paris") is False
    assert words().knows("staff", "last_name", "Ada") is None


def test_what_is_made_of_a_table_names_a_column_less_surely_than_the_table() -> None:
    relations = [
        Relation("main", name, (Column(f"{name}_key", "INTEGER"), Column("carrier", "VARCHAR")))
        for name in ("flights", "punctuality")
    ]
    profiles = [
        TableProfile(
            "main", r.name, 1, 1, "", tuple(ColumnProfile(c.name, c.data_type, 0, 1) for c in r.columns)
        )
        for r in relations
    ]
    graph = graph_of(relations, profiles, lambda child, parent: 0.0)

    found = lexicon(graph, named_tables(relations), {}, upstream={"punctuality": ["flights"]})

    weights = {m.table: m.weight for m in found.meanings[("carrier",)] if isinstance(m, ColumnName)}
    assert weights["flights"] > weights["punctuality"]


@pytest.mark.parametrize(
    ("text", "operator", "factor"),
    [
        ("weight in grams", "*", 1000),
        ("weight in pounds", "*", 1_000_000 / 453_592.37),
        ("weight in tons", "/", 1000),
    ],
)
def test_a_column_can_be_asked_for_in_another_unit(text: str, operator: str, factor: float) -> None:
    sentence = tokens(text)
    (amount,) = {
        m.meaning
        for n, ms in words().found(sentence, 0)
        for m in ms
        if n == len(sentence) and isinstance(m, Defined)
    }

    assert isinstance(amount, Amount) and isinstance(amount.term, Calculation)
    assert (amount.term.operator, amount.term.right) == (operator, Value(factor))
    assert amount.term.left == Attribute("subj", "wt_kg")


def test_years_are_not_worked_out_in_days() -> None:
    assert not [n for n, _ in words().found(tokens("age in days"), 0) if n == 3]


@pytest.mark.parametrize("of", ["column", "best"])
def test_what_comes_first_is_of_the_table_that_is_counted(of: str) -> None:
    theirs, users = Attribute("shops", "country"), Attribute("users", "country")
    number = Number(Measure("count", "users"), "users")
    columns = Columns((theirs,), None, (theirs, users))
    top = Top(5, columns if of == "column" else Best(number, True, columns))

    asked = asked_of([[Item("TopOf", top, 0, 3, 1.0), Item("Number", number, 3, 6, 1.0)]])

    first = asked.tops[0].of
    shown = first.rows if isinstance(first, Best) else first
    assert isinstance(shown, Columns) and shown.terms == (users,)
