-- Types of PostgreSQL: integers divide to integers, sums widen, sizes get lost.
-- dialect: postgres
-- relation: shop.orders (id integer not null, customer_id integer, amount numeric(10,2), note character varying(20), ordered_at timestamp without time zone) unique (id)
-- relation: shop.customers (id integer not null, name text, email text, created_on date) unique (id)
-- relation: shop.items (id integer not null, order_id integer, product text, quantity integer) unique (id)
select
  id / 2 as half,
  amount * 2 as twice,
  amount,
  sum(id) over () as ids,
  avg(id) over () as average,
  sum(amount) over () as total,
  note || '!' as loud,
  lower(note) as quiet,
  min(note) over () as first_note,
  coalesce(note, 'none') as noted,
  current_date - ordered_at::date as days,
  ordered_at + interval '1 day' as later,
  date_trunc('month', ordered_at) as month,
  count(*) over () as n,
  amount > 10 as is_big,
  id + 1.5 as more,
  1 as one,
  'x' as text
from shop.orders
