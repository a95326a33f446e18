"""What a message becomes before it is compared or kept: no values, no names, no secrets."""

import pytest

from aidbt.healing.classification.messages import normal_form, plain_text
from aidbt.project.scrub import scrubber
from benchmarks.failure_messages import captured, written

SECRETS = [
    ("dbt_cloud said: Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
    ('{"user": "ann", "password": "hunter2!"}', "hunter2!"),
    ("connect postgresql://ann:s3cr3t@db.example.com/shop failed", "s3cr3t"),
    ("The AWS Access Key Id AKIAABCDEFGHIJKLMNOP you provided does not exist", "AKIAABCDEFGHIJKLMNOP"),
    ("GET https://lake.blob.core.windows.net/x?sv=2&sig=Zm9vYmFy%3D failed", "Zm9vYmFy"),
    ("token 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl' expired", "c2lnbmF0dXJl"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIEabc"),
    ("client_secret: qwertz123, tenant: x", "qwertz123"),
    ("using key sk-proj-abcdefghijklmnop", "sk-proj-abcdefghijklmnop"),
]


@pytest.mark.parametrize(("message", "secret"), SECRETS)
def test_a_secret_is_in_nothing_that_is_kept(message: str, secret: str):
    assert secret not in scrubber((), {})(message)
    assert secret.lower() not in normal_form(message).lower()


def test_the_same_fault_of_other_tables_and_rows_has_the_same_form():
    one = """\x1b[31mDatabase Error in model orders (models/marts/orders.sql)\x1b[0m
      column "e_mail" does not exist
      LINE 12: select e_mail, 3 from "crm"."raw"
      compiled code at target/run/shop/models/marts/orders.sql"""
    other = """Database Error in model stg_x (models/staging/stg_x.sql)
      column "phone" does not exist
      LINE 9: select phone from x
      compiled code at target/run/other/models/staging/stg_x.sql"""

    assert (
        normal_form(one)
        == normal_form(other)
        == "database error in model NAME ( PATH ) column NAME does not exist"
    )


def test_codes_stay_and_values_go():
    assert normal_form("(1062, \"Duplicate entry 'ann@example.com' for key 'email'\")").startswith("(1062,")
    assert "ann@example.com" not in normal_form("could not convert ann@example.com to int")
    assert normal_form("429 from https://api.example.com/a?key=1 after 31.5 s") == "429 from URL after N s"


def test_the_place_of_an_error_is_no_reason_to_lose_the_error():
    assert normal_form("TYPE_MISMATCH: line 7:12: Cannot apply operator: varchar = bigint") == (
        "type_mismatch: line N:N: cannot apply operator: varchar = bigint"
    )


def test_a_form_is_its_own_form():
    forms = {normal_form(example.message) for example in [*captured(), *written()]}

    changed = {form for form in forms if normal_form(form) != form}

    assert len(changed) < len(forms) / 50  # what is cut at a line's end may stand elsewhere on one line


def test_of_a_log_of_many_megabytes_both_ends_are_read_in_no_time():
    message = "Database Error\n" + "noise 12 'x' " * 2_000_000 + "\nout of memory"

    text = plain_text(message)

    assert text.startswith("Database Error") and text.endswith("out of memory") and len(text) < 10_000
    assert len(normal_form(message)) < 10_000
