select
    paid_on,
    count(*) as payments,
    count(distinct order_id) as orders,
    sum(amount) as revenue,
    sum(amount) filter (where method = 'voucher') as by_voucher,
    avg(amount) as average
from {{ ref('stg_payments') }}
where paid_on between '2024-01-01' and '2024-12-31'
group by paid_on
having sum(amount) > 10
