"""The structured part of what failed: SQLSTATEs, engines' own codes, conditions, statuses, classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.healing.classification.messages import plain_text


@dataclass(frozen=True, slots=True)
class Failed:
    """What is known of a failure.

    Attributes:
        adapter: dbt's name of the engine, or what else said it ("http", "kafka"); "" when unknown.
        sqlstate, code, exception: where the driver gave them beside the message.
    """

    message: str
    adapter: str = ""
    sqlstate: str = ""
    code: str = ""
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One code in what was said.

    Attributes:
        kind: whose codes these are, a key of `rulebook.codes.TABLES`.
    """

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A failure, read.

    Attributes:
        text: the message on one line.
        marks: its codes, in the order in which they decide.
    """

    text: str
    adapter: str
    marks: tuple[Mark, ...]


# kind → where its codes stand. The order is that of deciding: an engine's own code says more than a SQLSTATE,
# which says more than the status of HTTP that carried it.
_STATE = r"([0-9A-Z]{2}[0-9A-Z]{3})"
_MARKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("snowflake", r"(?<!\d)(\d{6}) \([0-9A-Z]{5}\)"),
        ("snowflake", r"(?<![\d.:-])((?:00[0-3]|09[01]|100|25[0-5]|39[0-5])\d{3})(?: \(\w+\))?: "),
        ("sqlserver", r"\((\d{1,5})\) \(SQL\w+\)|Msg (\d{1,5}), Level|\((\d{2,5}), b['\"]"),
        ("sqlserver", r"\[SQL Server\][^()\[\]]{0,300}\((\d{2,5})\)"),
        ("mysql", r"\(([1-4]\d{3}), ['\"]|ERROR ([1-4]\d{3}) \(|(?:^|\s)([1-4]\d{3}) \([0-9A-Z]{5}\): "),
        ("spark", r"\[([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:\.[A-Z0-9_]+)*|PARSE_SYNTAX_ERROR)\]"),
        ("spark", r"\b((?:DELTA|UC|UNRESOLVED|CAST|TABLE|SCHEMA|INSERT|MERGE)_[A-Z_]{6,}(?:\.[A-Z_]+)*)\b"),
        ("trino", r"name=([A-Z]+(?:_[A-Z]+)*)"),
        ("trino", r"(?:^|[\s\"'])([A-Z]{2,}(?:_[A-Z]+)+): "),
        ("clickhouse", r"\(([A-Z]+(?:_[A-Z]+)+)\)(?: \(version|\s|$)"),
        ("clickhouse", r"Code: (\d+)[., ]"),
        ("oracle", r"\b(ORA-\d{5})\b"),
        ("bigquery", r"(?:reason['\"]?[:=] ?['\"]?|, )([a-z]+(?:[A-Z][a-z]+)+|notFound|stopped|timeout|duplicate)\b"),
        ("google", r"google\.api_core\.exceptions\.(\w+)|google\.auth\.exceptions\.(\w+)"),
        ("aws", r"An error occurred \(([A-Z]\w+)\)|<Code>(\w+)</Code>|Error Code: (\w+)"),
        ("aws", r"\b([A-Z][a-z]+(?:[A-Z][a-z]+)*Exception): .*(?:AWS|Athena|Glue|Amazon|Redshift)"),
        ("sqlstate", rf"(?i:sqlstate)[\s=:\[('\"]*{_STATE}\b|\('{_STATE}', |\[{_STATE}\] \[|'C': '{_STATE}'"),
        ("sqlstate", rf"(?:ERROR|FATAL|error):? +{_STATE}: |database error {_STATE}: |\(({_STATE[1:-1]})\): "),
        ("duckdb", r"(?:^|[\s(])([A-Z][A-Za-z]+(?: [A-Z][a-z]+)*) Error: "),
        ("psycopg", r"(?:psycopg2?\.errors\.|errors\.)(\w+)|\(psycopg2?\.(?:errors\.)?(\w+)\)"),
        ("exception", r"\b(?:[A-Za-z_]\w*\.)*([A-Z]\w*(?:Error|Exception|Timeout|Refused|Interrupt|Expired))\b"),
        ("http", r"(?i)\b(?:http(?:/[\d.]+)?(?: ?status)?(?: ?code)?(?: ?error)?|status(?:[ _-]?code)?|response code|returned|error|code)"
                 r"['\"]?[\s:=\[(<]{1,3}([45]\d\d)\b"),
        ("http", r"\b([45]\d\d) (?:Client|Server) Error|An error occurred \(([45]\d\d)\)|too many ([45]\d\d) error|\b([45]\d\d) (?:GET|POST|PUT|DELETE|PATCH) http"),
        ("http", r"(?:^|[\s('\"<\[])([45]\d\d)[\s,:]+(?:Unauthorized|Forbidden|Not Found|Too Many Requests|Internal Server|"
                 r"Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time|Conflict|Payment|Gone|Request Time|Proxy Auth)"),
    )
)  # fmt: skip


def marked(failed: Failed) -> Marked:
    """The message with its codes; what the driver gave beside it counts first."""
    text = plain_text(failed.message)
    given = [
        Mark(kind, value)
        for kind, value in (("sqlstate", failed.sqlstate), ("exception", failed.exception))
        if value
    ]
    if failed.code:
        given.insert(0, Mark(_ENGINES.get(failed.adapter, failed.adapter), failed.code))
    found = dict.fromkeys([*given, *_marks(text)])
    return Marked(text, failed.adapter.lower(), tuple(found))


_ENGINES = {"fabric": "sqlserver", "synapse": "sqlserver", "databricks": "spark", "athena": "trino"}


def _marks(text: str) -> Iterator[Mark]:
    for kind, pattern in _MARKS:
        for match in pattern.finditer(text):
            code = next((group for group in match.groups() if group), "")
            if code:
                yield Mark(kind, code.replace(" ", ""))
