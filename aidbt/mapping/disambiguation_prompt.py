"""What a language model is told of the columns it is asked about, and its answer read with suspicion.

Names, types, comments and values are somebody else's text, and may be written to make a model do something.
They stand in the question as JSON between delimiters that they cannot contain; a comment or value that
reads like an order is left out; and an answer is only ever one of the column's own candidates, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from aidbt.core.config import MappingSettings, SendValues
from aidbt.core.schema import Column, ColumnMatch
from aidbt.llm.model import Request
from aidbt.llm.privacy import shown_values
from aidbt.llm.prompts import cut, data, render_prompt
from aidbt.mapping.signals import MatchTask

COLUMNS_PER_CALL = 40
# Of the columns' descriptions in one call: about 8,000 tokens.
_CHARACTERS_PER_CALL = 24_000
_NAME, _TYPE, _DESCRIPTION, _VALUE, _REASON = 120, 60, 160, 40, 160
# Of values and of other names.
_SHOWN = 5
# 20 words of a reason, two ids, and the braces around them.
_ANSWER_TOKENS_PER_COLUMN = 80
_NONE = "none"

# What is written to a reader rather than about a column. A false alarm costs a comment that is not shown, or
# a column that is not asked about.
_ORDER = re.compile(
    r"\b(ignore|disregard|forget|override)\b.{0,40}\b(all|any|above|previous|prior|other|instructions?|rules?)\b"
    r"|\b(system|assistant|user)\s*:"
    r"|\byou (are|must|should|will|shall|have to)\b"
    r"|\b(always|must|only|please|now)\b.{0,20}\b(answer|reply|respond|choose|pick|select|map|match|return)\b"
    r"|\b(answer|reply|respond|choose|pick|select)\b.{0,30}\b(none|every|all|this|with)\b"
    r"|\ball (the )?(other )?columns\b"
    r"|\bq\d+\.\d+\b"
    r"|\"(answers|choice|column)\"",
    re.IGNORECASE | re.DOTALL,
)
# Names may have these words (`delivery_instructions`), comments about a column need not.
_ABOUT_MODELS = re.compile(
    r"\b(instructions?|prompts?|jailbreak|language model|llm|gpt|chatbot|as an ai)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source column that a target column may be made from.

    Attributes:
        values: sample values as text; only what may leave the house.
    """

    name: str
    data_type: str = ""
    description: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenColumn:
    """A target column with its likely sources.

    Attributes:
        tables: (name, description) of the source table and of the target table.
        candidates: the likeliest first; at least one.
    """

    tables: tuple[tuple[str, str], tuple[str, str]]
    target: Column
    candidates: tuple[Candidate, ...]

    @property
    def is_named_like_an_order(self) -> bool:
        """Whether one of its names could be meant for the model: then it is better not asked about."""
        names = (self.target.name, *(candidate.name for candidate in self.candidates))
        return any(_ORDER.search(name.replace("_", " ")) for name in names)

    def shown(self, number: str) -> dict[str, Any]:
        """What the model sees of it, without texts that could be meant for the model; its candidates are
        called by its own id and their number.
        """
        wanted = self.target
        candidates = [
            _about(candidate_id, c.name, c.data_type, c.description, values=_harmless(c.values, _VALUE))
            for candidate_id, c in self.by_id(number).items()
        ]
        return _about(
            number,
            wanted.name,
            wanted.data_type,
            wanted.description,
            also_called=_harmless(wanted.synonyms, _NAME),
            values=_harmless(wanted.values, _VALUE),
            candidates=candidates,
        )

    def by_id(self, number: str) -> dict[str, Candidate]:
        """Its candidates by the ids that they have in the question."""
        return {f"{number}.{place}": item for place, item in enumerate(self.candidates, start=1)}


