"""The settings of a project, each value with its origin. The only module that reads the environment.

`aidbt.yml` lies beside `dbt_project.yml`. A value is taken from the first of: the flag of a command,
the variable `AIDBT_<SECTION>_<NAME>`, the file, the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aidbt.core.errors import SettingsError, nearest
from aidbt.core.failures import ErrorClass

SETTINGS_FILE = "aidbt.yml"
Origin = Literal["flag", "environment", "file", "default"]


class Section(BaseModel):
    """Base of every group of settings: frozen, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# What stands in braces in the patterns below, and what it becomes.
_PATTERN_PARTS = {
    "source": "the source's name in snake_case",
    "table": "the table's name in snake_case",
    "entity": "the table's name in the singular",
    "entities": "the table's name in the plural",
    "model": "the staging model's name",
    "name": "a column's name without the ending that tells its kind",
    "full": "a column's whole name",
}
_BRACES = re.compile(r"\{(\w*)\}")


def _check_pattern(pattern: str, allowed: Sequence[str], needed: Sequence[str]) -> str:
    parts = _BRACES.findall(pattern)
    for part in parts:
        if part not in allowed:
            close = nearest(part, allowed)
            raise ValueError(
                f"'{{{part}}}' is no part of it" + (f"; did you mean '{{{close}}}'?" if close else "")
            )
    if needed and not set(parts) & set(needed):
        raise ValueError(f"it needs {' or '.join(f'{{{part}}}' for part in needed)}")
    return pattern


class GenerateSettings(Section):
    """What `aidbt generate` writes, and where.

    Paths are relative to the dbt project and may hold {source}, {table}, {entity}, {entities} and {model}.
    `sources` names the raw schemas to read, as schema → source name; empty means every schema that dbt does
    not build into; `schema_prefixes` are left out of a source's name. `freshness_warn_hours` is the age at
    which a source with a load-time column is reported as stale.
    `monitors` is whether new staging models get tests that compare with what was learned of their past, where
    the project holds our macros.

    `base_name` and `base_file` are of the models that hold the rows of change logs as they are now. Without a
    `base_file` they go where the sources are declared if that is a bronze folder, else into base/ beside
    the staging models.
    """

    sources_file: str = "models/bronze/{source}/_{source}__sources.yml"
    models_file: str = "models/silver/{source}/_{source}__models.yml"
    model_file: str = "models/silver/{source}/{model}.sql"
    model_name: str = "stg_{source}__{table}"
    base_file: str = ""
    base_name: str = "base_{source}__{table}"
    tests: Literal["keys", "none"] = "keys"
    monitors: bool = True
    sources: dict[str, str] = Field(default_factory=dict)
    schema_prefixes: list[str] = Field(default_factory=lambda: ["raw_"])
    freshness_warn_hours: int = Field(default=24, ge=1)

    @field_validator("model_name", "base_name")
    @classmethod
    def _names_a_model(cls, value: str) -> str:
        if not any(
            re.fullmatch(letters, _BRACES.sub(part, value))
            for letters, part in ((r"[a-z_][a-z0-9_]*", "x"), (r"[A-Z_][A-Z0-9_]*", "X"))
        ):
            raise ValueError(
                "a model's name has lower-case letters, digits and underscores only, or capitals instead"
            )
        return _check_pattern(
            value, ("source", "table", "entity", "entities"), ("table", "entity", "entities")
        )

    @field_validator("sources_file", "models_file", "model_file", "base_file")
    @classmethod
    def _is_a_path(cls, value: str, info: ValidationInfo) -> str:
        is_model = info.field_name in ("model_file", "base_file")
        if not value and info.field_name == "base_file":
            return value
        if not value.endswith(".sql" if is_model else (".yml", ".yaml")):
            raise ValueError("it ends in .sql" if is_model else "it ends in .yml")
        if value.startswith("/") or ".." in value.split("/"):
            raise ValueError("it is relative to the dbt project")
        allowed = ("source",) if info.field_name == "sources_file" else tuple(_PATTERN_PARTS)[:-2]
        return _check_pattern(value, allowed, ("model",) if is_model else ())


