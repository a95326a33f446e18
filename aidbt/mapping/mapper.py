"""Proposing a mapping: evidence of every signal, combined, assigned one to one, put into bands."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from aidbt.core.config import ConventionSettings, MappingSettings
from aidbt.core.errors import require_known
from aidbt.core.loads import BATCH_ID, LOAD_COLUMNS
from aidbt.core.schema import (
    Band,
    Column,
    ColumnMatch,
    MappedColumn,
    Mapping,
    Relation,
    TableProfile,
    Target,
)
from aidbt.core.types import has_time_zone, is_same_type, type_family
from aidbt.mapping.assign import assign
from aidbt.mapping.history import History
from aidbt.mapping.signals import SIGNALS, Evidence, MatchTask
from aidbt.mapping.signals.type import carries_over
from aidbt.project.conventions import (
    Name,
    cased,
    column_kind,
    column_name,
    in_order,
    unique_names,
    wanted_casts,
)
from aidbt.sql.identifiers import quote_identifier

ALTERNATIVES = 3
# Below this a plain cast loses or invents something: never decided without a person.
_CASTABLE = 0.5


@dataclass(frozen=True, slots=True)
class CastQuestion:
    """A cast that may only be decided when no row of the table loses anything by it."""

    column: str
    cast: str


def match(task: MatchTask, settings: MappingSettings) -> list[ColumnMatch]:
    """The best one-to-one match of every target column, in the target's order.

    Args:
        settings: the weight of each signal, and the scores from which a match is accepted or reviewed.

    Raises:
        UnknownName: the settings name a signal that does not exist.
    """
    require_known(list(settings.signals), SIGNALS.names(), "matching signal")
    evidence = {name: SIGNALS.load(name)(task) for name in settings.signals}
    scores = combine(evidence, settings.signals, task.shape)
    assigned = assign(scores, least=settings.review)
    return [_column_match(task, j, assigned, scores, evidence, settings) for j in range(task.shape[1])]


def combine(evidence: Dict[str, Evidence], weights: Dict[str, float], shape: tuple[int, int]) -> np.ndarray:
    """The weighted mean of what the signals say, over those that have evidence for a pair.

    Returns:
        Array of the given shape, each value 0..1; 0 where no signal has evidence.
    """
    total, weight = np.zeros(shape), np.zeros(shape)
    for name, said in evidence.items():
        total += np.where(said.mask, said.scores * weights[name], 0.0)
        weight += np.where(said.mask, weights[name], 0.0)
    return np.divide(total, weight, out=np.zeros(shape), where=weight > 0)


def _column_match(
    task: MatchTask,
    j: int,
    assigned: dict[int, int],
    scores: np.ndarray,
    evidence: Dict[str, Evidence],
    settings: MappingSettings,
) -> ColumnMatch:
    target = task.target.columns[j]
    i = assigned.get(j)
    ranked = [int(k) for k in np.argsort(-scores[:, j], kind="stable") if k != i]
    others = tuple(
        (task.source.columns[k].name, round(float(scores[k, j]), 2))
        for k in ranked[:ALTERNATIVES]
        if scores[k, j] >= settings.review / 2
    )
    if i is None:
        return ColumnMatch(None, target.name, 0.0, "none", alternatives=others)
    score = float(scores[i, j])
    # The nearest rival: another source for this target, or another target for this source, still free.
    free_sources = [k for k in range(task.shape[0]) if k not in assigned.values()]
    free_targets = [k for k in range(task.shape[1]) if k not in assigned]
    rival = max([scores[k, j] for k in free_sources] + [scores[i, k] for k in free_targets], default=0.0)
    certain = score >= settings.accept and score - float(rival) >= settings.margin
    said = {n: round(float(e.scores[i, j]), 2) for n, e in evidence.items() if e.mask[i, j]}
    band: Band = "accept" if certain and _is_castable(task, i, j) else "review"
    return ColumnMatch(task.source.columns[i].name, target.name, round(score, 2), band, said, others)


def _is_castable(task: MatchTask, i: int, j: int) -> bool:
    source, target = task.source.columns[i], task.target.columns[j]
    if not target.data_type or not source.data_type:
        return True
    profile = task.profile.column(source.name) if task.profile else None
    families = type_family(source.data_type), type_family(target.data_type)
    if "other" in families:
        return is_same_type(source.data_type, target.data_type)
    return carries_over(*families, profile) >= _CASTABLE


def source_columns(relation: Relation) -> list[Column]:
    """The columns that came from the source system: all but those that loading added, which the warehouse
    may have folded.
    """
    return [column for column in relation.columns if column.name.lower() not in LOAD_COLUMNS]


def keep_every_column(
    source: str,
    relation: Relation,
    profile: TableProfile | None,
    *,
    lost: Dict[CastQuestion, int],
    dialect: str,
    rules: ConventionSettings | None = None,
    history: History | None = None,
    entities: Collection[str] = (),
) -> Mapping:
    """The mapping of a table for which no target is declared: every column, named and cast by convention.

    Args:
        dialect: in which its SQL is written.
        lost: rows that would lose something by each cast; a cast that is not in it was not proven.
        rules: the project's conventions; the defaults when None.
        history: what was decided elsewhere; it comes before the conventions.
        entities: the names of the source's tables in the singular.
    """
    rules = rules or ConventionSettings()
    columns = source_columns(relation)
    kept = [c for c in columns if not is_left_out(c.name, rules)] or columns
    casts: dict[str, str | None] = {}
    usual: dict[str, str | None] = {}
    names: list[Name] = []
    for column in kept:
        figures = profile.column(column.name) if profile else None
        wanted = wanted_casts(column, figures, rules, dialect=dialect)
        cast = next((c for c in wanted if lost.get(CastQuestion(column.name, c)) == 0), None)
        usual[column.name] = usual_expression(column, rules, dialect)
        casts[column.name] = cast if usual[column.name] is None else None
        known = history.name_of(source, column.name) if history else None
        staged = replace(column, data_type=cast or column.data_type)
        by_rule = column_name(staged, entity=relation.name, source=source, rules=rules, entities=entities)
        names.append(known or by_rule)
    mapped = [
        MappedColumn(
            target=name.name,
            sources=(column.name,),
            expression=usual[column.name],
            source_type=column.data_type,
            cast=casts[column.name],
            description=column.description,
            rule=name.rule,
        )
        for column, name in zip(kept, unique_names(names), strict=True)
    ]
    left_out = tuple(column.name for column in columns if column not in kept)
    ordered = tuple(in_order(mapped, rules))
    return Mapping(source, relation.name, ordered, unmapped=left_out, **_place(relation))


_ARITHMETIC = re.compile(r"[*/%]|[-+]\s*\d")
# Reads a number of seconds or a text as a time: which of them a column holds is told by its values only.
_READS_A_TIME = re.compile(
    r"\b(try_)?(to_timestamp\w*|to_date|to_time|from_unixtime|timestamp_(seconds|millis|micros)|date_from_unix_date"
    r"|epoch_(ms|us|ns)|strptime|parse_(date|datetime|timestamp)|str_to_date|make_timestamp\w*"
    r"|dateadd|date_add|timestampadd)\s*\(",
    re.IGNORECASE,
)


def usual_expression(column: Column, rules: ConventionSettings, dialect: str) -> str | None:
    """What the project's staging models make of such a column, or None: by its name, else by its kind.

    Only what keeps the meaning of a value, such as a case or trimmed blanks: whether a number is in cents
    can only be told where its name ends in `_cents`, and is asked elsewhere; so are seconds since 1970.
    """
    kind = column_kind(cased(column.name, rules), column.data_type)
    own = rules.expressions.get(column.name.lower())
    text = own or rules.expressions.get(kind)
    if text is None or (kind != "cents" and _ARITHMETIC.search(text.replace("<column>", ""))):
        return None
    if _READS_A_TIME.search(text) and not (own and type_family(column.data_type) == "text"):
        return None
    return text.replace("<column>", quote_identifier(column.name, dialect))


def is_left_out(column: str, rules: ConventionSettings) -> bool:
    """Whether the project's staging models never select such a column."""
    if column.lower() in rules.renames:
        return False
    return any(fnmatchcase(column.lower(), pattern.lower()) for pattern in rules.leave_out)


