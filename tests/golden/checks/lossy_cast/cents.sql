-- orders: id integer, price decimal(10,2), ratio double
select
    cast(price * 100 as bigint) as price_cents,
    cast(sum(id) as bigint) as ids
from orders
group by price
