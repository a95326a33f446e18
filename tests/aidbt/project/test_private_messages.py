"""What is shown of a failure has no values of rows."""

from __future__ import annotations

import pytest

from aidbt.project.private_messages import without_values

NAMES = {"orders", "email", "customers"}


@pytest.mark.parametrize(
    "said, shown",
    [
        (
            'duplicate key value violates unique constraint "orders"\n'
            "DETAIL:  Key (email)=(bob@example.com) already exists.",
            'duplicate key value violates unique constraint "orders" DETAIL: Key (email)=(…) already exists.',
        ),
        (
            'null value in column "email" violates not-null constraint\n'
            "DETAIL:  Failing row contains (1, bob@example.com (home), null).",
            'null value in column "email" violates not-null constraint DETAIL: Failing row contains (…).',
        ),
        (
            'insert on table "orders" violates foreign key constraint "x_fk"\n'
            "DETAIL:  Key (email)=(bob@example.com",
            'insert on table "orders" violates foreign key constraint "…" DETAIL: Key (email)=(…)',
        ),
        ("can't cast 'bob@example.com' to int", "can’t cast '…' to int"),
        ("Could not convert string 'Mary O'Brien' to INT32", "Could not convert string '…' to INT32"),
        ("Could not convert string 'bob@exa", "Could not convert string '…'"),
        ("Could not convert b'bob' in 'orders'", "Could not convert b'…' in 'orders'"),
        ("Bad int64 value: bob@example.com", "Bad int64 value: …"),
    ],
)
def test_a_message_is_shown_without_what_stands_in_rows(said: str, shown: str):
    assert without_values(said, NAMES) == shown
