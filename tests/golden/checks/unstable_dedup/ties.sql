-- orders: id integer unique, customer_id integer, ordered_at timestamp
with source as (select * from orders),

numbered as (
    select
        id,
        customer_id,
        row_number() over (partition by customer_id order by ordered_at desc) as position
    from source
)

select id, customer_id
from numbered
where position = 1
