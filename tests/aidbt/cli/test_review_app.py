"""Deciding the queue with the keyboard: every key is saved at once, in the mapping files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.schema import ColumnProfile, TableProfile
from aidbt.mapping.files import load_mappings
from aidbt.mapping.queue import reject_all, review_queue
from aidbt.mapping.sitting import Sitting
from aidbt.mapping.waiting import with_samples

pytest.importorskip("textual", reason="pip install 'aidbt[tui]'")

from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from aidbt.cli.review_app import ReviewApp

MAPPING = """\
source: {name: crm, table: users}
target: person
columns:
  - {target: email, source: e_mail, status: review, by: aidbt, score: 0.86, alternatives: {mail_old: 0.41}}
  - {target: status, source: st, status: review, by: aidbt, score: 0.64}
  - {target: segment, status: review, by: aidbt, note: no source found}
unmapped: [mail_old, plan, planet]
tests:
  - {column: status, test: accepted_values, values: [active, churned], status: review, by: aidbt}
"""
PROFILE = TableProfile(
    "raw",
    "users",
    9,
    9,
    "f",
    (
        ColumnProfile("e_mail", "VARCHAR", 0.0, 9, pii="email"),
        ColumnProfile("st", "VARCHAR", 0.0, 2, top_values=(("active\x1b[2J", 0.7), ("[bold]churned", 0.3))),
        ColumnProfile("mail_old", "VARCHAR", 0.0, 9, pii="email"),
        ColumnProfile("plan", "VARCHAR", 0.0, 2, top_values=(("gold", 1.0),)),
        ColumnProfile("planet", "VARCHAR", 0.0, 2, top_values=(("mars", 1.0),)),
    ),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "aidbt/mappings/crm__users.yml"
    path.parent.mkdir(parents=True)
    path.write_text(MAPPING)
    return tmp_path


Steps = Callable[["Screen"], Coroutine[Any, Any, None]]


class Screen:
    """What a person sees and does."""

    def __init__(self, pilot: Pilot[None], project: Path) -> None:
        self._pilot = pilot
        self._project = project

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    def __getitem__(self, name: str) -> str:
        return str(self._pilot.app.screen.query_one(f"#{name}", Static).content)

    @property
    def options(self) -> list[str]:
        shown = self._pilot.app.screen.query_one(OptionList)
        return [str(shown.get_option_at_index(n).prompt).split()[0] for n in range(shown.option_count)]

    @property
    def entry(self) -> str:
        return self._pilot.app.screen.query_one(Input).value

    def saved(self, target: str) -> tuple[str, tuple[str, ...], str]:
        columns = load_mappings(self._project)["crm.users"].columns
        found = next(column for column in columns if column.target == target)
        return found.status, found.sources, found.by


def on_screen(project: Path, steps: Steps) -> Sitting:
    profiles = {"crm.users": PROFILE}
    sitting = Sitting(project, dialect="duckdb")
    app = ReviewApp(sitting, with_samples(review_queue(project).items, profiles), profiles)

    async def run() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await steps(Screen(pilot, project))

    asyncio.run(run())
    return sitting


def test_one_item_is_shown_with_what_a_person_needs_to_decide_it(project):
    async def steps(screen: Screen) -> None:
        await screen.press()
        assert screen["progress"] == "1 of 4   4 waiting, 0 decided"
        assert "crm.users.email" in screen["card"]
        assert "e_mail   86 %" in screen["card"]
        assert "values not shown: email" in screen["card"]
        assert "1  mail_old   41 %" in screen["card"]

    on_screen(project, steps)


def test_values_neither_move_the_cursor_nor_style_the_screen(project):
    async def steps(screen: Screen) -> None:
        await screen.press("s")
        assert "active·[2J 70 %, [bold]churned 30 %" in screen["card"]

    on_screen(project, steps)


def test_a_decision_is_saved_at_its_key_and_the_next_item_is_shown(project):
    async def steps(screen: Screen) -> None:
        await screen.press("a")
        assert screen.saved("email") == ("accepted", ("e_mail",), "person")
        assert "crm.users.status" in screen["card"]
        await screen.press("r")
        assert screen.saved("status") == ("rejected", ("st",), "person")
        assert screen["progress"] == "3 of 4   2 waiting, 2 decided"

    assert on_screen(project, steps).counts == {"accepted": 1, "rejected": 1}


def test_a_candidate_is_taken_by_its_number(project):
    async def steps(screen: Screen) -> None:
        await screen.press("2")  # there is no second
        assert screen.saved("email")[0] == "review"
        await screen.press("1")
        assert screen.saved("email") == ("accepted", ("mail_old",), "person")

    on_screen(project, steps)


def test_another_column_is_found_by_its_name_before_its_values(project):
    async def steps(screen: Screen) -> None:
        await screen.press("o")
        assert set(screen.options) == {"e_mail", "mail_old", "plan", "planet", "st"}
        await screen.press(*"ma")
        assert screen.options == ["mail_old", "e_mail", "planet"]  # which holds mars
        await screen.press("down", "down", "down", "enter")
        assert screen.saved("email") == ("accepted", ("mail_old",), "person")
        assert "crm.users.status" in screen["card"]

    on_screen(project, steps)


def test_going_back_from_the_list_of_columns_decides_nothing(project):
    async def steps(screen: Screen) -> None:
        await screen.press("o", *"nothing like it", "enter", "escape")
        assert "crm.users.email" in screen["card"]

    on_screen(project, steps)
    assert (project / "aidbt/mappings/crm__users.yml").read_text() == MAPPING


@pytest.mark.long
def test_an_expression_is_written_until_it_can_stand_in_a_model(project):
    async def steps(screen: Screen) -> None:
        await screen.press("e")
        assert screen.entry == "e_mail"
        await screen.press(*" || plann", "enter")
        assert "no column of crm.users is called 'plann'. did you mean 'plan'?" in screen["wrong"]
        assert screen.saved("email")[0] == "review"
        await screen.press("backspace", "enter")
        assert screen.saved("email") == ("accepted", ("e_mail", "plan"), "person")

    on_screen(project, steps)


def test_never_shows_the_next_best_and_stays_there(project):
    async def steps(screen: Screen) -> None:
        await screen.press("n")
        assert "mail_old   41 %" in screen["card"]
        await screen.press("n")
        assert "nothing was found" in screen["card"]
        await screen.press("a")
        assert "nothing is proposed" in screen["said"]
        assert "4 waiting" in screen["progress"]

    on_screen(project, steps)


def test_undo_takes_the_decisions_back_the_last_first(project):
    async def steps(screen: Screen) -> None:
        await screen.press("a", "r", "n", "u", "u")
        assert "crm.users.email" in screen["card"]
        assert screen["progress"] == "1 of 4   4 waiting, 0 decided"
        await screen.press("u")
        assert "nothing was decided in this sitting" in screen["said"]

    # "n" at a column without a proposal decides nothing
    assert not on_screen(project, steps).counts
    assert (project / "aidbt/mappings/crm__users.yml").read_text() == MAPPING


def test_a_test_is_only_accepted_or_rejected(project):
    async def steps(screen: Screen) -> None:
        await screen.press("left")
        assert "crm.users.status:accepted_values" in screen["card"]
        await screen.press("o", "e", "1", "a")
        assert load_mappings(project)["crm.users"].tests[0].status == "accepted"

    on_screen(project, steps)


def test_what_somebody_else_decided_is_not_decided_over(project):
    async def steps(screen: Screen) -> None:
        reject_all(project, ["crm.users.email"])
        await screen.press("a")
        assert "was decided otherwise meanwhile: rejected" in screen["said"]
        assert "3 waiting, 1 decided" in screen["progress"]
        assert screen.saved("email")[0] == "rejected"

    assert not on_screen(project, steps).counts


def test_at_the_end_everything_is_decided_and_undo_still_works(project):
    async def steps(screen: Screen) -> None:
        await screen.press("a", "a", "r", "a")
        assert "so is everything else" in screen["card"]
        await screen.press("a", "r", "o", "e", "n", "1")
        assert "4 decided" in screen["progress"]
        await screen.press("u")
        assert "1 waiting, 3 decided" in screen["progress"]

    on_screen(project, steps)


def test_a_column_that_the_table_has_not_is_not_accepted(project):
    path = project / "aidbt/mappings/crm__users.yml"
    path.write_text(MAPPING.replace("source: e_mail", "source: e_mial"))

    async def steps(screen: Screen) -> None:
        await screen.press("a")
        assert "crm.users has no column e_mial" in screen["said"]
        assert screen.saved("email")[0] == "review"

    on_screen(project, steps)
