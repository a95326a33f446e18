-- orders: id integer, day date
with newest as (
    select id
    from orders
    order by day desc, id
    limit 100
)
select id
from newest
where exists (select 1 from orders limit 1)
    and id > (select max(id) - 100 from orders limit 1)
union all
select id from orders limit 0
