-- orders: id integer, price decimal(10,2), ratio double
select cast(price * 10 as bigint) as price_tenths, cast(ratio * 100 as integer) as percent
from orders
