"""What a question, or what comes with it, says twice or in two places: names, rows, times, and their rest."""

from __future__ import annotations

import datetime as dt

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.with_rows import Answer, database

STUDIO = """
create table clients(client_id integer primary key, name varchar, country varchar, joined_on date,
    status varchar);
insert into clients values (1, 'Arc', 'DE', '2024-01-10', 'active'), (2, 'Bay', 'DE', '2024-03-05', 'closed'),
    (3, 'Cob', 'FR', '2024-03-20', 'active');
create table projects(project_id integer primary key, client_id integer references clients(client_id),
    title varchar, created_at timestamp, started_on date, ended_on date);
insert into projects values (1, 1, 'Roof', '2023-12-01 09:00:00', '2024-01-20', '2024-02-01'),
    (2, 1, 'Hall', '2024-01-05 09:00:00', '2025-01-07', null),
    (3, 3, 'Barn', '2024-03-21 09:00:00', '2024-03-25', '2024-09-01'),
    (4, 3, 'Pier', '2024-03-22 09:00:00', '2024-03-30', null),
    (5, 3, 'Gate', '2023-01-22 09:00:00', '2024-05-30', null);
create table bills(bill_id integer primary key, client_id integer references clients(client_id),
    status varchar, sent_on date, due_on date, paid_on date, amount integer, tax integer);
insert into bills values (1, 1, 'paid', '2024-01-06', '2024-02-06', '2024-02-01', 100, 10),
    (2, 1, 'void', '2024-05-04', '2025-01-04', null, 50, 5),
    (3, 2, 'paid', '2024-06-01', '2024-07-01', '2025-01-15', 300, 30),
    (4, 3, 'open', '2025-06-02', '2025-07-02', null, 70, 7);
create table spend_daily(project_id integer references projects(project_id), spent_on date, spend integer,
    primary key (project_id, spent_on));
insert into spend_daily values (1, '2024-01-20', 8), (1, '2024-01-22', 6), (3, '2024-03-30', 5);
create table messages(message_id integer primary key, client_id integer references clients(client_id),
    status varchar, sent_at timestamp, read_at timestamp);
insert into messages values (1, 1, 'unread', '2025-06-01 10:00:00', null),
    (2, 1, 'read', '2025-06-02 10:00:00', '2025-06-03 10:00:00'),
    (3, 3, 'failed', '2025-06-02 10:00:00', null);
"""


@pytest.fixture(scope="module")
def studio() -> Answer:
    """The answer to a question about a studio, with its instructions, in its own order."""
    return database(STUDIO).answer


# --- rows that are spoken of again --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many bills of active clients were sent in 2024, and what is the total amount of those bills?",
         (2, 150)),
        ("How many paid bills are there and what is the average amount of these bills?", (2, 200)),
        ("How many clients are from Germany (DE)?", (2,)),
        ("What was the total amount of bills in 2024? How much of it was paid?", (450, 400)),
        ("What was the total spend in 2024, and how much of that fell on weekends?", (19, 13)),
        ("How many total bills were sent in 2024? How many of those were sent on weekends?", (3, 3)),
        ("Which client started the most projects in 2024 and how many did they start that year?",
         (3, "Cob", 3)),
    ],
)  # fmt: skip
def test_those_are_the_ones_that_were_spoken_of(
    studio: Answer, question: str, answer: tuple[object, ...]
) -> None:
    (row,) = studio(question)

    assert row == answer


@pytest.mark.parametrize(
    "question",
    [
        "What was the average amount of bills in 2024? How much of it was paid?",
        "Which client has the most projects and how many did they have that year?",
        "How many clients are from Germany (FR)?",
    ],
)
def test_what_was_not_spoken_of_before_is_not_spoken_of_again(studio: Answer, question: str) -> None:
    with pytest.raises(Refused):
        studio(question)


def test_rows_that_are_counted_and_named_are_seen_one_by_one(studio: Answer) -> None:
    question = "How many active clients have projects? Return the client name and the number of projects."

    assert sorted(row[-2:] for row in studio(question)) == [("Arc", 2), ("Cob", 3)]


def test_the_name_of_another_thing_may_stand_behind_a_group(studio: Answer) -> None:
    found = studio("Return the total spend of each project, with the client's name.")

    assert sorted(row[1:] for row in found) == [("Barn", "Cob", 5), ("Roof", "Arc", 14)]


@pytest.mark.parametrize("again", ["it", "them"])
def test_groups_may_be_said_in_a_later_sentence(studio: Answer, again: str) -> None:
    asked = "What is the total amount of bills of German clients?"

    found = studio(f"{asked} Return {again} per month, oldest first.")

    assert [(row[0].month, row[1]) for row in found] == [(1, 100), (5, 50), (6, 300)]


# --- times --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How many bills were sent in 2024 (by due date)?", 2),
        ("How many void bills were there in 2025 (based on the due date)?", 1),
        ("How many bills whose paid date falls after their due date are there?", 1),
        ("How many projects were started in 2025?", 1),
    ],
)
def test_a_time_may_be_said_to_be_another_one(studio: Answer, question: str, count: int) -> None:
    assert studio(question) == [(count,)]


@pytest.mark.parametrize(
    ("question", "client"),
    [
        ("Which client started the most projects in 2024?", "Cob"),
        ("Which client created the most projects in 2024?", "Cob"),
        ("Which client ended the most projects in February 2024?", "Arc"),
        ("Which client started the most projects in the same month as it joined?", "Cob"),
    ],
)
def test_the_most_are_those_that_were_done_when_the_verb_says(
    studio: Answer, question: str, client: str
) -> None:
    (row,) = studio(question)

    assert client in row


