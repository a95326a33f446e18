"""What waits for review, what is shown of it, and what "never" makes of a proposal."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import EditConflict, UnknownName, UsageError
from aidbt.core.schema import ColumnMatch, ColumnProfile, MappedColumn, Mapping, TableProfile
from aidbt.mapping.decisions import with_peoples_columns
from aidbt.mapping.files import load_mappings
from aidbt.mapping.queue import (
    accept_all,
    choose_one,
    columns_used,
    never_one,
    reject_all,
    review_items,
    review_queue,
)
from aidbt.mapping.waiting import ReviewItem, percent, with_evidence, with_samples

MAPPING = """\
source: {name: shop, table: orders, schema: raw_shop}
target: order
columns:
  - {target: order_id, source: id, type: INTEGER, status: accepted, by: aidbt}
  - {target: sum, source: am, status: review, by: aidbt, score: 0.50, alternatives: {total: 0.4, id: 0.3}}
  - {target: day, source: d, type: DATE, status: review, by: aidbt, score: 0.86}
  - {target: at, status: review, by: aidbt, note: no source found}
  - {target: old, status: rejected, by: person}
unmapped: [year, month, total]
tests:
  - {column: order_id, test: unique, status: review, by: aidbt}
"""
TARGET = """\
name: order
columns:
  - {name: order_id, type: integer}
  - {name: sum, type: 'decimal(18, 2)', description: Net amount.}
  - {name: day, type: date}
  - {name: at, type: timestamp}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder, text in (("mappings/shop__orders", MAPPING), ("targets/order", TARGET)):
        path = tmp_path / "aidbt" / f"{folder}.yml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def only(project: Path) -> Mapping:
    return load_mappings(project)["shop.orders"]


def column(project: Path, name: str) -> MappedColumn:
    return next(c for c in only(project).columns if c.target == name)


def item(project: Path, selector: str) -> ReviewItem:
    return next(item for item in review_items(project) if item.selector == selector)


def profile(*columns: ColumnProfile) -> dict[str, TableProfile]:
    return {"shop.orders": TableProfile("raw_shop", "orders", 10, 10, "f", columns)}


def test_the_queue_counts_what_is_decided_beside_what_waits(project):
    queue = review_queue(project)

    assert (queue.tables, queue.by_aidbt, queue.by_people, queue.rejected) == (1, 1, 0, 1)
    assert [i.selector for i in queue.items] == [
        "shop.orders.sum",
        "shop.orders.day",
        "shop.orders.at",
        "shop.orders.order_id:unique",
    ]


def test_an_item_says_what_its_target_declares(project):
    found = item(project, "shop.orders.sum")

    assert (found.wanted_type, found.description) == ("decimal(18, 2)", "Net amount.")


def test_below_leaves_what_is_more_probable_and_tests_out(project):
    assert [i.column for i in review_queue(project, below=0.7).items] == ["sum", "at"]


def test_by_probability_begins_with_what_is_quickly_decided(project):
    assert [i.column for i in review_queue(project, by="probability").items] == [
        "day",
        "sum",
        "at",
        "order_id",
    ]


def test_a_selection_that_names_no_mapped_table_is_refused(project):
    assert review_queue(project, ["source:shop.ord*"]).items
    with pytest.raises(UsageError, match="no mapped table is selected by crm"):
        review_queue(project, ["crm"])


def test_a_project_without_mappings_has_an_empty_queue(tmp_path):
    assert review_queue(tmp_path, ["anything"]).items == ()


def test_what_is_known_of_a_column_without_values_is_its_form(project):
    secret = ColumnProfile("am", "VARCHAR", 0.25, 9, min_length=6, max_length=31, pii="email")
    formats = {"code": 1.0, "integer": 0.9, "decimal": 0.02, "date": 0.08}
    plain = ColumnProfile("total", "VARCHAR", 0.0, 9, min_length=1, max_length=1, formats=formats)
    nothing = ColumnProfile("id", "VARCHAR", 1.0, 0, formats=formats)
    (found, *_) = with_samples(review_items(project), profile(secret, plain, nothing))

    assert [sample.text for sample in found.samples] == [
        "values not shown: email; 6 to 31 characters; 25 % null",
        "values not kept; 1 character; 90 % integer, 8 % date",
        "no value",
    ]


