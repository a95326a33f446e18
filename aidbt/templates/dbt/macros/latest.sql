{#
    The latest row per key of a change log, deleted keys included (`_aidbt_is_deleted`).

    For a model with materialized='incremental', incremental_strategy='delete+insert', unique_key= the key and
    on_schema_change='sync_all_columns'. Deleted keys stay so that an older event that comes late does not
    bring them back; select `where not _aidbt_is_deleted`.

    Arguments:
        relation: the change log, a source() or ref().
        key: the names of its key's columns, as they are stored; never NULL.
#}
{% macro aidbt_latest(relation, key) %}
    {% if not execute %}
        {{ return("") }}
    {% endif %}
    {% set key = aidbt_checked_key("aidbt_latest", key, ["delete+insert", "merge", "default"]) %}
    {% if target.type == "duckdb" and config.get("incremental_strategy") == "merge" %}
        {% do exceptions.warn(
            model.name ~ ": on DuckDB incremental_strategy='merge' costs up to three times what 'delete+insert' does"
        ) %}
    {% endif %}
    {{- return(aidbt_latest_sql(aidbt_change_log(relation, key))) -}}
{% endmacro %}


{% macro aidbt_latest_sql(log) %}
{#- Most runs need not look at what the table holds: its rows are older than the new ones, and replaced. -#}
{%- set reads_held = log.since is not none
    and (log.late or log.truncated is not none or log.unchanged | length > 0) -%}
{%- set batch_columns = ["_aidbt_loaded_at", "_aidbt_batch_id"] -%}
{%- set events -%}
    select
        {{- aidbt_select_columns(log.columns) }}{% if log.unchanged %},
        false as _aidbt_is_whole{% endif %}
    from {{ log.relation }}
    where {{ aidbt_is_new(log) if log.upto is not none else "1 = 0" }} and _aidbt_op <> 't'
{%- endset -%}
{#- Read more than once, a common table expression of the whole log would be kept in full; as a subquery,
DuckDB looks up the newest rows by their place in the table. -#}
{%- set candidates = "candidates" if reads_held else "(\n" ~ events ~ "\n) as candidates" -%}
with
{% if reads_held -%}
{%- set held_columns = adapter.get_columns_in_relation(this) | map(attribute="name") | list -%}
events as (
{{ events }}
),

held as (
    select
        {{- aidbt_select_columns(log.columns, held_columns) }}
    from {{ this }} as held_rows
    where
        exists (select 1 from events where {{ aidbt_same_key(log.key, "events", "held_rows") }})
        {%- if log.truncated is not none %}
        or {{ aidbt_is_before("held_rows", log.truncated[0], log.truncated[1], or_at=true) }}
        {%- endif %}
        {%- if log.late and log.new_truncates is not none %}
        or _aidbt_unchanged is not null
        {%- endif %}
),

{% if log.late -%}
-- Rows of the table whose values came from several events, of which new rows may belong in between.
mixed as (
    select {{ aidbt_key_columns(log.key) }}
    from held
    where _aidbt_unchanged is not null and (
        exists (
            select 1 from events
            where {{ aidbt_same_key(log.key, "events", "held") }}
                and {{ aidbt_is_before("events", "held._aidbt_position", "held._aidbt_sequence") }}
        )
        {%- if log.truncated is not none %}
        or not {{ aidbt_is_before("held", log.truncated[0], log.truncated[1]) }}
        {%- endif %}
    )
),

{% endif -%}
candidates as (
    select * from events
    union all
    select
        {{- aidbt_select_columns(log.columns) }}{% if log.unchanged %},
        true as _aidbt_is_whole{% endif %}
    from held
    {%- if log.late %}
    where not exists (select 1 from mixed where {{ aidbt_same_key(log.key, "mixed", "held") }})
    union all
    select
        {{- aidbt_select_columns(log.columns) }}{% if log.unchanged %},
        false as _aidbt_is_whole{% endif %}
    from (
        select * from {{ log.relation }} where _aidbt_batch_id <= {{ log.since }} and _aidbt_op <> 't'
    ) as logged
    where exists (select 1 from mixed where {{ aidbt_same_key(log.key, "mixed", "logged") }})
    {%- endif %}
),

{% endif -%}
newest as (
    select
        {{- aidbt_select_columns(log.columns) }}
    from (
        select
            candidates.*,
            row_number() over (
                partition by {{ aidbt_key_columns(log.key) }} order by {{ aidbt_newest_first("candidates") }}
            ) as _aidbt_rank
        from {{ candidates }}
    ) as ranked
    where _aidbt_rank = 1
)

{%- if not log.ascending %},

-- The last load that brought anything about the key.
loaded as (
    select
        {{ aidbt_key_columns(log.key) }},
        max(_aidbt_loaded_at) as _aidbt_loaded_at,
        max(_aidbt_batch_id) as _aidbt_batch_id
    from {{ candidates }}
    group by {{ aidbt_key_columns(log.key) }}
)
{%- endif %}

{%- for name in log.unchanged %},

-- The newest value that was sent, where the newest row left it out.
sent_{{ loop.index }} as (
    select {{ aidbt_key_columns(log.key) }}, {{ adapter.quote(name) }}
    from (
        select
            {{ aidbt_key_columns(log.key) }},
            {{ adapter.quote(name) }},
            row_number() over (
                partition by {{ aidbt_key_columns(log.key) }} order by {{ aidbt_newest_first("candidates") }}
            ) as _aidbt_rank
        from {{ candidates }}
        where
            (_aidbt_is_whole or not {{ aidbt_is_unchanged("candidates", name) }})
            {%- if log.truncated is not none %}
            and not {{ aidbt_is_before("candidates", log.truncated[0], log.truncated[1]) }}
            {%- endif %}
            and exists (
                select 1 from newest
                where {{ aidbt_same_key(log.key, "newest", "candidates") }}
                    and {{ aidbt_is_unchanged("newest", name) }}
            )
    ) as ranked
    where _aidbt_rank = 1
)
{%- endfor %}

{%- if log.truncated is not none %},

truncated as (
    select
        max(_aidbt_event_at) as _aidbt_event_at,
        max(_aidbt_committed_at) as _aidbt_committed_at,
        max(_aidbt_loaded_at) as _aidbt_loaded_at,
        max(_aidbt_batch_id) as _aidbt_batch_id
    from {{ log.relation }}
    where _aidbt_op = 't' and _aidbt_batch_id <= {{ log.upto }}
        and _aidbt_position = {{ log.truncated[0] }} and _aidbt_sequence = {{ log.truncated[1] }}
),

-- Keys with no row behind the truncate are not here.
settled as (
    select
        {{- aidbt_select_columns(log.columns) }}
    from newest
    where not {{ aidbt_is_before("newest", log.truncated[0], log.truncated[1], or_at=true) }}
)
{%- endif %}
{%- set of_truncate = {
    "_aidbt_op": "'t'",
    "_aidbt_position": log.truncated[0] if log.truncated is not none,
    "_aidbt_sequence": log.truncated[1] if log.truncated is not none,
    "_aidbt_event_at": "truncated._aidbt_event_at",
    "_aidbt_committed_at": "truncated._aidbt_committed_at",
} %}
{%- set row = "newest" if log.truncated is none else "settled" %}

select
    {%- for name in log.columns %}
    {%- set column = adapter.quote(name) %}
    {%- set value = row ~ "." ~ column %}
    {%- if name in log.key %}
        {%- set value = "newest." ~ column %}
    {%- elif name in batch_columns %}
        {%- set value = ("newest." if log.ascending else "loaded.") ~ column %}
    {%- elif name in log.unchanged %}
        {%- set sent = "sent_" ~ (log.unchanged.index(name) + 1) ~ "." ~ column %}
        {%- set value = "case when " ~ aidbt_is_unchanged(row, name) ~ " then " ~ sent ~ " else " ~ value ~ " end" %}
    {%- endif %}
    {%- if log.truncated is not none and name in batch_columns %}
        {%- set later = "greatest(" ~ value ~ ", truncated." ~ column ~ ")" %}
        {%- set value = "case when settled._aidbt_op is null then " ~ later ~ " else " ~ value ~ " end" %}
    {%- elif log.truncated is not none and name in of_truncate %}
        {%- set value = "case when settled._aidbt_op is null then " ~ of_truncate[name] ~ " else " ~ value ~ " end" %}
    {%- endif %}
    {{ value }} as {{ column }},
    {%- endfor %}
    coalesce({{ row }}._aidbt_op, 't') in ('d', 't') as _aidbt_is_deleted
from newest
{%- if not log.ascending %}
inner join loaded on {{ aidbt_same_key(log.key, "loaded", "newest") }}
{%- endif %}
{%- if log.truncated is not none %}
left join settled on {{ aidbt_same_key(log.key, "settled", "newest") }}
cross join truncated
{%- endif %}
{%- for name in log.unchanged %}
left join sent_{{ loop.index }} on {{ aidbt_same_key(log.key, "sent_" ~ loop.index, "newest") }}
{%- endfor %}
{% endmacro %}
