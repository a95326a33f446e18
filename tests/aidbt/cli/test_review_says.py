"""What `aidbt review` prints, writes and refuses."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import SettingsError, UsageError, WriteError
from aidbt.core.schema import ColumnMatch, ColumnProfile, TableProfile
from aidbt.session import open_session

PROFILES = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: PATH, schema: analytics}\n"
TARGET = """\
name: person
columns:
  - {name: id}
  - {name: email, description: Mail.}
  - {name: state, type: varchar}
  - {name: plan}
"""
FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n",
    "profiles.yml": PROFILES,
    "aidbt/targets/person.yml": TARGET,
    "aidbt/mappings/crm__users.yml": """\
source: {name: crm, table: users}
target: person
columns:
  - {target: id, source: id, status: accepted, by: aidbt}
  - {target: email, source: e_mail, status: review, by: aidbt, score: 0.86, alternatives: {mail_old: 0.41}}
  - {target: state, source: st, status: review, by: aidbt, score: 0.64}
  - {target: plan, status: rejected, by: person}
unmapped: [mail_old]
tests:
  - {column: state, test: accepted_values, values: [a, b], status: review, by: aidbt}
""",
}
PROFILE = TableProfile(
    "raw",
    "users",
    9,
    9,
    "f",
    (
        ColumnProfile("e_mail", "VARCHAR", 0.0, 9, pii="email"),
        ColumnProfile("st", "VARCHAR", 0.0, 2, top_values=(("a", 0.7), ("b", 0.3))),
    ),
)


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("PATH", str(root / "w.duckdb")))

    def review(self, *arguments: str) -> Result:
        where = ["--project-dir", str(self.root)]
        return CliRunner().invoke(cli, ["review", *where, *arguments])

    def json(self, *arguments: str) -> Any:
        return json.loads(self.review(*arguments, "--output", "json").stdout)

    @property
    def mapping(self) -> str:
        return (self.root / "aidbt/mappings/crm__users.yml").read_text()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def profiled(shop: Shop) -> Shop:
    session = open_session(shop.root)
    session.profiles.put([("crm.users", PROFILE)])
    session.close()
    return shop


@pytest.fixture
def explained(profiled: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    match = ColumnMatch(
        "e_mail", "email", 0.86, "review", {"name": 0.9}, (), 0.45, "mail_old for email", ("names alike",)
    )
    monkeypatch.setattr("aidbt.generate.discover.match_evidence", lambda *_, **__: {"crm.users.email": match})
    return profiled


def test_the_first_lines_say_what_is_decided_what_waits_and_what_to_do(shop: Shop):
    assert shop.review().stdout.splitlines()[:3] == [
        "mapped 1 table: 1 column accepted by aidbt, 1 rejected",
        "waiting for you: 2 columns, 1 proposed test",
        "next: aidbt review --ui, or one of the commands below",
    ]


def test_the_likeliest_proposal_is_the_one_that_is_shown_to_be_accepted(shop: Shop):
    path = shop.root / "aidbt/mappings/crm__users.yml"
    path.write_text(path.read_text().replace("score: 0.86", "score: 0.45"))

    lines = shop.review().stdout.splitlines()

    assert "decide: aidbt review accept crm.users.state" in lines


def test_probabilities_are_percent_and_line_up(shop: Shop):
    lines = shop.review().stdout.splitlines()

    assert "  crm.users.email  e_mail   86 %" in lines
    assert "  crm.users.state  st       64 %" in lines
    assert "decide: aidbt review accept crm.users.email" in lines


def test_why_tells_reasons_signals_rival_and_what_the_columns_hold(explained: Shop):
    said = explained.review("--why").stdout

    for line in (
        "wanted: Mail.",
        "e_mail holds: values not shown: email",
        "st holds: a 70 %, b 30 %",
        "why: names alike",
        "signals: name 0.90",
        "nearest rival: mail_old for email, behind by 45 %",
        "other candidates: mail_old 41 %",
    ):
        assert line in said, line


def test_programs_get_every_field(explained: Shop):
    email, state, test = explained.json("--why")

    assert (email["kind"], email["proposal"], email["score"]) == ("column", "e_mail", 0.86)
    assert (email["description"], state["wanted_type"]) == ("Mail.", "varchar")
    assert (email["reasons"], email["rival"], email["margin"]) == (
        ["names alike"],
        "mail_old for email",
        0.45,
    )
    assert email["samples"][0]["hidden"] == "email"
    assert state["samples"][0]["values"] == [["a", 0.7], ["b", 0.3]]
    assert test["commands"]["reject"] == "aidbt review reject crm.users.state:accepted_values"


def test_a_column_that_any_stored_profile_calls_personal_is_not_shown(profiled: Shop):
    from dataclasses import replace

    open_column = replace(PROFILE.columns[0], pii="", top_values=(("me@example.com", 1.0),))
    session = open_session(profiled.root)
    for fingerprint in ("a", "z"):
        newer = replace(PROFILE, columns=(open_column,), fingerprint=fingerprint)
        session.profiles.put([("crm.users", newer)])
    session.close()

    assert "me@example.com" not in profiled.review("--output", "json").stdout


def test_a_column_that_only_one_of_the_stored_profiles_has_is_not_called_gone(profiled: Shop):
    from dataclasses import replace

    session = open_session(profiled.root)
    session.profiles.put([("crm.users", replace(PROFILE, columns=PROFILE.columns[:1], fingerprint="z"))])
    session.profiles.put([("crm.users", replace(PROFILE, columns=PROFILE.columns[1:], fingerprint="a"))])
    session.close()

    email, state, _ = profiled.json()

    assert (email["gone"], state["gone"]) == ([], [])
    assert state["samples"][0]["values"] == [["a", 0.7], ["b", 0.3]]


def test_a_column_whose_source_is_gone_is_not_offered_to_be_accepted(shop: Shop):
    path = shop.root / "aidbt/mappings/crm__users.yml"
    gone = "{target: state, source: st, status: review, by: aidbt, note: the source has no st any more}"
    text = path.read_text().replace(
        "{target: state, source: st, status: review, by: aidbt, score: 0.64}", gone
    )
    path.write_text(text.replace("status: review, by: aidbt, score: 0.86", "status: accepted, by: aidbt"))

    said = shop.review().stdout
    error = shop.review("accept", "crm.users.state").exception

    assert "decide: aidbt review choose crm.users.state SOURCE_COLUMN" in said
    assert isinstance(error, UsageError)
    assert error.message == "crm.users.state cannot be accepted: the source has no st any more"
    assert gone in path.read_text()


def test_before_anything_is_mapped_the_next_step_is_to_map(shop: Shop):
    (shop.root / "aidbt/mappings/crm__users.yml").unlink()

    assert shop.review().stdout.splitlines() == [
        "nothing waits for review: no table is mapped yet",
        "next: aidbt map",
    ]


def test_by_impact_begins_with_what_other_models_read(profiled: Shop):
    marts = {
        "dim_user": "select id, {{ dbt_utils.x('state') }} from {{ ref('stg_crm__users') }}",
        "report": "select * from {{ ref('shop', 'dim_user') }} -- {{ ref('report') }}",
        "other": "select email, state from {{ ref('elsewhere') }}",
    }
    for name, sql in marts.items():
        path = profiled.root / f"models/marts/{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql)

    ran = profiled.review("--by", "impact")
    state, email, _ = profiled.json("--by", "impact")

    assert "  crm.users.state  st       64 %  in 1 of 2 models, 9 rows" in ran.stdout.splitlines()
    assert (state["column"], state["impact"]["named_in"]) == ("state", ["dim_user"])
    assert (email["column"], email["impact"]["models"]) == ("email", 2)


def test_without_by_impact_nothing_is_said_of_it(shop: Shop):
    assert [entry.get("impact") for entry in shop.json()] == [None, None, None]


def test_strict_exits_1_while_something_waits(shop: Shop):
    assert (shop.review().exit_code, shop.review("--strict").exit_code) == (0, 1)
    assert shop.review("--strict", "--output", "json").exit_code == 1
    assert shop.review("--strict", "--below", "0.1").exit_code == 0

    for decided in ("crm.users.email", "crm.users.state", "crm.users.state:accepted_values"):
        assert shop.review("reject", decided).exit_code == 0

    assert shop.review("--strict").exit_code == 0


def test_an_open_question_waits_too(shop: Shop):
    entry = "- {id: 'cents:crm', options: {keep: as is}, about: {crm.users.id: cents}}\n"
    (shop.root / "aidbt/questions.yml").write_text(f"questions:\n{entry}")

    assert shop.review("--strict", "-s", "crm.users", "--below", "0").exit_code == 0
    assert shop.review("--strict", "-s", "crm.users").exit_code == 1


def test_below_shows_only_what_is_less_probable(shop: Shop):
    said = shop.review("--below", "0.7").stdout

    assert "waiting for you below 70 %: 1 column\n" in said
    assert "crm.users.email" not in said
    assert "nothing waits for review below 10 %" in shop.review("--below", "0.1").stdout


def test_the_page_is_written_where_it_is_asked_for(explained: Shop, tmp_path: Path):
    page = tmp_path / "review.html"

    ran = explained.review("--html", str(page))

    assert ran.stdout == f"wrote {page}: 2 columns, 1 proposed test\n"
    assert "names alike" in page.read_text()
    nowhere = explained.review("--html", str(tmp_path / "no" / "x.html"))
    assert isinstance(nowhere.exception, WriteError)


def test_the_page_is_written_without_reasons_when_the_warehouse_cannot_be_asked(shop: Shop, tmp_path: Path):
    (shop.root / "profiles.yml").unlink()
    page = tmp_path / "review.html"

    ran = shop.review("--html", str(page))

    assert ran.exit_code == 0, ran.exception
    assert "note: without reasons: " in ran.stderr
    assert "aidbt review accept crm.users.email" in page.read_text()


def test_never_says_what_is_proposed_now(shop: Shop):
    first = shop.review("never", "crm.users.email")
    then = shop.review("never", "crm.users.email")
    again = shop.review("never", "crm.users.email", "mail_old")

    assert "proposed now: mail_old" in first.stdout
    assert "nothing else is proposed" in then.stdout
    assert "nothing changed" in again.stdout
    assert "never: [e_mail, mail_old]" in shop.mapping


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ui"], "--ui needs a terminal"),
        (["--ask"], "--ask needs a terminal"),
        (["--ui", "--html", "x.html"], "exclude each other"),
        (["--html", "x.html", "--output", "json"], "exclude each other"),
        (["-s", "crm.userz"], "no mapped table is selected"),
        (["never", "crm.users.emial"], "no column of crm.users is called 'emial'"),
        (["never", "crm.users.plan"], "nothing is proposed"),
        (
            ["choose", "crm.users.email", "--expression", "e_mial"],
            "no column of crm.users is called 'e_mial'",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(shop: Shop, arguments: list[str], said: str):
    ran = shop.review(*arguments)

    assert isinstance(ran.exception, UsageError)
    assert said in ran.exception.message
    assert ran.exception.hint
    assert shop.mapping == FILES["aidbt/mappings/crm__users.yml"]


def test_a_file_edited_into_nonsense_is_named_with_its_line(shop: Shop):
    path = shop.root / "aidbt/mappings/crm__users.yml"
    path.write_text(path.read_text().replace("score: 0.64", "score: 64"))

    ran = shop.review()

    assert isinstance(ran.exception, SettingsError)
    assert ran.exception.message.startswith("aidbt/mappings/crm__users.yml:6: 'columns.2.score'")
    assert ran.exception.hint == "write a probability from 0 to 1, e.g. 0.86"


def test_on_a_terminal_keys_decide_and_what_was_decided_is_said(profiled: Shop):
    pytest.importorskip("textual", reason="pip install 'aidbt[tui]'")
    parent, child = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "aidbt", "review", "--ui", "--project-dir", str(profiled.root)],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(child)
    shown = read_until(parent, "crm.users.email")
    os.write(parent, b"a")
    shown += read_until(parent, "1 decided")
    os.write(parent, b"q")
    shown += read_until(parent, "aidbt generate")

    assert running.wait(timeout=30) == 0
    os.close(parent)
    assert "accepted 1" in click.unstyle(shown)
    assert "source: e_mail, status: accepted, by: person" in profiled.mapping


def read_until(terminal: int, word: str, *, timeout_s: float = 60) -> str:
    """What is written to a terminal until a word stands there."""
    text, until = "", time.monotonic() + timeout_s
    while word not in text:
        assert time.monotonic() < until, text
        if select.select([terminal], [], [], 0.5)[0]:
            text += os.read(terminal, 100_000).decode(errors="replace")
    return text
