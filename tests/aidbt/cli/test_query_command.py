"""`aidbt query` answers questions about a built project, and says how it understood them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import AidbtError, UsageError
from tests.aidbt.cli.asked_shop import FILES, build_without_dbt
from tests.dbt_shop import DBT, Shop, held_by_another_process, new_shop
from tests.openai_server import MODEL, OpenAIServer, good

BY_COUNTRY = "how many orders by country"
CLOCK = ("--clock", "2025-06-15")


class Asker:
    """A built shop, and questions to it."""

    def __init__(self, shop: Shop) -> None:
        self.root = shop.root
        self.database = shop.database

    def ask(self, *arguments: str) -> Result:
        where = ["--project-dir", str(self.root), "--profiles-dir", str(self.root)]
        return CliRunner().invoke(cli, ["query", *CLOCK, *arguments, *where])

    def json(self, *arguments: str) -> Any:
        result = self.ask(*arguments, "--output", "json")
        assert result.stdout, result.exception
        return json.loads(result.stdout)

    def error(self, *arguments: str) -> AidbtError:
        error = self.ask(*arguments).exception
        assert isinstance(error, AidbtError), error
        return error

    def table(self, *arguments: str) -> list[list[str]]:
        """The rows of the printed table, sorted."""
        lines = self.ask(*arguments).stdout.splitlines()
        return sorted(line.split() for line in lines if line.startswith("  "))[1:]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    shop = new_shop(tmp_path_factory.mktemp("asked"), FILES)
    build_without_dbt(shop)
    return Asker(shop)


# --- answers ------------------------------------------------------------------------------------------


def test_the_reading_comes_first_then_the_rows_and_their_number(shop: Asker):
    lines = shop.ask(BY_COUNTRY).stdout.splitlines()

    assert lines[0] == "reading: The number of orders per country of customers."
    assert sorted(line.split() for line in lines[2:5]) == [
        ["France", "674"],
        ["Germany", "668"],
        ["Spain", "618"],
    ]
    assert lines[-1] == "3 rows"


def test_programs_get_the_rows_the_reading_the_query_and_what_it_rests_on(shop: Asker):
    result = shop.json(BY_COUNTRY)

    assert result["is_answered"]
    assert (result["way"], result["by"], result["level"]) == ("english", "", "full")
    assert result["columns"] == ["country", "orders"]
    assert {"country": "Spain", "orders": 618} in result["rows"]
    assert (result["row_count"], result["total"], result["is_cut"]) == (3, 3, False)
    assert result["joins"] == ["orders.customer_id = customers.customer_id (tested)"]
    assert result["query"]["group_by"] == ["customers.country"]


def test_the_query_in_the_result_can_be_asked_again_from_a_file(shop: Asker, tmp_path: Path):
    first = shop.json(BY_COUNTRY)
    (tmp_path / "again.json").write_text(json.dumps(first["query"]))

    again = shop.json("--file", str(tmp_path / "again.json"))

    assert again["way"] == "document"
    assert again["sql"] == first["sql"]


def test_a_query_is_written_by_hand_as_yaml(shop: Asker, tmp_path: Path):
    (tmp_path / "q.yml").write_text(
        "outputs:\n"
        "  - orders.status\n"
        "  - {name: total, term: {sum: orders.amount}}\n"
        "group_by: [orders.status]\n"
        "where: {period: orders.ordered_at, from: {start_of: year, shift: -1, unit: year}}\n"
    )
    result = shop.ask("-f", str(tmp_path / "q.yml"), "--explain")

    assert "ordered_at is at or after the start of last year (2024-01-01)" in result.stdout
    assert "columns  orders.amount: What was paid." in result.stdout
    assert 'SUM("orders"."amount")' in result.stdout
    assert any(line.split()[:1] == ["NULL"] for line in result.stdout.splitlines())


def test_metrics_are_asked_for_by_name_without_a_profile(shop: Asker):
    result = shop.json(
        "--metrics", "turnover", "--group-by", "order__status", "--order-by", "-turnover", "--limit", "2"
    )

    assert result["reading"] == (
        "The metric turnover per order__status, sorted by turnover descending; only the first 2 rows."
    )
    assert result["way"] == "metrics"
    turnovers = [row["turnover"] for row in result["rows"]]
    assert len(turnovers) == 2
    assert turnovers == sorted(turnovers, reverse=True)


def test_metrics_without_an_order_are_sorted_by_their_groups(shop: Asker):
    by_month = ("--metrics", "turnover", "--group-by", "metric_time__month")
    result = shop.json(*by_month)
    months = [row["metric_time__month"] for row in result["rows"]]

    assert months == sorted(months)
    assert result["reading"] == (
        "The metric turnover per metric_time__month, sorted by metric_time__month ascending."
    )
    assert [row["metric_time__month"] for row in shop.json(*by_month, "--limit", "2")["rows"]] == months[:2]


def test_a_filter_that_is_no_sql_is_the_asker_s_fault_and_not_ours(shop: Asker):
    error = shop.error("--metrics", "turnover", "--where", "drop table x")

    assert isinstance(error, UsageError)
    assert "the filter 'drop table x' cannot be used" in error.message
    unknown = shop.error("--metrics", "turnover", "--where", "stat = 'paid'")
    assert unknown.message.endswith("cannot be used: no column is called 'stat'")


def test_rows_beyond_the_most_are_counted_and_said(shop: Asker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIDBT_SEMANTIC_MAX_ROWS", "7")

    result = shop.json("list all orders")

    assert (result["row_count"], result["total"], result["is_cut"]) == (7, 2000, True)
    assert "LIMIT" not in result["sql"]


def test_csv_alone_is_on_stdout(shop: Asker):
    result = shop.ask(BY_COUNTRY, "--output", "csv")

    assert sorted(result.stdout.splitlines()) == ["France,674", "Germany,668", "Spain,618", "country,orders"]
    assert result.stderr.startswith("reading: ")


def test_a_dry_run_shows_the_sql_and_asks_nothing_of_the_tables(shop: Asker):
    result = shop.ask(BY_COUNTRY, "--dry-run", "--output", "sql")

    assert result.stdout.startswith("SELECT")
    assert shop.json(BY_COUNTRY, "--dry-run")["is_answered"] is False


def test_the_answer_is_drawn(shop: Asker, tmp_path: Path):
    result = shop.ask(BY_COUNTRY, "--output", "chart", "--chart", str(tmp_path / "a.svg"))

    assert "█" in result.stdout
    assert "The number of orders per country" in (tmp_path / "a.svg").read_text()


def test_an_answer_without_rows_is_not_drawn_and_says_so(shop: Asker, tmp_path: Path):
    nothing = ("how many orders by country in 1999", "--chart", str(tmp_path / "a.svg"))
    result = shop.ask(*nothing)

    assert result.exit_code == 0, result.output
    assert "no rows: nothing in the data fits" in result.stdout
    assert "was not drawn: there are no rows" in result.stderr
    assert shop.json(*nothing)["chart"] is None
    assert not (tmp_path / "a.svg").exists()


def test_an_answer_that_cannot_be_drawn_is_shown_before_that_is_said(shop: Asker, tmp_path: Path):
    (tmp_path / "folder.png").mkdir()
    one_number = shop.ask("how many orders", "--chart", str(tmp_path / "a.png"))
    no_place = shop.ask(BY_COUNTRY, "--chart", str(tmp_path / "folder.png"))
    as_chart = shop.ask("how many orders", "--output", "chart")

    for result, message in (
        (one_number, "nothing to draw"),
        (no_place, "cannot be written"),
        (as_chart, "draw"),
    ):
        assert isinstance(result.exception, AidbtError)
        assert message in result.exception.message
    assert "2000" in one_number.stdout
    assert "674" in no_place.stdout
    assert "2000" in as_chart.stdout


def test_a_limit_on_the_command_line_is_in_the_reading(shop: Asker):
    result = shop.ask("list all customers", "--limit", "3")

    assert "only the first 3 rows" in result.stdout
    assert result.stdout.splitlines()[-1] == "3 rows"


def in_a_process(shop: Asker, *arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "aidbt", "query", *arguments]
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return subprocess.run([*command, *where], stderr=subprocess.PIPE, timeout=60, check=False, **how)


def test_a_reader_that_has_read_enough_is_no_failure(shop: Asker):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as closed:
        done = in_a_process(shop, BY_COUNTRY, "--output", "csv", stdout=closed)

    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.long
def test_letters_that_the_output_cannot_take_are_one_clear_error(shop: Asker):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    drawn = (BY_COUNTRY, "--output", "chart")
    said = in_a_process(shop, *drawn, stdout=subprocess.PIPE, env=environment)

    assert said.returncode == 2
    assert said.stderr.decode().splitlines()[-2:] == [
        r"error: the output is latin-1, which has no '\u2588'",
        "hint: set PYTHONUTF8=1",
    ]


# --- refusals, and what cannot run --------------------------------------------------------------------


def test_a_question_that_is_not_understood_exits_1_with_its_words(shop: Asker):
    result = shop.ask("how many ordrs by country")

    assert result.exit_code == 1
    assert "not answered: not understood: 'ordrs'" in result.stdout
    assert "'ordrs' may be 'orders'" in result.stdout
    assert shop.json("how many gizmos")["spans"] == ["gizmos"]


def test_a_refusal_is_no_line_of_data(shop: Asker):
    refused = {form: shop.ask("how many ordrs by country", "--output", form) for form in ("csv", "sql")}

    assert {form: (result.exit_code, result.stdout) for form, result in refused.items()} == {
        "csv": (1, ""),
        "sql": (1, ""),
    }
    assert "not understood: 'ordrs'" in refused["csv"].stderr


def test_where_no_word_is_near_what_can_be_asked_about_is_said(shop: Asker):
    result = shop.ask("splendiferous gizmology?")

    assert "can be asked about: customer" in result.stdout
    assert "orders" in shop.json("splendiferous gizmology?")["tables"]


@pytest.mark.long
def test_what_of_the_project_cannot_be_read_is_said_with_a_refusal(tmp_path: Path):
    project = new_shop(tmp_path, FILES)
    build_without_dbt(project)
    for artifact in tmp_path.glob("target/*manifest.json"):
        artifact.unlink()
    (tmp_path / "models/bad.yml").write_text("metrics:\n  - name: [\n")

    result = Asker(project).ask("splendiferous gizmology?")

    assert result.exit_code == 1
    assert "note: dbt cannot parse the project, so only the warehouse is known" in result.stdout


@pytest.mark.parametrize(
    "question", ["сколько заказов", "'; drop table orders; --", "🦆" * 40, "?", "by by by"]
)
def test_what_is_no_english_question_is_refused(shop: Asker, question: str):
    result = shop.ask(question)

    assert result.exit_code == 1, result.stdout
    assert result.stdout.startswith("not answered:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is asked"),
        (["  "], "the question is empty"),
        (["x" * 2_001], "2,001 characters"),
        (["orders, " * 61], "122 words and marks"),
        (["orders", "--instructions", "x" * 5_001], "the instructions have 5,001 characters"),
        (["orders\x1b[2J"], "no text"),
        (["orders", "--metrics", "turnover"], "give one of them"),
        (["orders", "--where", "x"], "belong to --metrics"),
        (["orders", "--clock", "soon"], "'soon' is no time"),
        (["orders", "--chart", "a.pdf"], "no chart is drawn as '.pdf'"),
        (["--metrics", "turnovr"], "no metric is called 'turnovr'"),
        (["--file", "no.yml"], "does not exist"),
    ],
)
def test_a_command_that_is_wrong_says_how(shop: Asker, arguments: list[str], message: str):
    error = shop.error(*arguments)

    assert error.exit_code == 2
    assert message in str(error)


def test_a_clock_in_a_zone_is_seen_as_the_data_show_it(shop: Asker):
    asked = shop.ask("orders last year", "--clock", "2025-01-01T01:00+05:00")

    assert "2023-01-01 to 2023-12-31" in asked.stdout


def test_a_file_that_is_no_query_is_told_by_its_place(shop: Asker, tmp_path: Path):
    (tmp_path / "q.yml").write_text("outputs: [orders.amout]\n")

    error = shop.error("--file", str(tmp_path / "q.yml"))

    assert isinstance(error, UsageError)
    assert str(error) == "outputs[0]: no column of orders is called 'amout'\nhint: did you mean 'amount'?"


def test_a_scan_over_the_budget_is_not_made_where_nobody_agrees(shop: Asker, monkeypatch: pytest.MonkeyPatch):
    shop.ask(BY_COUNTRY)  # profiles the tables
    monkeypatch.setenv("AIDBT_BUDGET_SCAN_BYTES", "10")

    assert "is over the budget of 10 bytes" in str(shop.error(BY_COUNTRY))
    assert shop.ask(BY_COUNTRY, "--yes").exit_code == 0


def test_metrics_over_the_budget_are_not_scanned_either(shop: Asker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIDBT_BUDGET_SCAN_BYTES", "10")
    error = shop.error("--metrics", "turnover")

    assert "the query was not run: what would be read (1 table, about " in error.message
    assert shop.ask("--metrics", "turnover", "--yes").exit_code == 0
    assert shop.ask("--metrics", "turnover", "--dry-run").exit_code == 0


def test_a_warehouse_that_another_process_holds_is_said(shop: Asker):
    with held_by_another_process(shop.database):
        assert "is in use by process" in str(shop.error(BY_COUNTRY))


def test_a_project_that_was_never_built_says_what_to_do(tmp_path: Path):
    error = Asker(new_shop(tmp_path)).error("how many orders")

    assert error.exit_code == 2
    assert "does not exist yet" in str(error)


def test_a_language_model_answers_what_our_english_refuses(shop: Asker, monkeypatch: pytest.MonkeyPatch):
    query = {"outputs": [{"name": "n", "term": {"count_rows": "orders"}}]}
    with OpenAIServer(good(json.dumps({"query": query}))) as server:
        providers = [{"name": "only", "base_url": server.url, "model": MODEL}]
        monkeypatch.setenv("AIDBT_LLM_PROVIDERS", json.dumps(providers))
        result = shop.json("splendiferous gizmology?")

    assert (result["way"], result["by"]) == ("model", f"{MODEL} (only)")
    assert result["rows"] == [{"n": 2000}]
    assert result["reading"] == "The number of orders."


@pytest.mark.long
def test_a_project_that_dbt_built_is_asked_in_the_same_way(tmp_path: Path, shop: Asker):
    built = new_shop(tmp_path, FILES)
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    done = subprocess.run([DBT, "build", *where], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    asker = Asker(built)

    for question in (BY_COUNTRY, "total amount by month in 2024"):
        ours, real = shop.json(question), asker.json(question)
        assert [real[key] for key in ("reading", "sql", "joins")] == [
            ours[k] for k in ("reading", "sql", "joins")
        ]
    by_status = ("--metrics", "turnover", "--group-by", "order__status")
    assert asker.table(*by_status) == shop.table(*by_status)
