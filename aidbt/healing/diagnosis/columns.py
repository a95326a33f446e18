"""A column that is read is not there, or turned null: renamed, removed, or never there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from aidbt.core.errors import nearest
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence
from aidbt.core.measured import node_name
from aidbt.core.types import type_family
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    PROVED,
    STRONG,
    changes_above,
    diagnosis,
    message_evidence,
    readers_of,
    tables_above,
    unchanged_code,
)
from aidbt.healing.diagnosis.symptoms import Symptom
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.outside import is_outside
from aidbt.healing.evidence.same_words import says_the_same, says_type
from aidbt.healing.evidence.table_changes import Overlap, Switch, TableChange
from aidbt.healing.evidence.violations import origins_of
from aidbt.lineage.graph import ColumnRef
from aidbt.warehouse.words import words_of

_DOUBTED = 0.70  # one column ends and another begins, and neither the name nor a value says it is the same
_UNTELLING = frozenset(
    ("id", "at", "on", "is", "has", "date", "time", "name", "type", "code", "no", "number")
)


def gone_column(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A column of a source that a failed node needs, by its own name or through the models between."""
    for change, column in _gone_origins(case, failure, symptom.name):
        if _is_broken_file(case, change):
            return _broken_file(case, failure, change)
        return column_diagnosis(case, failure, change, column)
    if case.good is None:
        return _never_kept(case, failure, symptom)
    return _not_asked(case, failure, symptom) if case.reached is None or not case.reached.is_open else None


def _is_broken_file(case: Case, change: TableChange) -> bool:
    """Whether a source is a file that has none of its columns any more: cut off, or no such file at all."""
    node = case.node(change.source)
    was = change.was.names if change.was is not None else ()
    return node is not None and is_outside(node) and len(was) > 1 and set(change.gone) == set(was)


def _broken_file(case: Case, failure: RunFailure, change: TableChange) -> Diagnosis:
    assert change.now is not None
    read = ", ".join(change.now.names[:3])
    text = f"{change.now.relation} is a file that has none of its columns any more; it reads as {read[:100]}"
    return diagnosis(
        "file:damaged", E.CORRUPT_DATA, STRONG, failure=failure, root=change.source,
        proof=[Evidence("source_schema", change.source, text), message_evidence(failure)],
        ruled_out=[e for e in [unchanged_code(case)] if e], facts={"what": "file", "source": change.source},
        next_step="ask whoever delivers the file: it is cut off, or another one",
    )  # fmt: skip


def _gone_origins(case: Case, failure: RunFailure, name: str) -> Iterator[tuple[TableChange, str]]:
    """(table, column) of what a name in a failed node may be of, where that column is gone from the table."""
    above = tables_above(case, failure.unique_id)
    for change in above:
        for column in change.gone:
            if column.casefold() == name.casefold():
                yield change, column
    node = case.node(failure.unique_id)
    for parent in node.depends_on if node is not None and case.lineage is not None else ():
        for origin in _origins(case, parent, name):
            found = case.tables.get(origin.node)
            if found is not None and origin.column in found.gone:
                yield found, origin.column


def _origins(case: Case, node: str, column: str) -> list[ColumnRef]:
    if case.lineage is None or node not in case.lineage.nodes:
        return []
    return origins_of(case.lineage, node, column) if case.lineage.nodes[node].column(column) else []


