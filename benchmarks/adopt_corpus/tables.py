"""The raw tables of a team, what its staging models make of them, and which of those are odd."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from benchmarks.adopt_corpus.styles import Style

ROWS = 30
ODD_SHARE = 0.05
UNSTAGED_SOURCE_TABLES = 4
UNSTAGED_TABLES_ELSEWHERE = 5

_SOURCE_NAMES = (
    "adyen algolia amplitude asana bamboohr bigcommerce braze chargebee clearbit confluence coupa docusign"
    " drift eloqua freshdesk front gainsight github gong greenhouse harvest hubspot intercom iterable jira"
    " klaviyo lever linear mailgun marketo mixpanel netsuite okta pagerduty pardot pendo pipedrive quickbooks"
    " recurly salesforce sendgrid"
).split()
_ENTITIES = (
    "account address agent asset branch campaign cart category channel company contact contract coupon"
    " customer deal delivery device employee entry event invoice item lead location message note"
    " payment plan policy product project refund region reply shipment subscription supplier survey task"
    " team ticket vendor visit warehouse workflow"
).split()
_STRANGERS = ("owner", "workspace", "tenant", "portal")  # references to what no source of theirs holds
_TEXTS = ("email", "phone", "city", "postal_code", "comment", "url", "locale", "time_zone", "subject", "sku")
_MONEY = ("subtotal", "tax", "discount", "shipping", "fee", "net", "gross", "balance")
_MEASURES = ("quantity", "attempts", "score", "duration_s", "position", "size_bytes")
_FLAGS = ("active", "archived", "verified", "billable", "internal", "locked")
_IS_FLAGS = ("default", "primary", "public", "test", "recurring")
_DATES = ("due", "start", "end", "birth", "renewal", "expiry")
_MOMENTS = ("closed", "sent", "opened", "paid", "shipped", "completed")
_CODES = {"status": ("new", "open", "done"), "type": ("basic", "plus", "pro")}


@dataclass(frozen=True, slots=True)
class Column:
    """A raw column and what its staging model makes of it; no `name`: it is left out."""

    raw: str
    type: str
    value: str
    kind: str
    name: str | None
    expression: str
    values: tuple[str, ...] = ()
    refers_to: str | None = None  # the entity, within the same source
    by_rule: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A raw table and the staging model that reads it."""

    source: str
    name: str
    entity: str
    columns: tuple[Column, ...]
    model: str
    path: str
    odd: str | None = None

    @property
    def key(self) -> str:
        return next(column.name for column in self.columns if column.kind == "key" and column.name)

    @property
    def kept(self) -> list[Column]:
        return [column for column in self.columns if column.name is not None]


def draw_tables(style: Style, dice: random.Random, sources: int) -> tuple[list[Table], list[Table]]:
    """The tables with a staging model, and those that nobody has staged."""
    names = list(_SOURCE_NAMES)
    dice.shuffle(names)
    staged: list[Table] = []
    unstaged: list[Table] = []
    for number, source in enumerate(sorted(names[:sources]) + names[sources : sources + 1]):
        is_new = number == sources
        count = UNSTAGED_SOURCE_TABLES if is_new else style.tables_per_source
        has_new_table = number % 8 == 1 and number // 8 < UNSTAGED_TABLES_ELSEWHERE and not is_new
        entities = dice.sample(_ENTITIES, count + has_new_table)
        for place, entity in enumerate(entities):
            # The last of the staged tables refers to the first, and a new one to those that are staged.
            parent = entities[(place + 1) % count] if place < count else entities[0]
            table = _table(style, dice, source, entity, parent)
            (unstaged if is_new or place >= count else staged).append(table)
    return staged, unstaged


