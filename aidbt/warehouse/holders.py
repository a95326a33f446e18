"""Who holds the tables that others wait for, where the warehouse tells: PostgreSQL's table locks."""

from __future__ import annotations

from dataclasses import dataclass

from aidbt.warehouse.base import Connection

# What a lock is held on is known to everybody, and who holds it; not what he does with it. Parallel workers
# hold what their leader does.
_POSTGRES = """
select
    n.nspname, c.relname, l.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
    bool_or(l.mode = 'AccessExclusiveLock')
from pg_catalog.pg_locks as l
join pg_catalog.pg_class as c on c.oid = l.relation
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_activity as a on a.pid = l.pid
where l.locktype = 'relation' and l.granted and l.pid <> pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
group by 1, 2, 3, 4, 5
order by 1, 2, 3
"""


TELLS = frozenset({"postgres"})


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that holds a table or view, in whatever mode.

    Attributes:
        pid: of the server's process.
        user, application: whose it is, as far as it says.
        is_alone: whether nobody can even read the table meanwhile.
    """

    schema: str
    table: str
    pid: int
    user: str = ""
    application: str = ""
    is_alone: bool = False

    def __str__(self) -> str:
        """ "process 4711 of loader (psql)"."""
        owner = f" of {self.user}" if self.user else ""
        return f"process {self.pid}{owner}" + (f" ({self.application})" if self.application else "")


def holders(connection: Connection) -> tuple[Holder, ...]:
    """What other sessions hold right now; nothing where the warehouse does not tell.

    Raises:
        WarehouseError: it cannot be asked.
    """
    if connection.dialect not in TELLS:
        return ()
    return tuple(
        Holder(str(schema), str(table), int(pid), str(user), str(application), bool(alone))
        for schema, table, pid, user, application, alone in connection.rows(_POSTGRES)
    )