def column_diagnosis(case: Case, failure: RunFailure | None, change: TableChange, column: str) -> Diagnosis:
    """What became of a column that is gone from a source."""
    assert change.now is not None
    relation = str(change.now.relation)
    candidates = {new: change.overlaps.get((column, new), Overlap()) for new in change.new}
    same = [
        new for new, o in candidates.items()
        if o.says_same or _are_same_times(change, column, new, o) or _is_named_so(change, column, new, o)
    ]  # fmt: skip
    partly = [new for new, overlap in candidates.items() if new not in same and _is_partly(overlap)]
    gone = Evidence(
        "source_schema", f"{relation}.{column}", f"{relation} had a column {column}, and has none now",
        {"gone": ", ".join(change.gone), "new": ", ".join(change.new)},
    )  # fmt: skip
    proof = [gone, *([message_evidence(failure)] if failure is not None else [])]
    ruled = [_other_values(relation, column, new, o) for new, o in candidates.items() if new not in same]
    code = unchanged_code(case)
    if code is not None:
        ruled.append(code)
    facts: dict[str, object] = {
        "source": change.source, "relation": relation, "column": column,
        "readers": ", ".join(readers_of(case, change.source)),
    }  # fmt: skip
    was = change.was.column(column) if change.was is not None else None
    facts["type_old"] = was.data_type if was is not None else ""
    say = partial(
        diagnosis, "column", failure=failure, root=change.source, column=column, proof=proof, ruled_out=ruled,
        facts=facts,
    )  # fmt: skip
    types = _two_types(change, column, same, partly)
    if types or (len(same) == 1 and not partly):
        new, *others = sorted(types or same, key=lambda name: -candidates[name].same)
        also = facts["also"] = others[0] if others else ""
        there = change.now.column(new)
        facts |= {"old": column, "new": new, "how": "gone", "type_new": there.data_type if there else ""}
        facts |= _figures(candidates[new])
        proof.insert(1, _same_values(relation, column, new, candidates[new]))
        both = f"coalesce({also}, {new})" if also else new
        step = f"read {both} instead of {column} in staging, under the old name"
        return say(E.COLUMN_RENAMED, _sure(candidates[new], str(facts["type_old"])), next_step=step)
    if same or partly:
        proof[1:1] = [_same_values(relation, column, new, candidates[new]) for new in same]
        several = ", ".join([*same, *partly])
        facts |= {"old": column, "alternatives": several}
        step = f"say which of {several} is {column} now: the values do not tell"
        if len(same) + len(partly) == 1:
            step = f"say whether {several} is {column} now: the values do not tell"
        return say(E.COLUMN_RENAMED, GUESS, next_step=step)
    is_measured = change.was is not None and change.was.is_measured and change.now.is_measured
    like = nearest(column, change.new)
    unknown = []
    if change.new and not is_measured:
        unknown.append(f"what {relation} held before is not known, so a rename cannot be told")
        if like:
            facts |= {"alternatives": like}
    step = f"ask the owner of {relation} where {column} went, or declare a default for it"
    return say(E.COLUMN_REMOVED, GUESS if unknown else STRONG, unknown=unknown, next_step=step)


def _two_types(change: TableChange, column: str, same: Sequence[str], partly: Sequence[str]) -> list[str]:
    """The two columns that a loader made of one whose values came in two types; [] for none."""
    there = [change.now.column(name) for name in change.new] if change.now is not None else []
    names = [one.name for one in there if one and says_type(column, one.name, type_family(one.data_type))]
    return names if len(names) == 2 and same and {*same, *partly} <= set(names) else []


def _are_same_times(change: TableChange, column: str, new: str, overlap: Overlap) -> bool:
    """Whether two columns hold the same times to the last row, and more than one time: those of loads, where
    nearly all rows came with the first one."""
    then = change.was.column(column) if change.was is not None else None
    now = change.now.column(new) if change.now is not None else None
    is_time = then is not None and now is not None and (
        type_family(then.data_type) == type_family(now.data_type) == "timestamp"
    )  # fmt: skip
    return is_time and bool(overlap.agreement == 1 and overlap.telling)


def _is_named_so(change: TableChange, column: str, new: str, overlap: Overlap) -> bool:
    """Whether the one column that came holds the one value that the one that is gone held, and its name says
    the same: `currency_code` for `currency`."""
    then = change.was.column(column) if change.was is not None else None
    now = change.now.column(new) if change.now is not None else None
    if then is None or now is None or (change.gone, change.new) != ((column,), (new,)):
        return False
    family, name = type_family(then.data_type), change.was.name if change.was is not None else ""
    is_one = overlap.agreement == 1 and family == type_family(now.data_type)
    return is_one and says_the_same(column, new, family, name)


def _is_partly(overlap: Overlap) -> bool:
    """Whether a good part of the values is the same, too much for chance and too little for a rename; or
    whether all are, and nearly all rows hold one value, which tells nothing."""
    if overlap.agreement is not None:
        return overlap.agreement >= 0.3 and (not overlap.is_telling or overlap.beyond_chance >= 0.3)
    return overlap.support > 0 and 0.5 <= overlap.share < 0.9