class ConventionSettings(Section):
    """How columns are named and typed in staging. `aidbt init` learns them from the models that are there.

    Patterns hold {name}, the source's name without the ending that tells its kind, or are "keep"; `key` holds
    {entity}, the table's name in the singular, {table} or {source}. `casts` gives the type of a kind of
    column (key, foreign_key, timestamp, date, boolean, amount, cents, number, text) as the team writes it.

    Attributes:
        case: "snake" splits words, "lower" only folds, "keep" leaves names as they are.
        key: what a column called `id` becomes; "id" keeps it.
        foreign_key: what `<something>_id` becomes, {name} being the something.
        reference: what a column becomes that is called like another table of its source (`customer`).
        amount: money; only where the name says so. {name} is without `_amount`, {full} is all of it.
        cents: columns that end in `_cents`, {name} being without it.
        entity_words: columns that get their table's name in front, e.g. `name`, `type`, `status`.
        table_prefixes: what the raw tables' names start with and their models' names do not; {source} is the
            source's name.
        strip_prefixes: the same for columns.
        words: word of a source's name → word of staging.
        renames: whole source column (lower case) → its name in staging.
        expressions: kind or source column → SQL with <column> in it, as the team writes it.
        order: kinds of columns in the order they stand in; empty keeps the source's. "loader" is for what
            the loader added, "other" for all the rest.
        leave_out: source columns that staging does not select, with `*`.
        loaders: loader ("fivetran", "airbyte", "dlt", "sdc") → what its sources' YAML says besides tables.
        where: source column → condition that staging has where the column exists, e.g. soft deletes.
    """

    case: Literal["snake", "lower", "keep"] = "snake"
    key: str = "{entity}_id"
    foreign_key: str = "{name}_id"
    reference: str = "keep"
    timestamp: str = "{name}_at"
    date: str = "{name}_date"
    boolean: str = "is_{name}"
    amount: str = "keep"
    cents: str = "keep"
    entity_words: list[str] = Field(default_factory=list)
    table_prefixes: list[str] = Field(default_factory=list)
    strip_prefixes: list[str] = Field(default_factory=list)
    words: dict[str, str] = Field(default_factory=dict)
    renames: dict[str, str] = Field(default_factory=dict)
    casts: dict[str, str] = Field(default_factory=dict)
    expressions: dict[str, str] = Field(default_factory=dict)
    order: list[str] = Field(default_factory=list)
    leave_out: list[str] = Field(default_factory=list)
    loaders: dict[str, dict[str, Any]] = Field(default_factory=dict)
    where: dict[str, str] = Field(default_factory=dict)

    @field_validator("foreign_key", "reference", "timestamp", "date", "boolean", "amount", "cents")
    @classmethod
    def _has_the_name(cls, value: str) -> str:
        return value if value == "keep" else _check_pattern(value, ("name", "full"), ("name", "full"))

    @field_validator("key")
    @classmethod
    def _has_known_parts(cls, value: str) -> str:
        return _check_pattern(value, ("entity", "table", "source"), ())


class PropertyStyle(Section):
    """What property files say: under which key data tests stand, whether columns have their `data_type`,
    whether files start with `version: 2`, and whether all columns are listed or only those with a test or a
    description of their own.
    """

    tests_key: Literal["data_tests", "tests"] = "data_tests"
    data_types: bool = True
    version: bool = True
    columns: Literal["all", "noted"] = "all"


class StyleSettings(Section):
    """How YAML and SQL are written; `aidbt init` learns it. Empty is our own style."""

    properties: PropertyStyle = PropertyStyle()
    yaml: dict[str, Any] = Field(default_factory=dict)
    sql: dict[str, Any] = Field(default_factory=dict)


class BudgetSettings(Section):
    """What may be spent without asking.

    Attributes:
        scan_bytes: bytes of table data that one command may read; 0 asks before every scan.
        unknown_sizes: whether tables and views of unknown size are asked for, where reading is billed.
    """

    scan_bytes: int = Field(default=100_000_000_000, ge=0)
    unknown_sizes: Literal["ask", "allow"] = "ask"


class MappingSettings(Section):
    """When a match is decided without a person.

    Attributes:
        precision: the share 0..1 of the matches accepted in a table that a person would have decided in the
            same way; none is more than twice as doubtful.
        review: the probability 0..1 below which a match is not even proposed.
        combiner: how the signals become one number: "evidence" is fitted on mappings that people made,
            "fixed" a weighted mean with fixed weights.
        signals: signal → factor on what it says, 0 leaves it out; for "fixed" the weights.
    """

    precision: float = Field(default=0.95, gt=0, le=1)
    review: float = Field(default=0.2, ge=0, le=1)
    combiner: str = Field(default="evidence", min_length=1)
    signals: dict[str, float] = Field(default_factory=dict)


class EmbeddingSettings(Section):
    """How text is turned into vectors, when an extra for it is installed.

    Attributes:
        model: "auto" is the offline package when it is installed, "none" leaves embeddings out; else a
            folder (a relative one starts at the dbt project), or a name on the Hugging Face hub.
        runtime: "auto" is ONNX Runtime where it is installed and knows the kind of model, else
            sentence-transformers.
        precision: "int8" is about twice as fast on ONNX Runtime, and rougher.
        threads: CPU threads that one call uses.
        download: whether a model of the hub that is not on this machine may be fetched.
        cache_vectors: how many vectors the store keeps; the least recently used go first.
    """

    model: str = Field(default="auto", min_length=1)
    runtime: Literal["auto", "onnx", "sentence-transformers"] = "auto"
    precision: Literal["fp32", "int8"] = "fp32"
    threads: int = Field(default=2, ge=1, le=64)
    download: bool = False
    cache_vectors: int = Field(default=100_000, ge=1)


