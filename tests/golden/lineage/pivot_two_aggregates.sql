-- PIVOT with two named aggregates.
-- key: region

-- query
pivot customers on vip in (true, false) using count(name) as n, max(joined) as latest group by region

-- rows
select list(rowid order by rowid) from customers group by region

-- lineage
-- region <- customers.region
-- true_n <- customers.name, customers.vip
-- true_latest <- customers.joined, customers.vip
-- false_n <- customers.name, customers.vip
-- false_latest <- customers.joined, customers.vip
-- (rows) <- customers.region
