-- A text split into rows.

-- query
select c.id, p.part from customers as c, unnest(string_split(c.email, '@')) as p (part)

-- rows
select c.rowid, s.i from customers as c, unnest(generate_series(1, len(string_split(c.email, '@')))) as s (i)

-- lineage
-- id <- customers.id
-- part <- customers.email
-- (rows) <- customers.email
