-- A list of structs unnested into columns.

create table carts (id integer, lines struct(sku text, n integer)[]);
insert into carts values
    (1, [{'sku': 'a', 'n': 2}, {'sku': 'b', 'n': 5}]), (2, [{'sku': 'c', 'n': 7}]), (3, [{'sku': 'd', 'n': 1}]);

-- query
select c.id, l.line.sku as sku, l.line.n * 2 as n from carts as c, unnest(c.lines) as l (line)

-- rows
select c.rowid, s.i from carts as c, unnest(generate_series(1, len(c.lines))) as s (i)

-- lineage
-- id <- carts.id
-- sku <- carts.lines
-- n <- carts.lines
-- (rows) <- carts.lines
