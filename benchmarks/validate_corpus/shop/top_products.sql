select product_name, list_price
from products
where list_price > (select avg(list_price) from products)
order by list_price desc, product_id
limit 10
