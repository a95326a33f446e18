"""Tables all columns of which begin with letters of their own, as `gd_id` and `gd_name` of guides do."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@cache
def trails() -> World:
    tables = {
        "guides": "gd_id gd_name gd_region gd_license",
        "huts": "ht_id ht_name ht_gd_id ht_insured:m ht_rent:m ht_built:n",
        "hikes": "hk_id hk_ht_id hk_gd_id hk_state hk_rating:n hk_date:d",
        "donations": "dn_id dn_ht_id dn_amount:m dn_fee:m dn_status dn_date:d",
    }
    values = {
        ("hikes", "hk_state"): ["done", "planned"],
        ("guides", "gd_license"): ["alpine", "coastal"],
        ("donations", "dn_status"): ["A", "pledged"],
    }
    return made_up(tables, values)


def test_letters_before_a_key_say_whose_it_is():
    found = {r.name: (r.target, r.target_columns) for r in trails()[0].relationships}
    assert found == {
        "huts.ht_gd_id": ("guides", ("gd_id",)),
        "hikes.hk_ht_id": ("huts", ("ht_id",)),
        "hikes.hk_gd_id": ("guides", ("gd_id",)),
        "donations.dn_ht_id": ("huts", ("ht_id",)),
    }


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("average donation", "AVG(donations.dn_amount)"),
        ("what is the highest donation", "MAX(donations.dn_amount)"),
        ("total insured value of all huts", "SUM(huts.ht_insured)"),
        ("average fee amount", "AVG(donations.dn_fee)"),
        ("number of ratings per hut", "COUNT(hikes.hk_rating)"),
        ("which huts have a donation", "EXISTS(SELECT 1 FROM donations"),
    ],
)
def test_amounts_and_ratings_are_found_behind_the_letters(question: str, part: str):
    assert part in sql_of(trails(), question)


@pytest.mark.parametrize("question", ["how many different ratings are there", "average construction value"])
def test_not_every_number_is_such_an_amount(question: str):
    with pytest.raises(Refused):
        sql_of(trails(), question)


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("names of the huts where a guide works", "names of the huts in which a guide works"),
        ("list the huts where hikes take place", "list the huts with hikes"),
        ("huts where a guide with an alpine license works", "huts that have a guide with an alpine license"),
    ],
)
def test_where_is_in_which(question: str, plain: str):
    assert sql_of(trails(), question) == sql_of(trails(), plain)


@cache
def mines() -> World:
    tables = {
        "surveyors": "surveyor_id full_name country",
        "drills": "drill_id model",
        "shafts": "shaft_id name lead_surveyor_id",
        "borings": "boring_id shaft_id drill_id bored_on:d depth:n",
        "elctn": "elctn_id el_nm held_on:d elected_count:n",
        "loans": "loan_id drill_id amount:n loaned_on:d",
    }
    return made_up(tables, {("surveyors", "country"): ["Chile", "Norway"]})


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("which shafts were bored with at least 3 drills", "COUNT(DISTINCT drills.drill_id)"),
        ("which shafts were bored with at least 3 different drills", "COUNT(DISTINCT drills.drill_id)"),
        ("how many shafts were led by lead surveyors from each country", "GROUP BY surveyors.country"),
        ("how many elections were held", "FROM elctn"),
    ],
)
def test_what_is_counted_once(question: str, part: str):
    assert part in sql_of(mines(), question)


def test_what_was_counted_is_shown_as_it_was_counted():
    found = sql_of(
        mines(), "Which shafts were bored with at least 3 drills? Return the name and the number of drills."
    )
    assert found.count("COUNT(DISTINCT drills") == 2


@pytest.mark.parametrize(
    "question",
    [
        "total amount of accepted loans",
        "total amount of sent loans per year",
        "average amount of approved loans",
    ],
)
def test_a_participle_before_rows_is_never_left_out(question: str):
    with pytest.raises(Refused):
        sql_of(mines(), question)


@cache
def garages() -> World:
    tables = {
        "fitter": "fid fname boss_fid wage:n",
        "repair": "rno fid rtype rcode shade opened:d closed:d",
        "vehicle": "vid vname vclass rno",
        "lead": "lid fname lname pcode",
        "equip": "eq_id eq_nm",
    }
    values = {
        ("repair", "rtype"): ["brakes", "engine"],
        ("vehicle", "vclass"): ["van", "truck"],
        ("repair", "shade"): ["red", "blue"],
        ("fitter", "fname"): ["Ada"],
    }
    return made_up(tables, values)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("how many repairs per repair type", "GROUP BY repair.rtype"),
        ("how many vehicles are there by class", "GROUP BY vehicle.vclass"),
        ("the repair number and the repair type", "repair.rno AS rno, repair.rtype"),
        ("the names of all fitters", "fitter.fname"),
        ("how many vehicles in the truck class", "vehicle.vclass = 'truck'"),
        ("the last names of all leads", "lead.lname"),
        ("how many pieces of equipment are there", "COUNT(*) AS equips FROM equip"),
        ("how many repairs were opened on a Saturday or Sunday", "ISODOW(repair.opened) = 6 OR"),
    ],
)
def test_letters_of_the_table_may_be_glued_to_a_name(question: str, part: str):
    assert part in sql_of(garages(), question)


def test_a_key_that_ends_so_is_that_of_its_table():
    found = {r.name: (r.target, r.role) for r in garages()[0].relationships}
    assert found["fitter.boss_fid"] == ("fitter", "boss")
    assert found["vehicle.rno"] == ("repair", "")


@pytest.mark.parametrize("question", ["how many leads per code", "the postal code of each repair"])
def test_letters_that_are_a_word_by_themselves_stay(question: str):
    with pytest.raises(Refused):
        sql_of(garages(), question)
