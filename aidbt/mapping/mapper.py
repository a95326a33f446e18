"""The mapping of one table: every column by convention, or what was matched with a declared target."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from aidbt.core.config import ConventionSettings
from aidbt.core.loads import BATCH_ID, CHANGE_COLUMNS, LOAD_COLUMNS, OPERATION
from aidbt.core.schema import (
    Column,
    ColumnMatch,
    MappedColumn,
    Mapping,
    Relation,
    RowsRead,
    TableProfile,
    Target,
)
from aidbt.core.types import has_time_zone, is_same_type, type_family
from aidbt.mapping.history import History
from aidbt.mapping.matcher import CASTABLE
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


@dataclass(frozen=True, slots=True)
class CastQuestion:
    """A cast that may only be decided when no row of the table loses anything by it."""

    column: str
    cast: str


_OF_LOADING = frozenset((*LOAD_COLUMNS, *CHANGE_COLUMNS))


def source_columns(relation: Relation) -> list[Column]:
    """The columns that came from the source system: all but those that loading added, which the warehouse
    may have folded.
    """
    return [column for column in relation.columns if column.name.lower() not in _OF_LOADING]


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
    notes: Dict[str, str] | None = None,
) -> Mapping:
    """The mapping of a table to a declared target: what is certain is accepted, the rest waits.

    A target column for which nothing was found stands there with no source, for a person to fill.

    Args:
        lost: as in `keep_every_column`.
        dialect: whose words the types are.
        notes: target column → what a language model said about it.
    """
    notes = notes or {}
    by_name = {column.name: column for column in relation.columns}
    columns = []
    for found in matches:
        wanted = target_column(target, found.target)
        if found.source is None:
            columns.append(
                MappedColumn(
                    found.target,
                    (),
                    status="review",
                    alternatives=found.alternatives,
                    note=notes.get(found.target, "no source found"),
                )
            )
            continue
        column = by_name[found.source]
        cast = needed_cast(column, wanted, dialect)
        problem = _note(column, wanted, cast, lost, dialect)
        accepted = found.band == "accept" and not problem
        said = "" if accepted else notes.get(found.target, "")
        columns.append(
            MappedColumn(
                target=found.target,
                sources=(found.source,),
                status="accepted" if accepted else "review",
                source_type=column.data_type,
                cast=cast,
                score=None if accepted else found.score,
                alternatives=() if accepted else found.alternatives,
                note="; ".join(filter(None, (problem, said))),
                description=column.description,
            )
        )
    used = {name for column in columns for name in column.sources}
    unmapped = tuple(column.name for column in source_columns(relation) if column.name not in used)
    return Mapping(
        source, relation.name, tuple(columns), target=target.name, unmapped=unmapped, **_place(relation)
    )


def _place(relation: Relation) -> dict[str, Any]:
    rows = rows_read(relation)
    return {
        "schema": relation.schema,
        "rows": rows,
        "row_key": _row_key(relation) if rows == "changes" else (),
        "description": relation.description,
    }


def rows_read(relation: Relation) -> RowsRead:
    """Which of a table's rows staging reads, by the columns that loading added."""
    names = {column.name.lower() for column in relation.columns}
    if BATCH_ID not in names:
        return "all"
    return "changes" if OPERATION in names else "latest_batch"


def _row_key(relation: Relation) -> tuple[str, ...]:
    return tuple(column.name for column in relation.columns if "primary_key" in column.constraints)


def with_rows_of(mapping: Mapping, relation: Relation) -> Mapping:
    """The mapping after its table has become a change log, is none any more, or has got another key.

    `rows: all` stays: a person reads the log itself.
    """
    rows = rows_read(relation)
    if "changes" not in (mapping.rows, rows) or mapping.rows == "all":
        return mapping
    return replace(mapping, rows=rows, row_key=_row_key(relation) if rows == "changes" else ())


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
    if families[0] != "text" and carries_over(*families, None) < CASTABLE:
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
