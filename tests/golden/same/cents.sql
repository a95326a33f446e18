-- A cast to whole numbers: another type, other values.

-- before
select id, amount from orders

-- after
select id, cast(amount * 100 as integer) as amount from orders

-- verdict
retyped: amount, DECIMAL(10,2) to INTEGER
other values: amount
