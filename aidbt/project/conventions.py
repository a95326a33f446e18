"""How a project names and types the columns of its staging models.

The defaults are dbt's usual ways: snake_case; `id` becomes `<entity>_id`; times end in `_at`, dates in
`_date`; booleans start with `is_` or `has_`. What a project does differently is learned when it is adopted,
and stands under `conventions` in aidbt.yml.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aidbt.core.config import ConventionSettings
from aidbt.core.schema import Column, ColumnProfile, MappedColumn
from aidbt.core.types import Family, type_family, type_name
from aidbt.core.words import singular

Kind = Literal[
    "key", "foreign_key", "reference", "timestamp", "date", "boolean", "amount", "cents", "number", "text",
    "other",
]  # fmt: skip

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BOOLEAN_START = re.compile(
    r"(is|has|had|was|were|can|should|must|did|does|allows?|needs?|uses?|in|accepts?|wants?|requires?|includes?"
    r"|contains|receives?|opted)_"
)
_PAST_PARTICIPLE = re.compile(
    r".*(created|updated|modified|deleted|changed|ordered|shipped|paid|sent|opened|closed|started|ended"
    r"|signed_up|cancell?ed|delivered|received|completed|finished|expired|activated|archived|published"
    r"|refunded|processed|scheduled|registered|visited|clicked|viewed|added|removed)"
)
_TIME_SUFFIX = re.compile(r"_(time|timestamp|ts|datetime|dttm|dtm|date|dt|on|at)$")
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


def column_kind(name: str, data_type: str = "", *, entities: Collection[str] = ()) -> Kind:
    """What kind of column it is, by its type where that is known, else by its name.

    Args:
        name: in snake_case.
        entities: the names of the source's tables in the singular.

    Example:
        >>> column_kind("created", "TIMESTAMP"), column_kind("order_total", "DOUBLE"), column_kind("is_new")
        ('timestamp', 'amount', 'boolean')
    """
    family = type_family(data_type) if data_type else _family_by_name(name)
    if name == "id":
        return "key"
    if family == "boolean" or family == "timestamp" or family == "date":
        return family
    if _FOREIGN_KEY.search(name):
        return "foreign_key"
    if name in entities and family in ("integer", "text", "other"):
        return "reference"
    if family in ("number", "integer") or not data_type:
        if name.endswith("_cents"):
            return "cents"
        if _MONEY.search(name) and not _NO_MONEY.search(name):
            return "amount"
        return "number" if data_type else "other"
    return "text" if family == "text" else "other"


def _family_by_name(name: str) -> Family:
    if _BOOLEAN_START.match(name) or _BOOLEAN_END.search(name) or _FLAG_START.match(name):
        return "boolean"
    if re.search(r"_(at|ts|timestamp|datetime|dttm|dtm)$", name):
        return "timestamp"
    return "date" if re.search(r"_(date|dt|day|on)$", name) else "other"


_FOREIGN_KEY = re.compile(r"_(id|key|sk|fk|pk|uuid|guid)$")
_MONEY = re.compile(
    r"(^|_)(amount|amt|price|cost|fee|fees|total|subtotal|revenue|tax|discount|balance|paid|payment|salary"
    r"|spend|budget|refund|gross|net|cents|vat)(_|$)"
)
_NO_MONEY = re.compile(
    r"(^|_)(count|cnt|qty|quantity|number|num|rate|pct|percent|ratio|days|items|type)(_|$)"
)
_BOOLEAN_END = re.compile(r"_(flag|flg|ind|indicator|yn)$")
_FLAG_START = re.compile(r"(flag|flg)_")
_BARE_WORDS = frozenset({"date", "day", "time", "timestamp", "datetime"})
_DEFAULTS = ConventionSettings()
_DIGITS_OF_A_DATE = 8


def base_name(name: str, kind: Kind) -> str:
    """The name without what tells its kind: what {name} stands for in a convention.

    Example:
        >>> base_name("created_ts", "timestamp"), base_name("active_flag", "boolean")
        ('created', 'active')
    """
    if kind == "timestamp":
        return _TIME_SUFFIX.sub("", name)
    if kind == "date":
        return _TIME_SUFFIX.sub("", _DATE_SUFFIX.sub("", name))
    if kind == "foreign_key":
        return _FOREIGN_KEY.sub("", name)
    if kind == "boolean":
        return re.sub(r"^(is|has)_", "", _FLAG_START.sub("", _BOOLEAN_END.sub("", name)).lstrip("_"))
    if kind == "cents":
        return name.removesuffix("_cents")
    if kind == "amount":
        return re.sub(r"_(amount|amt)$", "", name)
    return name


def cased(name: str, rules: ConventionSettings = _DEFAULTS) -> str:
    """The name in the project's case, without the prefixes it strips and with its words."""
    plain = snake_case(name) if rules.case == "snake" else name.lower() if rules.case == "lower" else name
    for prefix in rules.strip_prefixes:
        if plain.startswith(prefix) and len(plain) > len(prefix):
            plain = plain[len(prefix) :]
            break
    return "_".join(rules.words.get(word, word) for word in plain.split("_"))


