-- Names that PostgreSQL gives; a bare name is lowered, a quoted one is not.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select ID, Amount as "Amount", sum(amount) over (), count(*) over (), note::date, amount + 1, case when id = 1 then note end, coalesce(id, 1), "ID", (select max(id) from shop.items)
from shop.Orders
