-- A semi join by USING.
-- alike: goals.region, customers.region

-- query
select * from customers semi join goals using (region)

-- rows
select c.rowid from customers as c where exists (select 1 from goals as g where g.region = c.region)

-- lineage
-- id <- customers.id
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <- customers.region, goals.region
