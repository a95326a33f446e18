-- Fields of a struct built on the way.

-- query
select s.person.who, s.person.area as area from (select {'who': name, 'area': region} as person from customers) as s

-- lineage
-- who <- customers.name
-- area <- customers.region
-- (rows) <-
