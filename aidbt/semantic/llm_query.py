"""A language model as a front end: it writes a query in our own form, never SQL, and has no tools.

What it is told of the data are names, descriptions and, where the settings allow it, values of columns that
hold no personal data; all of it as quoted data. What it answers is data too, until it is a query over tables
and columns that exist, can be planned, and passes the ladder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aidbt.core.config import SendValues
from aidbt.core.errors import AidbtError
from aidbt.core.resilience import Deadline, Level, SystemClock
from aidbt.core.schema import TableProfile
from aidbt.core.words import singular_words
from aidbt.llm.answers import Answering, CacheScope, Question, Spent, ask_json
from aidbt.llm.asking import AnswerCache
from aidbt.llm.model import Request
from aidbt.llm.privacy import shown_values
from aidbt.llm.prompts import cut, data, render_prompt
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.grounding import Grounding
from aidbt.semantic.query import Clock, SemanticQuery
from aidbt.semantic.query_json.document import json_schema, query_from_json

# Changes when what goes on with an answer changes, so that kept answers are asked for anew.
COMPILER = "1"
_MOST_TABLES, _MOST_COLUMNS, _MOST_VALUES, _MOST_METRICS = 30, 120, 12, 60
_DESCRIPTION, _REASON = 200, 300
_ANSWER_TOKENS = 1_500
_EASY_WORDS, _EASY_TABLES = 12, 5


@dataclass(frozen=True, slots=True)
class QueryModel:
    """A language model that may be asked for queries, and what it may see.

    Attributes:
        send_values: `llm.send_values`.
        timeout_s: for one question, repairs included.
        profiles: by table, what its columns hold: which of them are personal.
    """

    model: Answering
    send_values: SendValues = "none"
    timeout_s: float = 120.0
    cache: AnswerCache | None = None
    profiles: Mapping[str, TableProfile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a language model made of a question.

    Attributes:
        query: None where it says that the question cannot be answered.
        reason: why, in its words; "" with a query.
        by: who answered.
    """

    query: SemanticQuery | None
    by: str
    reason: str = ""
    level: Level = Level.FULL
    warnings: tuple[str, ...] = ()
    spent: Spent = Spent()


def ask_for_query(
    question: str,
    grounding: Grounding,
    clock: Clock,
    asked: QueryModel,
    *,
    dialect: str,
    instructions: str = "",
    check: Callable[[SemanticQuery], Sequence[str]],
) -> ModelAnswer:
    """The query that a language model writes for a question.

    Args:
        check: what speaks against a query, in sentences; the model is told and may repair it.

    Raises:
        ProviderError, ResilienceError: nobody answered usably, or a budget is used up.
        StoreError: the cache or the account cannot be read or written.
    """
    part = _shown_part(question, grounding.graph)
    metrics = _metrics(grounding.semantic)
    described = _described(part, asked)
    system, text = render_prompt(
        "semantic_query",
        tables=described,
        relationships=[_relationship(r) for r in part.relationships],
        metrics=metrics,
        clock=_clock(clock),
        instructions=instructions,
        question=question,
    )
    names = [metric["name"] for metric in metrics]
    is_easy = len(question.split()) <= _EASY_WORDS and len(part.tables) <= _EASY_TABLES
    request = Request(
        system, text, _schema(part, names), max_answer_tokens=_ANSWER_TOKENS, feature="query", is_easy=is_easy
    )
    scope = CacheScope(_fingerprint(part, metrics, grounding), _clock(clock), COMPILER, dialect)
    told = Question(request, check=lambda value: _problems(value, part, names, check), scope=scope)
    deadline = Deadline.after(asked.timeout_s, SystemClock())
    answer = ask_json(told, asked.model, cache=asked.cache, deadline=deadline)
    by = cut(answer.by, _DESCRIPTION)
    if answer.value.get("query") is None:
        reason = cut(answer.value["cannot"], _REASON)
        return ModelAnswer(None, by, reason, answer.level, answer.warnings, answer.spent)
    query = query_from_json(answer.value["query"], part, metrics=names)
    return ModelAnswer(query, by, level=answer.level, warnings=answer.warnings, spent=answer.spent)


