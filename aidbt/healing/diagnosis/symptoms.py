"""What an error message names: a column, a relation, a value, a file and line. One reading for all engines.

The formats are those that the engines document or print: DuckDB 1 and 2, PostgreSQL and Redshift, Snowflake,
BigQuery, Spark and Databricks, Trino; and dbt's own, 1.8 to 1.11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

What = Literal[
    "missing_column", "missing_relation", "missing_schema", "missing_function", "missing_ref",
    "missing_source", "missing_macro", "missing_package", "missing_variable", "missing_dbt_var",
    "missing_argument", "missing_role", "missing_profile", "missing_file", "bad_cast", "type_mismatch",
    "set_operation", "contract", "not_null", "duplicate_key", "syntax", "jinja", "yaml", "lock", "full",
    "encoding", "file_format", "ambiguous", "cycle", "other",
]  # fmt: skip

# The order counts: the first that fits is taken. What is not about a name or a value (connections, rights,
# memory) is not told apart here: that is what classification is for.
_PATTERNS: tuple[tuple[What, tuple[str, ...]], ...] = (
    (
        "missing_ref",
        (
            r"depends on a node named '(?P<name>[^']+)'(?: in package '[^']+')? which (?:was not|is)",
            r"node named '(?P<name>[^']+)'.{0,80}which (?:was not found|is disabled)",
            r"Unable to find model '(?:[^'.]+\.)?(?P<name>[^']+)' for unit test",
            r"had an input \(ref\('(?P<name>[^']+)'\)\) which was not found",
        ),
    ),
    ("missing_source", (r"depends on a source named '(?P<name>[^']+)' which (?:was not|is)",)),
    ("missing_variable", (r"Env var required but not provided: '(?P<name>\w+)'",)),
    ("missing_dbt_var", (r"Required var '(?P<name>\w+)' not found",)),
    (
        "missing_argument",
        (r"macro '(?:dbt_macro__)?(?P<relation>\w+)' takes no keyword argument '(?P<name>\w+)'",),
    ),
    (
        "missing_profile",
        (
            r"Could not find profile named '(?P<name>[^']+)'",
            r"does not have a target named '(?P<name>[^']+)'",
            r"dbt looked for a profiles\.yml|no profiles?\.yml|profile '[^']*' .*no target",
            r"Could not read profiles?|(?:error|invalid)[^\n]{0,200}profiles\.yml",
            r"Credentials in profile \"(?P<name>[^\"]+)\"",
        ),
    ),
    (
        "missing_package",
        (
            r"found \d+ packages? specified.*but only \d+ packages? installed",
            r"No package named '?(?P<name>[\w-]+)",
            r"run \"?dbt deps\"?",
        ),
    ),
    ("missing_macro", (
        r"'(?:test_)?(?P<name>[\w.]+)' is undefined",
        r"depends on a macro named '(?P<name>[^']+)'",
        r"no (?:test or )?macro named '?(?P<name>[\w.]+)",
        r"has no (?:attribute|macro) '(?P<name>\w+)'",
        r"Could not find my_project|dbt could not find a macro with the name ['\"](?P<name>[\w.]+)",
    )),
    ("cycle", (r"Found a cycle: (?P<name>.*)",)),
    ("contract", (r"enforced contract that failed",)),
    ("yaml", (
        r"Syntax error near line|mapping values are not allowed|while parsing a|found character that cannot",
        r"could not find expected ':'|Not able to parse|Error reading .{1,200}\.ya?ml|is not valid under any",
        r"Runtime Error\s+Invalid .{1,100}\.ya?ml|found undefined (?:tag|alias)|YAML",
        r"No materialization '(?P<name>\w+)' was found|not a valid value for '?materialized",
    )),
    ("jinja", (
        r"Unexpected end of template|TemplateSyntaxError|Encountered unknown tag|unknown tag",
        r"Reached EOF without finding a close|expected token '[^']+', got|unexpected '[^']+'",
        r"unexpected EOF, expected|missing a close tag|No filter named '(?P<name>\w+)'|unexpected char",
    )),
    ("lock", (
        r"Could not set lock on file|database is locked|being used by another process|Conflicting lock",
    )),
    ("full", (
        r"No space left on device|Errno 28\b|File too large|Errno 27\b|disk (?:is )?full|Disk quota exceeded"
        r"|could not extend file",
    )),
    ("missing_file", (
        r"No files found that match the pattern \"(?P<name>[^\"]+)\"",
        r"Cannot open (?:file|database) \"(?P<name>[^\"]+)\".{0,60}(?:No such file|does not exist)",
        r"Could not read from file \"(?P<name>[^\"]+)\": Is a directory",
    )),
    ("encoding", (
        r"Invalid unicode|invalid byte sequence|not utf-8|is not valid UTF-?8|UnicodeDecodeError",
        r"unicode \(.{1,40}\) conversion",
    )),
    ("file_format", (
        r"CSV Error|Malformed JSON|Invalid Parquet|not a parquet file|No magic bytes",
        r"Error when (?:converting|sniffing)",
    )),
    ("missing_column", (
        r"Referenced column \"(?P<name>[^\"]+)\" (?:was )?not found",
        r"Referenced column (?P<name>[^\n]+?) not found in FROM clause",  # in QUALIFY, ORDER BY of a window
        r"Invalid column name: '(?P<name>[^']+)' in unit test fixture for '(?P<relation>[^']+)'",
        r"Column \"(?P<name>[^\"]+)\" referenced that exists in the SELECT clause",
        r"(?:list|Table|View) \"(?P<relation>[^\"]+)\" does not have a column named \"(?P<name>[^\"]+)",
        r"column \"?(?:(?P<relation>\w+)\.)?(?P<name>\w+)\"? does not exist",
        r"invalid identifier '(?:\"?(?P<relation>\w+)\"?\.)?\"?(?P<name>\w+)\"?'",
        r"Unrecognized name: (?:(?P<relation>\w+)\.)?(?P<name>\w+)",
        r"Name (?P<name>\w+) not found inside (?P<relation>\w+)",
        r"UNRESOLVED_COLUMN[^`]*`(?:(?P<relation>\w+)`\.`)?(?P<name>\w+)`",
        r"Column '(?:(?P<relation>\w+)\.)?(?P<name>\w+)' cannot be resolved",
        r"Column \"(?P<name>[^\"]+)\" in (?:EXCLUDE|REPLACE|RENAME) list not found",
        r"Could not find column \"?(?P<name>\w+)|Column \"(?P<name2>[^\"]+)\" (?:does not exist|not found)",
        r"Column (?:with name )?(?P<name>\w+) does not exist|no such column: (?P<name2>\S+)",
        # PostgreSQL's, of names that had to be quoted
        r"column \"(?P<name>[^\"\n]+)\" does not exist|column \w+\.(?P<name2>[^\"\n]+?) does not exist",
    )),
    ("missing_role", (r"(?<!FATAL:  )\brole \"(?P<name>[^\"]+)\" does not exist",)),
    ("missing_schema", (
        r"Schema with name \"?(?P<name>[\w.]+)\"? does not exist",
        r"schema \"(?P<name>[^\"]+)\" does not exist",
    )),
    ("missing_relation", (
        r"(?:Table|View) with name \"?(?P<name>[\w.]+)\"? does not exist",
        r"Referenced table \"(?P<name>[^\"]+)\" not found|FROM-clause entry for table \"(?P<name2>[^\"]+)\"",
        r"relation \"(?P<name>[^\"]+)\" does not exist",
        r"cross-database references are not implemented: \"(?P<name>[^\"]+)\"",
        r"for unit test '[^']+' from relation (?P<name>\S+) because the relation doesn't exist",
        r"Object '(?P<name>[^']+)' does not exist or not authorized",
        r"Not found: Table (?P<name>\S+)",
        r"TABLE_OR_VIEW_NOT_FOUND[^`]*(?P<name>`[^ ]+`)",
        r"Table '(?P<name>[^']+)' does not exist|no such table: (?P<name2>\S+)",
    )),
    ("missing_function", (
        r"Function with name \"?(?P<name>\w+)\"? does not exist",
        r"function (?P<name>\w+)\(.*\) does not exist|Unknown function:? (?P<name2>\w+)",
    )),
    ("ambiguous", (
        r"Ambiguous reference to column name \"(?P<name>\w+)\"",
        r"column reference \"(?P<name>\w+)\" is ambiguous",
    )),
    ("bad_cast", (
        r"Could not convert string ['\"](?P<value>.*?)['\"] to (?P<type>\w+)",
        r"invalid (?:timestamp|date|time) field format: \"(?P<value>[^\"]*)\"",
        r"invalid input syntax for type (?P<type>[\w ]+): \"(?P<value>[^\"]*)\"",
        r"invalid input value for enum (?P<type>\S+): \"(?P<value>[^\"]*)\"",
        r"Conversion Error|Numeric value '(?P<value>[^']*)' is not recognized|CAST_INVALID_INPUT",
        r"Bad (?:int64|double|bool) value|field value out of range|Could not parse string|Cannot cast '",
    )),
    ("set_operation", (
        r"same number of result columns|must have the same number of columns|NUM_COLUMNS_MISMATCH",
        r"invalid number of result columns for set operator|queries in UNION have mismatched column count",
        r"source and target schemas on this incremental model are out of sync",
    )),
    ("type_mismatch", (
        r"Cannot compare values of type|operator does not exist|DATATYPE_MISMATCH|No operator matches",
        r"No function matches the given name and argument types|Cannot mix values of type",
        r"types? .{1,60} cannot be matched|explicit type cast|does not match .{0,40}argument types",
        r"must be type \w+, not type|is of type .{1,60} but expression is of type|cannot cast type",
    )),
    ("not_null", (
        r"NOT NULL constraint failed: (?P<name>\S+)|null value in column \"(?P<name2>\w+)\"",
        r"NULL result in a non-nullable column",
    )),
    ("duplicate_key", (
        r"Duplicate key|duplicate key value|violates (?:primary key|unique) constraint",
        r"PRIMARY KEY or UNIQUE constraint|UPDATE/MERGE must match at most one|row affects row a second time",
        r"Found duplicate|duplicate row detected",
    )),
    ("syntax", (
        r"syntax error|Parser Error|PARSE_SYNTAX_ERROR|mismatched input|SQL compilation error",
    )),
)  # fmt: skip
_COMPILED = tuple(
    (what, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for what, patterns in _PATTERNS
    for pattern in patterns
)
_LINE = re.compile(r"\bline (?P<line>\d+)", re.IGNORECASE)
_AT = re.compile(r"at or near \"(?P<token>[^\"]+)\"", re.IGNORECASE)
_HEADING = re.compile(
    r"in (?:model|test|seed|snapshot|macro|analysis|operation) ['\"]?[\w.]+['\"]? \((?P<path>[^)]+)\)"
)
_CLASSES = re.compile(r"\b([A-Z][a-zA-Z]+ Error)\b(?!:? in )")
_SQLSTATE = re.compile(r"SQLSTATE[:= ]+(?P<code>[0-9A-Z]{5})|\((?P<code2>[0-9]{2}[0-9A-Z]{3})\)")


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a message says.

    Attributes:
        name: of the column, relation, macro, variable, … it complains about; "" where it names none.
        relation: where that is looked for, by the name or alias that the SQL uses.
        line: of the SQL that was sent, 0 when it is not said; DuckDB's mislead in long statements.
        token: what the parser stopped at.
        path: the file that the message names.
        code: the engine's own word for the class of the error, or a SQLSTATE.
    """

    what: What
    name: str = ""
    relation: str = ""
    value: str = ""
    data_type: str = ""
    line: int = 0
    token: str = ""
    path: str = ""
    code: str = ""


