"""Taking secrets and colour codes out of text before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

Scrub = Callable[[str], str]
HIDDEN = "*****"

_SECRET_WORDS = frozenset(
    ("password", "passwd", "pass", "pwd", "passphrase", "token", "secret", "key", "apikey", "credential")
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# user:password@ inside an address, and password=… or token=… inside a connection string.
_INLINE = re.compile(
    r"(?<=://)(?P<user>[^/\s:@]*):[^/\s@]+(?=@)|\b(?P<key>\w*(?:password|token|secret))=[^\s&;'\"]+",
    re.IGNORECASE,
)
# What is secret by its form alone, whatever it is called.
_FORMS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),  # access keys of AWS
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"),  # JSON web tokens
    re.compile(r"\b(?:gh[pousr]_|github_pat_|xox[abprs]-|sk-|dapi|glpat-|ya29\.)[\w.-]{10,}"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}|(?<=basic )[A-Za-z0-9+/=]{8,}"),
    re.compile(r"(?i)(?<=[?&]sig=)[^&\s\"']+|(?<=[?&]key=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=x-amz-signature=)[^&\s\"']+|(?<=x-amz-security-token=)[^&\s\"']+"),
)
# A setting whose name says that it is secret, as JSON, YAML, a connection string or a Python dict has it. The
# tokens that parsers speak of are none, nor is a column that is compared with another one.
_NAMED = re.compile(
    r"(?i)([\"']?\b[\w-]*(?:password|passwd|pwd|passphrase|secret|(?:api|access|private)[_-]?key|credential"
    r"|(?<!unexpected )(?<!invalid )(?<!illegal )(?<!extraneous )(?<!input )(?<!next )(?<!bad )token)s?\b"
    r"[\"']?\s*[:=]\s*)(?![a-z_]\w*\.[a-z_]\w*\b)(\"[^\"]*\"|'[^']*'|[^\s,;&'\")}]+)"
)
# Engines quote the value that they could not take; an address among them is somebody's.
_TELLS_VALUE = re.compile(r"(?i)\b(?:convert|cast|input syntax|pars(?:e|ing)|truncat|too long|duplicate key)")
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_ENV_VAR = re.compile(r"env_var\(\s*['\"](\w+)['\"]")


def scrubber(settings: Iterable[Any], env: Mapping[str, str]) -> Scrub:
    """A function that hides every secret in a text and takes colour codes out.

    Secret is: the value of a setting whose name has a word like password, token or key in it, also where
    the value is `{{ env_var('NAME') }}`; a variable that dbt calls secret (`DBT_ENV_SECRET…`); what looks
    like a password inside an address; keys and tokens by their form or by the name before them; and an
    address of mail in a value that an engine could not take.

    Example:
        >>> scrubber([{"user": "ann", "password": "hunter2"}], {})("login ann/hunter2 failed")
        'login ann/***** failed'
        >>> scrubber((), {})('token: "abc", user: ann; postgres://ann:pw@db/x')
        'token: *****, user: ann; postgres://ann:*****@db/x'
    """
    secrets = {value for item in settings for value in _secret_values(item, env)}
    secrets |= {quote(secret, safe="") for secret in secrets}
    secrets |= {value for name, value in env.items() if name.startswith("DBT_ENV_SECRET")}
    # Longest first, so that a secret that contains another one is hidden whole. A short one is hidden only
    # where it stands alone: the letter "a" is no reason to make a message unreadable.
    parts = [
        re.escape(secret) if len(secret) > 3 else rf"(?<!\w){re.escape(secret)}(?!\w)"
        for secret in sorted(secrets - {""}, key=len, reverse=True)
    ]
    known = re.compile("|".join(parts)) if parts else None

    def scrub(text: str) -> str:
        text = _ANSI.sub("", text)
        if known:
            text = known.sub(HIDDEN, text)
        text = _INLINE.sub(_hide_inline, text)
        for form in _FORMS:
            text = form.sub(HIDDEN, text)
        text = _NAMED.sub(rf"\g<1>{HIDDEN}", text)
        return _MAIL.sub(HIDDEN, text) if _TELLS_VALUE.search(text) else text

    return scrub


def _hide_inline(match: re.Match[str]) -> str:
    return f"{match['key']}={HIDDEN}" if match["key"] else f"{match['user']}:{HIDDEN}"


def _secret_values(value: Any, env: Mapping[str, str], secret: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secret_values(item, env, _is_secret(str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secret_values(item, env, secret)
    elif secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        names = _ENV_VAR.findall(text)
        yield from (env[name] for name in names if name in env)
        if not names:
            yield text


def _is_secret(name: str) -> bool:
    words = re.split(r"[^a-z0-9]+", name.lower())
    return not _SECRET_WORDS.isdisjoint([*words, *(word.removesuffix("s") for word in words)])
