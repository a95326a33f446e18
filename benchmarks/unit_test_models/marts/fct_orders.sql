with items as (
    select order_id, sum(line_total) as gross, count(distinct category) as categories
    from {{ ref('int_order_items') }}
    group by order_id
)

select
    o.order_id,
    o.customer_id,
    o.status,
    i.gross,
    i.gross - o.discount as net,
    i.categories,
    p.paid,
    p.paid >= i.gross - o.discount as is_paid,
    o.shipped_at is not null and o.shipped_at < o.ordered_at + interval 3 day as is_fast
from {{ ref('stg_orders') }} as o
inner join items as i on o.order_id = i.order_id
left join {{ ref('int_order_payments') }} as p on o.order_id = p.order_id
