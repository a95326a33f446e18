{#
    What aidbt_latest and aidbt_history share: which rows of a change log are new, and what is special about
    them. The answers are asked of the warehouse before the model's SQL is written, because most runs need
    none of the special cases; every run reads the rows up to one batch, so rows that land meanwhile are for
    the next run.
#}

{#
    A change log as a model is about to read it.

    columns          the log's columns, in its order (names)
    key              the key's columns (names)
    since            the last batch that the model holds (SQL literal), or none: everything is read
    since_loaded_at  when that batch was loaded (SQL), or none
    upto             the last batch there is (SQL literal), or none: there are no new rows
    floor            the lowest position of the new rows, or none
    late             whether rows that were read before stand at or above the floor
    ascending        whether each batch holds higher positions than all before it; the newest row of a key is
                     then of the last batch that brought anything about the key
    truncated        [position, sequence] of the last truncate that may matter to new rows, or none
    new_truncates    [lowest position, bound] of the new rows that are truncates, or none; a key that began
                     below the bound was there before one of them (one in front of a snapshot, of sequence -1,
                     comes before all rows of its position)
    unchanged        the columns that some row to be read left out because they had not changed (names)
#}
{% macro aidbt_change_log(relation, key) %}
    {% set log = {
        "relation": relation, "columns": aidbt_change_log_columns(relation, key), "key": key,
        "since": none, "since_loaded_at": none, "upto": none, "floor": none,
        "late": false, "ascending": false, "truncated": none, "new_truncates": none, "unchanged": [],
    } %}
    {% if is_incremental() %}
        {% do aidbt_check_types(relation) %}
        {% do log.update(aidbt_held()) %}
    {% endif %}
    {% set new = aidbt_facts(aidbt_new_batches(log), [
        "max(_aidbt_batch_id)",
        "min(first_position)",
        "min(first_truncate)",
        "max(truncates_below)",
        "count(case when first_position <= position_before then 1 end)",
    ], "1 = 1") %}
    {% if new[0] is none %}
        {{ return(log) }}
    {% endif %}

    {% do log.update({"upto": aidbt_literal(new[0]), "floor": new[1] | int}) %}
    {% if new[2] is not none %}
        {% do log.update({"new_truncates": [new[2] | int, new[3] | int]}) %}
    {% endif %}
    {% if log.since is not none %}
        {% set read = "_aidbt_batch_id <= " ~ log.since ~ " and _aidbt_position >= " ~ log.floor %}
        {% do log.update({"late": aidbt_facts(relation, ["max(_aidbt_position)"], read)[0] is not none}) %}
    {% endif %}
    {% do log.update({"ascending": new[4] == "0" and not log.late}) %}
    {% do log.update({"truncated": aidbt_last_truncate(log), "unchanged": aidbt_unchanged_columns(log)}) %}
    {{ return(log) }}
{% endmacro %}


{# The columns of a change log (names). Stops when it is none, or has no such key. #}
{% macro aidbt_change_log_columns(relation, key) %}
    {% set columns = adapter.get_columns_in_relation(relation) | map(attribute="name") | list %}
    {% if not columns %}
        {{ exceptions.raise_compiler_error("the change log " ~ relation ~ " is not there, or may not be read") }}
    {% endif %}
    {% set needed = [
        "_aidbt_op", "_aidbt_position", "_aidbt_sequence", "_aidbt_event_at", "_aidbt_committed_at",
        "_aidbt_unchanged", "_aidbt_loaded_at", "_aidbt_batch_id",
    ] %}
    {% for name in needed if name not in columns %}
        {{ exceptions.raise_compiler_error(relation ~ " is not a change log: it has no column " ~ name) }}
    {% endfor %}
    {% for name in key if name not in columns %}
        {{ exceptions.raise_compiler_error(
            "the key column " ~ name ~ " is not in " ~ relation ~ "; its columns are " ~ columns | join(", ")
        ) }}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#
    Stops when a column's type changed in the log and dbt would convert its values to the old type, which
    rounds numbers silently.
#}
{% macro aidbt_check_types(relation) %}
    {% if config.get("on_schema_change") == "sync_all_columns" %}
        {{ return("") }}
    {% endif %}
    {% set types = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% do types.update({column.name: column.data_type}) %}
    {% endfor %}
    {% for column in adapter.get_columns_in_relation(this) %}
        {% if types.get(column.name, column.data_type) != column.data_type %}
            {{ exceptions.raise_compiler_error(
                "the column " ~ column.name ~ " is " ~ types[column.name] ~ " in " ~ relation ~ " and "
                ~ column.data_type ~ " in " ~ this ~ "; on_schema_change='sync_all_columns' follows it,"
                ~ " and so does dbt run --full-refresh"
            ) }}
        {% endif %}
    {% endfor %}
{% endmacro %}


{# The key as a list, checked against how the model is configured. #}
{% macro aidbt_checked_key(macro_name, key, strategies) %}
    {% set names = [key] if key is string else key | list %}
    {% if not names %}
        {{ exceptions.raise_compiler_error(macro_name ~ " needs the columns of the key") }}
    {% endif %}
    {% if config.get("materialized") != "incremental" %}
        {{ return(names) }}
    {% endif %}
    {% set configured = config.get("unique_key") or [] %}
    {% set configured = [configured] if configured is string else configured | list %}
    {% set unquoted = [] %}
    {% for name in configured %}
        {% do unquoted.append(name | replace('"', "") | replace("`", "") | trim | lower) %}
    {% endfor %}
    {% if unquoted | sort != names | map("lower") | sort %}
        {{ exceptions.raise_compiler_error(
            macro_name ~ " has the key " ~ names | join(", ") ~ ", but the model's unique_key is "
            ~ (configured | join(", ") or "not set") ~ "; they must name the same columns"
        ) }}
    {% endif %}
    {% set strategy = config.get("incremental_strategy") or "default" %}
    {% if strategy not in strategies %}
        {{ exceptions.raise_compiler_error(
            macro_name ~ " is not right under incremental_strategy '" ~ strategy ~ "'; use '"
            ~ strategies[0] ~ "'"
        ) }}
    {% endif %}
    {% if config.get("on_schema_change") not in ["append_new_columns", "sync_all_columns", "fail"] %}
        {{ exceptions.raise_compiler_error(
            macro_name ~ " needs on_schema_change='sync_all_columns' (or 'append_new_columns', or 'fail'):"
            ~ " without it dbt would leave out new columns of the change log silently"
        ) }}
    {% endif %}
    {{ return(names) }}
{% endmacro %}


{# `since` and `since_loaded_at` of aidbt_change_log. #}
{% macro aidbt_held() %}
    {% set facts = aidbt_facts(this, ["max(_aidbt_batch_id)", "max(_aidbt_loaded_at)"], "1 = 1") %}
    {% if facts[0] is none %}
        {{ return({}) }}
    {% endif %}
    {% set columns = adapter.get_columns_in_relation(this) %}
    {% set data_type = (columns | selectattr("name", "equalto", "_aidbt_loaded_at") | first).data_type %}
    {{ return({
        "since": aidbt_literal(facts[0]),
        "since_loaded_at": "cast(" ~ aidbt_literal(facts[1]) ~ " as " ~ data_type ~ ")",
    }) }}
{% endmacro %}


{# The new batches of a log, one row each; `position_before` is the highest of the batch before. #}
{% macro aidbt_new_batches(log) %}
    (
        select
            _aidbt_batch_id,
            min(_aidbt_position) as first_position,
            lag(max(_aidbt_position)) over (order by _aidbt_batch_id) as position_before,
            min(case when _aidbt_op = 't' then _aidbt_position end) as first_truncate,
            max(
                case when _aidbt_op = 't' then _aidbt_position + case when _aidbt_sequence > 0 then 1 else 0 end end
            ) as truncates_below
        from {{ log.relation }}
        where {{ aidbt_is_new(log) }}
        group by _aidbt_batch_id
    ) as new_batches
{% endmacro %}


{#
    The values of some aggregates over the rows of a relation, each as text or none.

    dbt guesses types from the text of query results (a batch id could become a date), so every value gets a
    letter in front on its way.
#}
{% macro aidbt_facts(relation, aggregates, condition) %}
    {% set sql %}
        select
        {% for aggregate in aggregates %}
            '=' || cast({{ aggregate }} as {{ dbt.type_string() }}) as fact_{{ loop.index }}{{ "," if not loop.last }}
        {% endfor %}
        from {{ relation }}
        where {{ condition }}
    {% endset %}
    {% set values = [] %}
    {% for value in run_query(sql).rows[0] %}
        {% do values.append(none if value is none else value[1:]) %}
    {% endfor %}
    {{ return(values) }}
{% endmacro %}


{# [position, sequence] of the last truncate that matters to the rows to be read, or none. #}
{% macro aidbt_last_truncate(log) %}
    {% set condition %}
        _aidbt_op = 't' and _aidbt_batch_id <= {{ log.upto }}
        {% if log.since is not none and not log.late %} and _aidbt_position >= {{ log.floor }}{% endif %}
    {% endset %}
    {% set position = aidbt_facts(log.relation, ["max(_aidbt_position)"], condition)[0] %}
    {% if position is none %}
        {{ return(none) }}
    {% endif %}
    {% set condition = condition ~ " and _aidbt_position = " ~ position %}
    {% set sequence = aidbt_facts(log.relation, ["max(_aidbt_sequence)"], condition)[0] | int %}
    {# The one that a first snapshot begins with: no row is older. #}
    {% if log.since is none and position | int == log.floor and sequence < 0 %}
        {{ return(none) }}
    {% endif %}
    {{ return([position | int, sequence]) }}
{% endmacro %}


{# The columns (names) that some row to be read left out because they had not changed. #}
{% macro aidbt_unchanged_columns(log) %}
    {% set sql %}
        select distinct '=' || name as name
        from (
            select {{ aidbt_list_elements("_aidbt_unchanged") }} as name
            from {{ log.relation }}
            where
                {% if not log.late %}{{ aidbt_is_new(log) }} and {% endif %}
                _aidbt_unchanged is not null
        ) as names
    {% endset %}
    {% set left_out = [] %}
    {% for row in run_query(sql).rows %}
        {% do left_out.append(row[0][1:]) %}
    {% endfor %}
    {% set names = [] %}
    {% for name in log.columns if name in left_out and name not in log.key %}
        {% do names.append(name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}


{#
    The condition that a row of the log has not been read yet. Batch ids alone decide; the time of loading,
    which never goes back, is there because columnar stores skip blocks by numbers and times, while of text
    they compare the first few characters only.
#}
{% macro aidbt_is_new(log) %}
    {%- if log.since is none and log.upto is none -%} 1 = 1
    {%- elif log.since is none -%} _aidbt_batch_id <= {{ log.upto }}
    {%- else -%}
        _aidbt_batch_id > {{ log.since }} and _aidbt_loaded_at >= {{ log.since_loaded_at }}
        {%- if log.upto is not none %} and _aidbt_batch_id <= {{ log.upto }}{% endif -%}
    {%- endif -%}
{% endmacro %}


{# Text as a literal of SQL. #}
{% macro aidbt_literal(text) %}
    {{- return("'" ~ dbt.escape_single_quotes(text) ~ "'") -}}
{% endmacro %}


{# The columns of the change log as SQL, those that `known_columns` (names) lacks as NULL. #}
{% macro aidbt_select_columns(columns, known_columns=none, prefix="") %}
    {%- for name in columns %}
        {% if known_columns is not none and name not in known_columns -%} null as {{ adapter.quote(name) }}
        {%- else -%} {{ prefix }}{{ adapter.quote(name) }}
        {%- endif -%}{{ "," if not loop.last }}
    {%- endfor -%}
{% endmacro %}


{# The columns of the key as SQL. #}
{% macro aidbt_key_columns(key, prefix="") %}
    {%- for name in key -%} {{ prefix }}{{ adapter.quote(name) }}{{ ", " if not loop.last }} {%- endfor -%}
{% endmacro %}


{# The condition that two relations' rows are of one key. #}
{% macro aidbt_same_key(key, one, other) %}
    {%- for name in key -%}
        {{ one }}.{{ adapter.quote(name) }} = {{ other }}.{{ adapter.quote(name) }}{{ " and " if not loop.last }}
    {%- endfor -%}
{% endmacro %}


{# The condition that a row comes before (position, sequence), or `or_at` there. #}
{% macro aidbt_is_before(row, position, sequence, or_at=false) -%}
    ({{ row }}._aidbt_position < {{ position }} or ({{ row }}._aidbt_position = {{ position }} and {{ row }}._aidbt_sequence {{ "<=" if or_at else "<" }} {{ sequence }}))
{%- endmacro %}


{# The condition that a row of the log left the column out, because it had not changed. #}
{% macro aidbt_is_unchanged(row, name) %}
    {{- adapter.dispatch("aidbt_is_unchanged")(row, name) -}}
{% endmacro %}

{% macro default__aidbt_is_unchanged(row, name) -%}
    coalesce(array_contains({{ row }}._aidbt_unchanged, {{ aidbt_literal(name) }}), false)
{%- endmacro %}

{% macro duckdb__aidbt_is_unchanged(row, name) -%}
    coalesce(list_contains({{ row }}._aidbt_unchanged, {{ aidbt_literal(name) }}), false)
{%- endmacro %}

{% macro postgres__aidbt_is_unchanged(row, name) -%}
    coalesce({{ aidbt_literal(name) }} = any({{ row }}._aidbt_unchanged), false)
{%- endmacro %}


{# The elements of a list, one row each. #}
{% macro aidbt_list_elements(list) %}
    {{- adapter.dispatch("aidbt_list_elements")(list) -}}
{% endmacro %}

{% macro default__aidbt_list_elements(list) -%} explode({{ list }}) {%- endmacro %}

{% macro duckdb__aidbt_list_elements(list) -%} unnest({{ list }}) {%- endmacro %}

{% macro postgres__aidbt_list_elements(list) -%} unnest({{ list }}) {%- endmacro %}


{# The order of events, the newest first. #}
{% macro aidbt_newest_first(row) %}
    {{- adapter.dispatch("aidbt_newest_first")(row) -}}
{% endmacro %}

{% macro default__aidbt_newest_first(row) -%}
    {{ row }}._aidbt_position desc, {{ row }}._aidbt_sequence desc
{%- endmacro %}

{#
    DuckDB makes one hash aggregation of the first row per group when the order is one expression; of a number
    it costs half of what it costs of row(position, sequence). Both are 64 bits wide, and 2^64 keeps them apart.
#}
{% macro duckdb__aidbt_newest_first(row) -%}
    cast({{ row }}._aidbt_position as hugeint) * 18446744073709551616 + {{ row }}._aidbt_sequence desc
{%- endmacro %}
