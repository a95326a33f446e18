"""In which order what waits is shown, when most hangs on some of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aidbt.mapping.impact import Downstream, by_impact
from aidbt.mapping.waiting import Impact, ReviewItem


def item(key: str, column: str, *, test: str = "") -> ReviewItem:
    selector = f"{key}.{column}" + (f":{test}" if test else "")
    return ReviewItem(selector, key, "", None, column=column, test=test)


ITEMS = [
    item("crm.users", "nick"),
    item("crm.users", "email"),
    item("crm.users", "email", test="unique"),
    item("crm.logs", "at"),
    item("shop.orders", "amount"),
]
DOWNSTREAM = {
    "crm.users": Downstream({"dim_user": "select id, EMAIL from x", "mail_log": "select email_at"}, rows=10),
    "crm.logs": Downstream({}, rows=5),
    "shop.orders": Downstream({}, rows=900),
}


def test_what_most_models_name_comes_first_then_what_is_read_then_the_largest_table():
    order = [i.selector for i in by_impact(ITEMS, DOWNSTREAM)]

    assert order == [
        "crm.users.email",
        "crm.users.nick",
        "shop.orders.amount",
        "crm.logs.at",
        "crm.users.email:unique",
    ]


def test_a_model_names_a_column_as_a_word_in_capitals_or_not():
    (found,) = by_impact([item("crm.users", "email")], DOWNSTREAM)

    assert found.impact == Impact(("dim_user",), models=2, rows=10)
    assert found.impact.text == "in 1 of 2 models, 10 rows"


def test_what_nothing_is_known_of_hangs_on_nothing():
    (found,) = by_impact([item("x.y", "a.b ")], {})

    assert (found.impact, found.impact and found.impact.text) == (Impact(), "")


@given(st.permutations(ITEMS))
def test_the_order_of_the_files_matters_only_among_equals(items):
    assert [i.selector for i in by_impact(items, DOWNSTREAM)] == [
        i.selector for i in by_impact(ITEMS, DOWNSTREAM)
    ]
