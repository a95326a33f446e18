"""How a team writes a staging model: a skeleton and a few facts about its list of columns."""

from __future__ import annotations

import re
from collections.abc import Mapping as Values
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import yaml

from aidbt.core.errors import SettingsError, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.types import type_family

Commas = Literal["trailing", "leading"]
Case = Literal["lower", "upper", "capitalise"]
Casts = Literal["cast", "shorthand"]
Group = Literal["primary_key", "ids", "strings", "numerics", "booleans", "dates", "timestamps", "metadata"]
GROUPS: tuple[str, ...] = get_args(Group)

COLUMNS = "<columns>"
SOURCE_COLUMNS = "<source_columns>"
FINAL_COLUMNS = "<final_columns>"
SOURCE = "<source>"
TABLE = "<table>"

# Below this share of the models that show a habit, it is contested.
CONTESTED_BELOW = 0.8

# Facts that stand in aidbt.yml even where they are as usual.
_ALWAYS_SAID = ("commas", "line_indent", "keywords", "functions", "types", "casts")

_METADATA = re.compile(
    r"_(?!\d)|dbt_|etl_|.*(_synced_at|_synced|_loaded_at|_ingested_at|_extracted_at|_batch_id|_batched_at)\Z"
)
_ID = re.compile(r"(.*_)?(id|ids|key|uuid|guid)\Z")


