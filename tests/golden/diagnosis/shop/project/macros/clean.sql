{% macro clean(column) %}lower(trim({{ column }})){% endmacro %}
