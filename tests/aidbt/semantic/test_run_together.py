"""Names of old systems, whose words run together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, Relation
from aidbt.semantic.tables.naming import named_tables, with_key_nouns
from aidbt.semantic.tables.run_together import is_run_together, parted

OLD = {
    "CUSTMST": ["CUSTNO", "CUSTNM", "CTRYCOD"],
    "ITMMST": ["ITMNO", "ITMDESC", "LSTPRC"],
    "WHSMST": ["WHSCOD", "WHSNM"],
    "ORDHDR": ["ORDNO", "ORDDT", "SHPDT"],
    "ORDDTL": ["ORDNO", "LINNO", "ORDQTY"],
}


def relation(name: str, columns: list[str]) -> Relation:
    return Relation("main", name, tuple(Column(column, "text") for column in columns))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("custmst", ("customer", "master")),
        ("itmdesc", ("item", "description")),
        ("whscod", ("warehouse", "code")),
        ("linno", ("line", "number")),
        ("ordsts", ("order", "status")),
        ("qtyoh", ("quantity", "on", "hand")),
        ("qtyshp", ("quantity", "shp")),
        ("hirdt", ("hire", "date")),
        ("reopt", ("reorder", "point")),
        ("bkno", ("bk", "number")),
        ("pmtmth", ("payment", "mth")),
        ("passport", ("passport",)),
        ("season", ("season",)),
        ("semester", ("semester",)),
    ],
)
def test_words_are_taken_apart_by_the_short_forms_that_are_known(name: str, words: tuple[str, ...]) -> None:
    assert parted(name) == words


def test_tables_of_old_systems_are_called_by_their_nouns() -> None:
    tables = {t.name: t for t in named_tables([relation(name, columns) for name, columns in OLD.items()])}
    assert ("customer",) in tables["CUSTMST"].nouns
    assert ("warehouse",) in tables["WHSMST"].nouns
    assert ("order",) in tables["ORDHDR"].nouns
    assert ("order", "detail") in tables["ORDDTL"].nouns
    assert tables["ITMMST"].columns["ITMDESC"] == ("item", "description")


def test_a_master_file_of_sales_is_of_who_sells() -> None:
    old = [relation("SLSMST", ["SLSNO", "SLSNM"]), relation("ORDHDR", ["ORDNO", "SLSNO", "ORDDT"])]
    sellers, _ = named_tables(old)
    assert ("salesperson",) in sellers.nouns and ("sale",) not in sellers.nouns


def test_a_key_says_what_the_rows_of_a_file_are() -> None:
    old = [relation("LONTRN", ["LONNO", "MBRNO"]), relation("FINTRN", ["FINNO", "LONNO"])]
    loans, fines = with_key_nouns(named_tables(old), {"LONTRN": "LONNO", "FINTRN": "FINNO"})
    assert ("lon",) in loans.nouns
    assert ("fin",) in fines.nouns


@pytest.mark.parametrize(
    ("tables", "keys"),
    [
        # A mart has a row a carrier, and is none; and where customers are, their profiles are not they.
        ({"carrier_punctuality": ["carrier_id", "rate"]}, {"carrier_punctuality": "carrier_id"}),
        (
            {"customers": ["customer_id", "name"], "customer_profile": ["customer_id", "age"]},
            {"customer_profile": "customer_id"},
        ),
    ],
)
def test_a_key_says_nothing_where_the_noun_is_taken_or_the_rows_are_something_else(
    tables: dict[str, list[str]], keys: dict[str, str]
) -> None:
    plain = named_tables([relation(name, columns) for name, columns in tables.items()])
    assert with_key_nouns(plain, keys) == plain


def test_a_schema_with_separators_is_left_as_it_is() -> None:
    plain = relation("customers", ["customer_id", "custno", "first_name", "city", "signed_up_on"])
    (table,) = named_tables([plain])
    assert not is_run_together(["customers", "first_name", "city", "country", "season"])
    assert table.columns["custno"] == ("custno",)


def test_words_that_are_written_apart_stay_so_among_names_that_run_together() -> None:
    old = {**OLD, "PRESS_RUN": ["ORDNO", "SHEETS_PRINTED", "SHIP_ORDNO"]}
    tables = {t.name: t for t in named_tables([relation(name, columns) for name, columns in old.items()])}
    press = tables["PRESS_RUN"]
    assert ("press", "run") in press.nouns
    assert press.columns["SHEETS_PRINTED"] == ("sheet", "printed")
    assert press.columns["SHIP_ORDNO"][-1] == "number"


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=30))
def test_any_name_gets_words_that_are_not_empty(name: str) -> None:
    assert parted(name) and (not name or all(parted(name)))
