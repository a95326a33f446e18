-- UNION BY NAME of columns that only one branch has.

insert into goals values ('west', 250, 'Pat'), ('north', 250, 'Sue');

-- query
select region, goal from goals union by name select region, vip from customers

-- rows
select list((t, r) order by t, r) from (select region, goal, null as vip, 'g' as t, rowid as r from goals union all select region, null, vip, 'c', rowid from customers) as u group by region, goal, vip

-- lineage
-- region <- customers.region, goals.region
-- goal <- goals.goal
-- vip <- customers.vip
-- (rows) <- customers.region, customers.vip, goals.goal, goals.region
