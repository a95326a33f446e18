-- PostgreSQL knows no alias in WHERE and HAVING, but in GROUP BY and ORDER BY.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select customer_id as customer, sum(amount) as total
from shop.orders
where customer > 1
group by customer
having total > 10
order by total
