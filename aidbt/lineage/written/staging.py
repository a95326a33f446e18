"""Staging models that somebody wrote, read as decided mappings: files only, nothing is rendered or run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from aidbt.core.schema import MappedColumn, Mapping
from aidbt.lineage.written.traced import ReadRelation, RowRule, Shape, TracedColumn, relation_of
from aidbt.sql.jinja import ModelSql, NotPlain, read_jinja

if TYPE_CHECKING:
    from sqlglot.tokens import Token  # type: ignore[attr-defined]

    from aidbt.lineage.written.layout import QueryLayout

# sqlglot logs a warning for a statement it does not know; that is a result here, and nobody's stderr.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())

_CASTS = frozenset({"CAST", "TRY_CAST", "SAFE_CAST"})


@dataclass(frozen=True, slots=True)
class NotRead:
    """A model that was not read, and why.

    Attributes:
        line: where the reason stands, from 1; 0 when it is about the whole file.
    """

    path: str
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class StagingModel:
    """What a model selects and from where.

    Attributes:
        path: its file, relative to the project.
        columns: its output columns, in order.
        relations: what its rows come from; several for joins and unions.
        also_reads: other sources and refs it names, e.g. in the subquery of a filter.
        rules: what it does to rows, from the source on.
        shapes: "join", "union", "aggregate", "lateral", "recursive"; () for one relation's rows.
        config: the literal arguments of its `config(…)`.
        sql, layout: its text with the places of everything in it; `layout` is None for a form of query
            whose places are not known.
    """

    path: str
    columns: tuple[TracedColumn, ...]
    relations: tuple[ReadRelation, ...]
    also_reads: tuple[ReadRelation, ...]
    rules: tuple[RowRule, ...]
    shapes: tuple[Shape, ...]
    sql: ModelSql = field(repr=False, compare=False)
    layout: QueryLayout | None = field(repr=False, compare=False)
    dialect: str = field(default="", compare=False)
    config: dict[str, object] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def text(self) -> str:
        return self.sql.text

    @property
    def is_plain(self) -> bool:
        """Whether each of its rows is one row of one relation."""
        return len(self.relations) == 1 and not self.shapes

    @property
    def source(self) -> ReadRelation | None:
        """The one source it stages, or None for anything else."""
        only = self.relations[0] if self.is_plain else None
        return only if only is not None and only.kind == "source" else None


def read_staging_model(text: str, *, path: str, dialect: str) -> StagingModel | NotRead:
    """What a model's text selects, or why it was not read.

    Args:
        path: relative to the project; the model is named after it.
        dialect: of the warehouse's SQL, as dbt or sqlglot calls it.

    Example:
        >>> model = read_staging_model(
        ...     "select id as lead_id, score::int as score from {{ source('crm', 'leads') }}",
        ...     path="models/stg_leads.sql", dialect="duckdb")
        >>> [(column.name, column.kind, column.sources[0].name) for column in model.columns]
        [('lead_id', 'direct', 'id'), ('score', 'cast', 'score')]
    """
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import ParseError, SqlglotError

    from aidbt.lineage.written.columns import trace_query
    from aidbt.lineage.written.layout import query_layout
    from aidbt.sql.dialect import sqlglot_dialect

    model = read_jinja(text)
    if isinstance(model, NotPlain):
        return NotRead(path, model.reason, model.line)
    dialect = sqlglot_dialect(dialect)
    language = Dialect.get_or_raise(dialect)
    try:
        tokens = _with_types(language.tokenize(model.sql), model)
        trees = [t for t in language.parser().parse(tokens, model.sql) if t is not None]
    except ParseError as error:
        return NotRead(path, *_parse_reason(error, model))
    except (SqlglotError, RecursionError) as error:
        return NotRead(path, f"it is not SQL that can be read: {str(error).splitlines()[0]}")
    if not trees:
        return NotRead(path, "it holds no SQL")
    if len(trees) > 1:
        return NotRead(path, f"it holds {len(trees)} statements")
    if not isinstance(trees[0], exp.Query):
        return NotRead(path, "it is no select")
    layout = query_layout(tokens)
    traced = trace_query(trees[0], layout, model, dialect)
    named = dict.fromkeys(relation_of(tag) for tag in model.tags if tag.kind != "expression")
    return StagingModel(
        path=path,
        columns=traced.columns,
        relations=tuple(traced.relations),
        also_reads=tuple(relation for relation in named if relation not in traced.relations),
        rules=(*traced.rules, *_conditional(model)),
        shapes=tuple(traced.shapes),
        sql=model,
        layout=layout,
        dialect=dialect,
        config=model.config,
    )


def as_mapping(model: StagingModel, source_columns: Sequence[str] = ()) -> Mapping | None:
    """The decisions that a model of one source holds, all accepted by a person; None for other models.

    A cast that may give NULL, or to a type that a macro names, is kept as an expression. Columns that could
    not be followed are left out.

    Args:
        source_columns: the source's columns where they are known, to write out what `select *` passes on.
    """
    if model.source is None:
        return None
    columns = [c for column in model.columns for c in _mapped(column, source_columns)]
    used = {name.casefold() for column in columns for name in column.sources}
    return Mapping(
        source=model.source.parent,
        table=model.source.name,
        columns=tuple(columns),
        unmapped=tuple(name for name in source_columns if name.casefold() not in used),
    )


def _mapped(column: TracedColumn, source_columns: Sequence[str]) -> list[MappedColumn]:
    sources = tuple(source.name for source in column.sources)
    if column.kind == "star":
        gone = {name.casefold() for name in column.excluded}
        kept = [name for name in source_columns if name.casefold() not in gone]
        return [MappedColumn(name, (name,), by="person") for name in kept]
    if not column.name or column.kind == "unknown":
        return []
    if column.kind == "direct":
        return [MappedColumn(column.name, sources, by="person")]
    if column.kind == "cast" and not column.quiet and "{{" not in column.data_type:
        return [MappedColumn(column.name, sources, by="person", cast=column.data_type)]
    return [MappedColumn(column.name, sources, by="person", expression=column.text)]


def _with_types(tokens: list[Token], model: ModelSql) -> list[Token]:
    """The tokens with every tag in the place of a type as a type: most dialects take no unknown one."""
    from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]

    if not model.tags:
        return tokens
    opened_by: list[str] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.token_type == TokenType.L_PAREN:
            opened_by.append(before.text.upper() if before else "")
        elif token.token_type == TokenType.R_PAREN and opened_by:
            opened_by.pop()
        if before is None or model.tag_at(token.start, token.end + 1) is None:
            continue
        in_cast = before.token_type == TokenType.ALIAS and bool(opened_by) and opened_by[-1] in _CASTS
        if in_cast or before.token_type == TokenType.DCOLON:
            tokens[index] = Token(
                TokenType.INT, "int", token.line, token.col, token.start, token.end, token.comments
            )
    return tokens


def _parse_reason(error: Exception, model: ModelSql) -> tuple[str, int]:
    """(what the parser says, its line in the model's text)."""
    details = getattr(error, "errors", None) or [{}]
    description = str(details[0].get("description") or error).splitlines()[0].strip(". ")
    lines = model.sql.splitlines(keepends=True)
    before = lines[: max((details[0].get("line") or 1) - 1, 0)]
    line = model.line_of(len("".join(before)))
    return f"it is not SQL that can be read: {description}", line


def _conditional(model: ModelSql) -> list[RowRule]:
    return [
        RowRule("conditional filter", " ".join(model.text[start:end].split()))
        for start, end in model.left_out
    ]
