-- orders: id integer
-- customers: id integer
select o.id from orders as o join customers as c on c.id = o.id
