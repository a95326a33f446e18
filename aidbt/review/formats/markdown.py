"""A review as one comment of a pull request.

Names, messages and paths come from the project, and keys from its data: all of it is shown as text and does
nothing else. What does not fit into a comment is left out from the least important end, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidbt.core.findings import Finding
from aidbt.generate.pull_request.markdown import code, folded, prose
from aidbt.review.changed_nodes import ChangedNode
from aidbt.review.checks.run import CODE
from aidbt.review.compared import NodeData
from aidbt.review.formats.words import headline, not_covered, what_changed, what_it_reaches
from aidbt.review.pull_request import Review
from aidbt.review.verdict import Reason

MARKER = "<!-- aidbt-pr-review -->"
"""The first line of the comment, by which the next run finds it."""

LIMIT = 65_000  # characters; GitHub takes 65,536
_SHOWN_REASONS = 12
_LONGEST = 600  # characters of a reason
_MOST_ROWS = 200
_SIGNS = {"blocks": "⛔", "look": "👀"}
_HEADS = {
    "blocks": "⛔ **Blocks**",
    "needs a look": "👀 **Needs a look**",
    "nothing found": "**Nothing found**",
}


def markdown(review: Review, *, limit: int = LIMIT) -> str:
    """The review as Markdown of at most `limit` characters."""
    reasons = review.verdict.reasons
    parts = [MARKER, _head(review)]
    if reasons:
        parts.append(_reasons(reasons[:_SHOWN_REASONS]))
    sections = [
        *_more_reasons(reasons[_SHOWN_REASONS:]),
        *_data(review.data),
        *_changed(review.changed),
        *_reached(review),
        *_findings("Was there before", review.checked.before),
        *_findings("Allowed by a comment", review.checked.allowed),
        *_not_done(review),
    ]
    return _fitted(parts, sections, _foot(review), limit)


def _fitted(parts: list[str], sections: Sequence[str], foot: str, limit: int) -> str:
    note = "_Some of it did not fit into a comment: `aidbt pr --all` shows everything._"
    room = limit - len("\n\n".join([*parts, note, foot])) - 4
    left_out = False
    for section in sections:
        if len(section) + 2 <= room:
            parts.append(section)
            room -= len(section) + 2
        else:
            left_out = True
    if left_out:
        parts.append(note)
    return "\n\n".join([*parts, foot]) + "\n"


def _head(review: Review) -> str:
    word = review.verdict.word
    counts = headline(review).partition(": ")[2]
    title = f"### {_HEADS[word]}" + (f": {counts}" if counts else "")
    lines = [f"{prose(what_changed(review))}"]
    reached = what_it_reaches(review)
    if reached:
        lines.append(f"Downstream: {prose(reached)}")
    return title + "\n\n" + "  \n".join(lines)


def _reasons(reasons: Sequence[Reason]) -> str:
    """A list of reasons, each with the way that proves it; what to do about a kind of them stands once."""
    lines = []
    mended: set[str] = set()
    for reason in reasons:
        where = f"{code(reason.where)}: " if reason.where else ""
        name = f" ({code(reason.code.removeprefix(CODE))})" if reason.code else ""
        lines.append(f"- {_SIGNS[reason.weight]} {where}{prose(_cut(reason.text))}{name}")
        if len(reason.path) > 1:
            lines.append("  <br>" + " → ".join(code(title) for title in reason.path))
        if reason.mend and reason.mend not in mended:
            lines.append(f"  <br><sub>{prose(reason.mend)}</sub>")
        mended.add(reason.mend)
    return "\n".join(lines)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _more_reasons(reasons: Sequence[Reason]) -> list[str]:
    return folded(f"{len(reasons)} more to look at", [_reasons(reasons[:_MOST_ROWS])])


def _data(data: Sequence[NodeData]) -> list[str]:
    """The data diffs, those that differ first."""
    differ = [one for one in data if one.diff is not None and not one.diff.is_same]
    same = [one for one in data if one.diff is not None and one.diff.is_same]
    parts = []
    for one in differ:
        parts.append(f"**{code(one.name)}**\n" + "\n".join(f"- {prose(text)}" for text in one.sentences))
    if same:
        parts.append("The same on both sides: " + ", ".join(code(one.name) for one in same))
    parts += [f"{code(one.name)} was not compared: {prose(one.why)}" for one in data if one.diff is None]
    return folded(f"Data: {len(differ)} of {len(data)} tables differ", parts)


def _changed(changed: Sequence[ChangedNode]) -> list[str]:
    rows = [
        f"| {code(node.name, in_table=True)} | {node.resource_type.replace('_', ' ')} "
        f"| {prose(', '.join(node.what) or node.kind)} | {node.readers:,} |"
        for node in changed[:_MOST_ROWS]
    ]
    if not rows:
        return []
    table = "\n".join(["| node | kind | changed | read by |", "|---|---|---|---:|", *rows])
    more = f"and {len(changed) - _MOST_ROWS} more" if len(changed) > _MOST_ROWS else ""
    return folded(f"Changed: {len(changed)}", [table, more])


def _reached(review: Review) -> list[str]:
    rows = [
        f"| {code(thing.name, in_table=True)} | {thing.kind} | {thing.effect} | {prose(thing.why)} "
        f"| {' → '.join(code(title, in_table=True) for title, _ in thing.path)} |"
        for thing in review.impact.affected[:_MOST_ROWS]
    ]
    if not rows:
        return []
    table = "\n".join(["| what | kind | effect | why | path |", "|---|---|---|---|---|", *rows])
    count = len(review.impact.affected)
    more = f"and {count - _MOST_ROWS} more" if count > _MOST_ROWS else ""
    return folded(f"What the change reaches: {count}", [table, more])


def _findings(title: str, findings: Sequence[Finding]) -> list[str]:
    lines = [
        f"- {code(finding.where)} {prose(finding.message)}"
        + (f" — because {prose(why)}" if (why := finding.evidence.get("because")) else "")
        for finding in findings[:_MOST_ROWS]
    ]
    return folded(f"{title}: {len(findings)}", ["\n".join(lines)])


def _not_done(review: Review) -> list[str]:
    notes: Iterable[str] = (*review.not_done, not_covered(review))
    lines = [f"- {prose(note)}" for note in notes if note]
    return folded("What was not looked at", ["\n".join(lines)])


def _foot(review: Review) -> str:
    base = f"{code(review.base_ref)} at {code(review.base_commit[:10])}"
    return f"<sub>Compared with {base} by aidbt. It never approves: that is for a person to do.</sub>"
