"""What a person reads of a proposed mend: the text of a pull request, and the commands that open it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aidbt.core.healing import Diagnosis, Mend
from aidbt.core.measured import node_name

_SHOWN = 20
_UNSAFE = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One pull request.

    Attributes:
        commands: to push the branch and to open the pull request, or to bring it up to date.
        into: the branch that it is for.
        file: the name of the body's file in `.aidbt/heal`.
    """

    branch: str
    title: str
    body: str
    commands: tuple[str, ...]
    into: str = ""
    file: str = ""


def branch_of(key: str, attempt: str) -> str:
    """The branch of a cause; the attempt keeps apart keys that look the same once they are made plain.

    Example:
        >>> branch_of("code:models/stg orders.sql", "HEAL-7")
        'aidbt/heal/code-models-stg-orders.sql-7'
    """
    plain = _UNSAFE.sub("-", key.lower()).strip("-.")[:60].rstrip("-.") or "cause"
    return f"aidbt/heal/{plain.replace('..', '-')}-{attempt.rpartition('-')[2]}"


def proposal(
    attempt: str,
    diagnosis: Diagnosis,
    mend: Mend,
    *,
    into: str,
    found: Sequence[str],
    reasons: Sequence[str],
    diff: str,
    others: Sequence[str] = (),
) -> Proposal:
    """The pull request of a mend that was proved.

    Args:
        into: the branch that it is for.
        found: what checking found, a sentence each.
        reasons: why it was not deployed without a person.
        others: mends of other causes that the same commits hold.
    """
    branch = branch_of(diagnosis.key, attempt)
    body = "\n".join(_body(attempt, diagnosis, mend, found, reasons, diff, others))
    create = f"gh pr create --head {branch} --base {shlex.quote(into)} --title {shlex.quote(mend.title)}"
    return Proposal(
        branch,
        mend.title,
        body,
        (f"git push --force-with-lease origin {branch}", f"{create} --body-file .aidbt/heal/{attempt}.md"),
        into,
        f"{attempt}.md",
    )


def _body(
    attempt: str, diagnosis: Diagnosis, mend: Mend, found: Sequence[str], reasons: Sequence[str], diff: str,
    others: Sequence[str],
) -> Iterator[str]:  # fmt: skip
    yield f"# {mend.title}\n"
    where = node_name(diagnosis.root) if "." in diagnosis.root else diagnosis.root
    what = f"**{diagnosis.error_class}** at {where}"
    yield f"{what}, known with confidence {diagnosis.confidence:.2f} ({attempt}).\n"
    title = "Why it failed" if diagnosis.failures else "What was found"
    yield from _part(title, [evidence.text for evidence in diagnosis.proof])
    yield from _part("What was ruled out", [evidence.text for evidence in diagnosis.ruled_out])
    yield from _part("What was checked", found)
    failed = [node_name(failure.unique_id) for failure in diagnosis.failures if failure.unique_id]
    yield from _part("What failed", failed)
    yield from _part("Rows that go elsewhere", [f"{k}: {n:,}" for k, n in mend.rows_moved.items()])
    yield from _part("What is not known", diagnosis.unknown)
    yield from _part("Why a person decides", reasons)
    yield from _part("Mends of other causes in the same files, which are in it too", others)
    fence = "```" if "```" not in diff else "~~~~"
    yield f"## The change\n\n{fence}diff\n{diff.rstrip()}\n{fence}"


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"## {title}\n"
    for line in lines[:_SHOWN]:
        yield "- " + " ".join(line.split())
    if len(lines) > _SHOWN:
        yield f"- … and {len(lines) - _SHOWN:,} more"
    yield ""
