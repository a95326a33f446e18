{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
select * from {{ model }}
where not (true
{%- if min_value is not none %} and {{ column_name }} >{{- "=" if inclusive }} {{ min_value }}{% endif %}
{%- if max_value is not none %} and {{ column_name }} <{{- "=" if inclusive }} {{ max_value }}{% endif %}
)
{% endtest %}
{% test expression_is_true(model, expression, column_name=None) %}
select 1 from {{ model }} where not({{ column_name ~ ' ' if column_name else '' }}{{ expression }})
{% endtest %}
{% test unique_combination_of_columns(model, combination_of_columns) %}
select {{ combination_of_columns | join(', ') }} from {{ model }}
group by {{ combination_of_columns | join(', ') }} having count(*) > 1
{% endtest %}
{% test not_null_proportion(model, column_name, at_least) %}
select * from (select count({{ column_name }}) * 1.0 / count(*) as p from {{ model }}) where p < {{ at_least }}
{% endtest %}
{% test recency(model, field, datepart, interval) %}
select * from (select max({{ field }}) as newest from {{ model }})
where newest < cast(current_timestamp as timestamp) - interval {{ interval }} {{ datepart }}
{% endtest %}
{% test relationships_where(model, column_name, to, field, from_condition='1=1', to_condition='1=1') %}
select c.{{ column_name }} from {{ model }} c left join {{ to }} p on c.{{ column_name }} = p.{{ field }}
where {{ from_condition }} and c.{{ column_name }} is not null and p.{{ field }} is null
{% endtest %}
{% macro star_of(relation) %}{{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | join(', ')) }}{% endmacro %}
