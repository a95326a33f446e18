{#- The combinations of columns that stand in more than one row; nulls count as one value.
    columns: the columns as SQL names them, quoted where they have to be. -#}
{% test aidbt_unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
