with days as (
    select paid_on, sum(amount) as revenue from {{ ref('stg_payments') }} group by paid_on
)

select
    paid_on,
    revenue,
    sum(revenue) over (order by paid_on rows between unbounded preceding and current row) as running,
    revenue - lag(revenue) over (order by paid_on) as change
from days
where paid_on is not null
