"""The reference project is what our own commands wrote."""

from __future__ import annotations

from pathlib import Path

import yaml

from aidbt.core.patch import digest
from aidbt.generate.base_models import macro_files
from aidbt.generate.lock import read_lock
from aidbt.generate.templates import render

PROJECT = Path(__file__).parent.parent / "dbt_project"


def test_its_macros_are_the_ones_that_init_copies():
    there = {p.relative_to(PROJECT).as_posix(): p.read_text() for p in (PROJECT / "macros").rglob("*.*")}

    assert there == macro_files("macros")


def test_its_settings_are_those_of_a_new_project_and_of_its_monitors():
    new = render("project/aidbt.yml.jinja")
    text = (PROJECT / "aidbt.yml").read_text()

    assert text.startswith(new)
    assert list(yaml.safe_load(text.removeprefix(new))) == ["monitors"]


def test_its_lock_says_what_stands_there():
    """`python -m demo --update` writes both."""
    lock = read_lock(PROJECT)

    there = {path: digest((PROJECT / path).read_text()) for path in lock.files}

    assert there == {path: written.text for path, written in lock.files.items()}
