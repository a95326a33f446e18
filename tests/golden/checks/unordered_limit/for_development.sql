-- orders: id integer, day date
select id
from orders
{% if target.name == 'dev' %}
limit 1000
{% endif %}
