"""`aidbt map --check-decisions`: the matcher asked afresh about everything that is decided.

Nothing is written into the project; the figures are kept in the store, so that they can be watched over time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from aidbt.core.config import EmbeddingSettings, LoadedSettings
from aidbt.core.errors import StatementRefused, UsageError
from aidbt.core.schema import Mapping as TableMapping
from aidbt.core.schema import Target
from aidbt.generate.adoption.staged import adopted_mappings, read_models
from aidbt.generate.decide import RawTable, Ways, match_task
from aidbt.generate.discover import is_selected, profiled, raw_relations, scan_gate
from aidbt.generate.lock import read_lock
from aidbt.generate.plan import project_files
from aidbt.llm.embeddings import why_no_embedder
from aidbt.llm.weights import OFFLINE_MODEL
from aidbt.mapping.agreement import Agreement, Answer, Change, Share, agreement, changes, compare, is_decided
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.history import history_of
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.matcher import match
from aidbt.mapping.signals import Embed
from aidbt.project import Project
from aidbt.store import Store
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve

_KIND = "agreement"
# What another version of aidbt kept in another form is read as if it were not there.
_FORM = 1


@dataclass(frozen=True, slots=True)
class Meaning:
    """What tells the meaning of texts.

    Attributes:
        model: the embedding model's name, "none" without one.
        embed: turns texts into vectors; None without a model.
    """

    model: str
    embed: Embed | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the matcher says about the decided columns, with one embedding model.

    Attributes:
        people, aidbt: how far it agrees with what they decided.
    """

    model: str
    answers: tuple[Answer, ...]
    people: Agreement
    aidbt: Agreement


@dataclass(frozen=True, slots=True)
class Check:
    """How far the matcher agrees with the decisions of a project.

    Attributes:
        current: with the embedding model of the settings.
        other: with the model beside it; None when there is none.
        changes: what the other model would change, of what the current one says.
        tables: how many tables were looked at.
        scanned: how many of them were read now.
        left_out: decided columns ("source.table.column"), or whole tables, with why they are not compared.
        without_target: selected mappings that have no declared target, so that nothing is matched.
        refused: tables that the warehouse does not let be read, with its reason.
    """

    current: Asked
    other: Asked | None = None
    changes: tuple[Change, ...] = ()
    tables: int = 0
    scanned: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    without_target: int = 0
    refused: dict[str, StatementRefused] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """The figures of one check, as they were kept.

    Attributes:
        at: when, UTC.
        version: of aidbt.
        model: the embedding model, "none" without one.
        precision, review: from which probability on an answer counted as sure, and as an answer.
        select: what was selected; empty is everything.
    """

    at: datetime
    version: str
    combiner: str
    model: str
    precision: float
    review: float
    people: Agreement
    aidbt: Agreement
    select: tuple[str, ...] = ()


