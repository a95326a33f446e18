"""Entries go into people's property files by splicing; what people wrote there stays as it is."""

from __future__ import annotations

import json

import pytest

from aidbt.core.config import parse_yaml
from aidbt.generate.files import Entry
from aidbt.generate.lock import Written
from aidbt.generate.shared import splice_entries

PATH = "models/staging/schema.yml"
THEIRS = """\
version: 2   # ours since 2021

models:
- name: stg_orders   # the big one
  description: "Orders."
  columns:
  - {name: order_id, tests: &pk [unique, not_null]}

# marts are elsewhere
sources:
- name: shop
  tables:
  - name: orders
"""


def model(name: str, columns: list[dict], *, decided: str = "1", description: str = "New.") -> Entry:
    value = {"name": name, "description": description, "columns": columns}
    return Entry(PATH, f"model {name}", value, decided)


def spliced(text: str, entries: list[Entry], known=None, bases=None):
    return splice_entries(text, entries, known or {}, (bases or {}).get, path=PATH)


def again(before, entry: Entry, **more):
    """Splicing the next time: with what the first time wrote."""
    return spliced(more.pop("text", before.text), [entry], before.entries, before.bases)


def is_kept(before: str, after: str) -> bool:
    at = 0
    for line in before.splitlines(keepends=True):
        found = after.find(line, at)
        if found < 0:
            return False
        at = found + len(line)
    return True


def test_a_missing_model_is_added_and_every_line_stays():
    found = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])

    assert is_kept(THEIRS, found.text)
    names = [entry["name"] for entry in parse_yaml(found.text, PATH)["models"]]
    assert names == ["stg_orders", "stg_users"]
    assert set(found.entries) == {"model stg_users"}


def test_a_table_goes_to_its_source_and_a_new_source_comes_with_its_head():
    old = Entry(PATH, "source shop.users", {"name": "users"}, "1", {"name": "shop", "schema": "raw_shop"})
    new = Entry(PATH, "source crm.leads", {"name": "leads"}, "1", {"name": "crm", "schema": "raw_crm"})

    found = spliced(THEIRS, [old, new])

    assert is_kept(THEIRS, found.text)
    shop, crm = parse_yaml(found.text, PATH)["sources"]
    assert [table["name"] for table in shop["tables"]] == ["orders", "users"]
    assert "schema" not in shop
    assert crm == {"name": "crm", "schema": "raw_crm", "tables": [{"name": "leads"}]}


def test_two_new_sources_go_into_a_file_without_any():
    entries = [
        Entry(PATH, f"source {name}.t", {"name": "t"}, "1", {"name": name, "schema": name})
        for name in ("a", "b")
    ]

    found = spliced("version: 2\n", entries)

    assert [source["name"] for source in parse_yaml(found.text, PATH)["sources"]] == ["a", "b"]
    assert set(found.entries) == {"source a.t", "source b.t"}


def test_an_entry_that_a_person_wrote_is_left():
    found = spliced(THEIRS, [model("stg_orders", [{"name": "other"}])])

    assert found.text == THEIRS
    assert found.kept == ("model stg_orders",)
    assert not found.entries


def test_the_same_decisions_change_nothing_even_after_a_persons_edit():
    first = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])
    edited = first.text.replace("New.", "What people call themselves.")

    second = again(first, model("stg_users", [{"name": "user_id"}]), text=edited)

    assert second.text == edited
    assert second.entries == first.entries


def test_new_columns_and_tests_go_in_beside_what_a_person_wrote():
    first = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])
    edited = first.text.replace("description: New.", "description: Mine.").replace('"New."', '"Mine."')
    more = model("stg_users", [{"name": "user_id", "tests": ["unique"]}, {"name": "mail"}], decided="2")

    second = again(first, more, text=edited)

    users = parse_yaml(second.text, PATH)["models"][1]
    assert users["description"] == "Mine."
    assert users["columns"] == [{"name": "user_id", "tests": ["unique"]}, {"name": "mail"}]
    assert second.entries["model stg_users"].decided == "2"
    assert not second.refused


def test_what_a_person_changed_and_we_would_change_too_is_refused():
    first = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])
    edited = first.text.replace("New.", "Mine.")
    other = model("stg_users", [{"name": "user_id"}], decided="2", description="Newer.")

    second = again(first, other, text=edited)

    assert second.text == edited
    assert second.refused == (("model stg_users", "description of stg_users was edited and would change"),)
    assert second.entries == first.entries


TWO = [{"name": "user_id", "data_tests": ["not_null", "unique"]}, {"name": "mail"}]


@pytest.mark.parametrize(
    "fewer",
    [
        [{"name": "user_id", "data_tests": ["not_null", "unique"]}],
        [{"name": "user_id", "data_tests": ["not_null"]}, {"name": "mail"}],
        [{"name": "user_id"}, {"name": "mail_address"}],
    ],
)
def test_what_we_wrote_and_nobody_touched_goes_with_its_decision(fewer):
    first = spliced(THEIRS, [model("stg_users", TWO)])

    second = again(first, model("stg_users", fewer, decided="2"))

    assert not second.refused
    assert second.text == spliced(THEIRS, [model("stg_users", fewer, decided="2")]).text


@pytest.mark.parametrize(
    "theirs",
    [
        ("  - name: mail", "  - name: mail\n    description: Theirs."),
        ("  - name: mail", "  # theirs\n  - name: mail"),
        ("- not_null", "- not_null  # theirs"),
    ],
)
def test_what_a_person_touched_does_not_go(theirs):
    first = spliced(THEIRS, [model("stg_users", TWO)])
    edited = first.text.replace(*theirs)
    assert edited != first.text

    second = again(first, model("stg_users", TWO[:1], decided="2"), text=edited)

    assert second.text == edited
    assert second.refused
    assert second.entries == first.entries


def test_without_what_was_written_before_nothing_changes():
    first = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])
    more = model("stg_users", [{"name": "user_id"}, {"name": "mail"}], decided="2")

    second = spliced(first.text, [more], first.entries)

    assert second.text == first.text
    assert "known neither to the store nor to git" in second.refused[0][1]


def test_an_entry_that_somebody_took_out_stays_out():
    first = spliced(THEIRS, [model("stg_users", [{"name": "user_id"}])])

    second = again(
        first, model("stg_users", [{"name": "user_id"}, {"name": "mail"}], decided="2"), text=THEIRS
    )

    assert second.text == THEIRS
    assert second.entries == first.entries


def test_a_list_that_is_repeated_by_an_alias_is_left_with_the_reason():
    aliased = THEIRS.replace("models:\n", "models: &all\n") + "more: *all\n"

    found = spliced(aliased, [model("stg_users", [{"name": "user_id"}])])

    assert found.text == aliased
    assert found.refused[0][0] == "model stg_users"
    assert not found.entries


def test_what_is_written_is_remembered_by_its_digest():
    entry = model("stg_users", [{"name": "user_id"}])
    found = spliced(THEIRS, [entry])

    written = found.entries["model stg_users"]
    assert isinstance(written, Written)
    assert json.loads(found.bases[written.text]) == entry.value
