"""A review in every form, with names and messages that try to be more than text."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.graph import Coverage
from aidbt.lineage.impact import Affected, Change, Impact
from aidbt.review.changed_nodes import ChangedNode
from aidbt.review.checks.run import Checked
from aidbt.review.compared import NodeData
from aidbt.review.diff_values import DataDiff, Keys, SchemaDiff, Share
from aidbt.review.diff_words import describe
from aidbt.review.formats.annotations import workflow_commands
from aidbt.review.formats.junit import junit
from aidbt.review.formats.markdown import LIMIT, MARKER, markdown
from aidbt.review.formats.sarif import sarif
from aidbt.review.formats.text import lines
from aidbt.review.pull_request import Review
from aidbt.review.verdict import reach_verdict

NASTY = "x](http://evil) @everyone <img src=x> `tick` | **bold** #1 --> </details>"
ANY_TEXT = st.text(max_size=60)


def a_review(name: str = "fct_orders", message: str = "a cast loses digits", *, many: int = 1) -> Review:
    node = f"model.shop.{name}"
    changed = [ChangedNode(node, name, "model", f"models/{name}.sql", "modified", ("SQL",), 3)]
    evidence = {"node": node, "mend": "round on purpose"}
    where = "models/fct_orders.sql:3:5"
    findings = tuple(
        Finding("check.lossy_cast", Severity.WARN, where, f"{message} {number}", evidence)
        for number in range(many)
    )
    allowed = Finding(
        "check.select_star", Severity.WARN, where, message, {**evidence, "because": "it is a copy"}
    )
    wrong = Finding("column.unknown", Severity.ERROR, "models/fct_orders.sql (compiled line 9)", message)
    affected = Affected(
        "exposure", "board", "exposure.shop.board", "fails", message, ((name, ""), ("board", "reads"))
    )
    impact = Impact((Change(node, "amount", "removed", message),), (affected,) * many)
    checked = Checked(findings, (allowed,), (allowed,), (("model.shop.other", message),))
    diff = DataDiff(
        "b.t", "h.t", 10, 9, SchemaDiff(), keys=("id",), added=Keys(Share(0, 9)),
        removed=Keys(Share(1, 10), (message,)), changed=Keys(Share(0, 9)),
    )  # fmt: skip
    data = (NodeData(node, name, diff, tuple(describe(diff))), NodeData("model.shop.b", "b", why=message))
    failures = ((name, message),)
    verdict = reach_verdict(changed, impact, checked, wrong=[wrong], data=data, failures=failures)
    coverage = Coverage(1, 1, 2, 2, 2, 2)
    return Review(
        "main",
        "0" * 40,
        tuple(changed),
        impact,
        checked,
        (wrong,),
        data,
        failures,
        coverage,
        (message,),
        verdict,
    )


# --- Markdown ---------------------------------------------------------------------------------------------


def test_the_comment_begins_with_its_marker_and_the_verdict():
    text = markdown(a_review())

    first, second = text.split("\n\n")[:2]
    assert first == MARKER
    assert second.startswith("### ⛔ **Blocks**: ")
    assert "approve" in text.splitlines()[-1] and "approved" not in text


class Acted:
    """What a site acts on in a text: tags, links, and words outside of code."""

    def __init__(self, text: str) -> None:
        self.tags: list[str] = []
        texts: list[str] = []
        self.links = 0
        for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
            for part in (token, *(token.children or ())):
                if part.type in ("html_block", "html_inline"):
                    self.tags += re.findall(r"<(!--|/?[A-Za-z]\w*)", part.content)
                elif part.type == "text":
                    texts.append(part.content)
                self.links += part.type in ("link_open", "image")
        self.words = "\n".join(texts)


OURS = {"!--", "details", "/details", "summary", "/summary", "sub", "/sub", "br"}


@pytest.mark.parametrize("where", ["name", "message"])
def test_names_and_messages_are_text_and_nothing_else(where: str):
    acted = Acted(markdown(a_review(**{where: NASTY})))

    assert "@everyone" not in acted.words
    assert (acted.links, set(acted.tags)) == (0, OURS)
    assert acted.tags.count("details") == acted.tags.count("/details") > 0
    assert acted.tags.count("!--") == 1


@given(name=ANY_TEXT, message=ANY_TEXT)
def test_no_text_mentions_anybody_or_opens_a_tag(name: str, message: str):
    acted = Acted(markdown(a_review(name, message)))

    assert (acted.links, set(acted.tags)) == (0, OURS)
    assert not re.search(r"@[^\W_]", acted.words)


@pytest.mark.parametrize("many", [1, 50, 5_000])
def test_a_comment_is_never_longer_than_a_site_takes(many: int):
    text = markdown(a_review(message="long " * 40, many=many))

    assert len(text) <= LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert text.rstrip().endswith("</sub>")


# --- SARIF ------------------------------------------------------------------------------------------------


def test_sarif_has_a_rule_with_its_page_for_every_result():
    log = sarif(a_review(), prefix="dbt/", docs_url="https://docs.example.com/aidbt/")

    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
    cast = next(rule for rule in rules if rule["id"] == "check.lossy_cast")
    assert cast["helpUri"] == "https://docs.example.com/aidbt/checks/lossy_cast.md"
    assert not any("helpUri" in rule for rule in sarif(a_review())["runs"][0]["tool"]["driver"]["rules"])


def test_sarif_points_at_the_lines_from_the_root_of_the_repository():
    unknown, cast, allowed = sarif(a_review(), prefix="dbt/")["runs"][0]["results"]

    place = cast["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "dbt/models/fct_orders.sql"
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    assert "region" not in unknown["locations"][0]["physicalLocation"]
    assert allowed["suppressions"] == [{"kind": "inSource", "justification": "it is a copy"}]


def test_sarif_knows_the_same_finding_on_another_line():
    one = a_review()
    moved = Finding("check.lossy_cast", Severity.WARN, "models/fct_orders.sql:9:1", "a cast loses digits 0")

    def fingerprint(finding: Finding) -> str:
        review = Review(**{**_fields(one), "checked": Checked((finding,)), "wrong": ()})
        return sarif(review)["runs"][0]["results"][0]["partialFingerprints"]["aidbt/v1"]

    assert fingerprint(one.checked.introduced[0]) == fingerprint(moved)


def _fields(review: Review) -> dict[str, object]:
    return {name: getattr(review, name) for name in Review.__dataclass_fields__}


@given(name=ANY_TEXT, message=ANY_TEXT)
def test_sarif_is_json_whatever_is_named(name: str, message: str):
    assert json.loads(json.dumps(sarif(a_review(name, message))))["version"] == "2.1.0"


# --- GitHub's annotations ---------------------------------------------------------------------------------


def test_annotations_stand_at_their_lines():
    commands = list(workflow_commands(a_review(), prefix="dbt/"))

    assert commands[0] == "::error file=dbt/models/fct_orders.sql,title=column.unknown::a cast loses digits"
    assert commands[1] == (
        "::warning file=dbt/models/fct_orders.sql,line=3,col=5,title=check.lossy_cast::a cast loses digits 0"
    )
    assert commands[-1].startswith("::notice title=aidbt::blocks: ")


@given(name=ANY_TEXT, message=ANY_TEXT)
def test_no_text_ends_a_command_or_begins_another(name: str, message: str):
    review = a_review(name, f"{message}\n::set-output name=x::y\r\n")

    for command in workflow_commands(review):
        assert "\n" not in command and "\r" not in command
        assert re.match(r"::(error|warning|notice) [^:]*::", command)


# --- JUnit ------------------------------------------------------------------------------------------------


@given(name=ANY_TEXT, message=ANY_TEXT)
def test_junit_is_xml_whatever_is_named(name: str, message: str):
    root = ElementTree.fromstring(junit(a_review(name, message)))

    [suite] = root
    assert int(suite.get("tests") or 0) == len(suite)
    assert int(suite.get("failures") or 0) == len(suite.findall("testcase/failure")) > 0


# --- terminal ---------------------------------------------------------------------------------------------


def test_the_terminal_begins_with_the_verdict_and_folds_the_rest():
    told = list(lines(a_review(many=40)))
    everything = list(lines(a_review(many=40), show_all=True))

    assert told[0][0] == "head" and told[0][1].startswith("blocks: ")
    assert len([kind for kind, _ in told if kind in ("blocks", "look")]) == 10
    assert ("dim", "  1 was there before, 1 is allowed by a comment (--all shows them)") in told
    assert len(everything) > 80