@dataclass(frozen=True, slots=True)
class Choice:
    """A usable answer: the source column that was chosen, None for "none", and why, on one line."""

    source: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that cannot be used; `why` holds nothing of the answer itself."""

    why: str


def open_columns(
    task: MatchTask,
    matches: Sequence[ColumnMatch],
    settings: MappingSettings,
    *,
    send_values: SendValues = "none",
) -> list[OpenColumn]:
    """The columns that a model is asked about, in the order of the target: proposed, and less likely than
    the precision that is asked for.

    A source that another column takes for certain is no candidate, nor one that a person ruled out. A column
    with a name that could be meant for the model is left to a person.

    Args:
        send_values: how sample values of columns known to hold no personal data are shown.
    """
    doubtful = {m.target: m for m in matches if m.band == "review" and m.score < settings.precision}
    taken = {m.source for m in matches if m.target not in doubtful}
    targets = {column.name: column for column in task.target.columns}
    found = []
    for target, match in doubtful.items():
        names = [match.source, *(name for name, _ in match.alternatives if name not in taken)]
        candidates = [
            _candidate(task, column, send_values=send_values)
            for name in dict.fromkeys(names)
            if name and (name, target) not in task.never and (column := task.source.column(name)) is not None
        ]
        declared = targets[target]
        wanted = replace(declared, values=shown_values(declared, declared.values, send_values))
        if candidates:
            found.append(OpenColumn(_tables(task), wanted, tuple(candidates)))
    return [column for column in found if not column.is_named_like_an_order]


def _tables(task: MatchTask) -> tuple[tuple[str, str], tuple[str, str]]:
    name = f"{task.source_name}.{task.source.name}" if task.source_name else task.source.name
    return (name, task.source.description), (task.target.name, task.target.description)


def _candidate(task: MatchTask, column: Column, *, send_values: SendValues) -> Candidate:
    profile = task.profile.column(column.name) if task.profile else None
    seen = [value for value, _ in profile.top_values] if profile else []
    values = shown_values(profile, seen or task.values.get(column.name, ()), send_values)
    return Candidate(column.name, column.data_type, column.description, values[:_SHOWN])


def batches(columns: Sequence[OpenColumn], numbers: Sequence[int]) -> list[list[int]]:
    """The columns of those numbers in groups that are asked about in one call each, in their order.

    A group has one source table and one target table, at most `COLUMNS_PER_CALL` columns, and a bounded size.
    """
    found: list[list[int]] = []
    current: dict[Any, tuple[list[int], int]] = {}
    for number in numbers:
        column = columns[number]
        size = len(data(column.shown("q00")))
        batch, used = current.get(column.tables, ([], 0))
        if not batch or len(batch) == COLUMNS_PER_CALL or used + size > _CHARACTERS_PER_CALL:
            batch, used = [], 0
            found.append(batch)
        batch.append(number)
        current[column.tables] = batch, used + size
    return found


def request_of(columns: Sequence[OpenColumn], refused: Sequence[Sequence[str]]) -> Request:
    """The question about columns of one table.

    Args:
        refused: for each column why its earlier answers could not be used.
    """
    (source, source_text), (target, target_text) = columns[0].tables
    tables = {"source": _harmless([source, source_text]), "target": _harmless([target, target_text])}
    system, question = render_prompt(
        "disambiguate",
        tables=tables,
        columns=[column.shown(number) for number, column in zip(_ids(), columns, strict=False)],
        refused={number: whys[-1] for number, whys in zip(_ids(), refused, strict=False) if whys},
    )
    return Request(
        system,
        question,
        _Answers.model_json_schema(),
        _ANSWER_TOKENS_PER_COLUMN * (len(columns) + 1),
        feature="mapping",
    )


def read_answer(text: str, columns: Sequence[OpenColumn]) -> list[Choice | Refused]:
    """What a model's answer to `request_of` says of each column, in their order."""
    entries = _entries(text)
    if entries is None:
        return [Refused("the answer was not the JSON object that was asked for, and nothing else")] * len(
            columns
        )
    return [_choice(entries, number, column) for number, column in zip(_ids(), columns, strict=False)]


def is_readable(text: str) -> bool:
    """Whether an answer has the form that was asked for, whatever it says."""
    return _entries(text) is not None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    column: str
    choice: str
    reason: str


class _Answers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    answers: list[_Entry]


class _Envelope(BaseModel):
    """The same, with entries that are read one by one: a wrong one spoils no other."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answers: list[Any]


def _entries(text: str) -> list[Any] | None:
    try:
        return _Envelope.model_validate_json(text).answers
    except ValidationError:
        return None


def _choice(entries: Sequence[Any], number: str, column: OpenColumn) -> Choice | Refused:
    mine = [entry for entry in entries if isinstance(entry, dict) and entry.get("column") == number]
    if len(mine) != 1:
        return Refused("it was answered more than once" if mine else "it was not answered")
    try:
        entry = _Entry.model_validate(mine[0])
    except ValidationError:
        return Refused("its entry has other keys than column, choice and reason, or no text there")
    if entry.choice == _NONE:
        return Choice(None, cut(entry.reason, _REASON))
    candidate = column.by_id(number).get(entry.choice)
    if candidate is None:
        return Refused("the choice is not the id of one of its own candidates, nor none")
    return Choice(candidate.name, cut(entry.reason, _REASON))


def _ids() -> Iterator[str]:
    return (f"q{number}" for number in range(1, 10**6))


def _about(number: str, name: str, data_type: str, description: str, **more: Any) -> dict[str, Any]:
    """What is shown of a column; what is empty is left out."""
    texts = {
        "name": cut(name, _NAME),
        "type": "".join(_harmless([data_type], _TYPE)),
        "description": "".join(_harmless([description], _DESCRIPTION)),
    }
    return {"id": number, **{key: value for key, value in {**texts, **more}.items() if value}}


def _harmless(texts: Sequence[str], size: int = _DESCRIPTION) -> list[str]:
    """The first few of some texts, cut; without empty ones and those that could be meant for the model."""
    shown = (cut(text, size) for text in texts[:_SHOWN])
    return [text for text in shown if text and not _ORDER.search(text) and not _ABOUT_MODELS.search(text)]
