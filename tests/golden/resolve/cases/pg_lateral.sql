-- LATERAL sees what stands before it; a plain subquery does not.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select o.id, l.n, s.n as other
from shop.orders o
cross join lateral (select count(*) as n from shop.items i where i.order_id = o.id) l
cross join (select o.id as n) s
