"""Targets and decided mappings as files in `<project>/aidbt/`: what people review and edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from aidbt.core.config import explain, line_of, parse_yaml, read_text
from aidbt.core.errors import SettingsError, UnknownName, nearest
from aidbt.core.patch import digest
from aidbt.core.schema import (
    MONITOR_TESTS,
    Column,
    MappedColumn,
    MappedTest,
    Mapping,
    RowRule,
    RowsRead,
    Target,
)
from aidbt.core.types import TYPE_NAMES, own_type, type_name
from aidbt.sql.expressions import is_type

MAPPINGS_DIR = "aidbt/mappings"
TARGETS_DIR = "aidbt/targets"
CONSTRAINTS = ("not_null", "unique", "primary_key")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Name = Annotated[str, Field(min_length=1)]
_Probability = Annotated[float, Field(ge=0, le=1)]


class _TargetColumn(_File):
    name: _Name
    type: str = ""
    description: str = ""
    synonyms: list[str] = Field(default_factory=list)
    values: list[str] = Field(default_factory=list)
    constraints: list[Literal["not_null", "unique", "primary_key"]] = Field(default_factory=list)


class _TargetFile(_File):
    name: str
    description: str = ""
    sources: list[str] = Field(default_factory=list)
    relation: str = ""
    columns: list[_TargetColumn] = Field(min_length=1)

    @field_validator("relation")
    @classmethod
    def _has_a_schema(cls, relation: str) -> str:
        if relation and (relation.count(".") != 1 or "" in relation.split(".")):
            raise ValueError("name the relation with its schema, e.g. analytics.dim_customer")
        return relation


class _SourceTable(_File):
    name: _Name
    table: _Name
    schema_: str = Field(default="", alias="schema")
    items: str = ""
    list_sql: str = Field(default="", alias="list")
    rows: RowsRead = "all"
    key: list[_Name] = Field(default_factory=list)
    description: str = ""

    @model_validator(mode="after")
    def _only_changes_have_a_key(self) -> _SourceTable:
        if self.key and self.rows != "changes":
            raise ValueError("'key' is that of a change log: it needs 'rows: changes'")
        return self


class _Column(_File):
    target: _Name
    source: str | None = None
    sources: list[_Name] = Field(default_factory=list)
    expression: str | None = None
    type: str = ""
    cast: str | None = None
    status: Literal["accepted", "review", "rejected"] = "accepted"
    by: Literal["aidbt", "person"] = "person"
    score: _Probability | None = None
    alternatives: dict[str, _Probability] = Field(default_factory=dict)
    note: str = ""
    description: str = ""
    never: list[_Name] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> _Column:
        if self.source is not None and self.sources:
            raise ValueError("give either 'source' or 'sources', not both")
        if self.status == "accepted" and not self.source and not self.sources and not self.expression:
            raise ValueError("an accepted column needs a source or an expression")
        if len(self.sources) > 1 and self.expression is None and self.status == "accepted":
            raise ValueError("several sources need an expression")
        taken = [name for name in (self.source, *self.sources) if name in self.never]
        if taken and self.status != "rejected":
            raise ValueError(f"'{taken[0]}' is its source and stands under 'never' as well")
        return self


class _Test(_File):
    column: str
    test: Literal[
        "not_null", "unique", "relationships", "accepted_values", "unique_combination",
        "volume", "freshness", "null_rate", "mean", "distinct",
    ]  # fmt: skip
    columns: list[str] = Field(default_factory=list)
    event_time: str = ""
    to: str = ""
    field: str = ""
    values: list[str] = Field(default_factory=list)
    status: Literal["accepted", "review", "rejected"] = "accepted"
    by: Literal["aidbt", "person"] = "person"
    note: str = ""

    @model_validator(mode="after")
    def _has_its_columns(self) -> _Test:
        if self.test == "unique_combination" and (len(self.columns) < 2 or self.columns[0] != self.column):
            raise ValueError("unique_combination needs two 'columns' or more, 'column' the first of them")
        if self.test != "unique_combination" and self.columns:
            raise ValueError(f"{self.test} takes no 'columns'")
        if (self.test in MONITOR_TESTS) != bool(self.event_time):
            is_lacking = self.test in MONITOR_TESTS
            raise ValueError(f"{self.test} {'needs' if is_lacking else 'takes no'} 'event_time'")
        return self


class _RowRule(_File):
    rule: Literal["filter", "soft_delete", "latest_row"]
    where: str = ""
    keys: list[str] = Field(default_factory=list)
    order_by: str = ""
    status: Literal["accepted", "review", "rejected"] = "accepted"
    by: Literal["aidbt", "person"] = "person"

    @model_validator(mode="after")
    def _is_complete(self) -> _RowRule:
        if self.rule == "latest_row" and not (self.keys and self.order_by):
            raise ValueError("latest_row needs 'keys' and 'order_by'")
        if self.rule != "latest_row" and not self.where:
            raise ValueError(f"{self.rule} needs 'where'")
        return self


class _MappingFile(_File):
    source: _SourceTable
    target: str | None = None
    columns: list[_Column]
    unmapped: list[str] = Field(default_factory=list)
    tests: list[_Test] = Field(default_factory=list)
    row_rules: list[_RowRule] = Field(default_factory=list)


def load_targets(project_dir: Path, dialect: str = "") -> dict[str, Target]:
    """Every declared target by name.

    Args:
        dialect: whose types its columns have; "" takes those of any dialect.

    Raises:
        SettingsError: a file is not as it should be (file, line, nearest key), or two have one name or name
            the same table.
    """
    targets: dict[str, Target] = {}
    named: dict[str, str] = {}
    for path in sorted((project_dir / TARGETS_DIR).glob("*.y*ml")):
        text = read_text(path)
        content = _validated(_TargetFile, text, path, project_dir)
        if content.name in targets:
            raise SettingsError(
                f"the target '{content.name}' is declared twice", path=_short(path, project_dir)
            )
        for table in dict.fromkeys(content.sources):
            if table in named:
                raise SettingsError(
                    f"the targets '{named[table]}' and '{content.name}' both name {table} under 'sources:'",
                    path=_short(path, project_dir),
                    line=line_of(text, ["sources"]),
                    hint="a table is mapped to one target: leave it out of one of the two",
                )
            named[table] = content.name
        names = dict(enumerate(column.name for column in content.columns))
        _refuse_twice(names, "column", _TargetFile, text, path, project_dir)
        for n, column in enumerate(content.columns):
            if not _is_type(column.type, dialect):
                raise _no_type(
                    column.type,
                    dialect,
                    f"the type of {column.name}",
                    path=_short(path, project_dir),
                    line=line_of(text, ["columns", n, "type"]),
                )
        targets[content.name] = Target(
            name=content.name,
            description=content.description.strip(),
            sources=tuple(content.sources),
            relation=content.relation,
            columns=tuple(
                Column(
                    c.name,
                    c.type,
                    nullable=not {"not_null", "primary_key"} & set(c.constraints),
                    description=c.description.strip(),
                    synonyms=tuple(c.synonyms),
                    constraints=tuple(c.constraints),
                    values=tuple(c.values),
                )
                for c in content.columns
            ),
        )
    return targets


def load_mappings(project_dir: Path, dialect: str = "") -> dict[str, Mapping]:
    """Every decided mapping, by "source.table".

    Args:
        dialect: whose types the casts are to; "" takes those of any dialect.

    Raises:
        SettingsError: a file is not as it should be, or two map the same table.
    """
    mappings: dict[str, Mapping] = {}
    for path in sorted((project_dir / MAPPINGS_DIR).glob("*.y*ml")):
        mapping = parse_mapping(read_text(path), path, project_dir, dialect)
        if mapping.key in mappings:
            raise SettingsError(
                f"{mapping.key} is mapped twice: here and in {mappings[mapping.key].path}",
                path=_short(path, project_dir),
                hint="keep one of the two files",
            )
        mappings[mapping.key] = mapping
    return mappings


def load_mapping(project_dir: Path, path: str) -> Mapping:
    """The mapping in one file, by its path relative to the project.

    Raises:
        SettingsError: there is no such file, or it is not as it should be.
    """
    return parse_mapping(read_text(project_dir / path), project_dir / path, project_dir)


def parse_mapping(text: str, path: Path, project_dir: Path, dialect: str = "") -> Mapping:
    """The mapping a file's text holds.

    Args:
        dialect: as in `load_mappings`.

    Raises:
        SettingsError: the text is not as it should be (file and line).
    """
    content = _validated(_MappingFile, text, path, project_dir)
    _refuse_twice(
        {n: c.target for n, c in enumerate(content.columns) if c.status != "rejected"},
        "target",
        _MappingFile,
        text,
        path,
        project_dir,
    )
    for n, c in enumerate(content.columns):
        if not _is_type(c.cast, dialect):
            raise _no_type(
                c.cast or "",
                dialect,
                f"the cast of {c.target}",
                path=_short(path, project_dir),
                line=line_of(text, ["columns", n, "cast"]),
            )
    return Mapping(
        source=content.source.name,
        table=content.source.table,
        target=content.target,
        schema=content.source.schema_,
        rows=content.source.rows,
        row_key=tuple(content.source.key),
        columns=tuple(
            MappedColumn(
                target=c.target,
                sources=(c.source,) if c.source else tuple(c.sources),
                status=c.status,
                by=c.by,
                expression=c.expression.strip() if c.expression else None,
                source_type=c.type,
                cast=c.cast,
                score=c.score,
                alternatives=tuple(c.alternatives.items()),
                note=c.note,
                description=c.description,
                never=tuple(c.never),
            )
            for c in content.columns
        ),
        unmapped=tuple(content.unmapped),
        tests=tuple(
            MappedTest(
                t.column,
                t.test,
                t.status,
                t.by,
                t.to,
                t.field,
                tuple(t.values),
                tuple(t.columns),
                t.note,
                t.event_time,
            )
            for t in content.tests
        ),
        row_rules=tuple(
            RowRule(r.rule, r.where, tuple(r.keys), r.order_by, r.status, r.by) for r in content.row_rules
        ),
        description=content.source.description,
        items=content.source.items,
        list_sql=content.source.list_sql,
        path=_short(path, project_dir),
        digest=digest(text),
    )


def _validated(model: Any, text: str, path: Path, project_dir: Path) -> Any:
    value = parse_yaml(text, _short(path, project_dir))
    try:
        return model.model_validate(value if value is not None else {})
    except ValidationError as error:
        raise _explained(error, model, text, path, project_dir) from error


def _explained(
    error: ValidationError, model: type[_File], text: str, path: Path, project_dir: Path
) -> SettingsError:
    """The first problem with its place, and what to write there instead."""
    found = explain(error, model, path=_short(path, project_dir), text=text)
    kinds = {problem["type"] for problem in error.errors()}
    if "extra_forbidden" not in kinds:  # of an unknown key the nearest one is named already
        found.hint = _way_out(error.errors()[0])
    return found


def _way_out(problem: Any) -> str:
    """What to write instead, by the kind of problem that pydantic found."""
    kind = problem["type"]
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
        close = nearest(str(problem["input"]), known)
        return f"did you mean '{close}'?" if close else f"one of: {', '.join(known)}"
    if kind in _PROBABILITY_PROBLEMS:
        return "write a probability from 0 to 1, e.g. 0.86"
    return _WAYS_OUT.get(kind, "docs/reference.md shows what stands where in this file")


_PROBABILITY_PROBLEMS = ("float_type", "float_parsing", "greater_than_equal", "less_than_equal")
_WAYS_OUT = {
    "list_type": "write a list, e.g. [first_name, last_name]",
    "dict_type": "write names with probabilities, e.g. {first_name: 0.4}",
    "string_type": "write it in quotes: YAML reads yes, no, null and numbers as something else",
    "string_too_short": "write a name there, or remove the line",
    "model_type": "write `key: value` pairs, e.g. {target: email, source: mail}",
    "twice": "keep one of the two",
}


def _is_type(data_type: str | None, dialect: str) -> bool:
    """Whether it is none at all, or a type of the dialect."""
    return not data_type or is_type(data_type, dialect)


def _no_type(data_type: str, dialect: str, what: str, *, path: str, line: int | None) -> SettingsError:
    """The error about a type that the dialect does not have, with what may be meant."""
    usual = [type_name(word, dialect) for word in _USUAL_TYPES]
    every = TYPE_NAMES.get(dialect) or sorted({name for names in TYPE_NAMES.values() for name in names})
    close = own_type(data_type, dialect) or nearest(data_type, [*usual, *every])
    return SettingsError(
        f"{what}: '{data_type}' is no type{f' of {dialect}' if dialect in TYPE_NAMES else ''}",
        path=path,
        line=line,
        hint=f"did you mean '{close}'?" if close else f"for example: {', '.join(dict.fromkeys(usual))}",
    )


_USUAL_TYPES = ("varchar", "integer", "bigint", "double", "decimal(18, 2)", "boolean", "date", "timestamp")


def _refuse_twice(
    names: dict[int, str], kind: str, model: type[_File], text: str, path: Path, project_dir: Path
) -> None:
    """Refuse a file in which two of its `columns`, by number, have one name, in capitals or not."""
    seen: set[str] = set()
    for number, name in names.items():
        if name.casefold() in seen:
            problem = PydanticCustomError("twice", f"the {kind} '{{name}}' stands twice", {"name": name})
            where = InitErrorDetails(type=problem, loc=("columns", number), input=name)
            error = ValidationError.from_exception_data(model.__name__, [where])
            raise _explained(error, model, text, path, project_dir)
        seen.add(name.casefold())


def _short(path: Path, project_dir: Path) -> str:
    return path.relative_to(project_dir).as_posix() if path.is_relative_to(project_dir) else str(path)


def mapping_path(mapping: Mapping) -> str:
    """The file of a mapping, relative to the project: the one it was read from, else by its table's name."""
    if mapping.path:
        return mapping.path
    return f"{MAPPINGS_DIR}/{_file_part(mapping.source)}__{_file_part(mapping.staged_as)}.yml"


