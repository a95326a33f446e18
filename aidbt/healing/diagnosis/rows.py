"""A test failed, or a value could not be read: which rows of which source, or which change of the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence
from aidbt.core.measured import node_name
from aidbt.healing.diagnosis.code import changed_code
from aidbt.healing.diagnosis.columns import switched_column
from aidbt.healing.diagnosis.concerning import concerns
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    STRONG,
    changes_above,
    diagnosis,
    git_evidence,
    macro_path,
    message_evidence,
    tables_above,
    unchanged_code,
)
from aidbt.healing.diagnosis.green import changed_table
from aidbt.healing.diagnosis.symptoms import named_columns
from aidbt.healing.evidence.case import Case, Violation
from aidbt.healing.evidence.code_changes import FileChange
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.test_meaning import TestMeaning
from aidbt.healing.evidence.violations import origins_of

_CLASS_OF = {
    "nulls": E.NULL_VIOLATION, "duplicates": E.DUPLICATE_KEY, "orphans": E.REFERENTIAL_INTEGRITY,
    "bad_casts": E.TYPE_COERCION_FAILURE, "other_values": E.CONSTRAINT_VIOLATION,
    "outside": E.CONSTRAINT_VIOLATION,
}  # fmt: skip
_CLASS_OF_TEST = {
    "not_null": E.NULL_VIOLATION, "unique": E.DUPLICATE_KEY, "relationships": E.REFERENTIAL_INTEGRITY,
    "accepted_values": E.CONSTRAINT_VIOLATION, "unit": E.TEST_LOGIC, "combination": E.DUPLICATE_KEY,
    "proportion": E.NULL_VIOLATION, "recency": E.STALE, "volume": E.VOLUME,
}  # fmt: skip
_WORDS = {
    "nulls": "have no {column}",
    "duplicates": "repeat the {column} of another row",
    "orphans": "name by {column} a row that is not in {parent}",
    "bad_casts": "have under {column} what is no {type}",
    "other_values": "have under {column} what is not among the accepted values",
    "outside": "break the rule {rule}",
}
_MOSTLY = 0.5  # of the rows: then not rows are wrong, but the column is another one
_LOST_ROWS = 0.02  # of the parent's rows
_FEW, _ALL_NEW = 20, 0.8  # rows; share of those that came since the last good run


def failed_test(case: Case, failure: RunFailure) -> Diagnosis | None:
    """Why a test failed; None where the manifest does not know the test."""
    meaning = case.tests.get(failure.unique_id)
    if meaning is None:
        return None
    if meaning.kind == "unit":
        return _unit_test(case, failure, meaning)
    test_code = _changed_test(case, failure, meaning)
    found = [v for v in case.violations if v.failure == failure.unique_id and v.bad > (v.bad_then or 0)]
    asked = _columns_asked(case, meaning)
    above = _above_all(case, [name for name in dict.fromkeys([meaning.node, *meaning.reads]) if name])
    code = [change for change in above if concerns(change, asked)]
    for violation in sorted(found, key=lambda v: -v.bad):
        change = case.tables.get(violation.source)
        if violation.kind == "nulls" and change is not None:
            switched = switched_column(case, failure, change, violation.column)
            if switched is not None:
                return _with_test(switched, meaning)
        if (test_code is not None or code) and violation.bad_then != 0:
            continue  # it may have been so before: the test, or the code that dealt with it, changed
        return _with_test(_bad_rows(case, failure, violation, meaning), meaning)
    if test_code is not None:
        return test_code
    if code:
        return _with_test(changed_code(case, failure, meaning.node or meaning.unique_id, code), meaning)
    moved = _moved_source(case, failure, meaning)
    return _with_test(moved or _test_alone(case, failure, meaning), meaning)


def bad_values(case: Case, failure: RunFailure) -> Diagnosis | None:
    """Which column of a source holds values that a failed model cannot read; None where none is found."""
    found = [v for v in case.violations if v.failure == failure.unique_id and v.kind == "bad_casts"]
    if not found:
        return None
    named = [name.casefold() for name in named_columns(failure.message)]
    worst = max(found, key=lambda v: (v.column.casefold() in named, v.bad))
    change = case.tables.get(worst.source)
    code = [one for one in changes_above(case, failure.unique_id) if concerns(one, [worst.column, *named])]
    if code and worst.bad_then is None:
        return changed_code(case, failure, failure.unique_id, code)
    retyped = retyped_column(case, failure, [change] if change is not None else [], worst)
    if retyped is not None:
        return retyped
    return _bad_rows(case, failure, worst, None)


def retyped_column(
    case: Case,
    failure: RunFailure | None,
    changes: Sequence[TableChange],
    violation: Violation | None = None,
    *,
    column: str = "",
) -> Diagnosis | None:
    """The column of a source that has another type, or other values throughout, than at the last good run."""
    for change in changes:
        if change.now is None:
            continue
        name = violation.column if violation is not None else column
        wanted = [item for item in change.retyped if not name or item[0].casefold() == name.casefold()]
        mostly = violation is not None and violation.rate >= _MOSTLY
        if not wanted and not mostly:
            continue
        relation = str(change.now.relation)
        column, old, new = wanted[0] if wanted else (name, "", "")
        facts: dict[str, object] = {"source": change.source, "relation": relation, "column": column}
        proof = []
        if wanted:
            text = f"{relation}.{column} is {new}, and was {old}"
            proof.append(Evidence("source_schema", f"{relation}.{column}", text))
            facts |= {"type_old": old, "type_new": new}
        if violation is not None:
            facts |= {"bad": violation.bad, "rows": violation.rows, "type_wanted": violation.detail}
            proof.append(_rows_evidence(case, violation))
        proof += [message_evidence(failure)] if failure is not None else []
        step = f"cast {column} in staging if every value survives it; else ask the owner of {relation}"
        return diagnosis(
            "type", E.TYPE_CHANGED, STRONG if len(wanted) == 1 or mostly else LIKELY, failure=failure,
            root=change.source, column=column, proof=proof, facts=facts, next_step=step,
            ruled_out=[e for e in [unchanged_code(case)] if e],
        )  # fmt: skip
    return None


def _bad_rows(
    case: Case, failure: RunFailure, violation: Violation, meaning: TestMeaning | None
) -> Diagnosis:
    change = case.tables.get(violation.source)
    if violation.kind == "orphans":
        lost = _lost_parent(case, failure, violation)
        if lost is not None:
            return lost
    relation = str(change.now.relation) if change is not None and change.now else violation.source
    facts: dict[str, object] = {
        "source": violation.source, "relation": relation, "column": violation.column, "bad": violation.bad,
        "rows": violation.rows, "bad_then": violation.bad_then,
        "rows_then": change.was.rows if change is not None and change.was is not None else None,
    }  # fmt: skip
    if violation.kind == "orphans":
        parent, _, column = violation.detail.partition("|")
        facts |= {"parent": parent, "parent_column": column}
    if violation.kind == "bad_casts":
        facts["type_wanted"] = violation.detail
    ruled = [e for e in [unchanged_code(case)] if e]
    if change is not None and change.was is not None and not change.gone:
        ruled.append(Evidence("source_schema", relation, f"no column of {relation} is gone"))
    proof = [_rows_evidence(case, violation), message_evidence(failure)]
    passed = meaning is not None and meaning.unique_id in case.passed_then
    if passed:
        proof.insert(1, Evidence("artifact", failure.unique_id, "the test passed at the last good run"))
    sure = STRONG if violation.bad_then is not None or passed else LIKELY
    step = _next(violation, relation)
    new = _came_since(change)
    # Copies are always new: of a table that is landed whole they are all that came.
    is_single = violation.kind == "duplicates" or violation.bad < _FEW
    if not is_single and new and violation.bad >= _ALL_NEW * new:
        text = f"about {new:,} rows came since the last good run: nearly all of them are so"
        proof.insert(1, Evidence("source_profile", relation, text))
        sure, step = GUESS, f"ask the owner of {relation} what changed: it is not single rows"
    several = "," in violation.column
    if several:
        facts |= {"column": None, "columns": violation.column}
    return diagnosis(
        f"rows:{violation.kind}", _CLASS_OF[violation.kind], sure, failure=failure, root=violation.source,
        column="" if several else violation.column, proof=proof, ruled_out=ruled, facts=facts, next_step=step,
    )  # fmt: skip


def _next(violation: Violation, relation: str) -> str:
    if violation.rate > 0.1:
        return f"ask the owner of {relation}: {violation.rate:.0%} of its rows are wrong"
    if violation.kind == "other_values":
        return f"say whether {violation.column} has a new value that is right; else set the rows aside"
    rows = "row" if violation.bad == 1 else f"{violation.bad:,} rows"
    return f"set the {rows} aside, with the reason, if the source allows it"


def _came_since(change: TableChange | None) -> int:
    """About how many rows a source has more than at the last good run; 0 where that is not known."""
    if change is None or not change.is_measured or change.was is None or change.now is None:
        return 0
    return max(change.now.rows - change.was.rows, 0)


def _columns_asked(case: Case, meaning: TestMeaning) -> list[str]:
    """The columns a test is about, by all names they have on the way from the source; none where the test
    does not say."""
    names = [meaning.column, *meaning.columns] + re.findall(r"[A-Za-z_]\w*", meaning.condition)
    asked = [name for name in names if name]
    lineage = case.lineage
    found = [o.column for name in asked if lineage for o in origins_of(lineage, meaning.node, name)]
    return list(dict.fromkeys([*asked, *found]))


def _rows_evidence(case: Case, violation: Violation) -> Evidence:
    parent = violation.detail.replace("|", ".") if violation.kind == "orphans" else ""
    words = _WORDS[violation.kind].format(
        column=violation.column, type=violation.detail, parent=node_name(parent) if parent else "",
        rule=violation.detail,
    )  # fmt: skip
    then = f"; {violation.bad_then:,} at the last good run" if violation.bad_then is not None else ""
    text = (
        f"{violation.bad:,} of {violation.rows:,} rows of {node_name(violation.source)} {words}"
        f" ({violation.rate:.1%}{then})"
    )
    return Evidence("probe", f"{node_name(violation.source)}.{violation.column}", text)


def _lost_parent(case: Case, failure: RunFailure, violation: Violation) -> Diagnosis | None:
    """Orphans because the parent lost rows: then the parent is what is wrong."""
    parent, _, column = violation.detail.partition("|")
    change = case.tables.get(parent)
    if change is None or change.was is None or change.now is None or not change.is_measured:
        return None
    was, now = change.was, change.now
    lost = _lost_keys(change)
    if lost <= _LOST_ROWS:
        return None
    relation = str(now.relation)
    text = f"{relation} has lost about {lost:.0%} of the rows it had ({was.rows:,} then, {now.rows:,} now)"
    facts = {
        "source": violation.source, "column": violation.column, "bad": violation.bad, "rows": violation.rows,
        "parent": parent, "parent_column": column, "rows_then": was.rows,
    }  # fmt: skip
    return diagnosis(
        "rows:lost", E.REFERENTIAL_INTEGRITY, STRONG, failure=failure, root=parent, column=column,
        proof=[
            Evidence("source_profile", relation, text), _rows_evidence(case, violation),
            message_evidence(failure),
        ],
        facts=facts, next_step=f"ask the owner of {relation} for the missing rows, or load it again",
    )  # fmt: skip


def _lost_keys(change: TableChange) -> float:
    """0..1 of the keys then that are not there now, from the sketch of the key; of rows without one."""
    was, now = change.was, change.now
    assert was is not None and now is not None
    if was.keyed is not None:
        overlaps = [o for (a, b), o in change.overlaps.items() if a == b and (a,) == was.keyed.key]
        if overlaps and overlaps[0].support >= 20:
            return 1 - overlaps[0].share
    return max(0.0, 1 - now.rows / max(was.rows, 1))


def _source_moved(change: TableChange | None) -> bool:
    """Whether a source is not as it was, as far as can be seen; True where that is not known."""
    if change is None or change.was is None or not change.is_measured:
        return True
    assert change.now is not None
    return change.has_changed or change.was.rows != change.now.rows


def _unit_test(case: Case, failure: RunFailure, meaning: TestMeaning) -> Diagnosis:
    model = case.node(meaning.node)
    own = case.code.of(model.path) if model is not None else None
    code = [own] if own is not None else changes_above(case, meaning.node)
    proof = [git_evidence(case, change) for change in code[:3]] + [message_evidence(failure)]
    facts: dict[str, object] = {"node": meaning.node, "what": "logic"}
    if code:
        facts |= {"file": code[0].path, "lines": code[0].lines}
    ruled = []
    if failure.status == "fail":  # in one that cannot be run, the columns have the types of the tables
        text = "a unit test reads no table, so no source made it fail"
        ruled.append(Evidence("artifact", meaning.unique_id, text))
    name = node_name(meaning.node)
    found = diagnosis(
        "code:unit_test", E.TEST_LOGIC, STRONG if code else LIKELY, failure=failure, root=meaning.node,
        proof=proof, ruled_out=ruled, facts=facts,
        next_step=f"say whether {name} or its unit test is right: the change of the logic is a decision",
    )  # fmt: skip
    return _with_test(found, meaning)


def _changed_test(case: Case, failure: RunFailure, meaning: TestMeaning) -> Diagnosis | None:
    """A test that is new since the last good run, or whose own file changed."""
    is_new = case.good_manifest is not None and case.good_manifest.find(meaning.unique_id) is None
    own = case.code.of(meaning.path)
    macro = _changed_macro(case, meaning)
    words = [word for word in (meaning.column, *meaning.columns, meaning.name) if word]
    perhaps = case.good is None and own is not None and concerns(own, words)
    is_changed = own is not None and meaning.kind == "singular"
    if not (is_new or is_changed or macro or perhaps or _is_stricter(case, meaning)):
        return None
    text = f"{node_name(meaning.unique_id)} is a test that the last good run did not have"
    proof = [Evidence("artifact", meaning.path, text)] if is_new else []
    proof += [git_evidence(case, one) for one in (macro, own) if one is not None]
    return _with_test(
        diagnosis(
            "code:test", E.TEST_LOGIC, GUESS if perhaps else STRONG, failure=failure,
            root=meaning.node or meaning.unique_id,
            proof=[*proof, message_evidence(failure)], facts={"file": meaning.path, "what": "logic"},
            next_step="say whether the test is right: the rows it finds may have been there before",
        ),
        meaning,
    )  # fmt: skip


def _changed_macro(case: Case, meaning: TestMeaning) -> FileChange | None:
    """What changed in the file that says what a test of the project's own asks."""
    test = case.node(meaning.unique_id)
    macros = (test.raw.get("depends_on") or {}).get("macros") or () if test is not None else ()
    paths = (macro_path(case, str(name)) for name in macros)
    return next((change for path in paths if path and (change := case.code.of(path))), None)


