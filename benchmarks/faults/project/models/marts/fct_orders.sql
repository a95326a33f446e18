{{ config(materialized='incremental', unique_key='order_id', on_schema_change='append_new_columns') }}

select
    order_id,
    customer_id,
    status,
    channel,
    ordered_at,
    ordered_date,
    item_count,
    gross_amount,
    cost_amount,
    shipping_amount,
    discount_amount,
    order_total,
    paid_amount,
    cast(order_total - paid_amount as decimal(12, 2)) as open_amount,
    updated_at
from {{ ref('int_orders_enriched') }}
{% if is_incremental() %}
where updated_at > (select max(updated_at) from {{ this }})
{% endif %}
