"""Whether two names of a column say the same."""

import pytest

from aidbt.core.types import Family
from aidbt.healing.evidence.same_words import says_another, says_more, says_the_same


@pytest.mark.parametrize(
    ("old", "new", "family"),
    [
        ("amount", "amount_v2", "number"), ("amount", "amount__str", "number"),
        ("fee", "fee_amount", "number"),
        ("email", "email_address", "text"), ("email", "mail", "text"), ("name", "customer_name", "text"),
        ("country", "country_code", "text"), ("qty", "quantity", "integer"), ("id", "customer_id", "integer"),
        ("created_at", "created_date", "timestamp"), ("cust_id", "customer_id", "integer"),
    ],
)  # fmt: skip
def test_words_of_form_say_nothing_else(old: str, new: str, family: Family):
    assert says_the_same(old, new, family, "customers")


@pytest.mark.parametrize(
    ("old", "new", "family"),
    [
        ("amount", "amount_net", "number"), ("amount", "amount_cents", "number"),
        ("amount", "value", "number"),
        ("amount", "amount_usd", "number"), ("amount", "total_amount", "number"), ("email", "note", "text"),
        ("email", "email_hash", "text"), ("created_at", "created_at_utc", "timestamp"),
        ("is_paid", "is_prepaid", "boolean"), ("mail", "voicemail", "text"), ("user", "superuser", "text"),
        ("paid_at", "repaid_at", "timestamp"), ("updated_at", "created_at", "timestamp"),
        ("min_price", "max_price", "number"), ("amount", "amount_old", "number"),
    ],
)  # fmt: skip
def test_words_of_meaning_do(old: str, new: str, family: Family):
    assert not says_the_same(old, new, family, "customers")


def test_a_name_with_one_more_word_may_be_another_column():
    assert says_more("country", "shipping_country", "text")
    assert not says_more("country", "land", "text") and not says_more("country", "country_code", "text")


def test_names_that_share_a_word_and_differ_in_another_are_of_two_columns():
    assert says_another("billing_country", "shipping_country", "text")
    assert says_another("agent_code", "supervisor_code", "text")
    assert not says_another("country", "land", "text") and not says_another("qty", "quantity", "integer")
