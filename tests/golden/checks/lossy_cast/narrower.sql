-- orders: id bigint, price decimal(18,4), ratio double, code varchar(20), ordered_at timestamp
select
    cast(id as integer) as id,
    cast(price as decimal(18, 2)) as price,
    cast(price as decimal(10, 4)) as price_4,
    cast(ratio as integer) as whole,
    cast(ordered_at as date) as ordered_at
from orders
