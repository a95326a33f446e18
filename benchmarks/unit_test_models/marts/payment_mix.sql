select
    method,
    count(*) as payments,
    sum(amount) as amount,
    100.0 * sum(case when amount >= 50 then 1 else 0 end) / nullif(count(*), 0) as large_share
from {{ ref('stg_payments') }}
where method is not null
group by method
