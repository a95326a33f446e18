"""n failed nodes → m causes. Evidence decides first; only what it does not settle is left to the message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aidbt.core.failures import ACT_FROM
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.healing.diagnosis.code import (
    broken_seed,
    changed_packages,
    missing_packages,
    mistyped_variable,
    own_code,
    wrong_code,
)
from aidbt.healing.diagnosis.columns import (
    added_columns,
    column_diagnosis,
    gone_column,
    switched_column,
)
from aidbt.healing.diagnosis.concerning import concerns
from aidbt.healing.diagnosis.finding import (
    GUESS,
    STRONG,
    Classify,
    below,
    changes_above,
    diagnosis,
    git_evidence,
    message_evidence,
    shown_name,
    tables_above,
    unchanged_code,
)
from aidbt.healing.diagnosis.green import green_causes, silent_causes
from aidbt.healing.diagnosis.rows import bad_values, failed_test, retyped_column
from aidbt.healing.diagnosis.symptoms import Symptom, named_columns, symptom_of
from aidbt.healing.diagnosis.tables import gone_table, missing_model
from aidbt.healing.diagnosis.whole_run import by_message, damaged, full, killed, locked, missing_setting
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.what_failed import is_ended_from_outside, stage_of
from aidbt.lineage.graph import ColumnRef

Look = Callable[[Case, RunFailure, Symptom], Diagnosis | None]


def diagnose(case: Case, classify: Classify | None = None) -> tuple[Diagnosis, ...]:
    """The causes of a failed run, those with the largest blast radius first, and last what is wrong with its
    sources although nothing fails of it; of a run in which nothing failed that alone.

    Args:
        classify: (message, adapter) → its class, asked where the evidence does not settle it.
    """
    if case.run.is_green:
        return tuple(_with_radius(case, cause) for cause in green_causes(case))
    found = [_without_memory(case, _cause(case, failure, classify)) for failure in case.run.failures]
    merged = _merged(_attached(case, found))
    merged += [*_gone_beside(case, merged), *_retyped_beside(case, merged)]
    merged += silent_causes(case, merged)
    causes = [_with_radius(case, cause) for cause in merged]
    return tuple(sorted(causes, key=_widest_first))


def silent_in(case: Case, tables: Mapping[str, TableChange]) -> list[Diagnosis]:
    """What is wrong with some sources of a failed run although nothing fails of it.

    Args:
        tables: unique_id of a source → what became of it.
    """
    return [_with_radius(case, cause) for cause in silent_causes(replace(case, tables={}, beside=tables), ())]


def _widest_first(cause: Diagnosis) -> tuple[bool, int, str]:
    return not cause.failures, -len(cause.failures) - len(cause.blast_radius), cause.key


def _gone_beside(case: Case, causes: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The other columns that are gone from a source of which one is: a message names the first one only."""
    known = {(cause.root, cause.column) for cause in causes}
    found = []
    for cause in causes:
        change = case.tables.get(cause.root)
        if change is None or change.now is None or cause.column not in change.gone or not cause.failures:
            continue
        for column in change.gone:
            is_read = case.lineage is not None and case.lineage.edges_out_of(ColumnRef(cause.root, column))
            if (cause.root, column) not in known and is_read:
                known.add((cause.root, column))
                also = column_diagnosis(case, cause.failures[0], change, column)
                found.append(_without_memory(case, also))
    return found