def _file_part(name: str) -> str:
    """A table's name as part of a file name: what file systems dislike becomes its number."""
    return re.sub(r"[^\w.\- ]", lambda match: f"%{ord(match[0]):x}", name).strip() or "%"


def require_mapping(mappings: dict[str, Mapping], key: str) -> Mapping:
    """The mapping of that "source.table".

    Raises:
        UnknownName: there is none, with the nearest.
    """
    if key not in mappings:
        raise UnknownName("mapped table", key, mappings)
    return mappings[key]


def mapping_yaml(mapping: Mapping) -> str:
    """The text of a mapping's file: one line per decision, so that a pull request reads well."""
    lines = [_source_line(mapping)]
    if mapping.target is not None:
        lines.append(f"target: {flow(mapping.target)}")
    lines.append("columns:")
    lines += [line for column in mapping.columns for line in _column_lines(column)]
    if mapping.target is not None or mapping.unmapped:
        lines += _list_lines("unmapped", mapping.unmapped)
    if mapping.tests:
        lines.append("tests:")
        lines += [f"  - {{{_test_text(test)}}}" for test in mapping.tests]
    if mapping.row_rules:
        lines.append("row_rules:")
        lines += [f"  - {{{_row_rule_text(rule)}}}" for rule in mapping.row_rules]
    return "\n".join(lines) + "\n"


