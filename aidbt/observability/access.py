"""What each command reads, writes and sends, and the smallest grants it needs, as this project has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aidbt.core.config import LoadedSettings, environment
from aidbt.core.errors import AidbtError
from aidbt.mapping.files import load_mappings
from aidbt.observability.grants import Grant, Need, Place, closed_tables_grant, grants_for
from aidbt.project import Profile, Project
from aidbt.project.declared import declared
from aidbt.project.duckdb_path import resolve_duckdb_path
from aidbt.store import store_location
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import runs_as


@dataclass(frozen=True, slots=True)
class CommandAccess:
    """What one command touches.

    Attributes:
        needs: the grants it needs, by their `need`.
    """

    command: str
    reads: str
    writes: str
    sends: str
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """What `aidbt doctor --access` prints.

    Attributes:
        checked: whether the warehouse was asked which grants this user has.
        problem, hint: why it was not, when it should have been.
    """

    place: Place
    commands: tuple[CommandAccess, ...]
    grants: tuple[Grant, ...]
    checked: bool = False
    problem: str = ""
    hint: str = ""

    @property
    def missing(self) -> tuple[Grant, ...]:
        """The grants that this user was found to lack."""
        return tuple(grant for grant in self.grants if grant.held is False)


def access(project: Project, settings: LoadedSettings, open_warehouse: Callable[[], Warehouse]) -> Access:
    """What the commands touch in this project and need in its warehouse; where that can be asked in one
    cheap statement (PostgreSQL, the file of DuckDB), with what this user has.

    Raises:
        AidbtError: the profile, or a file of the project, cannot be read.
    """
    profile = project.profile()
    needed = _source_tables(project, settings)
    place = _place(project, profile, needed)
    check = _CHECKS.get(profile.type)
    found = Access(place, _commands(project, settings, place), grants_for(place))
    if check is None:
        return found
    try:
        place, grants = check(place, needed, open_warehouse)
    except AidbtError as error:
        return replace(found, problem=error.message, hint=error.hint or "")
    commands = _commands(project, settings, place)
    return replace(found, place=place, commands=commands, grants=grants, checked=True)


def _source_tables(project: Project, settings: LoadedSettings) -> dict[str, set[str]]:
    """The raw schemas that settings, mappings and the project's sources name, each with the tables that are
    declared or mapped.
    """
    found: dict[str, set[str]] = {schema: set() for schema in settings.values.generate.sources}
    for mapping in load_mappings(project.root).values():
        if mapping.schema:
            found.setdefault(mapping.schema, set()).add(mapping.table)
    for table in declared(project, generated=(), lenient=True).tables:
        if table.schema and not table.package:
            found.setdefault(table.schema, set()).add(table.identifier)
    return dict(sorted(found.items()))


def _place(project: Project, profile: Profile, needed: Mapping[str, set[str]]) -> Place:
    return Place(
        runs_as=runs_as(profile.type, profile.settings),
        sources=tuple(needed),
        target=profile.schema,
        has_custom_schemas=any(
            _names_schema(project.config.get(k)) for k in ("models", "seeds", "snapshots")
        ),
        path=resolve_duckdb_path(profile, project) if profile.type == "duckdb" else None,
    )


def _names_schema(config: Any) -> bool:
    """Whether a configuration of dbt_project.yml puts anything into a schema of its own."""
    if not isinstance(config, dict):
        return False
    named = {"schema", "+schema", "target_schema", "+target_schema"}
    return any(
        (key in named and isinstance(value, str)) or _names_schema(value) for key, value in config.items()
    )


def _sent_to_model(settings: LoadedSettings) -> str:
    """What a language model is told about columns whose match is not sure; "" when none is asked."""
    llm = settings.values.llm
    if not llm.asked:
        return ""
    values = {
        "none": "",
        "masked": ", the shape of values that are not personal",
        "raw": ", values that are not personal",
    }[llm.send_values]
    return f"names, types and comments{values} of doubtful columns to the language model ({_asked(settings)})"


def _asked(settings: LoadedSettings) -> str:
    return ", then ".join(provider.name for provider in settings.values.llm.asked)


def _commands(project: Project, settings: LoadedSettings, place: Place) -> tuple[CommandAccess, ...]:
    """What every command touches, in the order of `aidbt --help`. A store on a server is sent something."""
    store = store_location(settings.values.store, project=project.name)
    commands = _touched(project, settings, place, store)
    if not settings.values.store.url.get_secret_value():
        return commands
    return tuple(_with_store(command) if store in command.writes else command for command in commands)


def _with_store(command: CommandAccess) -> CommandAccess:
    others = [part for part in command.sends.split("; ") if not part.startswith("nothing")]
    return replace(command, sends="; ".join([*others, "to the store what it writes there"]))


def _touched(
    project: Project, settings: LoadedSettings, place: Place, store: str
) -> tuple[CommandAccess, ...]:
    kind = place.runs_as.kind
    raw = ", ".join(place.sources) or "the raw schemas"
    bronze = f"{settings.values.ingest.schema_prefix}<source>"
    tagged = (
        "" if kind == "duckdb" else "statements to the warehouse, each tagged with the command and version"
    )
    sends = tagged or "nothing: the warehouse is a file"
    asks = "; ".join(part for part in (tagged, _sent_to_model(settings)) if part) or sends
    people = _told_to_people(settings)
    return (
        CommandAccess(
            "init", "files of the project", "aidbt.yml; a whole project in an empty folder", "nothing"
        ),
        CommandAccess(
            "doctor", "files, the catalog, installed packages", "nothing", sends, ("connect", "metadata")
        ),
        CommandAccess(
            "ingest",
            "the databases and files that connectors name",
            f"schemas {bronze} of a DuckDB file; {store}; .aidbt/spool and .aidbt/scratch; cdc: a "
            "publication and a replication slot in the source"
            if kind == "duckdb"
            else f"DuckDB only, not {kind}",
            "queries to those databases; cdc: now and then an empty transaction; nothing else",
            ("build",) if kind == "duckdb" else (),
        ),
        CommandAccess(
            "profile",
            f"the catalog, and rows of {raw}, after a plan of what that costs",
            f"figures in {store}; values of short codes only, none of personal data",
            sends,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "map",
            f"aidbt/, the catalog, and rows of {raw}, after a plan of what that costs",
            f"aidbt/mappings, aidbt/questions.yml, .aidbt/proposals, {store}; nothing in the warehouse",
            asks,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "review",
            "aidbt/mappings; with --why the catalog and profiles",
            "decisions in aidbt/mappings",
            sends,
        ),
        CommandAccess(
            "generate",
            f"files of the project, the catalog, and rows of {raw}, with --monitors of models too, after a"
            " plan of what that costs",
            f"models, property files, aidbt/, .aidbt/proposals, {store}; nothing in the warehouse",
            asks,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "validate",
            "the project, the catalog; up to the last rung a few rows of what the SQL reads, read only",
            f".aidbt/compiled, {store}; nothing in the warehouse",
            sends,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "lineage",
            "the project, the catalog, the loads in bronze",
            f".aidbt/compiled, {store}, the file that --html names; nothing in the warehouse",
            sends,
            ("connect", "metadata"),
        ),
        CommandAccess(
            "impact",
            "the project, the catalog; with --base the history in git",
            f".aidbt/compiled, {store}; nothing in the warehouse",
            sends,
            ("connect", "metadata"),
        ),
        CommandAccess(
            "pr",
            "the project, git, the catalog; with --build rows of changed tables, after a plan",
            f".aidbt/compiled, {store}, the files that --write names; with --build the schemas"
            f" {place.target}_pr_*, dropped afterwards",
            sends,
            ("connect", "metadata", "read", "build"),
        ),
        CommandAccess(
            "query",
            "the project, the catalog, and rows of the models that are asked about, after a plan of what that"
            " costs",
            f".aidbt/compiled, figures in {store}, the file that --chart names; nothing in the warehouse",
            asks,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "semantic",
            "the project; draft also the catalog and rows of the models, after a plan",
            f"draft: property files, a time spine, aidbt/generated.lock, {store}; nothing in the warehouse",
            sends,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "model",
            "the project, the catalog, and rows of the models that the sentence names, after a plan",
            f"a model, its property file, aidbt/, .aidbt/proposals, {store}; nothing in the warehouse",
            asks,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "build",
            f"what dbt build reads: the project, {raw}; after a good run the tables again, for their state",
            f"what dbt build writes: the schema {place.target}"
            f"{' and custom schemas' if place.has_custom_schemas else ''}, target/, logs/; {store}",
            "; ".join(part for part in (tagged and "dbt's own statements", _dbt_telemetry(project)) if part),
            ("connect", "read", "build"),
        ),
        CommandAccess(
            "observe",
            "the artifacts and logs of dbt that are named, target/ by default; the newest manifest; after a"
            f" good run of the last day {raw} and what it built, for their state",
            f"runs, the times of their nodes, the last good states, and incidents, in {store}",
            _together(sends, people),
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "classify",
            f"the messages it is given; no file of the project, unless --ask or --retrain: {store}",
            "nothing; with --retrain the text model in .aidbt",
            f"with --ask: messages without names and values to the language model ({_asked(settings)})"
            if settings.values.llm.asked
            else "nothing",
        ),
        CommandAccess(
            "diagnose",
            f"what the failed run left, files of the project and of git, rows of {raw}",
            f"nothing but an empty {store} where there is none",
            sends,
            ("connect", "metadata", "read"),
        ),
        CommandAccess(
            "heal",
            "what aidbt diagnose reads; what is built aside and the same tables as they are; the health of"
            f" the sources of aidbt/connectors, and dead letters in bronze; {store}",
            "commits and branches aidbt/heal/… of git (with --push at origin, too), .aidbt/heal (on DuckDB"
            f" with the tables of before), {store}; for a proof schemas aidbt_… beside those of the target,"
            " dropped afterwards; where heal.deployed_branch is set the files"
            " that are checked out, and what dbt build writes; rows of dead letters that are replayed",
            _together(tagged and "dbt's own statements", people, _dbt_telemetry(project)),
            ("connect", "metadata", "read", "build"),
        ),
        CommandAccess(
            "monitor",
            "the newest manifest, the catalog, and rows of the models: those of new days, after a plan",
            f"counts, sums and short codes in {store}, none of personal data; bounds of the next days"
            f" in {place.target}.aidbt_monitor_bounds where data tests compare with them",
            "; ".join(part for part in (tagged, _told_to_people(settings)) if part),
            ("connect", "metadata", "read", "build"),
        ),
        CommandAccess(
            "incidents",
            "the newest manifest",
            f"{store}; resolve --as also aidbt/feedback.yml, and the bounds in"
            f" {place.target}.aidbt_monitor_bounds, so that builds go on",
            _told_to_people(settings),
            ("connect", "read", "build"),
        ),
        CommandAccess("quality", f"artifacts of dbt's last run, {store}", f"scores in {store}", "nothing"),
        CommandAccess(
            "report",
            f"the newest manifest, artifacts of dbt's last run, {store}",
            "the page that --out names, report.html in dbt's target folder by default",
            "nothing",
        ),
    )


def _together(*parts: str) -> str:
    """What is sent, in one line."""
    return "; ".join(part for part in parts if part not in ("", "nothing")) or "nothing"


def _told_to_people(settings: LoadedSettings) -> str:
    """What channels are sent; who runs the command sees the console's."""
    channels = settings.values.alerts.channels
    named = [f"{name} ({one.kind})" for name, one in channels.items() if one.kind != "console"]
    return f"what is wrong, without values of rows, to {', '.join(named)}" if named else "nothing"