def _table(style: Style, dice: random.Random, source: str, entity: str, parent: str) -> Table:
    """One raw table of about 15 columns, staged by the rules."""
    raw = [
        _Raw("key", "id", "bigint", "i::bigint"),
        _Raw("reference", f"{parent}_id", "bigint", f"(1 + (i * 7) % {ROWS})::bigint"),
        _Raw("reference", f"{dice.choice(_STRANGERS)}_id", "bigint", "(1000 + i % 5)::bigint"),
        _Raw("entity_word", "name", "varchar", "'Name ' || i"),
    ]
    for word in dice.sample(sorted(_CODES), dice.choice((1, 1, 2))):
        listed = ", ".join(f"'{value}'" for value in _CODES[word])
        raw.append(_Raw("entity_word", word, "varchar", f"[{listed}][1 + i % 3]", _CODES[word]))
    raw += [_Raw("text", word, "varchar", f"'{word} ' || i") for word in dice.sample(_TEXTS, 2)]
    cents, amount = dice.sample(_MONEY, 2)
    money = [
        _Raw("cents", f"{cents}_cents", "bigint", "(199 + i * 100)::bigint"),
        _Raw("amount", f"{amount}_amount", "decimal(18, 4)", "(i * 1.25)::decimal(18, 4)"),
    ]
    raw += money if dice.random() < 0.3 else [dice.choice(money)]
    raw.append(_Raw("measure", dice.choice(_MEASURES), "integer", "(i % 17)::integer"))
    raw.append(_Raw("flag", dice.choice(_FLAGS), "boolean", "i % 2 = 0"))
    raw.append(_Raw("is_flag", f"is_{dice.choice(_IS_FLAGS)}", "boolean", "i % 3 = 0"))
    day = dice.choice(_DATES) + dice.choice(("_on", "_day"))
    raw.append(_Raw("date", day, "date", "date '2026-01-01' + i::integer"))
    suffix = dice.choice(("", "_time"))
    for stem in ("created", "updated", dice.choice(_MOMENTS)):
        raw.append(_Raw("moment", stem + suffix, "timestamp", "timestamp '2026-01-01' + to_hours(i)"))
    raw += [_Raw(name, name, kind, value) for name, (kind, value) in style.loader_columns.items()]
    columns = tuple(_column(style, entity, parent, facts) for facts in raw)
    table = plural(entity) if style.plural_tables else entity
    model = style.model.format(source=source, table=table)
    return Table(source, table, entity, columns, model, style.model_path.format(source=source, model=model))


class _Raw(NamedTuple):
    kind: str
    name: str
    type: str
    value: str
    values: tuple[str, ...] = ()


def _column(style: Style, entity: str, parent: str, raw: _Raw) -> Column:
    refers_to = parent if raw.kind == "reference" and raw.name == f"{parent}_id" else None
    name, expression = None, raw.name
    if rule := style.rules.get(raw.kind):
        words = {"raw": raw.name, "stem": _stem(raw.kind, raw.name), "entity": entity}
        name, expression = rule.name.format(**words), rule.expression.format(**words)
    return Column(raw.name, raw.type, raw.value, raw.kind, name, expression, raw.values, refers_to)


def _stem(kind: str, raw: str) -> str:
    """A raw name without what marks its kind."""
    marks = {
        "reference": r"_id$",
        "cents": r"_cents$",
        "amount": r"_amount$",
        "is_flag": r"^is_",
        "date": r"_(on|day)$",
        "moment": r"_time$",
    }
    return re.sub(marks.get(kind, r"$^"), "", raw)


def with_odd_ones(style: Style, dice: random.Random, tables: Sequence[Table]) -> list[Table]:
    """The same tables, a few of which break the rules, each in one way."""
    ways = ("names", "sql", "place", "model")
    chosen = dice.sample(range(len(tables)), max(1, round(len(tables) * ODD_SHARE)))
    why = {place: ways[number % len(ways)] for number, place in enumerate(chosen)}
    return [_odd(style, table, why.get(place)) for place, table in enumerate(tables)]


def _odd(style: Style, table: Table, why: str | None) -> Table:
    if why is None:
        return table
    changes: dict[str, Any] = {"odd": why}
    if why == "names":
        changes["columns"] = tuple(
            column if column.name is None or column.kind in ("key", "entity_word") else _as_it_is(column)
            for column in table.columns
        )
    elif why == "place":
        changes["path"] = f"models/misc/{table.model}.sql"
    elif why == "model":
        changes["model"] = f"{table.source}_{table.name}_clean"
        changes["path"] = table.path.replace(table.model, changes["model"])
    return replace(table, **changes)


def _as_it_is(column: Column) -> Column:
    """A column that nobody renamed or cast, which is against the rules if they say otherwise."""
    by_rule = (column.name, column.expression) == (column.raw, column.raw)
    return replace(column, name=column.raw, expression=column.raw, by_rule=by_rule)


def plural(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "ch", "sh", "x")) else f"{word}s"
