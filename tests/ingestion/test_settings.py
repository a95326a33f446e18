"""Connector files: read with errors by line, and never holding a secret."""

from __future__ import annotations

import pytest

from aidbt.core.errors import SettingsError, UnknownName, UsageError
from ingestion.settings import connector_from, load_connectors


@pytest.fixture
def configure(write, tmp_path):
    """Writes connector files by name."""

    def configure(**files):
        for name, text in files.items():
            write(f"aidbt/connectors/{name}.yml", text)
        return tmp_path

    return configure


FLIGHTS = """
connector: postgres
url: "postgresql://{{ env_var('PG_USER', 'ann') }}:{{ env_var('PG_PASSWORD') }}@{{ env_var('PG_HOST') }}/air"
tables: [flights, "plane*"]
"""


def test_a_file_is_read_with_its_defaults_and_its_variables(configure):
    root = configure(nycflights=FLIGHTS, exports="connector: csv\nname: crm\npath: in/*.csv\n")

    env = {"PG_PASSWORD": "p@ss/w%20rd", "PG_HOST": "db:5432"}
    exports, flights = load_connectors(root, env=env, schema_prefix="raw_")

    assert (flights.settings.name, flights.settings.bronze_schema) == ("nycflights", "raw_nycflights")
    assert flights.settings.tables == ("flights", "plane*") and flights.settings.schema == "public"
    assert flights.settings.url.get_secret_value() == "postgresql://ann:p%40ss%2Fw%2520rd@db:5432/air"
    assert (exports.settings.name, exports.settings.bronze_schema) == ("crm", "raw_crm")


def test_a_whole_url_from_a_variable_is_taken_as_it_is(configure):
    root = configure(shop="connector: postgres\nurl: \"{{ env_var('URL') }}\"\n")

    (shop,) = load_connectors(root, env={"URL": "postgresql://u:p%40@h/d"})
    assert shop.settings.url.get_secret_value() == "postgresql://u:p%40@h/d"
    assert "p%40" not in repr(shop.settings)


def test_only_the_variables_of_the_sources_asked_for_have_to_be_set(configure):
    root = configure(nycflights=FLIGHTS, crm="connector: csv\npath: in.csv\n")

    assert [connector.settings.name for connector in load_connectors(root, ["crm"], env={})] == ["crm"]
    with pytest.raises(SettingsError, match="PG_HOST is not set"):
        load_connectors(root, env={})
    with pytest.raises(UnknownName) as caught:
        load_connectors(root, ["nycflight"], env={})
    assert caught.value.hint == "did you mean 'nycflights'?"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@db/air",
        "postgresql://{{ env_var('U') }}:hunter2@db/air",
        "postgresql://ann@db/air?password=hunter2",
        "{{ env_var('URL', 'postgresql://ann:hunter2@db/air') }}",
    ],
)
def test_a_password_in_a_file_is_refused_and_not_repeated(url, configure):
    root = configure(shop=f'connector: postgres\nurl: "{url}"\n')

    with pytest.raises(SettingsError) as caught:
        load_connectors(root, env={"U": "ann"})

    assert caught.value.line == 2 and "'url' holds a password" in caught.value.message
    assert "env_var('NAME')" in caught.value.hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("path: in.csv\n", None, "the key 'connector' is missing", "postgres, csv, parquet"),
        ("connector: cvs\npath: a\n", 1, "no connector is called 'cvs'", "did you mean 'csv'?"),
        ("connector: csv\npath: a\ndelimeter: ';'\n", 3, "unknown key 'delimeter'", "mean 'delimiter'?"),
        ("connector: parquet\npath: a\ndelimiter: ';'\n", 3, "unknown key 'delimiter'", "known keys"),
        ("connector: csv\n", None, "the key 'path' is missing", None),
        ("connector: csv\npath: a\nmax_rejected_rows: -1\n", 3, "greater than or equal to 0, got -1", None),
        ("connector: csv\npath: a\nencoding: latin-9000\n", 3, "no such encoding", None),
        ("- a\n", 1, "expected a connector's keys and values", None),
        ("connector: postgres\nurl: nonsense\n", 2, "the url is not one of PostgreSQL", "postgresql://user@host"),
        ("connector: csv\nconnector: csv\n", 2, "the key 'connector' stands twice", None),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(text, line, said, hint, configure):
    root = configure(wrong=text)

    with pytest.raises(SettingsError) as caught:
        load_connectors(root, env={})

    assert said in caught.value.message
    assert caught.value.line == line
    assert hint is None or hint in caught.value.hint


def test_two_files_of_one_source_are_refused(configure):
    root = configure(a="name: x\nconnector: csv\npath: a\n", b="name: x\nconnector: csv\npath: b\n")

    with pytest.raises(SettingsError, match=r"the source 'x' is already configured in a.yml"):
        load_connectors(root, env={})


def test_no_connector_files_are_no_connectors(tmp_path):
    assert load_connectors(tmp_path) == []


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("postgresql://ann@db/air", "postgres"),
        ("{{ env_var('URL') }}", "postgres"),
        ("exports/*.csv", "csv"),
        ("s3://bucket/a.csv.gz", "csv"),
        ("a.tsv", "csv"),
        ("gs://bucket/**/*.parquet", "parquet"),
        ("events.ndjson.gz", "json"),
        ("s3://bucket/*.json", "json"),
        ("mysql+pymysql://ann@db/shop", "sqlalchemy"),
        ("postgresql+psycopg2://ann@db/air", "sqlalchemy"),
    ],
)
def test_the_kind_follows_from_the_location(location, kind, tmp_path):
    connector = connector_from(location, "x", root=tmp_path, env={"URL": "postgresql://ann:secret@db/air"})

    assert (connector.settings.connector, connector.settings.bronze_schema) == (kind, "bronze_x")


def test_a_location_of_an_unclear_kind_is_refused(tmp_path):
    with pytest.raises(UsageError, match="it is not clear what kind of source this is"):
        connector_from("exports/", "x", root=tmp_path)
    connector = connector_from("exports/", "x", root=tmp_path, options={"connector": "parquet"})
    assert connector.settings.connector == "parquet"


def test_variables_and_passwords_are_found_in_sections_too(configure):
    text = "connector: postgres\nurl: \"{{ env_var('URL') }}\"\ncdc:\n  slot: "

    (shop,) = load_connectors(
        configure(shop=text + "\"{{ env_var('SLOT') }}\"\n"),
        env={"URL": "postgresql://h/d", "SLOT": "a_slot"},
    )
    assert shop.settings.cdc.slot == "a_slot"
    with pytest.raises(SettingsError, match="'cdc' holds a password"):
        load_connectors(configure(shop=text + "x\n  tables: ['postgresql://ann:hunter2@db/air']\n"), env={})
