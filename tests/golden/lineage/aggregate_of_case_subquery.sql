-- An aggregate of a CASE over a window of a subquery.
-- unseen: firsts <- orders.status: the window is parted by what the rows are grouped by
-- unseen: n <- orders.status: the window is parted by what the rows are grouped by

-- query
select status, sum(case when rn = 1 then amount end) as firsts, max(rn * tax) as n from (select status, amount, tax, row_number() over (partition by status order by ordered_at) as rn from orders) as t group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- firsts <- orders.amount, orders.ordered_at
-- n <- orders.ordered_at, orders.tax
-- (rows) <- orders.status