class ProviderSettings(Section):
    """One language model that may be asked.

    Attributes:
        name: what it is called in messages, in the audit and in `llm.provider`.
        kind: "openai" is any server with OpenAI's chat completions; "scripted" answers from a file.
        base_url: of the server, as far as "/chat/completions" goes on, e.g. "http://localhost:8000/v1".
        model: what the server calls it.
        small_model: of the same server, asked first where a question is easy; "" for none.
        api_key_env: the name of the variable that holds the key; "" where the server wants none.
        prompt_price, answer_price: per million tokens, in the currency of `llm.max_cost`; None is unknown.
        small_prompt_price, small_answer_price: the same of the small model.
        max_concurrent: the number of questions it is asked at once.
        timeout_s: how long one answer may take.
        script: the file of a scripted one; a relative path starts at the dbt project.
    """

    name: str = Field(min_length=1, max_length=60)
    kind: str = Field(default="openai", min_length=1)
    base_url: str = ""
    model: str = ""
    small_model: str = ""
    api_key_env: str = ""
    prompt_price: Decimal | None = Field(default=None, ge=0)
    answer_price: Decimal | None = Field(default=None, ge=0)
    small_prompt_price: Decimal | None = Field(default=None, ge=0)
    small_answer_price: Decimal | None = Field(default=None, ge=0)
    max_concurrent: int = Field(default=4, ge=1, le=64)
    timeout_s: float = Field(default=60, gt=0)
    script: str = ""

    # Both look at the whole provider, because the error of a single field would show its value: a secret,
    # where somebody put one.
    @model_validator(mode="after")
    def _names_a_variable(self) -> ProviderSettings:
        if not re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)?", self.api_key_env):
            raise ValueError("api_key_env is the name of an environment variable, not the key itself")
        return self

    @model_validator(mode="after")
    def _has_an_address(self) -> ProviderSettings:
        if not re.fullmatch(r"(https?://[^\s/@?#]+(/[^\s@?#]*)?)?", self.base_url):
            raise ValueError("base_url is http://… or https://… without user, password or query")
        return self


SendValues = Literal["none", "masked", "raw"]
_SEND_VALUES = {True: "raw", False: "none", "true": "raw", "false": "none"}


class LlmSettings(Section):
    """Which language models are asked, what they are told, and what that may cost.

    Attributes:
        provider: "auto" asks `providers` in their order, "none" asks nobody; the name of one of them asks
            only that; "scripted" answers from the file `script`, for tests and rehearsals.
        script: the file of scripted answers; a relative path starts at the dbt project.
        providers: the first is asked, the next where it fails.
        send_values: how sample values of columns that hold no personal data are shown: not at all, by their
            shape only (letters and digits replaced), or as they are; `false` is "none" and `true` is "raw".
        accept: whether a match is accepted on which the model agrees and that is likely by itself too.
        max_calls, max_tokens, max_cost: what one command may spend, each try being a call; None is no limit.
            Money is in the currency of the prices; where it is limited, a model without prices is not asked.
        max_call_tokens, max_call_cost: what one call may spend, question and longest answer together.
        max_day_tokens, max_day_cost: what all who share the store may spend in a day (UTC).
        timeout_s: how long the answers to what is asked at once may take.
    """

    provider: str = Field(default="auto", min_length=1)
    script: str = ""
    providers: tuple[ProviderSettings, ...] = ()
    send_values: SendValues = "none"
    accept: bool = False
    max_calls: int = Field(default=20, ge=0)
    max_tokens: int = Field(default=200_000, ge=0)
    max_cost: Decimal | None = Field(default=None, ge=0)
    max_call_tokens: int | None = Field(default=None, ge=0)
    max_call_cost: Decimal | None = Field(default=None, ge=0)
    max_day_tokens: int | None = Field(default=None, ge=0)
    max_day_cost: Decimal | None = Field(default=None, ge=0)
    timeout_s: float = Field(default=120, gt=0)

    @field_validator("send_values", mode="before")
    @classmethod
    def _was_a_boolean(cls, value: Any) -> Any:
        folded = value.lower() if isinstance(value, str) else value
        return _SEND_VALUES.get(folded, folded) if isinstance(folded, str | bool) else value

    @field_validator("providers")
    @classmethod
    def _have_names_of_their_own(cls, value: tuple[ProviderSettings, ...]) -> tuple[ProviderSettings, ...]:
        names = [provider.name for provider in value]
        twice = next((name for name in names if names.count(name) > 1 or name in ("auto", "none")), None)
        if twice is not None:
            raise ValueError(f"a provider needs a name of its own, and '{twice}' is taken")
        return value

    @property
    def asked(self) -> tuple[ProviderSettings, ...]:
        """The providers that are asked, in their order; none where no model is."""
        if self.provider in ("auto", "none"):
            return self.providers if self.provider == "auto" else ()
        named = tuple(provider for provider in self.providers if provider.name == self.provider)
        # The form of before there was a list: the kind stands for a provider.
        return named or (ProviderSettings(name=self.provider, kind=self.provider, script=self.script),)


class ProfileSettings(Section):
    """How tables are profiled. `sample_rows` bounds what top values and formats are read from."""

    sample_rows: int = Field(default=10_000, ge=1)
    memory_limit: str = "500MB"


class IngestSettings(Section):
    """How loads and streams run.

    Attributes:
        parallel: the number of tables read at once.
        schema_prefix: before a source's name it makes the schema its tables land in.
        batch_events, batch_bytes, batch_seconds: when a micro-batch of a stream is closed, whichever comes
            first: changes, bytes in memory, seconds since its first change. A transaction is never cut.
        spool_bytes: how much may wait on disk while the warehouse is in use or down; then nothing more is
            read.
        lease_seconds: how long after its last sign of life a process still counts as running.
        quality_sample: the part of the rows of a stream that is looked at, 0..1; 0 for none.
        type_confidence: how sure a type that was inferred from values (JSON) has to be, 0..1; below it the
            column stays text.
    """

    parallel: int = Field(default=4, ge=1, le=64)
    schema_prefix: str = "bronze_"
    batch_events: int = Field(default=200_000, ge=1)
    batch_bytes: int = Field(default=64 << 20, ge=1)
    batch_seconds: float = Field(default=5.0, gt=0)
    spool_bytes: int = Field(default=4 << 30, ge=0)
    lease_seconds: float = Field(default=30.0, ge=1)
    quality_sample: float = Field(default=0.01, ge=0, le=1)
    type_confidence: float = Field(default=0.2, ge=0, le=1)