def _sure(overlap: Overlap, data_type: str) -> float:
    if overlap.agreement is None:  # numbers of one range hold the same values whatever they count
        return LIKELY if type_family(data_type) == "text" else GUESS
    if not overlap.is_telling:
        return LIKELY
    return PROVED if overlap.same >= 20 else STRONG


def _figures(overlap: Overlap) -> dict[str, object]:
    agreement = overlap.agreement
    return {
        "agreement": f"{agreement:.3f}" if agreement is not None else "",
        "share": f"{overlap.share:.3f}" if overlap.support else "",
    }


def _same_values(relation: str, old: str, new: str, overlap: Overlap) -> Evidence:
    if overlap.agreement is not None:
        text = (
            f"{new} holds what {old} held: the same value in {overlap.same:,} of"
            f" {overlap.same + overlap.differ:,} rows with the same key"
        )
    else:
        share = 1.0 if overlap.all_values else overlap.share
        compared = max(overlap.support, overlap.all_values)
        text = f"{new} holds {share:.0%} of the values of {old} ({compared:,} compared)"
    return Evidence("values", f"{relation}.{new}", text, {k: str(v) for k, v in _figures(overlap).items()})


def _other_values(relation: str, old: str, new: str, overlap: Overlap) -> Evidence:
    if overlap.agreement is not None and not overlap.is_telling:
        text = f"{new} may be it or not: nearly all rows hold one value, so that values do not tell"
    elif overlap.agreement is not None and overlap.agreement >= 0.5 > overlap.beyond_chance:
        text = f"{new} is another column: it agrees with {old} about as often as chance has it"
    elif overlap.agreement is not None:
        text = f"{new} is another column: only {overlap.agreement:.0%} of its values are those of {old}"
    elif overlap.support:
        text = f"{new} is another column: it holds {overlap.share:.0%} of the values of {old}"
    else:
        text = f"{new} is new, and its values could not be compared with those of {old}"
    return Evidence("values", f"{relation}.{new}", text)


