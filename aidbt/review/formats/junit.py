"""A review as JUnit XML, which most CI systems show: a case for each changed node, failed where it blocks."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from aidbt.review.formats.words import headline
from aidbt.review.pull_request import Review
from aidbt.review.verdict import Reason

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(review: Review) -> str:
    """The review as an XML document. What is only to be looked at stands in the case's output."""
    by_node: dict[str, list[Reason]] = {}
    for reason in review.verdict.reasons:
        by_node.setdefault(reason.node, []).append(reason)
    suite = ElementTree.Element("testsuite", name="aidbt pr")
    for node in review.changed:
        _case(suite, node.resource_type, node.name, by_node.pop(node.unique_id, []))
    for unique_id, reasons in by_node.items():
        kind, _, rest = unique_id.partition(".")  # what failed in a build is known by its name alone
        _case(suite, kind if rest else "project", rest.partition(".")[2] or unique_id or "project", reasons)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    suites = ElementTree.Element("testsuites", name=_text(headline(review)))
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, kind: str, name: str, reasons: list[Reason]) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_text(kind), name=_text(name))
    blocks = [reason for reason in reasons if reason.weight == "blocks"]
    if blocks:
        failure = ElementTree.SubElement(case, "failure", message=_text(blocks[0].text), type=blocks[0].topic)
        failure.text = _lines(blocks)
    look = [reason for reason in reasons if reason.weight == "look"]
    if look:
        ElementTree.SubElement(case, "system-out").text = _lines(look)


def _lines(reasons: list[Reason]) -> str:
    return "\n".join(
        _text(f"{reason.where}: {reason.text}" if reason.where else reason.text) for reason in reasons
    )


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
