{# Our fiscal year begins in April. #}
{% macro fiscal_year(column) -%}
    CAST(EXTRACT(YEAR FROM {{ column }} - INTERVAL 3 MONTH) AS INTEGER)
{%- endmacro %}
