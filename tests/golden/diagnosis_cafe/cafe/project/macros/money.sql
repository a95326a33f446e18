{% macro cents(column) %}({{ column }} / 100.0)::decimal(12, 2){% endmacro %}
{% macro audit() %}create table if not exists analytics.audit as select 1 as x; insert into analytics.audit values (2){% endmacro %}
{% macro clean_up(schema_name) %}{% do run_query('drop schema ' ~ schema_name) %}{% endmacro %}
