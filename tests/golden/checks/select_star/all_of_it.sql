-- orders: id integer, status varchar
with source as (
    select * from orders
),

filtered as (
    select * from source where status != 'test'
)

select * from filtered
