-- orders: id integer, price decimal(10,2), ratio double, note varchar, ordered_at timestamp, at varchar
select
    cast(id as bigint) as id,
    cast(price as decimal(18, 2)) as price,
    cast(price as double) as price_double,
    cast(round(ratio) as integer) as whole,
    cast(count(*) over () as integer) as orders,
    cast(ordered_at as date) as ordered_date,
    cast(ratio as decimal(10, 2)) as rounded,
    cast(at as timestamp) as at,
    cast(note as varchar(10)) as short_note,
    cast(null as integer) as nothing,
    cast('1' as integer) as one
from orders
