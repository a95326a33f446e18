-- ORDER BY at the end of a model.

-- before
select id from orders

-- after
select id from orders order by amount desc

-- verdict
nothing changes
