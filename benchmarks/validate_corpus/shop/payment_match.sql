select
    o.order_id,
    o.amount,
    p.paid_total,
    o.amount - coalesce(p.paid_total, 0) as open_amount,
    case
        when p.paid_total is null then 'unpaid'
        when p.paid_total < o.amount then 'partly'
        else 'paid'
    end as payment_state
from orders as o
left join (
    select order_id, sum(paid_amount) as paid_total
    from payments
    group by order_id
) as p on p.order_id = o.order_id
