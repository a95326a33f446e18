"""What references, flags, codes, units and verbs of names say, in whole questions over a made-up harbour."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.index import ValueName, is_begun
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.reading import read
from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.query import Clock, SemanticQuery, attributes, parts
from tests.aidbt.semantic.english.made_up import World, made_up
from tests.aidbt.semantic.english.with_rows import CLOCK

_TABLES = {
    "ports": "port_code port_name country",
    "companies": "company_id company_name",
    "suppliers": "supplier_id supplier_name",
    "ropes": "rope_id rope_name supplier_id length_m:n",
    "vessels": "vessel_id vessel_name capacity_teu:n owner_company_id built_year:n",
    "voyages": "voyage_id vessel_id origin_port_code destination_port_code departed_at:t fuel_tons:n",
    "hosts": "host_id full_name is_superhost:b plan_id joined_on:d",
    "plans": "plan_id plan_name",
    "callup": "callup_id host_id callup_date:d",
    "parcels": "parcel_id host_id status placed_on:d scheduled_for:t difficulty",
}
_VALUES = {
    ("parcels", "status"): ["placed", "failed", "success"],
    ("parcels", "difficulty"): ["easy", "hard"],
    ("ports", "country"): ["GB", "NO"],
    ("ports", "port_name"): ["Oslo", "Leith"],
}


@cache
def harbour() -> World:
    return made_up(_TABLES, _VALUES)


def ask(question: str, clock: Clock = CLOCK) -> SemanticQuery:
    graph, words = harbour()
    return read(question, graph, words, clock).query


def spoken_of(question: str) -> set[str]:
    """The columns of a question's query, each with the references that lead to it."""
    return {">".join((*a.via, f"{a.table}.{a.column}")) for a in attributes(ask(question))}


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("number of voyages per origin port", {"voyages.origin_port_code>ports.port_name"}),
        ("number of voyages per destination", {"voyages.destination_port_code"}),
        ("what are the most popular destinations", {"voyages.destination_port_code"}),
        ("how many different destinations are there", {"voyages.destination_port_code"}),
        ("number of voyages by origin country", {"voyages.origin_port_code>ports.country"}),
        ("names of the owners of vessels", {"vessels.owner_company_id>companies.company_name"}),
        ("list the vessels and their capacity", {"vessels.capacity_teu"}),
        ("average capacity of the vessels", {"vessels.capacity_teu"}),
        ("total fuel of the voyages", {"voyages.fuel_tons"}),
    ],
)
def test_names_are_understood_without_keys_nouns_of_tables_and_units(
    question: str, columns: set[str]
) -> None:
    assert columns <= spoken_of(question)


def test_whose_name_is_that_of_the_rows_and_of_nothing_they_belong_to() -> None:
    question = "how many hosts are there whose name starts with 'M' or ends with 'son'"
    assert spoken_of(question) == {"hosts.full_name"}


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("names and joining dates of the hosts", {"hosts.full_name", "hosts.joined_on"}),
        ("names of the plans", {"plans.plan_name"}),
    ],
)
def test_names_are_those_of_the_rows_that_are_named(question: str, columns: set[str]) -> None:
    assert spoken_of(question) == columns


def test_the_title_of_people_is_no_name() -> None:
    with pytest.raises(Refused):
        ask("hosts whose title starts with 'M'")


@pytest.mark.parametrize(
    ("question", "table", "of"),
    [
        ("how many superhosts are there", "hosts", "hosts.is_superhost"),
        ("how many hosts were called up", "hosts", ""),
        ("how many parcels were successful", "parcels", "parcels.status"),
        ("how many ropes does each supplier supply", "ropes", "suppliers.supplier_name"),
        ("how many ports are in the UK", "ports", "ports.country"),
    ],
)
def test_flags_that_are_nouns_and_words_of_one_stem_are_understood(
    question: str, table: str, of: str
) -> None:
    query = ask(question)
    assert table in {getattr(part, "table", "") for part in parts(query)}
    assert not of or of in spoken_of(question)


def test_a_verb_that_a_time_is_named_for_means_that_time() -> None:
    assert "parcels.scheduled_for" in spoken_of("how many parcels were scheduled in 2024")


@pytest.mark.parametrize(
    ("text", "is_verb"),
    [
        ("placed more than 6 parcels", True),
        ("placed any parcels", True),
        ("placed 3 parcels", True),
        ("placed parcels", False),
        ("placed in 2024", False),
        ("failed more than 6 times", False),
    ],
)
def test_what_begins_something_is_no_status_before_its_object(text: str, is_verb: bool) -> None:
    _, words = harbour()
    found = [m for length, named in words.found(tokens(text), 0) for m in named if length == 1]
    assert is_begun(tokens(text), 0) == is_verb
    assert any(isinstance(m, ValueName) for m in found) != is_verb


@pytest.mark.parametrize(
    "question",
    [
        "which voyages have a capital",
        "number of vessels per home",
        "voyages with a destination in Leith",
        "how many caps does Leith have",
    ],
)
def test_what_no_name_says_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        ask(question)


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        (
            "what is the capacity of each vessel",
            {"vessels.vessel_id", "vessels.vessel_name", "vessels.capacity_teu"},
        ),
        (
            "what is the owner of each vessel",
            {"vessels.vessel_id", "vessels.vessel_name", "vessels.owner_company_id>companies.company_name"},
        ),
        ("status of each parcel", {"parcels.parcel_id", "parcels.status"}),
    ],
)
def test_columns_of_each_are_listed_beside_what_it_is_called(question: str, columns: set[str]) -> None:
    assert not ask(question).group_by
    assert spoken_of(question) == columns
