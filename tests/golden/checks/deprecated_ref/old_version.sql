-- orders: id integer
-- customers: id integer
-- deprecated: orders 2026-06-30T00:00:00
select o.id from orders as o join customers as c on c.id = o.id
