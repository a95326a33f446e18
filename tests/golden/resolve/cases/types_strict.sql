-- PostgreSQL joins a text with texts only.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select o.id from shop.orders o join shop.customers c on c.name = o.id
union all select c.name from shop.customers c
