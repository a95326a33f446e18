-- LATERAL VIEW over lists and maps, and a generator with several aliases.
-- dialect: spark
-- relation: orders (id bigint, items array<struct<sku:string,n:int>>, prices map<string,double>, note string)
select o.id, i.item.sku, k, v, p, inline_.*, x.a
from orders o
lateral view explode(o.items) i as item
lateral view outer explode(prices) m as k, v
lateral view posexplode(items) q as p, again
lateral view inline(items) inline_ as sku, n
cross join (select stack(2, 1, 2) as (a)) x
