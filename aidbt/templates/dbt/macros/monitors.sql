{#
    Monitors as data tests: what the latest complete bucket of a table holds, compared in plain SQL with the
    bounds that `aidbt monitor` computed after the last run.

    The bounds stand in the table `aidbt_monitor_bounds` of the target's schema. Without that table, or without
    bounds for what is tested, a test passes and says so in the log. A value beyond the narrow bounds is a
    warning, beyond the wide ones an error; in cold start there are narrow ones only. `severity: warn`, of a
    test or of the project's data tests, never stops a build. With --empty and --sample nothing is compared.

    Arguments:
        event_time: the column that says when a row happened, as a name; it must be the one that the bounds
            were learned by. Without it the one of the bounds is taken.
#}

{% test aidbt_volume(model, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "row_count", event_time=event_time) }}
{% endtest %}


{% test aidbt_freshness(model, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "freshness_minutes", event_time=event_time) }}
{% endtest %}


{% test aidbt_null_rate(model, column_name, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "null_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_mean(model, column_name, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "mean", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_distinct(model, column_name, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "distinct_count", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_zero_rate(model, column_name, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "zero_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{% test aidbt_negative_rate(model, column_name, event_time=none) %}
{{ config(warn_if=">= 1", error_if=">= 2", fail_calc="coalesce(max(failed), 0)") }}
{{ aidbt_compared_with_bounds(model, "negative_rate", column=column_name, event_time=event_time) }}
{% endtest %}


{# The query of a test: a row where the value lies outside of the bounds, with `failed` 1 for a warning and 2
   for an error; none where there is nothing to compare with. In a build it has been asked already, so that
   the log can say what was found; what it gave is then all that is left of it. #}
{% macro aidbt_compared_with_bounds(tested, metric, column=none, event_time=none) %}
{%- if not execute or flags.EMPTY or flags.SAMPLE -%}
    {{ return(aidbt_nothing_failed()) }}
{%- endif -%}
{%- set bounds = aidbt_bounds_of(aidbt_tested_node(), metric, column, event_time) -%}
{%- if bounds is none -%}
    {{ return(aidbt_nothing_failed()) }}
{%- endif -%}
{%- set question = aidbt_comparison(tested, metric, column, bounds) -%}
{%- if not aidbt_is_testing() -%}
    {{ return(question) }}
{%- endif -%}
{%- set found = run_query(question).rows -%}
{%- if found | length == 0 -%}
    {{ return(aidbt_asked(question) ~ aidbt_nothing_failed()) }}
{%- endif -%}
{%- do aidbt_say(aidbt_finding(found[0], metric, column, bounds)) -%}
{{ return(aidbt_asked(question) ~ aidbt_found(found[0], metric, bounds)) }}
{% endmacro %}


{% macro aidbt_comparison(tested, metric, column, bounds) %}
select
    measured_value,
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


{% macro aidbt_nothing_failed() %}
{{- return("select 0 as failed where 1 = 0") -}}
{% endmacro %}


{# The question as a comment, for who looks at the compiled SQL. #}
{% macro aidbt_asked(question) %}
{{- return("/* asked before:\n" ~ question | trim | replace("*/", "* /") ~ "\n*/\n") -}}
{% endmacro %}


{# What was found as a row; the value is quoted, for it may be NaN or Infinity. #}
{% macro aidbt_found(row, metric, bounds) %}
select
    '{{ metric }}' as metric,
    '{{ bounds.bucket }}' as bucket,
    cast('{{ row[0] }}' as {{ aidbt_double() }}) as measured_value,
    cast({{ bounds.narrow[0] }} as {{ aidbt_double() }}) as bound_low,
    cast({{ bounds.narrow[1] }} as {{ aidbt_double() }}) as bound_high,
    {{ row[1] | int }} as failed
{%- endmacro %}


{# What was found, in one line. #}
{% macro aidbt_finding(row, metric, column, bounds) %}
{%- set what = {
    "row_count": " rows", "freshness_minutes": " minutes old at its end", "null_rate": " of its rows are null",
    "mean": " on average", "distinct_count": " different values", "zero_rate": " of its values are zero",
    "negative_rate": " of its values are negative",
}[metric] -%}
{%- set stops = "" -%}
{%- if row[1] | int == 2 and config.get("severity", "error") | lower != "warn" -%}
    {%- set stops = ", and the build stops " ~ aidbt_beyond(bounds.wide, metric) -%}
{%- endif -%}
{{- return(
    aidbt_named(aidbt_tested_node(), column) ~ ", " ~ bounds.bucket ~ ": " ~ aidbt_shown(row[0], metric) ~ what ~ ", usual is "
    ~ aidbt_within(bounds.narrow, metric) ~ stops ~ "; more: aidbt monitor run, aidbt incidents list"
) -}}
{% endmacro %}


{# Both ends as people read them; of what is counted the outermost whole numbers within. An open one is none. #}
{% macro aidbt_ends(band, metric) %}
{%- set is_whole = metric in ("row_count", "distinct_count", "freshness_minutes") -%}
{%- set ends = [] -%}
{%- for end in band -%}
    {%- set way = "ceil" if loop.first else "floor" -%}
    {%- set shown = end if end == "null" or not is_whole else end | float | round(0, way) -%}
    {%- do ends.append(none if end == "null" else aidbt_shown(shown, metric)) -%}
{%- endfor -%}
{{ return(ends) }}
{% endmacro %}


{# "8 to 12", "at most 12". #}
{% macro aidbt_within(band, metric) %}
{%- set low, high = aidbt_ends(band, metric) -%}
{{- return("at most " ~ high if low is none else "at least " ~ low if high is none else low ~ " to " ~ high) -}}
{% endmacro %}


{# "below 8 or above 12", "above 12". #}
{% macro aidbt_beyond(band, metric) %}
{%- set low, high = aidbt_ends(band, metric) -%}
{%- set parts = (["below " ~ low] if low is not none else []) + (["above " ~ high] if high is not none else []) -%}
{{- return(parts | join(" or ")) -}}
{% endmacro %}


{# A number with as many digits as somebody reads; shares in percent. #}
{% macro aidbt_shown(number, metric) %}
{%- set value = number | float -%}
{%- if metric.endswith("_rate") -%}
    {{ return("{:.3g} %".format(value * 100)) }}
{%- elif value | abs >= 1000 -%}
    {{ return("{:,.0f}".format(value)) }}
{%- endif -%}
{{- return("{:.4g}".format(value)) -}}
{% endmacro %}


{# The id of the node that a test stands on; dbt says it of all but sources. #}
{% macro aidbt_tested_node() %}
{{- return(model.attached_node or model.depends_on.nodes[0]) -}}
{% endmacro %}


{# A node, or a column of it, as people read it: orders.amount, shop.orders of a source. #}
{% macro aidbt_named(node, column) %}
{%- set name = (column or "") | replace('"', "") | replace("`", "") -%}
{{- return(node.split(".")[2:] | join(".") ~ ("." ~ name if name else "")) -}}
{% endmacro %}


{# What a value is compared with now, or none (said in the log): `bucket` in words, `narrow` and `wide` as
   [low, high], and the column, type and span of time by which rows belong to the bucket. #}
{% macro aidbt_bounds_of(node, metric, column, event_time) %}
{%- set what = aidbt_named(node, column) ~ " " ~ metric -%}
{%- if config.get("where") -%}
    {{ return(aidbt_not_compared(what, "the test has a where, and bounds are of all rows", next="take it away")) }}
{%- endif -%}
{%- set table = adapter.get_relation(target.database, target.schema, "aidbt_monitor_bounds") -%}
{%- if table is none -%}
    {{ return(aidbt_no_table()) }}
{%- endif -%}
{%- set name = (column or "") | replace('"', "") | replace("`", "") -%}
{%- set now = var("aidbt_now", "") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") -%}
{%- set found = run_query(aidbt_bounds_query(table, node, metric, name, now)).rows -%}
{%- if found | length == 0 -%}
    {{ return(aidbt_not_compared(what, aidbt_why_none(table, node, metric, name, now))) }}
{%- endif -%}
{%- set first = found[0] -%}
{%- if event_time and first[3] and event_time | replace('"', "") | replace("`", "") | lower != first[3] | lower -%}
    {%- set why = "its bounds go by " ~ first[3] ~ ", the test by " ~ event_time -%}
    {{ return(aidbt_not_compared(what, why, next="name the same in both, then run aidbt monitor run")) }}
{%- endif -%}
{%- set bands = {"warn": ["null", "null"], "error": ["null", "null"]} -%}
{%- for row in found -%}
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
    {{ aidbt_is_of(node, metric, column) }}
    and valid_from <= '{{ now }}'
    and valid_to > '{{ now }}'
order by bucket desc, severity desc
limit 2
{% endmacro %}


{% macro aidbt_is_of(node, metric, column) %}
node = '{{ node }}' and metric = '{{ metric }}' and lower(column_name) = '{{ column | lower | replace("'", "''") }}'
{%- endmacro %}


{# Why there are no bounds for now: they ended, begin later, or were never computed. #}
{% macro aidbt_why_none(table, node, metric, column, now) %}
{%- set question = "select max(valid_to), min(valid_from) from " ~ table ~ " where " ~ aidbt_is_of(node, metric, column) -%}
{%- set ends, begins = run_query(question).rows[0] -%}
{%- if ends is none -%}
    {{ return("nothing is known of it yet") }}
{%- elif ends <= now -%}
    {{ return("its bounds ended at " ~ ends ~ " UTC") }}
{%- elif begins > now -%}
    {{ return("its bounds begin at " ~ begins ~ " UTC") }}
{%- endif -%}
{{- return("it has no bounds for now") -}}
{% endmacro %}


{% macro aidbt_is_testing() %}
{{- return(flags.WHICH in ("build", "test", "retry")) -}}
{% endmacro %}


{# One line in the log of commands that test. #}
{% macro aidbt_say(what) %}
{%- if aidbt_is_testing() -%}
    {%- do log("aidbt: " ~ what, info=true) -%}
{%- endif -%}
{% endmacro %}


{# None, with the reason in the log. #}
{% macro aidbt_not_compared(what, why, next="run aidbt monitor run") %}
{%- do aidbt_say(what ~ " was not compared: " ~ why ~ "; " ~ next) -%}
{{ return(none) }}
{% endmacro %}


{# None, and one of all tests of ours says why. #}
{% macro aidbt_no_table() %}
{%- set ours = [] -%}
{%- for id in selected_resources if id.startswith("test.") and ".aidbt_" in id -%}
    {%- if loop.first -%}{%- do ours.append(id) -%}{%- endif -%}
{%- endfor -%}
{%- if model.unique_id in ours or not ours -%}
    {%- do aidbt_say(
        "monitors were not compared: there is no table aidbt_monitor_bounds in " ~ target.schema
        ~ "; run aidbt monitor run"
    ) -%}
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
