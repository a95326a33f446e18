"""The reference project is what our own commands wrote."""

from __future__ import annotations

from pathlib import Path

from aidbt.generate.scaffold import macro_files
from aidbt.generate.templates import render

PROJECT = Path(__file__).parent.parent / "dbt_project"


def test_its_macros_are_the_ones_that_init_copies():
    there = {p.relative_to(PROJECT).as_posix(): p.read_text() for p in (PROJECT / "macros").rglob("*.*")}

    assert there == macro_files("macros")


def test_its_settings_are_those_of_a_new_project():
    assert (PROJECT / "aidbt.yml").read_text() == render("project/aidbt.yml.jinja")