def map_to_target(
    source: str,
    relation: Relation,
    target: Target,
    matches: Sequence[ColumnMatch],
    *,
    lost: Dict[CastQuestion, int],
    dialect: str,
) -> Mapping:
    """The mapping of a table to a declared target: what is certain is accepted, the rest waits.

    A target column for which nothing was found stands there with no source, for a person to fill.

    Args:
        lost: as in `keep_every_column`.
        dialect: whose words the types are.
    """
    by_name = {column.name: column for column in relation.columns}
    columns = []
    for found in matches:
        wanted = target_column(target, found.target)
        if found.source is None:
            columns.append(
                MappedColumn(
                    found.target, (), status="review", alternatives=found.alternatives, note="no source found"
                )
            )
            continue
        column = by_name[found.source]
        cast = needed_cast(column, wanted, dialect)
        note = _note(column, wanted, cast, lost, dialect)
        accepted = found.band == "accept" and not note
        columns.append(
            MappedColumn(
                target=found.target,
                sources=(found.source,),
                status="accepted" if accepted else "review",
                source_type=column.data_type,
                cast=cast,
                score=None if accepted else found.score,
                alternatives=() if accepted else found.alternatives,
                note=note,
                description=column.description,
            )
        )
    used = {name for column in columns for name in column.sources}
    unmapped = tuple(column.name for column in source_columns(relation) if column.name not in used)
    return Mapping(
        source, relation.name, tuple(columns), target=target.name, unmapped=unmapped, **_place(relation)
    )


