from __future__ import annotations

import pytest

from aidbt.project.scrub import scrubber


@pytest.mark.parametrize(
    "name", ["password", "pass", "motherduck_token", "s3_secret_access_key", "private_key", "API-Key", "pwd"]
)
def test_the_value_of_a_secret_setting_is_hidden(name: str):
    scrub = scrubber([{"user": "ann", name: "hunter2"}], {})

    assert scrub("ann could not log in with 'hunter2'") == "ann could not log in with '*****'"


def test_ordinary_settings_stay_readable():
    settings = {
        "type": "duckdb",
        "schema": "main",
        "secrets": [{"type": "http", "region": "eu"}],
        "keepalives": 5,
    }

    assert scrubber([settings], {})("duckdb main http eu 5") == "duckdb main http eu 5"


def test_secrets_are_found_in_nested_settings_and_behind_variables():
    settings = {
        "keyfile_json": {"private_key": "-----BEGIN KEY-----\nabc"},
        "secrets": [{"type": "s3", "secret": "{{ env_var('S3_SECRET') }}", "key_id": 12345}],
        "tokens": ["first_token", "second_token"],
    }
    scrub = scrubber([settings], {"S3_SECRET": "from the environment", "DBT_ENV_SECRET_GIT": "ghp_abcdef"})

    hidden = scrub("-----BEGIN KEY-----\nabc|from the environment|12345|first_token|second_token|ghp_abcdef")
    assert hidden == "*****|*****|*****|*****|*****|*****"


def test_a_password_with_special_characters_is_hidden_inside_an_address_too():
    scrub = scrubber([{"password": "p@ss/word 1"}], {})

    assert scrub("postgresql://ann:p%40ss%2Fword%201@host/db") == "postgresql://ann:*****@host/db"


def test_what_looks_like_a_password_in_an_address_is_hidden_though_no_setting_names_it():
    scrub = scrubber([], {})

    assert (
        scrub("cannot attach 'md:shop?motherduck_token=abc.def'")
        == "cannot attach 'md:shop?motherduck_token=*****'"
    )
    assert scrub("no route to mysql://ann:hunter2@host:3306") == "no route to mysql://ann:*****@host:3306"


def test_a_short_secret_is_hidden_only_where_it_stands_alone():
    assert scrubber([{"password": "a"}], {})("a bad password 'a'") == "***** bad password '*****'"


def test_colour_codes_are_taken_out():
    assert scrubber([], {})("[\x1b[32mOK\x1b[0m in 0.1s]") == "[OK in 0.1s]"


@pytest.mark.parametrize(
    "text",
    [
        "macro said: password='hunter22'",
        "{'aws_secret_access_key': 'hunter22'}",
        "Authorization: Bearer hunter22.abc",
        "api_key = hunter22",
        "Could not convert string 'hunter22@x.org' to INT32",
        'duplicate key value violates "u"\nDETAIL: Key (email)=(hunter22@x.org) already exists.',
    ],
)
def test_secrets_that_nobody_declared_are_hidden_by_their_form_or_name(text: str):
    assert "hunter22" not in scrubber([], {})(text)


@pytest.mark.parametrize(
    "text",
    [
        'Unexpected token: "FROM" at line 3',
        'column "token" does not exist; LINE 3: on a.token = b.token',
        'password authentication failed for user "ann"',
        "ann@x.org has no privilege select on raw.orders",
        'does not have a column named "api_key"',
    ],
)
def test_what_says_why_stays(text: str):
    assert scrubber([], {})(text) == text