def column_name(
    column: Column,
    *,
    entity: str,
    source: str = "",
    rules: ConventionSettings = _DEFAULTS,
    entities: Collection[str] = (),
) -> Name:
    """The name of a source column in its staging model, and the rule behind it.

    Args:
        column: with the type that it has in staging.
        entity: the name of its table.
        entities: the names of the source's tables in the singular.

    Example:
        >>> column_name(Column("createdDate", "TIMESTAMP"), entity="orders")
        Name(name='created_at', rule='timestamp: {name}_at')
    """
    known = rules.renames.get(column.name.lower())
    if known:
        return Name(known, "renamed as elsewhere")
    name = cased(column.name, rules)
    rule = "kept" if name == column.name else f"{rules.case} case" if not rules.words else "case and words"
    kind = column_kind(name, column.data_type, entities=entities)
    table = bare_table(source, entity, rules.table_prefixes)
    is_own_key = kind == "foreign_key" and name == f"{singular(table)}_id" and "{entity}" in rules.key
    if kind == "key" or is_own_key:
        own = rules.key.format(entity=singular(table), table=table, source=snake_case(source))
        return Name(own, f"key: {rules.key}")
    if name in rules.entity_words:
        return Name(f"{singular(table)}_{name}", "words that carry their entity")
    pattern = getattr(rules, kind, "keep")
    # Whole money may be cents: until somebody says so, its name claims nothing.
    is_unsure = kind == "amount" and type_family(column.data_type) == "integer"
    if pattern == "keep" or is_unsure or not _applies(pattern, kind, name):
        return Name(name, rule)
    wanted = pattern.format(name=base_name(name, kind), full=name)
    return Name(name, rule) if wanted == name else Name(wanted, f"{kind}: {pattern}")


def _applies(pattern: str, kind: Kind, name: str) -> bool:
    """Whether a name is brought to the pattern of its kind."""
    before, _, after = pattern.replace("{full}", "{name}").partition("{name}")
    if (before or after) and name.startswith(before) and name.endswith(after) and name != before + after:
        return False  # it has that form already
    if name in _BARE_WORDS or (kind == "date" and pattern == _DEFAULTS.date and name.endswith("_at")):
        return False
    base = base_name(name, kind)
    if kind == "boolean":
        return not (before == "is_" and _BOOLEAN_START.match(name))
    if kind == "foreign_key":
        return pattern != _DEFAULTS.foreign_key
    if kind == "timestamp" and pattern == _DEFAULTS.timestamp:
        return _PAST_PARTICIPLE.fullmatch(base) is not None
    if kind == "date" and pattern == _DEFAULTS.date:
        return _PAST_PARTICIPLE.fullmatch(base) is not None or _DATE_SUFFIX.search(name) is not None
    return True


# What loaders add to a table starts with this.
LOADER_COLUMNS = re.compile(r"_(fivetran|airbyte|dlt|sdc|aidbt)_", re.IGNORECASE)


