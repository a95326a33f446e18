-- Arithmetic of aggregates.

-- query
select status, sum(amount) / nullif(count(note), 0) as per_note, sum(case when note is null then tax else 0 end) as bare_tax from orders group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- per_note <- orders.amount, orders.note
-- bare_tax <- orders.note, orders.tax
-- (rows) <- orders.status
