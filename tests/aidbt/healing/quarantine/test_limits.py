"""Which figures let rows be set aside without a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlglot import exp

from aidbt.healing.quarantine.figures import Amount, Figures
from aidbt.healing.quarantine.limits import why_not
from aidbt.healing.quarantine.rules import Kind, Parent, Rule
from aidbt.project.manifest import Node

ORDERS = Node("source.shop.shop.orders", "source", "orders", "", source_name="shop")
FEW = Figures(1000, 4, rows_then=960, new=40, bad_new=4)


def rule(kind: Kind, got: int | None = None) -> Rule:
    parent = Parent(ORDERS, "id") if kind == "orphans" else None
    return Rule(kind, exp.true(), "why", ("amount",), parent=parent, got=got)


KNOWN_PARENT = replace(FEW, parent_now=100, parent_then=90)
UNTOLD = replace(KNOWN_PARENT, parent_untold=True)


@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("nulls", FEW), ("bad_casts", FEW),
        ("bad_casts", replace(FEW, rows=964, new=4, values=("n/a", "0000-00-00"))),
        ("bad_casts", replace(FEW, values=("12,50",))),
        ("duplicates", replace(FEW, known_before=0, rows_then=None)),
        ("orphans", KNOWN_PARENT), ("orphans", UNTOLD), ("other_values", replace(FEW, values=("", " N/A "))),
        ("range", replace(FEW, values=(-1, -2.5))),
        ("nulls", replace(FEW, bad=6, new=6, bad_new=6, rows=966)),
        ("nulls", replace(FEW, bad_new=None, looked_up=("marts.orders",))),
        ("nulls", replace(FEW, amounts={"amount": Amount(1000, 50)})),
    ],
)  # fmt: skip
def test_few_new_rows_may_be_set_aside(kind: Kind, figures: Figures):
    assert why_not(rule(kind), figures, "pay.payments") == ""


@pytest.mark.parametrize(
    ("kind", "figures", "why"),
    [
        ("nulls", replace(FEW, bad=101, bad_new=101, rows=1000, rows_then=100, new=900), "10.1%"),
        ("bad_casts", replace(FEW, bad=51, bad_new=51, rows_then=100, new=900), "up to 5%"),
        ("nulls", replace(FEW, amounts={"amount": Amount(1000, 51)}), "5.1% of all amount"),
        ("nulls", replace(FEW, known_before=1), "would vanish"),
        ("nulls", replace(FEW, bad_new=3), "loaded before the last good run"),
        ("nulls", replace(FEW, rows_then=None), "is not known"),
        ("nulls", replace(FEW, rows_then=999), "has not grown"),
        ("nulls", replace(FEW, bad_new=None), "cannot be told"),
        ("nulls", replace(FEW, new=41), "cannot be told"),
        ("nulls", replace(FEW, bad=30, bad_new=30), "its load is"),
        ("nulls", replace(FEW, bad=0), "no row"),
        ("nulls", replace(FEW, whole="method = cash"), "all new rows of pay.payments with method = cash"),
        ("nulls", replace(FEW, changed=("contact_email",)), "changed too (contact_email)"),
        (
            "bad_casts",
            replace(FEW, rows=964, new=4, values=("12,50",)),
            "all 4 new rows of pay.payments are written in another way",
        ),
        ("other_values", replace(FEW, values=("", "returned")), "'returned' may be a new value"),
        ("range", replace(FEW, values=(-1, 70_000)), "what they should be is a decision"),
        ("range", replace(FEW, values=(-1,), reversed=2), "may take it back"),
        ("range", replace(FEW, values=(-1,), bad=9, bad_new=9), "that is no slip"),
        ("orphans", FEW, "how shop.orders was at the last good run"),
        ("orphans", replace(KNOWN_PARENT, parent_now=89), "has lost rows"),
        ("orphans", replace(KNOWN_PARENT, parent_lags=True), "was not loaded"),
        ("orphans", replace(KNOWN_PARENT, parent_lost=2), "has lost 2 of the rows"),
        ("orphans", replace(KNOWN_PARENT, parent_follows=True), "may not have been loaded yet"),
        ("orphans", replace(UNTOLD, parent_then=100), "nothing came to shop.orders since"),
        ("orphans", replace(UNTOLD, kept_below="fct"), "fct would not take them then"),
    ],
)
def test_everything_else_is_for_a_person_and_says_why(kind: Kind, figures: Figures, why: str):
    assert why in why_not(rule(kind), figures, "pay.payments")


def test_the_source_has_to_hold_as_many_as_the_test_counted():
    assert why_not(rule("nulls", got=4), FEW, "pay.payments") == ""
    assert "the test counted 7 rows" in why_not(rule("nulls", got=7), FEW, "pay.payments")
