-- orders: id integer, customer_id integer
-- customers: id integer, region varchar
with joined as (
    select o.id, case when c.region = 'EU' then 1 else 0 end as is_eu
    from orders as o
    left join customers as c on c.id = o.customer_id
)
select id from joined where is_eu = 0
