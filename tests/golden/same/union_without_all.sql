-- UNION in place of UNION ALL.

-- before
select id from orders union all select id from customers

-- after
select id from orders union select id from customers

-- verdict
other rows: a set operation
another grain