def check_decisions(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    current: Meaning,
    other: Meaning | None = None,
    select: Iterable[str] = (),
    approve: Approve | None = None,
) -> Check:
    """The matcher's answers about every decided column with a declared target, beside the decisions.

    It is asked as if nothing had been decided about the table: history is that of the other tables, and what
    a person never wants to see proposed may be its answer. No language model is asked.

    Args:
        current: what the settings say.
        other: what is compared with it.
        select: `source:NAME`, `source:NAME.TABLE`, a table or a staging model, with `*`; empty is all.
        approve: asked before a scan that is over the budget; None refuses. Only tables whose profile is not
            known are scanned.

    Raises:
        UsageError: a selector matches no mapping.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    dialect = warehouse.dialect
    targets, mappings = load_targets(project.root, dialect), load_mappings(project.root, dialect)
    chosen = _selected(mappings, tuple(select), settings)
    decided = {
        k: m for k, m in chosen.items() if m.target and not m.items and any(map(is_decided, m.columns))
    }
    asked = {key: mapping for key, mapping in decided.items() if mapping.target in targets}
    here = project_files(project, settings, mappings, read_lock(project.root))
    with warehouse.connect():  # kept open under the connections below: each opening costs 0.1 s
        places, _ = raw_relations(warehouse, settings, here, mappings, keep_staged=True)
        relations = {key: places[key] for key in asked if key in places}
        may_scan = scan_gate(project, settings, approve)
        looked = profiled(relations, warehouse, profiles, settings, may_scan)
    taught = [*adopted_mappings(read_models(here, project.profile().type), here), *mappings.values()]
    ways = _ways_by_table(looked.tables.values(), taught, settings, dialect)
    left_out = dict.fromkeys(decided.keys() - asked.keys(), "its target is not declared any more")
    left_out |= dict.fromkeys(asked.keys() - relations.keys(), "its table is gone")

    def ask(meaning: Meaning) -> Asked:
        answers: list[Answer] = []
        for key, table in sorted(looked.tables.items()):
            mapping, way = asked[key], replace(ways[key], embed=meaning.embed)
            said, why = _answers(mapping, table, targets[mapping.target or ""], way)
            answers += said
            left_out.update({f"{key}.{column}": reason for column, reason in why.items()})
        people, aidbt = agreement(answers, "person"), agreement(answers, "aidbt")
        return Asked(meaning.model, tuple(answers), people, aidbt)

    first = ask(current)
    second = ask(other) if other else None
    return Check(
        first,
        second,
        tuple(changes(first.answers, second.answers)) if second else (),
        tables=len(looked.tables),
        scanned=len(looked.scanned),
        left_out=dict(sorted(left_out.items())),
        without_target=sum(mapping.target is None for mapping in chosen.values()),
        refused=dict(sorted(looked.refused.items())),
    )


def _selected(
    mappings: dict[str, TableMapping], select: tuple[str, ...], settings: LoadedSettings
) -> dict[str, TableMapping]:
    """The mappings of the selected tables.

    Raises:
        UsageError: a selector matches none.
    """
    if not select:
        return mappings
    chosen = {k: m for k, m in mappings.items() if is_selected(m.source, m.table, select, settings)}
    if not chosen:
        raise UsageError(
            f"no mapping is selected by {' '.join(select)}",
            hint="select source:NAME, source:NAME.TABLE, a table or a staging model; * matches anything",
        )
    return chosen


def _ways_by_table(
    tables: Iterable[RawTable], taught: list[TableMapping], settings: LoadedSettings, dialect: str
) -> dict[str, Ways]:
    """How the matcher is asked about each table: with what the others teach, not with its own decisions."""
    values = settings.values
    whole = Ways(dialect, values.mapping, values.conventions, history_of(taught))
    found = {}
    for table in tables:
        own = [mapping for mapping in taught if mapping.parent == table.key]
        others = (mapping for mapping in taught if mapping.parent != table.key)
        is_taught = bool(history_of(own).names)
        found[table.key] = replace(whole, history=history_of(others)) if is_taught else whole
    return found


def _answers(
    mapping: TableMapping, table: RawTable, target: Target, ways: Ways
) -> tuple[list[Answer], dict[str, str]]:
    relation = replace(table.relation, columns=tuple(source_columns(table.relation)))
    return compare(mapping, table.relation, match(match_task(table, relation, target, ways), ways.mapping))


# --- embedding models ---------------------------------------------------------------------------------


def model_name(settings: EmbeddingSettings) -> str:
    """The embedding model that the settings lead to, which is not opened; "none" without one."""
    if why_no_embedder(settings):
        return "none"
    return OFFLINE_MODEL if settings.model == "auto" else settings.model


def as_setting(model: str) -> str:
    """What `embeddings.model` has to be for the model of that name."""
    return "auto" if model == OFFLINE_MODEL else model


def require_another(settings: EmbeddingSettings, other: EmbeddingSettings) -> None:
    """Returns when the two settings lead to different models.

    Raises:
        UsageError: both lead to the same one, or the other leads to none without saying so.
    """
    if other.model != "none" and (why := why_no_embedder(other)):
        raise UsageError(f"there is no embedding model to compare with: {why}")
    if model_name(other) == model_name(settings):
        raise UsageError(
            f"'{model_name(other)}' is the embedding model already, so there is nothing to compare",
            hint="name another one: a folder, a name on the hub (owner/model), auto or none",
        )


def changed_model(store: Store, settings: LoadedSettings) -> tuple[str, str] | None:
    """The embedding model of the last check that was kept and the one of now, where they differ."""
    last = kept_checks(store, limit=1)
    now = model_name(settings.values.embeddings)
    return (last[0].model, now) if last and last[0].model != now else None


# --- over time ----------------------------------------------------------------------------------------


def keep_check(
    store: Store,
    check: Check,
    settings: LoadedSettings,
    *,
    at: datetime,
    version: str,
    select: Iterable[str] = (),
) -> None:
    """Keep the figures of the current model, when anything was compared.

    Raises:
        StoreError: the store cannot be written.
    """
    if not check.current.answers:
        return
    mapping = settings.values.mapping
    value = {
        "form": _FORM,
        "version": version,
        "combiner": mapping.combiner,
        "model": check.current.model,
        "precision": mapping.precision,
        "review": mapping.review,
        "select": list(select),
        "people": asdict(check.current.people),
        "aidbt": asdict(check.current.aidbt),
    }
    store.put(_KIND, at.isoformat(timespec="microseconds"), value)


def kept_checks(store: Store, *, limit: int) -> list[Kept]:
    """The figures of the last checks, the last one first.

    Raises:
        StoreError: the store cannot be read.
    """
    records = sorted(store.all(_KIND).items(), reverse=True)
    return [_kept(at, record.value) for at, record in records if record.value.get("form") == _FORM][:limit]


def _kept(at: str, value: Mapping[str, Any]) -> Kept:
    return Kept(
        at=datetime.fromisoformat(at),
        version=value["version"],
        combiner=value["combiner"],
        model=value["model"],
        precision=value["precision"],
        review=value["review"],
        people=_agreement(value["people"]),
        aidbt=_agreement(value["aidbt"]),
        select=tuple(value["select"]),
    )


def _agreement(value: Mapping[str, Any]) -> Agreement:
    return Agreement(**{band: Share(**share) for band, share in value.items()})
