-- orders: id integer, customer_id integer, amount decimal(10,2)
-- customers: id integer, region varchar
with orders_ as (
    select * from orders
),

customers_ as (
    select * from customers
),

joined as (
    select o.id as order_id, o.amount, c.region, count(*) over (partition by c.region) as n
    from orders_ as o
    left join customers_ as c on c.id = o.customer_id
)

select * from joined
