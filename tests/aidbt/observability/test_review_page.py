"""The page for reading the queue: everything in it, nothing loaded, nothing trusted."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

from aidbt.core.schema import (
    Column,
    ColumnMatch,
    ColumnProfile,
    MappedColumn,
    MappedTest,
    Mapping,
    TableProfile,
    Target,
)
from aidbt.mapping.question_files import OpenQuestion, Question
from aidbt.mapping.queue import ReviewQueue
from aidbt.mapping.waiting import items_of, with_evidence, with_samples
from aidbt.observability.review_page import review_page

NASTY = "</script><img src=x onerror=alert(1)>\"'"
TARGETS = {
    "person": Target("person", (Column("email", "varchar", description=f"Address. {NASTY}"), Column("st")))
}
USERS = Mapping(
    "crm",
    "users",
    (
        MappedColumn(
            "email", ("e_mail",), "review", score=0.86, alternatives=(("mail_old", 0.41),), note=NASTY
        ),
        MappedColumn("st", (), "review"),
        MappedColumn("birth", ("y", "m"), "review", expression="make_date(y, m, 1)", never=("z",)),
    ),
    target="person",
    tests=(MappedTest("st", "accepted_values", "review", values=(NASTY, "b")),),
)
PROFILES = {
    "crm.users": TableProfile(
        "raw",
        "users",
        9,
        9,
        "f",
        (
            ColumnProfile("e_mail", "VARCHAR", 0.0, 9, top_values=(("me@example.com", 1.0),), pii="email"),
            ColumnProfile("mail_old", "VARCHAR", 0.0, 9, top_values=((NASTY, 0.5), ("b", 0.5))),
        ),
    )
}
MATCH = ColumnMatch(
    "e_mail", "email", 0.86, "review", {"name": 0.9}, (), 0.45, "mail_old", (f"alike {NASTY}",)
)
ASKED = OpenQuestion(Question("cents:crm", "cents?", {"keep": NASTY}, {}), {"crm.users.am": NASTY}, 1)


def page(queue: ReviewQueue | None = None) -> str:
    items = with_evidence(with_samples(items_of([USERS], TARGETS), PROFILES), {"crm.users.email": MATCH})
    return review_page(
        queue or ReviewQueue(tuple(items), (ASKED,), tables=1, by_aidbt=3), project=f"shop {NASTY}"
    )


class Reader(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_waiting_column_stands_there_with_its_evidence_and_commands():
    text = " ".join(Reader(page()).text.split())

    for said in (
        "1 mapped table: 3 columns accepted by aidbt",
        "3 columns, 1 proposed test and 1 question wait.",
        "e_mail",
        "86 %",
        "mail_old",
        "41 %",
        "values not shown: email",
        "alike",
        "behind by 45 %",
        "name 0.90",
        "make_date(y, m, 1)",
        "nothing was found",
        "aidbt review accept crm.users.email",
        "aidbt review choose crm.users.email mail_old",
        "aidbt review never crm.users.email",
        "aidbt review accept crm.users.st:accepted_values",
        "aidbt review answer cents:crm keep",
    ):
        assert said in text, said


def test_values_of_personal_data_are_not_in_the_page():
    assert "me@example.com" not in page()


def test_what_comes_from_outside_is_text_and_nothing_else():
    read = Reader(page())

    assert "img" not in {tag for tag, _ in read.tags}
    assert NASTY in read.text
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert not read.open


def test_the_page_needs_and_loads_no_other_file():
    read = Reader(page())

    assert not [tag for tag, attributes in read.tags if {"src", "href"} & attributes.keys()]
    assert not re.search(r"url\(|@import|https?://", page())
    policy = next(a["content"] for tag, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'")


def test_the_same_queue_gives_the_same_page():
    assert page() == page()


def test_an_empty_queue_says_so():
    assert "Nothing waits." in page(ReviewQueue((), tables=2))


def test_a_queue_of_a_thousand_items_is_one_page():
    columns = tuple(replace(USERS.columns[0], target=f"c{n}") for n in range(1000))
    items = items_of([replace(USERS, columns=columns)], TARGETS)

    assert page(ReviewQueue(tuple(items))).count("<article") == 1000 + 1


def test_it_has_the_colours_of_all_pages_and_none_of_its_own():
    text = page()
    colours = (files("aidbt") / "templates/report/colours.css").read_text(encoding="utf-8")

    assert colours.strip() in text
    own = text.replace(colours.strip(), "").partition("<style>")[2].partition("</style>")[0]
    assert re.findall(r"#[0-9a-f]{3,6}\b", own) == []
    assert set(re.findall(r"var\((--[\w-]+)\)", own)) <= set(re.findall(r"(--[\w-]+):", colours))
