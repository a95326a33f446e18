"""A declared target that names a relation: what it holds verifies transforms, and refutes matches."""

from __future__ import annotations

import pytest

from aidbt.core.errors import BudgetExceeded, SettingsError
from aidbt.core.schema import MappedColumn, Mapping
from tests.aidbt.generate.conftest import Shop

PEOPLE = """
create schema raw_crm; create schema mart;
create table raw_crm.people as select
    i as person_id,
    ['Mary', 'Johnny', 'Annelie'][i % 3 + 1] as first_name,
    ['Smithers', 'Jonesson'][i % 2 + 1] || chr((65 + i % 26)::int) as last_name,
    i * 37 % 10007 as total_cents,
    ['M', 'F'][i % 2 + 1] as sex,
from range({rows}) r(i);
create table mart.dim_person as select
    person_id as "Person_ID",
    first_name || ' ' || last_name as "Full_Name",
    total_cents / 100.0 as "Total",
    case sex when 'M' then 'male' else 'female' end as "Gender",
from raw_crm.people;
"""
TARGET = """
name: person
sources: [crm.people]
relation: {relation}
columns:
  - {{name: person_id, type: bigint}}
  - {{name: full_name, type: varchar}}
  - {{name: total, type: double}}
  - {{name: gender, type: varchar}}
"""
MAPPING = "aidbt/mappings/crm__people.yml"


def declare(shop: Shop, *, relation: str = "mart.dim_person", more: str = "") -> None:
    shop.write("aidbt/targets/person.yml", TARGET.format(relation=relation) + more)


@pytest.fixture
def people(shop: Shop) -> Shop:
    shop.sql(PEOPLE.format(rows=300))
    declare(shop)
    return shop


def columns(mapping: Mapping) -> dict[str, MappedColumn]:
    return {column.target: column for column in mapping.columns}


def test_a_transform_is_verified_on_the_rows_of_both_sides(people: Shop):
    found = columns(people.generate().mappings["crm.people"])

    assert found["full_name"].sources == ("first_name", "last_name")
    assert "300 of 300 rows aligned by person_id are equal" in found["full_name"].note
    assert (found["person_id"].status, found["person_id"].expression) == ("accepted", None)


def test_an_accepted_match_gives_way_to_a_conversion_that_the_rows_prove(people: Shop):
    total = columns(people.generate().mappings["crm.people"])["total"]

    assert (total.status, total.expression) == ("review", "total_cents / 100.0")
    assert "300 of 300 rows" in total.note


def test_a_match_that_the_rows_refute_waits_with_the_reason(people: Shop):
    gender = columns(people.generate().mappings["crm.people"])["gender"]

    assert (gender.status, gender.sources) == ("review", ("sex",))
    assert gender.note == "only 0 of 300 rows aligned by person_id have the same value"


def test_of_large_tables_the_same_rows_are_compared(shop: Shop):
    shop.sql(PEOPLE.format(rows=60_000))
    declare(shop)

    note = columns(shop.generate().mappings["crm.people"])["full_name"].note

    equal, _, whole = note.split("; ")[1].split(" rows")[0].partition(" of ")
    assert equal == whole
    assert 1500 < int(whole.replace(",", "")) <= 2000


def test_no_personal_value_is_written_into_a_file_or_the_store(people: Shop):
    people.generate()

    kept = people.read(MAPPING).encode() + b"".join(
        path.read_bytes() for path in (people.root / ".aidbt").rglob("*") if path.is_file()
    )
    assert b"total_cents / 100.0" in kept
    assert not [secret for secret in (b"Mary", b"Annelie", b"Smithers", b"Jonesson") if secret in kept]


def test_without_a_relation_a_transform_is_run_on_the_source_and_says_so(people: Shop):
    declare(people, relation="''")

    note = columns(people.generate().mappings["crm.people"])["full_name"].note

    assert "not verified: the values of full_name were not seen" in note
    assert "run on 300 rows of the source it gives 300 values of 14 to 17 characters and 0 nulls" in note


def test_of_ways_to_make_a_column_the_one_that_reads_its_match_is_proposed(shop: Shop):
    shop.sql(
        "create schema raw_ops; create table raw_ops.legs as select 2013 as year, 1 + i % 12 as month,"
        " 1 + i % 28 as day, 500 + i % 60 as dep_time, 700 + i % 50 as sched_arr_time from range(90) r(i)"
    )
    shop.write(
        "aidbt/targets/leg.yml",
        "{name: leg, sources: [ops.legs], columns: [{name: scheduled_arrival_at, type: timestamp}]}",
    )

    arrival = columns(shop.generate().mappings["ops.legs"])["scheduled_arrival_at"]

    assert arrival.sources == ("year", "month", "day", "sched_arr_time")
    assert "run on 90 rows of the source it gives 90 values, all of them a timestamp" in arrival.note


def test_a_column_that_the_target_gets_later_is_verified_by_a_key_that_was_decided_before(people: Shop):
    people.generate()
    people.sql(
        "alter table raw_crm.people add column joined integer;"
        "update raw_crm.people set joined = 20200101 + person_id % 28;"
        "alter table mart.dim_person add column joined_on date;"
        'update mart.dim_person set joined_on = make_date(2020, 1, 1 + ("Person_ID" % 28)::int)'
    )
    declare(people, more="  - {name: joined_on, type: date}\n")

    joined = columns(people.generate().mappings["crm.people"])["joined_on"]

    assert joined.sources == ("joined",)
    assert "300 of 300 rows aligned by person_id are equal" in joined.note


def test_the_relation_of_a_target_is_no_raw_data_unless_it_is_selected(people: Shop):
    plan = people.generate()
    assert ("mart.dim_person", "it holds the rows of a target") in {(s.table, s.reason) for s in plan.skipped}
    assert plan.mappings.keys() == {"crm.people"}

    assert "mart.dim_person" in people.generate(select=["source:mart.dim_person"]).mappings


def test_a_relation_that_does_not_exist_is_a_finding_with_the_nearest_name(people: Shop):
    declare(people, relation="mart.dim_persn")

    plan = people.generate()

    (finding,) = [f for f in plan.findings if f.code == "target.no_relation"]
    assert finding.where == "aidbt/targets/person.yml"
    assert finding.message == "its relation mart.dim_persn does not exist; did you mean mart.dim_person?"
    assert "crm.people" in plan.mappings


@pytest.mark.parametrize("relation", ["dim_person", "db.mart.dim_person", ".dim_person"])
def test_a_relation_without_its_schema_is_refused_with_its_line(people: Shop, relation: str):
    declare(people, relation=relation)

    with pytest.raises(SettingsError, match="name the relation with its schema") as refused:
        people.generate()

    assert (refused.value.path, refused.value.line) == ("aidbt/targets/person.yml", 4)


def test_the_relation_is_in_the_plan_that_is_asked_about(people: Shop):
    people.write("aidbt.yml", "budget: {scan_bytes: 0}")
    asked = []

    with pytest.raises(BudgetExceeded):
        people.generate(approve=lambda plan: bool(asked.append(plan)))

    (plan,) = asked
    purposes = {table.relation: [reading.purpose for reading in table.readings] for table in plan.tables}
    assert purposes["mart.dim_person"] == ["profile", "keys", "transforms"]
    assert "transforms" in purposes["raw_crm.people"]


def test_what_is_decided_is_not_looked_at_again(people: Shop):
    before = people.generate()
    people.sql("insert into mart.dim_person select 1000, 'A B', 1.0, 'male'")

    after = people.generate()

    assert after.mappings == before.mappings
    assert not after.patch.edits
