-- Slices, indices and text operators.
-- also: customers.email = 'Ann', 'Bob'

-- query
select id, name[1:2] as two, email[-1] as last, name ~ region as alike, region similar to '.*th' as th, name not ilike '%a%' as no_a, email is distinct from name as differs from customers

-- lineage
-- id <- customers.id
-- two <- customers.name
-- last <- customers.email
-- alike <- customers.name, customers.region
-- th <- customers.region
-- no_a <- customers.name
-- differs <- customers.email, customers.name
-- (rows) <-