def test_samples_of_personal_data_show_nothing_but_its_kind(project):
    am = ColumnProfile("am", "REAL", 0.25, 3, top_values=(("1.5", 0.5), ("2", 0.004)), minimum="1")
    total = ColumnProfile("total", "REAL", 0.0, 3, top_values=(("secret", 1.0),), minimum="s", pii="email")
    (found, *_) = with_samples(review_items(project), profile(am, total))

    assert [sample.text for sample in found.samples] == ["1.5 50 %, 2; 25 % null", "values not shown: email"]
    assert "secret" not in repr(found)


def test_a_value_of_megabytes_is_cut(project):
    am = ColumnProfile("am", "TEXT", 0.0, 1, top_values=(("x" * 5_000_000, 1.0),))
    (found, *_) = with_samples(review_items(project), profile(am))

    assert len(found.samples[0].text) < 80


def test_a_source_that_the_table_has_not_cannot_be_accepted_as_it_stands(project):
    found = with_samples(review_items(project), profile(ColumnProfile("amount", "REAL", 0.0, 3)))[0]

    assert found.gone == ("am",)
    assert list(found.commands) == ["choose", "reject", "never"]


def test_evidence_is_only_shown_of_the_proposal_that_it_is_about(project):
    match = ColumnMatch("am", "sum", 0.5, "review", {"name": 0.4}, (), 0.1, "total", ("alike",))
    other = ColumnMatch("id", "day", 0.5, "review", {"name": 0.4}, (), 0.1, "total", ("alike",))
    items = with_evidence(review_items(project), {"shop.orders.sum": match, "shop.orders.day": other})

    assert (items[0].reasons, items[0].rival, items[0].margin) == (("alike",), "total", 0.1)
    assert items[1].reasons == ()


@pytest.mark.parametrize(
    ("selector", "verbs"),
    [
        ("shop.orders.sum", ["accept", "reject", "choose", "never"]),
        ("shop.orders.at", ["choose", "reject"]),
        ("shop.orders.order_id:unique", ["accept", "reject"]),
    ],
)
def test_only_commands_that_can_work_are_offered(project, selector, verbs):
    assert list(item(project, selector).commands) == verbs


def wait_for(project: Path, entry: str) -> None:
    """Let the column `day` wait with this entry."""
    path = project / "aidbt/mappings/shop__orders.yml"
    old = "{target: day, source: d, type: DATE, status: review, by: aidbt, score: 0.86}"
    path.write_text(path.read_text().replace(old, entry))


def test_a_proposed_expression_is_accepted_as_it_stands(project):
    # Its cast was proven on every row; the note only says that its meaning was not.
    made = "sources: [d e], expression: 'left(\"d e\", 10)', cast: date"
    wait_for(project, f"{{target: day, {made}, status: review, by: aidbt, score: 0.4, note: not verified}}")

    assert next(iter(item(project, "shop.orders.day").commands)) == "accept"
    accept_all(project, ["shop.orders.day"])

    day = column(project, "day")
    assert (day.expression, day.cast, day.status, day.by) == ('left("d e", 10)', "date", "accepted", "person")


def test_a_cast_that_loses_values_asks_for_an_expression_over_the_same_source(project):
    lossy = "source: d e, type: VARCHAR, cast: date, note: 9 rows would lose their value by a cast to date"
    wait_for(project, f"{{target: day, {lossy}, status: review, by: aidbt, score: 0.9}}")

    with pytest.raises(UsageError, match="9 rows would lose") as refused:
        accept_all(project, ["shop.orders.day"])

    assert refused.value.hint == "say how: aidbt review choose shop.orders.day 'd e' --expression \"…\""
    assert (
        item(project, "shop.orders.day").commands["choose"]
        == "aidbt review choose shop.orders.day 'd e' --expression SQL"
    )


def test_never_proposes_the_next_best_that_no_other_column_takes(project):
    never_one(project, "shop.orders.sum", dialect="duckdb")

    found = column(project, "sum")
    assert (found.sources, found.score, found.status, found.never) == (("total",), 0.4, "review", ("am",))
    assert found.cast == "decimal(18, 2)"
    assert only(project).unmapped == ("year", "month", "am")

    never_one(project, "shop.orders.sum", dialect="duckdb")  # id is what order_id is made from

    found = column(project, "sum")
    assert (found.sources, found.score, found.note) == ((), None, "no source found")
    assert found.never == ("am", "total")
    assert "never: [am, total]" in (project / "aidbt/mappings/shop__orders.yml").read_text()


