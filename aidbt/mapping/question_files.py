"""`aidbt/questions.yml`: what is asked once per pattern and source, and what people answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aidbt.core.config import explain, parse_yaml, read_text
from aidbt.core.errors import SettingsError, UnknownName, nearest
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.schema import Mapping
from aidbt.mapping.files import load_mappings
from aidbt.patching import AddItem, Change, SetKey, edit_yaml

QUESTIONS_FILE = "aidbt/questions.yml"
KEEP = "keep"

_HEAD = """\
# What `aidbt generate` asks, once per pattern and source. Answer with the name of an option, here or by
#   aidbt review answer ID OPTION [--except SOURCE.TABLE.COLUMN]
# What stands under `except:` stays as it is.
questions: []
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about everything in a source that follows one pattern.

    Attributes:
        id: the pattern and what it is about, e.g. "cents:hubspot".
        text: what was seen, e.g. "whole numbers that look like cents".
        options: what can be answered → what that would write, with <column> for the column.
        about: "source.table.column", or "source.table", → what was seen there; never a value of a row.
        recommended: the option that the evidence speaks for.
        answer: the option that a person chose; "" while it is open.
        excepted: what of the source the answer does not count for.
    """

    id: str
    text: str
    options: dict[str, str]
    about: dict[str, str]
    recommended: str = KEEP
    answer: str = ""
    excepted: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        return self.id.partition(":")[0]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    question: str = ""
    options: dict[str, str] = Field(min_length=1)
    recommended: str = KEEP
    answer: str | None = None
    excepted: list[str] = Field(default_factory=list, alias="except")
    about: dict[str, str] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    questions: list[_Entry] = Field(default_factory=list)


def load_questions(project_dir: Path) -> dict[str, Question]:
    """Every question by id, in the order of the file; none when there is no file.

    Raises:
        SettingsError: the file is not as it should be, or an answer is none of the options.
    """
    path = project_dir / QUESTIONS_FILE
    return parse_questions(read_text(path)) if path.exists() else {}


def parse_questions(text: str) -> dict[str, Question]:
    """The questions that the file's text holds.

    Raises:
        SettingsError: see `load_questions`.
    """
    value = parse_yaml(text, QUESTIONS_FILE)
    try:
        content = _File.model_validate(value if value is not None else {})
    except ValidationError as error:
        wrong = explain(error, _File, path=QUESTIONS_FILE, text=text)
        if all(problem["type"] != "extra_forbidden" for problem in error.errors()):
            wrong.hint = "docs/reference.md shows what stands where in this file"
        raise wrong from error
    found: dict[str, Question] = {}
    for entry in content.questions:
        if entry.id in found:
            raise SettingsError(f"the question '{entry.id}' stands twice", path=QUESTIONS_FILE)
        if entry.answer and entry.answer not in entry.options:
            raise SettingsError(
                f"the answer to {entry.id} is '{entry.answer}', which is none of its options",
                path=QUESTIONS_FILE,
                line=_line_of(text, entry.id),
                hint=_hint(entry.answer, list(entry.options)),
            )
        found[entry.id] = Question(
            entry.id,
            entry.question,
            entry.options,
            entry.about,
            entry.recommended,
            entry.answer or "",
            tuple(entry.excepted),
        )
    return found


def _hint(name: str, known: Sequence[str]) -> str:
    close = nearest(name, known)
    return f"did you mean '{close}'?" if close else f"its options: {', '.join(known)}"


def _line_of(text: str, question: str) -> int | None:
    return next((n for n, line in enumerate(text.splitlines(), 1) if question in line), None)


def questions_edit(before: str | None, questions: dict[str, Question]) -> FileEdit | None:
    """The edit that brings the file to the questions; None when it says so already.

    What people wrote around them stays. Questions are added and change; none is removed.

    Args:
        before: the file's text; None when there is none.

    Raises:
        EditConflict: the file is laid out in a way that cannot be edited without loss.
    """
    known = parse_questions(before) if before is not None else {}
    changes: list[Change] = []
    for question in questions.values():
        old = known.get(question.id)
        if old is None:
            changes.append(AddItem(("questions",), _entry(question)))
        elif old != question:
            changes += _changes(old, question)
    if not changes:
        return None
    text = before
    if text is None:
        text = _HEAD
    elif "questions" not in (parse_yaml(text, QUESTIONS_FILE) or {}):
        text = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}questions: []\n"
    after = edit_yaml(text, changes, path=QUESTIONS_FILE)
    return FileEdit(
        QUESTIONS_FILE, digest(before) if before is not None else None, after, "questions", before
    )


def _entry(question: Question) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": question.id,
        "question": question.text,
        "options": question.options,
        "recommended": question.recommended,
        "answer": question.answer or None,
    }
    if question.excepted:
        entry["except"] = list(question.excepted)
    return {**entry, "about": question.about}


def _changes(old: Question, new: Question) -> list[Change]:
    at = ("questions", {"id": new.id})
    changes: list[Change] = []
    if new.answer != old.answer:
        changes.append(SetKey(at, "answer", new.answer or None, after=("recommended", "options")))
    if new.excepted != old.excepted:
        changes.append(SetKey(at, "except", list(new.excepted), after=("answer",)))
    changes += [
        SetKey((*at, "options"), name, says)
        for name, says in new.options.items()
        if old.options.get(name) != says
    ]
    added = {name: said for name, said in new.about.items() if old.about.get(name) != said}
    if old.about:
        changes += [SetKey((*at, "about"), name, said) for name, said in added.items()]
    elif added:
        changes.append(SetKey(at, "about", added))
    return changes


def with_case(
    questions: dict[str, Question],
    question: str,
    *,
    text: str,
    where: str,
    evidence: str,
    options: dict[str, str],
    recommended: str,
) -> dict[str, Question]:
    """The questions with one more column that one of them is about; what stands there stays as it is."""
    known = questions.get(question)
    if known is None:
        return {**questions, question: Question(question, text, options, {where: evidence}, recommended)}
    about = known.about if where in known.about else {**known.about, where: evidence}
    says = dict(known.options)
    for name, said in options.items():
        before = says.setdefault(name, said)
        if before != said and not before.endswith(_OTHERS):
            says[name] = before + _OTHERS
    return {**questions, question: replace(known, options=says, about=about)}


_OTHERS = "; other columns in their own form"


def answer(
    project_dir: Path, question: str, option: str, *, excepted: Sequence[str] = ()
) -> tuple[Question, list[str]]:
    """Answer a question for all it is about, but for what is excepted; returns it and the files changed.

    Raises:
        UnknownName: there is no such question, option or column.
    """
    before = read_or_none(project_dir / QUESTIONS_FILE)
    questions = parse_questions(before) if before is not None else {}
    if question not in questions:
        raise UnknownName("question", question, questions)
    known = questions[question]
    if option not in known.options:
        raise UnknownName(f"option of {question}", option, known.options)
    for name in excepted:
        if not any(where == name or where.startswith(f"{name}.") for where in known.about):
            raise UnknownName(f"column that {question} is about", name, known.about)
    kept = tuple(dict.fromkeys([*known.excepted, *excepted]))
    answered = replace(known, answer=option, excepted=kept)
    edit = questions_edit(before, {**questions, question: answered})
    changed = apply_patch(Patch((edit,), "review"), project_dir) if edit is not None else []
    return answered, changed


def already_decided(project_dir: Path, question: Question) -> list[str]:
    """What a question is about and somebody decided before: its answer does not count for that."""
    mappings = load_mappings(project_dir)
    found = []
    for where in question.about:
        key = table_of(where, mappings)
        if key is None or is_excepted(where, question):
            continue
        if not _is_undecided(mappings[key], where[len(key) + 1 :], question.pattern):
            found.append(where)
    return found


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits, with what of it is still undecided.

    Attributes:
        about: what was seen, by "source.table.column" or "source.table".
        tables: how many tables that is.
    """

    question: Question
    about: dict[str, str] = field(default_factory=dict)
    tables: int = 0

    @property
    def kind(self) -> str:
        """What tells it from the columns and tests that wait."""
        return "question"

    @property
    def commands(self) -> dict[str, str]:
        """What answers it, ready to be pasted."""
        asked = self.question
        return {"answer": f"aidbt review answer {asked.id} {asked.recommended}"}

    @property
    def sentence(self) -> str:
        """What is asked, in one line.

        Example:
            >>> q = Question("cents:shop", "whole numbers that look like cents", {}, {})
            >>> OpenQuestion(q, {"shop.orders.amount": "", "shop.refunds.amount": ""}, 2).sentence
            'amount, 2 tables: whole numbers that look like cents'
        """
        names = list(dict.fromkeys(name.rpartition(".")[2] for name in self.about))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        tables = f", {self.tables} tables" if self.tables > 1 else ""
        return f"{names[0] if names else self.question.id}{more}{tables}: {self.question.text}"