def kind_by_name(target: str, source: str, rules: ConventionSettings = _DEFAULTS) -> str:
    """The kind of a staged column by the forms of the project's names: what its place in the model goes by.

    Args:
        source: the source column it is, "" when it is made of several.

    Example:
        >>> kind_by_name("created_at", "created"), kind_by_name("loaded_at", "_fivetran_synced")
        ('timestamp', 'loader')
    """
    if LOADER_COLUMNS.match(source):
        return "loader"
    if source.lower() == "id":
        return "key"
    kinds: tuple[Kind, ...] = ("foreign_key", "timestamp", "date", "boolean", "cents", "amount")
    for kind in kinds:
        pattern = getattr(rules, kind)
        before, _, after = pattern.replace("{full}", "{name}").partition("{name}")
        if pattern != "keep" and (before or after) and target.startswith(before) and target.endswith(after):
            return kind
    return "boolean" if _BOOLEAN_START.match(target) else "other"


def in_order(columns: Sequence[MappedColumn], rules: ConventionSettings = _DEFAULTS) -> list[MappedColumn]:
    """The columns in the order of their kinds, each kind as it was."""
    if not rules.order:
        return list(columns)
    places = {kind: place for place, kind in enumerate(rules.order)}
    rest = places.get("other", len(places))

    def place(column: MappedColumn) -> int:
        return places.get(
            kind_by_name(column.target, column.sources[0] if column.sources else "", rules), rest
        )

    return sorted(columns, key=place)


def wanted_casts(
    column: Column,
    profile: ColumnProfile | None,
    rules: ConventionSettings = _DEFAULTS,
    *,
    dialect: str,
) -> tuple[str, ...]:
    """The types a column may be cast to: for text by what its sampled values look like, else what the
    project casts such columns to; the best first.

    Only candidates: the caller proves on every row that nothing is lost. Digits that name something
    (ids, codes, phone numbers) stay text.

    Args:
        dialect: in whose words they are written; what the project says stays as it says it.
    """
    candidates = _casts_of_text(column, profile) if type_family(column.data_type) == "text" else ()
    found = tuple(dict.fromkeys(type_name(cast, dialect) for cast in candidates))
    kind = column_kind(cased(column.name, rules), found[0] if found else column.data_type)
    is_unsure = kind == "amount" and type_family(column.data_type) == "integer"  # it may be cents
    usual = rules.casts.get(kind) if not is_unsure else None
    # Text is only cast where its values read as something else. What has the type already is cast too: so
    # the team writes it.
    if usual and (type_family(column.data_type) != "text" or found or type_family(usual) == "text"):
        return (usual, *found)
    return found


def _casts_of_text(column: Column, profile: ColumnProfile | None) -> tuple[str, ...]:
    """In DuckDB's words."""
    if profile is None or profile.null_rate == 1:
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
    if profile.min_length == profile.max_length == _DIGITS_OF_A_DATE:
        return ()  # a date without separators, or a code: nothing that is counted
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


def plural(noun: str) -> str:
    """The plural of an English noun, as far as table names need it; a plural stays.

    Example:
        >>> [plural(n) for n in ["flight", "company", "address", "orders", "box"]]
        ['flights', 'companies', 'addresses', 'orders', 'boxes']
    """
    if singular(noun) != noun:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    if noun.endswith(("ss", "sh", "ch", "x", "z")):
        return noun + "es"
    return noun if noun.endswith("s") else noun + "s"


def bare_table(source: str, table: str, prefixes: Iterable[str] = ()) -> str:
    """The table's name in snake_case without the prefix that raw tables carry.

    Example:
        >>> bare_table("ecom", "RAW_Orders", ["raw_", "{source}_"])
        'orders'
    """
    name = snake_case(table).lstrip("_")
    for pattern in prefixes:
        prefix = pattern.replace("{source}", snake_case(source).lstrip("_"))
        if name.startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    return name


def fill(pattern: str, source: str, table: str, *, model: str = "", prefixes: Iterable[str] = ()) -> str:
    """A pattern of `generate` with its parts filled in, all in snake_case.

    Example:
        >>> fill("stg_{source}__{entity}", "nycflights", "Flights")
        'stg_nycflights__flight'
    """
    # "_2nd" may start with its digit here: something stands before it.
    bare = bare_table(source, table, prefixes)
    return pattern.format(
        source=snake_case(source).lstrip("_"),
        table=bare,
        entity=singular(bare),
        entities=plural(bare),
        model=model,
    )
