select * from {{ ref('fct_lines') }} where amount <= 0