class ReviewSettings(Section):
    """What `aidbt pr` looks for, and how much of two builds it compares.

    Attributes:
        checks: check → "off", "warn" or "error", where it is not to be the check's own (docs/checks).
        sample_above_rows: where a table has more rows, the same part of its keys is compared on both sides.
        sample_rows: about how many rows that part has.
        docs_url: where this documentation can be read; the rules of a SARIF log link to its pages.
    """

    checks: dict[str, Literal["off", "warn", "error"]] = Field(default_factory=dict)
    sample_above_rows: int = Field(default=50_000_000, ge=1)
    sample_rows: int = Field(default=5_000_000, ge=1)
    docs_url: str = Field(default="", pattern=r"^(https?://.*)?$")

    @field_validator("checks", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        # YAML 1.1 reads a plain `off` as false.
        if not isinstance(value, dict):
            return value
        return {name: "off" if level is False else level for name, level in value.items()}


class ValidationSettings(Section):
    """What `aidbt validate` lets SQL do.

    Attributes:
        functions: functions of the warehouse's own (UDFs, extensions) that only compute.
        timeout_s: how long the engine may take for one statement.
        memory_limit: of DuckDB, in its words.
    """

    functions: tuple[str, ...] = ()
    timeout_s: float = Field(default=5, gt=0)
    memory_limit: str = "512MB"


class SemanticSettings(Section):
    """How questions about the data are answered.

    Attributes:
        week_start: the first day of the week: 1 is Monday, 7 is Sunday.
        max_rows: how many rows of an answer are read at most; more are counted and said.
        timeout_s: how long the warehouse may take for one answer.
        instructions: definitions that hold for every question, e.g. "a big customer is one with more than 100
            orders".
    """

    week_start: int = Field(default=1, ge=1, le=7)
    max_rows: int = Field(default=1_000, ge=1, le=1_000_000)
    timeout_s: float = Field(default=60, gt=0)
    instructions: str = Field(default="", max_length=5_000)


class MonitorSettings(Section):
    """What is watched, and how often a false alarm is put up with.

    Attributes:
        grain: how long a bucket is.
        timezone: in which days begin; a name of the tz database.
        country: whose public holidays count, as "DE" or "DE-BY"; "" for none.
        false_alarms: wished at most, per 100 monitors and week.
        preset: "classic" has fixed methods and fixed periods for each kind of metric.
        history_days: how far back buckets are kept and learned from.
        late_days: how many days back buckets are measured again, since rows may come late.
        statement_timeout_s: after how long a statement of a collection is stopped, where the warehouse can.
        event_time: model → the column that says when its rows happened, where dbt's `event_time` does not.
        columns: which are measured: all, those that the project's YAML describes, or none.
        metrics: which are watched; empty for those that tell most (`aidbt monitor status --all` lists them).
        custom: name → a SELECT of one number for each bucket, or the name of a metric of the semantic layer.
    """

    grain: Literal["hour", "day"] = "day"
    timezone: str = "UTC"
    country: str = Field(default="", pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$")
    false_alarms: float = Field(default=0.5, gt=0, le=100)
    preset: Literal["default", "classic"] = "default"
    history_days: int = Field(default=400, ge=14, le=4000)
    late_days: int = Field(default=3, ge=0, le=365)
    statement_timeout_s: float = Field(default=600, gt=0, le=86_400)
    event_time: dict[str, str] = Field(default_factory=dict)
    columns: Literal["all", "described", "none"] = "all"
    metrics: tuple[str, ...] = ()
    custom: dict[str, str] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"'{name}' is no time zone of the tz database, which has names like Europe/Berlin"
            ) from error
        return name


_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)?")


class ChannelSettings(Section):
    """Where people are told of incidents. What is secret stands in variables, whose names are given here.

    Attributes:
        kind: "console", "webhook", "slack", "teams", "email", "github", or one of another package.
        url_env: the variable with the URL of a webhook, of Slack's or of Teams' (a workflow's).
        secret_env: the variable with the secret that a webhook's messages are signed with; "" for none.
        repository: "owner/name" of the issues on GitHub.
        token_env: the variable with the token that may write issues there.
        api_url: of GitHub Enterprise, "https://HOST/api/v3".
        labels: of the issues.
        to, sender: mail addresses.
        host, port: of the mail server.
        security: how the connection to it is kept private; "none" for a server on the same host only.
        user_env, password_env: the variables with what the mail server asks for; "" where it asks nothing.
        timeout_s: how long one message may take.
    """

    kind: str = Field(min_length=1)
    url_env: str = ""
    secret_env: str = ""
    repository: str = Field(default="", pattern=r"^([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)?$")
    token_env: str = "GITHUB_TOKEN"
    api_url: str = Field(default="https://api.github.com", pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$")
    labels: tuple[str, ...] = ("data-incident",)
    to: tuple[str, ...] = ()
    sender: str = ""
    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user_env: str = ""
    password_env: str = ""
    timeout_s: float = Field(default=10, gt=0, le=300)

    # Of the whole, because the error of a single field would show its value: a secret, where it is one.
    @model_validator(mode="after")
    def _names_variables(self) -> ChannelSettings:
        for name in ("url_env", "secret_env", "token_env", "user_env", "password_env"):
            if not _VARIABLE.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} is the name of an environment variable, not the secret itself")
        return self

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> ChannelSettings:
        needs = {
            "webhook": ("url_env",),
            "slack": ("url_env",),
            "teams": ("url_env",),
            "email": ("host", "sender", "to"),
            "github": ("repository", "token_env"),
        }
        if self.kind not in ("console", *needs):
            from importlib.metadata import entry_points  # which takes longer than all else here

            others = [point.name for point in entry_points(group="aidbt.alert_channels")]
            if self.kind not in others:
                raise ValueError(_no_such_kind(self.kind, ["console", *needs, *others]))
        for name in needs.get(self.kind, ()):
            if not getattr(self, name):
                raise ValueError(f"a channel of the kind {self.kind} needs {name}")
        return self