def test_a_verb_may_be_defined_by_its_time(studio: Answer) -> None:
    told = "A project is launched on its start date."

    assert studio("How many projects were launched in 2024?", told) == [(4,)]
    assert studio("How many projects were launched in 2024 per client?", told)[0][-1] == 1


def test_a_verb_whose_time_nobody_knows_is_refused(studio: Answer) -> None:
    with pytest.raises(Refused):
        studio("How many projects were launched in 2024?", "A project is launched on its opening night.")


def test_rows_of_each_day_are_called_daily(studio: Answer) -> None:
    assert [row[-1] for row in studio("Which projects have no daily spend records?")] == [
        "Hall", "Pier", "Gate",
    ]  # fmt: skip


def test_and_is_no_verb_of_a_time_without_a_name(studio: Answer) -> None:
    tables = "create table taps(tap_id integer primary key, kind varchar, ts timestamp, is_open boolean);"
    rows = "insert into taps values (1, 'beer', '2024-01-01 10:00:00', true), (2, 'beer', null, true);"
    answer = database(tables + rows).answer

    assert answer("What are the 2 most common kinds among open taps and their respective counts?") == [
        ("beer", 2)
    ]


# --- values and totals --------------------------------------------------------------------------------------


def test_what_is_called_so_by_a_value_is_that_before_it_lacks_a_time(studio: Answer) -> None:
    assert studio("How many messages are unread?") == [(1,)]


@pytest.mark.parametrize(("many", "clients"), [(2, {"Arc", "Cob"}), (3, {"Cob"})])
def test_so_many_in_total_are_so_many_of_them(studio: Answer, many: int, clients: set[str]) -> None:
    assert {row[-1] for row in studio(f"Which clients have at least {many} total projects?")} == clients


# --- definitions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("GAB (gross amount billed) = sum of amount plus tax, void bills excluded", 517),
        ("GAB = amount + tax, excluding void bills", 517),
        ("GAB = (total amount - total tax) / number of bills, void ones excluded", 141),
        ("GAB = number of bills, void ones excluded", 3),
        ("GAB = total amount, not counting void bills", 470),
    ],
)
def test_what_a_definition_leaves_out_is_left_out_of_all_of_it(
    studio: Answer, definition: str, value: float
) -> None:
    assert float(studio("What is the GAB?", definition)[0][0]) == value
    assert studio("How many bills are there?", definition) == [(4,)]


@pytest.mark.parametrize(
    "definition",
    [
        "GAB = amount plus tax, blessed bills excluded",
        "GAB = total amount / total spend, excluding void bills",
        "GAB = total amount of bills, without a pardon",
    ],
)
def test_what_is_left_out_of_a_definition_has_to_be_known(studio: Answer, definition: str) -> None:
    with pytest.raises(Refused):
        studio("What is the GAB?", definition)


def test_a_division_told_in_steps_keeps_what_it_divides_by(studio: Answer) -> None:
    told = (
        "To get the paid share of a client, join clients and bills, group by client, and divide the number of"
        " paid bills by the number of all bills."
    )

    found = studio("What is the paid share of each client? Return the name and the paid share.", told)

    assert sorted(row[-2:] for row in found) == [("Arc", 0.5), ("Bay", 1.0), ("Cob", 0.0)]


def test_rows_are_late_when_a_time_falls_after_another(studio: Answer) -> None:
    told = "A bill is overdue when its paid date falls after its due date."

    assert studio("How many overdue bills are there?", told) == [(1,)]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What is the PS (paid share) of client Arc?", "PS (paid share) = paid bills / bills"),
        ("What is the paid share (PS) of client Arc?", "PS = paid bills / bills"),
        ("What is the paid share (PS) of client Arc? Return the PS.", "paid share = paid bills / bills"),
    ],
)
def test_a_short_name_and_its_long_one_are_one(studio: Answer, question: str, told: str) -> None:
    assert float(studio(question, told)[0][-1]) == 0.5


def test_a_week_is_seven_days_also_in_what_is_included(studio: Answer) -> None:
    question = "How many messages were sent in the past 2 weeks, inclusive of 14 days ago?"

    assert studio(question) == [(3,)]
    assert dt.date(2025, 6, 1) == dt.date(2025, 6, 15) - dt.timedelta(days=14)
    with pytest.raises(Refused):
        studio("How many messages were sent in the past 2 weeks, inclusive of 7 days ago?")


SHOP_FUNDS = """
create table shops(shop_id integer primary key, name varchar);
insert into shops values (1, 'Oak'), (2, 'Elm');
create table fund_snapshots(snapshot_id integer primary key, shop_id integer references shops(shop_id),
    snapshot_on date, budget integer, remaining integer);
insert into fund_snapshots values (1, 1, '2025-01-01', 90, 40), (2, 1, '2025-02-01', 80, 10),
    (3, 2, '2025-01-01', 50, 50);
"""


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What is the remaining budget in the latest snapshot of each shop?", ""),
        ("What is the RB of each shop?", "RB = remaining budget of the shop's latest fund snapshot"),
        ("What is the RB of each shop?", "RB = remaining budget of the latest fund snapshot of each shop"),
    ],
)
def test_what_remains_of_a_column_is_one_of_its_own(question: str, told: str) -> None:
    found = database(SHOP_FUNDS).answer(question, told)

    assert sorted((row[1], row[2]) for row in found) == [("Elm", 50), ("Oak", 10)]