_STRICT = ("severity", "where", "error_if", "warn_if", "fail_calc", "limit")


def _is_stricter(case: Case, meaning: TestMeaning) -> bool:
    """Whether a test that did not pass before was told to be stricter, or to look at other rows."""
    if case.good_manifest is None or case.manifest is None or meaning.unique_id in case.passed_then:
        return False
    then, now = (m.find(meaning.unique_id) for m in (case.good_manifest, case.manifest))
    return bool(then and now and any(then.config.get(n) != now.config.get(n) for n in _STRICT))


def _moved_source(case: Case, failure: RunFailure, meaning: TestMeaning) -> Diagnosis | None:
    """What changed above a test whose own rows do not stand in a source: columns, types, rows, values."""
    names = [meaning.node] if meaning.node else list(meaning.reads)
    above = dict.fromkeys(change.source for name in names for change in tables_above(case, name))
    for source in above:
        change = case.tables[source]
        retyped = retyped_column(case, failure, [change])
        found = retyped or changed_table(case, change, failure)
        if found is not None and not _is_beside(case, meaning, found):
            return found
    return None


def _is_beside(case: Case, meaning: TestMeaning, found: Diagnosis) -> bool:
    """Whether values that were rewritten are of a column that the tested one is not made of."""
    if found.error_class is not E.CORRUPT_DATA or not found.column or not meaning.column:
        return False
    node = case.lineage.nodes.get(meaning.node) if case.lineage is not None else None
    if case.lineage is None or node is None or node.column(meaning.column) is None:
        return False
    origins = origins_of(case.lineage, meaning.node, meaning.column)
    return bool(origins) and all((one.node, one.column) != (found.root, found.column) for one in origins)


