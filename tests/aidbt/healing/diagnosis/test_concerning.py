from __future__ import annotations

import pytest

from aidbt.healing.diagnosis.concerning import concerns
from aidbt.healing.evidence.code_changes import changed_files

MODEL = """\
with orders as (
select
    id as order_id,
    email,
    coalesce(
        discount,
        0
    ) as discount,
    amount
from {{ ref('raw_orders') }}
where status <> 'test'
)
select * from orders
"""


@pytest.mark.parametrize(
    ("old", "new", "does"),
    [
        ("    amount\n", "    amount,\n    note\n", False),
        ("    email,\n", "    lower(email) as email,\n", True),
        ("<> 'test'", "<> 'tests'", True),
        ("{{ ref('raw_orders') }}", "{{ ref('old_orders') }}", True),
        ("select\n", "-- what a customer bought\nselect\n", False),
        ("    amount\n", "    round(amount * 1.19, 2) as amount\n", False),
        ("    id as order_id,\n", "    abs(id) as order_id,\n", False),
        ("        discount,\n", "        rebate,\n        discount,\n", True),
        ("    amount\n", "    case when amount > 0 then amount end as amount\n", False),
        ("    amount\n", "    amount,\n    amount * 12 as year,\n    amount > 5 and id < 3 as big\n", False),
        ("    amount\n", "    amount,\n    o.*\n", True),
        ("    amount\n", "    amount,\n    row_number() over (order by id) as n\n", True),
        ("<> 'test'", "<> 'test' and amount > 0", True),
        ("select * from orders", "select * from orders limit 5", True),
    ],
)
def test_a_commit_that_adds_something_beside_a_column_has_nothing_to_do_with_it(
    old: str, new: str, does: bool
):
    (change,) = changed_files({"models/a.sql": MODEL}, {"models/a.sql": MODEL.replace(old, new)})

    assert concerns(change, ["email"]) is does


def test_where_nothing_says_which_columns_any_change_may_be_it():
    (change,) = changed_files({"models/a.sql": MODEL}, {"models/a.sql": MODEL.replace("amount", "amt")})

    assert concerns(change, [])
    assert not concerns(change, ["email"])


def test_of_yaml_only_what_names_the_column_or_where_a_table_stands():
    (said,) = changed_files({"m/s.yml": "a: 1\n"}, {"m/s.yml": "a: 1\ndescription: email\n"})
    (moved,) = changed_files({"m/s.yml": "schema: raw\n"}, {"m/s.yml": "schema: raw2\n"})

    assert concerns(said, ["email"]) and not concerns(said, ["amount"])
    assert concerns(moved, ["amount"])


def test_of_a_macro_any_change_may_be_it():
    before = "{% macro cents(column) %}\n    ({{ column }} / 100)\n{% endmacro %}\n"
    (change,) = changed_files({"macros/m.sql": before}, {"macros/m.sql": before.replace("100", "10")})

    assert concerns(change, ["email"])