def _source_line(mapping: Mapping) -> str:
    pairs = [("name", mapping.source), ("table", mapping.table), ("schema", mapping.schema)]
    pairs += [("items", mapping.items), ("list", mapping.list_sql)]
    source = ", ".join(f"{key}: {flow(value)}" for key, value in pairs if value)
    rows = f", rows: {mapping.rows}" if mapping.rows != "all" else ""
    key = f", key: [{', '.join(flow(name) for name in mapping.row_key)}]" if mapping.row_key else ""
    described = f", description: {flow(mapping.description)}" if mapping.description else ""
    return f"source: {{{source}{rows}{key}{described}}}"


def mapping_entries(mapping: Mapping) -> dict[str, dict[str, str]]:
    """The text of every decision as `mapping_yaml` writes it: kind → name → its lines."""
    has_list = mapping.target is not None or mapping.unmapped
    return {
        "source": {"": _source_line(mapping)},
        "columns": {c.target: "\n".join(_column_lines(c)) for c in mapping.columns},
        "unmapped": {"": "\n".join(_list_lines("unmapped", mapping.unmapped))} if has_list else {},
        "tests": {
            ":".join((t.column, t.test, t.to, *t.columns)): f"  - {{{_test_text(t)}}}" for t in mapping.tests
        },
        "row_rules": {f"{r.rule}:{r.where}": f"  - {{{_row_rule_text(r)}}}" for r in mapping.row_rules},
    }


