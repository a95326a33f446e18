"""Asked once per pattern and source: what is seen, what is asked, and what an answer does."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys

import pytest
import yaml

from aidbt.core.errors import SettingsError, UnknownName
from aidbt.mapping.files import load_mappings
from aidbt.mapping.question_files import answer, load_questions, open_questions
from tests.aidbt.generate.conftest import Shop

MESSY = """
create schema raw_hub;
create table raw_hub.deals as select
    i as id,
    (i % 400 + 1) * 100 - (case i % 4 when 0 then 1 when 1 then 5 when 2 then 50 else 0 end) as amount,
    case when i % 3 = 0 then 'Y' else 'N' end as won,
    strftime(date '2021-01-01' + to_days((i % 12 * 30)::int), '%d/%m/%Y') as signed_date,
    strftime(date '2021-01-01' + to_days((i % 11)::int), '%d/%m/%Y') as first_call_date,
    case when i % 50 = 0 then 'N/A' else 'note ' || i end as note,
    case when i % 50 = 0 then 'N/A' else (i * 3)::varchar end as visits,
    case when i % 50 = 0 then '' else (date '2024-01-01' + to_days(i::int))::date::varchar end as due_date,
    1600000000 + i * 1000 as created_ts,
    'city ' || (i % 7) || case when i % 9 = 0 then '  ' else '' end as city,
    '$' || (1 + i % 3) || ',' || (100 + i % 800) || '.50' as list_price,
    strftime(date '2021-01-01' + to_days((i % 300)::int), '%b %d, %Y') as closed_on
from range(1, 601) t(i);
create table raw_hub.refunds as select i as id, i * 100 + 99 as amount_cents, i % 2 as is_partial
from range(1, 301) t(i);
"""


# One of its dates is none.
CALLS = """
create table raw_hub.calls as select i as id, case when i = 7 then 'soon'
    else strftime(date '2021-01-01' + to_days((i % 9)::int), '%d/%m/%Y') end as call_date