def _dbt_telemetry(project: Project) -> str:
    """Whether dbt itself reports its use to its makers: aidbt does not, and leaves dbt's setting alone."""
    env = environment()
    off = ("0", "f", "false", "n", "no", "off")
    says = env.get("DBT_SEND_ANONYMOUS_USAGE_STATS", "").lower()
    is_off = says in off if says else not project.flag("send_anonymous_usage_stats", True)
    if is_off or env.get("DO_NOT_TRACK", "").lower() in ("1", "t", "true", "y", "yes"):
        return "no usage statistics (dbt's are off)"
    return "dbt's own usage statistics (off with flags: send_anonymous_usage_stats: false)"


def _check_duckdb(
    place: Place, needed: Mapping[str, set[str]], open_warehouse: Callable[[], Warehouse]
) -> tuple[Place, tuple[Grant, ...]]:
    path = place.path
    if path is None:
        return place, grants_for(place)
    can = {
        "read": os.access(path, os.R_OK) if path.exists() else None,
        "build": os.access(path, os.R_OK | os.W_OK) if path.exists() else None,
        "folder": os.access(path.parent, os.W_OK | os.X_OK) if path.parent.exists() else None,
    }
    read, build, folder = grants_for(place)
    missing = "" if path.exists() else "the file does not exist yet"
    return place, (
        replace(read, held=can["read"], detail=missing or read.detail),
        replace(build, held=can["build"], detail=missing or build.detail),
        replace(folder, held=can["folder"]),
    )


