"""Every check on cases that a person reads: what it must find, and ordinary SQL in which it finds nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from check_cases import case_subject, told

from aidbt.core.findings import Severity
from aidbt.review.checks import CHECKS
from aidbt.review.checks.allowed import allowances
from aidbt.review.checks.run import read_query

CASES = Path(__file__).parents[2] / "golden" / "checks"


def _golden(path: Path) -> str:
    expected = path.with_suffix(".txt")
    return expected.read_text(encoding="utf-8") if expected.exists() else ""


HARMLESS = [path for path in sorted(CASES.glob("*/*.sql")) if _golden(path) == "nothing\n"]
DOCS = Path(__file__).parents[3] / "docs" / "checks"
# What compares both sides of a pull request is tested on a real one, in test_pull_request.py.
COMPARING = [name for name in CHECKS.names() if CHECKS.load(name).compares]


@pytest.mark.parametrize(
    "path", sorted(CASES.glob("*/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_check_finds_what_its_case_says_and_nothing_else(path: Path, update_golden: bool):
    found = told(path, CHECKS.load(path.parent.name))

    expected = path.with_suffix(".txt")
    if update_golden:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in CHECKS.names() if name not in COMPARING])
def test_every_check_has_cases_in_which_it_finds_something_and_nothing(name: str):
    answers = [path.read_text(encoding="utf-8") == "nothing\n" for path in (CASES / name).glob("*.txt")]

    assert set(answers) == {True, False}


@pytest.mark.parametrize("path", HARMLESS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_other_check_objects_to_what_one_of_them_finds_harmless(path: Path):
    others = [CHECKS.load(name) for name in CHECKS.names() if name not in COMPARING]

    loud = [f"{c.name}: {told(path, c)}" for c in others if re.search(r"\[(warn|error)\]", told(path, c))]

    assert loud == []


def test_no_check_breaks_on_any_construct_of_sql():
    reads = (
        "-- orders: id integer unique, customer_id integer, status varchar, amount decimal(10,2)\n"
        "-- customers: id integer unique, name varchar, region varchar, vip boolean, joined timestamp\n"
    )
    project = case_subject(f"{reads}select 1 as x").side
    texts = [path.read_text(encoding="utf-8") for path in sorted(CASES.parent.glob("lineage/*.sql"))]
    subjects = [
        case_subject(f"{reads}{text}", must_resolve=False) for text in texts if read_query(text, project)
    ]
    checks = [CHECKS.load(name) for name in CHECKS.names()]

    hits = sum(len(list(check.find(subject))) for subject in subjects for check in checks)

    assert len(subjects) > 100 and hits > len(subjects)


@pytest.mark.parametrize("name", CHECKS.names())
def test_every_check_is_registered_under_its_name_and_has_its_page(name: str):
    check = CHECKS.load(name)

    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")

    assert check.name == name
    assert check.title and check.mend and isinstance(check.severity, Severity)
    assert page.startswith(f"# {name}\n")
    for part in ("## Why", "## Example", "## How to mend it", "## How to turn it off"):
        assert part in page, f"{name}.md lacks {part!r}"


@pytest.mark.parametrize(
    ("text", "line", "is_covered"),
    [
        ("-- aidbt: allow x because y\nselect 1\nlimit 1", 3, True),
        ("select 1\nlimit 1 -- aidbt: allow x because y\nunion", 2, True),
        ("select 1\nlimit 1 -- aidbt: allow x because y\nunion", 3, False),
        ("select 1\n-- aidbt: allow x because y\n\n-- more\nlimit 1\nz", 5, True),
        ("select 1\n-- aidbt: allow x because y\n\n-- more\nlimit 1\nz", 6, False),
        ("select 1 -- aidbt: allow other, x because y", 1, True),
        ("select 1 -- aidbt: allow other because y", 1, False),
        ("select 1 -- AIDBT: ALLOW X BECAUSE y", 1, True),
    ],
)
def test_a_comment_allows_a_check_where_it_stands(text: str, line: int, is_covered: bool):
    assert any(one.covers("x", line) and one.why == "y" for one in allowances(text)) is is_covered


def test_a_comment_without_a_reason_has_none():
    [found] = allowances("select 1 -- aidbt: allow x")

    assert found.why == ""