def _column_lines(column: MappedColumn) -> list[str]:
    pairs: list[tuple[str, str]] = [("target", flow(column.target))]
    if column.expression is None and len(column.sources) == 1:
        pairs.append(("source", flow(column.sources[0])))
    elif column.sources:
        pairs.append(("sources", f"[{', '.join(flow(name) for name in column.sources)}]"))
    if column.source_type:
        pairs.append(("type", flow(column.source_type)))
    if column.cast:
        pairs.append(("cast", flow(column.cast)))
    pairs += [("status", column.status), ("by", column.by)]
    if column.description:
        pairs.append(("description", flow(column.description)))
    if column.never:
        pairs.append(("never", f"[{', '.join(flow(name) for name in column.never)}]"))
    if column.status == "review":
        if column.score is not None:
            pairs.append(("score", f"{column.score:.2f}"))
        if column.alternatives:
            shown = ", ".join(f"{flow(name)}: {score:.2f}" for name, score in column.alternatives)
            pairs.append(("alternatives", f"{{{shown}}}"))
        if column.note:
            pairs.append(("note", flow(column.note)))
    if column.expression is None:
        return [f"  - {{{', '.join(f'{key}: {value}' for key, value in pairs)}}}"]
    (first, value), *rest = pairs
    block = [f"  - {first}: {value}", *(f"    {key}: {text}" for key, text in rest[:1])]
    block += _block_lines("expression", column.expression)
    return [*block, *(f"    {key}: {text}" for key, text in rest[1:])]


