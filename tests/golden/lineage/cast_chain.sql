-- Casts of casts and of constants.

-- query
select id, (joined::timestamp)::date as d, '2020-01-01'::date as e, cast(id as text)::integer + '1'::integer as i, vip::int as v from customers

-- lineage
-- id <- customers.id
-- d <- customers.joined
-- e <-
-- i <- customers.id
-- v <- customers.vip
-- (rows) <-