def _no_such_kind(kind: str, kinds: Sequence[str]) -> str:
    close = nearest(kind, kinds)
    meant = f"did you mean '{close}'?" if close else f"there are {', '.join(kinds)}"
    return f"no alert channel is of the kind '{kind}'; {meant}"


class RouteSettings(Section):
    """Which incidents go to which channels. All routes that fit count; what is left out fits everything.

    Attributes:
        to: names of channels.
        severity: the lowest that fits.
        owner: dbt's group or `meta.owner` of the place of the cause; * matches anything.
        path: of the model's file, e.g. "models/finance/**".
        digest: "daily" and "weekly" gather what happens until `alerts.digest_at`, on Mondays if weekly.
    """

    to: tuple[str, ...] = Field(min_length=1)
    severity: Literal["info", "warn", "error"] = "warn"
    owner: str = ""
    path: str = ""
    digest: Literal["", "daily", "weekly"] = ""


class EscalationSettings(Section):
    """Who else is told when nobody has acknowledged an incident.

    Attributes:
        after_minutes: since it was opened or became worse.
        to: names of channels; empty for never.
        severity: the lowest that is escalated.
    """

    after_minutes: int = Field(default=60, ge=1)
    to: tuple[str, ...] = ()
    severity: Literal["info", "warn", "error"] = "error"


class AlertSettings(Section):
    """Who is told of incidents, and how.

    Attributes:
        channels: name → where it leads. Without any, incidents are shown by the commands alone.
        routes: without any, everything goes to every channel.
        together: how many incidents at once become one message, where a channel cannot change what it sent.
        digest_at: the time of day, HH:MM in `monitors.timezone`.
        deadline_s: how long a command waits for all channels together; what is not sent then is sent later.
    """

    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    routes: tuple[RouteSettings, ...] = ()
    escalation: EscalationSettings = EscalationSettings()
    together: int = Field(default=3, ge=1)
    digest_at: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    deadline_s: float = Field(default=30, gt=0, le=600)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> AlertSettings:
        for name in (*(to for route in self.routes for to in route.to), *self.escalation.to):
            if name not in self.channels:
                close = nearest(name, self.channels)
                meant = f"; did you mean '{close}'?" if close else ""
                raise ValueError(f"no channel is called '{name}'{meant}")
        return self


QualityDimension = Literal["completeness", "validity", "consistency", "timeliness", "uniqueness"]


class QualitySettings(Section):
    """How the quality of data is scored (0..100), and what is good enough.

    Attributes:
        min_score: a model below it fails `aidbt quality`; 0 for none.
        min_coverage: the same of how much of a model is measured, 0..100.
        max_age_days: older results of tests count as none.
        weights: dimension → how much it counts beside the others, which count 1; 0 leaves it out.
        dimensions: name of a test → the dimension it is evidence of, where its name does not say it.
        keep_days: how long scores are kept.
    """

    min_score: float = Field(default=0, ge=0, le=100)
    min_coverage: float = Field(default=0, ge=0, le=100)
    max_age_days: int = Field(default=30, ge=1, le=4000)
    weights: dict[QualityDimension, float] = Field(default_factory=dict)
    dimensions: dict[str, QualityDimension] = Field(default_factory=dict)
    keep_days: int = Field(default=400, ge=1, le=4000)

    @field_validator("weights")
    @classmethod
    def _are_weights(cls, weights: dict[QualityDimension, float]) -> dict[QualityDimension, float]:
        for name, weight in weights.items():
            if not 0 <= weight <= 100:
                raise ValueError(f"the weight of {name} is {weight:g}, not between 0 and 100")
        if len(weights) == len(get_args(QualityDimension)) and not any(weights.values()):
            raise ValueError("at least one dimension needs a weight above 0")
        return weights


class CostSettings(Section):
    """What running the project costs, for the report; a price of 0 is not counted.

    Attributes:
        currency: of these prices. Language models are counted in the one of their own prices.
        per_tb: for each 10^12 bytes that the warehouse charges for (BigQuery on demand, Athena).
        per_hour: for each hour that the warehouse is at work (a Snowflake warehouse, a cluster).
        per_slot_hour: for each hour of a slot of BigQuery.
        min_bytes: that each statement is charged for at least; BigQuery and Athena take 10 MB.
    """

    currency: str = Field(default="USD", min_length=1, max_length=10)
    per_tb: float = Field(default=0, ge=0)
    per_hour: float = Field(default=0, ge=0)
    per_slot_hour: float = Field(default=0, ge=0)
    min_bytes: int = Field(default=0, ge=0)


