"""Every mapping of the project, brought up to date with what the warehouse holds now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from aidbt.core.config import ConventionSettings, LoadedSettings
from aidbt.core.errors import StatementRefused, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.resilience import Level
from aidbt.core.schema import Mapping, Relation, TableProfile, Target
from aidbt.core.words import singular
from aidbt.generate.adoption.parents import likely_parents, with_types
from aidbt.generate.adoption.staged import adopted_mappings, read_models
from aidbt.generate.data_tests import combination_test
from aidbt.generate.decide import (
    Questions,
    RawTable,
    Ways,
    broken_casts,
    broken_tests,
    changed_key,
    extend_mapping,
    map_table,
    propose_tests,
    table_drift,
)
from aidbt.generate.discover import (
    MayScan,
    Skipped,
    held_targets,
    only,
    profiled,
    questions,
    raw_relations,
    scan_gate,
)
from aidbt.generate.held import Held, held_relations
from aidbt.generate.monitors.choose import with_monitors
from aidbt.generate.questions.nested import nested_cases
from aidbt.generate.questions.row_rules import row_cases
from aidbt.generate.questions.settle import Settled, settle, value_cases
from aidbt.generate.questions.wanted import with_wanted_readings
from aidbt.llm.model import LanguageModel
from aidbt.mapping.changes import known_columns
from aidbt.mapping.decisions import with_peoples_columns, with_peoples_tests
from aidbt.mapping.disambiguate import Disambiguate, Disambiguator, ask_nobody
from aidbt.mapping.drift import Drift, drift_of
from aidbt.mapping.follow import follow_references
from aidbt.mapping.history import history_of
from aidbt.mapping.question_files import Question, load_questions
from aidbt.mapping.signals import Embed
from aidbt.mapping.tables import tables_for_targets
from aidbt.project import Project
from aidbt.project.conventions import bare_table
from aidbt.project.declared import Declared
from aidbt.project.packages import has_our_macros, package_names
from aidbt.store.cache import Cache
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve


def _none() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Models:
    """What opens the models that may be asked, each on first use.

    Attributes:
        embed: gives what turns texts into vectors; None without an embedding model.
        llm: gives the language model; None without one.
        cache: what a language model said before; None keeps nothing.
    """

    embed: Callable[[], Embed | None] = _none
    llm: Callable[[], LanguageModel | None] = _none
    cache: Cache | None = None


NO_MODELS = Models()


@dataclass(frozen=True, slots=True)
class Decisions:
    """Every mapping of the project, brought up to date.

    Attributes:
        mappings: by "source.table".
        changed: the keys that are new or were extended now.
        profiled: how many tables were scanned now; the others were known.
        questions: what is asked once per pattern and source, by id; None when that was not looked at.
        tables: what the tables hold, by "source.table"; only those that were looked at.
        level: REDUCED where a language model was asked and did not answer everything as it should.
    """

    mappings: dict[str, Mapping]
    changed: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    profiled: int = 0
    questions: dict[str, Question] | None = None
    tables: dict[str, RawTable] = field(default_factory=dict, repr=False)
    level: Level = Level.FULL


def decide_all(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    targets: dict[str, Target],
    mappings: dict[str, Mapping],
    here: Declared,
    *,
    select: tuple[str, ...] = (),
    refresh: bool = False,
    approve: Approve | None = None,
    models: Models = NO_MODELS,
) -> Decisions:
    """Every mapping, with those of new or changed tables decided as far as that is certain.

    Args:
        models: what is asked about columns of declared targets, where there are any.
        refresh: whether what aidbt decided before is decided again from the rows as they are now.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        BudgetExceeded: the scan is over the budget, and nobody agreed.
    """
    now = _Now(
        project,
        settings,
        warehouse,
        profiles,
        targets,
        mappings,
        here,
        warehouse.relations(),
        scan_gate(project, settings, approve),
    )
    looked = _look(now, select, refresh=refresh)
    tables = looked.tables
    adopted = _adopted(now, tables, refresh=refresh)
    values = settings.values
    llm = models.llm() if targets else None
    asking = Disambiguator(llm, values.llm, values.mapping, cache=models.cache) if llm else None
    ways = _ways(now, looked, adopted, models.embed() if targets else None, asking or ask_nobody)
    target_of, findings = _targets_of(tables, mappings, targets, ways, select)
    findings += looked.findings
    before = profiles_before(mappings, {key: table.relation for key, table in tables.items()}, profiles)
    with warehouse.connect() as connection:
        ask = questions(connection, warehouse.dialect)
        current, new, found = _decided(
            tables,
            mappings,
            targets,
            target_of,
            ways,
            ask,
            before=before,
            scanned=looked.scanned,
            refresh=refresh,
        )
        findings += found
        settled = _settled(current, mappings, tables, load_questions(project.root), ways, ask)
        current = settled.mappings
        findings += settled.findings
        if values.generate.tests == "keys":
            current, broken = _tested(now, tables, current, new, adopted, ask)
            findings += broken
    findings += asking.findings() if asking else []
    changed = frozenset(key for key in current if current[key] != mappings.get(key))
    return Decisions(
        current,
        changed,
        tuple(findings),
        looked.skipped,
        len(looked.scanned),
        questions=settled.questions,
        tables=tables,
        level=asking.level if asking else Level.FULL,
    )


@dataclass(frozen=True, slots=True)
class _Now:
    """The project and its warehouse, as they are while everything is decided.

    Attributes:
        mappings: as they were read.
        relations: every table and view of the warehouse.
        may_scan: told what is about to be read, before it is.
    """

    project: Project
    settings: LoadedSettings
    warehouse: Warehouse
    profiles: ProfileCache
    targets: dict[str, Target]
    mappings: dict[str, Mapping]
    here: Declared
    relations: Sequence[Relation]
    may_scan: MayScan


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was looked at.

    Attributes:
        tables: those that something may be decided about, by "source.table".
        held: what declared targets hold already, by target.
        scanned: the keys of what was read now.
        skipped: what is left out, with the reason.
        findings: about what is not there, or may not be read.
    """

    tables: dict[str, RawTable]
    held: dict[str, Held]
    scanned: frozenset[str]
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]


