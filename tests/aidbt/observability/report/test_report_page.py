"""The page: one file that needs nothing, trusts nothing, and can be read by anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.incidents import FoundCause, IncidentEvent, key_of
from aidbt.core.measured import Monitor
from aidbt.observability.report.page import report_page
from aidbt.observability.report.values import (
    AttemptPart,
    Freshness,
    IncidentPart,
    Report,
    TestResult,
    Watched,
)
from aidbt.store.audit import Entry
from tests.aidbt.observability.report import made
from tests.aidbt.observability.report.made import NOW

REPORTS = {"shop": made.shop, "failing": made.failing, "healthy": made.healthy, "empty": made.empty}
NASTY = "</script></style><img src=x onerror=alert(1)>\"'&{{ x }}\u202e\u2028\x00\ud800🙈"
VOID = {"meta", "input", "br", "wbr"}


class Page(HTMLParser):
    """The tags of a page with their attributes, and the text in each kind of tag; badly nested ones fail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        parts = (part for tag, some in self.text.items() if tag not in ("style", "script") for part in some)
        return " ".join(" ".join(parts).split())


@pytest.fixture(params=REPORTS)
def page(request: pytest.FixtureRequest) -> str:
    return report_page(REPORTS[request.param]())


# --- what it may not do -------------------------------------------------------------------------------


def test_it_needs_and_loads_no_other_file(page: str):
    read = Page(page)

    assert not [a for _, a in read.tags if {"src", "srcset", "action", "data", "background"} & a.keys()]
    assert {str(a["href"])[0] for _, a in read.tags if "href" in a} == {"#"}
    assert not re.search(r"url\(|@import|<link|<iframe|https?://", page)


def test_its_policy_runs_its_own_script_and_style_and_nothing_else(page: str):
    read = Page(page)
    policy = next(a["content"] for a in read.all("meta") if a.get("http-equiv") == "Content-Security-Policy")

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": hashed("".join(read.text["script"])),
        "style-src": hashed("".join(read.text["style"])),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    # The policy refuses what stands in attributes, so nothing may.
    assert not [a for _, a in read.tags if "style" in a or any(name.startswith("on") for name in a)]


def test_its_script_makes_no_markup_of_text_and_sends_nothing(page: str):
    script = "".join(Page(page).text["script"])

    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch(", "XMLHttp"):
        assert word not in script


def nasty() -> Report:
    shop = made.shop()
    part = made.broken_orders()
    anomaly = replace(part.incident.anomalies[0], monitor=Monitor(NASTY, "row_count", NASTY), message=NASTY)
    incident = replace(
        part.incident,
        title=NASTY,
        root=NASTY,
        affected=(NASTY, f"model.x.{NASTY}"),
        exposed=(NASTY * 30,),
        failures=(NASTY,),
        owner=NASTY,
        found=FoundCause(
            NASTY, NASTY, NASTY, 0.5, NASTY, NASTY, NASTY, (NASTY,), (NASTY,), (NASTY,), NASTY, NASTY, NASTY
        ),
        anomalies=(anomaly,),
        timeline=(IncidentEvent(NOW, NASTY, NASTY, NASTY),),
    )
    hostile = Attempt(
        NASTY, NASTY, AttemptState.WAITING, NOW, NOW, NASTY, NASTY, NASTY, NASTY, failed=(NASTY,),
        remedy=NASTY, commit=NASTY, branch=NASTY, pull_request=NASTY, why=NASTY,
    )  # fmt: skip
    chart = part.charts[0]
    points = tuple(replace(point, said=NASTY) for point in chart.points[:3])
    assert shop.quality is not None and shop.costs is not None and shop.spend is not None
    return replace(
        shop,
        project=NASTY,
        incidents=(
            IncidentPart(
                incident,
                (replace(chart, title=NASTY, points=points),),
                part.lineage,
                attempts=(AttemptPart(hostile, (Entry(1, NASTY, NASTY, NASTY, NASTY, NASTY, NASTY),)),),
            ),
        ),
        tests=(TestResult(f"test.x.{NASTY}", NASTY, "fail", NOW, 1, message=NASTY),),
        freshness=(Freshness(NASTY, NOW, 1.0, "bad"),),
        runs=(replace(shop.runs[0], command=NASTY, id=NASTY),),
        quality=replace(
            shop.quality,
            models=tuple(
                replace(
                    one, node=NASTY, owner=NASTY, lost=(replace(one.lost[0], reason=NASTY, way_back=NASTY),)
                )
                for one in shop.quality.models[:1]
            ),
            ways=((NASTY, 1.0),),
        ),
        costs=replace(shop.costs, nodes=(replace(shop.costs.nodes[0], node=NASTY),), currency=NASTY),
        spend=replace(shop.spend, kinds=((NASTY, NASTY, 1, 1, 1.0),), currency=NASTY),
        notes=(NASTY,),
    )


def test_what_comes_from_outside_is_text_and_nothing_else():
    page = report_page(nasty())
    read = Page(page)

    assert "img" not in {tag for tag, _ in read.tags}
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert len(read.all("script")) == len(read.all("style")) == 1
    assert read.words.count("onerror=alert(1)") > 20
    assert "\x00" not in page
    page.encode()  # half a pair of surrogates could not be


def test_a_name_that_is_written_from_right_to_left_turns_nothing_else_around():
    read = Page(report_page(nasty()))

    # Every name stands in an element of its own direction.
    stray = [
        text
        for tag, some in read.text.items()
        for text in some
        if "\u202e" in text
        and tag not in ("bdi", "title", "text", "h3", "p", "td", "b", "span", "caption", "code")
    ]
    assert stray == []


# --- who reads it -------------------------------------------------------------------------------------


def test_every_id_is_there_once_and_what_is_referred_to_is_there(page: str):
    read = Page(page)
    ids = [str(a["id"]) for _, a in read.tags if "id" in a]

    assert len(ids) == len(set(ids))
    refers = [str(a[name]) for _, a in read.tags for name in ("aria-labelledby", "data-table") if name in a]
    refers += [str(a["href"])[1:] for _, a in read.tags if "href" in a]
    assert set(refers) <= set(ids)


def test_it_has_landmarks_headings_in_order_and_a_way_past_the_header(page: str):
    read = Page(page)
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h[1-6]", tag)]

    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in read.tags}
    assert levels.count(1) == 1 and levels[0] == 1
    first = next(attributes for tag, attributes in read.tags if tag == "a")
    assert (first["class"], first["href"]) == ("skip", "#main")
    assert all("aria-labelledby" in a for a in read.all("section") + read.all("article"))
    assert next(iter(read.all("html")))["lang"] == "en"


