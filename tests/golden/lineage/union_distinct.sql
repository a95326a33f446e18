-- UNION removes repeats.

-- query
select region from customers union select region from goals

-- rows
select list((t, r) order by t, r) from (select region, 'c' as t, rowid as r from customers union all select region, 'g', rowid from goals) as u group by region

-- lineage
-- region <- customers.region, goals.region
-- (rows) <- customers.region, goals.region