# Of this user and the roles it has; every right of the database first, then one row a schema.
_POSTGRES_DATABASE = """
select
    pg_catalog.has_database_privilege(current_database(), 'connect'),
    pg_catalog.has_database_privilege(current_database(), 'create')
"""
_POSTGRES_SCHEMAS = """
select
    n.nspname,
    pg_catalog.has_schema_privilege(n.oid, 'usage'),
    pg_catalog.has_schema_privilege(n.oid, 'create'),
    count(c.oid) filter (where pg_catalog.has_any_column_privilege(c.oid, 'select')),
    array_agg(c.relname::text order by c.relname)
        filter (where not pg_catalog.has_any_column_privilege(c.oid, 'select'))
from pg_catalog.pg_namespace as n
left join pg_catalog.pg_class as c
    on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by n.oid, n.nspname
order by n.nspname
"""


@dataclass(frozen=True, slots=True)
class _Schema:
    """What a PostgreSQL user may do in a schema."""

    usage: bool
    create: bool
    open_tables: int
    closed: tuple[str, ...]


def _check_postgres(
    place: Place, needed: Mapping[str, set[str]], open_warehouse: Callable[[], Warehouse]
) -> tuple[Place, tuple[Grant, ...]]:
    with open_warehouse().connect() as connection:
        [(connects, creates)] = connection.rows(_POSTGRES_DATABASE)
        schemas = {
            str(name): _Schema(usage, create, int(tables), tuple(closed or ()))
            for name, usage, create, tables, closed in connection.rows(_POSTGRES_SCHEMAS)
        }
    # With no source named yet, any schema that holds tables and that dbt does not build into may be one.
    held = tuple(
        n for n, s in schemas.items() if (s.open_tables or s.closed) and not _is_built(n, place.target)
    )
    place = replace(place, has_target=place.target in schemas, sources=place.sources or held)
    return place, tuple(_postgres_held(place, schemas, needed, connects=connects, creates=creates))


