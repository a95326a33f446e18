"""Decisions on one source as they are in each dialect, for tests of what is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidbt.core.config import ConventionSettings, GenerateSettings
from aidbt.core.schema import Column, ColumnProfile, MappedColumn, MappedTest, Mapping, RowRule
from aidbt.core.types import type_name
from aidbt.generate.files import (
    Model,
    Rendering,
    StagedTable,
    property_entries,
    property_file,
    staging_models,
)
from aidbt.generate.naming import Layout, source_table_names
from aidbt.generate.questions.row_rules import deletion_mark
from aidbt.generate.sql_style import SqlStyle
from aidbt.project.conventions import wanted_casts
from aidbt.sql.identifiers import quote_identifier

# Adapters that quote the names of sources only where the project says so.
BARE = ("snowflake", "spark")
# What each text column holds, by its target's name, and what is wanted of it.
FORMS = {
    "quantity": {"integer": 1.0},
    "price": {"integer": 0.5, "decimal": 0.5},
    "is_gift": {"boolean": 1.0},
    "ordered_on": {"date": 1.0},
    "ordered_at": {"timestamp": 1.0},
}


@dataclass(frozen=True)
class Decided:
    """The decisions on one source, as they are in one dialect."""

    dialect: str
    source = "shop"

    def stored(self, name: str) -> str:
        """A name as the warehouse lists what was created without quotes."""
        return name.upper() if self.dialect == "snowflake" else name

    def column(self, target: str, source: str, cast: str | None = None, **more: object) -> MappedColumn:
        text = type_name("varchar", self.dialect)
        return MappedColumn(target, (source,), source_type=text, cast=cast, **more)

    def casts(self, target: str) -> tuple[str, ...]:
        """What the text of a column may be cast to, as deciding asks for it."""
        text = type_name("varchar", self.dialect)
        held = ColumnProfile(target, text, 0.1, 2, formats=FORMS[target], max_length=20)
        return wanted_casts(Column(target, text), held, dialect=self.dialect)

    @property
    def orders(self) -> Mapping:
        name, stored = self.dialect, self.stored
        at = self.casts("ordered_at")
        spelled = quote_identifier("Gift Note", name)
        deleted = Column(stored("_fivetran_deleted"), type_name("boolean", name))
        mark = deletion_mark([deleted], ConventionSettings(), name)
        assert mark is not None
        return Mapping(
            self.source,
            stored("orders"),
            (
                MappedColumn("order_id", (stored("id"),), source_type=type_name("bigint", name)),
                self.column(
                    "customer_ref", stored("customer_ref"), description='The "customer", {{ or so }}'
                ),
                self.column("quantity", stored("quantity"), self.casts("quantity")[0]),
                self.column("price", "unitPrice", self.casts("price")[0]),
                self.column("weight", stored("weight"), self.casts("price")[-1]),
                self.column("is_gift", stored("is_gift"), self.casts("is_gift")[0]),
                self.column("ordered_on", stored("ordered_on"), self.casts("ordered_on")[0]),
                self.column("ordered_at", "Ordered At", at[0]),
                self.column("shipped_at", stored("shipped_at"), at[-1]),
                self.column("order", stored("order")),
                self.column("größe", "Größe"),
                MappedColumn("gift_note", ("Gift Note",), expression=f"lower(\n    trim({spelled})\n)"),
            ),
            schema=self.schema,
            unmapped=(stored("_fivetran_deleted"), stored("_fivetran_synced")),
            tests=(
                MappedTest("order_id", "not_null"),
                MappedTest("order_id", "unique"),
                MappedTest("order", "accepted_values", values=("it's", "b\\c")),
                MappedTest("order_id", "unique_combination", columns=("order_id", "order", "größe")),
            ),
            row_rules=(
                RowRule("soft_delete", mark.where),
                RowRule("latest_row", keys=(stored("id"),), order_by=stored("_fivetran_synced")),
            ),
            description="One row per {{ order }}.",
        )

    @property
    def lines(self) -> Mapping:
        """A table and columns that were created in quotes."""
        return Mapping(
            self.source,
            "order lines",
            (
                MappedColumn("order_id", ("order_id",), source_type=type_name("bigint", self.dialect)),
                self.column("select", "select"),
            ),
            schema=self.schema,
            tests=(
                MappedTest("order_id", "relationships", to=self.orders.key, field=self.stored("id")),
                MappedTest("select", "relationships", to=self.orders.key, field=self.stored("order")),
            ),
            row_rules=(RowRule("soft_delete", f"{quote_identifier('gone_at', self.dialect)} is null"),),
        )

    @property
    def schema(self) -> str:
        return self.stored("raw_shop")

    @property
    def tables(self) -> list[StagedTable]:
        mappings = [self.orders, self.lines]
        names = source_table_names(mappings, self.dialect)
        return [
            StagedTable(m, m.schema, m.table, names[m.key], f"stg_shop__{n}", loads=False)
            for m, n in zip(mappings, ("orders", "order_lines"), strict=True)
        ]

    def rendering(self, sql: SqlStyle | None = None) -> Rendering:
        is_quoted = self.dialect not in BARE
        return Rendering(
            Layout(GenerateSettings()),
            self.dialect,
            nested_arguments=True,
            sql=sql,
            packages=frozenset({"dbt_utils"}),
            quotes_schemas=is_quoted,
            quotes_tables=is_quoted,
        )

    def models(self, sql: SqlStyle | None = None) -> list[Model]:
        return staging_models(self.tables, self.rendering(sql))

    def yaml(self) -> str:
        options = self.rendering()
        return property_file(property_entries(self.tables, {}, options, {}), options)


def compiled(text: str, relation: str) -> str:
    """A model's text as dbt would compile it, reading a relation."""
    text = re.sub(r"\{\{ source\([^}]*\) \}\}", lambda _: relation, text)
    return text.replace("{{ '{' }}", "{")
