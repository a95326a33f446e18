-- A CASE over aggregates and the group.

-- query
select region, case when count(email) < 2 then max(name) when bool_and(vip) then 'all' else min(email) end as face from customers group by region

-- rows
select list(rowid order by rowid) from customers group by region

-- lineage
-- region <- customers.region
-- face <- customers.email, customers.name, customers.vip
-- (rows) <- customers.region
