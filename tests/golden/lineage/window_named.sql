-- Named windows.
-- key: id
-- key: email

-- query
select id, email, rank() over w as place, min(joined) over (w rows unbounded preceding) as latest from customers
window w as (partition by region order by name)

-- lineage
-- id <- customers.id
-- email <- customers.email
-- place <- customers.name, customers.region
-- latest <- customers.joined, customers.name, customers.region
-- (rows) <-