def _is_built(schema: str, target: str) -> bool:
    return schema == target or schema.startswith(target + "_")


def _postgres_held(
    place: Place,
    schemas: Mapping[str, _Schema],
    needed: Mapping[str, set[str]],
    *,
    connects: bool,
    creates: bool,
) -> Iterator[Grant]:
    """The grants of the place, each with whether the user has it."""
    for grant in grants_for(place):
        schema = schemas.get(grant.about)
        if grant.need == "connect":
            yield replace(grant, held=connects)
        elif grant.need == "metadata":
            yield replace(grant, held=True)
        elif grant.need == "build":
            in_schema = " on schema " in grant.statement
            yield replace(grant, held=schema.usage and schema.create if in_schema and schema else creates)
        elif schema is None:
            detail = f"there is no schema called {grant.about}" if place.sources else "no source is named yet"
            yield replace(grant, held=None, detail=detail)
        elif grant.statement.startswith("grant usage"):
            yield replace(grant, held=schema.usage)
        else:
            yield _select_held(grant, schema, needed.get(grant.about, set()), place)


def _select_held(grant: Grant, schema: _Schema, needed: set[str], place: Place) -> Grant:
    """The right to read a schema's tables: where some are open, the others may be closed on purpose."""
    if not schema.closed:
        return replace(grant, held=True)
    if not schema.open_tables:
        return replace(grant, held=False, detail=_named(schema.closed))
    lacking = [table for table in schema.closed if table in needed]
    if lacking:
        statement = closed_tables_grant(place, grant.about, lacking)
        return replace(grant, statement=statement, held=False, detail=_named(tuple(lacking)))
    return replace(grant, held=True, detail=f"left out, because they are closed: {_named(schema.closed)}")


def _named(tables: tuple[str, ...]) -> str:
    more = f" and {len(tables) - 5} more" if len(tables) > 5 else ""
    return ", ".join(tables[:5]) + more


_CHECKS: dict[str, Callable[..., tuple[Place, tuple[Grant, ...]]]] = {
    "duckdb": _check_duckdb,
    "postgres": _check_postgres,
}
