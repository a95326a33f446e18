-- A random number drawn twice in place of once.

-- before
with r as (select id, random() as x from orders) select id, x, x as y from r

-- after
select id, random() as x, random() as y from orders

-- verdict
other values: y
