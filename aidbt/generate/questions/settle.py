"""Asking once per pattern and source: what is seen in single columns becomes questions, and answers become
decisions.

A case is one column, or one table, with what could be done about it. What its rows prove is decided; what
was answered for its pattern is done; everything else goes on the question of its pattern and source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from aidbt.core.config import ConventionSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, DecidedBy, MappedColumn, Mapping
from aidbt.core.types import type_family
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions.meanings import (
    COLUMN,
    TEXTS,
    Looked,
    Meaning,
    Reading,
    meaning_of,
    wanted_forms,
    wants_values,
)
from aidbt.mapping.question_files import KEEP, Question, is_excepted, table_of, with_case
from aidbt.project.conventions import column_name, snake_case
from aidbt.sql.identifiers import quote_identifier

Change = Callable[[Mapping, DecidedBy], Mapping]
_VALUES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be done about a case.

    Attributes:
        says: what it writes, with <column> for the column.
        change: the mapping with it done; None leaves it as it is.
        creates: a mapping of its own that it makes.
    """

    says: str
    change: Change | None = None
    creates: Mapping | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One column or table that something has to be decided about.

    Attributes:
        question: the id of its question, e.g. "cents:hubspot".
        text: what is asked there.
        key: its "source.table".
        column: the source column; "" for the table.
        choices: by name; "keep" is among them.
        certain: the choice that nobody is asked about; "" for none.
        propose: what the mapping says while it is asked about; None for nothing.
    """

    question: str
    text: str
    key: str
    column: str
    evidence: str
    choices: dict[str, Choice]
    recommended: str = KEEP
    certain: str = ""
    propose: Change | None = None

    @property
    def where(self) -> str:
        return f"{self.key}.{self.column}" if self.column else self.key


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the cases.

    Attributes:
        mappings: with what was certain or answered decided.
        questions: every question, the open ones with their new cases.
    """

    mappings: dict[str, Mapping]
    questions: dict[str, Question]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Progress:
    mappings: dict[str, Mapping]
    questions: dict[str, Question]
    findings: list[Finding] = field(default_factory=list)


def settle(mappings: dict[str, Mapping], cases: Iterable[Case], questions: dict[str, Question]) -> Settled:
    """Decide each case that is certain or answered, and ask the others.

    An answer that a column does not allow changes nothing and is a finding. What a person decided on a
    column is never touched: such a column makes no case.
    """
    done = _Progress(dict(mappings), dict(questions))
    for case in _with_precedents(list(cases)):
        known = done.questions.get(case.question)
        if known is not None and is_excepted(case.where, known):
            continue
        said = known.answer if known is not None else ""
        if case.certain and said != KEEP:
            _do(done, case, case.choices[case.certain], "aidbt")
        elif known is None or not said:
            _ask(done, case)
        elif (choice := _answered(case, said)) is not None:
            _do(done, case, choice, "person")
        else:
            done.findings.append(_does_not_fit(case, known))
    return Settled(done.mappings, done.questions, tuple(done.findings))


def _with_precedents(cases: list[Case]) -> list[Case]:
    """Where a pattern could mean two things, what is certain elsewhere in the source speaks for one."""
    certain: dict[str, set[str]] = {}
    for case in cases:
        if case.certain:
            certain.setdefault(case.question, set()).add(case.certain)
    found = []
    for case in cases:
        seen = certain.get(case.question, set())
        if not case.certain and case.recommended == KEEP and len(seen) == 1 and seen <= set(case.choices):
            case = replace(case, recommended=next(iter(seen)))
        found.append(case)
    return found


def _answered(case: Case, answer: str) -> Choice | None:
    """The choice that an answer means for a case: who lets values be lost also takes what loses none."""
    return case.choices.get(answer) or case.choices.get(answer.removesuffix("_or_null"))


def _do(done: _Progress, case: Case, choice: Choice, by: DecidedBy) -> None:
    if choice.change is not None:
        done.mappings[case.key] = choice.change(done.mappings[case.key], by)
    if choice.creates is not None:
        done.mappings[choice.creates.key] = choice.creates


def _ask(done: _Progress, case: Case) -> None:
    added = with_case(
        done.questions,
        case.question,
        text=case.text,
        where=case.where,
        evidence=case.evidence,
        options={name: choice.says for name, choice in case.choices.items()},
        recommended=case.recommended,
    )
    done.questions.update(added)
    if case.propose is not None:
        done.mappings[case.key] = case.propose(done.mappings[case.key], "aidbt")


def _does_not_fit(case: Case, question: Question) -> Finding:
    return Finding(
        "question.answer_does_not_fit",
        Severity.WARN,
        case.where,
        f"the answer '{question.answer}' to {question.id} cannot be followed here ({case.evidence}); it stays"
        f" as it is; possible: {', '.join(case.choices)}",
    )


# --- the values of columns ----------------------------------------------------------------------------