def _look(now: _Now, select: tuple[str, ...], *, refresh: bool) -> _Looked:
    """The raw tables, and the relations that declared targets name, with what they hold."""
    relations, skipped = raw_relations(
        now.warehouse,
        now.settings,
        now.here,
        now.mappings,
        select=select,
        relations=now.relations,
        targets=now.targets.values(),
    )
    relations = only(relations, select, now.settings)
    undecided = relations.keys() if refresh else relations.keys() - now.mappings.keys()
    beside, missing = held_relations(now.targets, now.mappings, relations, now.relations, refresh=refresh)
    looked = profiled(
        {**relations, **beside},
        now.warehouse,
        now.profiles,
        now.settings,
        now.may_scan,
        refresh=refresh,
        to_decide=undecided,
        to_transform={*undecided, *beside} if now.targets else (),
    )
    raw = {key: table for key, table in looked.tables.items() if key in relations}
    tables, empty = _without_empty(raw, now.mappings, select)
    skipped += empty
    return _Looked(
        tables,
        held_targets(now.targets, looked.tables),
        looked.scanned,
        tuple(_about(skipped, relations) if select else skipped),
        (*missing, *(_unreadable(key, error) for key, error in sorted(looked.refused.items()))),
    )


def _adopted(now: _Now, tables: dict[str, RawTable], *, refresh: bool) -> list[Mapping]:
    """The staging models that people wrote, as decided mappings; read only where something is to be decided,
    because reading them takes seconds in a large project.
    """
    if not refresh and tables.keys() <= now.mappings.keys():
        return []
    return list(adopted_mappings(read_models(now.here, now.project.profile().type), now.here))


def _ways(
    now: _Now,
    looked: _Looked,
    adopted: Sequence[Mapping],
    embed: Embed | None,
    disambiguate: Disambiguate,
) -> Ways:
    """How the project does things, with what was decided before."""
    rules = now.settings.values.conventions
    named = ((table.source, table.relation.name) for table in looked.tables.values())
    return Ways(
        now.warehouse.dialect,
        now.settings.values.mapping,
        rules,
        history_of([*adopted, *now.mappings.values()]),
        entities_of(named, now.here, rules),
        embed,
        disambiguate,
        looked.held,
    )


def _settled(
    current: dict[str, Mapping],
    before: dict[str, Mapping],
    tables: dict[str, RawTable],
    asked: dict[str, Question],
    ways: Ways,
    ask: Questions,
) -> Settled:
    """What the rows leave open: decided where they prove it or somebody answered, else asked.

    Args:
        before: the mappings as they were read.
    """
    nested, lists = nested_cases(current, before, tables, asked, ways, ask, ways.dialect)
    cases = [
        *nested,
        *value_cases(current, before, tables, asked, ways, ask, ways.dialect),
        *row_cases(current, before, tables, ways, ask, ways.dialect),
    ]
    settled = settle(current, cases, asked)
    return replace(settled, findings=(*lists, *settled.findings))