def test_every_table_has_a_caption_and_every_heading_of_it_says_of_what(page: str):
    read = Page(page)

    assert len(read.all("caption")) == len(read.all("table"))
    assert {a.get("scope") for a in read.all("th")} <= {"col", "row"}


def test_every_drawing_says_what_it_shows_or_is_hidden(page: str):
    # Those inside of others, which carry the words, have a viewBox and no role.
    drawings = [
        a
        for tag, a in Page(page).tags
        if tag == "svg" and ("viewbox" not in a or a.keys() & {"role", "class"})
    ]

    assert all(a.get("aria-label") or a.get("aria-hidden") == "true" for a in drawings)


def test_what_is_drawn_stands_in_a_table_too():
    read = Page(report_page(made.shop()))
    charts = [str(a["data-table"]) for _, a in read.tags if "data-table" in a]

    assert len(charts) == 3
    assert {a.get("id") for a in read.all("table")} >= set(charts)
    assert "2026-03-13 349 572 to 774" in read.words or "2026-03-13" in read.words


# --- what it says -------------------------------------------------------------------------------------


def test_the_worst_stands_first_and_each_incident_with_what_to_do():
    words = Page(report_page(made.shop())).words

    assert "1 error is open, 1 warning is open, 1 test fails and 1 table is late." in words
    assert "stg_crm__orders: 70 % fewer rows than expected on a Friday" in words
    assert "aidbt incidents ack INC-12" in words
    assert "aidbt incidents ack INC-9" not in words  # somebody looks after it already
    assert "the export of the shop is broken" in words


def test_failing_nodes_are_told_by_their_causes_with_proof_mending_and_audit():
    words = Page(report_page(made.failing())).words

    assert "2 failing nodes → 2 causes" in words
    for said in (
        "confidence 0.97", "a proved mend may be tried",
        "models/fct_orders.sql: there is no ref stg_ordres; stg_orders stood in its place before",
        "the sources above it have the columns and values they had: crm.orders",
        "whether the warehouse's clock is right", "write stg_orders for stg_ordres in models/fct_orders.sql",
        "a branch waits for a person", "crm.orders has 50% fewer rows, and tables are made of it",
        "restored_file", "right_name", "aidbt/heal/code-fct-orders-2", "nothing was tried", "aidbt heal run",
        "Audit: 3 steps",
    ):  # fmt: skip
        assert said in words


