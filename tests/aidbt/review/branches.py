"""A shop with a branch: a real repository, a real dbt on DuckDB, and the edits that a pull request makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from dbt_shop import Shop, new_shop

MAIN = {
    "seeds/raw_customers.csv": (
        "id,email,region\n1,ann@example.com,EU\n2,bob@example.com,US\n3,eve@example.com,\n"
    ),
    "seeds/raw_orders.csv": (
        "id,customer_id,ordered_at,status,amount\n"
        "1,1,2024-01-01 10:00:00,paid,10.5\n"
        "2,1,2024-01-02 11:00:00,paid,20.0\n"
        "3,2,2024-01-03 12:30:00,open,5.25\n"
        "4,3,2024-01-04 08:15:00,test,1.0\n"
    ),
    "models/staging/stg_customers.sql": (
        "with source as (\n\n    select * from {{ ref('raw_customers') }}\n\n)\n\n"
        "select\n    id as customer_id,\n    email,\n    region\nfrom source\n"
    ),
    "models/staging/stg_orders.sql": (
        "with source as (\n\n    select * from {{ ref('raw_orders') }}\n\n)\n\n"
        "select\n    id as order_id,\n    customer_id,\n    ordered_at,\n    status,\n    amount\n"
        "from source\n"
        "where status != 'test'\n"
    ),
    "models/marts/fct_orders.sql": (
        "select\n    o.order_id,\n    o.customer_id,\n    c.region,\n    o.ordered_at,\n    o.status,\n"
        "    o.amount\n"
        "from {{ ref('stg_orders') }} as o\n"
        "left join {{ ref('stg_customers') }} as c on c.customer_id = o.customer_id\n"
    ),
    # What the check of left joins objects to, long before the branch.
    "models/marts/fct_eu_orders.sql": (
        "select\n    o.order_id,\n    o.amount\n"
        "from {{ ref('stg_orders') }} as o\n"
        "left join {{ ref('stg_customers') }} as c on c.customer_id = o.customer_id\n"
        "where c.region = 'EU'\n"
    ),
    "models/marts/dim_customers.sql": (
        "{{ config(materialized='table') }}\n\n"
        "select\n    c.customer_id,\n    c.email,\n    count(o.order_id) as order_count,\n"
        "    sum(o.amount) as total_amount\n"
        "from {{ ref('stg_customers') }} as c\n"
        "left join {{ ref('stg_orders') }} as o on o.customer_id = c.customer_id\n"
        "group by c.customer_id, c.email\n"
    ),
    "models/models.yml": """\
models:
  - name: stg_customers
    description: One row for each customer.
    columns:
      - name: customer_id
        description: The customer.
        data_tests: [unique, not_null]
      - {name: email, description: Where to write to., config: {tags: [pii]}}
      - {name: region, description: Where they live.}
  - name: stg_orders
    description: One row for each order.
    columns:
      - name: order_id
        description: The order.
        data_tests: [unique, not_null]
      - {name: customer_id, description: Who ordered.}
      - {name: ordered_at, description: When.}
      - {name: status, description: How far it is.}
      - {name: amount, description: In euros.}
  - name: fct_orders
    description: Orders with their customers.
    columns:
      - name: order_id
        description: The order.
        data_tests: [unique, not_null]
      - {name: customer_id, description: Who ordered.}
      - {name: region, description: Where they live.}
      - {name: ordered_at, description: When.}
      - {name: status, description: How far it is.}
      - {name: amount, description: In euros.}
  - name: fct_eu_orders
    description: Orders from the EU.
    columns:
      - {name: order_id, description: The order., data_tests: [unique]}
      - {name: amount, description: In euros.}
  - name: dim_customers
    description: Customers with what they bought.
    columns:
      - name: customer_id
        description: The customer.
        data_tests: [unique]
      - {name: email, description: Where to write to.}
      - {name: order_count, description: How many orders.}
      - {name: total_amount, description: In euros.}
exposures:
  - name: board_report
    type: dashboard
    owner: {name: Board}
    depends_on: [ref('dim_customers')]
""",
}


def commit(root: Path, message: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["add", "."], ["commit", "-qm", message]):
        subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def shop_on_a_branch(root: Path, main: dict[str, str] | None = None) -> Shop:
    """The shop as `main` has it, with the branch `work` checked out."""
    shop = new_shop(root, MAIN if main is None else main)
    shop.write({".gitignore": "target/\nlogs/\n.aidbt/\n*.duckdb\n*.wal\n.user.yml\n"})
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    commit(root, "first")
    subprocess.run(["git", "checkout", "-qb", "work"], cwd=root, check=True)
    return shop


def edited(shop: Shop, path: str, *changes: tuple[str, str]) -> Shop:
    """The shop with texts replaced in one file."""
    text = (shop.root / path).read_text()
    for before, after in changes:
        assert before in text, f"{path} has no {before!r}"
        text = text.replace(before, after)
    return shop.write({path: text})


def back_to_main(shop: Shop) -> None:
    """Undo all edits; what dbt and aidbt made stays."""
    for arguments in (["checkout", "-q", "."], ["clean", "-fdq"]):
        subprocess.run(["git", *arguments], cwd=shop.root, check=True)
