-- dialect: postgres
-- orders: id integer, items integer, boxes bigint
select items / boxes as per_box, count(*) / count(distinct id) as share
from orders
group by items, boxes
