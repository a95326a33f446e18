"""What a project's `.sqlfluff` says about style: where it states a policy, that wins over what is learned."""

from __future__ import annotations

import re
from configparser import Error as ConfigError
from configparser import RawConfigParser
from dataclasses import replace
from typing import Any

from aidbt.core.errors import SettingsError
from aidbt.core.findings import Finding, Severity
from aidbt.generate.sql_style.style import COLUMNS, SqlStyle, in_words
from aidbt.generate.sql_style.words import recased

# fact → the (section, key) that may state it, the current name first, then those of sqlfluff 1 and 2.
_POLICIES: dict[str, tuple[tuple[str, str], ...]] = {
    "commas": (
        ("sqlfluff:layout:type:comma", "line_position"),
        ("sqlfluff:rules:L019", "comma_style"),
        ("sqlfluff:rules", "comma_style"),
    ),
    "last_comma": (
        ("sqlfluff:rules:convention.select_trailing_comma", "select_clause_trailing_comma"),
        ("sqlfluff:rules:L038", "select_clause_trailing_comma"),
    ),
    "keywords": (
        ("sqlfluff:rules:capitalisation.keywords", "capitalisation_policy"),
        ("sqlfluff:rules:L010", "capitalisation_policy"),
    ),
    "functions": (
        ("sqlfluff:rules:capitalisation.functions", "extended_capitalisation_policy"),
        ("sqlfluff:rules:capitalisation.functions", "capitalisation_policy"),
        ("sqlfluff:rules:L030", "extended_capitalisation_policy"),
        ("sqlfluff:rules:L030", "capitalisation_policy"),
    ),
    "types": (
        ("sqlfluff:rules:capitalisation.types", "extended_capitalisation_policy"),
        ("sqlfluff:rules:L063", "extended_capitalisation_policy"),
    ),
    "casts": (("sqlfluff:rules:convention.casting_style", "preferred_type_casting_style"),),
    "alias_word": (
        ("sqlfluff:rules:aliasing.column", "aliasing"),
        ("sqlfluff:rules:L012", "aliasing"),
    ),
}
_VALUES: dict[str, dict[str, Any]] = {
    "commas": {"trailing": "trailing", "leading": "leading"},
    "last_comma": {"require": True, "forbid": False},
    "casts": {"cast": "cast", "shorthand": "shorthand"},
    "alias_word": {"explicit": True, "implicit": False},
}
_CASES = {"lower": "lower", "upper": "upper", "capitalise": "capitalise"}
_CTE_COMMA_BEHIND = re.compile(r"\),(\s*\n)([ \t]*)(?=[\w<])")
_CTE_COMMA_BEFORE = re.compile(r"\)(\s*\n[ \t]*), ?(?=[\w<])")


def apply_sqlfluff(
    style: SqlStyle, text: str, *, dialect: str, path: str = ".sqlfluff"
) -> tuple[SqlStyle, list[Finding]]:
    """The style as the project's `.sqlfluff` wants it, and one finding for each fact it contradicts.

    "consistent" and whatever the file does not say leave the style as it was learned.

    Raises:
        SettingsError: the file is no configuration.
    """
    stated = _stated(text, path)
    changed = {fact: value for fact, value in stated.items() if getattr(style, fact) != value}
    findings = [_contradiction(style, fact, value, path) for fact, value in changed.items()]
    if changed.get("commas"):
        style = _with_commas(style, changed["commas"])
        changed.pop("commas")
    style = replace(style, **changed)
    if changed.keys() & {"keywords", "functions", "types"}:
        cased = recased(
            style.skeleton, dialect, keywords=style.keywords, functions=style.functions, types=style.types
        )
        style = replace(style, skeleton=cased)
    return style, findings


def _stated(text: str, path: str) -> dict[str, Any]:
    parser = RawConfigParser(strict=False, delimiters=("=",))
    try:
        parser.read_string(text)
    except ConfigError as error:
        line = getattr(error, "lineno", None) or next((n for n, _ in getattr(error, "errors", [])), None)
        raise SettingsError(
            "it is not a configuration of sqlfluff",
            path=path,
            line=line,
            hint="sections stand in square brackets, settings as key = value",
        ) from error
    stated: dict[str, Any] = {}
    for fact, places in _POLICIES.items():
        for section, key in places:
            value = parser.get(section, key, fallback=None)
            known = _VALUES.get(fact, _CASES).get((value or "").split(":")[0].strip().lower())
            if known is not None:
                stated[fact] = known
                break
    return stated


def _contradiction(style: SqlStyle, fact: str, value: object, path: str) -> Finding:
    learned = next((a for a in style.evidence if a.fact == fact), None)
    said = in_words(value)
    seen = (
        f"{learned.agree} of {learned.total} models have {in_words(learned.value)}"
        if learned
        else "the models differ"
    )
    message = f"{path} wants {fact} to be {said}, but {seen}; {path} is followed"
    return Finding("style.sqlfluff", Severity.WARN, path, message)


def _with_commas(style: SqlStyle, commas: str) -> SqlStyle:
    """The style with its commas on the other side, in the list and between CTEs."""
    lead = style.skeleton.partition(COLUMNS)[0].rpartition("\n")[2]
    if commas == "leading":
        indent = lead if not lead.strip() else style.line_indent
        text = _CTE_COMMA_BEHIND.sub(r")\1\2, ", style.skeleton)
        return replace(style, commas="leading", line_indent=indent, comma_space=True, skeleton=text)
    # A first column that was set in to stand under the others keeps its place.
    indent = lead if not lead.strip() else " " * len(lead)
    text = _CTE_COMMA_BEFORE.sub(r"),\1", style.skeleton)
    return replace(style, commas="trailing", line_indent=indent, skeleton=text)
