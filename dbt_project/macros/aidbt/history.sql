{#
    Every version of every key of a change log (type 2).

    For a model with materialized='incremental', incremental_strategy='aidbt_history' (below), unique_key= the
    key and on_schema_change='sync_all_columns'. A version is what a key's row was behind one position of the
    log, so what a transaction wrote and overwrote itself is no version; equal versions in a row are one.
    It is valid from `_aidbt_valid_from` until before `_aidbt_valid_to` (NULL: still). A deletion ends the
    version before it and leaves a row with `_aidbt_is_deleted` that is valid at no time.

    Arguments:
        relation: the change log, a source() or ref().
        key: the names of its key's columns, as they are stored; never NULL.
#}
{% macro aidbt_history(relation, key) %}
    {% if not execute %}
        {{ return("") }}
    {% endif %}
    {% set key = aidbt_checked_key("aidbt_history", key, ["aidbt_history"]) %}
    {{- return(aidbt_history_sql(aidbt_change_log(relation, key))) -}}
{% endmacro %}


{% macro aidbt_history_sql(log) %}
{%- set continues = log.since is not none and log.upto is not none -%}
{%- set truncates = log.truncated is not none or log.new_truncates is not none -%}
{%- set batch_columns = ["_aidbt_loaded_at", "_aidbt_batch_id"] -%}
with events as (
    select
        {{- aidbt_select_columns(log.columns) }}
    from {{ log.relation }}
    where {{ aidbt_is_new(log) if log.upto is not none else "1 = 0" }} and _aidbt_op <> 't'
),

{% if continues -%}
{%- set held_columns = adapter.get_columns_in_relation(this) | map(attribute="name") | list -%}
begun as (
    select {{ aidbt_key_columns(log.key) }}, min(_aidbt_position) as _aidbt_position
    from events
    group by {{ aidbt_key_columns(log.key) }}
),

{% if log.late -%}
-- Keys with something new that is not the newest of the key: they are built anew from the log.
late as (
    select {{ aidbt_key_columns(log.key) }}
    from begun
    where
        exists (
            select 1 from {{ this }} as held_rows
            where {{ aidbt_same_key(log.key, "held_rows", "begun") }}
                and held_rows._aidbt_position >= begun._aidbt_position
        )
        or exists (
            select 1
            from (
                select {{ aidbt_key_columns(log.key) }}, _aidbt_position from {{ log.relation }}
                where _aidbt_batch_id <= {{ log.since }} and _aidbt_position >= {{ log.floor }} and _aidbt_op <> 't'
            ) as logged
            where {{ aidbt_same_key(log.key, "logged", "begun") }}
                and logged._aidbt_position >= begun._aidbt_position
        )
    {%- if log.new_truncates is not none %}
    union
    select {{ aidbt_key_columns(log.key) }}
    from {{ this }} as held_rows
    where held_rows._aidbt_position < {{ log.new_truncates[1] }} and exists (
        select 1
        from (
            select {{ aidbt_key_columns(log.key) }} from {{ log.relation }}
            where _aidbt_batch_id <= {{ log.since }} and _aidbt_position >= {{ log.new_truncates[0] }}
                and _aidbt_op <> 't'
            union
            select {{ aidbt_key_columns(log.key) }} from {{ this }}
            where _aidbt_position >= {{ log.new_truncates[0] }}
        ) as logged
        where {{ aidbt_same_key(log.key, "logged", "held_rows") }}
    )
    {%- endif %}
),

{% endif -%}
-- The last version of the keys; the new ones follow it.
held as (
    select
        {{- aidbt_select_columns(log.columns) }}
    from (
        select
            {{- aidbt_select_columns(log.columns, held_columns) }},
            row_number() over (
                partition by {{ aidbt_key_columns(log.key) }} order by _aidbt_position desc
            ) as _aidbt_rank
        from {{ this }} as held_rows
        {%- if log.new_truncates is none %}
        where exists (select 1 from begun where {{ aidbt_same_key(log.key, "begun", "held_rows") }})
        {%- endif %}
    ) as ranked
    where _aidbt_rank = 1
),

{% endif -%}
candidates as (
    select
        {{- aidbt_select_columns(log.columns) }},
        false as _aidbt_is_held
    from events
    {%- if log.late %}
    where not exists (select 1 from late where {{ aidbt_same_key(log.key, "late", "events") }})
    {%- endif %}
    {%- if continues %}
    union all
    select
        {{- aidbt_select_columns(log.columns) }},
        true as _aidbt_is_held
    from held
    {%- endif %}
    {%- if log.late %}
    where not exists (select 1 from late where {{ aidbt_same_key(log.key, "late", "held") }})
    union all
    select
        {{- aidbt_select_columns(log.columns) }},
        false as _aidbt_is_held
    from (
        select * from {{ log.relation }} where _aidbt_batch_id <= {{ log.upto }} and _aidbt_op <> 't'
    ) as logged
    where exists (select 1 from late where {{ aidbt_same_key(log.key, "late", "logged") }})
    {%- endif %}
),

{% if truncates -%}
-- A truncate is an event of every key that began before it. The versions held know of those read before.
truncates as (
    select
        _aidbt_position,
        _aidbt_sequence,
        max(_aidbt_event_at) as _aidbt_event_at,
        max(_aidbt_committed_at) as _aidbt_committed_at,
        max(_aidbt_loaded_at) as _aidbt_loaded_at,
        max(_aidbt_batch_id) as _aidbt_batch_id{% if continues %},
        max(_aidbt_batch_id) > {{ log.since }} as _aidbt_is_new{% endif %}
    from {{ log.relation }}
    where _aidbt_op = 't' and _aidbt_batch_id <= {{ log.upto }}
    group by _aidbt_position, _aidbt_sequence
),

firsts as (
    select
        {{ aidbt_key_columns(log.key) }},
        min(_aidbt_position) as _aidbt_position,
        min(case when not _aidbt_is_held then _aidbt_position end) as _aidbt_unread_position
    from candidates
    group by {{ aidbt_key_columns(log.key) }}
),

{% endif -%}
every as (
    select
        {{- aidbt_select_columns(log.columns) }},
        _aidbt_is_held
    from candidates
    {%- if truncates %}
    union all
    select
        {%- set of_truncate = [
            "_aidbt_position", "_aidbt_sequence", "_aidbt_event_at", "_aidbt_committed_at",
            "_aidbt_loaded_at", "_aidbt_batch_id",
        ] %}
        {%- for name in log.columns %}
        {% if name in log.key -%} firsts.{{ adapter.quote(name) }}
        {%- elif name == "_aidbt_op" -%} 't'
        {%- elif name in of_truncate -%} truncates.{{ name }}
        {%- else -%} null
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %},
        false
    from firsts
    inner join truncates on
        (
            firsts._aidbt_position < truncates._aidbt_position
            or (firsts._aidbt_position = truncates._aidbt_position and truncates._aidbt_sequence > 0)
        )
        {%- if continues %}
        and (truncates._aidbt_is_new or truncates._aidbt_position >= firsts._aidbt_unread_position)
        {%- endif %}
    {%- endif %}
),