class HealSettings(Section):
    """What may be mended without a person, and where.

    Attributes:
        classes: class ("SCHEMA_DRIFT/COLUMN_RENAMED") or family ("SCHEMA_DRIFT") → "auto", "propose" or
            "never"; the class counts before its family, and what stands nowhere is "propose". Naming any
            replaces the default.
        deployed_branch: the branch that is what is deployed; only on it mends are deployed without a person.
            "" for none.
        approvers: who may let a mend be deployed, resume and trust a class again, as git's `user.email` or
            the name of the user on the machine; empty for everybody.
        blast_radius: at most so many nodes may hang on a mend that changes files.
        critical: names of models and sources ("orders", "crm.orders") that only people change, beside those
            with `meta: {critical: true}`.
        quarantine: whether bad rows of a source may be set aside: "allowed" without a person, "propose" as a
            branch, "never"; a source's or table's own `config.meta.aidbt.quarantine` counts before it.
        quarantine_days: after so many days somebody should have looked at rows that were set aside.
        wait_timeout: hours that an attempt waits for a person before it ends.
        hold: whether `aidbt build` keeps the tables that it replaces, and puts them back after a run that
            failed and was not mended: readers then have those of before (DuckDB).
        ask_llm: whether `aidbt diagnose` and `aidbt heal` ask the language model of `llm` of which class a
            failure is, where nothing else is sure; what it says is a draft at most.
        runbooks: class or family → a link to what people wrote down for it, e.g. a page of a wiki; without
            one it is aidbt/runbooks/<class>.md of the project, e.g. schema_drift.column_renamed.md.
    """

    classes: dict[str, Literal["auto", "propose", "never"]] = {"TRANSIENT": "auto"}
    deployed_branch: str = ""
    approvers: list[str] = Field(default_factory=list)
    blast_radius: int = Field(default=50, ge=0)
    critical: list[str] = Field(default_factory=list)
    quarantine: Literal["allowed", "propose", "never"] = "propose"
    quarantine_days: int = Field(default=30, ge=1, le=3650)
    wait_timeout: float = Field(default=72, gt=0)
    hold: bool = False
    ask_llm: bool = False
    runbooks: dict[str, str] = Field(default_factory=dict)

    @field_validator("classes", "runbooks")
    @classmethod
    def _are_classes(cls, classes: dict[str, Any]) -> dict[str, Any]:
        known = [*(one.value for one in ErrorClass), *{one.family for one in ErrorClass}]
        for name in classes:
            if name not in known:
                close = nearest(name, known)
                meant = f"; did you mean '{close}'?" if close else ""
                raise ValueError(f"no class is called '{name}'{meant}")
        return classes

    @field_validator("classes")
    @classmethod
    def _also_transient(cls, classes: dict[str, Any]) -> dict[str, Any]:
        """Naming another class does not take waiting away."""
        return {"TRANSIENT": "auto", **classes}


class StoreSettings(Section):
    """Where aidbt keeps its evidence.

    Attributes:
        path: a SQLite file; a relative path starts at the dbt project.
        url: of a PostgreSQL database that a team shares, instead of the file. With a password in it, it is
            taken from the variable AIDBT_STORE_URL only.
        schema_name: the schema in that database; "" is `aidbt_<project>`, so that projects do not mix.
        runs_days: how long recorded runs are kept, with how each node ended.
    """

    path: str = Field(default=".aidbt/state.db", min_length=1)
    url: SecretStr = SecretStr("")
    schema_name: str = Field(default="", max_length=63, pattern=r"^([a-z_][a-z0-9_]*)?$")
    runs_days: int = Field(default=180, ge=30, le=4000)


class DbtSettings(Section):
    """Which dbt runs: `auto` is in process when dbt can be imported, else the `dbt` on the PATH."""

    runner: Literal["auto", "in_process", "executable"] = "auto"
    executable: str = "dbt"


class Settings(Section):
    """Everything in `aidbt.yml`; each field is one capability."""

    generate: GenerateSettings = GenerateSettings()
    conventions: ConventionSettings = ConventionSettings()
    style: StyleSettings = StyleSettings()
    budget: BudgetSettings = BudgetSettings()
    mapping: MappingSettings = MappingSettings()
    embeddings: EmbeddingSettings = EmbeddingSettings()
    llm: LlmSettings = LlmSettings()
    profile: ProfileSettings = ProfileSettings()
    ingest: IngestSettings = IngestSettings()
    review: ReviewSettings = ReviewSettings()
    validation: ValidationSettings = ValidationSettings()
    semantic: SemanticSettings = SemanticSettings()
    monitors: MonitorSettings = MonitorSettings()
    alerts: AlertSettings = AlertSettings()
    cost: CostSettings = CostSettings()
    quality: QualitySettings = QualitySettings()
    heal: HealSettings = HealSettings()
    store: StoreSettings = StoreSettings()
    dbt: DbtSettings = DbtSettings()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings with where each value came from.

    Attributes:
        origins: "section.name" → where its value came from.
        path: the file read, or None when there is none.
    """

    values: Settings
    origins: dict[str, Origin]
    path: Path | None


def environment() -> Mapping[str, str]:
    """The process's environment. Everything that needs a variable asks here."""
    return os.environ


def secret(variable: str, env: Mapping[str, str] | None = None) -> SecretStr | None:
    """The secret in an environment variable, without white space around it; None where there is none."""
    env = environment() if env is None else env
    return SecretStr(value) if (value := env.get(variable, "").strip()) else None