def _place(relation: Relation) -> dict[str, Any]:
    return {
        "schema": relation.schema,
        "latest_batch": any(column.name.lower() == BATCH_ID for column in relation.columns),
        "description": relation.description,
    }


def target_column(target: Target, name: str) -> Column:
    """The target's column of that name."""
    return next(column for column in target.columns if column.name == name)


def needed_cast(column: Column, wanted: Column, dialect: str) -> str | None:
    """The cast that turns a source column into what the target declares, or None when it is that already."""
    if not wanted.data_type or is_same_type(wanted.data_type, column.data_type, dialect):
        return None
    return wanted.data_type.lower()


def _note(
    column: Column, wanted: Column, cast: str | None, lost: Dict[CastQuestion, int], dialect: str
) -> str:
    """Why a person is needed for the cast, in a few words; "" when it is proven or not needed."""
    if cast is None:
        return ""
    families = type_family(column.data_type), type_family(wanted.data_type)
    # Spark's and BigQuery's only usual TIMESTAMP is what a text becomes there.
    words = dialect if families[0] != "text" else ""
    is_instant = has_time_zone(column.data_type, words)
    if is_instant != has_time_zone(wanted.data_type, words) and families[1] != "text":
        return f"a cast to {cast} depends on the session's time zone: an expression is needed"
    if families[0] != "text" and carries_over(*families, None) < _CASTABLE:
        return f"{column.data_type.lower()} does not cast to {cast}: an expression is needed"
    rows = lost.get(CastQuestion(column.name, cast))
    if rows != 0:
        count = f"{rows:,} rows" if rows else "some rows"
        return f"{count} would lose their value by a cast to {cast}"
    return ""


def cast_questions(
    relation: Relation,
    profile: TableProfile | None,
    target: Target | None,
    matches: Sequence[ColumnMatch] = (),
    rules: ConventionSettings | None = None,
    *,
    dialect: str,
) -> list[CastQuestion]:
    """The casts to be proven on every row before they may be decided, to types of the dialect."""
    if target is None:
        found = [
            (c.name, cast)
            for c in source_columns(relation)
            for cast in wanted_casts(
                c,
                profile.column(c.name) if profile else None,
                rules or ConventionSettings(),
                dialect=dialect,
            )
        ]
    else:
        found = []
        for item in matches:
            column = relation.column(item.source) if item.source else None
            if column is not None:
                cast = needed_cast(column, target_column(target, item.target), dialect)
                found += [(column.name, cast)] if cast is not None else []
    return [CastQuestion(name, cast) for name, cast in found]
