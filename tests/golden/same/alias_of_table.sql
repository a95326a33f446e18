-- Another alias of a table.

-- before
select o.id, o.amount from orders as o where o.status = 'paid'

-- after
select ord.id, ord.amount from orders ord where ord.status = 'paid'

-- verdict
nothing changes