def user_cache_dir(env: Mapping[str, str] | None = None) -> Path | None:
    """The folder of what aidbt can make again for any project of this user; None for a user without a home.

    It need not exist. `XDG_CACHE_HOME` counts everywhere, `LOCALAPPDATA` on Windows.
    """
    env = environment() if env is None else env
    for variable in ("XDG_CACHE_HOME", *(["LOCALAPPDATA"] if os.name == "nt" else [])):
        if os.path.isabs(env.get(variable, "")):
            return Path(env[variable]) / "aidbt"
    try:
        return Path.home() / ".cache" / "aidbt"
    except RuntimeError:
        return None


def load_settings(
    project_dir: Path, *, flags: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None
) -> LoadedSettings:
    """The settings of the project in `project_dir`.

    Args:
        flags: "section.name" → value given on the command line.
        env: the environment; the process's own by default.

    Raises:
        SettingsError: the file is not YAML, has an unknown key, or a value of the wrong type.
    """
    env = environment() if env is None else env
    path = project_dir / SETTINGS_FILE
    from_file = read_yaml_mapping(path) if path.exists() else {}
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for section, name in _names():
        merged.setdefault(section, {})
        origins[f"{section}.{name}"] = "default"
    for section, values in from_file.items():
        if section in merged and isinstance(values, dict):
            merged[section].update(values)
            origins.update({f"{section}.{name}": "file" for name in values})
        elif section not in merged or values is not None:  # a section may be empty
            merged[section] = values
    for section, name in _names():
        variable = _variable(f"{section}.{name}")
        if variable in env and isinstance(merged[section], dict):
            merged[section][name] = _from_text(env[variable], variable)
            origins[f"{section}.{name}"] = "environment"
    for dotted, value in (flags or {}).items():
        section, _, name = dotted.partition(".")
        if isinstance(merged[section], dict):
            merged[section][name] = value
            origins[dotted] = "flag"
    try:
        values = Settings.model_validate(merged)
    except ValidationError as error:
        dotted = ".".join(str(part) for part in _most_telling(error)["loc"][:2])
        elsewhere = {"environment": _variable(dotted), "flag": "the command line"}.get(
            origins.get(dotted, "")
        )
        if elsewhere:
            raise explain(error, Settings, path=elsewhere) from error
        raise explain(error, Settings, path=path, text=_text_of(path)) from error
    _require_review_below_precision(values.mapping, origins, path)
    _require_secret_from_environment(values.store, origins, path)
    return LoadedSettings(values, origins, path if path.exists() else None)


# Where a value may come from, what is given for one run first.
_PRECEDENCE: tuple[Origin, ...] = ("flag", "environment", "file", "default")


def _require_review_below_precision(
    mapping: MappingSettings, origins: Mapping[str, Origin], path: Path
) -> None:
    """Raise where nothing is proposed that could be accepted; the setting that somebody gave is named."""
    if mapping.review <= mapping.precision:
        return
    given = min(("mapping.review", "mapping.precision"), key=lambda name: _PRECEDENCE.index(origins[name]))
    where = {"flag": "the command line", "environment": _variable(given)}.get(origins[given], str(path))
    line = line_of(_text_of(path), given.split(".")) if origins[given] == "file" else None
    raise SettingsError(
        f"mapping.review ({mapping.review:g}) is above mapping.precision ({mapping.precision:g}): a match"
        " that is sure enough to be accepted would not even be proposed",
        path=where,
        line=line,
        hint="lower mapping.review, or raise mapping.precision",
    )


_PASSWORD = re.compile(r"//[^/@]*:[^@]*@|[?&](ssl)?password=")


def _require_secret_from_environment(store: StoreSettings, origins: Mapping[str, Origin], path: Path) -> None:
    """Raise where a file that is committed holds the password of the store."""
    if origins["store.url"] == "file" and _PASSWORD.search(store.url.get_secret_value()):
        raise SettingsError(
            "store.url holds a password",
            path=str(path),
            line=line_of(_text_of(path), ["store", "url"]),
            hint="leave it out here and set the variable AIDBT_STORE_URL, or PGPASSWORD; then change it, for"
            " git may have it",
        )