def test_what_is_wrong_though_nothing_fails_is_a_cause_too():
    only = replace(made.failing(), incidents=(made.halved(),))

    assert "Nothing fails, and yet → 1 cause" in Page(report_page(only)).words


def test_an_incident_of_a_failing_test_says_what_dbt_said_of_it():
    [first, *others] = made.shop().incidents
    failed = replace(first, incident=replace(first.incident, failures=("test.shop.unique_a.1", made.MART)))
    said = (("test.shop.unique_a.1", "Got 12 results, configured to fail if != 0"),)
    runs = (replace(made.runs()[1], problems=said), *made.runs()[2:])

    text = report_page(replace(made.shop(), incidents=(failed, *others), runs=runs))

    assert "unique_<wbr>a</bdi>: <bdi>Got 12 results, configured to fail if != 0</bdi>" in text
    assert "mart_<wbr>revenue</bdi></li>" in text  # of which nothing was said


def test_what_has_passed_of_an_open_incident_is_marked_and_comes_last():
    [first, *others] = made.shop().incidents
    passed = first.incident.anomalies[-1]
    well = replace(first, incident=replace(first.incident, well=frozenset({key_of(passed.monitor)})))

    text = report_page(replace(made.shop(), incidents=(well, *others)))

    found = text.partition('<ul class="findings">')[2].partition("</ul>")[0].split("</li>")
    marked = [passed.message in line for line in found if "has passed" in line]
    assert marked == [True] and "has passed" in found[-2]


def test_where_nothing_is_wrong_it_says_what_is_watched_and_since_when():
    words = Page(report_page(made.healthy())).words

    assert "Nothing is wrong that is known." in words
    assert "14 tables are watched since 2025-11-01, 1,930 buckets in all" in words
    assert "All 40 tests passed" in words


def test_where_nothing_is_known_it_says_what_to_run():
    words = Page(report_page(made.empty())).words

    for said in ("aidbt build", "aidbt observe", "aidbt monitor run", "aidbt quality", "Nothing is known"):
        assert said in words


def test_a_project_of_one_is_spoken_of_as_one():
    report = replace(
        made.healthy(), watched=Watched(1, 1, 0, 1, datetime(2026, 3, 13), datetime(2026, 3, 13))
    )
    words = Page(report_page(report)).words

    assert (
        "1 table is watched" in words and "1 bucket in all; 1 table has fewer than 14 and is judged" in words
    )


def test_the_same_report_gives_the_same_page():
    assert report_page(made.shop()) == report_page(made.shop())


@pytest.mark.parametrize(
    ("models", "most_bytes"), [(100, 1_500_000), pytest.param(1_000, 3_000_000, marks=pytest.mark.long)]
)
def test_many_models_are_one_page_of_a_few_megabytes(models: int, most_bytes: int):
    page = report_page(made.large(models))

    assert len(page.encode()) < most_bytes
    assert page.count('title="model.warehouse.int_department_') > 2 * models


def outline(page: str) -> str:
    """What somebody hears who goes from heading to heading and from table to table."""
    read = Outline(page)
    return "\n".join(read.lines) + "\n"


class Outline(HTMLParser):
    """Headings, captions and drawings of a page, one line each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._tag = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if re.fullmatch(r"h[1-6]|caption|summary|th", tag) and (tag != "th" or found.get("scope") == "col"):
            indent = "  " * (int(tag[1]) - 1 if tag[0] == "h" else 4)
            self._tag = tag
            self.lines.append(f"{indent}{tag}: ")
        elif tag == "svg" and found.get("role") in ("img", "group"):
            self.lines.append(f"        drawing: {found['aria-label']}")

    def handle_data(self, data: str) -> None:
        if self._tag and data.strip():
            self.lines[-1] += data.strip() + " "

    def handle_endtag(self, tag: str) -> None:
        if tag == self._tag:
            self._tag = ""
            self.lines[-1] = self.lines[-1].rstrip()


@pytest.mark.parametrize("name", REPORTS)
def test_the_outline_of_the_page_is_as_its_file_says(name: str, golden: Path, update_golden: bool):
    path = golden / "report" / f"{name}.txt"
    found = outline(report_page(REPORTS[name]()))
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)

    assert found == path.read_text()