def _problems(
    value: Any, graph: Graph, metrics: Sequence[str], check: Callable[[SemanticQuery], Sequence[str]]
) -> Sequence[str]:
    """What is wrong with an answer that fits the schema."""
    written, reason = value.get("query"), value.get("cannot")
    if (written is None) == (reason is None):
        return ["give either a query or, in `cannot`, why there is none"]
    if written is None:
        return []
    try:
        return check(query_from_json(written, graph, metrics=metrics))
    except AidbtError as error:
        return [f"{error.message}; {error.hint}" if error.hint else error.message]


def _schema(graph: Graph, metrics: Sequence[str]) -> dict[str, Any]:
    inner = json_schema(graph, metrics=metrics)
    answer = {"query": {"$ref": "#/$defs/query"}, "cannot": {"type": "string"}}
    return {
        "$schema": inner["$schema"],
        "type": "object",
        "properties": answer,
        "additionalProperties": False,
        "$defs": inner["$defs"],
    }


# --- what is shown ------------------------------------------------------------------------------------


def _shown_part(question: str, graph: Graph) -> Graph:
    """The tables that a question is most likely about, with the relationships between them.

    All of a small graph. Else those whose names, columns and descriptions share most words with the question,
    and then those that they refer to.
    """
    if len(graph.tables) <= _MOST_TABLES:
        return graph
    words = set(singular_words(re.sub(r"\W+", "_", question)))
    ranked = sorted(graph.tables, key=lambda table: (-_shared(words, table), table.name))
    chosen = {table.name for table in ranked[: _MOST_TABLES // 2]}
    for relationship in graph.relationships:
        if len(chosen) < _MOST_TABLES and relationship.source in chosen:
            chosen.add(relationship.target)
    tables = tuple(table for table in graph.tables if table.name in chosen)
    return Graph(tables, tuple(r for r in graph.relationships if {r.source, r.target} <= chosen))


def _shared(words: set[str], table: GraphTable) -> int:
    own = [table.name, table.description, *table.synonyms]
    of_columns = [text for c in table.columns for text in (c.name, c.description, *c.synonyms)]
    heads, inner = ({word for text in texts for word in singular_words(re.sub(r"\W+", "_", text))}
                    for texts in (own, of_columns))  # fmt: skip
    return 2 * len(words & heads) + len(words & inner)


def _described(graph: Graph, asked: QueryModel) -> list[dict[str, Any]]:
    """Tables and columns as they are shown, as data."""
    return [
        _given(
            {
                "table": table.name,
                "description": cut(table.description, _DESCRIPTION),
                "also_called": list(table.synonyms),
                "time": table.time,
                "called_by": table.label,
                "columns": [
                    _column(column, asked, asked.profiles.get(table.name))
                    for column in table.columns[:_MOST_COLUMNS]
                ],
            }
        )
        for table in graph.tables
    ]


def _column(column: GraphColumn, asked: QueryModel, profile: TableProfile | None) -> dict[str, Any]:
    seen = profile.column(column.name) if profile is not None and not column.is_pii else None
    held = column.values or tuple(text for text, _ in seen.top_values) if seen is not None else ()
    return _given(
        {
            "name": column.name,
            "kind": column.kind,
            "description": cut(column.description, _DESCRIPTION),
            "also_called": list(column.synonyms),
            "unit": column.unit,
            "values": list(shown_values(seen, held[:_MOST_VALUES], asked.send_values)),
        }
    )


def _relationship(relationship: Any) -> dict[str, Any]:
    return {
        "name": relationship.name,
        "from": [f"{relationship.source}.{name}" for name in relationship.source_columns],
        "to": [f"{relationship.target}.{name}" for name in relationship.target_columns],
    }


def _metrics(manifest: SemanticManifest | None) -> list[dict[str, Any]]:
    metrics = manifest.metrics if manifest is not None else ()
    return [
        _given({"name": metric.name, "description": cut(metric.description, _DESCRIPTION)})
        for metric in metrics[:_MOST_METRICS]
    ]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _clock(clock: Clock) -> str:
    """How relative times are read: the day, and where weeks begin."""
    now = clock.now.date().isoformat() if clock.now is not None else "the day of the query"
    weeks = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"{now}, weeks from {weeks[clock.week_start - 1]}"


def _fingerprint(graph: Graph, metrics: Sequence[Mapping[str, Any]], grounding: Grounding) -> str:
    """Changes when anything that an answer rests on does: the shown tables, and the semantic layer."""
    layer = grounding.semantic.fingerprint if grounding.semantic is not None else ""
    said = data([repr((graph.tables, graph.relationships)), list(metrics), layer])
    return hashlib.sha256(said.encode()).hexdigest()