def _tested(
    now: _Now,
    tables: dict[str, RawTable],
    current: dict[str, Mapping],
    new: set[str],
    adopted: Sequence[Mapping],
    ask: Questions,
) -> tuple[dict[str, Mapping], list[Finding]]:
    """The mappings with the tests that every row supports, those of people as they are, and findings.

    A new table may refer to one that is staged already; the likely ones are looked at, too.
    """
    values = now.settings.values
    staged = {m.key: m for m in [*adopted, *now.mappings.values()] if m.key not in tables}
    prefixes = values.conventions.table_prefixes
    parents = likely_parents([current[key] for key in new], staged.values(), prefixes)
    places, _ = raw_relations(
        now.warehouse, now.settings, now.here, now.mappings, keep_staged=True, relations=now.relations
    )
    there = {m.key: places[m.key] for m in parents if m.key in places}
    with_keys = profiled(there, now.warehouse, now.profiles, now.settings, now.may_scan).tables
    # A change log brings our macros along.
    macros = has_our_macros(now.project) or any(m.rows == "changes" for m in current.values())
    combination = combination_test(package_names(now.project), macros=macros)
    proposed, broken = propose_tests(
        {**{key: with_types(staged[key], there[key][1]) for key in with_keys}, **current},
        {**with_keys, **tables},
        now.targets,
        new,
        ask,
        combinations=combination is not None,
    )
    if values.generate.monitors:
        for key in new:
            proposed[key] = with_monitors(proposed[key], tables[key].profile)
    return {key: with_peoples_tests(proposed[key], now.mappings.get(key)) for key in current}, broken


def _targets_of(
    tables: dict[str, RawTable],
    mappings: dict[str, Mapping],
    targets: dict[str, Target],
    ways: Ways,
    select: tuple[str, ...],
) -> tuple[dict[str, Target], list[Finding]]:
    """The declared target of each table that no mapping has taken yet, and findings for those without one."""
    taken = {m.target for m in mappings.values() if m.target is not None}
    open_targets = {name: target for name, target in targets.items() if name not in taken}
    for name in taken - targets.keys():  # what may be its new name is that table's, as a person has to say
        open_targets.pop(nearest(name, open_targets) or "", None)
    free = {
        k: t.relation for k, t in tables.items() if k not in mappings or _is_only_by_convention(mappings[k])
    }
    chosen = tables_for_targets(free, open_targets, ways.mapping, embed=ways.embed)
    missing = [] if select else [name for name in open_targets if name not in chosen]
    findings = [_no_table(open_targets[name], tables, free) for name in missing]
    return {key: targets[name] for name, key in chosen.items()}, findings


def _decided(
    tables: dict[str, RawTable],
    mappings: dict[str, Mapping],
    targets: dict[str, Target],
    target_of: dict[str, Target],
    ways: Ways,
    ask: Questions,
    *,
    before: dict[str, TableProfile],
    scanned: Collection[str],
    refresh: bool,
) -> tuple[dict[str, Mapping], set[str], list[Finding]]:
    """The mappings with those of the tables brought up to date, the keys decided anew, and findings.

    A column that was renamed waits for a person, whatever its probability.
    """
    current = dict(mappings)
    new: set[str] = set()
    findings: list[Finding] = []
    drifts: dict[str, Drift] = {}
    for key, table in sorted(tables.items()):
        old = mappings.get(key)
        target = target_of.get(key) or targets.get((old.target if old else None) or "")
        if old is not None and key not in target_of and not refresh:
            drift = table_drift(old, table, target, ways, ask, before=before.get(key), may_accept=False)
            renamed = drift.source.renamed
            extended = extend_mapping(drift.followed, table, target, ways, ask, renamed=renamed)
            current[key] = _readable(extended, drift.followed, table, target, ways, ask)
            findings += [f for f in drift.findings if f.severity != Severity.INFO]
            drifts[key] = drift
            findings += changed_key(old, current[key])
            findings += broken_tests(old, table.profile)
            if key in scanned:
                findings += broken_casts(old, table.relation, ask)
            continue
        fresh, _ = map_table(table, target, ways, ask, old=old)
        fresh = _readable(fresh, None, table, target, ways, ask)
        if old is not None:
            fresh = with_peoples_columns(fresh, old) if key not in target_of else fresh
            fresh = replace(fresh, path=old.path, digest=old.digest)
        current[key] = fresh
        new.add(key)
    parents = {key: tables[key].relation for key in drifts}
    for key, drift in list_drifts(mappings, parents, drifts, ways, ask).items():
        current[key] = drift.followed
        findings += [f for f in drift.findings if f.severity != Severity.INFO]
    return with_references(current, drifts), new, findings


