"""The connector files of a project: `<dbt project>/aidbt/connectors/<name>.yml`, one source each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from aidbt.core.config import explain, fill_env_vars, parse_yaml, read_text
from aidbt.core.errors import SettingsError, UnknownName, UsageError
from ingestion.connectors import CONNECTORS
from ingestion.connectors.base import Connector

CONNECTORS_FOLDER = "aidbt/connectors"

_ENV_VAR = re.compile(r"\{\{.*?\}\}", re.DOTALL)
# scheme://user:password@, where a {{ … }} counts as one character.
_LOGIN = re.compile(r"(?P<scheme>\w[\w+]*://)(?P<login>(\{\{.*?\}\}|[^{/@?]|\{(?!\{))*)@", re.DOTALL)
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@|\b(ssl)?password\s*=\s*[^&\s]", re.IGNORECASE)
_PARQUET = re.compile(r"\.(parquet|pq)$", re.IGNORECASE)
_JSON = re.compile(r"\.(json|jsonl|ndjson)(\.(gz|bz2|zst|lz4))?$", re.IGNORECASE)
_STORES = ("s3", "gs", "gcs", "file", "http", "https", "abfs", "abfss", "az", "hdfs", "memory")
_CSV = re.compile(r"\.(csv|tsv|txt)(\.(gz|bz2|zst|lz4))?$", re.IGNORECASE)


def load_connectors(
    root: Path,
    names: Sequence[str] = (),
    *,
    schema_prefix: str = "bronze_",
    type_confidence: float = 0.2,
    env: Mapping[str, str] | None = None,
) -> list[Connector]:
    """The connectors of the dbt project in `root`, by name; nothing is opened.

    Args:
        names: only these sources. What is wrong with the files of others, and whether their variables are
            set, does not matter.
        schema_prefix: before a source's name it makes the schema its tables land in.
        type_confidence: for connectors that infer types, where the file does not say.
        env: the environment; the process's own by default.

    Raises:
        UnknownName: there is no connector file for one of the names.
        SettingsError: a file is wrong, holds a password, or needs a variable that is not set.
        MissingExtra: the connector's driver is not installed.
    """
    given: dict[str, _File] = {}
    broken: list[SettingsError] = []
    for path in _files(root):
        try:
            file = _read(path)
        except SettingsError as error:
            broken.append(error)
            continue
        if file.name in given:
            raise SettingsError(
                f"the source '{file.name}' is already configured in {given[file.name].path.name}",
                path=str(path),
            )
        given[file.name] = file
    # Of others it does not matter; but one that is not there may be what a broken file configures.
    if broken and not (names and given.keys() >= set(names)):
        raise broken[0]
    for name in names:
        if name not in given:
            raise UnknownName("connector", name, given)
    return [
        _connector(
            file.values,
            name,
            root,
            where=file.path,
            text=file.text,
            schema_prefix=schema_prefix,
            env=env,
            confidence=type_confidence,
        )
        for name, file in sorted(given.items())
        if not names or name in names
    ]


def sources_of(root: Path) -> dict[str, SettingsError | None]:
    """The sources that connector files of the dbt project in `root` configure, by name; nothing is opened.

    What is wrong with a file as such stands behind its source; what is wrong with its values, and whether
    their variables are set, `load_connectors` says of one source at a time.
    """
    found: dict[str, SettingsError | None] = {}
    for path in _files(root):
        try:
            found[_read(path).name] = None
        except SettingsError as error:
            found[path.stem] = error
    return found


def file_of(root: Path, source: str) -> Path | None:
    """The connector file that configures a source of the dbt project in `root`; None where none does."""
    for path in _files(root):
        try:
            if _read(path).name == source:
                return path
        except SettingsError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class _File:
    """A connector file: its text, and the values that stand in it."""

    name: str
    path: Path
    text: str
    values: dict[str, Any]


def _files(root: Path) -> list[Path]:
    return sorted([*root.glob(f"{CONNECTORS_FOLDER}/*.yml"), *root.glob(f"{CONNECTORS_FOLDER}/*.yaml")])


def _read(path: Path) -> _File:
    text = read_text(path)
    values = parse_yaml(text, str(path))
    if not isinstance(values, dict):
        raise SettingsError("expected a connector's keys and values", path=str(path), line=1)
    return _File(str(values.get("name", path.stem)), path, text, values)


def connector_from(
    location: str,
    name: str,
    *,
    root: Path,
    schema_prefix: str = "bronze_",
    type_confidence: float = 0.2,
    options: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
) -> Connector:
    """A connector for one URL, file, folder or pattern, without a connector file.

    Which kind it is follows from `postgresql://`, another database's URL, `.csv`, `.tsv`, `.json`, `.jsonl`,
    `.ndjson` or `.parquet`; `options` are further keys of a connector file, `connector` among them where the
    name does not tell.

    Args:
        location: may hold `{{ env_var('NAME') }}`. A relative path is relative to `root`.
        name: the source's name.

    Raises:
        UsageError: it is not clear what kind it is.
        SettingsError: the URL cannot be read, or an option is wrong.
    """
    values: dict[str, Any] = {**(options or {}), "name": name}
    kind = values.setdefault("connector", _kind_of(fill_env_vars(location, where="--from", env=env)))
    if kind is None:
        raise UsageError(
            "it is not clear what kind of source this is: neither a database's URL nor CSV, JSON or Parquet",
            hint=f"say which connector reads it: {', '.join(CONNECTORS.names())}",
        )
    values["url" if kind in ("postgres", "sqlalchemy") else "path"] = location
    return _connector(
        values,
        name,
        root,
        where="--from",
        schema_prefix=schema_prefix,
        env=env,
        confidence=type_confidence,
        may_hold_secrets=True,
    )


def _kind_of(location: str) -> str | None:
    if re.match(r"postgres(ql)?://", location):
        return "postgres"
    if _PARQUET.search(location):
        return "parquet"
    if _JSON.search(location):
        return "json"
    if _CSV.search(location):
        return "csv"
    scheme, found, _ = location.partition("://")
    return "sqlalchemy" if found and scheme.lower() not in _STORES else None


def _connector(
    values: Mapping[str, Any],
    name: str,
    root: Path,
    *,
    where: Path | str,
    text: str = "",
    schema_prefix: str,
    env: Mapping[str, str] | None,
    confidence: float,
    may_hold_secrets: bool = False,
) -> Connector:
    kind = values.get("connector")
    if not isinstance(kind, str):
        raise SettingsError(
            "the key 'connector' is missing",
            path=str(where),
            hint=f"connector: one of {', '.join(CONNECTORS.names())}",
        )
    if kind not in CONNECTORS.names():
        line = _line_of(text, "connector")
        error = UnknownName("connector", kind, CONNECTORS.names())
        raise SettingsError(error.message, path=str(where), line=line, hint=error.hint)
    connector_class = CONNECTORS.load(kind)
    if not may_hold_secrets:
        _refuse_secrets(values, where, text)
    filled = {key: _filled(value, str(where), env) for key, value in values.items()}
    filled.setdefault("name", name)
    filled.setdefault("bronze_schema", f"{schema_prefix}{name}")
    if "type_confidence" in connector_class.settings_class.model_fields:
        filled.setdefault("type_confidence", confidence)
    try:
        settings = connector_class.settings_class.model_validate(filled)
    except ValidationError as error:
        raise explain(error, connector_class.settings_class, path=where, text=text) from None
    try:
        connector: Connector = connector_class(settings, root)
    except SettingsError as error:
        line = _line_of(text, "url")
        raise SettingsError(error.message, path=str(where), line=line, hint=error.hint) from None
    return connector


def _filled(value: Any, where: str, env: Mapping[str, str] | None) -> Any:
    """A setting with its variables filled in; in the user and password of a URL, percent-encoded."""
    if isinstance(value, list):
        return [_filled(item, where, env) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, where, env) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    login = _LOGIN.match(value)
    if login is None:
        return fill_env_vars(value, where=where, env=env)

    def encoded(match: re.Match[str]) -> str:
        return quote(fill_env_vars(match[0], where=where, env=env), safe="")

    rest = fill_env_vars(value[login.end() :], where=where, env=env)
    return login["scheme"] + _ENV_VAR.sub(encoded, login["login"]) + "@" + rest


def _refuse_secrets(values: Mapping[str, Any], where: Path | str, text: str) -> None:
    for key, value in values.items():
        for item in _texts(value):
            if _has_password(item):
                raise SettingsError(
                    f"'{key}' holds a password",
                    path=str(where),
                    line=_line_of(text, key),
                    hint="write {{ env_var('NAME') }} in its place and set that variable; then change the "
                    "password, because this file may be in git",
                )


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _has_password(text: str) -> bool:
    """Whether a password stands in the text itself, or in the default of a variable."""
    outside = _ENV_VAR.sub("", text)
    return any(_PASSWORD.search(part) for part in (outside, *_ENV_VAR.findall(text)))


def _line_of(text: str, key: str) -> int | None:
    lines = text.splitlines()
    pattern = re.compile(rf"\s*['\"]?{re.escape(key)}['\"]?\s*:")
    return next((number for number, line in enumerate(lines, start=1) if pattern.match(line)), None)
