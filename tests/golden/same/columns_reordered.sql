-- Columns in another order.

-- before
select id, name from customers

-- after
select name, id from customers

-- verdict
columns reordered