def _block_lines(key: str, text: str) -> list[str]:
    lines = text.split("\n")
    if len(lines) == 1:
        return [f"    {key}: {flow(text)}"]
    return [f"    {key}: |", *(f"      {line}".rstrip() for line in lines)]


def _list_lines(key: str, names: Iterable[str]) -> list[str]:
    """A flow list, folded at 100 characters."""
    lines, current = [], f"{key}: ["
    for index, name in enumerate(names):
        piece = ("" if index == 0 else ", ") + flow(name)
        if len(current) + len(piece) > 100:
            lines.append(current + ",")
            current, piece = "  ", flow(name)
        current += piece
    return [*lines, current + "]"]


def _row_rule_text(rule: RowRule) -> str:
    pairs: list[tuple[str, str]] = [("rule", rule.rule)]
    if rule.where:
        pairs.append(("where", flow(rule.where)))
    if rule.keys:
        pairs.append(("keys", f"[{', '.join(flow(name) for name in rule.keys)}]"))
        pairs.append(("order_by", flow(rule.order_by)))
    pairs += [("status", rule.status), ("by", rule.by)]
    return ", ".join(f"{key}: {value}" for key, value in pairs)


def _test_text(test: MappedTest) -> str:
    pairs = [("column", flow(test.column)), ("test", test.test)]
    if test.columns:
        pairs.append(("columns", f"[{', '.join(flow(name) for name in test.columns)}]"))
    if test.event_time:
        pairs.append(("event_time", flow(test.event_time)))
    if test.to:
        pairs += [("to", flow(test.to)), ("field", flow(test.field))]
    if test.values:
        pairs.append(("values", f"[{', '.join(flow(value) for value in test.values)}]"))
    pairs += [("status", test.status), ("by", test.by)]
    if test.note and test.status == "review":
        pairs.append(("note", flow(test.note)))
    return ", ".join(f"{key}: {value}" for key, value in pairs)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*( [A-Za-z0-9_.()]+)*\Z")
_NOT_TEXT = re.compile(r"(y|n|yes|no|on|off|true|false|null|nan|inf)\Z", re.IGNORECASE)


def flow(text: str) -> str:
    """A text as a YAML 1.1 scalar that may stand in a flow mapping: plain where that is safe, else quoted.

    Example:
        >>> flow("dep_delay"), flow("NO"), flow("DECIMAL(18,3)"), flow("it's")
        ('dep_delay', "'NO'", "'DECIMAL(18,3)'", "'it''s'")
    """
    if _PLAIN.match(text) and not _NOT_TEXT.match(text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    escaped = "".join(_escape(char) for char in text)
    return f'"{escaped}"'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return {"\n": "\\n", "\t": "\\t"}.get(char) or (
        f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
    )
