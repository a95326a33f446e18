with sold as (
    select category, product_id, sum(quantity) as sold, sum(line_total) as revenue
    from {{ ref('int_order_items') }}
    group by category, product_id
)

select category, product_id, sold, revenue, dense_rank() over (partition by category order by revenue desc) as place
from sold
qualify dense_rank() over (partition by category order by revenue desc) <= 2
