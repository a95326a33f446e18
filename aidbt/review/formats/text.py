"""A review for the terminal: the verdict and the riskiest things first, the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidbt.core.findings import Finding
from aidbt.review.compared import NodeData
from aidbt.review.formats.words import headline, not_covered, what_changed, what_it_reaches
from aidbt.review.pull_request import Review
from aidbt.review.verdict import Reason

_SHOWN = 10
Line = tuple[str, str]
"""(kind, text): "head", "blocks", "look", "title", "plain" or "dim"; the terminal decides how each looks."""


def lines(review: Review, *, show_all: bool = False) -> Iterator[Line]:
    """The lines of the review.

    Args:
        show_all: nothing is folded.
    """
    yield "head", headline(review)
    yield "plain", f"  {what_changed(review)}, since {review.base_ref} ({review.base_commit[:10]})"
    reached = what_it_reaches(review)
    if reached:
        yield "plain", f"  downstream: {reached}"
    reasons = review.verdict.reasons
    mended: set[str] = set()
    for reason in reasons if show_all else reasons[:_SHOWN]:
        yield from _of_reason(reason, is_first=reason.mend not in mended)
        mended.add(reason.mend)
    if len(reasons) > _SHOWN and not show_all:
        yield "dim", f"  … and {len(reasons) - _SHOWN} more (--all shows them)"
    yield from _of_data(review.data, show_all)
    if show_all:
        yield from _everything(review)
    else:
        yield from _folded(review)
    for note in (*review.not_done, not_covered(review)):
        if note:
            yield "dim", f"  not looked at: {note}"


def _of_reason(reason: Reason, *, is_first: bool) -> Iterator[Line]:
    """Its line, the way that proves it, and what to do, once for all reasons of a kind."""
    where = f"{reason.where}: " if reason.where else ""
    name = f" [{reason.code}]" if reason.code else ""
    yield reason.weight, f"{where}{reason.text}{name}"
    if len(reason.path) > 1:
        yield "dim", f"      {' → '.join(reason.path)}"
    if reason.mend and is_first:
        yield "dim", f"      {reason.mend}"


def _of_data(data: Sequence[NodeData], show_all: bool) -> Iterator[Line]:
    """What the data diff says beside the first sentence of each table, which is a reason already."""
    differ = [one for one in data if one.diff is not None and not one.diff.is_same]
    same = [one.name for one in data if one.diff is not None and one.diff.is_same]
    for one in differ if show_all else differ[:_SHOWN]:
        yield "title", f"data of {one.name}"
        for sentence in one.sentences if show_all else one.sentences[:5]:
            yield "plain", f"  {sentence}"
        if len(one.sentences) > 5 and not show_all:
            yield "dim", f"  … and {len(one.sentences) - 5} more"
    if same:
        yield "plain", f"the same data on both sides: {', '.join(same)}"


def _folded(review: Review) -> Iterator[Line]:
    checked = review.checked
    parts = [
        (len(checked.before), "was there before", "were there before"),
        (len(checked.allowed), "is allowed by a comment", "are allowed by a comment"),
    ]
    told = [f"{number} {one if number == 1 else many}" for number, one, many in parts if number]
    if told:
        yield "dim", f"  {', '.join(told)} (--all shows them)"


def _everything(review: Review) -> Iterator[Line]:
    yield "title", f"changed: {len(review.changed)}"
    for node in review.changed:
        what = ", ".join(node.what) or node.kind
        yield "plain", f"  {node.resource_type} {node.name}: {what}; read by {node.readers}"
    if review.impact.affected:
        yield "title", f"reached: {len(review.impact.affected)}"
    for thing in review.impact.affected:
        path = " → ".join(title for title, _ in thing.path)
        yield "plain", f"  {thing.effect} {thing.kind} {thing.name}: {thing.why} ({path})"
    yield from _findings("was there before", review.checked.before)
    yield from _findings("allowed by a comment", review.checked.allowed)


def _findings(title: str, findings: Sequence[Finding]) -> Iterator[Line]:
    if findings:
        yield "title", f"{title}: {len(findings)}"
    for finding in findings:
        because = finding.evidence.get("because")
        yield "plain", f"  {finding.where}: {finding.message}" + (f" (because {because})" if because else "")
