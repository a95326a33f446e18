with days as (
    select cast(d.day as date) as day
    from generate_series(date '2024-01-01', date '2024-12-31', interval 1 day) as d (day)
),
placed as (
    select cast(ordered_at as date) as day, count(*) as orders
    from orders
    group by all
)
select days.day, coalesce(placed.orders, 0) as orders
from days
left join placed using (day)
