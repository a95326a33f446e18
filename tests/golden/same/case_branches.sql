-- The branches of a CASE in another order.

-- before
select case when amount > 10 then 'a' when amount > 5 then 'b' end as size from orders

-- after
select case when amount > 5 then 'b' when amount > 10 then 'a' end as size from orders

-- verdict
other values: size