from range(1, 201) t(i);
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A project that was generated once."""
    shop = Shop(tmp_path_factory.mktemp("messy") / "shop")
    shop.sql(MESSY)
    shop.generate()
    return shop.root


@pytest.fixture
def messy(generated, tmp_path):
    """A copy of it."""
    return Shop(shutil.copytree(generated, tmp_path / "shop"))


def questions(shop):
    return load_questions(shop.root)


def columns(shop, key="hub.deals"):
    return {c.sources[0]: c for c in load_mappings(shop.root)[key].columns}


def test_each_pattern_is_asked_once_for_all_tables_of_a_source(messy):
    asked = questions(messy)
    assert set(asked) == set(ANSWERS)
    assert list(asked["cents:hub"].about) == ["hub.deals.amount", "hub.refunds.amount_cents"]
    assert list(asked["yes_no:hub"].about) == ["hub.deals.won", "hub.refunds.is_partial"]
    assert list(asked["day_first:hub"].about) == ["hub.deals.first_call_date"]
    assert list(asked["null_words:hub"].about) == [
        "hub.deals.note",
        "hub.deals.visits",
        "hub.deals.due_date",
    ]
    sentences = [q.sentence for q in open_questions(asked, load_mappings(messy.root))]
    assert "amount and 1 more, 2 tables: whole numbers that look like cents" in sentences


def test_until_it_is_answered_a_column_stays_as_it_is(messy):
    for name in ("amount", "won", "first_call_date", "note", "created_ts", "city", "list_price"):
        assert columns(messy)[name].expression is None
        assert columns(messy)[name].cast is None


def test_dates_that_every_row_proves_are_read_without_a_question(messy):
    signed, closed = columns(messy)["signed_date"], columns(messy)["closed_on"]
    assert signed.expression == "cast(strptime(signed_date, '%d/%m/%Y') as date)"
    assert closed.expression == "cast(strptime(closed_on, '%b %d, %Y') as date)"
    assert {signed.by, closed.by} == {"aidbt"}


def test_what_is_certain_elsewhere_in_the_source_is_recommended(messy):
    assert questions(messy)["day_first:hub"].recommended == "day_first"


def test_the_file_holds_no_value_of_a_row(messy):
    text = messy.read("aidbt/questions.yml")
    assert "note 1" not in text
    assert "city 1" not in text
    assert "12 × 'N/A' among 600 values" in text


def test_generating_again_changes_nothing(messy):
    before = messy.texts()

    again = messy.generate()

    assert messy.texts() == before
    assert not again.is_drift


ANSWERS = {
    "cents:hub": "divide",
    "yes_no:hub": "boolean",
    "day_first:hub": "day_first",
    "null_words:hub": "to_null",
    "epoch:hub": "timestamp",
    "padded:hub": "trim",
    "currency:hub": "decimal_point",
}


def model(shop, table):
    """The SQL of a staging model with its source filled in."""
    text = shop.read(f"models/silver/hub/stg_hub__{table}.sql")
    return text.replace(f"{{{{ source('hub', '{table}') }}}}", f"raw_hub.{table}")


def test_answers_become_columns(messy):
    for question, option in ANSWERS.items():
        answer(messy.root, question, option)
    messy.generate()

    deals, refunds = columns(messy), columns(messy, "hub.refunds")
    assert {c.by for name, c in deals.items() if name in ("amount", "won", "note", "city")} == {"person"}
    assert (deals["won"].target, refunds["is_partial"].target) == ("is_won", "is_partial")
    assert refunds["amount_cents"].target == "amount"
    assert deals["created_ts"].target == "created_at"
    assert (deals["visits"].cast, deals["due_date"].cast) == ("bigint", "date")
    ((amount, won, call, note, created, city, price, visits),) = messy.rows(
        "select amount, is_won, first_call_date::varchar, note, created_at::varchar, city, list_price, visits"
        f" from ({model(messy, 'deals')}) where deal_id = 9"
    )
    assert (float(amount), won, call, note) == (9.95, True, "2021-01-10", "note 9")
    assert (created, city, float(price), visits) == ("2020-09-13 14:56:40", "city 2", 1109.5, 27)
    assert messy.rows(f"select count(*) from ({model(messy, 'deals')}) where note is null") == [(12,)]


def test_an_exception_stays_as_it_is(messy):
    answer(messy.root, "cents:hub", "divide", excepted=["hub.deals.amount"])
    messy.generate()

    assert columns(messy)["amount"].expression is None
    assert columns(messy, "hub.refunds")["amount_cents"].cast == "decimal(18, 2)"


def test_a_new_table_follows_the_answer_without_a_question(messy):
    answer(messy.root, "cents:hub", "divide")
    messy.generate()
    messy.sql(
        "create table raw_hub.payouts as select i as id, i * 100 + 99 as fee_cents from range(1, 99) t(i)"
    )

    messy.generate()

    fee = columns(messy, "hub.payouts")["fee_cents"]
    assert (fee.target, fee.by, fee.expression) == ("fee", "person", "fee_cents / 100.0")
    assert "hub.payouts.fee_cents" not in questions(messy)["cents:hub"].about


def test_a_column_that_a_person_decided_is_left_alone(messy):
    path = "aidbt/mappings/hub__deals.yml"
    text = messy.read(path)
    line = next(line for line in text.splitlines() if "source: amount," in line)
    messy.write(path, text.replace(line, line.replace("by: aidbt", "by: person")))
    answer(messy.root, "cents:hub", "divide")

    messy.generate()

    assert columns(messy)["amount"].expression is None


def test_an_answer_that_would_lose_a_value_is_not_followed(shop):
    shop.sql(f"create schema raw_hub; {CALLS}")
    shop.generate()
    asked = questions(shop)["day_first:hub"]
    assert "day_first" not in asked.options
    assert "1 would become null" in asked.about["hub.calls.call_date"]

    answer(shop.root, "day_first:hub", "day_first_or_null")
    shop.generate()

    assert "try_strptime" in (columns(shop, "hub.calls")["call_date"].expression or "")


def test_a_broken_answer_that_others_allow_is_a_finding(messy):
    messy.sql(CALLS)
    messy.generate()
    answer(messy.root, "day_first:hub", "day_first")

    plan = messy.generate()

    found = next(f for f in plan.findings if f.code == "question.answer_does_not_fit")
    assert found.where == "hub.calls.call_date"
    assert "day_first_or_null" in found.message
    assert columns(messy, "hub.calls")["call_date"].expression is None
    assert columns(messy)["first_call_date"].expression is not None


def test_the_team_s_own_expression_is_recommended(messy):
    messy.write(
        "aidbt.yml", "conventions:\n  expressions:\n    amount: \"{{ cents_to_dollars('<column>') }}\"\n"
    )
    messy.generate()
    answer(messy.root, "cents:hub", "divide")

    messy.generate()

    assert columns(messy)["amount"].expression == "{{ cents_to_dollars('amount') }}"


def test_comments_in_the_file_survive_an_answer(messy):
    text = messy.read("aidbt/questions.yml")
    text = text.replace("  - id: yes_no:hub", "  # ask Ada\n  - id: yes_no:hub")
    messy.write("aidbt/questions.yml", text)

    answer(messy.root, "yes_no:hub", "boolean", excepted=["hub.deals.won"])

    after = messy.read("aidbt/questions.yml")
    assert "  # ask Ada\n  - id: yes_no:hub" in after
    assert yaml.safe_load(after) != yaml.safe_load(text)
    changed = set(after.splitlines()) - set(text.splitlines())
    assert changed <= {
        "    answer: boolean",
        "    except: [hub.deals.won]",
        "    except:",
        "      - hub.deals.won",
    }


def test_comments_in_a_mapping_survive_what_an_answer_does_to_it(messy):
    path = "aidbt/mappings/hub__deals.yml"
    text = messy.read(path)
    line = next(line for line in text.splitlines() if "source: won," in line)
    messy.write(path, text.replace(line, f"  # since the merger\n{line}"))
    answer(messy.root, "yes_no:hub", "boolean")

    messy.generate()

    after = messy.read(path)
    assert "  # since the merger\n  - target: is_won\n" in after
    assert columns(messy)["won"].target == "is_won"
    assert "column: won" not in after


def test_wrong_answers_are_told_apart(messy):
    with pytest.raises(UnknownName, match="cents:hub"):
        answer(messy.root, "cent:hub", "divide")
    with pytest.raises(UnknownName) as wrong:
        answer(messy.root, "cents:hub", "devide")
    assert wrong.value.hint == "did you mean 'divide'?"
    with pytest.raises(UnknownName) as column:
        answer(messy.root, "cents:hub", "divide", excepted=["hub.deals.amont"])
    assert column.value.hint == "did you mean 'hub.deals.amount'?"

    text = messy.read("aidbt/questions.yml").replace("answer: null", "answer: devide", 1)
    messy.write("aidbt/questions.yml", text)
    with pytest.raises(SettingsError) as broken:
        load_questions(messy.root)
    assert "devide" in broken.value.message


def run(shop, *arguments, tty=False):
    """`aidbt review …` as a person runs it; on a terminal of its own when asked."""
    command = [sys.executable, "-m", "aidbt", "review", *arguments, "--project-dir", str(shop.root)]
    if not tty:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    return command


def test_review_lists_the_open_questions_first(messy):
    shown = run(messy).stdout

    assert "waiting for you: 7 questions, " in shown
    assert shown.index("cents:hub  amount and 1 more, 2 tables") < shown.index("aidbt review --tests")
    assert "aidbt review answer cents:hub divide" in shown


def test_nothing_is_asked_where_nobody_can_answer(messy):
    before = messy.texts()

    done = run(messy, "--ask")

    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert messy.texts() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_questions_are_answered_one_by_one_in_a_terminal(messy):
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        run(messy, "--ask", tty=True), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, b"\nnonsense\nkeep\n" + b"later\n" * 5)
        shown = b""
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)

    answers = {question.id: question.answer for question in questions(messy).values()}
    assert "nonsense" in shown.decode()
    assert answers["cents:hub"] == "divide"
    assert answers["yes_no:hub"] == "keep"
    assert set(answers.values()) == {"divide", "keep", ""}
    assert b"answered 2 questions of 7" in shown
