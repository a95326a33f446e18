select
    order_id,
    count(*) as payment_count,
    cast(sum(case when status = 'settled' then amount else 0 end) as decimal(12, 2)) as paid_amount
from {{ ref('stg_pay__payments') }}
group by order_id
