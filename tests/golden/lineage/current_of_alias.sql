-- Two tables with a column of one name, told apart by aliases.

-- query
select c.name as customer, s.name as worker from customers as c join staff as s on s.id = c.id

-- rows
select c.rowid, s.rowid from customers as c join staff as s on s.id = c.id

-- lineage
-- customer <- customers.name
-- worker <- staff.name
-- (rows) <- customers.id, staff.id