def test_never_proposes_nothing_that_is_less_likely_than_the_settings_ask_for(project):
    never_one(project, "shop.orders.sum", dialect="duckdb", least=0.41)

    found = column(project, "sum")
    assert (found.sources, found.score, found.note) == ((), None, "no source found")
    assert ("total", 0.4) in found.alternatives


def test_never_drops_the_tests_that_were_found_for_the_source(project):
    never_one(project, "shop.orders.order_id", "total", dialect="duckdb")
    assert [test.test for test in only(project).tests] == ["unique"]

    never_one(project, "shop.orders.order_id", dialect="duckdb")
    assert only(project).tests == ()


def test_never_of_another_source_only_drops_it_from_the_candidates(project):
    never_one(project, "shop.orders.sum", "total", dialect="duckdb")

    found = column(project, "sum")
    assert (found.sources, found.alternatives, found.never) == (("am",), (("id", 0.3),), ("total",))


def test_never_of_a_decided_source_asks_again(project):
    never_one(project, "shop.orders.order_id", "id", dialect="duckdb")

    assert column(project, "order_id").status == "review"


def test_the_type_of_a_chosen_column_is_kept_so_that_a_change_of_it_is_drift(project):
    types = {"shop.orders": {"total": "DECIMAL(18,2)", "year": "VARCHAR"}}

    choose_one(project, "shop.orders.sum", ["total"], dialect="duckdb", types=types)
    choose_one(project, "shop.orders.at", ["year"], dialect="duckdb", types=types)

    kept = {c.target: (c.source_type, c.cast) for c in only(project).columns if c.by == "person"}
    assert kept["sum"] == ("DECIMAL(18,2)", None)
    assert kept["at"] == ("VARCHAR", "timestamp")


def test_choosing_it_after_all_takes_never_back(project):
    never_one(project, "shop.orders.sum", dialect="duckdb")
    choose_one(project, "shop.orders.sum", ["am"], dialect="duckdb")

    found = column(project, "sum")
    assert (found.sources, found.never) == (("am",), ())


def test_never_survives_other_decisions(project):
    never_one(project, "shop.orders.sum", dialect="duckdb")
    accept_all(project, ["shop.orders.sum"])
    reject_all(project, ["shop.orders.sum"])

    assert column(project, "sum").never == ("am",)


@pytest.mark.parametrize(
    ("selector", "source", "said"),
    [
        ("shop.orders.sum", "amm", "no column of shop.orders is called 'amm'"),
        ("shop.orders.at", "", "nothing is proposed"),
        ("shop.orders.order_id:unique", "", "is a test"),
    ],
)
def test_never_without_a_clear_source_is_refused(project, selector, source, said):
    with pytest.raises(UsageError, match=said):
        never_one(project, selector, source, dialect="duckdb")

    assert (project / "aidbt/mappings/shop__orders.yml").read_text() == MAPPING


WITHOUT_TARGET = """\
source: {name: shop, table: orders, schema: raw_shop}
columns:
  - {target: order_id, source: id, type: INTEGER, status: accepted, by: aidbt}
  - {target: login, source: user_nm, type: VARCHAR, status: review, by: aidbt, score: 0.60, note: 'is login called user_nm now?'}
  - {target: nick, source: nick, type: VARCHAR, status: accepted, by: aidbt}
tests:
  - {column: login, test: not_null, status: accepted, by: aidbt}
  - {column: nick, test: unique, status: accepted, by: aidbt}
"""  # noqa: E501


@pytest.fixture
def kept(project: Path) -> Path:
    """A project in which every column is kept, and one seems to have a new name."""
    (project / "aidbt/mappings/shop__orders.yml").write_text(WITHOUT_TARGET)
    return project


def test_never_refuses_a_new_name_where_no_target_is_declared(kept):
    assert "never" in item(kept, "shop.orders.login").commands

    never_one(kept, "shop.orders.login", dialect="duckdb")

    found = column(kept, "login")
    assert (found.sources, found.never, found.status) == ((), ("user_nm",), "review")
    # The column of that name is a new one for the next run, and nothing of it is left out.
    assert only(kept).unmapped == ()
    assert [test.column for test in only(kept).tests] == ["nick"]


