-- Series, lists and declared records in FROM.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select o.id, g.n, e.key, r.a, w.tag, w.at, x.*
from shop.orders o,
  generate_series(1, o.id) as g(n),
  jsonb_each_text(o.note::jsonb) as e,
  json_to_recordset(o.note::json) as r(a integer, b text),
  unnest(string_to_array(o.note, ',')) with ordinality as w(tag, at),
  my_function(o.id) as x
