select o.order_id, o.customer_id, o.ordered_on
from {{ ref('stg_orders') }} as o
where not exists (select 1 from {{ ref('stg_payments') }} as p where p.order_id = o.order_id)
    and o.status = 'completed'
