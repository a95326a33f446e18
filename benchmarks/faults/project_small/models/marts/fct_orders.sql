{# Parquet tables on Spark know no merge. #}
{{ config(materialized='table' if target.type == 'spark' else 'incremental', unique_key='order_id') }}

select
    orders.order_id,
    orders.customer_id,
    orders.status,
    orders.channel,
    orders.shipping_amount,
    coalesce(payments.paid_amount, 0) as paid_amount,
    orders.ordered_at,
    orders.updated_at
from {{ ref('stg_shop__orders') }} as orders
left join {{ ref('int_order_payments') }} as payments on orders.order_id = payments.order_id
{% if is_incremental() %}
where orders.updated_at > (select max(updated_at) from {{ this }})
{% endif %}
