-- A list of structs unnested to the last field.

create table carts (id integer, lines struct(sku text, n integer)[]);
insert into carts values
    (1, [{'sku': 'a', 'n': 2}, {'sku': 'b', 'n': 5}]), (2, [{'sku': 'c', 'n': 7}]), (3, [{'sku': 'd', 'n': 1}]);

-- query
select id, unnest(lines, recursive := true) from carts

-- rows
select rowid, generate_subscripts(lines, 1) from carts

-- lineage
-- id <- carts.id
-- sku <- carts.lines
-- n <- carts.lines
-- (rows) <- carts.lines
