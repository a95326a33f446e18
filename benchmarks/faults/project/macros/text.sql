{% macro clean_text(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{% macro country_region(column) -%}
    case when {{ column }} in ('DE', 'AT', 'CH') then 'DACH' when {{ column }} = 'US' then 'AMER' else 'EMEA' end
{%- endmacro %}
