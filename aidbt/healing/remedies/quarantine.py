"""Few bad rows of a source are set aside: staging leaves them out, and a table beside it holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from aidbt.core.config import Settings
from aidbt.core.errors import EditConflict
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.healing.evidence.case import Case
from aidbt.healing.quarantine.entry import Entry, entry_of
from aidbt.healing.quarantine.figures import Counting, Figures
from aidbt.healing.quarantine.kept_keys import snapshot_of_this_run
from aidbt.healing.quarantine.limits import why_not
from aidbt.healing.quarantine.patching import quarantine_patch
from aidbt.healing.quarantine.rules import CLASSES, Rule, rules_of
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.own_settings import own_setting

NAME = "quarantine"
_Answer = TypeVar("_Answer")
_MOST_DRAFTED = 0.1  # of the rows: of more nobody would want to set them aside
_NEVER = (False, "never", "off", "no")


class Quarantine:
    """For few rows that are null, repeated, orphans, out of range or unreadable."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """A filter, and a table of what it leaves out, where few enough rows are bad."""
        if diagnosis.error_class not in CLASSES:
            return Declined(NAME, "the failure is not about single rows", is_concerned=False)
        if not diagnosis.root.startswith("source."):
            return Declined(NAME, "no single rows of a source are known to be wrong", is_concerned=False)
        entry = entry_of(diagnosis.root, case)
        if isinstance(entry, str):
            return Declined(NAME, entry)
        said = may_be_set_aside(entry, tools.settings)
        if said in _NEVER:
            return Declined(NAME, f"rows of {entry.name} are not to be set aside (quarantine: never)")
        snapshot = snapshot_of_this_run(entry.staging.unique_id, case)
        if snapshot:
            return Declined(NAME, f"{snapshot} keeps rows of earlier runs, and this run added bad ones to it")
        rules = rules_of(diagnosis, entry, case)
        if isinstance(rules, str):
            return Declined(NAME, rules)
        counted = _counted(rules, entry, case, tools)
        if isinstance(counted, str):
            return Declined(NAME, counted)
        return _mend(counted, entry, case, tools, asks=said != "allowed")


@dataclass(frozen=True, slots=True)
class _Counted:
    """A rule that takes rows away, and what it takes."""

    rule: Rule
    figures: Figures


@dataclass(frozen=True, slots=True)
class _AllCounted:
    """All rules of a cause.

    Attributes:
        bad: rows that break any of them.
        problem: why they may not be set aside without a person; "" when they may.
    """

    each: tuple[_Counted, ...]
    bad: int
    problem: str = ""


def may_be_set_aside(entry: Entry, settings: Settings) -> object:
    """What people say of a source: "allowed", "propose", "never"."""
    own = own_setting(entry.source.raw, "quarantine")
    return settings.heal.quarantine if own is None else own


def _counted(rules: tuple[Rule, ...], entry: Entry, case: Case, tools: Tools) -> _AllCounted | str:
    """The rules that any row breaks, with their figures; or why the rows may not be set aside."""
    found = []
    with tools.warehouse().connect() as connection:
        counting = Counting(connection, entry, case, tools.mask())
        if counting.rows().made is not None:
            return f"{entry.name} is a log of changes, whose rows are not left out one by one"
        for rule in rules:
            decided = counting.decided(rule)
            if isinstance(decided, str):
                return decided
            figures = counting.figures(decided)
            if figures.bad or len(rules) == 1:
                found.append(_Counted(decided, figures))
        together = counting.bad_of_any([one.rule for one in found]) if found else 0
    if not found:
        return f"no row of {entry.name} breaks the rules now"
    problem = next((p for one in found if (p := why_not(one.rule, one.figures, entry.name))), "")
    return _AllCounted(tuple(found), together, problem)


def _mend(counted: _AllCounted, entry: Entry, case: Case, tools: Tools, *, asks: bool) -> Mend | Declined:
    rules = tuple(one.rule for one in counted.each)
    if counted.bad > _MOST_DRAFTED * counted.each[0].figures.rows:
        many = f"{counted.bad:,} of {counted.each[0].figures.rows:,} rows of {entry.name} are wrong"
        return Declined(NAME, counted.problem or many)
    try:
        patch = quarantine_patch(
            entry,
            rules,
            tools.text,
            dialect=case.dialect,
            macros=_macros(tools.project.paths("macro"), case.root),
            since=(case.run.ended_at or datetime.now(UTC)).date(),
            days=tools.settings.heal.quarantine_days,
        )
    except EditConflict as error:
        return Declined(NAME, counted.problem or error.message)
    if counted.problem:
        return Declined(NAME, counted.problem, draft=patch)
    rows = counted.bad
    claims: list[Claim] = []
    for one in counted.each:
        claims += _claims(one, entry, case, tools)
    said = f"Set aside {rows:,} row{'s' if rows != 1 else ''} of {entry.name}"
    reasons = "; ".join(dict.fromkeys(rule.reason for rule in rules))
    return Mend(
        NAME,
        f"{said}: {reasons}",
        patch=patch if patch.edits else None,
        claims=tuple(claims),
        risk=Risk.HIGH,
        rows_moved={entry.name: rows},
        asks=f"rows of {entry.name} are set aside only when a person agrees" if asks else "",
    )


def _macros(folders: list[Path], root: Path) -> str:
    """The project's own folder of macros."""
    for folder in folders:
        if folder.is_relative_to(root):
            return folder.relative_to(root).as_posix()
    return "macros"


