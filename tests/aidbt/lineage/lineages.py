"""Lineages made by hand: a small shop that has one of everything, and projects of any size."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from aidbt.core.findings import Finding, Severity
from aidbt.lineage.graph import ROWS, Lineage, NodeLineage
from aidbt.sql.resolved import ColumnUse, How, Made, OutputColumn

_MADE: tuple[Made, ...] = get_args(Made)


def column(
    name: str,
    *uses: tuple[str, str, How],
    data_type: str = "",
    made: Made | None = None,
    text: str = "",
    why: str = "",
) -> OutputColumn:
    """A column with its uses; made as the last of them says, or of nothing."""
    if made is None:
        made = uses[-1][2] if uses and uses[-1][2] in _MADE else "generated"  # type: ignore[assignment]
    its = tuple(ColumnUse(*use) for use in uses)
    return OutputColumn(name, data_type, made=made or "unknown", uses=its, text=text, why=why)


RAW_ORDERS = "source.shop.crm.orders"
RAW_USERS = "source.shop.crm.users"
RATES = "seed.shop.rates"
STG_ORDERS = "model.shop.stg_crm__orders"
STG_USERS = "model.shop.stg_crm__users"
FCT = "model.shop.fct_orders"
DIM = "model.shop.dim_customer"
SNAPSHOT = "snapshot.shop.orders_history"
PYTHON = "model.shop.scores"


def shop() -> Lineage:
    """Two sources and a seed, staging, marts, a snapshot and a model in Python that nobody can read."""
    nodes = [
        NodeLineage(
            RAW_ORDERS,
            "crm.orders",
            "source",
            "models/crm.yml",
            (
                column("id", data_type="BIGINT"),
                column("user_id", data_type="BIGINT"),
                column("amt", data_type="VARCHAR"),
                column("cur", data_type="VARCHAR"),
                column("deleted", data_type="BOOLEAN"),
                column("at", data_type="TIMESTAMP"),
            ),
            known_from="warehouse",
        ),
        NodeLineage(
            RAW_USERS,
            "crm.users",
            "source",
            "models/crm.yml",
            (column("id", data_type="BIGINT"), column("e_mail", data_type="VARCHAR")),
            is_complete=False,
            known_from="yaml",
            why="only its YAML says which columns it has",
            tags={"e_mail": ("pii",)},
            unique=(("id",),),
        ),
        NodeLineage(
            RATES,
            "rates",
            "seed",
            "seeds/rates.csv",
            (column("currency", data_type="VARCHAR"), column("rate", data_type="DOUBLE")),
            known_from="seed file",
        ),
        NodeLineage(
            STG_ORDERS,
            "stg_crm__orders",
            "model",
            "models/stg_crm__orders.sql",
            (
                column("order_id", (RAW_ORDERS, "id", "rename"), data_type="BIGINT", text="id"),
                column("user_id", (RAW_ORDERS, "user_id", "passthrough"), data_type="BIGINT"),
                column(
                    "amount",
                    (RAW_ORDERS, "amt", "cast"),
                    data_type="DECIMAL(10, 2)",
                    text="CAST(amt AS DECIMAL(10, 2))",
                ),
                column("currency", (RAW_ORDERS, "cur", "expression"), data_type="VARCHAR", text="UPPER(cur)"),
                column("ordered_at", (RAW_ORDERS, "at", "rename"), data_type="TIMESTAMP", text="at"),
            ),
            row_uses=(ColumnUse(RAW_ORDERS, "deleted", "filter"),),
            parents=(RAW_ORDERS,),
            known_from="compiled sql",
        ),
        NodeLineage(
            STG_USERS,
            "stg_crm__users",
            "model",
            "models/stg_crm__users.sql",
            (
                column("user_id", (RAW_USERS, "id", "rename"), data_type="BIGINT", text="id"),
                column(
                    "email",
                    (RAW_USERS, "e_mail", "expression"),
                    data_type="VARCHAR",
                    text="LOWER(TRIM(e_mail))",
                ),
                column("loaded_by", data_type="VARCHAR", made="constant", text="'crm'"),
            ),
            parents=(RAW_USERS,),
            known_from="compiled sql",
        ),
        NodeLineage(
            FCT,
            "fct_orders",
            "model",
            "models/fct_orders.sql",
            (
                column("order_id", (STG_ORDERS, "order_id", "passthrough"), data_type="BIGINT"),
                column("email", (STG_USERS, "email", "passthrough"), data_type="VARCHAR"),
                column(
                    "amount_eur",
                    (RATES, "rate", "expression"),
                    (STG_ORDERS, "amount", "expression"),
                    data_type="DOUBLE",
                    text="o.amount * r.rate",
                ),
                column(
                    "order_number",
                    (STG_ORDERS, "ordered_at", "window"),
                    (STG_ORDERS, "user_id", "window"),
                    data_type="BIGINT",
                    text="ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ordered_at)",
                ),
                column(
                    "first_seen", (FCT, "first_seen", "expression"), (STG_ORDERS, "ordered_at", "expression")
                ),
            ),
            row_uses=(
                ColumnUse(RATES, "currency", "join"),
                ColumnUse(STG_ORDERS, "currency", "join"),
                ColumnUse(STG_ORDERS, "user_id", "join"),
                ColumnUse(STG_USERS, "user_id", "join"),
            ),
            parents=(STG_ORDERS, STG_USERS, RATES, FCT),
            known_from="compiled sql",
            unique=(("order_id",),),
        ),
        NodeLineage(
            SNAPSHOT,
            "orders_history",
            "snapshot",
            "snapshots/orders_history.yml",
            (
                column("order_id", (STG_ORDERS, "order_id", "passthrough"), data_type="BIGINT"),
                column("dbt_valid_from", data_type="TIMESTAMP"),
            ),
            parents=(STG_ORDERS,),
            known_from="compiled sql",
        ),
        NodeLineage(
            PYTHON,
            "scores",
            "model",
            "models/scores.py",
            (
                column("email", data_type="VARCHAR", made="unknown", why="it is a Python model"),
                column("score", data_type="DOUBLE", made="unknown", why="it is a Python model"),
            ),
            parents=(FCT,),
            known_from="yaml",
        ),
        NodeLineage(
            DIM,
            "dim_customer",
            "model",
            "models/dim_customer.sql",
            (
                column("email", (FCT, "email", "passthrough"), data_type="VARCHAR"),
                column("orders", (FCT, ROWS, "aggregate"), data_type="BIGINT", text="COUNT(*)"),
                column(
                    "total_eur",
                    (FCT, "amount_eur", "aggregate"),
                    data_type="DOUBLE",
                    text="SUM(f.amount_eur)",
                ),
                column("score", (PYTHON, "score", "aggregate"), data_type="DOUBLE", text="MAX(s.score)"),
            ),
            row_uses=(ColumnUse(FCT, "email", "group"), ColumnUse(PYTHON, "email", "join")),
            parents=(FCT, PYTHON),
            known_from="compiled sql",
            tags={"email": ("contact", "pii")},
        ),
    ]
    findings = [
        Finding(
            "column.unknown",
            Severity.ERROR,
            "models/dim_customer.sql",
            "dim_customer: no column is called 'totl' (compiled line 7)",
            {"nearest": "total_eur"},
        ),
        Finding("lineage.type", Severity.WARN, "models/crm.yml:3", "crm.users: id is BIGINT, not INT"),
    ]
    return Lineage({node.unique_id: node for node in nodes}, findings, dialect="duckdb")


def layered(models: int, columns: int, *, width: int = 20) -> Lineage:
    """A project of so many models in layers of `width`, each reading two of the layer before."""
    hows: tuple[How, ...] = ("passthrough", "rename", "cast", "expression", "aggregate", "window")
    nodes: dict[str, NodeLineage] = {}
    for number in range(models + width):
        layer, place = divmod(number, width)
        if not layer:
            source = f"source.big.raw.table_{place}"
            listed = tuple(column(f"col_{c}", data_type="VARCHAR") for c in range(columns))
            tags = {"col_0": ("pii",)} if place == 0 else {}
            nodes[source] = NodeLineage(
                source,
                f"raw.table_{place}",
                "source",
                "models/raw.yml",
                listed,
                known_from="warehouse",
                tags=tags,
            )
            continue
        prefix = "source.big.raw.table_" if layer == 1 else f"model.big.layer_{layer - 1}_model_"
        parents = [f"{prefix}{(place + step) % width}" for step in (0, 1)]
        unique_id = f"model.big.layer_{layer}_model_{place}"
        made = []
        for c in range(columns):
            how = hows[(c + layer) % len(hows)]
            uses = [(parents[c % 2], f"col_{c}", how)]
            if how in ("expression", "window"):
                uses.append((parents[1 - c % 2], f"col_{(c + 1) % columns}", how))
            text = "" if how == "passthrough" else f"COALESCE(a.col_{c}, b.col_{(c + 1) % columns}, {layer})"
            made.append(column(f"col_{c}", *uses, data_type="VARCHAR" if c % 3 else "BIGINT", text=text))
        rows = (ColumnUse(parents[0], "col_0", "join"), ColumnUse(parents[1], "col_0", "join"))
        name = unique_id.removeprefix("model.big.")
        path = f"models/layer_{layer}/{name}.sql"
        nodes[unique_id] = NodeLineage(
            unique_id, name, "model", path, tuple(made), True, rows, tuple(parents), "compiled sql"
        )
    return Lineage(nodes, dialect="duckdb")


COLUMNS = 3


@st.composite
def graphs(draw: st.DrawFn) -> Lineage:
    """Nodes of three columns with any uses, circles among them."""
    count = draw(st.integers(1, 6))
    names = [f"n{number}" for number in range(count)]
    places = st.tuples(st.sampled_from(names), st.integers(-1, COLUMNS - 1))
    nodes = {}
    for name in names:
        columns = []
        for at in range(COLUMNS):
            uses = draw(st.lists(places, max_size=3, unique=True))
            made = draw(st.sampled_from([None, None, "unknown"]))
            refs = [(node, f"c{c}" if c >= 0 else ROWS, "expression") for node, c in uses]
            columns.append(column(f"c{at}", *refs, made=made))
        filters = draw(st.lists(places, max_size=2, unique_by=lambda place: (place[0], max(place[1], 0))))
        rows = [ColumnUse(node, f"c{max(c, 0)}", "filter") for node, c in filters]
        tags = {f"c{at}": ("pii",) for at in draw(st.sets(st.integers(0, COLUMNS - 1), max_size=1))}
        kind = draw(st.sampled_from(["source", "model", "model"]))
        nodes[name] = NodeLineage(name, name, kind, columns=tuple(columns), row_uses=tuple(rows), tags=tags)
    return Lineage(nodes)