def open_questions(
    questions: dict[str, Question], mappings: dict[str, Mapping], *, select: Sequence[str] = ()
) -> list[OpenQuestion]:
    """The questions that wait for an answer; columns that a person decided, and what is gone, are left out.

    Args:
        select: the "source.table" to look at; empty is all.
    """
    found = []
    for question in questions.values():
        if question.answer:
            continue
        about, tables = {}, set()
        for where, seen in question.about.items():
            key = table_of(where, mappings)
            if key is None or (select and key not in select) or is_excepted(where, question):
                continue
            if _is_undecided(mappings[key], where[len(key) + 1 :], question.pattern):
                about[where] = seen
                tables.add(key)
        if about:
            found.append(OpenQuestion(question, about, len(tables)))
    return found


def is_excepted(where: str, question: Question) -> bool:
    """Whether it, or its table, is among the exceptions."""
    return any(where == name or where.startswith(f"{name}.") for name in question.excepted)


def table_of(where: str, mappings: dict[str, Mapping]) -> str | None:
    """The key of the mapping that "source.table" or "source.table.column" is about; the longest that fits."""
    keys = [key for key in mappings if where == key or where.startswith(key + ".")]
    return max(keys, key=len, default=None)


# Questions about which rows are kept, by the rule they propose.
ROW_QUESTIONS = {"soft_delete": "soft_delete", "latest_row": "latest_row"}


def _is_undecided(mapping: Mapping, column: str, pattern: str) -> bool:
    if pattern == "items":  # a list with a model has a mapping of its own
        return not mapping.items
    if pattern in ROW_QUESTIONS:
        rules = [rule for rule in mapping.row_rules if rule.rule == ROW_QUESTIONS[pattern]]
        return any(rule.status == "review" for rule in rules)
    made_from = [c for c in mapping.columns if column in c.sources]
    return any(c.by == "aidbt" and c.is_passthrough and c.status != "rejected" for c in made_from)