{% set events = "every" -%}
{% if log.unchanged -%}
-- The rows since a column was last sent are one group of that column.
grouped as (
    select
        every.*
        {%- for name in log.unchanged %},
        sum(case when _aidbt_is_held or not {{ aidbt_is_unchanged("every", name) }} then 1 else 0 end) over (
            partition by {{ aidbt_key_columns(log.key) }} order by _aidbt_position, _aidbt_sequence
        ) as _aidbt_group_{{ loop.index }}
        {%- endfor %}
    from every
),

filled as (
    select
        {%- for name in log.columns %}
        {% if name in log.unchanged -%}
        {%- set group = "_aidbt_group_" ~ (log.unchanged.index(name) + 1) -%}
        case when {{ group }} > 0 then
            first_value({{ adapter.quote(name) }}) over (
                partition by {{ aidbt_key_columns(log.key) }}, {{ group }}
                order by
                    _aidbt_position,
                    _aidbt_sequence,
                    case when _aidbt_is_held or not {{ aidbt_is_unchanged("grouped", name) }} then 0 else 1 end
            )
        end as {{ adapter.quote(name) }}
        {%- else -%}
        {{ adapter.quote(name) }}
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    from grouped
),

{% set events = "filled" -%}
{% endif -%}
-- The row behind each position, and the last load that brought anything about the key.
settled as (
    select
        {{- aidbt_select_columns(log.columns) }},
        _aidbt_op in ('d', 't') as _aidbt_is_deleted,
        {%- for name in batch_columns %}
        _aidbt_last{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from (
        select
            {{ events }}.*,
            {%- for name in batch_columns %}
            max({{ name }}) over whole as _aidbt_last{{ name }},
            {%- endfor %}
            lead(_aidbt_position) over in_order as _aidbt_next_position
        from {{ events }}
        window
            in_order as (
                partition by {{ aidbt_key_columns(log.key) }}
                order by _aidbt_position, _aidbt_sequence, _aidbt_batch_id
            ),
            whole as (
                partition by {{ aidbt_key_columns(log.key) }}
                order by _aidbt_position, _aidbt_sequence, _aidbt_batch_id
                rows between unbounded preceding and unbounded following
            )
    ) as followed
    where _aidbt_next_position is null or _aidbt_next_position <> _aidbt_position
),

compared as (
    select
        settled.*,
        coalesce(_aidbt_committed_at, _aidbt_event_at) as _aidbt_valid_from,
        {{ aidbt_differs_from_previous(log) }} as _aidbt_is_other
    from settled
),

versions as (
    select
        compared.*,
        lead(_aidbt_position) over in_order as _aidbt_next_position,
        lead(_aidbt_valid_from) over in_order as _aidbt_next_from,
        {%- for name in batch_columns %}
        lead({{ name }}) over in_order as _aidbt_next{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from compared
    where _aidbt_is_other
    window in_order as (partition by {{ aidbt_key_columns(log.key) }} order by _aidbt_position)
)

select
    {%- for name in log.columns %}
    {% if name in batch_columns -%}
    case
        when _aidbt_next_position is null then _aidbt_last{{ name }}
        else greatest({{ name }}, _aidbt_next{{ name }})
    end as {{ name }}
    {%- else -%}
    {{ adapter.quote(name) }}
    {%- endif %},
    {%- endfor %}
    _aidbt_valid_from,
    case when _aidbt_is_deleted then _aidbt_valid_from else _aidbt_next_from end as _aidbt_valid_to,
    _aidbt_next_position is null and not _aidbt_is_deleted as _aidbt_is_current,
    _aidbt_is_deleted
from versions
{% endmacro %}


{# The condition that a row of `settled` is not the same as the one before it of the same key. #}
{% macro aidbt_differs_from_previous(log) %}
    {%- set compared = ["_aidbt_is_deleted"] -%}
    {%- for column in adapter.get_columns_in_relation(log.relation)
        if column.name not in log.key and not column.name.startswith("_aidbt_") -%}
        {%- do compared.append(aidbt_comparable(adapter.quote(column.name), column.data_type)) -%}
    {%- endfor -%}
    {{- adapter.dispatch("aidbt_differs_from_previous")(log, compared) -}}
{% endmacro %}

{% macro default__aidbt_differs_from_previous(log, compared) -%}
    {%- for value in compared %}
        {{ "or " if not loop.first }}lag({{ value }}) over (
            partition by {{ aidbt_key_columns(log.key) }} order by _aidbt_position
        ) is distinct from {{ value }}
    {%- endfor %}
{%- endmacro %}

{# One window over one value is much cheaper on DuckDB than one per column. #}
{% macro duckdb__aidbt_differs_from_previous(log, compared) -%}
    {%- set row = "row(" ~ compared | join(", ") ~ ")" -%}
    lag({{ row }}) over (
            partition by {{ aidbt_key_columns(log.key) }} order by _aidbt_position
        ) is distinct from {{ row }}
{%- endmacro %}


{# A value that can be compared, of one that is of this type. #}
{% macro aidbt_comparable(value, data_type) %}
    {{- adapter.dispatch("aidbt_comparable")(value, data_type) -}}
{% endmacro %}

{% macro default__aidbt_comparable(value, data_type) -%} {{ value }} {%- endmacro %}

{# PostgreSQL knows no equality of these types. #}
{% macro postgres__aidbt_comparable(value, data_type) -%}
    {{ "cast(" ~ value ~ " as text)" if data_type in ["json", "xml", "point", "polygon"] else value }}
{%- endmacro %}


{#
    The strategy of models that hold histories: of each key in the new rows, the versions from the first new
    row on are replaced. Those before it are not touched, so a key with many versions costs no more than others.
#}
{% macro get_incremental_aidbt_history_sql(arg_dict) %}
    {%- set target = arg_dict["target_relation"] -%}
    {%- set unique_key = arg_dict["unique_key"] -%}
    {%- set key = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = get_quoted_csv(arg_dict["dest_columns"] | map(attribute="name")) -%}
    delete from {{ target }}
    where exists (
        select 1
        from (
            select {{ key | join(", ") }}, min(_aidbt_position) as first_position
            from {{ arg_dict["temp_relation"] }}
            group by {{ key | join(", ") }}
        ) as replaced
        where
            {%- for column in key %}
            replaced.{{ column }} = {{ target }}.{{ column }} and
            {%- endfor %}
            replaced.first_position <= {{ target }}._aidbt_position
    );

    insert into {{ target }} ({{ columns }})
    (
        select {{ columns }}
        from {{ arg_dict["temp_relation"] }}
    )
{% endmacro %}
