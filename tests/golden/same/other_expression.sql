-- An expression changed.

-- before
select id, amount + tax as total from orders

-- after
select id, amount - tax as total from orders

-- verdict
other values: total
