-- GROUP BY takes the column before the alias.

-- query
select max(status) as note, count(amount) as n from orders group by note

-- rows
select list(rowid order by rowid) from orders group by orders.note

-- lineage
-- note <- orders.status
-- n <- orders.amount
-- (rows) <- orders.note