def _names() -> Iterator[tuple[str, str]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        assert isinstance(model, type) and issubclass(model, Section)
        for name in model.model_fields:
            yield section, name


def _variable(dotted: str) -> str:
    return f"AIDBT_{dotted}".replace(".", "_").upper()


def _from_text(text: str, variable: str) -> Any:
    """A mapping or list is written as YAML; a plain value is read by the type of its setting."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"the variable {variable} cannot be read as a value: {text!r}") from error


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def read_text(path: Path) -> str:
    """The text of a settings file.

    Raises:
        SettingsError: it does not exist, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError("the file does not exist", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError("the file is not UTF-8 text", path=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"the file cannot be read: {error.strerror}", path=str(path)) from error


def parse_yaml(text: str, path: str, *, repeated_keys: bool = False) -> Any:
    """The value of a YAML text, with duplicate keys and syntax errors reported by file and line.

    Args:
        repeated_keys: whether a key may stand twice, the last one counting, as dbt still lets it.

    Raises:
        SettingsError: it is not valid YAML, or a key stands twice in one mapping.
    """
    try:
        loader = _LenientLoader if repeated_keys else _Loader
        return yaml.load(text, Loader=loader)  # a SafeLoader: builds plain values only
    except yaml.MarkedYAMLError as error:
        conflict = _conflict_line(text)
        if conflict is not None:
            way_out = "keep what is meant of both sides, and remove the lines that git put in"
            raise SettingsError("a merge conflict", path=path, line=conflict, hint=way_out) from error
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not valid YAML"
        hint = None
        if mark and _is_indented_by_tab(text, mark.line):
            hint = "indent with spaces, not tabs"
        elif isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
            hint = "look at the indentation and the quotes there and in the lines before"
        raise SettingsError(problem, path=path, line=mark.line + 1 if mark else None, hint=hint) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"not valid YAML: {error}", path=path) from error


def _conflict_line(text: str) -> int | None:
    """The first line, from 1, that git put in where two branches differ."""
    return next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith("<<<<<<< ")), None)


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    return line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader (libyaml's when present) that refuses a key given twice."""

    repeated_keys = False

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        # Merging the same mapping again and again would add its keys each time: 10^30 of them in 2 kB.
        node.value = list({_identity(key): (key, value) for key, value in node.value}.values())


class _LenientLoader(_Loader):
    """The same for other people's files: of a key given twice the last one counts."""

    repeated_keys = True


def _identity(key: yaml.Node) -> object:
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)


def _mapping_without_duplicates(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a key is a mapping or a list, not a name", problem_mark=key.start_mark
            )
        if key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen and not loader.repeated_keys:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
    loader.flatten_mapping(node)
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)


def read_yaml_mapping(path: Path) -> dict[str, Any]:
    """The top-level mapping of a YAML file; an empty file is an empty mapping.

    Raises:
        SettingsError: the file is missing, not UTF-8, not YAML, or not a mapping.
    """
    value = parse_yaml(read_text(path), str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(
            f"expected a mapping of names to values, found a {type(value).__name__}", path=str(path), line=1
        )
    return value


def explain(
    error: ValidationError, model: type[BaseModel], *, path: Path | str, text: str = ""
) -> SettingsError:
    """The first problem pydantic found, as one sentence with file, line and the nearest known key."""
    first = _most_telling(error)
    location = [part for part in first["loc"] if isinstance(part, str | int)]
    dotted = ".".join(str(part) for part in location)
    hint = "aidbt doctor --all lists every setting with its value"
    if first["type"] in _UNKNOWN_KEY:
        known = _keys_at(model, location[:-1])
        close = nearest(str(location[-1]), known)
        message = f"unknown key '{dotted}'"
        hint = f"did you mean '{close}'?" if close else f"known keys: {', '.join(sorted(known))}"
    elif first["type"] == "missing":
        message = f"the key '{dotted}' is missing"
    elif first["type"] == "model_type":
        about = f"'{dotted}': " if dotted else ""
        message = f"{about}expected a mapping of names to values, got {_shown(first['input'])}"
    else:
        problem = first["msg"].removeprefix("Value error, ")
        problem = problem[:1].lower() + problem[1:]
        value = first.get("input")
        # What is wrong with several values together names them itself.
        got = "" if first["type"] == "value_error" and isinstance(value, dict) else f", got {_shown(value)}"
        message = f"'{dotted}': {problem}{got}"
    line = line_of(text, location) if text else None
    return SettingsError(message, path=str(path), line=line, hint=hint)


def _most_telling(error: ValidationError) -> Any:
    """The first problem; but an unknown key says more than the missing one it was meant to be."""
    return min(error.errors(), key=lambda problem: problem["type"] not in _UNKNOWN_KEY)


# Of a pydantic model, and of a dataclass in one.
_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")


def _shown(value: Any) -> str:
    """A value for a message: short, and without what a mapping or a list holds."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _keys_at(model: Any, location: Sequence[str | int]) -> list[str]:
    annotation: Any = None
    for part in location:
        if isinstance(part, int):
            continue
        info = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if info is not None:
            annotation = info.annotation
            model = _model_inside(annotation)
        elif getattr(annotation, "__origin__", None) in (dict, Mapping):
            annotation = None  # a name of the user's own, as in alerts.channels: the model is its value's
        else:
            return []
    if is_dataclass(model):
        return [item.name for item in fields(model)]
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _model_inside(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields") or is_dataclass(annotation):
        return annotation
    found = (_model_inside(arg) for arg in getattr(annotation, "__args__", ()))
    return next((model for model in found if model is not None), None)


def line_of(text: str, location: Sequence[str | int]) -> int | None:
    """The line of a key or item in a YAML text (1-based), as deep as the location can be followed; of no
    location the first.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return None
    line = None if location else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


_ENV_VAR = re.compile(
    r"\{\{\s*env_var\(\s*(['\"])(?P<name>\w+)\1\s*(?:,\s*(['\"])(?P<default>.*?)\3\s*)?\)\s*\}\}"
)


def fill_env_vars(text: str, *, where: str, env: Mapping[str, str] | None = None) -> str:
    """`text` with every `{{ env_var('NAME') }}` or `{{ env_var('NAME', 'default') }}` filled in.

    Raises:
        SettingsError: a variable without a default is not set.
    """
    env = environment() if env is None else env

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = env.get(name, default)
        if found is None:
            raise SettingsError(
                f"the environment variable {name} is not set", path=where, hint=f"export {name}=…"
            )
        return found

    return _ENV_VAR.sub(value, text)
