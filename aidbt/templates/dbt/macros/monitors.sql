{#
    Monitors as data tests: what the latest complete bucket of a table holds, compared in plain SQL with the
    bounds that `aidbt monitor` computed after the last run.

    The bounds stand in the table `aidbt_monitor_bounds` of the target's schema. Without that table, or without
    bounds for what is tested, a test passes and says so in the log. A value beyond the narrow bounds is a
    warning, beyond the wide ones an error; in cold start there are narrow ones only. `config: {severity: warn}`
    on a test never stops a build.

    Arguments:
        event_time: the column that says when a row happened, as a name; it must be the one that the bounds
            were learned by. Without it the one of the bounds is taken.
#}

{% test aidbt_volume(model, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "row_count", event_time=event_time) }}
{% endtest %}


{% test aidbt_freshness(model, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "freshness_minutes", event_time=event_time) }}
{% endtest %}


{% test aidbt_null_rate(model, column_name, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "null_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_mean(model, column_name, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "mean", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_distinct(model, column_name, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "distinct_count", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_zero_rate(model, column_name, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "zero_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_negative_rate(model, column_name, event_time=none) %}
{{ config(severity="error", warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "negative_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{# The query of a test: a row where the value lies outside of the bounds, with `failed` 1 for a warning and 2
   for an error; none where there is nothing to compare with. #}
{% macro aidbt_compared_with_bounds(tested, metric, column=none, event_time=none) %}
{%- if not execute -%}
    {{ return("select 0 as failed where 1 = 0") }}
{%- endif -%}
{%- set bounds = aidbt_bounds_of(aidbt_tested_node(), metric, column, event_time) -%}
{%- if bounds is none -%}
    {{ return("select 0 as failed where 1 = 0") }}
{%- endif -%}
select
    '{{ metric }}' as metric,
    '{{ bounds.bucket }}' as bucket,
    measured_value,
    {{ bounds.narrow | join(" as bound_low,\n    ") }} as bound_high,
    case when {{ aidbt_is_outside(bounds.wide) }} then 2 else 1 end as failed
from (
    select cast({{ aidbt_metric_sql(metric, column, bounds) }} as {{ aidbt_double() }}) as measured_value
    from {{ tested }}
    {%- if bounds.event_time %}
    where {{ aidbt_bucket_condition(metric, bounds) }}
    {%- endif %}
) as measured
where {{ aidbt_is_outside(bounds.narrow) }}
{%- endmacro %}


{# The id of the node that a test stands on. #}
{% macro aidbt_tested_node() %}
{{- return(model.depends_on.nodes[0] if model.depends_on.nodes else model.attached_node) -}}
{% endmacro %}


{# What a value is compared with now, or none (said in the log): `bucket` in words, `narrow` and `wide` as
   [low, high], and the column, type and span of time by which rows belong to the bucket. #}
{% macro aidbt_bounds_of(node, metric, column, event_time) %}
{%- set table = adapter.get_relation(target.database, target.schema, "aidbt_monitor_bounds") -%}
{%- set name = (column or "") | replace('"', "") | replace("`", "") -%}
{%- set what = node.split(".")[-1] ~ ("." ~ name if name else "") ~ " " ~ metric -%}
{%- if table is none -%}
    {{ return(aidbt_not_compared(what, "there is no table aidbt_monitor_bounds in " ~ target.schema)) }}
{%- endif -%}
{%- set now = var("aidbt_now", "") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") -%}
{%- set found = run_query(aidbt_bounds_query(table, node, metric, name, now)) -%}
{%- if found is none or found.rows | length == 0 -%}
    {{ return(aidbt_not_compared(what, "no bounds for now")) }}
{%- endif -%}
{%- set first = found.rows[0] -%}
{%- if event_time and first[3] and event_time | replace('"', "") | lower != first[3] | lower -%}
    {{ return(aidbt_not_compared(what, "its bounds go by " ~ first[3] ~ ", the test by " ~ event_time)) }}
{%- endif -%}
{%- set bands = {"warn": ["null", "null"], "error": ["null", "null"]} -%}
{%- for row in found.rows -%}
    {%- do bands.update({row[0]: [aidbt_number(row[1]), aidbt_number(row[2])]}) -%}
{%- endfor -%}
{{ return({
    "bucket": first[7], "narrow": bands["warn"], "wide": bands["error"],
    "event_time": adapter.quote(first[3]) if first[3] else "", "time_type": first[4], "from": first[5], "to": first[6]
}) }}
{% endmacro %}


{% macro aidbt_bounds_query(table, node, metric, column, now) %}
select severity, low, high, event_time, time_type, bucket_from, bucket_to, bucket
from {{ table }}
where
    node = '{{ node }}'
    and metric = '{{ metric }}'
    and lower(column_name) = '{{ column | lower | replace("'", "''") }}'
    and valid_from <= '{{ now }}'
    and valid_to > '{{ now }}'
order by bucket desc, severity desc
limit 2
{% endmacro %}


{# None, with the reason in the log of commands that test. #}
{% macro aidbt_not_compared(what, why) %}
{%- if flags.WHICH in ("build", "test", "retry") -%}
    {%- do log("aidbt: " ~ what ~ " was not compared: " ~ why ~ "; run aidbt monitor run", info=true) -%}
{%- endif -%}
{{ return(none) }}
{% endmacro %}


{% macro aidbt_number(value) %}
{{- return("null" if value is none else value | string) -}}
{% endmacro %}


{# Whether the value lies outside of [low, high]; a side that is null is open. #}
{% macro aidbt_is_outside(band) %}
{%- set sides = [] -%}
{%- if band[0] != "null" %}{% do sides.append("measured_value < " ~ band[0]) %}{% endif -%}
{%- if band[1] != "null" %}{% do sides.append("measured_value > " ~ band[1]) %}{% endif -%}
{{- return(sides | join(" or ") if sides else "1 = 0") -}}
{% endmacro %}


{# Which rows belong to the bucket; for an age all before its end, since the newest may be older than it. #}
{% macro aidbt_bucket_condition(metric, bounds) %}
{%- set before = bounds.event_time ~ " < " ~ aidbt_time(bounds.to, bounds) -%}
{%- if metric == "freshness_minutes" -%}
    {{ return(before) }}
{%- endif -%}
{{- return(bounds.event_time ~ " >= " ~ aidbt_time(bounds.from, bounds) ~ " and " ~ before) -}}
{% endmacro %}


{% macro aidbt_time(text, bounds) %}
{{- return("cast('" ~ text ~ "' as " ~ bounds.time_type ~ ")") -}}
{% endmacro %}


{% macro aidbt_metric_sql(metric, column, bounds) %}
{%- set shares = {
    "null_rate": [column ~ " is null", "count(*)"],
    "zero_rate": [column ~ " = 0", "count(" ~ column ~ ")"],
    "negative_rate": [column ~ " < 0", "count(" ~ column ~ ")"],
} -%}
{%- if metric == "row_count" -%}
    {{ return("count(*)") }}
{%- elif metric == "freshness_minutes" -%}
    {{ return(dbt.datediff("max(" ~ bounds.event_time ~ ")", aidbt_time(bounds.to, bounds), "minute")) }}
{%- elif metric == "mean" -%}
    {{ return("avg(cast(" ~ column ~ " as " ~ aidbt_double() ~ "))") }}
{%- elif metric == "distinct_count" -%}
    {{ return("count(distinct " ~ column ~ ")") }}
{%- endif -%}
{%- set some = "cast(sum(case when " ~ shares[metric][0] ~ " then 1 else 0 end) as " ~ aidbt_double() ~ ")" -%}
{{- return(some ~ " / nullif(" ~ shares[metric][1] ~ ", 0)") -}}
{% endmacro %}


{% macro aidbt_double() %}
{{- return(adapter.dispatch("aidbt_double")()) -}}
{% endmacro %}

{% macro default__aidbt_double() %}{{ return("double precision") }}{% endmacro %}
{% macro spark__aidbt_double() %}{{ return("double") }}{% endmacro %}
{% macro trino__aidbt_double() %}{{ return("double") }}{% endmacro %}
{% macro bigquery__aidbt_double() %}{{ return("float64") }}{% endmacro %}
