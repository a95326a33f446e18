"""The statements behind `aidbt.warehouse.catalogs`, one pair a warehouse."""

from __future__ import annotations

# reltuples is -1 (0 before version 14) where nobody analysed; else it is scaled to the table's present size,
# as the planner does. A partitioned table is the sum of its partitions. The version rests on the file that
# TRUNCATE and rewrites replace and on the counters of changed rows. Asking for a size waits for whoever holds
# the table for himself alone, or is about to: of such tables it stays unknown.
POSTGRES_RELATIONS = """
with waited as materialized (
    select distinct l.relation from pg_catalog.pg_locks as l
    where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid <> pg_catalog.pg_backend_pid()
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
)
select
    current_database(), n.nspname, c.relname,
    case c.relkind when 'v' then 'view' when 'f' then 'external' else 'table' end,
    obj_description(c.oid, 'pg_class'),
    case when c.relkind <> 'v' then s.row_estimate end,
    case when c.relkind in ('r', 'm', 'p') then s.size_bytes end,
    case when c.relkind in ('r', 'm', 'p') then s.version end
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join lateral (
    select
        case when bool_and(p.pages is not null and (p.is_empty or p.relpages > 0 and p.reltuples >= 0))
            then round(sum(case when p.is_empty then 0 else p.reltuples / p.relpages * p.pages end)) end
            as row_estimate,
        case when bool_and(p.size_bytes is not null) then sum(p.size_bytes) end as size_bytes,
        case when bool_and(p.is_watched)
            then md5(string_agg(concat_ws(':', p.oid, p.relfilenode, p.changed_rows), ',' order by p.oid)) end
            as version
    from (
        select
            r.oid, r.reltuples, nullif(r.relpages, 0) as relpages, r.relfilenode,
            case when w.relation is null then pg_catalog.pg_table_size(r.oid) end as size_bytes,
            case when r.relkind = 'f' then false
                when w.relation is null then pg_catalog.pg_relation_size(r.oid) = 0 end as is_empty,
            case when r.relkind = 'f' then r.relpages when w.relation is null
                then pg_catalog.pg_relation_size(r.oid) / current_setting('block_size')::bigint end as pages,
            pg_catalog.pg_stat_get_tuples_inserted(r.oid) + pg_catalog.pg_stat_get_tuples_updated(r.oid)
                + pg_catalog.pg_stat_get_tuples_deleted(r.oid) as changed_rows,
            r.relkind <> 'f' and current_setting('track_counts')::boolean as is_watched
        from (
            select c.oid as relid where c.relkind in ('r', 'm', 'f')
            union all
            select t.relid from (
                with recursive parts (relid) as (
                    select i.inhrelid from pg_catalog.pg_inherits as i where i.inhparent = c.oid
                    union all
                    select i.inhrelid from parts
                    join pg_catalog.pg_inherits as i on i.inhparent = parts.relid
                )
                select relid from parts
            ) as t
            where c.relkind = 'p'
        ) as leaf
        join pg_catalog.pg_class as r on r.oid = leaf.relid and r.relkind <> 'p'
        left join waited as w on w.relation = r.oid
    ) as p
) as s on true
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_any_column_privilege(c.oid, 'select')
order by 2, 3
"""
POSTGRES_COLUMNS = """
select
    n.nspname, c.relname, a.attname,
    pg_catalog.format_type(
        case when t.typtype = 'd' then t.typbasetype else a.atttypid end,
        case when t.typtype = 'd' then t.typtypmod else a.atttypmod end
    ),
    not (a.attnotnull or t.typnotnull),
    pg_catalog.col_description(c.oid, a.attnum)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attnum > 0 and not a.attisdropped
    and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
order by n.nspname, c.relname, a.attnum
"""
POSTGRES_CLOSED_SCHEMAS = """
select distinct pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
order by 1
"""

# Redshift's catalog functions run on the leader node only and cannot be joined with svv_table_info, which
# needs a grant of its own: so sizes are a third statement, and unknown without that grant. Empty tables are
# not in it.
REDSHIFT_RELATIONS = """
select
    current_database(), n.nspname, c.relname, case c.relkind when 'v' then 'view' else 'table' end,
    obj_description(c.oid, 'pg_class'), null, null, null
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'v')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_schema_privilege(n.nspname, 'usage') and has_table_privilege(c.oid, 'select')
order by 2, 3
"""
REDSHIFT_COLUMNS = """
select
    n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
    col_description(c.oid, a.attnum)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v')
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_schema_privilege(n.nspname, 'usage') and has_table_privilege(c.oid, 'select')
order by n.nspname, c.relname, a.attnum
"""
REDSHIFT_SIZES = """
select "schema", "table", cast(tbl_rows as bigint), size * 1048576 from svv_table_info
"""

