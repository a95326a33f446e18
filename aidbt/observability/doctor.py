"""Checking the whole installation, one line a part."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from aidbt.alerts.delivery import check_channel
from aidbt.alerts.writing import Templates
from aidbt.core.config import AlertSettings, EmbeddingSettings, LlmSettings, LoadedSettings
from aidbt.core.errors import AidbtError, MissingExtra
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import SystemClock
from aidbt.llm.embeddings import open_embedder, why_no_embedder
from aidbt.llm.model import LanguageModel, about_model
from aidbt.llm.reach import reach
from aidbt.project import Profile, Project
from aidbt.project.dbt_runner import detect_runner
from aidbt.store import Store
from aidbt.warehouse import Warehouse, adapter_version, trust_of

PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "pyarrow", "adbc-driver-postgresql", "SQLAlchemy", "sqlglot")


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the installation.

    Attributes:
        state: "fail" stops the main job, "warn" only part of it.
        hint: what to do about it; "" when it is fine.
    """

    part: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with its value and where that came from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `aidbt doctor` found.

    Attributes:
        findings: what stands in the way of the sources, all of it.
    """

    checks: tuple[Check, ...]
    settings: tuple[Setting, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether the main job can run."""
        return all(check.state != "fail" for check in self.checks)


def examine(
    project: Project,
    settings: LoadedSettings,
    open_warehouse: Callable[[], Warehouse],
    open_store: Callable[[], Store],
    open_llm: Callable[[], LanguageModel | None],
    check_sources: Callable[[], Mapping[str, Sequence[Finding]]] = dict,
) -> Diagnosis:
    """Try every part; what fails is a check in the result, never an error.

    Args:
        check_sources: what stands in the way of loading or streaming each source, by name.
    """
    checks = [
        Check("python", "ok", platform.python_version()),
        Check("packages", "ok", ", ".join(_versions())),
        Check("project", "ok", f"{project.name} in {project.root}"),
        _try("profile", lambda: _profile(project.profile())),
        _adapter(project),
        _try("dbt", lambda: _dbt(project, settings)),
        _try("warehouse", lambda: _warehouse(open_warehouse())),
        _try("store", lambda: _store(open_store())),
        _try("embeddings", lambda: _embeddings(project, settings.values.embeddings)),
        _try("llm", lambda: about_model(open_llm())),
        *_providers(settings.values.llm),
        *_channels(settings.values.alerts, Templates(project.root)),
    ]
    sources: Mapping[str, Sequence[Finding]] = {}
    try:
        sources = check_sources()
    except MissingExtra as error:
        checks.append(Check("source", "fail", error.message, error.hint or ""))
    checks += [_source(name, findings) for name, findings in sources.items()]
    findings = tuple(finding for found in sources.values() for finding in found)
    return Diagnosis(tuple(checks), tuple(_settings(settings)), findings)


def _source(name: str, findings: Sequence[Finding]) -> Check:
    """A source by the worst of its findings."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return Check("source", "fail", f"{name} cannot be read as it is set up")
    if Severity.WARN in severities:
        return Check("source", "warn", f"{name} can be read, but see below")
    return Check("source", "ok", f"{name}: nothing stands in the way of reading it")


def _try(part: str, look: Callable[[], str]) -> Check:
    try:
        return Check(part, "ok", look())
    except AidbtError as error:
        state: Literal["warn", "fail"] = "warn" if "does not exist yet" in error.message else "fail"
        return Check(part, state, error.message, error.hint or "")


def _versions() -> Iterator[str]:
    for name in ("aidbt", *PACKAGES):
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed"


def _embeddings(project: Project, settings: EmbeddingSettings) -> str:
    embedder = open_embedder(settings, base=project.root)
    if embedder is None:
        return f"{why_no_embedder(settings)}; names are matched by their words and letters"
    return embedder.name


def _providers(settings: LlmSettings) -> Iterator[Check]:
    """Each language model: none stops the main job, which needs none."""
    for provider in settings.asked:
        found = reach(provider, SystemClock())
        yield Check(f"llm {found.name}", "ok" if found.is_ready else "warn", found.detail, found.hint)


def _channels(settings: AlertSettings, templates: Templates) -> Iterator[Check]:
    """Each way to people: what cannot be told waits, so none stops the main job."""
    for name, channel in settings.channels.items():
        part = f"alerts {name}"
        try:
            check_channel(name, channel, templates)
        except AidbtError as error:
            yield Check(part, "warn", error.message, error.hint or "")
        else:
            yield Check(part, "ok", f"{channel.kind}; aidbt incidents send --test {name} tries it")


def _profile(profile: Profile) -> str:
    return f"{profile.name}, target {profile.target} ({profile.type}), from {profile.profiles_dir}"


def _adapter(project: Project) -> Check:
    """How far aidbt was tried on the profile's adapter, and which version of it is here."""
    try:
        kind = project.profile().type
    except AidbtError:
        return Check("adapter", "warn", "unknown, because the profile cannot be read")
    found, trust = adapter_version(kind), trust_of(kind)
    detail = f"{kind}, {_TRUST[trust]} (dbt-{kind} {found or 'not installed here'})"
    if found is None and kind != "duckdb":  # whose file is read without it
        return Check("adapter", "fail", detail, f"pip install dbt-{kind}")
    if trust == "proven":
        return Check("adapter", "ok", detail)
    return Check("adapter", "warn", detail, "look at the first files it writes with care, and tell us")


_TRUST = {
    "proven": "proven: aidbt is tested on it",
    "rehearsed": "rehearsed on golden text: its statements were never run by our tests",
    "untested": "untested: aidbt has no statements for it",
}


def _dbt(project: Project, settings: LoadedSettings) -> str:
    choice = detect_runner(
        project, runner=settings.values.dbt.runner, executable=settings.values.dbt.executable
    )
    how = "in process" if choice.name == "in_process" else choice.executable
    return f"{how}: {choice.reason}"


def _warehouse(warehouse: Warehouse) -> str:
    relations = warehouse.relations()
    schemas = {relation.schema for relation in relations}
    return f"{warehouse.dialect}, {len(relations)} tables and views in {len(schemas)} schemas"


def _store(store: Store) -> str:
    store.check()
    return f"{len(store.runs(1000))} recorded runs in {store.location}"


def _settings(settings: LoadedSettings) -> Iterator[Setting]:
    for name, origin in settings.origins.items():
        section, _, key = name.partition(".")
        yield Setting(name, str(getattr(getattr(settings.values, section), key)), origin)
