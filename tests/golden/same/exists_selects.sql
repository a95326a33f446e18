-- What EXISTS selects.

-- before
select id from orders as o where exists (select 1 from customers as c where c.id = o.customer_id)

-- after
select id from orders as o where exists (select c.name from customers as c where o.customer_id = c.id)

-- verdict
nothing changes