# Bytes and rows are exact; last_altered moves with every change of rows.
SNOWFLAKE_RELATIONS = """
select
    table_catalog, table_schema, table_name,
    case
        when table_type in ('VIEW', 'MATERIALIZED VIEW') then 'view'
        when table_type = 'EXTERNAL TABLE' then 'external'
        else 'table'
    end,
    comment, row_count, bytes,
    case when table_type in ('BASE TABLE', 'TEMPORARY TABLE') then to_varchar(last_altered) end
from information_schema.tables
where table_schema <> 'INFORMATION_SCHEMA'
order by 2, 3
"""
SNOWFLAKE_COLUMNS = """
select
    table_schema, table_name, column_name,
    case
        when data_type = 'NUMBER' then 'NUMBER(' || numeric_precision || ',' || numeric_scale || ')'
        when data_type = 'TEXT' then 'VARCHAR(' || character_maximum_length || ')'
        when data_type = 'BINARY' then 'BINARY(' || character_maximum_length || ')'
        when data_type like 'TIME%' then data_type || '(' || datetime_precision || ')'
        else data_type
    end,
    is_nullable = 'YES', comment
from information_schema.columns
where table_schema <> 'INFORMATION_SCHEMA'
order by table_schema, table_name, ordinal_position
"""

# A description is kept as a quoted literal. TABLE_STORAGE lags by up to some minutes.
BIGQUERY_RELATIONS = """
select
    t.table_catalog, t.table_schema, t.table_name,
    case
        when t.table_type in ('VIEW', 'MATERIALIZED VIEW') then 'view'
        when t.table_type = 'EXTERNAL' then 'external'
        else 'table'
    end,
    json_value(d.option_value), s.total_rows, s.total_logical_bytes,
    cast(s.storage_last_modified_time as string),
    p.column_name, coalesce(f.option_value = 'true', false)
from `profile_region`.INFORMATION_SCHEMA.TABLES as t
left join `profile_region`.INFORMATION_SCHEMA.TABLE_OPTIONS as d
    on d.table_schema = t.table_schema and d.table_name = t.table_name and d.option_name = 'description'
left join `profile_region`.INFORMATION_SCHEMA.TABLE_OPTIONS as f
    on f.table_schema = t.table_schema and f.table_name = t.table_name
    and f.option_name = 'require_partition_filter'
left join `profile_region`.INFORMATION_SCHEMA.COLUMNS as p
    on p.table_schema = t.table_schema and p.table_name = t.table_name and p.is_partitioning_column = 'YES'
left join `profile_region`.INFORMATION_SCHEMA.TABLE_STORAGE as s
    on s.table_schema = t.table_schema and s.table_name = t.table_name and not s.deleted
order by 2, 3
"""
BIGQUERY_COLUMNS = """
select
    c.table_schema, c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES', f.description
from `profile_region`.INFORMATION_SCHEMA.COLUMNS as c
left join `profile_region`.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS as f
    on f.table_schema = c.table_schema and f.table_name = c.table_name and f.field_path = c.column_name
order by c.table_schema, c.table_name, c.ordinal_position
"""

# Unity Catalog knows neither rows nor bytes; last_altered moves with definitions only, so it is no version.
DATABRICKS_RELATIONS = """
select
    t.table_catalog, t.table_schema, t.table_name,
    case
        when t.table_type in ('VIEW', 'MATERIALIZED_VIEW') then 'view'
        when t.table_type in ('EXTERNAL', 'FOREIGN', 'EXTERNAL_SHALLOW_CLONE') then 'external'
        else 'table'
    end,
    t.comment, null, null, null, min(p.column_name), false
from information_schema.tables as t
left join information_schema.columns as p
    on p.table_schema = t.table_schema and p.table_name = t.table_name and p.partition_ordinal_position = 1
where t.table_schema <> 'information_schema'
group by t.table_catalog, t.table_schema, t.table_name, t.table_type, t.comment
order by 2, 3
"""
DATABRICKS_COLUMNS = """
select table_schema, table_name, column_name, full_data_type, is_nullable = 'YES', comment
from information_schema.columns
where table_schema <> 'information_schema'
order by table_schema, table_name, ordinal_position
"""

TRINO_RELATIONS = """
select
    t.table_catalog, t.table_schema, t.table_name,
    case when t.table_type = 'VIEW' then 'view' else 'table' end,
    c.comment, null, null, null
from information_schema.tables as t
left join system.metadata.table_comments as c
    on c.catalog_name = t.table_catalog and c.schema_name = t.table_schema and c.table_name = t.table_name
    and c.catalog_name = current_catalog
where t.table_schema <> 'information_schema'
order by 2, 3
"""
TRINO_COLUMNS = """
select table_schem, table_name, column_name, type_name, is_nullable = 'YES', remarks
from system.jdbc.columns
where table_cat = current_catalog and table_schem <> 'information_schema'
order by table_schem, table_name, ordinal_position
"""
