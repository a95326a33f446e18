"""Runs the checks over what a pull request changed, and tells what it introduced from what was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aidbt.core.errors import require_known
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column
from aidbt.lineage.graph import Lineage
from aidbt.lineage.uncompiled import EPHEMERAL
from aidbt.project.manifest import Manifest, Node
from aidbt.review.checks import CHECKS
from aidbt.review.checks.allowed import Allowance, allowances
from aidbt.review.checks.check import Check, Hit, Query, Side, Subject
from aidbt.review.validation import known_relations
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.parse import Places, parse_sql
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation, SqlProblem
from aidbt.sql.validate import Written, findings_of

CODE = "check."
_LOOKED_AT = frozenset({"model", "snapshot", "seed", "source"})
_LEVELS = {"warn": Severity.WARN, "error": Severity.ERROR}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found in the changed nodes.

    Attributes:
        introduced: by the change; `code` is "check." and the check's name.
        before: what stood there before the change too.
        allowed: what a comment allows, its reason in the evidence as "because".
        unread: (unique_id, why) of changed nodes whose SQL could not be read; most checks are blind there.
    """

    introduced: tuple[Finding, ...] = ()
    before: tuple[Finding, ...] = ()
    allowed: tuple[Finding, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


def side(manifest: Manifest, lineage: Lineage) -> Side:
    """One end of a pull request as checks read it."""
    dialect = sqlglot_dialect(manifest.metadata.adapter_type)
    relations, _ = known_relations(manifest, lineage, dialect, is_all_known=False)
    for node in lineage.nodes.values():
        known = manifest.find(node.unique_id)
        if known is not None and known.config.get("materialized") == "ephemeral":
            columns = tuple(Column(c.name, c.data_type, c.nullable) for c in node.columns)
            relation = KnownRelation(node.unique_id, columns, node.is_complete, node.unique)
            relations.put("", "", EPHEMERAL + (known.identifier or known.name), relation)
    return Side(manifest, lineage, relations, dialect)


def run_checks(
    base: Side,
    head: Side,
    changed: Iterable[str],
    *,
    retested: Iterable[str] = (),
    root: Path,
    levels: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Checked:
    """What the checks find in changed nodes.

    Args:
        changed: unique_ids of nodes of the head.
        retested: unique_ids of nodes of which the tests alone changed.
        root: the project's folder, whose files the findings point at.
        levels: check → "off", "warn" or "error", where it is not the check's own.
        renamed: unique_id at the base → at the head, of nodes that are otherwise the same.

    Raises:
        UnknownName: `levels` names a check that does not exist.
    """
    levels = levels or {}
    require_known(levels, CHECKS.names(), "review check")
    checks: list[Check] = [CHECKS.load(name) for name in CHECKS.names() if levels.get(name) != "off"]
    old_names = {new: old for old, new in (renamed or {}).items()}
    found = _Found(root, levels)
    comparing = [check for check in checks if check.compares]
    wanted = {**dict.fromkeys(retested, comparing), **dict.fromkeys(changed, checks)}
    for unique_id, asked in wanted.items():
        node = head.manifest.find(unique_id)
        if node is None or node.resource_type not in _LOOKED_AT:
            continue
        old = base.manifest.find(old_names.get(unique_id, unique_id))
        before = _subject(old, base) if old is not None else None
        subject = replace(_subject(node, head), before=before)
        if subject.query is None and (why := _why_unread(subject)):
            found.unread.append((unique_id, why))
        for check in asked:
            found.take(check, subject)
    return Checked(tuple(found.introduced), tuple(found.before), tuple(found.allowed), tuple(found.unread))


def _subject(node: Node, side: Side) -> Subject:
    return Subject(node, side, read_query(str(node.raw.get("compiled_code") or ""), side))


def read_query(text: str, side: Side) -> Query | None:
    """A compiled text as checks look at it; None where it is not one query."""
    parsed = parse_sql(text, side.dialect) if text.strip() else None
    if parsed is None or parsed.tree is None:
        return None
    with_ = parsed.tree.args.get("with_")
    if with_ is not None:  # ephemeral models that dbt put in front are nodes of their own
        own = [cte for cte in with_.expressions if not cte.alias.startswith(EPHEMERAL)]
        if own:
            with_.set("expressions", own)
        else:
            parsed.tree.set("with_", None)
    resolved = resolve(parsed.tree, side.relations, side.dialect, text=text)
    return Query(text, parsed.tree, resolved, side.dialect)


def _why_unread(subject: Subject) -> str:
    """Why the SQL of a node was not read; "" where it has none."""
    node = subject.node
    if node.resource_type not in ("model", "snapshot"):
        return ""
    if node.raw.get("language") == "python":
        return "it is a Python model"
    if not node.raw.get("compiled_code"):
        return "dbt has not compiled it"
    return "its SQL could not be parsed"


class _Found:
    """The findings so far, sorted into what they are."""

    def __init__(self, root: Path, levels: Mapping[str, str]) -> None:
        self._root = root
        self._levels = levels
        self.introduced: list[Finding] = []
        self.before: list[Finding] = []
        self.allowed: list[Finding] = []
        self.unread: list[tuple[str, str]] = []

    def take(self, check: Check, subject: Subject) -> None:
        """Run one check on one node."""
        hits = sorted(dict.fromkeys(check.find(subject)), key=lambda hit: hit.start)
        if not hits:
            return
        known: Counter[str] = Counter()
        if subject.before is not None and not check.compares:
            known.update(hit.message for hit in dict.fromkeys(check.find(subject.before)))
        text = subject.query.text if subject.query is not None else _text(subject.node)
        allowing = allowances(text)
        for hit in hits:
            finding = self._finding(check, hit, subject, text)
            allowance = _allowance(check.name, hit, allowing, text)
            if allowance is not None and allowance.why:
                evidence = {**finding.evidence, "because": allowance.why}
                self.allowed.append(replace(finding, evidence=evidence))
            elif known[hit.message] > 0:
                known[hit.message] -= 1
                self.before.append(finding)
            elif allowance is not None:
                note = f"{finding.message} (the comment that allows it gives no reason)"
                self.introduced.append(replace(finding, message=note))
            else:
                self.introduced.append(finding)

    def _finding(self, check: Check, hit: Hit, subject: Subject, text: str) -> Finding:
        """A hit as a finding, at the line of the file that people edit."""
        level = _LEVELS.get(self._levels.get(check.name, ""), check.severity)
        severity = hit.severity or level
        line, column = Places(text).at(hit.start) if hit.end > hit.start else (0, 0)
        problem = SqlProblem(
            CODE + check.name, hit.message, line, column, hit.start, hit.end, severity=severity
        )
        finding = findings_of([problem], written_of(subject.node, self._root))[0]
        evidence = {"node": subject.node.unique_id, "mend": check.mend, **finding.evidence}
        return replace(finding, evidence=evidence)


def _allowance(check: str, hit: Hit, allowing: list[Allowance], text: str) -> Allowance | None:
    """The comment that allows a hit; one without a reason only where there is no other."""
    places = Places(text)
    first = places.at(hit.start)[0] if hit.end > hit.start else 0
    last = places.at(max(hit.end - 1, hit.start))[0] if hit.end > hit.start else 0
    holding = [one for one in allowing if any(one.covers(check, line) for line in range(first, last + 1))]
    return max(holding, key=lambda one: bool(one.why), default=None)


def _text(node: Node) -> str:
    return str(node.raw.get("compiled_code") or node.raw.get("raw_code") or "")


def written_of(node: Node, root: Path) -> Written:
    """The file of a node beside what dbt compiled of it, to tell lines of the one by lines of the other.

    Args:
        root: the project's folder; without the file there, the text that dbt read counts.
    """
    compiled = _text(node)
    try:
        text = (root / node.path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        text = str(node.raw.get("raw_code") or compiled)
    return Written(node.path, text, compiled, is_file=False)
