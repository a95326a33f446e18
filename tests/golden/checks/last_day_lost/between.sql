-- orders: id integer, ordered_at timestamp
-- periods: starts_on date, ends_on date
select id
from orders
where ordered_at between '2024-01-01' and '2024-01-31'
    or ordered_at <= date '2023-12-31'
union all
select o.id
from orders as o
join periods as p on o.ordered_at between p.starts_on and p.ends_on
