-- A join more, on a key: the columns that were there are as before.

-- before
select id, amount from orders

-- after
select o.id, o.amount, c.region from orders as o left join customers as c on c.id = o.customer_id

-- verdict
added: region
other rows: what it reads, a join
