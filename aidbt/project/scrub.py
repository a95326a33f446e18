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
_ENV_VAR = re.compile(r"env_var\(\s*['\"](\w+)['\"]")


def scrubber(settings: Iterable[Any], env: Mapping[str, str]) -> Scrub:
    """A function that hides every secret in a text and takes colour codes out.

    Secret is: the value of a setting whose name has a word like password, token or key in it, also where
    the value is `{{ env_var('NAME') }}`; a variable that dbt calls secret (`DBT_ENV_SECRET…`); and what
    looks like a password inside an address.

    Example:
        >>> scrubber([{"user": "ann", "password": "hunter2"}], {})("login ann/hunter2 failed")
        'login ann/***** failed'
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
        return _INLINE.sub(_hide_inline, text)

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
