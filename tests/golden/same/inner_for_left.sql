-- LEFT JOIN made an inner one.

-- before
select o.id, c.name from orders as o left join customers as c on c.id = o.customer_id

-- after
select o.id, c.name from orders as o join customers as c on c.id = o.customer_id

-- verdict
other values: name
other rows: a join