def test_never_keeps_a_name_from_being_proposed_later_where_no_target_is_declared(kept):
    never_one(kept, "shop.orders.nick", "user_nm", dialect="duckdb")

    found = column(kept, "nick")
    assert (found.sources, found.never, found.status) == (("nick",), ("user_nm",), "accepted")


def test_never_of_a_column_that_only_keeps_its_source_is_refused(kept):
    with pytest.raises(UsageError, match="nick is nick itself") as error:
        never_one(kept, "shop.orders.nick", dialect="duckdb")

    assert error.value.hint == "to leave the column out: aidbt review reject shop.orders.nick"
    assert (kept / "aidbt/mappings/shop__orders.yml").read_text() == WITHOUT_TARGET


def test_a_column_chosen_as_the_new_name_of_another_is_not_kept_twice(kept):
    choose_one(kept, "shop.orders.login", ["nick"], dialect="duckdb")

    assert [(c.target, c.sources) for c in only(kept).columns] == [
        ("order_id", ("id",)),
        ("login", ("nick",)),
    ]
    assert only(kept).tests == ()


def test_a_column_that_is_chosen_for_another_that_was_decided_stays(kept):
    choose_one(kept, "shop.orders.nick", ["id"], dialect="duckdb")

    assert [(c.target, c.sources) for c in only(kept).columns if c.target != "login"] == [
        ("order_id", ("id",)),
        ("nick", ("id",)),
    ]


def test_a_file_laid_out_by_hand_is_left_where_a_column_of_it_would_have_to_go(kept):
    path = kept / "aidbt/mappings/shop__orders.yml"
    by_hand = WITHOUT_TARGET.replace("{target: nick, source: nick,", "{source: nick, target: nick,")
    path.write_text(by_hand)

    with pytest.raises(EditConflict, match="laid out by hand"):
        choose_one(kept, "shop.orders.login", ["nick"], dialect="duckdb")

    assert path.read_text() == by_hand


def test_an_expression_over_one_column_keeps_its_type_so_that_a_change_of_it_is_drift(project):
    choose_one(project, "shop.orders.day", ["d"], expression="d + 1", dialect="duckdb")
    choose_one(project, "shop.orders.at", ["year", "month"], expression="year + month", dialect="duckdb")

    assert (column(project, "day").source_type, column(project, "at").source_type) == ("DATE", "")


def test_deciding_anew_does_not_propose_what_is_never_to_be_proposed():
    old = Mapping(
        "s", "t", (MappedColumn("a", (), status="review", never=("x",)),), target="t", unmapped=("x", "y")
    )
    again = MappedColumn("a", ("x",), status="review", score=0.9, alternatives=(("y", 0.5),))
    fresh = Mapping("s", "t", (again,), target="t", unmapped=("y",))

    merged = with_peoples_columns(fresh, old)

    assert (merged.columns[0].sources, merged.columns[0].never) == ((), ("x",))
    assert merged.columns[0].alternatives == (("y", 0.5),)
    assert set(merged.unmapped) == {"x", "y"}


def test_deciding_anew_loses_no_source_of_a_column_that_a_person_decided():
    old = Mapping("s", "t", (MappedColumn("a", ("y",), by="person"),), target="t", unmapped=("x",))
    fresh = Mapping("s", "t", (MappedColumn("a", ("x",)),), target="t", unmapped=("y",))

    merged = with_peoples_columns(fresh, old)

    assert merged.columns == old.columns
    assert merged.unmapped == ("x",)


def test_the_sources_of_an_expression_are_read_from_it(project):
    choose_one(project, "shop.orders.at", [], expression="make_date(Year, month, 1)", dialect="duckdb")

    assert column(project, "at").sources == ("year", "month")


def test_an_expression_over_a_column_that_is_not_there_names_the_nearest(project):
    with pytest.raises(UnknownName) as error:
        choose_one(project, "shop.orders.at", [], expression="make_date(yer, month, 1)", dialect="duckdb")

    assert error.value.hint == "did you mean 'year'?"


@pytest.mark.parametrize("expression", ["selec from (", "", "'year'"])
def test_no_columns_are_read_from_what_uses_none(expression):
    assert columns_used(expression, ["year"], "duckdb") == []


def test_a_probability_is_never_rounded_to_certainty():
    assert [percent(p) for p in (0.0, 0.004, 0.5, 0.996, 1.0)] == ["0 %", "<1 %", "50 %", "99 %", "100 %"]
