-- A filter moved into the subquery that is read.

-- before
select id, amount from orders where status = 'paid' and amount > 5

-- after
select id, amount from (select * from orders where amount > 5) as o where status = 'paid'

-- verdict
nothing changes
