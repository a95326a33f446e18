"""All is green, or a test far below fails: a source was emptied, halved, put back, swapped or rewritten.

Only what a source that is loaded as usual does not do is told: rows that are added, updated with their mark
(updated_at, the load's time), or purged from the old end say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.failures import ACT_FROM
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence
from aidbt.core.types import has_time_zone, type_family
from aidbt.healing.diagnosis.columns import switched_column
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    STRONG,
    diagnosis,
    message_evidence,
    readers_of,
    unchanged_code,
)
from aidbt.healing.diagnosis.tables import table_diagnosis
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.same_words import changes_with_time
from aidbt.healing.evidence.table_changes import Overlap, TableChange
from aidbt.warehouse.profiling import is_load_time

_SILENT_ROWS, _SILENT_SHARE = 5, 0.02
_REWRITTEN = 0.3  # of the compared rows, where nothing marks an update
_FAR = 2.0  # times what the smallest or largest value was
_COMPARED = 20  # keys
_TO_THE_SECOND = 19  # characters of a time: what is behind them is its zone, or how finely it is kept
_LOST, _NOTHING_NEW = 0.1, 0.995  # of the keys then; of those now that were there then
_COLLAPSED_FROM = 5  # different values then, of which one is left
_NEXT_PERIOD = 0.02  # of the keys then that are there still, at most
_OF_THE_WHOLE = (E.VOLUME, E.STALE, E.CORRUPT_DATA, E.TABLE_RENAMED)


def green_causes(case: Case) -> list[Diagnosis]:
    """What is wrong with the sources of a run in which nothing failed."""
    found = []
    for change in case.tables.values():
        if change.is_gone:
            if change.was is not None:
                found.append(table_diagnosis(case, None, change))
            continue
        cause = changed_table(case, change, None) or _switched(case, change)
        if cause is not None:
            found.append(cause)
    return found


def _switched(case: Case, change: TableChange) -> Diagnosis | None:
    """A column that turned null where a new one of its name or values is filled, and no test asks for it."""
    causes = (switched_column(case, None, change, column) for column, _, _ in change.nulled)
    sure = [cause for cause in causes if cause is not None and cause.confidence >= ACT_FROM]
    return next((cause for cause in sure if not case.is_read(change.source, cause.facts["new"])), None)


def silent_causes(case: Case, causes: Sequence[Diagnosis]) -> list[Diagnosis]:
    """What is wrong with the sources of a failed run beside what it failed of: emptied, halved, an old copy,
    swapped columns. It fails no node, and a run that is mended would publish it.

    Told more strictly than of a green run, since it keeps every mend back.

    Args:
        causes: what the run failed of; a source of which one says as much is not told again.
    """
    told = {c.root for c in causes if c.error_class in _OF_THE_WHOLE or c.facts.get("parent") == c.root}
    named = {(c.root, name) for c in causes for name in (c.column, c.facts.get("old"), c.facts.get("new"))}
    found = []
    for change in (*case.tables.values(), *case.beside.values()):
        if not change.source.startswith("source.") or change.source in told or not change.is_measured:
            continue
        looks = [_fewer, _old_copy, _shrunk]
        if not any((change.source, name) in named for pair in change.swapped for name in pair):
            looks.append(_swapped)
        cause = next((cause for look in looks if (cause := look(case, change, None)) is not None), None)
        found += [cause] if cause is not None else []
    return found


def changed_table(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    """What is wrong with the rows of a table as a whole; None where nothing is to be seen."""
    if not change.is_measured:
        return None
    for look in (_volume, _stale, _shrunk, _swapped, _rewritten, _collapsed, _retyped):
        found = look(case, change, failure)
        if found is not None:
            return found
    return None


def _volume(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    assert change.was is not None and change.now is not None
    if not (change.is_emptied or change.is_halved):
        return None
    relation = str(change.now.relation)
    what = "is empty" if change.now.rows == 0 else "has lost most of its rows"
    if change.is_halved:
        what = f"has {1 - change.now.rows / change.was.rows:.0%} fewer rows"
    text = f"{relation} {what}: {change.now.rows:,} rows, {change.was.rows:,} at the last good run"
    return _told(
        case, change, failure, "volume", E.VOLUME, STRONG, [text, *_went_back(change)],
        f"ask the owner of {relation} for the missing rows, or load it again",
    )  # fmt: skip


def _stale(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    back = _went_back(change)
    if not back or change.now is None:
        return None
    step = f"ask the owner of {change.now.relation} whether an old copy was put back"
    return _told(case, change, failure, "stale", E.STALE, STRONG, back, step)


def _fewer(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    """A table that lost its rows; not one that holds a day or a week, which is another one now."""
    overlap = _overlap_of_key(change)
    is_other = overlap is not None and overlap.support >= _COMPARED and overlap.share <= _NEXT_PERIOD
    return None if is_other and _went_on(change) else _volume(case, change, failure)


def _overlap_of_key(change: TableChange) -> Overlap | None:
    was = change.was
    key = was.keyed.key[0] if was is not None and was.keyed is not None and len(was.keyed.key) == 1 else ""
    return change.overlaps.get((key, key))


def _went_on(change: TableChange) -> bool:
    """Whether the newest value of a time is newer than it was."""
    return any(there > then for then, there in _newest(change))


def _newest(change: TableChange) -> list[tuple[str, str]]:
    """(then, now) of the newest value of each time; without those that turned null and, where there are more,
    when rows were loaded: an old export that is loaded again has that of today."""
    nulled = {name for name, _, _ in change.nulled}
    found = [
        (there.name, then.maximum, there.maximum)
        for then, there in change.pairs()
        if type_family(then.data_type) == type_family(there.data_type) in ("timestamp", "date")
        and there.name not in nulled and then.maximum and there.maximum
    ]  # fmt: skip
    own = [one for one in found if not is_load_time(one[0])]
    return [(then, there) for _, then, there in own or found]


def _old_copy(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    """A table whose newest rows are missing while nothing came: no row more, no time that went on, no key
    that is new. That a single time went back says nothing: a row may have been corrected or deleted."""
    was, now = change.was, change.now
    if was is None or now is None or now.rows > was.rows or now.rows < _COMPARED:
        return None
    overlap = _overlap_of_key(change)
    has_new = overlap is not None and overlap.known is not None and overlap.known < _NOTHING_NEW
    return None if _went_on(change) or has_new else _stale(case, change, failure)


def _shrunk(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    """A table that lost keys and got no new one, as an older export of it would; one that is purged while it
    is loaded gets new ones."""
    was, now = change.was, change.now
    assert was is not None and now is not None
    overlap = _overlap_of_key(change)
    if overlap is None or overlap.known is None or overlap.support < _COMPARED or now.rows >= was.rows:
        return None
    lost = 1 - overlap.share
    if lost < _LOST or overlap.known < _NOTHING_NEW:
        return None
    text = (
        f"{now.relation} has lost about {lost:.0%} of its rows and got no new one:"
        f" {now.rows:,} rows, {was.rows:,} at the last good run"
    )
    step = f"ask the owner of {now.relation} whether an old copy was put back"
    return _told(case, change, failure, "stale", E.STALE, LIKELY, [text], step)


def _went_back(change: TableChange) -> list[str]:
    """The columns of times whose newest value is older than it was: rows that were there are missing."""
    found = []
    for was, now in change.pairs():
        families = type_family(was.data_type), type_family(now.data_type)
        if families[0] not in ("timestamp", "date") or families[0] != families[1]:
            continue
        if was.maximum and now.maximum and now.maximum < was.maximum:
            found.append(f"the newest {now.name} is {now.maximum}; it was {was.maximum} at the last good run")
    return found


def _swapped(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    if not change.swapped or change.now is None:
        return None
    a, b = change.swapped[0]
    overlap = change.overlaps[a, b]
    text = (
        f"{change.now.relation}: {a} holds what {b} held, and {b} what {a} held"
        f" (the same in {overlap.same:,} of {overlap.same + overlap.differ:,} rows with the same key)"
    )
    step = f"ask the owner of {change.now.relation}: {a} and {b} are swapped"
    return _told(
        case, change, failure, "swapped", E.CORRUPT_DATA, STRONG, [text], step,
        column=a, facts={"old": a, "new": b},
    )  # fmt: skip


def _rewritten(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    assert change.now is not None
    relation = str(change.now.relation)
    retyped = {column for column, *_ in change.retyped}  # the same values are written in another way
    for column, rewrite in sorted(change.rewrites.items(), key=lambda item: -item[1].changed):
        if column in retyped:
            continue
        share = rewrite.changed / rewrite.compared if rewrite.compared else 0.0
        if rewrite.marks:
            was = change.was.column(column) if change.was is not None else None
            is_usual = was is not None and changes_with_time(column, type_family(was.data_type))
            least = _REWRITTEN if is_usual else _SILENT_SHARE
            if rewrite.changed < _SILENT_ROWS or share < least:
                continue
            marks = " and ".join(rewrite.marks)
            text = (
                f"{share:.0%} of the rows of {relation} have another {column} with the same key and {marks}"
            )
        elif rewrite.changed >= _SILENT_ROWS and share >= _REWRITTEN and not _is_near(change, column):
            text = f"{share:.0%} of the rows of {relation} have another {column} with the same key"
        else:
            continue
        step = f"ask the owner of {relation} what was done to {column}"
        return _told(
            case, change, failure, "rewritten", E.CORRUPT_DATA, LIKELY if rewrite.marks else GUESS, [text],
            step, column=column, facts={"bad": rewrite.changed},
        )  # fmt: skip
    return None


def _is_near(change: TableChange, column: str) -> bool:
    """Whether a number still moves between about the same ends: prices rise, and nothing marks it."""
    was = change.was.column(column) if change.was is not None else None
    now = change.now.column(column) if change.now is not None else None
    ends = [] if was is None or now is None else [(was.minimum, now.minimum), (was.maximum, now.maximum)]
    try:
        pairs = [
            (float(then), float(there)) for then, there in ends if then is not None and there is not None
        ]
    except ValueError:
        return False
    return len(pairs) == 2 and all(a == b or (a * b > 0 and 1 / _FAR <= a / b <= _FAR) for a, b in pairs)


def _collapsed(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    for was, now in change.pairs():
        many = len(was.hashes) >= _COLLAPSED_FROM
        if many and len(now.hashes) == 1 and change.now is not None and change.now.rows >= 20:
            text = (
                f"{change.now.relation}.{now.name} holds one value; it held {was.distinct:,} different ones"
            )
            step = f"ask the owner of {change.now.relation} what was done to {now.name}"
            return _told(
                case, change, failure, "rewritten", E.CORRUPT_DATA, LIKELY, [text], step, column=now.name
            )
    return None


def _retyped(case: Case, change: TableChange, failure: RunFailure | None) -> Diagnosis | None:
    for column, old, new in change.retyped:
        families = {type_family(old), type_family(new)}
        moved = ""
        if len(families) == 1 or families == {"integer", "number"}:
            moved = _moved(change, column, case.dialect)
            if not moved:
                continue
        assert change.now is not None
        relation = str(change.now.relation)
        return _told(
            case, change, failure, "type", E.TYPE_CHANGED, LIKELY,
            [f"{relation}.{column} is {new}, and was {old}{moved}"],
            f"cast {column} in staging if every value survives it; else ask the owner of {relation}",
            column=column, facts={"type_old": old, "type_new": new},
        )  # fmt: skip
    return None


def _moved(change: TableChange, column: str, dialect: str) -> str:
    """How the values of a column whose type is of the same kind as before are others, by their ends: numbers
    of which both ends moved far (another unit), times that got or lost a zone and of which the oldest is
    another. "" for not; what two types write differently cannot be compared row by row."""
    was = change.was.column(column) if change.was is not None else None
    now = change.now.column(column) if change.now is not None else None
    if was is None or now is None or not (was.minimum and was.maximum and now.minimum and now.maximum):
        return ""
    if type_family(now.data_type) in ("integer", "number"):
        moved = _is_far(was.minimum, now.minimum) and _is_far(was.maximum, now.maximum)
    else:
        is_other_zone = has_time_zone(was.data_type, dialect) != has_time_zone(now.data_type, dialect)
        moved = is_other_zone and was.minimum[:_TO_THE_SECOND] != now.minimum[:_TO_THE_SECOND]
    if not moved:
        return ""
    then, there = f"{was.minimum} and {was.maximum}", f"{now.minimum} and {now.maximum}"
    return f"; its values lay between {then}, and lie between {there}"


def _is_far(then: str, there: str) -> bool:
    try:
        a, b = float(then), float(there)
    except ValueError:
        return False
    return a * b < 0 or (a * b > 0 and not 1 / _FAR <= a / b <= _FAR)


def _told(
    case: Case,
    change: TableChange,
    failure: RunFailure | None,
    cause: str,
    error_class: E,
    confidence: float,
    texts: list[str],
    step: str,
    *,
    column: str = "",
    facts: dict[str, object] | None = None,
) -> Diagnosis:
    assert change.was is not None and change.now is not None
    relation = str(change.now.relation)
    where = f"{relation}.{column}" if column else relation
    proof = [Evidence("source_profile", where, text) for text in texts]
    proof += [message_evidence(failure)] if failure is not None else []
    base: dict[str, object] = {
        "source": change.source, "relation": relation, "column": column, "rows": change.now.rows,
        "rows_then": change.was.rows, "readers": ", ".join(readers_of(case, change.source)), **(facts or {}),
    }  # fmt: skip
    return diagnosis(
        cause, error_class, confidence, failure=failure, root=change.source, column=column, proof=proof,
        ruled_out=[e for e in [unchanged_code(case)] if e], facts=base, next_step=step,
    )  # fmt: skip