def symptom_of(message: str) -> Symptom:
    """What a message says; "other" where no known format fits.

    Example:
        >>> symptom_of('Binder Error: Referenced column "mail" not found in FROM clause!').name
        'mail'
    """
    found = Symptom("other")
    for what, pattern in _COMPILED:
        match = pattern.search(message)
        if match is not None:
            found = _of_match(what, match)
            break
    line, token, heading = _LINE.search(message), _AT.search(message), _HEADING.search(message)
    named = _SQLSTATE.search(message)
    said = _CLASSES.findall(message)
    return replace(
        found,
        line=int(line["line"]) if line else 0,
        token=token["token"] if token else "",
        path=heading["path"] if heading else "",
        code=(named["code"] or named["code2"]) if named else said[-1] if said else "",
    )


def _of_match(what: What, match: re.Match[str]) -> Symptom:
    groups = {name: text for name, text in match.groupdict().items() if text}
    name = next((groups[key] for key in ("name", "name2") if key in groups), "")
    return Symptom(
        what,
        name.strip("\"'`"),
        groups.get("relation", ""),
        groups.get("value", ""),
        groups.get("type", ""),
    )


_CAST_FROM = re.compile(r"from source column (?P<name>\w+)")
_CONTRACT_ROW = re.compile(r"^\s*\|\s*(?P<name>\w+)\s*\|[^|]*\|[^|]*\|\s*data type mismatch", re.M | re.I)


def named_columns(message: str) -> list[str]:
    """The columns that a message about types names: the one a cast reads, those a contract has otherwise."""
    found = [match["name"] for pattern in (_CAST_FROM, _CONTRACT_ROW) for match in pattern.finditer(message)]
    return list(dict.fromkeys(found))