def _retyped_beside(case: Case, causes: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The other columns of a source that have another type where one that has is why it failed: a loader
    writes all of a kind in another way, and the engine stumbles over the first."""
    known = {(cause.root, cause.column) for cause in causes}
    found = []
    for cause in causes:
        change = case.tables.get(cause.root)
        if change is None or cause.error_class is not E.TYPE_CHANGED or not cause.failures:
            continue
        for column, *_ in change.retyped:
            is_read = case.lineage is not None and case.lineage.edges_out_of(ColumnRef(cause.root, column))
            also = retyped_column(case, cause.failures[0], [change], column=column) if is_read else None
            if also is not None and (cause.root, column) not in known:
                known.add((cause.root, column))
                found.append(_without_memory(case, also))
    return found


def _cause(case: Case, failure: RunFailure, classify: Classify | None) -> Diagnosis:
    """The cause of one failure."""
    symptom = symptom_of(failure.message)
    if failure.unique_id.startswith("unit_test.") and symptom.what == "other" and classify is not None:
        told = classify(failure.message, case.adapter)
        if told.error_class.family in _KNOWN_AT_ONCE and told.confidence >= ACT_FROM:
            return _with_code(by_message(case, failure, told), symptom)  # it was not run to its end
    for look in _looks(failure, symptom):
        found = look(case, failure, symptom)
        if found is not None:
            return _with_code(found, symptom)
    said = classify(failure.message, case.adapter) if classify is not None else None
    found = own_code(case, failure, symptom, said)
    return _with_code(found or by_message(case, failure, said), symptom)


# What can be known for certain from the run alone: the warehouse is asked, and packages are counted.
_KNOWN_AT_ONCE = ("TRANSIENT", "CONFIGURATION", "DATA_CORRUPTION")
_UNSURE = 0.70


def _without_memory(case: Case, found: Diagnosis) -> Diagnosis:
    """Not sure enough to act where there is no good state to compare with."""
    at_once = found.error_class.family in _KNOWN_AT_ONCE or found.error_class is E.MISSING_DEPENDENCY
    if case.good is not None or at_once or found.confidence <= _UNSURE:
        return found
    return replace(
        found, confidence=_UNSURE, unknown=(*found.unknown, "what was otherwise at the last good run")
    )


def _looks(failure: RunFailure, symptom: Symptom) -> Sequence[Look]:
    """Where to look, the surest first, by what the message complains about."""
    if is_ended_from_outside(failure.message):
        return (lambda case, failure, _: killed(case, failure),)
    if symptom.what == "lock":
        return (lambda case, failure, _: locked(case, failure),)
    if symptom.what == "full":
        return (full,)
    if failure.status == "fail" and failure.unique_id.startswith(("test.", "unit_test.")):
        return (lambda case, failure, _: failed_test(case, failure),)
    if failure.unique_id.startswith("unit_test."):
        retyped = (_retyped,) if symptom.what in ("missing_function", "type_mismatch", "bad_cast") else ()
        gone = _gone_table if symptom.what == "missing_relation" else _gone_column
        return (gone, *retyped, wrong_code, lambda case, failure, _: failed_test(case, failure))
    if stage_of(failure) is Stage.DEPS:
        return (missing_packages, _packages, *_BY_SYMPTOM.get(symptom.what, ()))
    if failure.unique_id.startswith("source."):
        return (_freshness,)
    if failure.unique_id.startswith("seed."):
        return (_seed, *_BY_SYMPTOM.get(symptom.what, ()))
    return _BY_SYMPTOM.get(symptom.what, ())


def _gone_column(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    return gone_column(case, failure, symptom)


def _gone_table(case: Case, failure: RunFailure, _: Symptom) -> Diagnosis | None:
    return gone_table(case, failure, failure.unique_id)


def _bad_values(case: Case, failure: RunFailure, _: Symptom) -> Diagnosis | None:
    return bad_values(case, failure)


def _retyped(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A column of a source above that has another type; the one that the message names before others."""
    above = tables_above(case, failure.unique_id)
    for name in named_columns(failure.message):
        for change in above:
            if any(column.casefold() == name.casefold() for column, *_ in change.retyped):
                return retyped_column(case, failure, [change], column=name)
    found = retyped_column(case, failure, above)
    then = case.refused.get(failure.unique_id)
    if found is not None and then is not None and symptom_of(then).what == symptom.what:
        text = "the SQL of the last good run is refused today as well, so no change of the code is why"
        return replace(found, ruled_out=(*found.ruled_out, Evidence("probe", found.root, text)))
    if found is not None and any(
        concerns(change, [found.column]) for change in changes_above(case, failure.unique_id)
    ):
        return None  # nothing says that it is that column, and the code that reads it changed
    return found


def _added(case: Case, failure: RunFailure, _: Symptom) -> Diagnosis | None:
    found = added_columns(case, failure, tables_above(case, failure.unique_id))
    code = changes_above(case, failure.unique_id)
    if found is None or not code:
        return found
    proof = (*found.proof, *(git_evidence(case, change) for change in code[:2]))
    return replace(
        found, confidence=GUESS, proof=proof, unknown=("whether the new column or the changed file is why",)
    )


def _nulls(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A column that must not be null and turned null in a source above."""
    for change in tables_above(case, failure.unique_id):
        for column, _, _ in change.nulled:
            found = switched_column(case, failure, change, column)
            if found is not None:
                return found
    return None


def _missing_model(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    return missing_model(case, failure, symptom.name)


def _missing_role(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """Somebody whom a model grants something, and who is not there."""
    if not failure.unique_id:  # who cannot sign in
        return None
    return wrong_code(case, failure, symptom) or diagnosis(
        f"role:{symptom.name}", E.MISSING_SETTING, STRONG, failure=failure, root="warehouse",
        proof=[message_evidence(failure)], ruled_out=[e for e in [unchanged_code(case)] if e],
        facts={"token": symptom.name},
        next_step=f"make the role {symptom.name} again, or take it out of the grants",
    )  # fmt: skip


def _packages(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    return changed_packages(case, failure)


def _seed(case: Case, failure: RunFailure, _: Symptom) -> Diagnosis | None:
    return broken_seed(case, failure)


def _freshness(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    if symptom.what in ("missing_relation", "missing_schema"):
        return gone_table(case, failure, failure.unique_id)
    if failure.status not in ("error", "fail"):
        return None
    return diagnosis(
        "stale", E.STALE, STRONG, failure=failure, root=failure.unique_id, stage=Stage.FRESHNESS,
        proof=[message_evidence(failure)], facts={"source": failure.unique_id},
        next_step=f"ask the owner of {shown_name(failure.unique_id)} why nothing new was loaded",
    )  # fmt: skip


_PARSED: tuple[Look, ...] = (missing_packages, wrong_code)
_BY_SYMPTOM: dict[str, tuple[Look, ...]] = {
    "missing_column": (_gone_column, wrong_code),
    "missing_relation": (_gone_table, wrong_code, _missing_model),
    "missing_schema": (_gone_table, wrong_code, _missing_model),
    "missing_function": (_retyped, wrong_code),
    "missing_ref": _PARSED, "missing_source": _PARSED, "missing_macro": _PARSED, "missing_package": _PARSED,
    "jinja": _PARSED, "yaml": _PARSED, "cycle": _PARSED, "syntax": (wrong_code,),
    "missing_variable": (missing_setting,), "missing_dbt_var": (mistyped_variable, missing_setting),
    "missing_argument": (wrong_code,), "missing_role": (_missing_role,),
    "missing_profile": (missing_setting,), "missing_file": (damaged,), "encoding": (damaged,),
    "file_format": (damaged,), "ambiguous": (_added, wrong_code),
    "bad_cast": (_bad_values, _retyped, wrong_code),
    "type_mismatch": (_retyped, wrong_code),
    "contract": (_retyped, _added, wrong_code),
    "set_operation": (_added, wrong_code),
    "not_null": (_nulls, wrong_code),
    "duplicate_key": (wrong_code,),
}  # fmt: skip


def _with_code(found: Diagnosis, symptom: Symptom) -> Diagnosis:
    """With the engine's own code for the error as evidence."""
    if not symptom.code or any(symptom.code in item.text for item in found.proof):
        return found
    if symptom.code.split()[0] in ("Compilation", "Parsing", "Runtime", "Database", "Dbt"):
        return found  # dbt's own word for how far it got
    return replace(
        found, proof=(*found.proof, Evidence("engine_code", "engine", f"the engine says {symptom.code}"))
    )


# --- many failures, few causes ------------------------------------------------------------------------


def _attached(case: Case, found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """A failure that nothing explains, below one that is explained, is of the same cause."""
    sure = [cause for cause in found if cause.confidence >= ACT_FROM]
    result = []
    for cause in found:
        above = _cause_above(case, cause, sure) if cause.confidence < ACT_FROM else None
        result.append(cause if above is None else replace(above, failures=cause.failures))
    return result


def _cause_above(case: Case, cause: Diagnosis, sure: Sequence[Diagnosis]) -> Diagnosis | None:
    names = {name for failure in cause.failures for name in case.ancestors(failure.unique_id)}
    for other in sure:
        if names & {other.root, *(failure.unique_id for failure in other.failures)}:
            return other
    return None


def _merged(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """One diagnosis for each key: the surest, with the failures and the proof of all."""
    by_key: dict[str, list[Diagnosis]] = {}
    for cause in found:
        by_key.setdefault(cause.key, []).append(cause)
    return [_one(causes) for causes in by_key.values()]


def _one(causes: Sequence[Diagnosis]) -> Diagnosis:
    best = max(causes, key=lambda cause: cause.confidence)
    failures = tuple(dict.fromkeys(failure for cause in causes for failure in cause.failures))
    stage = min((cause.stage for cause in causes), key=list(Stage).index)
    return replace(best, failures=failures, stage=stage)


def _with_radius(case: Case, cause: Diagnosis) -> Diagnosis:
    """With what stands below: of what failed, or of the root where the run got to no node."""
    failed = [failure.unique_id for failure in cause.failures if failure.unique_id]
    tested = [name for failure in failed for name in _tested(case, failure)]
    start = [*tested, *failed] or [cause.root]
    names = [name for name in tested if name in case.run.skipped]
    names += [name for name in below(case, start) if name not in failed]
    if not failed and cause.root in ("project", "warehouse"):
        names = list(case.run.skipped)
    return replace(cause, blast_radius=tuple(dict.fromkeys(names)))


def _tested(case: Case, unique_id: str) -> list[str]:
    meaning = case.tests.get(unique_id)
    return [meaning.node] if meaning is not None and meaning.node else []
