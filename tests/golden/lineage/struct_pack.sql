-- A struct and a list built.

-- query
select id, {'who': name, 'where': region} as person, [name, email] as words, struct_pack(a := vip) as packed from customers

-- lineage
-- id <- customers.id
-- person <- customers.name, customers.region
-- words <- customers.email, customers.name
-- packed <- customers.vip
-- (rows) <-