@dataclass(frozen=True, slots=True)
class Heading:
    """A comment over the columns of one group, as the team writes it: "---------- ids"."""

    group: Group
    text: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the models agree on one fact.

    Attributes:
        value: what most of them do, in words.
        counts: every way that was seen with how many models, the most frequent first.
        odd: names of the models that do it another way.
        folders: folders whose models mostly do it another way, with what they do.
    """

    fact: str
    value: str
    counts: tuple[tuple[str, int], ...]
    odd: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()

    @property
    def agree(self) -> int:
        return self.counts[0][1]

    @property
    def total(self) -> int:
        """How many models show this fact at all."""
        return sum(count for _, count in self.counts)

    @property
    def is_contested(self) -> bool:
        return self.agree < CONTESTED_BELOW * self.total


@dataclass(frozen=True, slots=True)
class SqlStyle:
    """How a team writes a staging model.

    Attributes:
        skeleton: a whole model with `<source>`, `<table>`, `<columns>` and, where columns are listed more
            than once, `<source_columns>` before and `<final_columns>` behind. Outside of `source(…)`,
            `<source>` and `<table>` are written in snake_case.
        line_indent: what stands before the second and every later line of the list: before the column, or
            before its leading comma.
        comma_space: whether a leading comma is followed by a space.
        last_comma: whether the last column has a comma too.
        keywords, functions, types: their case.
        casts: `cast(x as t)` or `x::t`.
        alias_word: whether an alias has its `as`.
        alias_always: whether a column that keeps its name is written `id as id`.
        align_as: whether the `as` stand under each other.
        qualifier: what columns are qualified with; "" for bare names.
        headings: comments over groups of columns, in their order; () for no groups.
        blank_between_groups: whether a blank line stands before a heading.
        evidence: how far the models agree; not part of the style.
    """

    skeleton: str
    commas: Commas = "trailing"
    line_indent: str = "        "
    comma_space: bool = True
    last_comma: bool = False
    keywords: Case = "lower"
    functions: Case = "lower"
    types: Case = "lower"
    casts: Casts = "cast"
    alias_word: bool = True
    alias_always: bool = False
    align_as: bool = False
    qualifier: str = ""
    headings: tuple[Heading, ...] = ()
    blank_between_groups: bool = False
    evidence: tuple[Agreement, ...] = field(default=(), compare=False)

    def to_settings(self) -> dict[str, Any]:
        """The style as plain values for aidbt.yml; habits that a team does not have are left out.

        `headings` maps group → comment, in order; an indentation of spaces is their number.
        """
        values: dict[str, Any] = {"skeleton": self.skeleton}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("skeleton", "evidence"):
                continue
            if value == item.default and item.name not in _ALWAYS_SAID:
                continue
            if item.name == "headings":
                value = {heading.group: heading.text for heading in self.headings}
            elif item.name == "line_indent" and not value.strip(" "):
                value = len(value)
            values[item.name] = value
        return values


def settings_yaml(style: SqlStyle) -> str:
    """The style as it stands in aidbt.yml: the skeleton as a block that a person can edit, then the facts.

    Example:
        >>> print(settings_yaml(SqlStyle("select\\n  <columns>\\nfrom x\\n")).partition("commas")[0], end="")
        skeleton: |
          select
            <columns>
          from x
    """
    facts = style.to_settings()
    lines = facts.pop("skeleton").split("\n")
    chomp = "+" if lines[-2:] == ["", ""] else "" if lines[-1] == "" else "-"
    first = next((line for line in lines if line), "")
    header = "|2" if first[:1] in (" ", "\t") or not lines[0] else "|"
    block = "".join(f"  {line}".rstrip(" ") + "\n" for line in (lines if chomp == "-" else lines[:-1]))
    return f"skeleton: {header}{chomp}\n{block}" + yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)


_CHOICES: dict[str, tuple[object, ...]] = {
    "commas": get_args(Commas),
    "keywords": get_args(Case),
    "functions": get_args(Case),
    "types": get_args(Case),
    "casts": get_args(Casts),
}


def from_settings(values: Values[str, Any], *, path: str = "aidbt.yml") -> SqlStyle:
    """The style that aidbt.yml holds.

    Raises:
        SettingsError: an unknown key, a value that is none of those possible, a skeleton without its parts.

    Example:
        >>> text = "select\\n    <columns>\\nfrom {{ source('<source>', '<table>') }}"
        >>> style = from_settings({"skeleton": text})
        >>> style.commas, style.line_indent
        ('trailing', '        ')
    """
    known = {item.name: item for item in fields(SqlStyle) if item.name != "evidence"}
    settings: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            close = nearest(key, known)
            raise SettingsError(
                f"'{key}' is no part of the SQL style",
                path=path,
                hint=f"did you mean '{close}'?" if close else f"known: {', '.join(known)}",
            )
        settings[key] = _value(key, value, known[key].default, path)
    _check_skeleton(settings.get("skeleton"), path)
    return SqlStyle(**settings)


def _value(key: str, value: Any, default: Any, path: str) -> Any:
    if key == "headings":
        return _headings(value, path)
    if key == "line_indent" and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return " " * value
    if key == "line_indent" and (not isinstance(value, str) or value.strip(" \t")):
        raise SettingsError("line_indent: give a number of spaces, or the text itself", path=path)
    if key in _CHOICES and value not in _CHOICES[key]:
        choices = ", ".join(str(choice) for choice in _CHOICES[key])
        raise SettingsError(f"{key}: '{value}' is not possible", path=path, hint=f"one of: {choices}")
    if isinstance(default, bool) and not isinstance(value, bool):
        raise SettingsError(f"{key}: '{value}' is neither true nor false", path=path)
    if not isinstance(default, bool) and not isinstance(value, str):
        raise SettingsError(f"{key}: '{value}' is no text", path=path)
    return value


def _headings(value: Any, path: str) -> tuple[Heading, ...]:
    if not isinstance(value, dict):
        raise SettingsError("headings: give group: comment", path=path, hint=f"groups: {', '.join(GROUPS)}")
    for group, text in value.items():
        if group not in GROUPS:
            raise SettingsError(
                f"headings: '{group}' is no group of columns", path=path, hint=f"groups: {', '.join(GROUPS)}"
            )
        if not isinstance(text, str) or not _is_comment(text):
            raise SettingsError(
                f"headings: '{text}' is no SQL comment", path=path, hint="for example: -- timestamps"
            )
    return tuple(Heading(group, text) for group, text in value.items())


def _is_comment(text: str) -> bool:
    is_line = text.startswith("--") or (text.startswith("/*") and text.endswith("*/"))
    return is_line and "\n" not in text and "{{" not in text and "{%" not in text


def _check_skeleton(skeleton: object, path: str) -> None:
    if not isinstance(skeleton, str):
        raise SettingsError("the SQL style has no skeleton", path=path)
    for part in (COLUMNS, SOURCE, TABLE):
        if part not in skeleton:
            raise SettingsError(f"the skeleton has no {part}", path=path)
    if skeleton.count(COLUMNS) > 1:
        raise SettingsError(f"the skeleton has {COLUMNS} more than once", path=path)


def column_group(name: str, data_type: str = "") -> Group:
    """The group that a column of a staging model stands in, by its name and type.

    Example:
        >>> column_group("order_id"), column_group("amount", "decimal(18,2)"), column_group("ordered_at")
        ('ids', 'numerics', 'timestamps')
        >>> column_group("_batch"), column_group("_1st_price", "double")
        ('metadata', 'numerics')
    """
    plain = name.strip('"`[]').lower()
    family = type_family(data_type)
    if _METADATA.match(plain):
        return "metadata"
    if _ID.match(plain):
        return "ids"
    if family == "boolean" or plain.startswith(("is_", "has_")):
        return "booleans"
    if family == "date" or plain.endswith(("_date", "_on")):
        return "dates"
    if family == "timestamp" or plain.endswith("_at"):
        return "timestamps"
    return "numerics" if family in ("number", "integer") else "strings"


def style_findings(style: SqlStyle) -> list[Finding]:
    """What a person should know of a learned style: contested habits, and folders with their own."""
    findings = []
    for fact in style.evidence:
        if fact.is_contested:
            counts = ", ".join(f"{count} {in_words(value)}" for value, count in fact.counts)
            message = f"{fact.fact}: {counts}; taken: {in_words(fact.value)}"
            evidence = {"other models": ", ".join(fact.odd[:10])}
            findings.append(Finding("style.contested", Severity.INFO, "aidbt.yml", message, evidence))
        for folder, value in fact.folders:
            others = in_words(fact.value)
            message = f"{fact.fact}: models in {folder} have {in_words(value)}, most others {others}"
            findings.append(Finding("style.folder_differs", Severity.INFO, folder, message))
    return findings


def in_words(value: object) -> str:
    """A fact's value as a person reads it.

    Example:
        >>> in_words("    "), in_words(True), in_words(""), in_words("leading")
        ('4 spaces', 'yes', 'none', 'leading')
    """
    text = str(value)
    if text and not text.strip():
        return f"{len(text)} {'tabs' if text.strip(chr(9)) == '' else 'spaces'}"
    return {"": "none", "true": "yes", "false": "no"}.get(text.lower(), text)
