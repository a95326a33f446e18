"""What `aidbt map --check-decisions` asks for, and how it looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from aidbt import __version__
from aidbt.cli.render import bold, count, dim, emit, table
from aidbt.core.config import MappingSettings, load_settings
from aidbt.core.schema import ColumnMatch, Mapping
from aidbt.generate.agreement import (
    Asked,
    Check,
    Kept,
    Meaning,
    as_setting,
    changed_model,
    check_decisions,
    keep_check,
    kept_checks,
    model_name,
    require_another,
)
from aidbt.mapping.agreement import Agreement, Answer, Share, disagreements
from aidbt.session import Session

_SHOWN = 20
_KEPT_SHOWN = 5


def check(
    session: Session,
    *,
    embeddings: str | None,
    select: tuple[str, ...],
    approve: Callable[[Any], bool],
    keep: bool,
    show_all: bool,
    output: str,
) -> int:
    """Ask the matcher afresh about everything decided, and print what it says.

    Args:
        embeddings: another embedding model, as the setting `embeddings.model` names it; None for none.
        keep: whether the figures are kept in the store.

    Returns:
        The exit code: 1 when a table could not be read.
    """
    other = _other(session, embeddings) if embeddings is not None else None
    found = check_decisions(
        session.project,
        session.settings,
        session.warehouse,
        session.profiles,
        current=_meaning(session),
        other=other,
        select=select,
        approve=approve,
    )
    before = kept_checks(session.store, limit=_KEPT_SHOWN)
    if keep:
        at = datetime.now(UTC)
        keep_check(session.store, found, session.settings, at=at, version=__version__, select=select)
    mapping = session.settings.values.mapping
    emit(
        _summary(found, before, mapping),
        output=output,
        text=lambda: _text(found, before, mapping, show_all=show_all),
    )
    return 1 if found.refused else 0


def note_changed_model(session: Session, mappings: Iterable[Mapping]) -> None:
    """Say on stderr when the embedding model is another one than at the last check; nothing without a target,
    because then nothing is matched.
    """
    if not any(mapping.target for mapping in mappings):
        return
    changed = changed_model(session.store, session.settings)
    if changed is not None:
        before, now = changed
        command = f"aidbt map --check-decisions --embeddings {as_setting(before)}"
        said = f"note: the embedding model changed from {before} to {now}: {command} shows what that changes"
        click.echo(said, err=True)


def _meaning(session: Session) -> Meaning:
    return Meaning(model_name(session.settings.values.embeddings), session.embed)


def _other(session: Session, model: str) -> Meaning:
    """What the project would be asked with under another `embeddings.model`."""
    settings = load_settings(session.project.root, flags={"embeddings.model": model})
    require_another(session.settings.values.embeddings, settings.values.embeddings)
    return _meaning(Session(session.project, settings, []))


# --- for programs -------------------------------------------------------------------------------------


def _summary(found: Check, before: Sequence[Kept], mapping: MappingSettings) -> dict[str, Any]:
    """What programs get: every disagreement and every change."""
    return {
        "tables": found.tables,
        "scanned": found.scanned,
        "combiner": mapping.combiner,
        "precision": mapping.precision,
        "review": mapping.review,
        "current": _asked(found.current),
        "other": _asked(found.other) if found.other else None,
        "changes": [
            {**_answer(change.one), "other": _match(change.other.fresh), "other_agrees": change.other.agrees}
            for change in found.changes
        ],
        "left_out": found.left_out,
        "without_target": found.without_target,
        "refused": {key: error.message for key, error in found.refused.items()},
        "before": before,
    }


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "model": asked.model,
        "people": asked.people,
        "aidbt": asked.aidbt,
        "disagreements": [_answer(answer) for answer in disagreements(asked.answers)],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "column": f"{answer.key}.{answer.target}",
        "decided": answer.decided,
        "by": answer.by,
        "agrees": answer.agrees,
        **_match(answer.fresh),
    }


def _match(found: ColumnMatch) -> dict[str, Any]:
    return {
        "answer": found.source,
        "band": found.band,
        "probability": found.score if found.source is not None else None,
        "alternatives": dict(found.alternatives),
        "reasons": found.reasons,
    }


# --- for people ---------------------------------------------------------------------------------------


def _text(found: Check, before: Sequence[Kept], mapping: MappingSettings, *, show_all: bool) -> Iterator[str]:
    asked = found.current
    if asked.answers:
        yield (
            f"{bold('asked afresh')} about {count(len(asked.answers), 'decided column')} in"
            f" {count(found.tables, 'table')}, as if nothing had been decided there"
        )
        yield from _band_lines(asked, mapping)
        yield verdict(asked.people.accept, mapping.precision)
    else:
        yield f"{bold('nothing to compare')}: no column with a declared target is decided"
    yield from _left_out_lines(found)
    if found.other is not None:
        yield from _beside_lines(found, found.other, show_all=show_all)
    wrong = disagreements(asked.answers)
    if wrong:
        yield f"{count(len(wrong), 'disagreement')}:"
        for answer in wrong[: None if show_all else _SHOWN]:
            yield f"  {_decided(answer)}; {_said(answer)}{_why(answer.fresh)}"
        yield from _more(len(wrong), show_all=show_all)
    if before:
        yield "before:"
        yield from (f"  {line}" for line in map(_kept_line, before))
    if wrong:
        where = f"{wrong[0].key}.{wrong[0].target}"
        yield f"{bold('next')}: where a decision is wrong: aidbt review choose {where} SOURCE_COLUMN"


def _band_lines(asked: Asked, mapping: MappingSettings) -> Iterator[str]:
    """One row per decider and per thing the matcher would do."""
    sure, least = _percent(mapping.precision), _percent(mapping.review)
    would = {"accept": f"accept ({sure} or more)", "review": f"ask (from {least})", "none": "find no match"}
    rows = []
    deciders: list[tuple[str, Agreement]] = [("people", asked.people), ("aidbt", asked.aidbt)]
    for who, figures in deciders:
        for band, words in would.items():
            share: Share = getattr(figures, band)
            if share.columns:
                rows.append([who, words, *_share_cells(share), _percent(share.expected)])
        if figures.overall.columns:
            rows.append([who, "all", *_share_cells(figures.overall), ""])
    yield from table(rows, ["decided by", "the matcher would", "columns", "agree", "share", "it said"])


def _share_cells(share: Share) -> list[str]:
    return [f"{share.columns:,}", f"{share.agreed:,}", _percent(share.rate)]


def verdict(share: Share, precision: float) -> str:
    """Whether what would be accepted unseen is right as often as the setting promises."""
    if share.rate is None:
        return "of what it would accept, people have decided nothing yet"
    low, high = share.interval
    promised = f"the {_percent(precision)} of mapping.precision"
    if high < precision:
        judged = f"less than {promised}: look at the disagreements, or raise it"
    elif low >= precision:
        judged = f"{promised} is kept"
    else:
        judged = f"{promised} is possible, and not proven by {count(share.columns, 'column')}"
    likely = f"{_percent(share.rate)}, likely {_percent(low)} to {_percent(high)}"
    return f"of what it would accept, people agree with {likely}: {judged}"


def _left_out_lines(found: Check) -> Iterator[str]:
    reasons = Counter(found.left_out.values()).most_common()
    if reasons:
        said = "; ".join(f"{number:,}: {reason}" for reason, number in reasons)
        yield f"not compared: {said} (--output json lists them)"
    if found.without_target:
        yield f"{count(found.without_target, 'mapping')} without a declared target: nothing is matched there"
    for key, error in found.refused.items():
        yield f"{key} cannot be read: {error.message}"


def _beside_lines(found: Check, other: Asked, *, show_all: bool) -> Iterator[str]:
    """The two embedding models, and every column that the other one would change."""
    rows = []
    for asked, note in ((found.current, " (now)"), (other, "")):
        shares = asked.people.overall, asked.people.accept, asked.aidbt.overall
        rows.append([asked.model + note, *(_of(share) for share in shares)])
    yield from table(rows, ["embedding model", "agrees with people", "where it would accept", "with aidbt"])
    changed = found.changes
    if not changed:
        yield f"with {other.model} no decided column would change"
        return
    yield f"{count(len(changed), 'decided column')} would change with {other.model}:"
    for change in changed[: None if show_all else _SHOWN]:
        yield f"  {_decided(change.one)}; now {_proposed(change.one)}; then {_proposed(change.other)}"
    yield from _more(len(changed), show_all=show_all)


def _of(share: Share) -> str:
    return f"{_percent(share.rate)} of {share.columns:,}" if share.columns else "no column"


def _more(number: int, *, show_all: bool) -> Iterator[str]:
    if number > _SHOWN and not show_all:
        yield dim(f"  … and {number - _SHOWN} more (--all)")


def _decided(answer: Answer) -> str:
    who = "a person" if answer.by == "person" else "aidbt"
    return f"{answer.key}.{answer.target}: {who} decided {answer.decided or 'that it has no source'}"


def _said(answer: Answer) -> str:
    """What the matcher would do now, and how likely it takes the decision to be."""
    found = answer.fresh
    if found.source is None:
        likely = dict(found.alternatives).get(answer.decided or "")
        return "it finds no match" + (f", {answer.decided} {_percent(likely)}" if likely is not None else "")
    verb = "accept" if found.band == "accept" else "ask about"
    behind = [f"{name} {_percent(p)}" for name, p in found.alternatives if name == answer.decided]
    return f"it would {verb} {', '.join([f'{found.source} {_percent(found.score)}', *behind])}"


def _proposed(answer: Answer) -> str:
    """An answer in short: the source, how sure, and whether that is what was decided."""
    found = answer.fresh
    mark = "as decided" if answer.agrees else "otherwise"
    if found.source is None:
        return f"no match, {mark}"
    verb = "accepted" if found.band == "accept" else "asked"
    return f"{found.source} ({_percent(found.score)}, {verb}, {mark})"


def _why(found: ColumnMatch) -> str:
    return f": {', '.join(found.reasons)}" if found.reasons else ""


def _kept_line(kept: Kept) -> str:
    """The figures of an earlier check in one line."""
    both = kept.people.overall, kept.aidbt.overall
    figures = [
        f"{_percent(share.rate)} of {count(share.columns, 'column')} of {who}"
        for share, who in zip(both, ("people", "aidbt"), strict=True)
        if share.columns
    ]
    about = [kept.combiner, kept.model, f"aidbt {kept.version}"]
    selected = f" (-s {' '.join(kept.select)})" if kept.select else ""
    return f"{kept.at:%Y-%m-%d} {', '.join(figures)}{selected} {dim('· ' + ' · '.join(about))}"


def _percent(share: float | None) -> str:
    """A share 0..1 for people; near 1, where it matters, to a tenth: 94.6 % is not 95 %."""
    if share is None:
        return ""
    return f"{100 * share:.{1 if share > 0.9 else 0}f}".removesuffix(".0") + " %"
