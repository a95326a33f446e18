-- Import CTEs and a final CTE around the same query.

-- before
select o.id, c.name from orders as o join customers as c on o.customer_id = c.id

-- after
with orders as (select * from memory.main.orders),
customers as (select * from memory.main.customers),
final as (
    select orders.id, customers.name
    from orders
    inner join customers on customers.id = orders.customer_id
)
select * from final

-- verdict
nothing changes
