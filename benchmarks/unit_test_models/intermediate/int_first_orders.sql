with ranked as (
    select
        customer_id,
        order_id,
        ordered_on,
        row_number() over (partition by customer_id order by ordered_at, order_id) as place
    from {{ ref('stg_orders') }}
    where status <> 'returned'
)

select customer_id, order_id as first_order_id, ordered_on as first_ordered_on
from ranked
where place = 1
