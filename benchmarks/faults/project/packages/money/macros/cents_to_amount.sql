{% macro cents_to_amount(column, digits=2) -%}
    cast({{ column }} / 100.0 as decimal(12, {{ digits }}))
{%- endmacro %}
