-- orders: id integer, items integer
select items / 100 as share, items // 100 as hundreds
from orders
