-- dialect: postgres
-- orders: id integer, items integer, amount numeric(10,2)
select
    amount / items as per_item,
    items::numeric / 100 as share,
    items / 100.0 as also,
    floor(items / 10) as tens
from orders