def _test_alone(case: Case, failure: RunFailure, meaning: TestMeaning) -> Diagnosis:
    """Nothing but the test itself is known to speak: of a column of one source, where lineage says so."""
    error_class = _CLASS_OF_TEST.get(meaning.kind, E.CONSTRAINT_VIOLATION)
    unknown = [] if case.good is not None else ["what the sources held before"]
    same_code = unchanged_code(case)
    origins = (
        origins_of(case.lineage, meaning.node, meaning.column) if case.lineage and meaning.column else []
    )
    change = case.tables.get(origins[0].node) if len(origins) == 1 else None
    facts: dict[str, object] = {}
    root, column = meaning.node or meaning.unique_id, meaning.column
    # What changed since does not concern the column, or the change would have been blamed.
    is_known = case.code.is_since_good and meaning.unique_id in case.passed_then
    if change is not None and change.now is not None and (same_code is not None or is_known):
        found = _GOT.search(failure.message)
        root, column = change.source, origins[0].column
        facts = {
            "source": root, "relation": str(change.now.relation), "column": column,
            "bad": found[1] if found else None, "rows": change.now.rows,
            "rows_then": change.was.rows if change.was is not None else None,
        }  # fmt: skip
    return diagnosis(
        f"test:{meaning.name or meaning.kind}", error_class, LIKELY if facts else GUESS, failure=failure,
        root=root, column=column, proof=[message_evidence(failure)], facts=facts, unknown=unknown,
        ruled_out=[same_code] if same_code else [],
        next_step=_STEPS.get(error_class, "look at the rows that {test} finds").format(
            root=node_name(root), test=node_name(meaning.unique_id)
        ),
    )  # fmt: skip


_STEPS = {
    E.STALE: "ask the owner of {root} why nothing new came",
    E.VOLUME: "ask the owner of {root} for the rows that are missing",
}
_GOT = re.compile(r"Got (\d+) result")


def _with_test(found: Diagnosis, meaning: TestMeaning) -> Diagnosis:
    facts = {
        **found.facts, "test": meaning.unique_id, "test_kind": meaning.kind, "test_on": meaning.node,
        "test_column": meaning.column,
    }  # fmt: skip
    return replace(found, facts={name: value for name, value in facts.items() if value})


def _above_all(case: Case, names: Sequence[str]) -> list[FileChange]:
    return list(dict.fromkeys(change for name in names for change in changes_above(case, name)))