def value_cases(
    mappings: dict[str, Mapping],
    before: dict[str, Mapping],
    tables: dict[str, RawTable],
    questions: dict[str, Question],
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> list[Case]:
    """The cases that the values of columns make: one or two statements per table that is looked at.

    Looked at are the columns that are new, and those that an answer is to be carried out on. What was there
    before is not looked at: it was decided, or is asked about already.

    Args:
        before: the mappings as they were read.
    """
    cases: list[Case] = []
    for key, table in sorted(tables.items()):
        names = columns_to_look_at(key, mappings, before, questions)
        for looked in look(table, names, ask, dialect):
            meaning = meaning_of(looked, ways.conventions)
            if meaning is not None:
                cases.append(_case(key, table.source, looked.column, meaning, ways, dialect))
    return cases


def columns_to_look_at(
    key: str, mappings: dict[str, Mapping], before: dict[str, Mapping], questions: dict[str, Question]
) -> list[str]:
    """The source columns of a table that may make a case: new ones, and those that an answer is to be carried
    out on. None of a table with a declared target, which says what its columns are.
    """
    mapping = mappings[key]
    if mapping.target is not None:
        return []
    known = {name for c in before[key].columns for name in c.sources} if key in before else set()
    open_, answered = _about(questions, key, mappings)
    return [
        c.sources[0]
        for c in mapping.columns
        if _is_undecided(c)
        and c.sources[0] not in open_
        and (c.sources[0] not in known or c.sources[0] in answered)
    ]


def _is_undecided(column: MappedColumn) -> bool:
    """Whether it is kept as it is: at most cast to a type of the same kind, as the team writes it."""
    is_free = column.by == "aidbt" and column.status == "accepted" and column.is_passthrough
    return is_free and (column.cast is None or type_family(column.cast) == type_family(column.source_type))


def _about(
    questions: dict[str, Question], key: str, mappings: dict[str, Mapping]
) -> tuple[set[str], set[str]]:
    """The columns of a table that are asked about, and those that an answer is to be carried out on."""
    open_: set[str] = set()
    answered: set[str] = set()
    for question in questions.values():
        for where in question.about:
            if table_of(where, mappings) != key:
                continue
            name = where[len(key) + 1 :]
            is_to_do = question.answer not in ("", KEEP) and not is_excepted(where, question)
            (answered if is_to_do else open_).add(name)
    return open_, answered


def look(table: RawTable, names: Sequence[str], ask: Questions, dialect: str) -> list[Looked]:
    """The columns with what their rows say; those in which nothing can be found are left out."""
    relation, profile = table.relation, table.profile
    columns = [
        (column, figures)
        for name in names
        if (column := relation.column(name)) and (figures := profile.column(name))
    ]
    forms = {c.name: wanted_forms(c, figures) for c, figures in columns}
    counted = ask.forms(relation, [(name, form) for name, wanted in forms.items() for form in wanted])
    by_column: dict[str, dict[str, int]] = {}
    for (name, form), rows in counted.items():
        by_column.setdefault(name, {})[form] = rows
    worded = [name for name, rows in by_column.items() if rows.get("null word")]
    words = ask.words(relation, worded) if worded else {}
    few = [c.name for c, figures in columns if wants_values(c, figures)]
    values = ask.values(relation, few, _VALUES) if few else {}
    return [
        Looked(
            column,
            figures,
            dialect,
            by_column.get(column.name, {}),
            words.get(column.name, {}),
            tuple(values[column.name]) if column.name in values else None,
        )
        for column, figures in columns
    ]


def _case(key: str, source: str, column: Column, meaning: Meaning, ways: Ways, dialect: str) -> Case:
    choices = {
        name: Choice(reading.says, _read_as(column, reading, ways, dialect) if reading.expression else None)
        for name, reading in meaning.readings.items()
    }
    return Case(
        f"{meaning.pattern}:{source}",
        TEXTS[meaning.pattern],
        key,
        column.name,
        meaning.evidence,
        choices,
        meaning.recommended,
        meaning.certain,
    )


def _read_as(column: Column, reading: Reading, ways: Ways, dialect: str) -> Change:
    """The change by which a column is read so: its expression, and the name that fits what it is now."""

    def change(mapping: Mapping, by: DecidedBy) -> Mapping:
        old = next(c for c in mapping.columns if c.sources == (column.name,) and _is_undecided(c))
        expression = (reading.expression or "").replace(COLUMN, quote_identifier(column.name, dialect))
        new = replace(old, expression=expression, cast=reading.cast, by=by, source_type="")
        return with_column(mapping, old, [replace(new, target=_name(mapping, column, old, reading, ways))])

    return change


def _name(mapping: Mapping, column: Column, old: MappedColumn, reading: Reading, ways: Ways) -> str:
    """The column's name now: by convention, unless other models settled it."""
    rules: ConventionSettings = ways.conventions
    is_settled = ways.history.name_of(mapping.source, column.name) or column.name.lower() in rules.renames
    if is_settled or not (reading.data_type or reading.stem):
        return old.target
    stem = reading.stem if reading.stem and reading.stem != snake_case(column.name) else column.name
    staged = Column(stem, reading.data_type or column.data_type)
    return column_name(staged, entity=mapping.table, source=mapping.source, rules=rules).name


def with_column(mapping: Mapping, old: MappedColumn, new: Sequence[MappedColumn]) -> Mapping:
    """The mapping with other columns in the place of one; names that are taken get numbers.

    Tests that were found for the old column are gone: they were found for its values.
    """
    taken = {column.target.casefold() for column in mapping.columns if column is not old}
    named = []
    for column in new:
        name, number = column.target, 1
        while name.casefold() in taken:
            number += 1
            name = f"{column.target}_{number}"
        taken.add(name.casefold())
        named.append(replace(column, target=name))
    columns = [item for column in mapping.columns for item in (named if column is old else [column])]
    tests = tuple(
        t for t in mapping.tests if old.target not in (t.column, *t.columns, t.event_time) or t.by == "person"
    )
    return replace(mapping, columns=tuple(columns), tests=tests)