def _never_kept(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """Without memory: the column is in none of the tables that the node reads directly."""
    node = case.node(failure.unique_id)
    if node is None or not case.tables:
        return None
    for change in tables_above(case, failure.unique_id):
        if change.source not in node.depends_on or change.now is None:
            continue
        relation = str(change.now.relation)
        like = nearest(symptom.name, change.now.names)
        text = f"{relation} has no column {symptom.name}; it has {', '.join(change.now.names[:12])}"
        proof = [Evidence("probe", relation, text), message_evidence(failure)]
        unknown = [f"whether {relation} ever had it: no good run was kept"]
        return diagnosis(
            "column", E.COLUMN_REMOVED, GUESS, failure=failure, root=change.source, column=symptom.name,
            proof=proof, unknown=unknown,
            facts={
                "source": change.source, "relation": relation, "column": symptom.name, "alternatives": like,
            },
            next_step=f"compare the columns of {relation} with what {node_name(node.unique_id)} reads",
        )  # fmt: skip
    return None


def _not_asked(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """With memory, and no way to ask what there is now: the source that had the column."""
    assert case.good is not None
    for above in (failure.unique_id, *case.ancestors(failure.unique_id)):
        was = case.good.tables.get(above) if above.startswith(("source.", "seed.")) else None
        column = was.column(symptom.name) if was is not None else None
        if was is None or column is None or changes_above(case, failure.unique_id):
            continue
        text = f"{was.relation} had a column {column.name} at the last good run"
        proof = [Evidence("artifact", str(was.relation), text), message_evidence(failure)]
        facts = {"source": above, "relation": str(was.relation), "column": column.name,
                 "type_old": column.data_type, "readers": ", ".join(readers_of(case, above))}  # fmt: skip
        return diagnosis(
            "column", E.COLUMN_REMOVED, GUESS, failure=failure, root=above, column=column.name, proof=proof,
            ruled_out=[e for e in [unchanged_code(case)] if e], facts=facts,
            unknown=["what stands in its place now: the warehouse was not asked"],
            next_step=f"look at the columns of {was.relation}",
        )  # fmt: skip
    return None


# --- a column that stays and turns null ---------------------------------------------------------------


def switched_column(
    case: Case, failure: RunFailure | None, change: TableChange, column: str
) -> Diagnosis | None:
    """A column that turned null where a new one is filled: how a loader renames."""
    switches = [switch for switch in change.switches if switch.old == column]
    likely = [s for s in switches if not _is_other(change, s)]
    if not likely or change.now is None:
        return None
    relation = str(change.now.relation)
    best = max(likely, key=lambda switch: (switch.rows, -switch.differing))
    overlap = change.overlaps.get((column, best.new), Overlap())
    conflicts = best.differing > 0 or _contradicts(overlap)
    others = [switch.new for switch in likely if switch.new != best.new]
    since = f" from {best.since[:19]} on" if best.since else ""
    proof = [
        Evidence(
            "source_profile", f"{relation}.{column}",
            f"{column} is null and {best.new} is filled in {best.rows:,} rows{since}",
        ),
        *([_same_values(relation, column, best.new, overlap)] if overlap.agreement is not None else []),
        *([message_evidence(failure)] if failure is not None else []),
    ]  # fmt: skip
    both = f"{best.differing:,} of {best.both:,} rows with both filled hold different values"
    ruled = [Evidence("values", f"{relation}.{best.new}", both)] if best.both else []
    facts: dict[str, object] = {
        "source": change.source, "relation": relation, "old": column, "new": best.new, "how": "null_since",
        "since": best.since, "loaded_by": best.by, "conflicts": best.differing, "bad": best.rows,
        "alternatives": ", ".join(others), **_figures(overlap),
        "readers": ", ".join(readers_of(case, change.source)),
    }  # fmt: skip
    alike = set(words_of(column)) & set(words_of(best.new)) - _UNTELLING
    sure = GUESS if conflicts or others else PROVED if overlap.says_same else LIKELY if alike else _DOUBTED
    if overlap.known is not None and overlap.known >= 0.9 and sure in (LIKELY, _DOUBTED):
        text = f"{overlap.known:.0%} of the values of {best.new} are among those that {column} held"
        proof.insert(1, Evidence("values", f"{relation}.{best.new}", text))
        sure = STRONG
    step = f"read coalesce({best.new}, {column}) in staging"
    if conflicts or others:
        step = f"say what {best.new} is: it is filled where {column} turned null, and does not agree with it"
    return diagnosis(
        "column", E.COLUMN_RENAMED, sure, failure=failure, root=change.source, column=column, proof=proof,
        ruled_out=ruled, facts=facts, next_step=step,
    )  # fmt: skip


def _is_other(change: TableChange, switch: Switch) -> bool:
    """Whether the new column is plainly something else: other values on the same keys, and in most rows."""
    overlap = change.overlaps.get((switch.old, switch.new), Overlap())
    return overlap.agreement is not None and overlap.agreement < 0.1 and switch.differing > 0.5 * switch.both


def _contradicts(overlap: Overlap) -> bool:
    return overlap.agreement is not None and overlap.agreement < 0.95


def added_columns(case: Case, failure: RunFailure, changes: Sequence[TableChange]) -> Diagnosis | None:
    """A table that has a column more than before, above a node whose queries must be of the same width."""
    for change in changes:
        if change.now is None or not change.new or change.gone:
            continue
        relation = str(change.now.relation)
        names = ", ".join(change.new)
        text = f"{relation} has {names}, which it did not have at the last good run"
        proof = [Evidence("source_schema", relation, text), message_evidence(failure)]
        facts = {
            "source": change.source, "relation": relation, "new": names, "node": failure.unique_id,
            "readers": ", ".join(readers_of(case, change.source)),
        }  # fmt: skip
        step = f"name the columns one by one in staging, without {names}"
        return diagnosis(
            "column_added", E.COLUMN_ADDED, STRONG, failure=failure, root=change.source, column=change.new[0],
            proof=proof, ruled_out=[e for e in [unchanged_code(case)] if e], facts=facts, next_step=step,
        )  # fmt: skip
    return None
