-- orders: id integer
with recent as (
    select id from main.orders
)
select recent.id, n.generate_series
from recent
cross join generate_series(1, 3) as n
where recent.id not in (select ordinal_position from information_schema.columns where ordinal_position is not null)
