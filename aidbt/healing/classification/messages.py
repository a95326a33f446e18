"""What a failure says, made comparable: without colours, values, names, numbers, places and secrets."""

from __future__ import annotations

import re

from aidbt.project.scrub import HIDDEN, scrubber

# Of a message that is longer only its two ends are read: the error stands first, or last after a traceback.
_HEAD, _TAIL = 6_000, 3_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\[\d{1,2}m")

_PLAIN_SCRUB = scrubber((), {})

# Order counts: an address holds numbers, a path holds names.
_FORMS = (
    (re.compile(r"https?://[^\s'\"<>)]+"), "URL"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "MAIL"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "ADDRESS"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"), "TIME"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|(?:gs|s3a?|abfss?|dbfs|file):/{1,3}|\.{0,2}/)"
                r"[\w.$<>*{}=-]+(?:[/\\][\w.$<>*{}=-]*)*"), "PATH"),
    (re.compile(r"\b(?:models|macros|seeds|snapshots|tests|target|dbt_packages)[/\\][\w./\\-]+"), "PATH"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=\w*\d)[0-9a-f]{12,}\b", re.IGNORECASE), "ID"),
)  # fmt: skip
_NODE = re.compile(r"(?i)\b(in (?:model|snapshot|seed|analysis|macro|operation)) [\w.]+|\bmodel(?:\.\w+){2,}")
_NAMED = re.compile(
    r"`[^`\n]{1,200}`(?:\.`[^`\n]{1,200}`)*|\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|<[^<>\n]{1,80}>"
)
# SQL that is quoted after the error. PostgreSQL and DuckDB write LINE so; "line 3:8:" of Trino is no echo.
_ECHO = re.compile(
    r"(?:compiled code at|(?-i:\bLINE \d+: )|\bline \d+:\d+ ?\||== SQL|^--+\^+)[^\n]*",
    re.MULTILINE | re.IGNORECASE,
)
# SQLSTATEs, HTTP statuses, and the numbers engines give their errors stay; other numbers say nothing.
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[_,]\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")
_STATUS = re.compile(r"[45]\d\d\Z|\d{4,6}\Z")


def plain_text(message: str) -> str:
    """The message on one line, without colours; of a very long one its beginning and its end."""
    return " ".join(_ANSI.sub("", _ends(message)).split())


def _ends(message: str) -> str:
    if len(message) <= _HEAD + _TAIL:
        return message
    return f"{message[:_HEAD]}\n…\n{message[-_TAIL:]}"


def normal_form(message: str) -> str:
    """What stays the same when the same thing fails elsewhere, in lower case.

    Names in quotes become `NAME`, numbers that are no codes `N`, and so on; echoed SQL is cut. It holds no
    value of a row, no name of a person and no secret, so that it may be stored.

    Example:
        >>> normal_form('column "e_mail" does not exist\\nLINE 3: select e_mail from crm')
        'column NAME does not exist'
        >>> normal_form("503 from https://api.example.com/v1?key=abc after 31.5 s")
        '503 from URL after N s'
    """
    text = _ECHO.sub(" ", _ANSI.sub("", _ends(message)))
    text = plain_text(_PLAIN_SCRUB(text)).replace(HIDDEN, "SECRET")
    for form, word in _FORMS:
        text = form.sub(f" {word} ", text)
    text = _NODE.sub(lambda found: f"{found[1]} NAME" if found[1] else "NAME", text)
    text = _NAMED.sub(" NAME ", text)
    text = _NUMBER.sub(lambda found: found[0] if _STATUS.match(found[0]) else "N", text)
    return _LETTERS.sub(
        lambda found: found[0] if found[0] in _WORDS else found[0].lower(), " ".join(text.split())
    )


_LETTERS = re.compile(r"\w+")
_WORDS = frozenset(("NAME", "N", "PATH", "URL", "MAIL", "ID", "ADDRESS", "TIME", "SECRET"))