def _readable(
    mapping: Mapping,
    before: Mapping | None,
    table: RawTable,
    target: Target | None,
    ways: Ways,
    ask: Questions,
) -> Mapping:
    """The mapping with expressions where a cast loses values; without a target nothing has to be cast."""
    if target is None:
        return mapping
    return with_wanted_readings(mapping, before, table, target, ways, ask)


def profiles_before(
    mappings: dict[str, Mapping], relations: dict[str, Relation], profiles: ProfileCache
) -> dict[str, TableProfile]:
    """What the tables held while they still had the columns that are gone now, as far as the store knows."""
    gone = {
        key: lost
        for key, relation in relations.items()
        if key in mappings
        and (lost := [name for name in known_columns(mappings[key]) if relation.column(name) is None])
    }
    return profiles.with_columns(gone) if gone else {}


def list_drifts(
    mappings: dict[str, Mapping],
    relations: dict[str, Relation],
    drifts: dict[str, Drift],
    ways: Ways,
    ask: Questions,
) -> dict[str, Drift]:
    """How far the mappings of lists inside of tables are from what was decided; only those that are.

    Args:
        relations, drifts: the tables they stand in, and how those drifted.
    """
    found: dict[str, Drift] = {}
    for key, mapping in mappings.items():
        relation = relations.get(mapping.parent)
        if mapping.items and relation is not None:
            found[key] = drift_of(
                mapping,
                relation,
                None,
                parent=drifts.get(mapping.parent),
                lossy=partial(ask.lossy, relation),
                settings=ways.mapping,
                dialect=ways.dialect,
            )
    return {key: drift for key, drift in found.items() if drift}


def with_references(current: dict[str, Mapping], drifts: dict[str, Drift]) -> dict[str, Mapping]:
    """The mappings with the new names of the columns that their relationship tests refer to."""
    renamed = {key: drift.source.renamed for key, drift in drifts.items() if drift.source.renamed}
    if not renamed:
        return current
    return {key: follow_references(mapping, renamed) for key, mapping in current.items()}


def _unreadable(key: str, error: StatementRefused) -> Finding:
    """A table that is left as it was decided, or undecided, because it could not be looked at."""
    hint = f" ({error.hint})" if error.hint else ""
    return Finding("table.unreadable", Severity.ERROR, key, f"it cannot be read: {error.message}{hint}")


def _about(skipped: list[Skipped], relations: dict[str, tuple[str, Relation]]) -> list[Skipped]:
    """Of what was left out only what belongs to the selected sources."""
    names = {name for source, relation in relations.values() for name in (source, relation.schema)}
    return [item for item in skipped if any(item.table.startswith(f"{name}.") for name in names)]


def entities_of(
    tables: Iterable[tuple[str, str]], here: Declared, rules: ConventionSettings
) -> dict[str, frozenset[str]]:
    """The names of every source's tables in the singular.

    Args:
        tables: (source, table).
    """
    found: dict[str, set[str]] = {}
    for source, name in [*tables, *((item.source, item.table) for item in here.tables)]:
        found.setdefault(source, set()).add(singular(bare_table(source, name, rules.table_prefixes)))
    return {source: frozenset(entities) for source, entities in found.items()}


def _without_empty(
    tables: dict[str, RawTable], mappings: dict[str, Mapping], select: tuple[str, ...]
) -> tuple[dict[str, RawTable], list[Skipped]]:
    """The tables without new ones that hold no rows, unless they are selected by their own name."""
    empty = {
        key
        for key, table in tables.items()
        if key not in mappings and not table.profile.row_count and not _is_named(table, select)
    }
    skipped = [Skipped(key, "it is empty; select it by its name to stage it") for key in sorted(empty)]
    return {key: table for key, table in tables.items() if key not in empty}, skipped


def _is_named(table: RawTable, select: tuple[str, ...]) -> bool:
    names = (table.relation.name, table.key)
    return any(selector.removeprefix("source:") in names for selector in select)


def _is_only_by_convention(mapping: Mapping) -> bool:
    """Whether nobody decided anything yet: a target that is declared later may still take the table."""
    by = {column.by for column in mapping.columns} | {test.by for test in mapping.tests}
    return mapping.target is None and by <= {"aidbt"}


def _no_table(target: Target, tables: dict[str, RawTable], free: dict[str, Relation]) -> Finding:
    named = next((key for key in target.sources if key in tables), next(iter(target.sources), ""))
    if named and named not in tables:
        close = nearest(named, tables)
        message = f"its table {named} does not exist" + (f"; did you mean {close}?" if close else "")
    elif named and named not in free:
        message = f"its table {named} is mapped already; remove its mapping to start anew"
    else:
        message = f"no table fits the target {target.name}; name it under 'sources:'"
    return Finding("target.no_table", Severity.WARN, f"aidbt/targets/{target.name}.yml", message)
