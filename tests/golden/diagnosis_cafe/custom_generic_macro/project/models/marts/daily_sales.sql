select cast(sold_at as date) as day, 1 as wanted, store_id, s.country, sum(amount) as amount, m.fee_percent
from {{ ref('fct_lines') }}
left join {{ ref('stg_pos__stores') }} s using (store_id)
left join {{ ref('payment_methods') }} m on m.code = paid_with
group by all