# --- claims: all is counted anew when they are checked --------------------------------------------------


def _claims(one: _Counted, entry: Entry, case: Case, tools: Tools) -> list[Claim]:
    again: list[Figures] = []

    def now() -> Figures:
        if not again:
            again.append(_asked(lambda counting: counting.figures(one.rule), entry, case, tools))
        return again[0]

    rule = one.rule
    claims = [
        Claim(
            f"so many rows of {entry.name} have to be set aside: {rule.reason}",
            lambda: _same_rows(one.figures, now(), rule),
        ),
        Claim(f"they are few, and few of every amount: {rule.reason}", lambda: _few(now(), rule, entry)),
    ]
    if rule.kind == "duplicates":
        kept = f"one row of every {', '.join(rule.columns)} stays"
        claims.append(Claim(kept, lambda: _asked(lambda c: c.every_key_stays(rule), entry, case, tools)))
    else:
        claims.append(Claim("none of them was good at the last good run", lambda: _new(now())))
    return claims


def _asked(ask: Callable[[Counting], _Answer], entry: Entry, case: Case, tools: Tools) -> _Answer:
    with tools.warehouse().connect() as connection:
        return ask(Counting(connection, entry, case, tools.mask()))


def _same_rows(planned: Figures, now: Figures, rule: Rule) -> Checked:
    got = ", as the test counted" if rule.got == now.bad and rule.kind != "duplicates" else ""
    found = f"{now.bad:,} of {now.rows:,}{got}; {now.rows - now.bad:,} stay"
    return Checked((now.bad, now.rows) == (planned.bad, planned.rows), found)


def _few(now: Figures, rule: Rule, entry: Entry) -> Checked:
    problem = why_not(rule, now, entry.name)
    if problem:
        return Checked(False, problem)
    parts = [f"{now.bad / now.rows:.2%} of the rows"]
    parts += [
        f"{amount.moved:,.2f} of {amount.total:,.2f} {name} ({amount.share:.2%})"
        for name, amount in now.amounts.items()
    ]
    parts += [f"{name} cannot be read in them" for name in now.unread]
    return Checked(True, ", ".join(parts))


def _new(now: Figures) -> Checked:
    if now.known_before:
        return Checked(False, f"{now.known_before:,} of them were")
    return Checked(True, "; ".join(now.looked_up) or "told by when they were loaded")
