-- Parameters of lambdas are no columns.
-- dialect: spark
-- relation: orders (id bigint, items array<struct<sku:string,n:int>>, prices map<string,double>, note string)
select transform(items, x -> x.n + id) as ns, filter(items, (x, i) -> x.n > i) as few, missing(x -> y) as z from orders
