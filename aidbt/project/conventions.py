"""How a project names and types the columns of its staging models: dbt's usual ways.

snake_case; `id` becomes `<entity>_id`; times end in `_at`, dates in `_date`; booleans start with `is_` or
`has_`. What a project does differently is learned when it is adopted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from aidbt.core.schema import Column, ColumnProfile
from aidbt.core.types import type_family

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BOOLEAN_START = re.compile(r"(is|has|was|were|can|should|did|does|allows?|needs?|uses?|in|accepts?)_")
_PAST_PARTICIPLE = re.compile(
    r".*(created|updated|modified|deleted|changed|ordered|shipped|paid|sent|opened|closed|started|ended"
    r"|signed_up|cancell?ed|delivered|received|completed|finished|expired|activated|archived|published"
    r"|refunded|processed|scheduled|registered|visited|clicked|viewed|added|removed)"
)
_TIME_SUFFIX = re.compile(r"_(time|timestamp|ts|datetime|dttm|dtm|date|dt|on)$")
_DATE_SUFFIX = re.compile(r"_(dt|on|day)$")
# An unquoted run of digits that names something rather than measuring it keeps its text.
_IDENTIFIER_NAME = re.compile(
    r"(^|_)(id|ids|key|code|cd|zip|zipcode|postal|postcode|phone|fax|no|nbr|num|number|sku|ssn|iban|isbn"
    r"|account|ref|reference|version|hash|uuid|guid)(_|$)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A proposed name with the rule that made it."""

    name: str
    rule: str


def snake_case(name: str) -> str:
    """The identifier in snake_case: accents removed, never empty, never starting with a digit.

    Example:
        >>> [snake_case(n) for n in ["Cust-Name (old)", "customerID2", "HTTPServer", "Größe", "2nd", "***"]]
        ['cust_name_old', 'customer_id2', 'http_server', 'grosse', '_2nd', 'unnamed']
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ẞ", "SS"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = _CAMEL.sub("_", plain)
    plain = re.sub(r"\W+", "_", plain).lower()
    plain = re.sub(r"_+", "_", plain).strip("_")
    if not plain:
        return "unnamed"
    return f"_{plain}" if plain[0].isdigit() else plain


def singular(noun: str) -> str:
    """The singular of an English plural, as far as table names need it.

    Example:
        >>> [singular(n) for n in ["flights", "companies", "addresses", "status", "news", "boxes"]]
        ['flight', 'company', 'address', 'status', 'news', 'box']
    """
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("sses", "shes", "ches", "xes", "zes")):
        return noun[:-2]
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is", "news")) and len(noun) > 3:
        return noun[:-1]
    return noun


def column_name(column: Column, *, entity: str) -> Name:
    """The name of a source column in its staging model, and the rule behind it.

    Example:
        >>> column_name(Column("createdDate", "TIMESTAMP"), entity="orders")
        Name(name='created_at', rule='a time ends in _at')
    """
    name = snake_case(column.name)
    rule = "kept" if name == column.name else "snake_case"
    family = type_family(column.data_type)
    if name == "id":
        return Name(f"{singular(snake_case(entity))}_id", "id carries its entity")
    if family == "boolean" and not _BOOLEAN_START.match(name):
        base = re.sub(r"_(flag|flg|ind|indicator|yn)$", "", name)
        return Name(f"is_{base.lstrip('_')}", "a boolean starts with is_")
    if family == "timestamp" and not name.endswith("_at"):
        base = _TIME_SUFFIX.sub("", name)
        if _PAST_PARTICIPLE.fullmatch(base):
            return Name(f"{base}_at", "a time ends in _at")
    if family == "date" and not name.endswith("_date"):
        base = _DATE_SUFFIX.sub("", name)
        if _PAST_PARTICIPLE.fullmatch(base) or base != name:
            return Name(f"{base}_date", "a date ends in _date")
    return Name(name, rule)


def wanted_casts(column: Column, profile: ColumnProfile | None) -> tuple[str, ...]:
    """The types a text column may be cast to by what its sampled values look like, the best first.

    Only candidates: the caller proves on every row that nothing is lost. Digits that name something
    (ids, codes, phone numbers) stay text.
    """
    if profile is None or type_family(column.data_type) != "text" or profile.null_rate == 1:
        return ()
    shares = profile.formats
    if shares.get("timestamp", 0) == 1:
        return ("timestamp", "timestamp with time zone")
    if shares.get("date", 0) == 1:
        return ("date",)
    if shares.get("boolean", 0) == 1 and profile.distinct_count <= 2 and (profile.max_length or 0) > 1:
        return ("boolean",)
    if _IDENTIFIER_NAME.search(snake_case(column.name)):
        return ()
    if shares.get("integer", 0) == 1:
        return ("bigint",)
    if shares.get("integer", 0) + shares.get("decimal", 0) == 1 and shares.get("decimal", 0) > 0:
        # Decimals keep amounts exact; a double is for what has too many digits.
        return ("decimal(18, 2)", "decimal(18, 4)", "decimal(28, 9)", "double")
    return ()


def unique_names(names: Iterable[Name]) -> list[Name]:
    """The names with clashes (in any case) settled by a number, in order: the first keeps its name."""
    taken: set[str] = set()
    settled: list[Name] = []
    for item in names:
        name, number = item.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{item.name}_{number}"
        taken.add(name.casefold())
        settled.append(item if name == item.name else Name(name, "numbered: another column has this name"))
    return settled


def model_name(prefix: str, source: str, table: str) -> str:
    """The staging model of a source table.

    Example:
        >>> model_name("stg", "nycflights", "Flights")
        'stg_nycflights__flights'
    """
    source, table = (
        snake_case(name).lstrip("_") for name in (source, table)
    )  # "_2nd" may start with its digit
    return f"{prefix}_{source}__{table}"
