-- UNNEST spreads rows and maps into columns.
-- dialect: trino
-- relation: orders (id bigint, tags array(varchar), prices map(varchar, double))
select o.id, t.tag, t.n, p.k, p.v
from orders o
cross join unnest(o.tags) with ordinality as t(tag, n)
cross join unnest(o.prices) as p(k, v)
